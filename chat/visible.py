"""What an address of the chat names: a conversation of the person who asks, and numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import Http404

from chat.models import Conversation
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


def found_or_404[T](found: T | None) -> T:
    """Return what was found; 404 when it was nothing."""
    if found is None:
        raise Http404
    return found


def number_in(query: Mapping[str, Any], name: str) -> int | None:
    """Return a number that came with a request, None for nonsense."""
    value = str(query.get(name, ""))
    return int(value) if value.isdecimal() and len(value) < 19 else None
