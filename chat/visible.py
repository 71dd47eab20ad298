"""What an address of the chat names: a conversation of the person who asks, what others are shown, and numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import Http404
from django.shortcuts import get_object_or_404

from chat.models import Attachment, Conversation, Message
from venice_site.accounts.models import User
from venice_site.accounts.requests import SignedInRequest
from venice_site.statements import Statement, gap

OWN = Statement(
    lambda: (
        Conversation.objects.visible_to(gap("owner"))
        .filter(pk=gap("pk"))
        .select_related("folder", "part", "share")
        .defer("share__turns")
    )
)


def visible_one(request: SignedInRequest, pk: int) -> Conversation:
    """Return a conversation of a person; 404 when it is not theirs."""
    found = found_or_404(OWN.first(pk=pk, owner=request.user.pk))
    found.owner = request.user
    return found


def readable_attachment(user: User, pk: int) -> Attachment:
    """Return a file that a person may open; 404 for what a conversation of somebody else does not show."""
    names = ("file", "mime", "name", "message__conversation__owner", "message__conversation__tip")
    readable = Attachment.objects.readable_by(user).select_related("message__conversation")
    found = get_object_or_404(readable.only(*names), pk=pk)
    said = found.message
    if said and said.conversation.owner_id != user.pk and not is_shown(said.conversation, said.pk):
        raise Http404
    return found


def is_shown(conversation: Conversation, message: int) -> bool:
    """Return whether the team sees a message: on the branch that opens, or the newest of a column at its end."""
    tree = conversation.tree
    path = tree.branch(conversation.tip_id, conversation.tip_id)
    if message in path:
        return True
    if len(path) < 2 or tree.parent(message) != path[-2]:
        return False
    beside = Message.objects.filter(parent=path[-2], parent__undecided=True)
    columns = dict(beside.values_list("pk", "column"))
    if message not in columns or columns[message] == columns[path[-1]]:
        return False
    return message == max(pk for pk, column in columns.items() if column == columns[message])


def found_or_404[T](found: T | None) -> T:
    """Return what was found; 404 when it was nothing."""
    if found is None:
        raise Http404
    return found


def number_in(query: Mapping[str, Any], name: str) -> int | None:
    """Return a number that came with a request, None for nonsense."""
    value = str(query.get(name, ""))
    return int(value) if value.isdecimal() and len(value) < 19 else None
