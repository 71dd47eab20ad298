"""Keys, quotas, ledger and announcements in the admin panel."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html

from venice_site.venice import secrets, service
from venice_site.venice.catalogue_admin import CatalogueEntryAdmin
from venice_site.venice.models import (
    Announcement,
    ApiKey,
    Attempt,
    Call,
    CatalogueEntry,
    KeyState,
    Metric,
    Notice,
    Period,
    Quota,
    QuotaBucket,
)
from venice_site.venice.read_only import ReadOnly
from venice_site.venice.types import MICRO
from venice_site.venice.windows import window


class ApiKeyForm(forms.ModelForm[ApiKey]):
    """A key; the secret is write-only."""

    secret = forms.CharField(
        required=False,
        strip=True,
        max_length=500,
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "size": 60}),
        help_text="Kept encrypted; it is never shown again.",
    )

    class Meta:
        model = ApiKey
        fields = (
            "name",
            "secret",
            "account",
            "enabled",
            "priority",
            "daily_limit",
            "max_in_flight",
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            kept = f"The secret in use ends in {self.instance.last_four}. Leave empty to keep it."
            self.fields["secret"].help_text = kept

    def clean_secret(self) -> str:
        """Check that a new key has a secret, and that no other key has the same."""
        secret = str(self.cleaned_data["secret"])
        if not secret and not self.instance.pk:
            raise forms.ValidationError("Paste the key that Venice gave you.")
        if any(character.isspace() for character in secret) or not secret.isascii():
            raise forms.ValidationError("A key has no spaces and only plain letters and digits.")
        same = ApiKey.objects.filter(fingerprint=secrets.fingerprint(secret))
        if secret and same.exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError("This key is in the pool already.")
        return secret

    def save(self, commit: bool = True) -> ApiKey:
        """Take the new secret in, if there is one."""
        if secret := self.cleaned_data["secret"]:
            self.instance.put_secret(secret)
        return super().save(commit)


@admin.register(ApiKey)
class ApiKeyAdmin(admin.ModelAdmin[ApiKey]):
    """The pool of keys."""

    form = ApiKeyForm
    list_display = (
        "name", "masked", "account", "enabled", "health", "used_today", "balance", "priority", "last_used_at",
    )  # fmt: skip
    list_filter = ("enabled", "state", "account", "source")
    search_fields = ("name", "account", "last_four")
    readonly_fields = (
        "masked", "source", "health", "used_today", "balance", "rate_limits", "last_used_at", "checked_at", "test",
    )  # fmt: skip
    actions = ("test_selected",)

    def get_fieldsets(self, request: HttpRequest, obj: ApiKey | None = None) -> Any:
        """Show what Venice let us know only for a key that exists."""
        wish = (None, {"fields": ("name", "secret", "account", "enabled")})
        limits = ("Limits", {"fields": ("priority", "daily_limit", "max_in_flight")})
        known = ("What Venice says", {"fields": self.readonly_fields})
        return [wish, limits, known] if obj else [wish, limits]

    def get_urls(self) -> list[URLPattern]:
        """Add the address behind the test button."""
        test = path(
            "<int:key_id>/test/",
            self.admin_site.admin_view(self.test_one),
            name="venice_apikey_test",
        )
        return [test, *super().get_urls()]

    @admin.display(description="State", ordering="state")
    def health(self, key: ApiKey) -> str:
        """Return the state with its reason and since when."""
        if key.state == KeyState.ACTIVE:
            return "Active"
        since = timezone.localtime(key.state_since)
        return f"{key.get_state_display()} since {since:%-d %b %H:%M}. {key.state_reason}"

    @admin.display(description="Used today")
    def used_today(self, key: ApiKey) -> str:
        """Return the day's requests of a key that has a daily limit."""
        if key.daily_limit is None:
            return "no limit"
        start, _ = window(Period.DAY, "UTC", timezone.now())
        bucket = QuotaBucket.objects.filter(subject=f"key:{key.pk}", window_start=start).first()
        return f"{bucket.used if bucket else 0} of {key.daily_limit}"

    @admin.display(description="Balance")
    def balance(self, key: ApiKey) -> str:
        """Return what Venice last said the key may spend."""
        known = [
            f"${key.balance_usd:.2f}" if key.balance_usd is not None else "",
            f"{key.balance_diem:.2f} DIEM" if key.balance_diem is not None else "",
        ]
        return ", ".join(part for part in known if part) or "not known yet"

    @admin.display(description="Test")
    def test(self, key: ApiKey) -> str:
        """Return the button that asks Venice about this key; it sits in the form of the page."""
        address = reverse("admin:venice_apikey_test", args=[key.pk])
        return format_html(
            '<button type="submit" class="button" formaction="{}" formnovalidate>Test this key</button>',
            address,
        )

    def test_one(self, request: HttpRequest, key_id: int) -> HttpResponse:
        """Ask Venice about one key and say what it answered."""
        key = self.get_object(request, str(key_id))
        if key and request.method == "POST":
            self._say(request, key)
        return HttpResponseRedirect(reverse("admin:venice_apikey_change", args=[key_id]))

    @admin.action(description="Test the selected keys")
    def test_selected(self, request: HttpRequest, keys: QuerySet[ApiKey]) -> None:
        """Ask Venice about each selected key."""
        for key in keys:
            self._say(request, key)

    def _say(self, request: HttpRequest, key: ApiKey) -> None:
        sentence = service.check_key(key)
        key.refresh_from_db()
        good = key.state == KeyState.ACTIVE and sentence.startswith("This key works")
        self.message_user(
            request, f"{key}: {sentence}", messages.SUCCESS if good else messages.ERROR
        )


class QuotaForm(forms.ModelForm[Quota]):
    """A quota; limits of cost are typed in US dollars."""

    amount = forms.DecimalField(
        label="Limit",
        min_value=0,
        max_digits=14,
        decimal_places=4,
        help_text="A whole number; for cost, US dollars.",
    )
    time_zone = forms.ChoiceField(
        choices=lambda: [(zone, zone) for zone in sorted(available_timezones())],
        initial="UTC",
        help_text="Days and months begin at midnight here.",
    )

    class Meta:
        model = Quota
        fields = (
            "who",
            "group",
            "person",
            "key",
            "metric",
            "amount",
            "period",
            "time_zone",
            "warn_at",
            "enabled",
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            unit = MICRO if self.instance.metric == Metric.COST else 1
            self.initial["amount"] = Decimal(self.instance.limit) / unit

    def clean(self) -> dict[str, Any]:
        """Check that the quota names its subject and that the limit is a number of its metric."""
        found = super().clean() or {}
        who = found.get("who")
        for field in ("group", "person", "key"):
            if who == field and not found.get(field):
                self.add_error(field, f"Choose the {field} whose use is counted.")
            if who != field:
                found[field] = None
        amount, metric = found.get("amount"), found.get("metric")
        if amount is not None and metric != Metric.COST and amount != int(amount):
            self.add_error("amount", "This is counted in whole numbers.")
        return found

    def save(self, commit: bool = True) -> Quota:
        """Keep the limit in whole units, micro-USD for cost."""
        unit = MICRO if self.cleaned_data["metric"] == Metric.COST else 1
        self.instance.limit = int(self.cleaned_data["amount"] * unit)
        return super().save(commit)


@admin.register(Quota)
class QuotaAdmin(admin.ModelAdmin[Quota]):
    """The quotas and how much of each is used in its present window."""

    form = QuotaForm
    list_display = ("__str__", "who", "used_now", "enabled")
    list_filter = ("enabled", "who", "metric", "period")
    list_select_related = ("group", "person", "key")
    autocomplete_fields = ("person",)

    @admin.display(description="Used now")
    def used_now(self, quota: Quota) -> str:
        """Return the use in the present window; for a quota of each person, the highest."""
        start, _ = window(quota.period, quota.time_zone, timezone.now())
        taken = [
            bucket.used + bucket.reserved
            for bucket in QuotaBucket.objects.filter(quota=quota, window_start=start)
        ]
        return quota.amount(max(taken, default=0))


class AttemptInline(ReadOnly, admin.TabularInline[Attempt, Call]):
    """What each try of a call met."""

    model = Attempt
    fields = (
        "number",
        "key_label",
        "model",
        "outcome",
        "status",
        "detail",
        "waited_ms",
        "duration_ms",
    )
    readonly_fields = fields
    extra = 0


@admin.register(Call)
class CallAdmin(ReadOnly, admin.ModelAdmin[Call]):
    """The ledger."""

    list_display = (
        "id", "created_at", "user", "kind", "model", "state", "images", "tokens", "dollars", "error_kind",
        "may_be_charged", "simulated",
    )  # fmt: skip
    list_filter = ("kind", "state", "may_be_charged", "simulated", "error_kind", "created_at")
    list_select_related = ("user",)
    search_fields = ("user__username", "model", "request_id")
    date_hierarchy = "created_at"
    show_full_result_count = False
    inlines = (AttemptInline,)

    @admin.display
    def tokens(self, call: Call) -> int:
        """Return input and output tokens together."""
        return call.tokens_in + call.tokens_out

    @admin.display(description="Cost", ordering="cost")
    def dollars(self, call: Call) -> str:
        """Return the cost in US dollars and where it is known from."""
        return f"${call.cost / MICRO:.4f} ({call.cost_source})" if call.cost_source else "none"


admin.site.register(CatalogueEntry, CatalogueEntryAdmin)


@admin.register(Announcement)
class AnnouncementAdmin(admin.ModelAdmin[Announcement]):
    """The sentence in the band at the top."""

    list_display = ("text", "enabled", "created_at")


@admin.register(Notice)
class NoticeAdmin(ReadOnly, admin.ModelAdmin[Notice]):
    """What an administrator should know: keys in trouble, quotas that run out."""

    list_display = ("text", "created_at", "settled_at")
    list_filter = (("settled_at", admin.EmptyFieldListFilter), "created_at")
    actions = ("settle",)

    @admin.action(
        description="Done: do not show the selected notices any more", permissions=["view"]
    )
    def settle(self, request: HttpRequest, notices: QuerySet[Notice]) -> None:
        """Say that these matters have been dealt with."""
        done = notices.filter(settled_at=None).update(settled_at=timezone.now())
        self.message_user(request, f"Done: {done}.", messages.SUCCESS)
