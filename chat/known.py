"""Whether a conversation that a file tells is here already: nothing comes in twice, and nothing is taken for another."""

from __future__ import annotations

from collections import Counter

from chat.dialects import Tale
from chat.dialects.values import LONGEST_TEXT, as_text
from chat.models import Conversation, Message, Role
from venice_site.accounts.models import User

type Said = tuple[bool, str]  # whether a model said it, and what


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
    rows = Message.objects.filter(conversation=conversation).values_list("role", "text")
    return Counter((role == Role.ASSISTANT, as_text(text, LONGEST_TEXT)) for role, text in rows)


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
