"""A row of the tables, and the stage on which it is played: a person, a pool of keys, a stand-in Venice.

A row says what Venice does and what must follow: what the person sees, what is stored, what is
charged, and how many requests reach Venice. The laws at the end hold for every row.
"""

from __future__ import annotations

import html
import re
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import F, Sum
from django.test import Client
from django.utils import timezone

from chat.models import Message
from gallery.commissions import Commission
from gallery.models import Generation, Image
from gallery.tasks import make_next_image
from tests.venice.clocks import QuickClock
from venice_site.simulator import Simulator
from venice_site.sqlite import idle
from venice_site.venice.models import (
    ApiKey,
    Attempt,
    Call,
    CallState,
    Cooldown,
    Hold,
    Quota,
    QuotaBucket,
)
from venice_site.venice.runs import RunStatus
from venice_site.venice.types import ImageOrder

CHEAP, DEAR = "z-image-turbo", "nano-banana-pro"
WRITER, THINKER = "llama-3.3-70b", "zai-org-glm-5-2"
CHEAP_WRITER = "google-gemma-3-27b-it"
PRICES = {CHEAP: 10_000, DEAR: 180_000}  # micro-USD of a picture
CALLS_AT_MOST = 7  # of one action of a person
FAILURES_AT_MOST = 19  # of an account in 30 s; Venice blocks above 20
PAUSES_AT_MOST = 12  # times that a picture may go back to the queue in one scenario

PICTURE, REPLY = "picture", "reply"
# How a run ends for the person.
DONE, FAILED, INTERRUPTED = RunStatus.SUCCEEDED, RunStatus.FAILED, RunStatus.INTERRUPTED
# What the ledger says in the end.
EXACT = "exact"  # settled at what Venice charged
ANSWERED = "answered"  # settled at what the answer said; of the try before it nobody knows
NOTHING = "nothing"  # released
SUSPECTED = "suspected"  # settled at the whole reservation: may have been charged
OBSERVED = "observed"  # settled at what arrived, estimated

MOMENTS: dict[Any, tuple[str, ...]] = {
    ApiKey: ("retry_at",),
    Cooldown: ("until",),
    Call: ("created_at", "expires_at"),
    Attempt: ("started_at", "ended_at", "expires_at"),
    Image: ("created_at", "run_after"),
}

type Run = Image | Message
type Fail = tuple[str, dict[str, Any]]


def fail(name: str, **facts: Any) -> Fail:
    """Arm a scenario of the stand-in for this row."""
    return name, facts


@dataclass(frozen=True)
class Row:
    """One scenario: its number on the list, what happens, and what must follow.

    `attempts` are the outcomes of the attempts in order; `calls` how many requests reached Venice.
    `keys` are secrets, best first, each with "@account" when it is not of the main account; `states`
    and `asked` speak of them in that order. `rests` are "scope reason" of the cooldowns laid.
    """

    number: int
    about: str
    order: str
    fails: list[Fail]
    ends: str
    says: str
    attempts: str
    charged: str
    calls: int
    keys: str = "one"
    states: str = ""
    asked: str = ""
    rests: tuple[str, ...] = ()
    waits: list[int] | None = None
    model: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    fields: dict[str, Any] = field(default_factory=dict)  # of the message's form
    first: str = ""  # an order that goes well before anything fails
    pauses: int = 0
    also: Callable[[Any], Any] | None = None

    def __str__(self) -> str:
        words = re.sub(r"[^a-z0-9]+", "-", f"{self.order} {self.about}".lower())
        return f"{self.number}-{words.strip('-')}"


@dataclass
class Stage:
    """Where rows are played."""

    simulator: Simulator
    settings: Any
    alice: Any
    client: Client
    clock: QuickClock
    make_key: Callable[..., ApiKey]
    commit: Callable[[], Any]

    def play(self, row: Row) -> Run:
        """Set the scene, let the person act, wait for the end, and hold everything against the row."""
        self.set_the_scene(row)
        run, pauses = self.act(row)
        sees(row, run, self.page_of(run))
        assert pauses == row.pauses
        self.stored(row, run)
        self.charged(row, run)
        assert len(self.simulator.requests) == row.calls
        self.laws()
        assert row.also is None or row.also(run)
        return run

    def set_the_scene(self, row: Row) -> None:
        """Give the team keys and quotas, and let Venice misbehave as the row says."""
        for name in ("requests", "images", "tokens", "cost"):
            Quota.objects.create(metric=name, limit=10_000_000)
        secrets = row.keys.split()
        for place, secret in enumerate(secrets):
            name, _, account = secret.partition("@")
            self.make_key(name, priority=len(secrets) - place, account=account or "main")
        for name, value in row.settings.items():
            setattr(self.settings, name, value)
        if row.first:
            self.have(row.first)
            self.forget()
        for name, facts in row.fails:
            self.simulator.fail(name, **facts)

    def act(self, row: Row) -> tuple[Run, int]:
        """Order the picture, or send the message, and wait for its end; count the pauses."""
        return self.have(row.order, row.model, **row.fields)

    def have(self, order: str, model: str = "", **fields: Any) -> tuple[Run, int]:
        """Let Alice have a picture made, or a reply written."""
        if order == PICTURE:
            return self.wait_for(self.submit(model or CHEAP))
        return self.ask(model or WRITER, **fields), 0

    def submit(self, model: str = CHEAP, variants: int = 1) -> Image:
        """Order pictures as the composer does; return the first."""
        sized = {"width": 64, "height": 64} if model == CHEAP else {"aspect_ratio": "1:1"}
        order = ImageOrder(model, "A heron in fog", 7, **sized)
        (generation,) = Generation.objects.submit(
            self.alice, Commission((order,), variants), request_id=str(uuid.uuid4())
        )
        return generation.images.earliest("pk")

    def wait_for(self, image: Image) -> tuple[Image, int]:
        """Let workers make what is due, and time pass while it waits in the queue."""
        pauses = 0
        make_next_image.func()
        image.refresh_from_db()
        while image.status == RunStatus.QUEUED:
            pauses += 1
            assert pauses < PAUSES_AT_MOST, "the picture goes round in circles"
            self.let_it_be_due(image)
            make_next_image.func()
            image.refresh_from_db()
        return image, pauses

    def let_it_be_due(self, image: Image) -> None:
        """Let the time pass until a waiting picture may be tried again."""
        assert image.run_after is not None
        call = Call.objects.get(pk=image.call_id)
        assert (call.state, call.dispatched_at) == (CallState.RESERVED, None)
        self.elapse(image.run_after - timezone.now() + timedelta(milliseconds=1))

    def elapse(self, time: timedelta) -> None:
        """Let time pass for every row; the clock of the stand-in needs no moving then."""
        for model, names in MOMENTS.items():
            model.objects.update(**{name: F(name) - time for name in names})

    def ask(self, model: str = WRITER, **fields: Any) -> Message:
        """Send a message through the page; the reply is written before this returns."""
        form = {
            "text": "Tell me a long story about herons.",
            "model": model,
            "request_id": str(uuid.uuid4()),
            **fields,
        }
        with self.commit():
            response = self.client.post("/chat/", form, headers={"HX-Request": "true"})
        assert response.status_code == 200, response.text
        return Message.objects.replies().latest("pk")

    def page_of(self, run: Run) -> str:
        """Return what the person's browser shows of the run, as text."""
        if isinstance(run, Image):
            page = self.client.get(f"/gallery/images/{run.pk}/card").text
        else:
            page = self.client.get(f"/chat/{run.conversation_id}/").text
        return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).split())

    def forget(self) -> None:
        """Forget what went before: it was only to prepare the ground."""
        Message.objects.all().delete()
        Image.objects.all().delete()
        Attempt.objects.all().delete()
        Hold.objects.all().delete()
        Call.objects.all().delete()
        QuotaBucket.objects.all().delete()
        self.simulator.clear()
        self.clock.waits.clear()

    # --- what must follow ---

    def stored(self, row: Row, run: Run) -> None:
        """Attempts, keys and rests are as the row says."""
        outcomes = Attempt.objects.filter(call=run.call_id).order_by("pk")
        assert list(outcomes.values_list("outcome", flat=True)) == row.attempts.split()
        assert not outcomes.filter(ended_at=None).exists()
        secrets = [secret.partition("@")[0] for secret in row.keys.split()]
        states = dict(ApiKey.objects.values_list("name", "state"))
        wanted = row.states.split() or ["active"] * len(secrets)
        assert [states[secret] for secret in secrets] == wanted
        assert {f"{rest.scope} {rest.reason}" for rest in Cooldown.objects.all()} == {
            self.scope(rest) for rest in row.rests
        }
        if row.asked:
            assert [request.key for request in self.simulator.requests] == row.asked.split()
        if row.waits is not None:
            assert self.clock.has_waited(*row.waits), self.clock.waits

    def scope(self, rest: str) -> str:
        """Return a rest with the id of the key that the row calls by its secret."""
        scope, reason = rest.split()
        if scope.startswith("key:"):
            scope = f"key:{ApiKey.objects.get(name=scope.removeprefix('key:')).pk}"
        return f"{scope} {reason}"

    def charged(self, row: Row, run: Run) -> None:
        """The ledger line, and the quotas behind it, say what the row says."""
        call = Call.objects.get(pk=run.call_id)
        used = {b.quota.metric: b.used for b in QuotaBucket.objects.exclude(quota=None)}
        assert used["requests"] == (0 if row.charged == NOTHING else 1)
        if row.charged == NOTHING:
            assert (call.state, call.cost, call.images, call.tokens_in) == ("released", 0, 0, 0)
            assert not call.may_be_charged
            assert set(used.values()) == {0}
            return
        assert call.state == CallState.SETTLED
        assert call.may_be_charged == (row.charged == SUSPECTED)
        assert call.cost > 0
        if row.charged == EXACT:
            assert call.cost == self.truly_charged()
        if row.charged == SUSPECTED and row.order == PICTURE:
            assert (call.images, call.cost) == (1, PRICES[row.model or CHEAP])
        if row.charged == OBSERVED:
            assert call.cost_source == "estimate"
            assert call.tokens_out > 0

    def truly_charged(self) -> int:
        """Return what the stand-in charged for, in micro-USD."""
        return round(1_000_000 * sum(key.spent_usd for key in self.simulator.keys.values()))

    def laws(self) -> None:
        """What holds whatever happens."""
        no_action_makes_too_many_calls(len(self.simulator.requests))
        no_account_fails_too_often()
        the_books_balance()


def sees(row: Row, run: Run, page: str) -> None:
    """The row has the state and the sentence, and the page shows them."""
    assert (run.status, run.error) == (row.ends, run.error)
    if row.ends == DONE:
        assert run.error == ""
        told = run.fallback_reason
    else:
        assert run.error in page
        told = run.error
    assert re.search(row.says, told) if row.says else not told


def no_action_makes_too_many_calls(requests: int) -> None:
    """One action of a person reaches Venice seven times at the most."""
    assert requests <= CALLS_AT_MOST
    for call in Call.objects.all():
        assert call.attempts.count() <= CALLS_AT_MOST


def no_account_fails_too_often() -> None:
    """No account fails twenty times within 30 seconds."""
    ends: dict[str, list[Any]] = {}
    for attempt in Attempt.objects.filter(status__gte=400).exclude(status=429):
        ends.setdefault(attempt.account, []).append(attempt.ended_at)
    for moments in ends.values():
        for start in moments:
            within = [m for m in moments if start <= m < start + timedelta(seconds=30)]
            assert len(within) <= FAILURES_AT_MOST


def the_books_balance() -> None:
    """Every bucket holds what the ledger says, no more and no less."""
    for bucket in QuotaBucket.objects.exclude(quota=None):
        sums = bucket.holds.aggregate(charged=Sum("charged", default=0))
        held = bucket.holds.filter(charged=None).aggregate(n=Sum("amount", default=0))
        assert (bucket.used, bucket.reserved) == (sums["charged"], held["n"])
    totals: Counter[str] = Counter()
    for call in Call.objects.filter(state=CallState.SETTLED):
        totals["images"] += call.images
        totals["cost"] += call.cost
        totals["requests"] += 1
        totals["tokens"] += call.tokens_in + call.tokens_out
    for bucket in QuotaBucket.objects.exclude(quota=None):
        if bucket.quota is not None:
            assert bucket.used == totals[bucket.quota.metric], bucket.quota.metric


on_sqlite = pytest.mark.skipif(
    connection.vendor != "sqlite", reason="only SQLite locks a whole database"
)


@contextmanager
def impatient() -> Iterator[None]:
    """Let this thread wait 50 ms for SQLite's lock, not 20 s; its connection is nobody's after it."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout = 50")
        yield
    finally:
        connection.close()
        idle.close_all()
