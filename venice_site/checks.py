"""What is worth telling an administrator about the settings before the first page is served."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error
from django.db import connection

SHORTEST_SECRET = 32  # characters
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


@checks.register("studio")
def check_settings(**_: Any) -> list[CheckMessage]:
    """Return every complaint about the environment that the product was started in."""
    return [*_database(), *_secrets(), *_addresses(), *_times()]


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


def _secrets() -> Iterator[CheckMessage]:
    given = {"SECRET_KEY": [settings.SECRET_KEY], "ENCRYPTION_KEYS": settings.ENCRYPTION_KEYS}
    for name, secrets in given.items():
        if any(len(secret) < SHORTEST_SECRET for secret in secrets):
            yield checks.Warning(
                f"{name} is short enough to be guessed.",
                hint=f"Use at least {SHORTEST_SECRET} random characters: openssl rand -base64 48",
                id="studio.W002",
            )
            return  # without a ring of its own, the secret key is the ring: once is enough


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
