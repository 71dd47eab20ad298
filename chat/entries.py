"""Lines of the list of conversations, of which every page of the chat has forty."""

from __future__ import annotations

from types import SimpleNamespace
from typing import NamedTuple

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from chat.models import Conversation
from chat.shelves import Entries
from venice_site.skeletons import Gaps, Skeleton

TEMPLATE = "chat/list.html#drawn_entry"
OWNER = 1  # somebody


class Look(NamedTuple):
    """What the template asks of a conversation beside its title and its number."""

    is_current: bool
    is_unread: bool


def is_plain_among(conversation: Conversation, entries: Entries) -> bool:
    """Return whether a line is a title that leads to a conversation of the reader, and asks for nothing."""
    moves = conversation.is_writing or conversation.awaits_title  # type: ignore[attr-defined]
    return not (moves or entries.is_selecting or entries.shelf.name == "team")


def plain(conversation: Conversation, current: int | None) -> SafeString:
    """Return the HTML of a plain line."""
    look = Look(conversation.pk == current, bool(conversation.is_unread))  # type: ignore[attr-defined]
    return _entry.fill(look, {"pk": conversation.pk, "title": conversation.title})


@Skeleton
def _entry(look: Look, gaps: Gaps) -> str:
    pk = gaps.number("pk")
    conversation = SimpleNamespace(
        pk=pk, owner_id=OWNER, title=gaps.words("title"), is_unread=look.is_unread
    )
    told = {
        "conversation": conversation,
        "current": pk if look.is_current else None,
        "user": SimpleNamespace(pk=OWNER),
    }
    return render_to_string(TEMPLATE, told)
