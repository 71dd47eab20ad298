"""What an address of the chat names: a conversation of the person who asks, and numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.shortcuts import get_object_or_404

from chat.models import Conversation
from venice_site.accounts.requests import SignedInRequest


def visible_one(request: SignedInRequest, pk: int) -> Conversation:
    """Return a conversation of a person; 404 when it is not theirs."""
    visible = Conversation.objects.visible_to(request.user).select_related("folder", "part")
    found = get_object_or_404(visible, pk=pk)
    found.owner = request.user
    return found


def number_in(query: Mapping[str, Any], name: str) -> int | None:
    """Return a number that came with a request, None for nonsense."""
    value = str(query.get(name, ""))
    return int(value) if value.isdecimal() and len(value) < 19 else None
