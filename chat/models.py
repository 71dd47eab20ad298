"""Conversations and their messages; the row is the truth."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.db.models import BooleanField, Exists, ExpressionWrapper, F, OuterRef, Q
from django.urls import reverse
from django.utils import timezone

from chat import branches
from chat.attachments import Attachment, delete_files
from chat.drafts import Draft
from chat.folders import Folder
from chat.parcels import Parcel
from chat.personas import Part, Persona, WebSearch
from chat.prompts import Prompt
from chat.queued import QueuedMessage
from chat.shares import Share
from chat.summaries import Summary
from venice_site.accounts.models import User
from venice_site.venice.runs import UNFINISHED, Run, RunQuerySet, RunStatus
from venice_site.venice.types import Usage

# Models of this room that live in modules of their own.
__all__ = [
    "Attachment",
    "Draft",
    "Folder",
    "Parcel",
    "Part",
    "Persona",
    "Prompt",
    "QueuedMessage",
    "Share",
    "Summary",
]

TITLE_LENGTH = 60
TITLE_IS_AWAITED = timedelta(minutes=2)  # how long the list asks again for a model's title
TEMPORARY_FOR = timedelta(hours=1)  # a temporary conversation lives so long after its last use
CLOSED_FOR = timedelta(minutes=1)  # … and so long after its page was closed
MOST_BESIDE = 4  # replies to one question that are written at once, side by side
UNDO_FOR = timedelta(hours=1)  # a deleted conversation can be brought back this long


class TitleSource(models.TextChoices):
    """Who gave a conversation its title; a person's is never overwritten."""

    QUESTION = "question", "First words"
    MODEL = "model", "Model"
    PERSON = "person", "Person"


class Role(models.TextChoices):
    """Who speaks in a message."""

    USER = "user", "You"
    ASSISTANT = "assistant", "Model"


class ConversationQuerySet(models.QuerySet["Conversation"]):
    """Conversations by the names people say."""

    def visible_to(self, user: User) -> ConversationQuerySet:
        """Return the conversations that a person may read: their own."""
        return self.filter(owner=user, deleted_at=None)

    def listed(self) -> ConversationQuerySet:
        """Return what belongs into lists and search: neither put away nor temporary."""
        return self.filter(archived_at=None, temporary_until=None)

    def readable_by(self, user: User) -> ConversationQuerySet:
        """Return what a person may read and nothing more: their own, and what is shared with the team."""
        return self.filter(Q(owner=user) | Q(shared_at__isnull=False), deleted_at=None)

    def deleted_by(self, user: User) -> ConversationQuerySet:
        """Return what a person deleted and may still bring back."""
        return self.filter(owner=user, deleted_at__gt=timezone.now() - UNDO_FOR)

    def newest_first(self) -> ConversationQuerySet:
        """Return the conversations by their last message, and what is new about them.

        `is_writing`: a reply is being written; `is_unread`: one has ended since its owner looked.
        """
        writing = Message.objects.active().filter(conversation=OuterRef("pk"))
        unread = ExpressionWrapper(
            Q(tip__finished_at__gt=F("read_at"), tip__isnull=False), BooleanField()
        )
        marked = self.annotate(is_writing=Exists(writing), is_unread=unread)
        return marked.order_by("-updated_at", "-pk")

    def older_than(self, moment: datetime, pk: int) -> ConversationQuerySet:
        """Return what comes after a conversation in the list."""
        return self.filter(updated_at__lte=moment).filter(
            Q(updated_at__lt=moment) | Q(updated_at=moment, pk__lt=pk)
        )


class Conversation(models.Model):
    """A conversation of one person with models; settings that are empty are not sent."""

    owner = models.ForeignKey(User, models.PROTECT, related_name="conversations")
    title = models.CharField(max_length=TITLE_LENGTH)
    title_source = models.CharField(
        max_length=10, choices=TitleSource, default=TitleSource.QUESTION, editable=False
    )
    model = models.CharField(max_length=120)
    system_prompt = models.TextField("System prompt", max_length=20_000, blank=True)
    temperature = models.FloatField(
        "Temperature",
        null=True,
        blank=True,
        validators=[MinValueValidator(0), MaxValueValidator(2)],
    )
    max_tokens = models.PositiveIntegerField(
        "Longest reply", null=True, blank=True, validators=[MinValueValidator(1)]
    )
    top_p = models.FloatField(
        "Top P", null=True, blank=True, validators=[MinValueValidator(0), MaxValueValidator(1)]
    )
    frequency_penalty = models.FloatField(
        "Frequency penalty",
        null=True,
        blank=True,
        validators=[MinValueValidator(-2), MaxValueValidator(2)],
    )
    presence_penalty = models.FloatField(
        "Presence penalty",
        null=True,
        blank=True,
        validators=[MinValueValidator(-2), MaxValueValidator(2)],
    )
    reasoning_effort = models.CharField("Thinking", max_length=20, blank=True)
    web_search = models.CharField("Web search", max_length=4, choices=WebSearch, blank=True)
    answer_schema = models.JSONField("JSON schema of the answer", null=True, blank=True)
    folder = models.ForeignKey(
        Folder, models.SET_NULL, null=True, editable=False, related_name="conversations"
    )
    tip = models.ForeignKey("Message", models.SET_NULL, null=True, editable=False, related_name="+")
    forked_from = models.ForeignKey(
        "Message", models.SET_NULL, null=True, editable=False, related_name="forks"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)
    read_at = models.DateTimeField(default=timezone.now, editable=False)
    pinned_at = models.DateTimeField(null=True, editable=False)
    archived_at = models.DateTimeField(null=True, editable=False)
    shared_at = models.DateTimeField("Shared with the team", null=True, editable=False)
    temporary_until = models.DateTimeField(null=True, editable=False)
    deleted_at = models.DateTimeField(null=True, editable=False)
    origin = models.CharField(max_length=64, blank=True, editable=False)

    objects = ConversationQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=("owner", "-updated_at", "-id"),
                condition=Q(deleted_at=None, archived_at=None, temporary_until=None),
                name="conversation_list",
            ),
            models.Index(
                fields=("owner", "-updated_at", "-id"),
                condition=Q(archived_at__isnull=False),
                name="conversation_archive",
            ),
            models.Index(
                fields=("owner", "-pinned_at"),
                condition=Q(pinned_at__isnull=False),
                name="conversation_pinned",
            ),
            models.Index(
                fields=("folder", "-updated_at", "-id"),
                condition=Q(folder__isnull=False),
                name="conversation_folder",
            ),
            models.Index(
                fields=("-shared_at",),
                condition=Q(shared_at__isnull=False),
                name="conversation_shared",
            ),
            models.Index(
                fields=("temporary_until",),
                condition=Q(temporary_until__isnull=False),
                name="conversation_temporary",
            ),
            models.Index(
                fields=("deleted_at",),
                condition=Q(deleted_at__isnull=False),
                name="conversation_deleted",
            ),
        ]
        constraints = [
            # The fingerprint of what was imported: the same file twice is one conversation.
            models.UniqueConstraint(
                fields=("owner", "origin"),
                condition=~Q(origin=""),
                name="one_conversation_an_origin",
            )
        ]

    def __str__(self) -> str:
        return f"Conversation {self.pk}"

    def get_absolute_url(self) -> str:
        """Return the address of the conversation's page."""
        return reverse("chat:conversation", args=[self.pk])

    @property
    def awaits_title(self) -> bool:
        """Return whether a model may be about to give this conversation its title."""
        young = timezone.now() - self.created_at < TITLE_IS_AWAITED
        return young and self.title_source == TitleSource.QUESTION

    def rename(self, title: str, source: TitleSource = TitleSource.PERSON) -> bool:
        """Give the conversation a title; a model's never replaces a person's or an earlier one."""
        rows = Conversation.objects.filter(pk=self.pk)
        if source == TitleSource.MODEL:
            rows = rows.filter(title_source=TitleSource.QUESTION)
        title = shortened(title)
        if not title or not rows.update(title=title, title_source=source):
            return False
        self.title, self.title_source = title, source
        return True

    def mark_read(self) -> None:
        """Know that its owner has seen the newest reply; writes nothing when that is known already."""
        mine = Conversation.objects.filter(pk=self.pk, tip__finished_at__gt=F("read_at"))
        if mine.exists():
            mine.update(read_at=timezone.now())

    def stay(self) -> None:
        """Keep a temporary conversation for as long as it is used."""
        if self.temporary_until is not None:
            self._last_until(timezone.now() + TEMPORARY_FOR)

    def close(self) -> None:
        """Let a temporary conversation go soon; whoever only loads its page again still finds it."""
        if self.temporary_until is not None:
            self._last_until(timezone.now() + CLOSED_FOR)

    def _last_until(self, moment: datetime) -> None:
        mine = Conversation.objects.filter(pk=self.pk, temporary_until__isnull=False)
        mine.update(temporary_until=moment)

    def delete_softly(self) -> None:
        """Put the conversation aside; `restore` brings it back until it is pruned."""
        Conversation.objects.filter(pk=self.pk).update(deleted_at=timezone.now())
        for reply in self.messages.active():
            reply.cancel()

    def restore(self) -> None:
        """Bring a deleted conversation back."""
        Conversation.objects.filter(pk=self.pk).update(deleted_at=None)

    def prune(self) -> None:
        """Delete the conversation for good, its files too."""
        attachments = Attachment.objects.filter(
            Q(message__conversation=self) | Q(queued__conversation=self)
        )
        files = set(attachments.values_list("file", flat=True))
        for reply in self.messages.active():
            reply.cancel()  # its writer finds no row any more and settles what was used
        with transaction.atomic():
            self.delete()
        delete_files(files)

    @cached_property
    def tree(self) -> branches.Tree:
        """Return which message answers which, without reading any body; read once."""
        pairs = self.messages.order_by("pk").values_list("pk", "parent_id")
        return branches.Tree(pairs)

    def grow(self, *messages: Message) -> None:
        """Let a tree that was read already know messages that were written since."""
        if "tree" in self.__dict__:
            for message in messages:
                self.tree.add(message.pk, message.parent_id)


def shortened(text: str) -> str:
    """Return the first words of a text, at most as long as a title, on one line."""
    words = " ".join("".join(c if c.isprintable() else " " for c in text[:1000]).split())
    if len(words) <= TITLE_LENGTH:
        return words
    cut = words[: TITLE_LENGTH - 1]
    return (cut.rsplit(" ", 1)[0] if " " in cut[20:] else cut).rstrip(" ,.;:") + "…"


class MessageQuerySet(RunQuerySet["Message"]):
    """Messages by the names people say."""

    def replies(self) -> MessageQuerySet:
        """Return the messages written by models."""
        return self.filter(role=Role.ASSISTANT)

    def visible_to(self, user: User) -> MessageQuerySet:
        """Return the messages of the conversations that a person may read."""
        return self.filter(conversation__owner=user, conversation__deleted_at=None)


class Message(Run):
    """One turn of a conversation; a message written by a model is a reply, and as such a run.

    `parent` is what it answers: trying again and editing add siblings, nothing is overwritten. Times in
    milliseconds, cost in micro-USD. `summary` is what the model was told instead of the oldest messages.
    `request_id` is drawn by the page, so that a double click is one message. Replies side by side have a
    `column` each; a question is `undecided` until one of them is gone on with.
    """

    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="messages")
    parent = models.ForeignKey("self", models.CASCADE, null=True, related_name="children")
    role = models.CharField(max_length=10, choices=Role)
    author = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    request_id = models.UUIDField(null=True)
    text = models.TextField(blank=True)
    summary = models.ForeignKey(Summary, models.SET_NULL, null=True, related_name="+")

    reasoning = models.TextField(blank=True)
    reasoning_ms = models.PositiveIntegerField(null=True)
    model = models.CharField(max_length=120, blank=True)
    served_by = models.CharField(max_length=120, blank=True)
    fallback_reason = models.CharField(max_length=200, blank=True)
    finish_reason = models.CharField(max_length=40, blank=True)
    first_token_ms = models.PositiveIntegerField(null=True)
    tokens_in = models.PositiveIntegerField(default=0)
    tokens_out = models.PositiveIntegerField(default=0)
    tokens_cached = models.PositiveIntegerField(default=0)
    tokens_reasoning = models.PositiveIntegerField(default=0)
    cost = models.PositiveBigIntegerField(default=0)
    cost_source = models.CharField(max_length=10, blank=True)
    column = models.PositiveSmallIntegerField(default=0)
    undecided = models.BooleanField(default=False)
    citations = models.JSONField(default=list)

    objects = MessageQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=("author", "request_id"),
                condition=Q(request_id__isnull=False),
                name="one_message_a_click",
            ),
            models.UniqueConstraint(
                fields=("conversation", "column"),
                condition=Q(status__in=UNFINISHED),
                name="one_reply_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(column__lt=MOST_BESIDE), name="so_many_replies_beside"
            ),
        ]
        indexes = [
            models.Index(
                fields=("heartbeat_at",),
                condition=Q(status=RunStatus.RUNNING),
                name="message_running",
            )
        ]

    def __str__(self) -> str:
        return f"Message {self.pk}"

    @property
    def is_reply(self) -> bool:
        """Return whether a model writes or wrote this."""
        return self.role == Role.ASSISTANT

    @property
    def reasoning_duration(self) -> float | None:
        """Return how long the model thought, in seconds."""
        return None if self.reasoning_ms is None else self.reasoning_ms / 1000

    @property
    def can_continue(self) -> bool:
        """Return whether the reply ended early and a model can be asked to go on."""
        ended_early = self.status in {
            RunStatus.CANCELLED,
            RunStatus.INTERRUPTED,
            RunStatus.FAILED,
        }
        was_cut = self.finish_reason == "length"
        return bool(self.text) and (was_cut or ended_early)

    def keep(self, **facts: Any) -> bool:
        """Write what had arrived of a reply that was stopped, or given up for dead, in the meantime."""
        return self._move((RunStatus.CANCELLED, RunStatus.INTERRUPTED), fenced=True, **facts)

    @staticmethod
    def used(usage: Usage | None) -> dict[str, Any]:
        """Return what a reply used, as facts of its row."""
        if usage is None:
            return {}
        return {
            "tokens_in": usage.tokens_in,
            "tokens_out": usage.tokens_out,
            "tokens_cached": usage.tokens_cached,
            "tokens_reasoning": usage.tokens_reasoning,
            "cost": usage.cost,
            "cost_source": usage.cost_source,
        }
