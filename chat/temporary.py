"""Temporary conversations: they stand in no list, no search and no index, and leave nothing but the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from chat.models import TEMPORARY_FOR, Conversation, TitleSource

TITLE = "Temporary conversation"


def begin(conversation: Conversation, asked: Mapping[str, Any]) -> None:
    """Make a conversation that begins a temporary one when its first message asked for that.

    Its title is ours for good, so that no model is told the question once more to find one.
    """
    if asked.get("temporary"):
        conversation.temporary_until = timezone.now() + TEMPORARY_FOR
        conversation.title, conversation.title_source = TITLE, TitleSource.PERSON
