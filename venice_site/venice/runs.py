"""The one lifecycle: queued → running → succeeded | failed | cancelled | interrupted.

Every transition is one guarded UPDATE; the number of changed rows says who won. `claim` is the
fence: it grows with every `begin`, and a worker whose claim is no longer the row's can change nothing.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Self

from django.conf import settings
from django.db import Error as DatabaseTrouble
from django.db import connection, models, transaction
from django.db.models import F, Q
from django.utils import timezone

from venice_site import statements
from venice_site.venice import quotas
from venice_site.venice.errors import Stopped, VeniceError
from venice_site.venice.insistence import insistently
from venice_site.venice.models import Call
from venice_site.venice.types import Usage

log = logging.getLogger("studio.runs")

A_MOMENT = timedelta(minutes=1)
WAITS_FOR_VENICE = timedelta(minutes=10)  # how long a run may go back to the queue after refusals


class RunStatus(models.TextChoices):
    """Where a run is in its life."""

    QUEUED = "queued", "Waiting"
    RUNNING = "running", "Running"
    SUCCEEDED = "succeeded", "Done"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"
    INTERRUPTED = "interrupted", "Interrupted"


UNFINISHED = (RunStatus.QUEUED, RunStatus.RUNNING)


class RunQuerySet[R: "Run"](models.QuerySet[R]):
    """Runs by the names people say."""

    def active(self) -> Self:
        """Return the runs that can still change."""
        return self.filter(status__in=UNFINISHED)

    def due(self, now: datetime) -> Self:
        """Return the queued runs whose time has come."""
        return self.filter(status=RunStatus.QUEUED).filter(
            Q(run_after=None) | Q(run_after__lte=now)
        )

    def stale(self, now: datetime) -> Self:
        """Return the running runs whose worker has not been heard of for `RUN_STALE_AFTER` seconds."""
        limit = now - timedelta(seconds=settings.RUN_STALE_AFTER)
        return self.filter(status=RunStatus.RUNNING, heartbeat_at__lt=limit)


class Run(models.Model):
    """What a person asked for and what became of it; the row is the truth."""

    status = models.CharField(max_length=12, choices=RunStatus, default=RunStatus.QUEUED)
    call = models.OneToOneField(Call, models.PROTECT, null=True, editable=False, related_name="+")
    claim = models.PositiveIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(default=timezone.now)
    run_after = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    error_kind = models.CharField(max_length=20, blank=True)
    error = models.CharField(max_length=500, blank=True)

    class Meta:
        abstract = True

    @property
    def is_active(self) -> bool:
        """Return whether the run can still change."""
        return self.status in UNFINISHED

    @property
    def elapsed(self) -> timedelta | None:
        """Return how long the run has been or was at work, None before it began."""
        return (self.finished_at or timezone.now()) - self.started_at if self.started_at else None

    def begin(self) -> bool:
        """Take the queued run to work on it; return whether we are the one who got it."""
        now = timezone.now()
        queued = type(self)._base_manager.filter(pk=self.pk, status=RunStatus.QUEUED)
        facts = {"status": RunStatus.RUNNING, "started_at": now, "heartbeat_at": now}
        if not queued.update(claim=F("claim") + 1, **facts):
            return False
        claims = type(self)._base_manager.values_list("claim", flat=True)
        self._know(claim=claims.get(pk=self.pk), **facts)
        return True

    def checkpoint(self, **facts: Any) -> bool:
        """Write facts and the heartbeat; False means that the run is no longer ours: stop."""
        return self._move((RunStatus.RUNNING,), fenced=True, heartbeat_at=timezone.now(), **facts)

    def beat(self) -> bool:
        """Write the heartbeat alone; False means that the run is no longer ours."""
        mine = type(self)._base_manager.filter(
            pk=self.pk, status=RunStatus.RUNNING, claim=self.claim
        )
        return bool(mine.update(heartbeat_at=timezone.now()))

    def succeed(self, usage: Usage, **facts: Any) -> bool:
        """Finish well and settle the call in the same transaction.

        A worker that was given up for dead and comes back with the answer still wins.
        """
        facts |= {"error": "", "error_kind": ""}
        alive = (RunStatus.RUNNING, RunStatus.INTERRUPTED)

        def write() -> bool:
            with transaction.atomic():
                won = self._finish(RunStatus.SUCCEEDED, come_from=alive, fenced=True, **facts)
                if won and self.call_id is not None:
                    quotas.settle(self.call_id, usage)
            return won

        return insistently(write)

    def fail(self, error: VeniceError, *, usage: Usage | None = None, **facts: Any) -> bool:
        """Finish badly; settle what was used, or release the call when nothing was.

        A run that was cancelled meanwhile stays cancelled, but its call ends here.
        """
        facts |= {"error": _dated(error)[:500], "error_kind": error.kind}
        with transaction.atomic():
            failed = self._finish(RunStatus.FAILED, fenced=True, **facts)
            if failed or self._was_cancelled():
                self._close_call(usage, may_be_charged=error.may_be_charged, error_kind=error.kind)
        return failed

    def postpone(self, until: datetime) -> bool:
        """Give the run back to the queue until a moment; its reservation stays."""
        with transaction.atomic():
            if not self._move(
                (RunStatus.RUNNING,), fenced=True, status=RunStatus.QUEUED, run_after=until
            ):
                return False
            if self.call_id is not None:
                quotas.retract(self.call_id)
        return True

    def cancel(self, *, usage: Usage | None = None, **facts: Any) -> bool:
        """Stop the run, queued or running, from anywhere; a running worker notices at its checkpoint.

        A queued run releases its call at once. A running one leaves the call to its worker, which
        alone knows what was used; if the worker is gone, the sweep of calls settles it.
        """
        with transaction.atomic():
            if self._finish(RunStatus.CANCELLED, come_from=(RunStatus.QUEUED,), **facts):
                self._close_call(usage)
                return True
            return self._finish(RunStatus.CANCELLED, come_from=(RunStatus.RUNNING,), **facts)

    def close_cancelled(self, usage: Usage | None) -> None:
        """Settle what a cancelled run used, by the worker that was at it; safe to call twice."""
        self._close_call(usage, error_kind=Stopped.kind)

    def interrupt(self, *, usage: Usage | None = None, **facts: Any) -> bool:
        """Say honestly that the work ended without an answer; what was dispatched may be charged."""
        with transaction.atomic():
            if not self._finish(RunStatus.INTERRUPTED, come_from=(RunStatus.RUNNING,), **facts):
                return False
            self._close_call(usage, may_be_charged=True, error_kind="interrupted")
        return True

    def interrupt_if_stale(self, now: datetime | None = None) -> bool:
        """Interrupt this run if its worker is gone, judged by the row as it is now."""
        if type(self)._default_manager.filter(pk=self.pk).stale(now or timezone.now()).exists():  # type: ignore[attr-defined]
            return self.interrupt()
        return False

    def _was_cancelled(self) -> bool:
        mine = type(self)._base_manager.filter(pk=self.pk, claim=self.claim)
        return mine.filter(status=RunStatus.CANCELLED).exists()

    def _finish(
        self,
        status: RunStatus,
        *,
        come_from: tuple[RunStatus, ...] = (RunStatus.RUNNING,),
        fenced: bool = False,
        **facts: Any,
    ) -> bool:
        return self._move(
            come_from, fenced=fenced, status=status, finished_at=timezone.now(), **facts
        )

    def _move(
        self, come_from: tuple[RunStatus, ...], *, fenced: bool = False, **facts: Any
    ) -> bool:
        where = {"pk": self.pk, "status": come_from}
        if fenced:
            where["claim"] = self.claim
        if not statements.update(type(self), where, facts):
            return False
        self._know(**facts)
        return True

    def _know(self, **facts: Any) -> None:
        for name, value in facts.items():
            setattr(self, name, value)

    def _close_call(
        self, usage: Usage | None, *, may_be_charged: bool = False, error_kind: str = ""
    ) -> None:
        if self.call_id is not None:
            quotas.close(self.call_id, usage, may_be_charged=may_be_charged, error_kind=error_kind)


def _dated(error: VeniceError) -> str:
    """Return the sentence, which names the moment where "in a moment" would not be true."""
    text = str(error)
    if error.retry_at is None or error.retry_at < timezone.now() + A_MOMENT:
        return text
    return text.replace("in a moment", f"at {timezone.localtime(error.retry_at):%H:%M}", 1)


def carry_out[R: Run](run: R, work: Callable[[R, threading.Event], None]) -> None:
    """Do the work of a run that was begun, with a beating heart, and turn every error into its end.

    `work` finishes the run itself when it goes well; the event it gets is set once the run is no longer
    ours. A refusal that names a later moment sends a young run back to the queue.
    """
    with beating(run) as lost:
        try:
            work(run, lost)
        except Stopped:
            run.close_cancelled(None)
        except VeniceError as error:
            if not _sent_back(run, error):
                run.fail(error)
        except Exception as error:
            # The last place that can tell the person; logged with its traceback.
            log.exception("run=%s:%s state=crashed", type(run).__name__, run.pk)
            run.fail(our_fault(error))


def _sent_back(run: Run, error: VeniceError) -> bool:
    young = timezone.now() - run.created_at < WAITS_FOR_VENICE
    if error.retry_at is None or error.may_be_charged or not young:
        return False
    return run.postpone(error.retry_at)


def our_fault(error: Exception) -> VeniceError:
    """Return what the person is told of a fault in our own code; money may have been spent by then."""
    name = type(error).__name__
    return VeniceError(
        f"Venice Studio had an internal error ({name}). Try again.", may_be_charged=True
    )


@contextmanager
def beating(run: Run) -> Iterator[threading.Event]:
    """Keep a run's heartbeat fresh from a thread of its own; the event is set when the run is lost."""
    lost, done = threading.Event(), threading.Event()

    def beat() -> None:
        while not done.wait(settings.RUN_STALE_AFTER / 4):
            try:
                if not run.beat():
                    lost.set()
                    return
            except DatabaseTrouble:
                log.warning("run=%s:%s heartbeat=missed", type(run).__name__, run.pk)
            finally:
                connection.close()

    thread = threading.Thread(target=beat, name=f"heart-{run.pk}", daemon=True)
    thread.start()
    try:
        yield lost
    finally:
        done.set()
        thread.join()
