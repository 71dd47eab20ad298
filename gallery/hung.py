"""Images as the grid reads them: what their cards show, without the models around it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import starmap
from typing import Any

from django.db.models import FilteredRelation, Q
from django.utils import timezone

from gallery import imaging
from gallery.models import Image, ImageKind, ImageQuerySet
from gallery.models.generations import caption
from gallery.models.images import asked, ordered_proportion
from gallery.visibility import Visibility
from venice_site.accounts.models import User
from venice_site.statements import Statement, filling, gap, gaps
from venice_site.venice.runs import UNFINISHED
from venice_site.venice.types import ImageOrder

MOST_AT_ONCE = 72  # images: a page, and the rows above it
OF_EACH = (
    "pk",
    "created_at",
    "seed",
    "generation__kind",
    "generation__prompt",
    "generation__name",
)
OF_PICTURES = (
    *OF_EACH,
    "width",
    "height",
    "placeholder",
    "blurred",
    "visibility",
    "fallback_from",
    "mine__favourite",
)
OF_OTHERS = (
    *OF_EACH,
    "generation__model",
    "user",
    "order",
    "status",
    "error",
    "error_kind",
    "run_after",
    "started_at",
    "finished_at",
)


@dataclass(frozen=True, slots=True)
class _Hung:
    pk: int
    created_at: datetime
    seed: int | None
    kind: str
    prompt: str
    file_name: str

    @property
    def deleted_at(self) -> None:
        """Return when it was deleted: what hangs in the grid was not."""
        return None

    @property
    def caption(self) -> str:
        """Return what stands for it in words."""
        return caption(self.prompt, self.file_name)


@dataclass(frozen=True, slots=True)
class HungPicture(_Hung):
    """A picture in the grid of one person, who may have it among their favourites."""

    width: int | None
    height: int | None
    placeholder: str
    blurred: bool
    visibility: str
    fallback_from: str
    favourite: bool | None

    @property
    def is_picture(self) -> bool:
        """Return whether there is a picture to see."""
        return True

    @property
    def is_private(self) -> bool:
        """Return whether only its owner may see it."""
        return self.visibility == Visibility.PRIVATE

    @property
    def is_import(self) -> bool:
        """Return whether this is a file that somebody brought."""
        return self.kind == ImageKind.IMPORT

    @property
    def proportion(self) -> float:
        """Return width divided by height."""
        return (self.width or 1) / (self.height or 1)

    @property
    def thumbnail_size(self) -> tuple[int, int]:
        """Return the size of the larger thumbnail."""
        return imaging.fitted(self.width or 1, self.height or 1, imaging.THUMBNAILS[0])


@dataclass(frozen=True, slots=True)
class HungWords(_Hung):
    """An image in the grid that has no picture: not yet, or never."""

    model: str
    user_id: int
    order: dict[str, Any]
    status: str
    error: str
    error_kind: str
    run_after: datetime | None
    started_at: datetime | None
    finished_at: datetime | None

    @property
    def is_picture(self) -> bool:
        """Return whether there is a picture to see."""
        return False

    @property
    def asked(self) -> ImageOrder:
        """Return the order as it was asked."""
        return asked(self.kind, self.order, model=self.model, prompt=self.prompt, seed=self.seed)

    @property
    def proportion(self) -> float:
        """Return width divided by height, as ordered."""
        return ordered_proportion(self.asked)

    @property
    def is_active(self) -> bool:
        """Return whether it can still change."""
        return self.status in UNFINISHED

    @property
    def can_be_tried_again(self) -> bool:
        """Return whether this has ended: what was tried again does not hang here any more."""
        return not self.is_active

    @property
    def elapsed(self) -> timedelta | None:
        """Return how long it has been at work, None before it began."""
        return (self.finished_at or timezone.now()) - self.started_at if self.started_at else None


PICTURES = Statement(
    lambda: (
        _shown()
        .pictures()
        .annotate(mine=FilteredRelation("marks", condition=Q(marks__user=gap("user"))))
        .values_list(*OF_PICTURES)
    )
)
OTHERS = Statement(lambda: _shown().values_list(*OF_OTHERS))


def _shown() -> ImageQuerySet:
    shown = Image.objects.on_shelves_of(gap("user"))
    return shown.filter(pk__in=gaps("image", MOST_AT_ONCE)).order_by()


def pictures(user: User, ids: Sequence[int]) -> Iterator[HungPicture]:
    """Yield the pictures among these images, one to `MOST_AT_ONCE`, that a person's grid shows."""
    asked = filling("image", ids, MOST_AT_ONCE)
    return starmap(HungPicture, PICTURES.all(user=user.pk, **asked))


def others(user: User, ids: Sequence[int]) -> list[HungWords]:
    """Return the images among these, one to `MOST_AT_ONCE`, that a person's grid shows without a picture."""
    asked = filling("image", ids, MOST_AT_ONCE)
    return list(starmap(HungWords, OTHERS.all(user=user.pk, **asked)))
