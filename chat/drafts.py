"""Drafts: what a person has typed and not sent, one a conversation and one for the next new one."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import NamedTuple

from django.db import IntegrityError, models, transaction
from django.db.models import F, Q
from django.utils import timezone

from chat.queued import QueuedMessage
from venice_site.accounts.models import User
from venice_site.statements import Statement, gap


class DraftQuerySet(models.QuerySet["Draft"]):
    """Drafts by the names people say."""

    def at(self, user: User, conversation: int | None) -> DraftQuerySet:
        """Return a person's draft in a conversation, or for a new one."""
        return self.filter(owner=user, conversation=conversation)


class Draft(models.Model):
    """What is in the composer, as it was typed last.

    `version` grows with every change, so that no browser overwrites what another one wrote later. It begins
    with the clock, in milliseconds, so that a draft begun anew is never taken for an earlier one.
    `request_id` is the composer's; once a message carries it, the draft was sent and counts no more.
    """

    owner = models.ForeignKey(User, models.CASCADE, related_name="+")
    conversation = models.ForeignKey(
        "Conversation", models.CASCADE, null=True, related_name="drafts"
    )
    request_id = models.UUIDField()
    text = models.TextField()
    version = models.PositiveBigIntegerField()
    updated_at = models.DateTimeField(default=timezone.now)

    objects = DraftQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=("owner", "conversation"), name="one_draft_a_place"),
            models.UniqueConstraint(
                fields=("owner",), condition=Q(conversation=None), name="one_draft_for_a_new_one"
            ),
        ]

    def __str__(self) -> str:
        return f"Draft {self.pk}"


class Place(NamedTuple):
    """Where a draft was written, None for a new conversation, and which version of it was sent."""

    conversation: int | None
    version: int


@dataclass(frozen=True, slots=True)
class Kept:
    """What the server has: the text, its version, and whether that is what was handed in just now."""

    text: str = ""
    version: int = 0
    is_ours: bool = True


def read(user: User, conversation: int | None) -> Kept:
    """Return the draft to begin with; one that was sent already counts as none."""
    draft = _at(user, conversation)
    if draft is None or _was_sent(user, draft.request_id):
        return Kept()
    return Kept(draft.text, draft.version)


def keep(
    user: User, conversation: int | None, text: str, version: int, request_id: uuid.UUID
) -> Kept:
    """Keep what was typed since a version; what somebody wrote after that version stays and is returned."""
    try:
        with transaction.atomic():
            if _was_sent(user, request_id):
                return Kept()
            return _write(user, conversation, text, version, request_id)
    except IntegrityError:  # another browser began a draft in this moment
        return _theirs(user, conversation)


def clear(user: User, place: Place | None, request_id: uuid.UUID | None) -> None:
    """Forget the draft that was sent; one that was written later in another browser stays."""
    draft = _at(user, place.conversation) if place else None
    if place and draft and (draft.version == place.version or draft.request_id == request_id):
        Draft.objects.filter(pk=draft.pk, version=draft.version).delete()


def _write(
    user: User, conversation: int | None, text: str, version: int, request_id: uuid.UUID
) -> Kept:
    here = Draft.objects.at(user, conversation)
    seen = here.filter(version=version)
    if not text.strip():
        seen.delete()
        return _theirs(user, conversation) if here.exists() else Kept()
    changed = {"text": text, "request_id": request_id, "updated_at": timezone.now()}
    if seen.update(version=F("version") + 1, **changed):
        return Kept(text, version + 1)
    if here.exists():
        return _theirs(user, conversation)
    version = max(version + 1, round(timezone.now().timestamp() * 1000))
    here.create(owner=user, conversation_id=conversation, version=version, **changed)
    return Kept(text, version)


def _at(user: User, conversation: int | None) -> Draft | None:
    if conversation is None:
        return FOR_A_NEW_ONE.first(owner=user.pk)
    return AT.first(owner=user.pk, conversation=conversation)


AT = Statement(lambda: Draft.objects.at(gap("owner"), gap("conversation")))
FOR_A_NEW_ONE = Statement(lambda: Draft.objects.at(gap("owner"), None))


def _theirs(user: User, conversation: int | None) -> Kept:
    draft = _at(user, conversation)
    if draft is None:
        return Kept()
    return Kept(draft.text, draft.version, is_ours=False)


def _was_sent(user: User, request_id: uuid.UUID) -> bool:
    from chat.models import Message

    return (
        Message.objects.filter(author=user, request_id=request_id).exists()
        or QueuedMessage.objects.filter(author=user, request_id=request_id).exists()
    )
