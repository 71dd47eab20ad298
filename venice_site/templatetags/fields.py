"""Fields of forms, drawn in one step: Django asks a template for every option and once more for its attributes.

The templates in `django/forms/widgets` call these; what they draw is what Django's own draw.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django import template
from django.forms.utils import flatatt
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

register = template.Library()

type Widget = Mapping[str, Any]


@register.simple_tag
def attributes(widget: Widget) -> SafeString:
    """Return the attributes of a field, each with a space before it."""
    return flatatt(widget["attrs"])


@register.simple_tag
def input_field(widget: Widget) -> SafeString:
    """Return an `<input>` of any type."""
    value = widget["value"]
    told = "" if value is None else format_html(' value="{}"', str(value))
    return format_html(
        '<input type="{}" name="{}"{}{}>',
        widget["type"],
        widget["name"],
        told,
        flatatt(widget["attrs"]),
    )


@register.simple_tag
def select_field(widget: Widget) -> SafeString:
    """Return a `<select>` with its options and groups of options."""
    groups = format_html_join("", "{}", ((group,) for group in _groups(widget["optgroups"])))
    return format_html(
        '<select name="{}"{}>{}\n</select>', widget["name"], flatatt(widget["attrs"]), groups
    )


def _groups(groups: Any) -> Iterator[SafeString]:
    for name, options, _index in groups:
        drawn = format_html_join(
            "",
            '\n  <option value="{}"{}>{}</option>',
            ((str(one["value"]), flatatt(one["attrs"]), one["label"]) for one in options),
        )
        if name:
            drawn = format_html('\n  <optgroup label="{}">{}\n  </optgroup>', name, drawn)
        yield drawn
