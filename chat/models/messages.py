"""Messages: what people ask and what models reply."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from chat.summaries import Summary
from venice_site.accounts.models import User
from venice_site.venice.runs import UNFINISHED, Run, RunQuerySet, RunStatus
from venice_site.venice.types import Usage

MOST_BESIDE = 4  # replies to one question that are written at once, side by side


class Role(models.TextChoices):
    """Who speaks in a message."""

    USER = "user", "You"
    ASSISTANT = "assistant", "Model"


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

    conversation = models.ForeignKey("Conversation", models.CASCADE, related_name="messages")
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
