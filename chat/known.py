"""Whether a conversation that a file tells is here already, and what it misses."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from chat.dialects import Tale
from chat.dialects.values import LONGEST_TEXT, as_text
from chat.models import Attachment, Conversation, Message, Role
from venice_site.accounts.models import User

type Said = tuple[bool, str]  # whether a model said it, and what


class Short(NamedTuple):
    """A message by its id, and the fingerprints of the files that it has."""

    message: int
    files: Counter[str]


def known(user: User, tale: Tale) -> int | None:
    """Return the id of a person's conversation that holds everything that is told; None without one."""
    mine = Conversation.objects.filter(owner=user, deleted_at=None)
    if found := mine.filter(origin=tale.fingerprint).values_list("pk", flat=True).first():
        return found
    if not tale.is_ours or tale.created_at is None:
        return None
    # The moment alone is not enough: other programs write whole seconds, in which several may begin.
    told = Counter((one.is_reply, one.text) for one in tale.messages)
    begun_then = mine.filter(created_at=tale.created_at).order_by("pk")
    for pk in begun_then.values_list("pk", flat=True):
        if _holds(_said_in(pk), told):
            return pk
    return None


def _said_in(conversation: int) -> Counter[Said]:
    return Counter(said for _, said in _messages_of(conversation))


def _messages_of(conversation: int) -> Iterator[tuple[int, Said]]:
    rows = Message.objects.filter(conversation=conversation).order_by("pk")
    for pk, role, text in rows.values_list("pk", "role", "text"):
        yield pk, (role == Role.ASSISTANT, as_text(text, LONGEST_TEXT))


def _holds(said: Counter[Said], told: Counter[Said]) -> bool:
    """Return whether all that is told was said; replies may have been continued since it was written."""
    further = said - told
    for is_reply, text in (told - said).elements():
        longer = (one for one in further.elements() if is_reply and one[0])
        found = next((one for one in longer if one[1].startswith(text)), None)
        if found is None:
            return False
        further[found] -= 1
    return True


def short_of_files(conversation: int, tale: Tale) -> dict[str, Short]:
    """Return the messages that are here with fewer files than they are told with, by their names in the file."""
    if not any(told.files for told in tale.messages):
        return {}
    same: dict[Said, list[int]] = {}
    for pk, said in _messages_of(conversation):
        same.setdefault(said, []).append(pk)
    files: dict[int | None, Counter[str]] = defaultdict(Counter)
    attached = Attachment.objects.filter(message__conversation=conversation)
    for message, sha256 in attached.values_list("message_id", "sha256"):
        files[message][sha256] += 1
    short: dict[str, Short] = {}
    for told in tale.messages:
        here = same.get((told.is_reply, told.text))
        if here and files[first := here.pop(0)].total() < len(told.files):
            short[told.key] = Short(first, files[first])
    return short
