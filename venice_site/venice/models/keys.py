"""The team's Venice keys, what Venice let us know of them, and who rests."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.utils import timezone

from venice_site.venice import secrets


class KeyState(models.TextChoices):
    """What Venice last let us know of a key, apart from whether the administrator wants it used."""

    ACTIVE = "active", "Active"
    REFUSED = "refused", "Refused by Venice"
    OUT_OF_CREDIT = "out-of-credit", "Out of credit"
    SPEND_CAPPED = "spend-capped", "Spending limit reached"
    UNDECRYPTABLE = "undecryptable", "Cannot be decrypted"


class KeySource(models.TextChoices):
    """Where a key came from."""

    PANEL = "panel", "Admin panel"
    ENVIRONMENT = "environment", "Environment"


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    """Keys by the names people say."""

    def enabled(self) -> ApiKeyQuerySet:
        """Return the keys that an administrator wants used."""
        return self.filter(enabled=True)


class ApiKey(models.Model):
    """A Venice key of the team; the secret goes in and never comes out again."""

    name = models.CharField(max_length=80)
    account = models.CharField(
        max_length=80,
        default="main",
        help_text="Keys of one Venice account share its limits; give them the same label.",
    )
    ciphertext = models.TextField(editable=False)
    fingerprint = models.CharField(max_length=64, unique=True, editable=False)
    last_four = models.CharField(max_length=4, editable=False)
    source = models.CharField(
        max_length=12, choices=KeySource, default=KeySource.PANEL, editable=False
    )
    enabled = models.BooleanField(
        default=True, help_text="Switch off to keep the key but not use it."
    )
    state = models.CharField(
        max_length=16, choices=KeyState, default=KeyState.ACTIVE, editable=False
    )
    state_reason = models.CharField(max_length=300, blank=True, editable=False)
    state_since = models.DateTimeField(default=timezone.now, editable=False)
    retry_at = models.DateTimeField(null=True, blank=True, editable=False)
    priority = models.SmallIntegerField(default=0, help_text="Higher is used first.")
    daily_limit = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="Requests a day (UTC). Venice's tiers: free 100, pro 1000. Empty: no limit.",
    )
    max_in_flight = models.PositiveSmallIntegerField(
        default=512, help_text="Requests at the same time at the most."
    )
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    answered_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When Venice last answered it well."
    )
    checked_at = models.DateTimeField(null=True, blank=True, editable=False)
    balance_usd = models.DecimalField(
        max_digits=14, decimal_places=4, null=True, blank=True, editable=False
    )
    balance_diem = models.DecimalField(
        max_digits=14, decimal_places=4, null=True, blank=True, editable=False
    )
    rate_limits = models.JSONField(default=dict, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        verbose_name = "key"
        ordering = ("-priority", "name")

    def __str__(self) -> str:
        return f"{self.name} ({self.masked})"

    @property
    def masked(self) -> str:
        """Return what may be shown of the secret."""
        return f"…{self.last_four}"

    def put_secret(self, secret: str) -> None:
        """Take a new secret in, encrypted; does not save. The state starts afresh."""
        self.ciphertext = secrets.encrypt(secret)
        self.fingerprint = secrets.fingerprint(secret)
        self.last_four = secret[-4:]
        self.state, self.state_reason = KeyState.ACTIVE, ""
        self.state_since, self.retry_at = timezone.now(), None

    def secret(self) -> str:
        """Return the secret, to be sent to Venice and nowhere else.

        Raises `secrets.Undecryptable` when the key ring has changed.
        """
        return secrets.decrypt(self.ciphertext)

    def mark(self, state: KeyState, reason: str, *, retry_at: datetime | None = None) -> None:
        """Record what Venice let us know of this key."""
        now = timezone.now()
        ApiKey.objects.filter(pk=self.pk, fingerprint=self.fingerprint).update(
            state=state, state_reason=reason[:300], state_since=now, retry_at=retry_at
        )


class Cooldown(models.Model):
    """A rest until a moment: for a key, an account or everyone, for one model or for all of them.

    `scope` is "key:<id>", "account:<label>" or "everyone"; an empty model means every model.
    A cooldown is only ever lengthened. When it is over, one request goes first (`probe_until` keeps the
    others back for a moment), and a good answer removes the row. `times` counts how often a failing
    model has rested before, without a good answer in between.
    """

    scope = models.CharField(max_length=100)
    model = models.CharField(max_length=120, blank=True)
    until = models.DateTimeField()
    probe_until = models.DateTimeField(null=True, blank=True)
    times = models.PositiveSmallIntegerField(default=0)
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=("scope", "model"), name="one_cooldown_a_scope")
        ]

    def __str__(self) -> str:
        return f"{self.scope} {self.model} until {self.until:%H:%M:%S}"
