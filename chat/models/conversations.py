"""Conversations: whose they are, where they are listed, and how long they stay."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cached_property

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.db.models import BooleanField, Exists, ExpressionWrapper, F, OuterRef, Q
from django.urls import reverse
from django.utils import timezone

from chat import branches
from chat.attachments import Attachment, delete_files
from chat.folders import Folder
from chat.models.messages import Message
from chat.models.outline import Outline
from chat.personas import WebSearch
from venice_site import statements
from venice_site.accounts.models import User
from venice_site.statements import Statement, gap

TITLE_LENGTH = 60
JOINERS = "\u200c\u200d"  # unseen, but words of many scripts and whole families of emoji need them
TITLE_IS_AWAITED = timedelta(minutes=2)  # how long the list asks again for a model's title
TEMPORARY_FOR = timedelta(hours=1)  # a temporary conversation lives so long after its last use
CLOSED_FOR = timedelta(minutes=1)  # … and so long after its page was closed
UNDO_FOR = timedelta(hours=1)  # a deleted conversation can be brought back this long


NEWS = Statement(
    lambda: Conversation.objects.filter(
        pk=gap("pk"), tip__finished_at__gt=F("read_at")
    ).values_list("pk")
)
PAIRS = Statement(
    lambda: (
        Message.objects.filter(conversation=gap("conversation"))
        .order_by("pk")
        .values_list("pk", "parent_id")
    )
)


class TitleSource(models.TextChoices):
    """Who gave a conversation its title; a person's is never overwritten."""

    QUESTION = "question", "First words"
    MODEL = "model", "Model"
    PERSON = "person", "Person"


class ConversationQuerySet(models.QuerySet["Conversation"]):
    """Conversations by the names people say."""

    def visible_to(self, user: User) -> ConversationQuerySet:
        """Return the conversations that a person may read: their own."""
        return self.filter(owner=user, deleted_at=None)

    def listed(self) -> ConversationQuerySet:
        """Return what belongs into lists and search: neither put away nor temporary."""
        return self.filter(archived_at=None, temporary_until=None)

    def readable_by(self, user: User) -> ConversationQuerySet:
        """Return what a person may read and nothing more: their own, and what is shared with the team.

        What a suspended person shares rests until they come back.
        """
        shared = Q(shared_at__isnull=False, owner__is_active=True)
        return self.filter(Q(owner=user) | shared, deleted_at=None)

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
        if NEWS.first(pk=self.pk):
            statements.update(Conversation, {"pk": self.pk}, {"read_at": timezone.now()})

    def keep(self, changed: Mapping[str, str]) -> None:
        """Write fields that were set; the others stay as another request may have left them."""
        if changed:
            Conversation.objects.filter(pk=self.pk).update(**changed)

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
    def outline(self) -> Outline:
        """Return what a page has to know of every message; read once, for those who only look."""
        return Outline.of(self.pk)

    @cached_property
    def tree(self) -> branches.Tree:
        """Return which message answers which, without reading any body; read once."""
        if "outline" in self.__dict__:
            return self.outline.tree
        return branches.Tree(PAIRS.all(conversation=self.pk))

    def grow(self, *messages: Message) -> None:
        """Let a tree that was read already know messages that were written since."""
        if "tree" in self.__dict__:
            for message in messages:
                self.tree.add(message.pk, message.parent_id)


def shortened(text: str) -> str:
    """Return the first words of a text, at most as long as a title, on one line."""
    shown = "".join(c if c.isprintable() or c in JOINERS else " " for c in text[:1000])
    words = " ".join(shown.split())
    if not words.strip(JOINERS + " "):
        return ""
    if len(words) <= TITLE_LENGTH:
        return words
    cut = words[: TITLE_LENGTH - 1]
    cut = cut.rsplit(" ", 1)[0] if " " in cut[20:] else cut
    return cut.rstrip(f" ,.;:{JOINERS}") + "…"
