"""Every secret in the database moved to the first key of the ring, as often as one likes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from django.db import transaction

from venice_site.venice import secrets
from venice_site.venice.models import ApiKey

BATCH = 100  # rows in a transaction: the database is never locked for long
# Whatever has a ciphertext; a test looks for others.
HOLDERS: tuple[type[ApiKey], ...] = (ApiKey,)


@dataclass(slots=True)
class Outcome:
    """How far the rows are: moved now, moved before, opened by no key, or the same secret as another."""

    moved: int = 0
    current: int = 0
    closed: list[str] = field(default_factory=list)
    twins: list[str] = field(default_factory=list)


def rotate() -> Outcome:
    """Encrypt every secret with the first key of the ring and mark it anew.

    What is done is committed batch by batch; what was done before is only counted.
    """
    outcome = Outcome()
    for holder in HOLDERS:
        for batch in _batches(holder):
            with transaction.atomic():
                for key in batch:
                    _rotate(key, outcome)
    return outcome


def _batches(holder: type[ApiKey]) -> Iterator[list[ApiKey]]:
    last = 0
    while keys := list(holder.objects.filter(pk__gt=last).order_by("pk")[:BATCH]):
        yield keys
        last = keys[-1].pk


def _rotate(key: ApiKey, outcome: Outcome) -> None:
    try:
        secret = key.secret()
    except secrets.Undecryptable:
        outcome.closed.append(key.name)
        return
    if not secrets.is_current(key.ciphertext):
        sealed = secrets.rotate(key.ciphertext)
        row = ApiKey.objects.filter(pk=key.pk, ciphertext=key.ciphertext)
        outcome.moved += row.update(ciphertext=sealed)  # one that was changed meanwhile stays so
    else:
        outcome.current += 1
    if not mark_anew(key, secret):
        outcome.twins.append(key.name)


def mark_all_anew(keys: Iterable[ApiKey]) -> list[str]:
    """Mark keys by the ring of today; return the names of those that another key is the same as."""
    twins = []
    for key in keys:
        try:
            secret = key.secret()
        except secrets.Undecryptable:
            continue
        if not mark_anew(key, secret):
            twins.append(key.name)
    return twins


def mark_anew(key: ApiKey, secret: str) -> bool:
    """Renew the mark of a key; return whether no other key has the same secret."""
    mark = secrets.fingerprint(secret)
    if key.fingerprint == mark:
        return True
    if ApiKey.objects.filter(fingerprint=mark).exclude(pk=key.pk).exists():
        return False
    ApiKey.objects.filter(pk=key.pk, fingerprint=key.fingerprint).update(fingerprint=mark)
    return True
