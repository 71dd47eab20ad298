"""Generations and images in the admin panel: to look at, not to change."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from gallery.models import Generation, Image


class ReadOnly:
    """Rows are facts: nobody adds or changes them here."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Return that nothing is added by hand."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Return that nothing is changed by hand."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Return that nothing is deleted by hand: the ledger and the files hang on it."""
        return False


class ImageInline(ReadOnly, admin.TabularInline[Image, Generation]):
    """The images of a generation."""

    model = Image
    fk_name = "generation"
    fields = ("position", "status", "seed", "model_used", "error", "finished_at")
    readonly_fields = fields
    show_change_link = True


@admin.register(Generation)
class GenerationAdmin(ReadOnly, admin.ModelAdmin[Generation]):
    """What people asked for."""

    list_display = ("id", "short_prompt", "user", "model", "visibility", "created_at")
    list_filter = ("visibility", "model", "created_at")
    list_select_related = ("user",)
    search_fields = ("prompt", "user__username")
    show_full_result_count = False
    inlines = (ImageInline,)

    @admin.display(description="prompt")
    def short_prompt(self, generation: Generation) -> str:
        """Return the beginning of the prompt."""
        return str(generation)


@admin.register(Image)
class ImageAdmin(ReadOnly, admin.ModelAdmin[Image]):
    """What became of it."""

    list_display = (
        "id",
        "status",
        "owner",
        "seed",
        "model_used",
        "cost",
        "created_at",
        "deleted_at",
    )
    list_filter = ("status", "error_kind", "blurred", "created_at")
    list_select_related = ("generation__user",)
    search_fields = ("generation__prompt", "generation__user__username", "sha256")
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> Any:
        """Return the images without their long columns in lists."""
        return super().get_queryset(request).defer("request", "response", "exif")

    @admin.display(description="person")
    def owner(self, image: Image) -> str:
        """Return whose image it is."""
        return str(image.generation.user)
