"""The ledger: one line an operation, what it held, and what each of its attempts met."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from venice_site.accounts.models import User
from venice_site.venice.models.keys import ApiKey
from venice_site.venice.models.quotas import Metric, QuotaBucket


class CallState(models.TextChoices):
    """How far a line of the ledger has come; only `reserved` can still change."""

    RESERVED = "reserved", "Reserved"
    SETTLED = "settled", "Settled"
    RELEASED = "released", "Released"


class CallKind(models.TextChoices):
    """What was asked of Venice."""

    IMAGE = "image", "Image"
    EDIT = "edit", "Edit"
    UPSCALE = "upscale", "Enlargement"
    CUTOUT = "cutout", "Cut-out"
    REPLY = "reply", "Reply"
    TITLE = "title", "Title"
    SUMMARY = "summary", "Summary"


class Call(models.Model):
    """A line in the ledger: one operation, reserved before it is sent and settled or released after.

    `dispatched_at` is set just before the first byte may reach Venice: a call that was never
    dispatched cannot have been charged.
    """

    user = models.ForeignKey(User, models.PROTECT, related_name="calls")
    kind = models.CharField(max_length=10, choices=CallKind)
    state = models.CharField(max_length=10, choices=CallState, default=CallState.RESERVED)
    model = models.CharField(max_length=120)
    served_by = models.CharField("model that answered", max_length=120, blank=True)
    fallback_reason = models.CharField(max_length=200, blank=True)
    simulated = models.BooleanField(default=False, help_text="Answered by the local stand-in.")
    images = models.PositiveIntegerField(default=0)
    tokens_in = models.PositiveBigIntegerField(default=0)
    tokens_out = models.PositiveBigIntegerField(default=0)
    tokens_cached = models.PositiveBigIntegerField(default=0)
    cost = models.PositiveBigIntegerField("cost in micro-USD", default=0)
    cost_source = models.CharField(max_length=10, blank=True)
    may_be_charged = models.BooleanField(
        default=False, help_text="No answer came; Venice may have charged for it all the same."
    )
    error_kind = models.CharField(max_length=20, blank=True)
    request_id = models.CharField(max_length=80, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    dispatched_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(
        help_text="When the reservation is swept if nothing settles it."
    )

    class Meta:
        ordering = ("-id",)
        indexes = [
            models.Index(fields=("user", "-created_at"), name="call_user_created"),
            models.Index(
                fields=("expires_at",), condition=Q(state="reserved"), name="call_reserved_expires"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} by {self.model}"


class Hold(models.Model):
    """What one call holds of one bucket until it is settled or released.

    `rank` says how widely the bucket is shared; buckets are always taken by rank, then by number.
    """

    call = models.ForeignKey(Call, models.CASCADE, related_name="holds")
    bucket = models.ForeignKey(QuotaBucket, models.CASCADE, related_name="holds")
    metric = models.CharField(max_length=10, choices=Metric)
    rank = models.PositiveSmallIntegerField(default=0)
    amount = models.BigIntegerField()
    charged = models.BigIntegerField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=("call", "bucket"), name="one_hold_a_bucket")]

    def __str__(self) -> str:
        return f"{self.amount} {self.metric}"


class Attempt(models.Model):
    """One try of a call with one key; while it is open it is also the key's lease."""

    call = models.ForeignKey(Call, models.CASCADE, related_name="attempts")
    number = models.PositiveSmallIntegerField()
    key = models.ForeignKey(ApiKey, models.SET_NULL, null=True, related_name="attempts")
    account = models.CharField(max_length=80, blank=True)
    key_label = models.CharField(max_length=100, blank=True)
    model = models.CharField(max_length=120)
    started_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField()
    status = models.PositiveSmallIntegerField("HTTP status", null=True, blank=True)
    outcome = models.CharField(max_length=20, blank=True)
    detail = models.CharField(max_length=500, blank=True)
    counts_as_failure = models.BooleanField(default=False)
    waited_ms = models.PositiveIntegerField(default=0)
    duration_ms = models.PositiveIntegerField(null=True, blank=True)
    request_id = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ("call", "number")
        constraints = [
            models.UniqueConstraint(fields=("call", "number"), name="one_attempt_a_number")
        ]
        indexes = [
            models.Index(
                fields=("account", "ended_at"),
                condition=Q(counts_as_failure=True),
                name="attempt_failures",
            ),
            models.Index(fields=("key",), condition=Q(ended_at=None), name="attempt_in_flight"),
            models.Index(fields=("model", "ended_at"), name="attempt_of_model"),
        ]

    def __str__(self) -> str:
        return f"attempt {self.number} with {self.key_label or 'the stand-in'}"
