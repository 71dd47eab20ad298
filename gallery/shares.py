"""Shares: one picture or a collection, open to everybody who has the link, until it ends."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from venice_site.accounts.models import User


def digest_of(token: str) -> str:
    """Return what is kept of a token: enough to know it again, not enough to make the link."""
    return sha256(token.encode()).hexdigest()


class ShareQuerySet(models.QuerySet["Share"]):
    """Shares by the names people say."""

    def visible_to(self, user: User) -> Self:
        """Return the links that a person made and did not end, newest first."""
        made = self.filter(owner=user, ended_at=None).order_by("-pk")
        return made.select_related("image__generation", "collection")

    def editable_by(self, user: User) -> Self:
        """Return the links that a person may end: their own, and those to their pictures."""
        return self.filter(Q(owner=user) | Q(image__user=user), ended_at=None)

    def open_at(self, now: datetime) -> Self:
        """Return the links whose time is not over; what is behind them may be gone nevertheless."""
        is_in_time = Q(expires_at=None) | Q(expires_at__gt=now)
        return self.filter(is_in_time, ended_at=None, owner__is_active=True)


class Share(models.Model):
    """A link to what its owner may see: who has it sees no more than that, and nobody's name.

    `of_private`: the picture was its owner's alone when they shared it. A picture that is made private
    later is not shown any more.
    """

    owner = models.ForeignKey(User, models.CASCADE, related_name="+")
    image = models.ForeignKey("gallery.Image", models.CASCADE, null=True, related_name="shares")
    collection = models.ForeignKey(
        "gallery.Collection", models.CASCADE, null=True, related_name="shares"
    )
    digest = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the token.")
    of_private = models.BooleanField(default=False)
    shows_prompt = models.BooleanField(default=False)
    with_data = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    uses = models.PositiveIntegerField(default=0)
    last_used_at = models.DateTimeField(null=True)

    objects = ShareQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(image=None, collection__isnull=False)
                | Q(image__isnull=False, collection=None),
                name="share_of_one_thing",
            )
        ]
        indexes = [
            models.Index(fields=("owner", "-id"), condition=Q(ended_at=None), name="share_owner")
        ]

    def __str__(self) -> str:
        return f"Share {self.pk}"

    @property
    def has_expired(self) -> bool:
        """Return whether the link works no more because its time is over."""
        return self.expires_at is not None and self.expires_at <= timezone.now()

    def end(self) -> None:
        """Let the link work no more. Ending twice is ending once."""
        Share.objects.filter(pk=self.pk, ended_at=None).update(ended_at=timezone.now())

    def count_use(self) -> None:
        """Remember that somebody opened the link."""
        Share.objects.filter(pk=self.pk).update(uses=F("uses") + 1, last_used_at=timezone.now())
