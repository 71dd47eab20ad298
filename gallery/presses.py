"""What one press of a button makes of pictures: larger ones, cut-outs, variations."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, replace

from django.db import transaction
from django.db.models import Max, Q

from gallery.commissions import Commission
from gallery.forms import SEED_LIMIT
from gallery.models import Generation, Image, Visibility
from gallery.remaking_forms import edit
from venice_site.accounts.models import User
from venice_site.venice.service import Venice
from venice_site.venice.types import SEED_RANGE, EditOrder

VARIATIONS = 4
EDITS = {
    "upscale-2": EditOrder("upscale", (), scale=2),
    "upscale-4": EditOrder("upscale", (), scale=4),
    "cutout": EditOrder("cutout", ()),
}
LABELS = {"upscale-2": "Upscale 2x", "upscale-4": "Upscale 4x", "cutout": "Remove background"}
VARY = "vary"


@dataclass(frozen=True, slots=True)
class Button:
    """Something to make of pictures with one press, and its price in micro-USD."""

    name: str
    label: str
    price: int


def buttons(user: User, pictures: Iterable[Image]) -> list[Button]:
    """Return what one press makes of these pictures. Only what was made of a prompt here has variations."""
    venice, found = Venice(user), list(pictures)
    made = [
        Button(name, LABELS[name], len(found) * venice.edit_price(replace(order, images=(b"",))))
        for name, order in EDITS.items()
    ]
    if not any(picture.is_edit or picture.is_import for picture in found):
        price = VARIATIONS * sum(venice.image_price(picture.asked) for picture in found)
        made.append(Button(VARY, f"{VARIATIONS} variations", price))
    return made


def press(user: User, action: str, pictures: list[Image], request_id: str) -> list[Generation]:
    """Order what a button says of each picture, all or nothing. Raises `KeyError` and `QuotaExceeded`."""
    if action == VARY:
        return vary(user, pictures, request_id)
    return edit(user, EDITS[action], [[picture] for picture in pictures], request_id)


def vary(user: User, pictures: Iterable[Image], request_id: str) -> list[Generation]:
    """Order the next seeds of these pictures with the same settings, all or nothing."""
    made: list[Generation] = []
    with transaction.atomic():
        for number, picture in enumerate(pictures):
            order = replace(picture.asked, seed=_next_seed(picture))
            visibility = Visibility(picture.generation.visibility)
            commission = Commission((order,), VARIATIONS, order.prompt, visibility=visibility)
            made += Generation.objects.submit(
                user, commission, request_id=f"{request_id}-{number}", parent=picture
            )
    return made


def _next_seed(picture: Image) -> int:
    """Return the seed after the last of this picture's family; a new one at the end of the range."""
    family = Q(generation=picture.generation) | Q(descents__parent=picture)
    last: int = Image.objects.filter(family).aggregate(last=Max("seed"))["last"] or 0
    if last + VARIATIONS <= SEED_LIMIT:
        return last + 1
    return random.randint(SEED_RANGE[0], SEED_RANGE[1] - VARIATIONS)
