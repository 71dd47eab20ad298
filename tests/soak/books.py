"""What must be true after a soak, of the ledger, of the counters and of what the stand-in was asked."""

import re
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tests import ledger
from tests.soak.crew import Told
from tests.soak.plan import WORTHLESS
from venice_site.simulator import SCENARIOS, RecordedRequest
from venice_site.venice.models import Attempt, Call, CallState, QuotaBucket
from venice_site.venice.policy import FAILURE_WINDOW, FAILURES

PAID = ("/image/generate", "/chat/completions")
NAMED = re.compile(r"This is job (\d+)\.")


@dataclass(frozen=True)
class Asked:
    """The requests that cost money, by the number of their call."""

    requests: Mapping[int, Sequence[RecordedRequest]]

    @classmethod
    def of(cls, journal: Sequence[RecordedRequest]) -> "Asked":
        found: dict[int, list[RecordedRequest]] = defaultdict(list)
        for record in journal:
            if record.path in PAID:
                named = NAMED.search(str(record.body))
                found[int(named[1]) if named else -1].append(record)
        return cls(found)

    def done(self, number: int) -> list[RecordedRequest]:
        """Return the requests of a call that Venice carried out and charges."""
        return [record for record in self.requests.get(number, []) if _carried_out(record)]


def _carried_out(record: RecordedRequest) -> bool:
    scenarios = _scenarios(record)
    refused = any(SCENARIOS[name].make for name in scenarios)
    return record.status == 200 and not refused and not scenarios & WORTHLESS


def _scenarios(record: RecordedRequest) -> set[str]:
    return {name for name in (record.scenario or "").split(",") if name}


class Books:
    """Everything that is known after a soak, compared."""

    def __init__(
        self, told: Told, journal: Sequence[RecordedRequest], accounts: Mapping[str, str]
    ) -> None:
        self.told = told
        self.asked = Asked.of(journal)
        self.worst = worst_failures(journal, accounts)
        self.calls = {call.pk: call for call in Call.objects.all()}
        self.attempts = Counter(Attempt.objects.values_list("call", flat=True))

    def complaints(self) -> list[str]:
        """Return every sentence that should not be true."""
        return [
            *ledger.complaints(),
            *self._unended(),
            *self._lost_rows(),
            *self._untrue_outcomes(),
            *self._unpaid(),
            *self._paid_twice(),
            *self._unrecorded(),
            *self._too_many_failures(),
        ]

    def report(self) -> list[str]:
        """Return what happened, as lines."""
        states = Counter(self.calls[call].state for call in self.told.calls.values())
        doubtful = sum(call.may_be_charged for call in self.calls.values())
        done = sum(bool(self.asked.done(number)) for number in self.told.calls)
        requests = sum(map(len, self.asked.requests.values()))
        scenarios = {
            name
            for records in self.asked.requests.values()
            for record in records
            for name in _scenarios(record)
        }
        outcomes = Counter(self.told.outcomes.values())
        return [
            f"calls: {len(self.calls)}, {dict(states)}, {doubtful} of them may have been charged",
            f"ends: {dict(outcomes.most_common())}, {len(self.told.lost)} lost with a killed worker",
            f"requests: {requests}, of {len(scenarios)} scenarios; {done} calls were carried out",
            *(
                f"failures of account {account} in 30 s: {most} at the most, {flying} in flight before"
                for account, (most, flying) in sorted(self.worst.items())
            ),
        ]

    def _unended(self) -> Iterator[str]:
        for call in self.calls.values():
            if call.state == CallState.RESERVED:
                yield f"call {call.pk} never ended"
        if reserved := QuotaBucket.objects.exclude(reserved=0).count():
            yield f"{reserved} buckets still hold something"
        if left := Attempt.objects.filter(ended_at=None).count():
            yield f"{left} attempts are open"

    def _lost_rows(self) -> Iterator[str]:
        told = self.told
        for number, call in told.calls.items():
            if call not in self.calls:
                yield f"the row of job {number} is lost"
            if number not in told.outcomes and number not in told.lost:
                yield f"job {number} has no end"
        silent = len(self.calls) - len(told.calls)
        if not 0 <= silent <= len(told.lost):
            yield f"{len(self.calls)} rows, but {len(told.calls)} calls were begun"

    def _untrue_outcomes(self) -> Iterator[str]:
        for number, outcome in self.told.outcomes.items():
            if outcome == "crashed":
                yield f"job {number} crashed"
            elif outcome != "refused":
                yield from self._untrue(number, outcome, self.calls[self.told.calls[number]])

    def _untrue(self, number: int, outcome: str, call: Call) -> Iterator[str]:
        sure = call.state == CallState.SETTLED and not call.may_be_charged and not call.error_kind
        if (outcome == "ok") != sure:
            yield f"job {number} ended {outcome}, its call is {call.state} ({call.error_kind})"
        if sure and len(self.asked.done(number)) < 1:
            yield f"job {number} was settled, but nothing was carried out for it"

    def _unpaid(self) -> Iterator[str]:
        """What Venice carried out is charged, unless the person left before the first word came."""
        for number, pk in self.told.calls.items():
            call = self.calls[pk]
            left = self.told.outcomes.get(number) == "stopped"
            if call.state == CallState.RELEASED and self.asked.done(number) and not left:
                yield f"job {number} was carried out and released ({call.error_kind})"

    def _paid_twice(self) -> Iterator[str]:
        for number, pk in self.told.calls.items():
            most = 1 if self.calls[pk].kind == "image" else 2  # silent replies are repeated once
            if len(self.asked.done(number)) > most:
                yield f"job {number} was carried out {len(self.asked.done(number))} times"

    def _unrecorded(self) -> Iterator[str]:
        for number, records in self.asked.requests.items():
            attempts = self.attempts[self.told.calls.get(number, -1)]
            if len(records) > attempts:
                yield f"job {number} sent {len(records)} requests in {attempts} attempts"

    def _too_many_failures(self) -> Iterator[str]:
        for account, (most, flying) in self.worst.items():
            if most > FAILURES + flying:
                yield f"account {account} failed {most} times in 30 s, {flying} were in flight"


def worst_failures(
    journal: Sequence[RecordedRequest], accounts: Mapping[str, str]
) -> dict[str, tuple[int, int]]:
    """Return by account the most failures of any 30 seconds, and what was in flight before their first."""
    sent: dict[str, list[RecordedRequest]] = defaultdict(list)
    for record in journal:
        if record.path in PAID:
            sent[accounts[record.key]].append(record)
    return {account: _worst(records) for account, records in sent.items()}


def _worst(records: Sequence[RecordedRequest]) -> tuple[int, int]:
    failed = sorted(record.ended or 0.0 for record in records if record.status >= 400)
    most = (0, 0)
    for index, first in enumerate(failed):
        end = bisect_left(failed, first + FAILURE_WINDOW.total_seconds())
        flying = sum(record.started < first < (record.ended or 0.0) for record in records)
        most = max(most, (end - index, flying), key=lambda found: found[0] - found[1])
    return most
