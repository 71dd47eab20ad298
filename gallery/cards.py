"""Cards of pictures: drawn once by the template for every look there is, then filled in for each picture.

A page of the grid has sixty of them, and a template takes longer over them than all its queries.
"""

from __future__ import annotations

import re
from functools import cache
from types import SimpleNamespace
from typing import NamedTuple

from django.template.loader import render_to_string
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from gallery.grid import Placed
from venice_site.venice.runs import RunStatus

TEMPLATE = "gallery/index.html#drawn"
BEFORE, BEHIND = "\ue000", "\ue001"  # around the name of a gap; the template has no such characters
GAP = re.compile(f"{BEFORE}([a-z_]+){BEHIND}")


class Look(NamedTuple):
    """What the template asks of a picture beside words and numbers."""

    is_favourite: bool
    has_placeholder: bool
    blurred: bool
    is_private: bool
    is_other_model: bool
    is_import: bool
    oob: bool


def is_plain(item: Placed) -> bool:
    """Return whether a card is a picture and nothing else, which everybody sees alike."""
    return item.image.is_picture and not item.image.deleted_at


def card(item: Placed, context: str = "", *, oob: bool = False) -> SafeString:
    """Return the card of a picture; `context` follows its address, `oob` lets it find its place itself."""
    image = item.image
    look = Look(
        item.is_favourite,
        bool(image.placeholder),
        image.blurred,
        image.is_private,
        bool(image.fallback_from),
        image.is_import,
        oob,
    )
    width, height = image.thumbnail_size
    gaps = {
        "pk": str(image.pk),
        "shape": str(item.shape),
        "month": item.month,
        "page": escape(item.page),
        "context": escape(context),
        "placeholder": escape(image.placeholder),
        "thumbnail": escape(item.thumbnail),
        "width": str(width),
        "height": str(height),
        "caption": escape(image.generation.caption),
        "name": escape(item.name),
        "heart": escape(item.heart),
    }
    parts = list(_parts(look))
    parts[1::2] = [gaps[name] for name in parts[1::2]]
    return mark_safe("".join(parts))  # noqa: S308  every gap is escaped above


@cache
def _parts(look: Look) -> tuple[str, ...]:
    """Return a card of this look, cut at its gaps: words, the name of a gap, words, and so on."""
    image = SimpleNamespace(
        pk=_gap("pk"),
        status=RunStatus.SUCCEEDED,
        is_picture=True,
        placeholder=_gap("placeholder") if look.has_placeholder else "",
        thumbnail_size=(_gap("width"), _gap("height")),
        generation=SimpleNamespace(caption=_gap("caption")),
        blurred=look.blurred,
        is_private=look.is_private,
        fallback_from=look.is_other_model,
        is_import=look.is_import,
    )
    item = SimpleNamespace(
        image=image,
        shape=_gap("shape"),
        month=_gap("month"),
        page=_gap("page"),
        thumbnail=_gap("thumbnail"),
        heart=_gap("heart"),
        name=_gap("name"),
        is_favourite=look.is_favourite,
    )
    page = SimpleNamespace(context=_gap("context"))
    drawn = render_to_string(TEMPLATE, {"item": item, "page": page, "oob": look.oob})
    return tuple(GAP.split(drawn))


def _gap(name: str) -> str:
    return f"{BEFORE}{name}{BEHIND}"
