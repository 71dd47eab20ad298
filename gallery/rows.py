"""Lines of the trash and covers of collections, drawn once for each look, then filled in."""

from __future__ import annotations

from types import SimpleNamespace
from typing import NamedTuple

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from gallery.covers import Cover
from gallery.models import Image
from gallery.states import cut
from venice_site.skeletons import Gaps, Skeleton
from venice_site.templatetags.studio import ago

CAPTION = 120  # characters


class DeletedLook(NamedTuple):
    """What the template asks of a deleted image."""

    is_picture: bool
    blurred: bool


class CoverLook(NamedTuple):
    """What the template asks of a collection: whether each of its pictures is marked, and what else it decides by."""

    pictures: tuple[bool, ...]
    depth: int
    is_private: bool


def deleted(image: Image) -> SafeString:
    """Return the line of an image in the trash."""
    told = {
        "pk": image.pk,
        "caption": cut(image.generation.caption, CAPTION),
        "ago": ago(image.deleted_at),
    }
    return _deleted.fill(DeletedLook(image.is_picture, image.blurred), told)


def cover(cover: Cover) -> SafeString:
    """Return a collection with its newest pictures."""
    shown = cover.collection
    look = CoverLook(tuple(image.blurred for image in cover.images), cover.depth, shown.is_private)
    told = {"address": shown.get_absolute_url(), "name": shown.name, "owner": shown.owner}
    pictures = {f"picture{place}": image.pk for place, image in enumerate(cover.images)}
    return _cover.fill(look, {**told, **pictures})


@Skeleton
def _deleted(look: DeletedLook, gaps: Gaps) -> str:
    image = SimpleNamespace(pk=gaps.number("pk"), is_picture=look.is_picture, blurred=look.blurred)
    told = {"image": image, "caption": gaps.words("caption"), "ago": gaps.words("ago")}
    return render_to_string("gallery/trash.html#line", told)


@Skeleton
def _cover(look: CoverLook, gaps: Gaps) -> str:
    images = [
        SimpleNamespace(pk=gaps.number(f"picture{place}"), blurred=blurred)
        for place, blurred in enumerate(look.pictures)
    ]
    collection = SimpleNamespace(
        get_absolute_url=gaps.words("address"),
        name=gaps.words("name"),
        owner=gaps.words("owner"),
        is_private=look.is_private,
    )
    shown = SimpleNamespace(collection=collection, depth=look.depth, images=images)
    return render_to_string("gallery/collections.html#cover", {"cover": shown})
