"""Making images in the background. A task is only a wake-up; the rows say what is to be done."""

from __future__ import annotations

from threading import Event

from django.conf import settings
from django.tasks import task
from django.utils import timezone
from steady_queue.recurring_task import recurring

from gallery.models import Image, wake_up
from venice_site.venice.runs import RunStatus, carry_out
from venice_site.venice.service import Venice


@task()
def make_next_image() -> None:
    """Make the fairest due image, if there is one that nobody else takes first."""
    while (image := Image.objects.fairest_due(timezone.now())) is not None:
        if image.begin():
            carry_out(image, _make)
            if image.status == RunStatus.QUEUED:
                wake_up(run_after=image.run_after)
            return


def _make(image: Image, lost: Event) -> None:
    assert image.call_id is not None  # every image reserves before it is written
    venice = Venice(image.generation.user)
    image.keep(venice.generate_image(image.asked, image.call_id, stopped=lost.is_set))


@recurring(schedule="*/10 * * * * * *", key="gallery-sweep")  # type: ignore[untyped-decorator]
@task()
def sweep() -> None:
    """Take stale images from dead workers, and call for workers where due images wait.

    A wake-up too many costs one query, so the sweep needs no memory of those it sent before.
    """
    now = timezone.now()
    for image in Image.objects.unfinished().stale(now):
        image.recover(now)
    waiting = Image.objects.unfinished().due(now)[: settings.WORKER_THREADS].count()
    for _ in range(waiting):
        wake_up()
