"""What Venice let us know of a key: kept on its row, and told to the administrators."""

from __future__ import annotations

from datetime import datetime

from venice_site.venice import notices
from venice_site.venice.models import ApiKey, KeyState

SENTENCES = {
    KeyState.REFUSED: "Venice refuses the key {key}: {reason}",
    KeyState.OUT_OF_CREDIT: "The Venice account of the key {key} is out of credit. {reason}",
    KeyState.SPEND_CAPPED: "The key {key} has reached its spending limit at Venice. {reason}",
    KeyState.UNDECRYPTABLE: "The key {key} cannot be decrypted. {reason}",
}

UNSIGNED = "unsigned"


def mark(
    key: ApiKey, state: KeyState, reason: str = "", *, retry_at: datetime | None = None
) -> None:
    """Record the state of a key; a bad one is told to the administrators until it is over."""
    key.mark(state, reason, retry_at=retry_at)
    subject = f"key:{key.pk}"
    if state == KeyState.ACTIVE:
        notices.settle(subject)
    else:
        notices.tell(subject, SENTENCES[state].format(key=key, reason=reason))


def tell_unsigned() -> None:
    """Tell that Venice was sent a key and saw none, until a check of a key gets through."""
    notices.tell(
        UNSIGNED,
        "Venice says that it was asked without a key, although one was sent. A proxy between this"
        " server and Venice may take it out.",
    )


def settle_unsigned() -> None:
    """Say that keys arrive at Venice."""
    notices.settle(UNSIGNED)
