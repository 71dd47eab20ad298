"""What administrators see of conversations: that they exist, never what is said in them."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, Q, QuerySet, Sum
from django.http import HttpRequest

from chat.models import Conversation
from venice_site.templatetags.studio import usd


@admin.register(Conversation)
class ConversationAdmin(admin.ModelAdmin[Conversation]):
    """Counts alone; titles are words of private conversations, so they are not shown."""

    list_display = ("pk", "owner", "model", "messages", "cost", "created_at", "updated_at")
    list_display_links = None
    list_filter = ("owner",)
    list_select_related = ("owner",)
    date_hierarchy = "updated_at"
    ordering = ("-updated_at",)
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Conversation]:
        """Return the conversations with what is counted of each; what was copied cost nothing there."""
        was_asked = Q(messages__call__isnull=False)
        return (
            super()
            .get_queryset(request)
            .annotate(
                message_count=Count("messages"),
                total_cost=Sum("messages__cost", filter=was_asked, default=0),
            )
        )

    @admin.display(description="messages", ordering="message_count")
    def messages(self, row: Any) -> int:
        """Return how many messages there are."""
        return int(row.message_count)

    @admin.display(description="cost", ordering="total_cost")
    def cost(self, row: Any) -> str:
        """Return what the replies cost."""
        return usd(row.total_cost)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Conversations begin in the chat."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Conversation | None = None) -> bool:
        """Conversations are private."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Conversation | None = None) -> bool:
        """Conversations are deleted by their owners."""
        return False
