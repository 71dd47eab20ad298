"""Template filters of the chat."""

from __future__ import annotations

from django import template
from django.template import Context
from django.utils.safestring import SafeString, mark_safe

from chat import entries, turns
from chat.models import Conversation
from chat.reading import Turn
from chat.rendering import render

register = template.Library()

register.filter("is_plain", turns.is_plain)
register.filter("is_plain_among", entries.is_plain_among)


@register.simple_tag(takes_context=True)
def plain_turn(context: Context, turn: Turn) -> SafeString:
    """Return the HTML of a plain turn."""
    return turns.plain(turn, context["conversation"], str(context.get("csrf_token", "")))


@register.simple_tag(takes_context=True)
def plain_entry(context: Context, conversation: Conversation) -> SafeString:
    """Return the HTML of a plain line of the list."""
    return entries.plain(conversation, context.get("current"))


@register.filter
def markdown(text: str) -> SafeString:
    """Return words of a model that are no message as HTML, sanitised in the same place."""
    return mark_safe(render(text))  # noqa: S308


@register.filter
def number(count: int) -> str:
    """Return a count with its thousands apart."""
    return f"{count:,}"
