"""Template filters of the chat."""

from __future__ import annotations

from collections.abc import Sequence

from django import template
from django.utils.safestring import SafeString, mark_safe

from chat.citations import Source, sources_for, sources_of
from chat.models import Message
from chat.rendering import render
from venice_site.venice import service

register = template.Library()


@register.filter
def prose(message: Message) -> SafeString:
    """Return a message as HTML; `rendering` sanitises last, which is what makes it safe."""
    return mark_safe(render(message.text, sources_for(message.pk, sources(message))))  # noqa: S308


@register.filter
def model_name(model_id: str) -> str:
    """Return how a model is called."""
    return service.model_name(model_id)


@register.filter
def markdown(text: str) -> SafeString:
    """Return words of a model that are no message as HTML, sanitised in the same place."""
    return mark_safe(render(text))  # noqa: S308


@register.filter
def number(count: int) -> str:
    """Return a count with its thousands apart."""
    return f"{count:,}"


@register.filter
def sources(message: Message) -> Sequence[Source]:
    """Return what a message cites."""
    return sources_of(message)
