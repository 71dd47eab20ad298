"""Values of a file, believed in nothing: what is not of the kind that is wanted counts as absent."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

from chat.dialects.tales import CannotRead, Told

LONGEST_TEXT = 1_000_000  # characters of one message


def told_message(
    key: Any,
    parent: Any,
    role: Any,
    text: Any,
    *,
    reasoning: Any = "",
    created_at: Any = None,
    **more: Any,
) -> Told:
    """Return a message from what a file says of it. Raises `CannotRead`."""
    if role not in ("user", "assistant"):
        raise CannotRead("A message in it is by nobody that we know.")
    if isinstance(text, str) and len(text) > LONGEST_TEXT:
        raise CannotRead(f"A message in it has more than {LONGEST_TEXT:,} characters.")
    name = as_key(key)
    if name is None:
        raise CannotRead("A message in it has no name.")
    return Told(
        name,
        as_key(parent),
        role == "assistant",
        as_text(text, LONGEST_TEXT),
        reasoning=as_text(reasoning, LONGEST_TEXT),
        created_at=as_moment(created_at),
        **more,
    )


def as_key(value: Any) -> str | None:
    """Return the name of a message; numbers are names, too."""
    is_name = isinstance(value, str | int) and not isinstance(value, bool)
    return str(value)[:200] if is_name else None


def as_list(value: Any) -> list[Any]:
    """Return a list, empty for anything else."""
    return value if isinstance(value, list) else []


def as_mapping(value: Any) -> dict[str, Any]:
    """Return a mapping, empty for anything else."""
    return value if isinstance(value, dict) else {}


def as_text(value: Any, most: int) -> str:
    """Return a text as databases take it: without half characters and zero bytes."""
    if not isinstance(value, str):
        return ""
    whole = value[:most].encode("utf-8", "replace").decode()
    return whole.replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n")


def as_number(value: Any, most: int) -> int | None:
    """Return a whole number from 0 to the most; None for anything else."""
    is_count = isinstance(value, int) and not isinstance(value, bool)
    return value if is_count and 0 <= value <= most else None


def as_moment(value: Any) -> datetime | None:
    """Return a moment given in ISO 8601 or in seconds (or milli-, or nanoseconds) since 1970."""
    try:
        if isinstance(value, str):
            found = datetime.fromisoformat(value[:40])
            found = found if found.tzinfo else found.replace(tzinfo=UTC)
        elif (
            isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        ):
            while abs(value) > 100_000_000_000:
                value /= 1_000
            found = datetime.fromtimestamp(value, UTC)
        else:
            return None
        return found.astimezone(UTC) if 1990 <= found.year <= 2200 else None
    except (ValueError, OverflowError, OSError):
        return None
