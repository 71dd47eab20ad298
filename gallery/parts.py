"""Parts of the page of one picture that are drawn once for each look, then filled in."""

from __future__ import annotations

from types import SimpleNamespace
from typing import NamedTuple

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from gallery.cards import NOBODY, Viewer
from gallery.collections import Branch
from gallery.models import Image, Mark
from gallery.presses import Button
from gallery.shelf import Shelf
from venice_site.skeletons import Gaps, Skeleton


class DeedsLook(NamedTuple):
    """What the template asks of a picture to offer what can be done with it."""

    is_picture: bool
    is_import: bool
    is_active: bool
    is_deleted: bool
    is_mine: bool
    has_settings: bool
    can_be_tried_again: bool


class ShelfLook(NamedTuple):
    """What people have said of a picture."""

    is_favourite: bool
    rating: int
    tags: tuple[str, ...]
    collections: tuple[Branch, ...]
    others: tuple[tuple[int, Branch], ...]


def deeds(image: Image, viewer: Viewer, query: str) -> SafeString:
    """Return the row of what can be done with an image that was found by a query."""
    look = DeedsLook(
        image.is_picture,
        image.is_import,
        image.is_active,
        image.deleted_at is not None,
        image.user_id == viewer.pk,
        image.has_settings,
        image.can_be_tried_again,
    )
    told = {"pk": image.pk, "query": query, "csrf_token": viewer.csrf_token}
    return _deeds.fill(look, told)


def presses(image: Image, buttons: list[Button], viewer: Viewer, request_id: str) -> SafeString:
    """Return what can be made of a picture with one press."""
    told = {"pk": image.pk, "request_id": request_id, "csrf_token": viewer.csrf_token}
    return _presses.fill(tuple(buttons), told)


def shelf(image: Image, shelf: Shelf, viewer: Viewer) -> SafeString:
    """Return what people have said of a picture, to change it."""
    look = ShelfLook(
        shelf.mark.favourite,
        shelf.mark.rating,
        tuple(shelf.tags),
        tuple(shelf.collections),
        tuple(shelf.others),
    )
    return _shelf.fill(look, {"pk": image.pk, "csrf_token": viewer.csrf_token})


@Skeleton
def _deeds(look: DeedsLook, gaps: Gaps) -> str:
    viewer = SimpleNamespace(pk=gaps.number("viewer"))
    image = SimpleNamespace(
        pk=gaps.number("pk"),
        is_picture=look.is_picture,
        is_import=look.is_import,
        is_active=look.is_active,
        deleted_at=look.is_deleted,
        has_settings=look.has_settings,
        can_be_tried_again=look.can_be_tried_again,
        generation=SimpleNamespace(user_id=viewer.pk if look.is_mine else NOBODY),
    )
    told = {
        "image": image,
        "user": viewer,
        "search": SimpleNamespace(query=gaps.words("query")),
        "csrf_token": gaps.words("csrf_token"),
    }
    return render_to_string("gallery/image.html#deeds", told)


@Skeleton
def _presses(look: tuple[Button, ...], gaps: Gaps) -> str:
    told = {
        "image": SimpleNamespace(pk=gaps.number("pk")),
        "buttons": look,
        "request_id": gaps.words("request_id"),
        "csrf_token": gaps.words("csrf_token"),
    }
    return render_to_string("gallery/remake.html#actions", told)


@Skeleton
def _shelf(look: ShelfLook, gaps: Gaps) -> str:
    mark = Mark(favourite=look.is_favourite, rating=look.rating)
    told = {
        "image": SimpleNamespace(pk=gaps.number("pk")),
        "shelf": Shelf(mark, list(look.tags), list(look.collections), list(look.others)),
        "csrf_token": gaps.words("csrf_token"),
    }
    return render_to_string("gallery/organise.html#shelf", told)
