"""Keys, quotas, the ledger and the catalogue as rows. Money is integer micro-USD everywhere."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.contrib.auth.models import Group
from django.db import models
from django.db.models import Q
from django.utils import timezone

from venice_site.accounts.models import User
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
    A cooldown is only ever lengthened.
    """

    scope = models.CharField(max_length=100)
    model = models.CharField(max_length=120, blank=True)
    until = models.DateTimeField()
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=("scope", "model"), name="one_cooldown_a_scope")
        ]

    def __str__(self) -> str:
        return f"{self.scope} {self.model} until {self.until:%H:%M:%S}"


class Who(models.TextChoices):
    """Whose use a quota counts."""

    TEAM = "everyone", "Everyone together"
    EACH = "each", "Each person by themselves"
    GROUP = "group", "A group together"
    PERSON = "person", "One person"


class Metric(models.TextChoices):
    """What a quota counts."""

    REQUESTS = "requests", "Requests"
    IMAGES = "images", "Images"
    TOKENS = "tokens", "Tokens"
    COST = "cost", "Cost"


class Period(models.TextChoices):
    """How often a quota begins again."""

    MINUTE = "minute", "Minute"
    HOUR = "hour", "Hour"
    DAY = "day", "Day"
    MONTH = "month", "Month"


class Quota(models.Model):
    """A limit of a metric per period; every quota that applies to a person must have room.

    Limits of cost are in micro-USD.
    """

    who = models.CharField(max_length=10, choices=Who, default=Who.TEAM)
    group = models.ForeignKey(Group, models.CASCADE, null=True, blank=True)
    person = models.ForeignKey(User, models.CASCADE, null=True, blank=True)
    metric = models.CharField(max_length=10, choices=Metric, default=Metric.REQUESTS)
    period = models.CharField(max_length=10, choices=Period, default=Period.DAY)
    limit = models.PositiveBigIntegerField()
    time_zone = models.CharField(max_length=60, default="UTC")
    enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("who", "metric", "period")
        constraints = [
            models.CheckConstraint(
                name="quota_names_its_subject",
                condition=Q(who=Who.GROUP, group__isnull=False, person__isnull=True)
                | Q(who=Who.PERSON, person__isnull=False, group__isnull=True)
                | Q(who__in=[Who.TEAM, Who.EACH], group__isnull=True, person__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return f"{self.amount(self.limit)} a {self.period}, {self.subject_name}"

    @property
    def subject_name(self) -> str:
        """Return whose use is counted, as said in a sentence."""
        match self.who:
            case Who.GROUP:
                return f"the group {self.group}"
            case Who.PERSON:
                return str(self.person)
            case Who.EACH:
                return "each person"
            case _:
                return "everyone together"

    def amount(self, number: int) -> str:
        """Return a number of this quota's metric in words."""
        if self.metric == Metric.COST:
            return f"${number / 1_000_000:.2f}"
        word = self.metric[:-1] if number == 1 else self.metric
        return f"{number:,} {word}"


class QuotaBucket(models.Model):
    """What is used and reserved of one quota, or of one key's day, in one window of time."""

    quota = models.ForeignKey(Quota, models.CASCADE, null=True, related_name="buckets")
    key = models.ForeignKey(ApiKey, models.CASCADE, null=True, related_name="buckets")
    subject = models.CharField(max_length=60)
    window_start = models.DateTimeField()
    window_end = models.DateTimeField()
    used = models.BigIntegerField(default=0)
    reserved = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=("subject", "window_start"), name="one_bucket_a_window"),
            models.CheckConstraint(condition=Q(used__gte=0), name="used_is_not_negative"),
            models.CheckConstraint(condition=Q(reserved__gte=0), name="reserved_is_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.subject} from {self.window_start:%Y-%m-%d %H:%M}"


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
    """What one call holds of one bucket until it is settled or released."""

    call = models.ForeignKey(Call, models.CASCADE, related_name="holds")
    bucket = models.ForeignKey(QuotaBucket, models.CASCADE, related_name="holds")
    metric = models.CharField(max_length=10, choices=Metric)
    amount = models.BigIntegerField()
    charged = models.BigIntegerField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=("call", "bucket"), name="one_hold_a_bucket")]

    def __str__(self) -> str:
        return f"{self.amount} {self.metric}"


class AttemptQuerySet(models.QuerySet["Attempt"]):
    """Attempts by the names people say."""

    def in_flight(self, now: datetime) -> AttemptQuerySet:
        """Return the attempts that occupy a place of their key now."""
        return self.filter(ended_at=None, expires_at__gt=now)

    def failures_since(self, accounts: Iterable[str], since: datetime) -> AttemptQuerySet:
        """Return the accounts' attempts that Venice counts as failures (contract 5.2)."""
        return self.filter(account__in=accounts, ended_at__gte=since, counts_as_failure=True)


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

    objects = AttemptQuerySet.as_manager()

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
        ]

    def __str__(self) -> str:
        return f"attempt {self.number} with {self.key_label or 'the stand-in'}"


class CatalogueEntry(models.Model):
    """A model, or a style, as Venice (or the local stand-in) last described it."""

    simulated = models.BooleanField(default=False)
    kind = models.CharField(max_length=20)
    name = models.CharField(max_length=120)
    position = models.PositiveIntegerField(default=0)
    data = models.JSONField(default=dict)
    refreshed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "catalogue entries"
        ordering = ("kind", "position")
        constraints = [
            models.UniqueConstraint(fields=("simulated", "kind", "name"), name="one_entry_a_name")
        ]

    def __str__(self) -> str:
        return self.name


class Announcement(models.Model):
    """A sentence that administrators show to everyone in the band at the top."""

    text = models.CharField(max_length=300)
    enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return self.text
