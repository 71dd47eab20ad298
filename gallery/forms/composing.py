"""Strings in, orders out: what the controls of the composer come to."""

from __future__ import annotations

import random
import uuid
from collections.abc import Mapping
from itertools import product
from typing import Any

from gallery import axes, dynamic
from gallery.axes import Axis, BadAxis
from gallery.commissions import MOST_PICTURES, Commission
from gallery.dynamic import Misspelt
from gallery.fields import adapted
from gallery.forms.controls import MOST_VARIANTS, SEED_LIMIT, ComposerControls
from gallery.models import Generation, Image, Visibility, WordList
from gallery.presets import around
from venice_site.accounts.models import User
from venice_site.venice.errors import VeniceError
from venice_site.venice.types import SEED_RANGE, ImageOrder


class ComposerForm(ComposerControls):
    """What a person says about pictures, and the orders that come of it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.prompts: list[str] = []
        self.cells: list[ComposerForm] = []
        self.axes: list[Axis] = []

    def commission(self) -> Commission:
        """Return what is ordered; an empty seed is drawn now. Needs a valid form."""
        data, first = self.cleaned_data, self._first_seed()
        common = {
            "typed": data["prompt"],
            "visibility": Visibility.PRIVATE if data["private"] else Visibility.TEAM,
            "from_message": data["from_message"],
        }
        if self.cells:
            orders = tuple(
                cell.order(cell.prompts[0], cell._first_seed(first)) for cell in self.cells
            )
            return Commission(
                orders, self._each, axes=tuple(axis.as_dict() for axis in self.axes), **common
            )
        step = 0 if self._seed_stays else self._each
        orders = tuple(
            self.order(prompt, first + step * place) for place, prompt in enumerate(self.prompts)
        )
        return Commission(orders, self._each, **common)

    def order(self, prompt: str, seed: int) -> ImageOrder:
        """Return the order of one prompt with one seed. Needs a valid form."""
        told = {name: value for name, value in self.cleaned_data.items() if value not in (None, "")}
        names = ImageOrder.__dataclass_fields__.keys() & told.keys()
        return ImageOrder(**{n: told[n] for n in names} | {"prompt": prompt, "seed": seed})

    def submit(self, user: User) -> list[Generation]:
        """Submit what the form says; a refusal becomes an error of the form. Needs a valid form."""
        try:
            return Generation.objects.submit(
                user,
                self.commission(),
                request_id=str(self.cleaned_data["request_id"] or uuid.uuid4()),
            )
        except VeniceError as error:
            self.add_error(None, str(error))
            return []

    def seed_after(self, made: Generation) -> int | None:
        """Return the seed to stand in the form once these pictures are ordered. Needs a valid form."""
        seed: int | None = self.cleaned_data["seed"]
        mode = self.cleaned_data["seed_mode"]
        if mode == "count" and seed is not None:
            return min(seed + self.pictures, SEED_LIMIT)
        if mode == "fixed" and seed is None:
            return made.images.values_list("seed", flat=True).order_by("pk").first()
        return seed

    @property
    def pictures(self) -> int:
        """Return how many pictures a valid form makes."""
        return (len(self.cells) or len(self.prompts)) * self._each

    def priced_order(self) -> tuple[ImageOrder, int]:
        """Return an order that costs what the form costs as it stands, and how many times.

        What was typed need not be valid: unknown values are left out.
        """
        listed = {"resolution": self.chosen.resolutions, "quality": self.chosen.qualities}
        typed = {name: str(self[name].value() or "") for name in listed if name in self.fields}
        told: dict[str, Any] = {n: value for n, value in typed.items() if value in listed[n]}
        count = str(self["variants"].value() or 1)
        variants = int(count) if count.isdecimal() and len(count) < 4 else 1
        enhanced = bool(self["enhance_prompt"].value())
        order = ImageOrder(model=self.chosen.id, prompt="", seed=1, enhance_prompt=enhanced, **told)
        return order, min(max(variants, 1), MOST_VARIANTS)

    def clean(self) -> dict[str, Any]:
        """Fill in what was left out, make the choices of the prompt, and lay out the grid."""
        data = super().clean() or self.cleaned_data
        for name in self.SHAPE:
            if name in self.fields and data.get(name) in (None, ""):
                data[name] = self.fields[name].initial
        data["format"] = data.get("format") or "png"
        if "prompt" in data and "template" in data:
            self._choose(data)
        if not self.errors:
            self._lay_out(data)
        if not self.errors:
            self._keep_seeds_in_range(data)
        return data

    def _choose(self, data: dict[str, Any]) -> None:
        text = around(data["template"], data["prompt"])
        try:
            phrase = dynamic.read(text, WordList.objects.lines(dynamic.lists_named(text)))
        except Misspelt as error:
            self.add_error("prompt", str(error))
            return
        variants = data.get("variants") or 1
        if data.get("expand") == "random" and phrase.is_dynamic:
            self.prompts = [phrase.one(random.Random()) for _ in range(variants)]
        elif (count := phrase.count()) * variants > MOST_PICTURES:
            self.add_error("prompt", _too_many(count * variants))
        else:
            self.prompts = list(phrase.every())
        self._check_prompts(data)

    def _check_prompts(self, data: dict[str, Any]) -> None:
        """No maxlength on the controls: it would cut a pasted prompt without a word."""
        limit = self.chosen.prompt_limit
        told = f"This model takes at most {limit:,} characters."
        if any(len(prompt) > limit for prompt in self.prompts):
            self.add_error("prompt", told)
        elif not all(prompt.strip() for prompt in self.prompts):
            self.add_error("prompt", "One of these prompts is empty.")
        if len(data.get("negative_prompt") or "") > limit:
            self.add_error("negative_prompt", told)

    def _lay_out(self, data: dict[str, Any]) -> None:
        self.axes = [axis for letter in "xy" if (axis := self._axis(letter, data)) is not None]
        if not self.axes or self.errors:
            return
        across, down = self.axes[0], self.axes[1] if len(self.axes) > 1 else None
        pictures = len(across.values) * (len(down.values) if down else 1) * (data["variants"] or 1)
        if len(self.prompts) != 1:
            self.add_error("x_axis", "A grid takes one prompt. Take the choices out of it.")
        elif down and across.name == down.name:
            self.add_error("y_axis", "Choose two different settings.")
        elif pictures > MOST_PICTURES:
            self.add_error("x_axis", _too_many(pictures))
        else:
            self._fill_cells(across, down)

    def _axis(self, letter: str, data: dict[str, Any]) -> Axis | None:
        if not (name := data.get(f"{letter}_axis")):
            return None
        text = data.get(f"{letter}_values") or ""
        try:
            return axes.read(
                name, text, prompt=data["prompt"], models=self.models, styles=self.styles
            )
        except BadAxis as error:
            self.add_error(f"{letter}_values", str(error))
            return None

    def _fill_cells(self, across: Axis, down: Axis | None) -> None:
        typed = {name: self.data[name] for name in self.data if name not in self.GRID}
        for y, x in product(down.values if down else ("",), across.values):
            data = across.applied(typed, x)
            data = down.applied(data, y) if down else data
            cell = self._cell(data)
            for axis, value in ((across, x), (down, y)):
                if axis and (wrong := _wrong(cell, axis)):
                    field = "x_values" if axis is across and self.data.get("x_axis") else "y_values"
                    self.add_error(field, f"{axis.label} {value}: {wrong}")
                    self.cells = []
                    return
            self.cells.append(cell)

    def _cell(self, data: dict[str, Any]) -> ComposerForm:
        model = next(one for one in self.models if one.id == data["model"])
        fitting = data if model.id == self.chosen.id else adapted(data, model)
        return ComposerForm(fitting, model=model, models=self.models, styles=self.styles)

    def _keep_seeds_in_range(self, data: dict[str, Any]) -> None:
        seed = data.get("seed")
        used = self._each if self._seed_stays or self.cells else self.pictures
        if seed is not None and seed + used - 1 > SEED_LIMIT:
            what = "variants" if used == self._each else "pictures"
            self.add_error("seed", f"With {used} {what}, use at most {SEED_LIMIT - used + 1}.")

    @property
    def _each(self) -> int:
        """Return how many pictures each prompt gets."""
        if self.cleaned_data.get("expand") == "random" and len(self.prompts) > 1:
            return 1
        return int(self.cleaned_data.get("variants") or 1)

    @property
    def _seed_stays(self) -> bool:
        """Return whether every prompt begins with the same seed."""
        return self.cleaned_data.get("seed_mode") == "fixed"

    def _first_seed(self, otherwise: int | None = None) -> int:
        if (seed := self.cleaned_data["seed"]) is not None:
            return int(seed)
        first, last = SEED_RANGE
        return random.randint(first, last - self.pictures + 1) if otherwise is None else otherwise


def _too_many(pictures: int) -> str:
    return f"This makes {pictures:,} pictures. One order makes at most {MOST_PICTURES}."


def _wrong(cell: ComposerForm, axis: Axis) -> str:
    """Return what is wrong with a cell, in a sentence; empty when it is fine."""
    if axis.name not in cell.fields:
        return f"{cell.chosen.name} has no such setting."
    return "" if cell.is_valid() else str(next(iter(cell.errors.values()))[0])


def initial_of(image: Image) -> dict[str, Any]:
    """Return the settings of an image as initial values of a form; its prompt stands for itself."""
    told = settings_of(image.order, image.visibility)
    told["prompt"] = dynamic.literal(str(told.get("prompt", "")))
    return told | {"seed_mode": "fixed"}


def settings_of(order: Mapping[str, Any], visibility: str) -> dict[str, Any]:
    """Return what was ordered, and for whom to see, as initial values of a form."""
    told = {name: value for name, value in order.items() if value not in (None, "")}
    return told | {"private": visibility == Visibility.PRIVATE}
