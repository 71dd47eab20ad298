"""Cards of images, of which a page of the grid has sixty."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import NamedTuple

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from gallery.grid import Card
from gallery.hung import HungPicture, HungWords
from gallery.models import Image
from venice_site.skeletons import Gaps, Skeleton
from venice_site.venice.errors import Blocked
from venice_site.venice.runs import UNFINISHED, RunStatus

TEMPLATE = "gallery/index.html#drawn"
NOBODY = 0


class Viewer(NamedTuple):
    """Who sees the cards, and the token of the forms on them, which is made when one of them has a form."""

    pk: int
    csrf_token: object


class PictureLook(NamedTuple):
    """What the template asks of a picture beside words and numbers."""

    is_favourite: bool
    has_placeholder: bool
    blurred: bool
    is_private: bool
    is_other_model: bool
    is_import: bool
    oob: bool


class WordsLook(NamedTuple):
    """What the template asks of an image that has words in the place of a picture."""

    status: str
    is_blocked: bool
    is_deleted: bool
    is_mine: bool
    can_be_tried_again: bool
    is_left_known: bool
    oob: bool


def card(item: Card, viewer: Viewer, context: str = "", *, oob: bool = False) -> SafeString:
    """Return the card of an image; `context` follows its address, `oob` lets it find its place itself."""
    image = item.image
    told = {"pk": image.pk, "shape": item.shape, "month": item.month}
    if isinstance(image, HungWords) or image.deleted_at or not image.is_picture:
        return _with_words(item, told, viewer, oob=oob)
    return _with_picture(item, image, told | {"context": context}, oob=oob)


def _with_picture(
    item: Card, image: Image | HungPicture, told: Mapping[str, object], *, oob: bool
) -> SafeString:
    look = PictureLook(
        item.is_favourite,
        bool(image.placeholder),
        image.blurred,
        image.is_private,
        bool(image.fallback_from),
        image.is_import,
        oob,
    )
    width, height = image.thumbnail_size
    further = {
        "page": item.page,
        "placeholder": image.placeholder,
        "thumbnail": item.thumbnail,
        "width": width,
        "height": height,
        "caption": image.caption,
        "name": item.name,
        "heart": item.heart,
    }
    return _picture.fill(look, {**told, **further})


def _with_words(item: Card, told: Mapping[str, object], viewer: Viewer, *, oob: bool) -> SafeString:
    state = item.state
    assert state is not None
    image = state.image
    left = state.left if image.status == RunStatus.RUNNING else ""
    look = WordsLook(
        image.status,
        image.error_kind == Blocked.kind,
        image.deleted_at is not None,
        image.user_id == viewer.pk,
        image.can_be_tried_again,
        bool(left),
        oob,
    )
    further = {
        "csrf_token": viewer.csrf_token,
        "title": state.title,
        "prompt": state.prompt,
        "error": image.error,
        "waiting": state.waiting if image.status == RunStatus.QUEUED else "",
        "elapsed": state.elapsed if image.status == RunStatus.RUNNING else "",
        "left": left,
        "looks_again": state.looks_again,
    }
    return _words.fill(look, {**told, **further})


@Skeleton
def _picture(look: PictureLook, gaps: Gaps) -> str:
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


@Skeleton
def _words(look: WordsLook, gaps: Gaps) -> str:
    viewer = SimpleNamespace(pk=gaps.number("viewer"))
    image = SimpleNamespace(
        pk=gaps.number("pk"),
        status=look.status,
        is_active=look.status in UNFINISHED,
        deleted_at=look.is_deleted,
        error=gaps.words("error"),
        error_kind=Blocked.kind if look.is_blocked else "",
        can_be_tried_again=look.can_be_tried_again,
        generation=SimpleNamespace(user_id=viewer.pk if look.is_mine else NOBODY),
    )
    state = SimpleNamespace(
        title=gaps.words("title"),
        prompt=gaps.words("prompt"),
        waiting=gaps.words("waiting"),
        elapsed=gaps.words("elapsed"),
        left=gaps.words("left") if look.is_left_known else "",
        looks_again=gaps.words("looks_again"),
    )
    item = SimpleNamespace(
        image=image, shape=gaps.words("shape"), month=gaps.words("month"), state=state
    )
    told = {"item": item, "user": viewer, "oob": look.oob, "csrf_token": gaps.words("csrf_token")}
    return render_to_string(TEMPLATE, told)
