"""Template filters of the chat."""

from __future__ import annotations

from collections.abc import Sequence

from django import template
from django.template import Context
from django.utils.safestring import SafeString, mark_safe

from chat import entries, turns
from chat.models import Conversation
from chat.reading import Turn
from chat.rendering import render
from venice_site.venice.service import model_name

register = template.Library()

register.filter("is_plain", turns.is_plain)
register.filter("model_name", model_name)


@register.simple_tag(takes_context=True)
def plain_turn(context: Context, turn: Turn) -> SafeString:
    """Return the HTML of a plain turn."""
    return turns.plain(turn, context["conversation"], str(context.get("csrf_token", "")))


@register.simple_tag(takes_context=True)
def lines(context: Context, conversations: Sequence[Conversation]) -> SafeString:
    """Return the HTML of lines of the list."""
    shown, current = context["entries"], context.get("current")
    drawn = [
        entries.plain(conversation, current)
        if entries.is_plain_among(conversation, shown)
        else _drawn_line(context, conversation)
        for conversation in conversations
    ]
    return mark_safe("".join(drawn))  # noqa: S308  each line is escaped


def _drawn_line(context: Context, conversation: Conversation) -> SafeString:
    assert context.template is not None
    template = context.template.engine.get_template(entries.TEMPLATE)
    with context.push(conversation=conversation):
        return template.render(context)


@register.filter
def markdown(text: str) -> SafeString:
    """Return words of a model that are no message as HTML, sanitised in the same place."""
    return mark_safe(render(text))  # noqa: S308


@register.filter
def number(count: int) -> str:
    """Return a count with its thousands apart."""
    return f"{count:,}"
