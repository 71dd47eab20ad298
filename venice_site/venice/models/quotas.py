"""Quotas, and how much of each is used in each window of time. Money is integer micro-USD."""

from __future__ import annotations

from django.contrib.auth.models import Group
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from venice_site.accounts.models import User
from venice_site.venice.models.keys import ApiKey


class Who(models.TextChoices):
    """Whose use a quota counts."""

    TEAM = "everyone", "Everyone together"
    EACH = "each", "Each person by themselves"
    GROUP = "group", "A group together"
    PERSON = "person", "One person"
    KEY = "key", "One key"


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


def _names(who: Who, subject: str = "") -> Q:
    """Return the condition that a quota of this kind names its own subject and no other."""
    subjects = ("group", "person", "key")
    return Q(who=who, **{f"{name}__isnull": name != subject for name in subjects})


class Quota(models.Model):
    """A limit of a metric per period; every quota that applies to a person must have room.

    Limits of cost are in micro-USD. A quota of a key has no say in who may ask: where it is used up, another
    key is taken. `warn_at` is the share in percent from which on it is said that little is left.
    """

    who = models.CharField(max_length=10, choices=Who, default=Who.TEAM)
    group = models.ForeignKey(Group, models.CASCADE, null=True, blank=True)
    person = models.ForeignKey(User, models.CASCADE, null=True, blank=True)
    key = models.ForeignKey(ApiKey, models.CASCADE, null=True, blank=True, related_name="quotas")
    metric = models.CharField(max_length=10, choices=Metric, default=Metric.REQUESTS)
    period = models.CharField(max_length=10, choices=Period, default=Period.DAY)
    limit = models.PositiveBigIntegerField()
    warn_at = models.PositiveSmallIntegerField(
        "Warn at",
        default=80,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
        help_text="Percent used from which on people and administrators are warned.",
    )
    time_zone = models.CharField(max_length=60, default="UTC")
    enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("who", "metric", "period")
        constraints = [
            models.CheckConstraint(
                name="quota_names_its_subject",
                condition=_names(Who.GROUP, "group")
                | _names(Who.PERSON, "person")
                | _names(Who.KEY, "key")
                | _names(Who.TEAM)
                | _names(Who.EACH),
            )
        ]

    def __str__(self) -> str:
        article = "an" if self.period == Period.HOUR else "a"
        return f"{self.amount(self.limit)} {article} {self.period}, {self.subject_name}"

    @property
    def subject_name(self) -> str:
        """Return whose use is counted, as said in a sentence."""
        match self.who:
            case Who.GROUP:
                return f"the group {self.group}"
            case Who.PERSON:
                return str(self.person)
            case Who.KEY:
                return f"the key {self.key}"
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
