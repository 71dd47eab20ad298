"""What templates need to know of how a person looks at pictures."""

from __future__ import annotations

from base64 import b64encode
from uuid import uuid4

from django import template
from django.template import Context
from django.utils.safestring import SafeString, mark_safe

from gallery import bars, cards, parts, rows
from gallery.covers import Cover
from gallery.grid import Card, Page
from gallery.models import Image, Viewing
from gallery.presses import buttons
from gallery.query import Query
from gallery.shelf import Shelf
from venice_site.accounts.models import User

register = template.Library()

STAND_IN = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="{0}" height="{1}"><image width="{0}" height="{1}"'
    ' preserveAspectRatio="none" href="data:image/webp;base64,{2}"/></svg>'
)


@register.filter
def stand_in(image: Image) -> str:
    """Return as an address what stands for a picture that is hidden: as large as it, ten dots across."""
    drawn = STAND_IN.format(*image.preview_size, image.placeholder)
    return f"data:image/svg+xml;base64,{b64encode(drawn.encode()).decode()}"


@register.simple_tag
def veils(user: User) -> str:
    """Return the class under which marked pictures are hidden; empty for who wants to see them at once."""
    return "veils" if Viewing.objects.veils_for(user) else ""


@register.simple_tag(takes_context=True, name="cards")
def cards_of(context: Context, page: Page) -> SafeString:
    """Return the cards of a page."""
    viewer = _viewer(context)
    drawn = (cards.card(item, viewer, page.context) for item in page.images)
    return mark_safe("".join(drawn))  # noqa: S308  cards are escaped as they are filled in


@register.simple_tag(takes_context=True)
def card(context: Context, item: Card, address: str, oob: object) -> SafeString:
    """Return the card of an image."""
    return cards.card(item, _viewer(context), address, oob=bool(oob))


def _viewer(context: Context) -> cards.Viewer:
    return cards.Viewer(context["user"].pk, context.get("csrf_token", ""))


@register.simple_tag
def deleted(image: Image) -> SafeString:
    """Return the line of an image in the trash."""
    return rows.deleted(image)


@register.simple_tag
def cover(shown: Cover) -> SafeString:
    """Return a collection with its newest pictures."""
    return rows.cover(shown)


@register.simple_tag(takes_context=True)
def deeds(context: Context, image: Image, query: Query) -> SafeString:
    """Return the row of what can be done with an image that was found by a query."""
    return parts.deeds(image, _viewer(context), str(query))


@register.simple_tag(takes_context=True)
def presses(context: Context, image: Image) -> SafeString:
    """Return what can be made of a picture with one press; its request id makes a double click one order."""
    offered = buttons(context["user"], [image])
    return parts.presses(image, offered, _viewer(context), str(uuid4()))


@register.simple_tag(takes_context=True)
def shelf(context: Context, image: Image, said: Shelf) -> SafeString:
    """Return what people have said of a picture, to change it."""
    return parts.shelf(image, said, _viewer(context))


@register.simple_tag(takes_context=True)
def finding_bar(context: Context) -> SafeString:
    """Return the bar with the search box."""
    return bars.finding(context["page"], context["finder"], _place(context))


@register.simple_tag(takes_context=True)
def selection_bar(context: Context) -> SafeString:
    """Return the bar for selected pictures."""
    return bars.selection(context.get("page"), context["finder"], _place(context))


def _place(context: Context) -> bars.Place:
    return bars.Place(context["request"].get_full_path(), str(context.get("csrf_token", "")))
