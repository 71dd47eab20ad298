"""Everything that must be true before the first page: `manage.py prepare`. Safe to run twice at once."""

from __future__ import annotations

import fcntl
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from venice_site.accounts.models import User
from venice_site.checks import check_secrets, refuse
from venice_site.venice.models import ApiKey, KeySource
from venice_site.venice.rotation import mark_all_anew
from venice_site.venice.secrets import fingerprint

LOCK = 0x56656E69  # "Veni": any number, the same for all, for PostgreSQL's advisory lock
GONE = "No longer in VENICE_API_KEYS."


class Command(BaseCommand):
    """Brings the database up to date, makes the first administrator and takes in the keys."""

    help = "Bring the database up to date, make the first administrator, take in the given keys."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Say one line for each fact that changed. Does nothing with secrets that can be guessed."""
        refuse(check_secrets())
        with alone():
            for fact in (*migrate(), *make_administrator(), *take_in_keys()):
                self.stdout.write(fact)


@contextmanager
def alone() -> Iterator[None]:
    """Keep other processes on the same database waiting: migrations do not run side by side."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        try:
            yield
        finally:
            with connection.cursor() as cursor:  # the session that holds the lock may be used again
                cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
    else:
        settings.DATA_DIR.mkdir(parents=True, exist_ok=True)
        with (settings.DATA_DIR / "prepare.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def migrate() -> Iterator[str]:
    """Apply the migrations that are missing."""
    executor = MigrationExecutor(connection)
    pending = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    if pending:
        call_command("migrate", interactive=False, verbosity=0)
        yield f"The database is up to date ({pending} migrations applied)."
    else:
        executor.check_replacements()  # one migration may stand for several that ran earlier


def make_administrator() -> Iterator[str]:
    """Make the first administrator when there is none, with a password that is shown once."""
    if User.objects.filter(is_staff=True).exists():
        return
    name, password = settings.ADMIN_USERNAME, settings.ADMIN_PASSWORD or secrets.token_urlsafe(12)
    person, _ = User.objects.get_or_create(username=name)
    person.is_staff = person.is_active = True
    person.set_password(password)
    person.save()
    yield f'The first administrator is "{name}".'
    if not settings.ADMIN_PASSWORD:
        yield f"Password, shown only this once: {password}"


def take_in_keys() -> Iterator[str]:
    """Hold the keys of the environment and the rows together; what the panel says of them stays."""
    for name in mark_all_anew(ApiKey.objects.order_by("pk")):  # the ring may be another than before
        yield f"{name} has the same secret as another key: remove one of them."
    given = {fingerprint(secret): secret for secret in settings.VENICE_API_KEYS}
    known = {key.fingerprint: key for key in ApiKey.objects.filter(fingerprint__in=given)}
    for mark, secret in given.items():
        if mark not in known:
            yield f"Added {add_key(secret)}."
        elif known[mark].state_reason == GONE:
            yield f"Back in use: {bring_back(known[mark])}."
    withdrawn = ApiKey.objects.enabled().filter(source=KeySource.ENVIRONMENT)
    for key in withdrawn.exclude(fingerprint__in=given).exclude(state_reason=GONE):
        ApiKey.objects.filter(pk=key.pk).update(enabled=False, state_reason=GONE)
        yield f"No longer given and switched off: {key}."


def add_key(secret: str) -> ApiKey:
    """Return the new row of a key that the environment brought."""
    number = ApiKey.objects.filter(source=KeySource.ENVIRONMENT).count() + 1
    key = ApiKey(name=f"Environment key {number}", source=KeySource.ENVIRONMENT)
    key.put_secret(secret)
    key.save()
    return key


def bring_back(key: ApiKey) -> ApiKey:
    """Switch a key on again that was switched off only because the environment had lost it."""
    ApiKey.objects.filter(pk=key.pk).update(enabled=True, state_reason="")
    return key
