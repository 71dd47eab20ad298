"""What to know before sending: what is not sent, what it may cost, what is left, what was used so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chat.models import Conversation
from chat.personas import character_of
from chat.picker import remarks
from venice_site.venice.allowances import Allowance
from venice_site.venice.models import Metric
from venice_site.venice.prices import BYTES_A_TOKEN
from venice_site.venice.service import Venice
from venice_site.venice.types import ChatMessage, ChatOrder, ImagePart, Model, Usage

LONG = 8000  # tokens that go out, what the web may add among them; less is not worth a word
LONGEST_TOLD = 1_000_000  # characters that a page may say it is about to send
MOST_PICTURES = 10


@dataclass(frozen=True, slots=True)
class About:
    """What is about to be sent: `before` tokens of what was said, and what the page tells is new."""

    before: int = 0
    characters: int = 0
    pictures: int = 0


@dataclass(frozen=True, slots=True)
class Totals:
    """What was used in a conversation so far, on all its branches; cost in micro-USD."""

    tokens_in: int = 0
    tokens_out: int = 0
    tokens_cached: int = 0
    cost: int = 0

    @property
    def tokens(self) -> int:
        """Return input and output together."""
        return self.tokens_in + self.tokens_out


@dataclass(frozen=True, slots=True)
class Outlook:
    """What to know before sending; `expected`, of all models together, is None for what is short."""

    models: Sequence[Model]
    about: About
    remarks: Sequence[str]
    expected: Usage | None
    allowances: Sequence[Allowance]
    totals: Totals

    @property
    def tightest(self) -> Allowance | None:
        """Return the quota of which the largest share is used."""
        return next(iter(self.allowances), None)

    @property
    def too_much(self) -> Allowance | None:
        """Return a quota in which what is expected has no room."""
        if self.expected is None:
            return None
        needs = {
            Metric.COST: self.expected.cost,
            Metric.TOKENS: self.expected.tokens,
            Metric.REQUESTS: len(self.models),
        }
        return next(
            (a for a in self.allowances if needs.get(Metric(a.quota.metric), 0) > a.left), None
        )


def read_outlook(
    venice: Venice,
    asked: Conversation,
    model: Model,
    about: About,
    allowances: Sequence[Allowance],
    notice: str = "",
    beside: Sequence[Model] = (),
) -> Outlook:
    """Return what to know before a model is asked in a conversation, or in one that is about to begin.

    `notice` says why it is not the model that was chosen; `beside` are further models that are asked the same.
    """
    pictures = 0 if model.supports_vision else _pictures_in(asked)
    expected = _expected(venice, asked, (model, *beside), about)
    before = venice.catalogue.models["text"].get(asked.model) if asked.tip_id else None
    told = remarks(model, asked, pictures=pictures, before=before)
    instead, why = venice.catalogue.resolve("text", asked.model)
    if why and instead == model:
        notice = notice or why
    if notice:
        told.insert(0, notice)
    return Outlook(
        (model, *beside),
        about,
        told,
        expected if expected.tokens_in >= LONG else None,
        [one for one in allowances if one.quota.metric != Metric.IMAGES],
        totals_of(asked),
    )


def totals_of(conversation: Conversation) -> Totals:
    """Return what was used in a conversation so far; what it copied was used elsewhere."""
    if not conversation.pk:
        return Totals()
    lines = [line for line in conversation.outline.lines if line.call is not None]
    names = ("tokens_in", "tokens_out", "tokens_cached", "cost")
    return Totals(**{name: sum(getattr(line, name) for line in lines) for name in names})


def _pictures_in(asked: Conversation) -> int:
    return sum(one.is_picture for one in asked.outline.files) if asked.pk else 0


def _expected(venice: Venice, asked: Conversation, models: Sequence[Model], about: About) -> Usage:
    """Return the most that the replies of all models are expected to use together."""
    each = [venice.reply_estimate(_order(asked, model, about)) for model in models]
    return Usage(
        tokens_in=sum(one.tokens_in for one in each),
        tokens_out=sum(one.tokens_out for one in each),
        cost=sum(one.cost for one in each),
        cost_source="estimate",
    )


def _order(asked: Conversation, model: Model, about: About) -> ChatOrder:
    """Return an order as long as the one that would be sent."""
    pictures = (ImagePart(b"", "image/png"),) * (about.pictures if model.supports_vision else 0)
    text = "x" * (about.characters + about.before * BYTES_A_TOKEN)
    return ChatOrder(
        model=model.id,
        messages=(ChatMessage("user", text, pictures),),
        max_tokens=asked.max_tokens,
        reasoning_effort=asked.reasoning_effort,
        web_search=asked.web_search if model.supports_web_search else "",
        character=character_of(asked),
        schema=asked.answer_schema if model.supports_schema else None,
    )
