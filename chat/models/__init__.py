"""Conversations and their messages; the row is the truth."""

from chat.attachments import Attachment
from chat.drafts import Draft
from chat.folders import Folder
from chat.models.conversations import (
    TEMPORARY_FOR,
    TITLE_LENGTH,
    UNDO_FOR,
    Conversation,
    ConversationQuerySet,
    TitleSource,
    shortened,
)
from chat.models.messages import MOST_BESIDE, Message, Role
from chat.models.outline import Line, Outline
from chat.parcels import Parcel
from chat.personas import Part, Persona
from chat.prompts import Prompt
from chat.queued import QueuedMessage
from chat.shares import Share
from chat.summaries import Summary

__all__ = [
    "MOST_BESIDE",
    "TEMPORARY_FOR",
    "TITLE_LENGTH",
    "UNDO_FOR",
    "Attachment",
    "Conversation",
    "ConversationQuerySet",
    "Draft",
    "Folder",
    "Line",
    "Message",
    "Outline",
    "Parcel",
    "Part",
    "Persona",
    "Prompt",
    "QueuedMessage",
    "Role",
    "Share",
    "Summary",
    "TitleSource",
    "shortened",
]
