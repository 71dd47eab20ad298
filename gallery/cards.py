"""Cards of pictures, of which a page of the grid has sixty."""

from __future__ import annotations

from html import escape
from types import SimpleNamespace
from typing import NamedTuple

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from gallery.grid import Card
from venice_site.skeletons import Gaps, Skeleton
from venice_site.venice.runs import RunStatus

TEMPLATE = "gallery/index.html#drawn"


class Look(NamedTuple):
    """What the template asks of a picture beside words and numbers."""

    is_favourite: bool
    has_placeholder: bool
    blurred: bool
    is_private: bool
    is_other_model: bool
    is_import: bool
    oob: bool


def is_plain(item: Card) -> bool:
    """Return whether a card is a picture and nothing else, which everybody sees alike."""
    return item.image.is_picture and not item.image.deleted_at


def card(item: Card, context: str = "", *, oob: bool = False) -> SafeString:
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
    told = {
        "pk": image.pk,
        "shape": item.shape,
        "month": item.month,
        "page": item.page,
        "context": context,
        "placeholder": image.placeholder,
        "thumbnail": item.thumbnail,
        "width": width,
        "height": height,
        "caption": image.caption,
        "name": item.name,
        "heart": item.heart,
    }
    # Escaped here: Django's own looks for lazy words first, and takes four times as long.
    safe = {name: SafeString(escape(str(value))) for name, value in told.items()}
    return _card.fill(look, safe)


@Skeleton
def _card(look: Look, gaps: Gaps) -> str:
    image = SimpleNamespace(
        pk=gaps.words("pk"),
        status=RunStatus.SUCCEEDED,
        is_picture=True,
        placeholder=gaps.words("placeholder") if look.has_placeholder else "",
        thumbnail_size=(gaps.words("width"), gaps.words("height")),
        generation=SimpleNamespace(caption=gaps.words("caption")),
        blurred=look.blurred,
        is_private=look.is_private,
        fallback_from=look.is_other_model,
        is_import=look.is_import,
    )
    item = SimpleNamespace(
        image=image,
        shape=gaps.words("shape"),
        month=gaps.words("month"),
        page=gaps.words("page"),
        thumbnail=gaps.words("thumbnail"),
        heart=gaps.words("heart"),
        name=gaps.words("name"),
        is_favourite=look.is_favourite,
    )
    page = SimpleNamespace(context=gaps.words("context"))
    return render_to_string(TEMPLATE, {"item": item, "page": page, "oob": look.oob})
