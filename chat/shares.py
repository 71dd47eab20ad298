"""Shares: what one conversation looked like, open to everybody who has the link, until it ends."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from venice_site.accounts.models import User
from venice_site.tokens import new_token


class ShareQuerySet(models.QuerySet["Share"]):
    """Shares by the names people say."""

    def open_at(self, now: datetime) -> ShareQuerySet:
        """Return the shares whose links work; those of a suspended person rest."""
        is_in_time = Q(expires_at=None) | Q(expires_at__gt=now)
        return self.filter(
            is_in_time, conversation__deleted_at=None, conversation__owner__is_active=True
        )

    def visible_to(self, user: User) -> ShareQuerySet:
        """Return the shares that a person made, without their snapshots, newest first."""
        made = self.filter(conversation__owner=user, conversation__deleted_at=None)
        return made.select_related("conversation").defer("turns").order_by("-pk")


class Share(models.Model):
    """A snapshot of one branch: what is said later is not in it, until its owner updates it on purpose.

    `turns` is a list of what `sharing` writes; nothing of it names people, thinking or our ids.
    """

    conversation = models.OneToOneField("Conversation", models.CASCADE, related_name="share")
    token = models.CharField(max_length=64, unique=True, default=new_token, editable=False)
    title = models.CharField(max_length=60)
    turns: models.JSONField[Any, list[dict[str, Any]]] = models.JSONField(default=list)
    taken_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True)

    objects = ShareQuerySet.as_manager()

    def __str__(self) -> str:
        return f"Share of conversation {self.conversation_id}"

    def get_absolute_url(self) -> str:
        """Return the address that everybody who has it can open."""
        return reverse("chat:shared", args=[self.token])

    @property
    def has_expired(self) -> bool:
        """Return whether the link works no more because its time is over."""
        return self.expires_at is not None and self.expires_at <= timezone.now()
