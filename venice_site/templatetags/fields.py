"""Fields of forms, drawn in one step: Django asks a template for every option and once more for its attributes.

The templates in `django/forms/widgets` call these; what they draw is what Django's own draw.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django import template
from django.forms.utils import flatatt
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

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
    return format_html(
        '<select name="{}"{}>{}\n</select>',
        widget["name"],
        flatatt(widget["attrs"]),
        mark_safe("".join(_groups(widget["optgroups"]))),  # noqa: S308  escaped below
    )


def _groups(groups: Any) -> Iterator[str]:
    for name, options, _index in groups:
        if name:
            yield format_html('\n  <optgroup label="{}">', name)
        yield format_html_join(
            "",
            '\n  <option value="{}"{}>{}</option>',
            (
                (str(one["value"]), flatatt(one["attrs"]), conditional_escape(one["label"]))
                for one in options
            ),
        )
        if name:
            yield "\n  </optgroup>"
