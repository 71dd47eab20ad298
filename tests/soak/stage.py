"""People, keys and quotas of a soak, and what the worker would do in the day after it."""

from collections.abc import Mapping
from datetime import timedelta

from django.contrib.auth.models import Group
from django.db import connection
from django.utils import timezone

from tests.soak.plan import FRUGAL, PEOPLE
from venice_site.accounts.models import User
from venice_site.venice import clients, listing, pool, quotas
from venice_site.venice.models import ApiKey, Metric, Period, Quota, Who

PLENTY = 10**12
LATER = timedelta(hours=25)  # by then every reservation and every lease has expired


def set_up(accounts: Mapping[str, str], calls: int) -> None:
    """Make people, keys and quotas of every metric, period and subject; ask what is on offer."""
    group = Group.objects.create(name="painters")
    for name in PEOPLE:
        person = User.objects.create(username=name)
        person.groups.add(group)
    for secret, account in accounts.items():
        key = ApiKey(name=secret, account=account, max_in_flight=6, daily_limit=PLENTY // 1000)
        key.put_secret(secret)
        key.save()
    for metric in Metric:
        Quota.objects.create(metric=metric, limit=PLENTY, period=Period.MINUTE)
        Quota.objects.create(metric=metric, limit=PLENTY, period=Period.DAY, who=Who.EACH)
        Quota.objects.create(metric=metric, limit=PLENTY, who=Who.GROUP, group=group)
    frugal = User.objects.get(username=FRUGAL)
    some = max(1, calls // 30)
    Quota.objects.create(metric=Metric.IMAGES, limit=some, who=Who.PERSON, person=frugal)
    client = clients.client_of(ApiKey.objects.first())
    assert client is not None
    listing.refresh(client, timezone.now(), simulated=False)
    connection.close()


def clean_up() -> None:
    """Close what a killed worker left, as the worker of the product does once it has expired."""
    later = timezone.now() + LATER
    while quotas.sweep(later):
        pass
    pool.prune(later)
