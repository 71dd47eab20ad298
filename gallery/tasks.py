"""Making images in the background. A task is only a wake-up; the rows say what is to be done."""

from __future__ import annotations

from datetime import timedelta
from threading import Event
from typing import Any

from django.conf import settings
from django.tasks import task
from django.utils import timezone
from steady_queue.recurring_task import recurring

from gallery import packing, sources, trash
from gallery.archives import Archive
from gallery.models import Image, wake_up
from gallery.selection import Deed, Selection
from venice_site.accounts.models import User
from venice_site.venice.runs import RunStatus, carry_out
from venice_site.venice.service import Venice


@task()
def make_next_image() -> None:
    """Make the fairest due image, if there is one that nobody else takes first."""
    image = Image.objects.take(timezone.now())
    if image is None:
        return
    carry_out(image, _make)
    if image.status == RunStatus.QUEUED:
        wake_up(run_after=image.run_after)
    if settings.IMAGES_AT_ONCE or settings.IMAGES_AT_ONCE_EACH:
        wake_up()  # for one that had to wait until there was room


def _make(image: Image, lost: Event) -> None:
    assert image.call_id is not None  # every image reserves before it is written
    venice = Venice(image.generation.user)
    if image.is_edit:
        order = image.asked_edit(sources.of(image))
        made = venice.edit_image(order, image.call_id, stopped=lost.is_set)
    else:
        made = venice.generate_image(image.asked, image.call_id, stopped=lost.is_set)
    image.keep(made)


@task()
def make_next_archive() -> None:
    """Make the oldest archive that waits, if there is one that nobody else takes first."""
    for archive in Archive.objects.due(timezone.now()).order_by("pk"):
        if archive.begin():
            carry_out(archive, packing.pack)
            return


@task()
def do_with_selection(user: int, selection: dict[str, Any], deed: dict[str, str]) -> None:
    """Do something with more pictures than a person waits for."""
    person = User.objects.filter(pk=user, is_active=True).first()
    if person is not None:
        Deed(**deed).do(person, Selection.from_dict(selection))


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
    for archive in Archive.objects.stale(now):
        archive.recover(now)
    if Archive.objects.due(now).exists():
        make_next_archive.enqueue()


@recurring(schedule="17 * * * *", key="gallery-prune")  # type: ignore[untyped-decorator]
@task()
def prune() -> None:
    """Remove for good what has been in the trash long enough, and archives whose time is over."""
    now = timezone.now()
    trash.prune(now - timedelta(days=settings.TRASH_DAYS))
    for archive in Archive.objects.expired(now):
        archive.remove()
