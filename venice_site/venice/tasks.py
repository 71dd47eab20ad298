"""The service's work in the background: expired reservations, lost leases, the catalogue, the keys."""

from __future__ import annotations

import logging

from django.core.cache import cache as shared_cache
from django.tasks import task
from django.utils import timezone
from steady_queue.recurring_task import recurring

from venice_site.venice import (
    buckets,
    catalogue,
    characters,
    clients,
    health,
    listing,
    notices,
    pool,
    quotas,
    rests,
)
from venice_site.venice.errors import VeniceError
from venice_site.venice.models import ApiKey
from venice_site.venice.service import on_stand_in

log = logging.getLogger("studio.venice")

FAILED_LATELY = "catalogue-failed"
PAUSE_AFTER_FAILURE = 120  # seconds


@recurring(schedule="*/15 * * * * * *", key="venice-sweep")  # type: ignore[untyped-decorator]
@task()
def sweep() -> None:
    """Close the calls whose reservation expired and the leases that nobody came back to."""
    if expired := quotas.sweep():
        log.warning("state=expired calls=%s", expired)
    now = timezone.now()
    pool.prune(now)
    rests.prune(now)


@recurring(schedule="17 * * * *", key="venice-prune")  # type: ignore[untyped-decorator]
@task()
def prune() -> None:
    """Forget what nobody needs any more: windows of quotas that ended long ago, settled notices."""
    buckets.prune(timezone.now())
    notices.prune()


@recurring(schedule="*/20 * * * * * *", key="venice-catalogue")  # type: ignore[untyped-decorator]
@task()
def refresh_catalogue() -> None:
    """Ask what is on offer once an hour, and at once for a Venice that was never asked."""
    now, simulated = timezone.now(), on_stand_in()
    if not catalogue.is_due(now, simulated=simulated) or shared_cache.get(FAILED_LATELY):
        return
    key = ApiKey.objects.enabled().filter(state__in=pool.ASKABLE).first()
    client = clients.client_of(key) if key or simulated else None
    if client is None:
        return
    try:
        rows = listing.refresh(client, now, simulated=simulated)
        people = characters.refresh(client, now, simulated=simulated)
        log.info("state=refreshed catalogue=%s characters=%s simulated=%s", rows, people, simulated)
    except VeniceError as error:
        shared_cache.set(FAILED_LATELY, True, PAUSE_AFTER_FAILURE)
        log.warning("state=kept catalogue kind=%s", error.kind)


@recurring(schedule="*/10 * * * *", key="venice-keys")  # type: ignore[untyped-decorator]
@task()
def check_keys() -> None:
    """Look after the keys in a bad state; at the full hour after every key."""
    now = timezone.now()
    health.check_keys(now, due_only=now.minute >= 10)
