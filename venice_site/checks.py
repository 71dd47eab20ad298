"""What is worth telling an administrator about the settings before the first page is served."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error
from django.core.management.base import CommandError, OutputWrapper
from django.db import connection

SHORTEST_SECRET = 32  # characters
FEWEST_CHARACTERS = 8  # different ones; 32 random hexadecimal digits have fourteen
PLACEHOLDERS = (  # letters of values that examples use
    "changeme", "changethis", "replaceme", "replacethis", "placeholder", "djangoinsecure", "insecurekey",
    "yoursecret", "yourkey", "examplekey", "examplesecret", "secretkeyhere", "keyhere", "supersecret",
)  # fmt: skip
NEW_SECRET = f"Use at least {SHORTEST_SECRET} random characters: openssl rand -base64 48."
KEEP_OLD = (
    " Give ENCRYPTION_KEYS the new value and after it, behind a comma, the one that was used until now: "
    "it still opens the Venice keys."
)
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


@checks.register("studio")
def check_settings(**_: Any) -> list[CheckMessage]:
    """Return every complaint about the environment that the product was started in."""
    return [*_database(), *check_secrets(), *_addresses(), *_times()]


def warn(complaints: Iterable[CheckMessage], stderr: OutputWrapper) -> None:
    """Say what is not forbidden but not good either."""
    for complaint in complaints:
        if not complaint.is_serious():
            stderr.write(f"Warning: {complaint.msg} {complaint.hint}")


def refuse(complaints: Iterable[CheckMessage]) -> None:
    """Raise CommandError with one clear sentence when the product must not run like this."""
    for complaint in complaints:
        if complaint.is_serious():
            raise CommandError(f"{complaint.msg} {complaint.hint}")


def _database() -> Iterator[CheckMessage]:
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        (mode,) = cursor.execute("PRAGMA journal_mode").fetchone()
    if mode == "memory":
        yield Error(
            "A database in memory is gone with the process, and no two processes share it.",
            hint="Leave DATABASE_URL empty.",
            id="studio.E001",
        )
    elif mode != "wal":
        yield checks.Warning(
            "The database cannot be read while it is written: its folder allows no write-ahead log.",
            hint="Put DATA_DIR on a disk of this machine, not on a network drive.",
            id="studio.W001",
        )


def check_secrets() -> list[CheckMessage]:
    """Return every complaint about secrets that somebody could guess.

    Where others reach the product they are errors. Of the key ring only the first value encrypts.
    """
    encrypting, *opening = settings.ENCRYPTION_KEYS
    one_for_both = encrypting == settings.SECRET_KEY
    found = [*_guessable("SECRET_KEY", settings.SECRET_KEY, encrypts=one_for_both)]
    if not one_for_both:
        found += _guessable("ENCRYPTION_KEYS", encrypting, encrypts=True)
    if any(weakness(secret) for secret in opening):
        said = "An old value in ENCRYPTION_KEYS can be guessed."
        hint = "Run manage.py rotate_secrets, then take it away."
        found.append(checks.Warning(said, hint=hint, id="studio.W005"))
    return found


def _guessable(name: str, secret: str, *, encrypts: bool) -> Iterator[CheckMessage]:
    if how := weakness(secret):
        said, hint = f"{name} {how}.", NEW_SECRET + (KEEP_OLD if encrypts else "")
        if is_public():
            yield Error(said, hint=hint, id="studio.E004")
        else:
            yield checks.Warning(said, hint=hint, id="studio.W002")


def is_public() -> bool:
    """Return whether others than the people at this machine reach the product."""
    reached = settings.PUBLIC_URL.startswith("https://") or settings.HOST not in LOOPBACK
    return reached and not settings.DEBUG


def weakness(secret: str) -> str:
    """Return how a secret can be guessed, nothing when it cannot."""
    plain = re.sub(r"[^a-z]", "", secret.lower())
    if any(word in plain for word in PLACEHOLDERS):
        return "is a placeholder that everybody knows"
    if len(secret) < SHORTEST_SECRET:
        return "is short enough to be guessed"
    if len(set(secret)) < FEWEST_CHARACTERS:
        return "repeats a few characters"
    return ""


def _addresses() -> Iterator[CheckMessage]:
    public = urlsplit(settings.PUBLIC_URL)
    if settings.PUBLIC_URL and public.scheme not in {"http", "https"}:
        yield Error(
            "PUBLIC_URL is not an address.",
            hint="Write it as in the address bar: https://studio.example.com",
            id="studio.E002",
        )
    if public.scheme == "http" and public.hostname not in LOOPBACK:
        yield checks.Warning(
            "PUBLIC_URL is not encrypted: passwords can be read on the way.",
            hint="Put a proxy with a certificate in front, and write https:// here.",
            id="studio.W003",
        )
    if settings.DEBUG and settings.HOST not in LOOPBACK:
        yield Error(
            "DEBUG shows settings to everybody who can reach the product.",
            hint="Switch DEBUG off, or listen on 127.0.0.1.",
            id="studio.E003",
        )


def _times() -> Iterator[CheckMessage]:
    if settings.STREAM_LIMIT >= settings.WEB_THREADS:
        yield checks.Warning(
            "STREAM_LIMIT leaves no thread for pages while replies are open.",
            hint="Keep it below WEB_THREADS.",
            id="studio.W004",
        )
