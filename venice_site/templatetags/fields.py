"""Fields of forms, drawn in one step: Django asks a template for every option and once more for its attributes.

The templates in `django/forms/widgets` call these; what they draw is what Django's own draw. Whatever
is put in is escaped here, by hand: a page has hundreds of options.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template
from django.forms.utils import flatatt
from django.utils.html import conditional_escape, escape, format_html
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
    drawn = "".join(
        _group(name, "".join(map(_option, options))) for name, options, _ in widget["optgroups"]
    )
    name, attrs = conditional_escape(widget["name"]), flatatt(widget["attrs"])
    return mark_safe(f'<select name="{name}"{attrs}>{drawn}\n</select>')  # noqa: S308


def _group(name: str | None, options: str) -> str:
    if not name:
        return options
    return f'\n  <optgroup label="{conditional_escape(name)}">{options}\n  </optgroup>'


def _option(one: Widget) -> str:
    attrs = flatatt(one["attrs"]) if one["attrs"] else ""
    value, label = escape(str(one["value"])), conditional_escape(one["label"])
    return f'\n  <option value="{value}"{attrs}>{label}</option>'
