"""Template filters of the chat."""

from __future__ import annotations

from django import template
from django.utils.safestring import SafeString, mark_safe

from chat.rendering import render

register = template.Library()


@register.filter
def markdown(text: str) -> SafeString:
    """Return a message as HTML; `rendering` sanitises last, which is what makes it safe."""
    return mark_safe(render(text))  # noqa: S308
