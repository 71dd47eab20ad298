"""The catalogue in the admin panel."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from venice_site.venice.catalogue import KINDS
from venice_site.venice.entries import read_model
from venice_site.venice.labels import abilities_label, price_label
from venice_site.venice.models import CatalogueEntry
from venice_site.venice.read_only import ReadOnly


class PrivacyFilter(admin.SimpleListFilter):
    """By what Venice says of privacy, in its own words."""

    title = "privacy"
    parameter_name = "privacy"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the words that are in use."""
        rows = CatalogueEntry.objects.filter(kind__in=KINDS)
        words = rows.order_by().values_list("data__model_spec__privacy", flat=True).distinct()
        return [(word, word) for word in sorted(w for w in words if isinstance(w, str))]

    def queryset(
        self, request: HttpRequest, entries: QuerySet[CatalogueEntry]
    ) -> QuerySet[CatalogueEntry]:
        """Return the models of this privacy."""
        word = self.value()
        return entries.filter(data__model_spec__privacy=word) if word else entries


class LeavingFilter(admin.SimpleListFilter):
    """Models that Venice has announced to take away."""

    title = "retirement"
    parameter_name = "leaving"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer the one question."""
        return [("1", "announced")]

    def queryset(
        self, request: HttpRequest, entries: QuerySet[CatalogueEntry]
    ) -> QuerySet[CatalogueEntry]:
        """Return the models with a date."""
        announced = entries.filter(data__model_spec__deprecation__isnull=False)
        return announced if self.value() else entries


class CatalogueEntryAdmin(ReadOnly, admin.ModelAdmin[CatalogueEntry]):
    """Models, their names and the styles as Venice last described them."""

    list_display = ("name", "title", "kind", "price", "context", "abilities", "privacy", "leaves")
    list_filter = ("simulated", "kind", PrivacyFilter, LeavingFilter)
    search_fields = ("name", "data__model_spec__name")
    fields = (*list_display, "simulated", "refreshed_at", "data")
    readonly_fields = fields

    @admin.display(description="Called")
    def title(self, entry: CatalogueEntry) -> str:
        """Return the name of a model; of a trait or a foreign name, the model behind it."""
        model = read_model(entry.data)
        return model.name if model else str(entry.data.get("model", ""))

    @admin.display(description="List price")
    def price(self, entry: CatalogueEntry) -> str:
        """Return the price of a picture, or of a million tokens."""
        model = read_model(entry.data)
        return price_label(model) if model else ""

    @admin.display(description="Context")
    def context(self, entry: CatalogueEntry) -> str:
        """Return how many tokens a model reads at the most."""
        model = read_model(entry.data)
        return f"{model.context_tokens:,}" if model and model.context_tokens else ""

    @admin.display(description="Can do")
    def abilities(self, entry: CatalogueEntry) -> str:
        """Return the capabilities in words."""
        model = read_model(entry.data)
        return abilities_label(model) if model else ""

    @admin.display(ordering="data__model_spec__privacy")
    def privacy(self, entry: CatalogueEntry) -> str:
        """Return Venice's word for what becomes of prompts."""
        model = read_model(entry.data)
        return model.privacy if model else ""

    @admin.display(ordering="data__model_spec__deprecation__removesAt")
    def leaves(self, entry: CatalogueEntry) -> str:
        """Return the day on which a model leaves, and the model that Venice names in its place."""
        model = read_model(entry.data)
        facts = (model.retires_on, model.replacement) if model else ()
        return ", then ".join(fact for fact in facts if fact)
