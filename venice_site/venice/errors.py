"""The one error tree of the Venice service; `str(error)` is a sentence for the person at the screen."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from venice_site.venice.types import RateInfo, Usage


class VeniceError(Exception):
    """Something between a person's wish and Venice's answer went wrong.

    `kind` is a stable word kept in rows and tests; `may_be_charged` says that Venice may have done
    the work although no answer arrived, and `usage` what it charged for, where it said so; `retry_at` is
    the earliest moment at which a repeat makes sense.
    """

    kind = "failed"
    sentence = "Something went wrong while talking to Venice. Try again."

    def __init__(
        self,
        sentence: str = "",
        *,
        status: int | None = None,
        detail: str = "",
        retry_at: datetime | None = None,
        may_be_charged: bool = False,
        request_id: str = "",
        rate: RateInfo | None = None,
    ) -> None:
        super().__init__(sentence or self.sentence)
        self.status = status
        self.detail = detail
        self.retry_at = retry_at
        self.may_be_charged = may_be_charged
        self.request_id = request_id
        self.rate = rate
        self.usage: Usage | None = None


class QuotaExceeded(VeniceError):
    """A quota has no room for this order; nothing was sent."""

    kind = "quota"


class NoKey(VeniceError):
    """No key of the pool may be used now."""

    kind = "no-key"
    sentence = "No Venice key can be used right now. An administrator can add or repair one in the admin panel."


class Stopped(VeniceError):
    """The person stopped the run."""

    kind = "stopped"
    sentence = "Stopped."


class Unreachable(VeniceError):
    """No connection to Venice could be made; nothing was sent."""

    kind = "unreachable"
    sentence = "Venice cannot be reached. Nothing was charged. Try again in a moment."


class NotTrusted(VeniceError):
    """Who answered under Venice's address has no certificate that is trusted; nothing was sent."""

    kind = "unreachable"
    sentence = (
        "No secure connection to Venice could be made: its certificate is not trusted. Nothing was charged."
        " An administrator can check Venice's address and the clock of this machine."
    )


class TimedOut(VeniceError):
    """Venice took the order and did not answer in time; or 504, when it gave up itself."""

    kind = "timeout"
    sentence = "Venice did not answer within 60 seconds. The work may have been charged."


class ConnectionLost(VeniceError):
    """The order was sent whole and the connection broke before the answer had arrived whole."""

    kind = "connection-lost"
    sentence = (
        "The connection to Venice broke before the answer arrived. The work may have been charged."
    )


class StreamCut(VeniceError):
    """A streaming reply ended before Venice said that it was finished."""

    kind = "stream-cut"
    sentence = "Venice's answer broke off. What arrived is kept."


class BadAnswer(VeniceError):
    """Venice answered with something that is not what was ordered."""

    kind = "bad-answer"
    sentence = "Venice sent an answer that could not be read. Try again."


class Refusal(VeniceError):
    """Venice answered with an error; the subclasses say what it really means."""

    kind = "refused"


class InvalidOrder(Refusal):
    """400, 413, 415: this order can never succeed as it is."""

    kind = "invalid"
    sentence = "Venice refused these settings."


class TooLong(InvalidOrder):
    """400: the conversation does not fit into what the model reads at once."""

    kind = "too-long"
    sentence = (
        "The conversation is too long for this model."
        " Start a new one, or choose a model with a larger context."
    )


class KeyRefused(Refusal):
    """401: the key is wrong, expired or inactive."""

    kind = "key-refused"
    sentence = "Venice refused the team's key. An administrator can replace it in the admin panel."


class NotEntitled(Refusal):
    """401 or 403: the key is fine, but its account may not use this model."""

    kind = "not-entitled"
    sentence = "The team's Venice account may not use this model. Choose another one."


class RegionRefused(Refusal):
    """403: Venice does not offer this model where we are; no key changes that."""

    kind = "region"
    sentence = "Venice does not offer this model in the region of this server. Choose another one."


class ConsentMissing(Refusal):
    """409: the model's provider wants a consent that somebody must give at Venice; no key changes that."""

    kind = "consent"
    sentence = (
        "This model needs a consent that the team's Venice account has not given."
        " An administrator can give it at Venice; or choose another model."
    )


class OutOfCredit(Refusal):
    """402: the account behind the key is short of money."""

    kind = "out-of-credit"
    sentence = (
        "The team's Venice credit is used up. Nothing was charged. An administrator can add credit."
    )


class SpendLimit(Refusal):
    """402: this key has reached the spending limit set for it at Venice."""

    kind = "spend-limit"
    sentence = "The team's Venice key has reached its spending limit. Nothing was charged."


class ModelGone(Refusal):
    """404, 410: Venice does not offer this model (any more)."""

    kind = "model-gone"
    sentence = "Venice does not offer this model any more. Choose another one."


class Blocked(Refusal):
    """422, or 200 with a content-violation header: Venice's policy blocked the answer."""

    kind = "blocked"
    sentence = "Venice blocked this as a violation of its content policy. Nothing was charged."


class RateLimited(Refusal):
    """429: too many requests for the account and model."""

    kind = "rate-limited"
    sentence = "Venice is limiting the team's requests. Try again in a moment."


class Overloaded(Refusal):
    """429 or 503: the model has no capacity now."""

    kind = "overloaded"
    sentence = "This model is overloaded at Venice. Try again in a moment, or choose another model."


class ModelFailing(Refusal):
    """Venice failed so often with this model that nobody asks it for a while; nothing was sent."""

    kind = "model-failing"
    sentence = (
        "This model failed again and again at Venice, so it is left alone for a while."
        " Choose another one, or try again in a moment."
    )


class FailureBudget(Refusal):
    """429: Venice blocks the account for 30 seconds after too many failed requests."""

    kind = "failure-budget"
    sentence = (
        "Venice paused the team's requests after too many failures. Try again in half a minute."
    )


class ServerFault(Refusal):
    """500, 502: Venice failed."""

    kind = "server-fault"
    sentence = "Venice had an internal error. Try again in a moment."
