"""What is asked in a soak, and what goes wrong with it: a pure function of the seed and the number of a call."""

from dataclasses import dataclass
from random import Random
from typing import Literal

PEOPLE = ("alice", "bob", "charlie", "dora", "emil")
FRUGAL = "emil"  # has a quota that is used up before the end
IMAGE_MODELS = ("venice-sd35", "chroma", "z-image-turbo", "wai-Illustrious")
TEXT_MODELS = ("llama-3.3-70b", "qwen3-235b-a22b-instruct-2507", "mistral-small-3-2-24b-instruct")
STORM = (0.40, 0.44)  # the share of the calls during which Venice is down
STORM_FROM = 2000  # calls; a small soak has no storm

# Answers with a status of 400 and more; Venice counts these against the account.
REFUSALS = (
    "unauthorized;times=1",
    "payment-balance;times=1",
    "payment-spend-limit;times=1",
    "payment-seed-shape;times=1",
    "rate-limited-ms;times=1;seconds=1",
    "rate-limited-seconds;times=1;seconds=1",
    "rate-limited-retry-after;times=1;seconds=1",
    "rate-limited-bare;times=2",
    "server-error;times=1",
    "server-error;times=2",
    "server-error;times=9",
    "at-capacity;times=1",
    "gateway-timeout;times=1",
    "html-502;times=1",
    "empty-503;times=1",
    "bad-request-issues;times=9",
    "content-policy;times=9",
)
# The road breaks; nobody knows whether the work was done.
LOSSES = (
    "connection-reset;times=1",
    "connection-closed;times=1",
    "connection-reset;times=9",
    "truncated-body;times=1",
    "not-http;times=1",
    "read-timeout;times=1;seconds=3",
    "read-timeout;times=9;seconds=3",
    "broken-json;times=1",
    "html-200;times=1",
)
BAD_PICTURES = (
    "empty-images",
    "invalid-base64",
    "not-an-image",
    "truncated-image",
    "content-violation",
)
BAD_STREAMS = (
    "stream-cut;after=3",
    "stream-reset;after=3",
    "stream-error;after=3",
    "stream-error-first;times=1",
    "stream-stall;after=3;seconds=3",
    "stream-stall;after=0;seconds=3;times=1",
    "stream-empty;times=1",
    "stream-garbage;after=3",
    "stream-content-filter;after=3",
)
ODD = ("stream-no-usage", "stream-no-done", "stream-usage-without-choices", "stream-crlf")
# What is answered with 200 and brings nothing that could be kept, or paid for.
WORTHLESS = frozenset(
    {*BAD_PICTURES, "stream-error-first", "stream-empty", "stream-garbage", "stream-stall"}
)


@dataclass(frozen=True)
class Job:
    """One call: who asks what, the scenario that it meets, and when the person stops it.

    `stop_at` counts looks (an image) or pieces (a reply); `stop_after` is in seconds, from another thread.
    """

    number: int
    kind: Literal["image", "reply"]
    person: str
    model: str
    scenario: str = ""
    stop_at: int | None = None
    stop_after: float | None = None

    @property
    def prompt(self) -> str:
        """Return what is asked; the simulator reads from it what shall happen."""
        marker = f" [[sim:{self.scenario}]]" if self.scenario else ""
        return f"This is job {self.number}.{marker}"


def job(seed: int, number: int, calls: int) -> Job:
    """Return one call of a soak."""
    rng = Random(f"{seed} {number}")
    kind: Literal["image", "reply"] = "image" if rng.random() < 0.5 else "reply"
    stops = rng.random()
    return Job(
        number,
        kind,
        rng.choice(PEOPLE),
        rng.choice(IMAGE_MODELS if kind == "image" else TEXT_MODELS),
        _scenario(rng, kind, number / calls if calls >= STORM_FROM else 0.0),
        stop_at=rng.randrange(6) if stops < 0.04 else None,
        stop_after=rng.uniform(0, 0.05) if 0.04 < stops < 0.08 and kind == "reply" else None,
    )


def _scenario(rng: Random, kind: str, share: float) -> str:
    if STORM[0] < share < STORM[1] and rng.random() < 0.5:
        return "server-error;times=9"
    fate = rng.random()
    if fate < 0.04:
        return rng.choice(REFUSALS)
    if fate < 0.08:
        return rng.choice(LOSSES)
    if fate < 0.12:
        return rng.choice(BAD_PICTURES if kind == "image" else BAD_STREAMS)
    if fate < 0.15 and kind == "reply":
        return rng.choice(ODD)
    return ""
