"""Our fields are drawn as Django draws them."""

from typing import Any

import pytest
from django import forms
from django.forms.renderers import DjangoTemplates, TemplatesSetting
from django.test.html import parse_html
from django.utils.safestring import mark_safe

WORDS = """<b>"a" & 'b'</b> é 鷺"""
CHOICES = [
    ("", "---"),
    (1, WORDS),
    (WORDS, mark_safe("<i>safe</i>")),
    (WORDS + "s", [("x", "In a group"), (None, "Nothing")]),
    ("True", "True"),
]
ATTRS = {"class": WORDS, "required": True, "disabled": False, "maxlength": 12, "data-x": ""}
WIDGETS = [
    forms.TextInput,
    forms.NumberInput,
    forms.EmailInput,
    forms.URLInput,
    forms.PasswordInput,
    forms.HiddenInput,
    forms.FileInput,
    forms.ClearableFileInput,
    forms.CheckboxInput,
    forms.Textarea,
    forms.DateInput,
    forms.SplitDateTimeWidget,
    forms.MultipleHiddenInput,
    forms.NullBooleanSelect,
    forms.Select,
    forms.SelectMultiple,
    forms.RadioSelect,
    forms.CheckboxSelectMultiple,
]
VALUES = [None, "", 0, 1, 1.5, True, "x", WORDS, ["1", WORDS]]


@pytest.mark.parametrize("kind", WIDGETS)
@pytest.mark.parametrize("attrs", [{}, ATTRS], ids=["plain", "attributes"])
@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_a_field_is_drawn_as_django_draws_it(
    kind: type[forms.Widget], attrs: dict[str, Any], value: Any
) -> None:
    choices = {"choices": CHOICES} if issubclass(kind, forms.widgets.ChoiceWidget) else {}
    widget = kind() if kind is forms.NullBooleanSelect else kind(**choices)
    if kind in (forms.SplitDateTimeWidget, forms.MultipleHiddenInput) and value is not None:
        value = ["1", WORDS]
    if kind is forms.NullBooleanSelect and isinstance(value, list):
        value = False
    drawn = [
        widget.render(WORDS, value, {"id": "it", **attrs}, renderer)
        for renderer in (TemplatesSetting(), DjangoTemplates())
    ]
    assert parse_html(drawn[0]) == parse_html(drawn[1])
