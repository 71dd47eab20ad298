"""The fields of the composer that follow from the model, and values fitted to what a model takes."""

from __future__ import annotations

import math
import uuid
from collections.abc import Mapping
from dataclasses import fields
from operator import attrgetter
from typing import Any

from django import forms

from venice_site.venice.types import Model

MAX_SIDE = 1280  # pixels; Venice refuses more (contract 2.1)
MIN_SIDE = 64
DEFAULT_SIDE = 1024
DEFAULT_STEPS = 30
ABILITIES = tuple(one.name for one in fields(Model) if one.name != "price")
PROPORTIONS = ("1:1", "4:3", "3:2", "16:9", "3:4", "2:3", "9:16")  # offered for sizes in pixels


type Abilities = tuple[Any, ...]


def abilities_of(model: Model) -> Abilities:
    """Return all that a model is but its price, by which what is drawn for it can be kept."""
    told: Abilities = attrgetter(*ABILITIES)(model)
    return told


def model_with(abilities: Abilities) -> Model:
    """Return a model of these abilities, without a price."""
    return Model(**dict(zip(ABILITIES, abilities, strict=True)))


class PromptField(forms.CharField):
    """Long text; browsers send line ends as CR LF, prompts have LF."""

    def to_python(self, value: Any) -> str:
        """Return the text with plain line ends."""
        return str(super().to_python(value)).replace("\r\n", "\n")


class WholeField(forms.IntegerField):
    """A whole number between two limits, refused in plain words."""

    def __init__(self, *, unit: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.error_messages |= {
            "invalid": "Write a whole number.",
            "min_value": f"Use at least {self.min_value}{unit}.",
            "max_value": f"Use at most {self.max_value}{unit}.",
            "step_size": f"Use a multiple of {self.step_size}.",
        }


def chips(label: str, choices: list[tuple[str, str]], initial: str) -> forms.ChoiceField:
    """Return a field of which every choice can be seen."""
    return forms.ChoiceField(
        label=label, required=False, choices=choices, initial=initial, widget=forms.RadioSelect
    )


def shape_fields(model: Model) -> dict[str, forms.Field]:
    """Return the fields that say how large and in which proportions."""
    if model.sized_in_pixels:
        return {name: _side(name, model.size_divisor) for name in ("width", "height")}
    fields: dict[str, forms.Field] = {
        "aspect_ratio": _listed("Aspect ratio", model.aspect_ratios, model.default_aspect_ratio)
    }
    if model.resolutions:
        fields["resolution"] = _listed("Resolution", model.resolutions, model.default_resolution)
    if model.qualities:
        fields["quality"] = _listed("Quality", model.qualities, model.default_quality)
    return fields


def tuning_fields(model: Model) -> dict[str, forms.Field]:
    """Return the fields that only some models understand."""
    if not model.uses_steps or model.steps_max is None:
        return {}
    return {
        "steps": WholeField(
            label="Steps",
            required=False,
            min_value=1,
            max_value=model.steps_max,
            initial=min(DEFAULT_STEPS, model.steps_max),
            help_text=f"1 to {model.steps_max}.",
        ),
        "cfg_scale": forms.FloatField(
            label="CFG scale",
            required=False,
            min_value=0.1,
            max_value=20,
            widget=forms.NumberInput(attrs={"step": "any"}),
            help_text="Up to 20. Empty: as the model likes.",
            error_messages={
                "invalid": "Write a number.",
                "min_value": "Use at least 0.1.",
                "max_value": "Use at most 20.",
            },
        ),
    }


def sizes(model: Model) -> list[tuple[str, int, int]]:
    """Return usual proportions with the size in pixels of about a million in which the model makes them."""
    if not model.sized_in_pixels:
        return []
    found = []
    for proportion in PROPORTIONS:
        wide, high = map(int, proportion.split(":"))
        scale = min(DEFAULT_SIDE / math.sqrt(wide * high), MAX_SIDE / max(wide, high))
        width, height = (snapped(round(side * scale), model.size_divisor) for side in (wide, high))
        found.append((proportion, width, height))
    return found


def adapted(initial: Mapping[str, Any], model: Model) -> dict[str, Any]:
    """Return initial values that this model can take: sizes snapped, steps limited, the rest dropped.

    Steps of None stay empty, where others that are missing are the usual ones.
    """
    fitting = dict(initial) | {"model": model.id, "request_id": uuid.uuid4()}
    for side in ("width", "height"):
        if (pixels := _whole(fitting.pop(side, None))) is not None:
            fitting[side] = snapped(pixels, model.size_divisor)
    wanted = fitting.pop("steps", "")
    if (steps := _whole(wanted)) is not None and model.steps_max:
        fitting["steps"] = min(steps, model.steps_max)
    elif wanted is None:
        fitting["steps"] = None
    for name, listed in (
        ("aspect_ratio", model.aspect_ratios),
        ("resolution", model.resolutions),
        ("quality", model.qualities),
    ):
        if fitting.get(name) not in listed:
            fitting.pop(name, None)
    return fitting


def snapped(pixels: int, divisor: int) -> int:
    """Return the nearest size that the model takes."""
    largest = MAX_SIDE - MAX_SIDE % divisor
    return min(max(round(pixels / divisor) * divisor, MIN_SIDE), largest)


def _side(name: str, divisor: int) -> WholeField:
    return WholeField(
        label=name.capitalize(),
        required=False,
        initial=snapped(DEFAULT_SIDE, divisor),
        min_value=MIN_SIDE,
        max_value=MAX_SIDE - MAX_SIDE % divisor,
        step_size=divisor,
        unit=" pixels",
    )


def _listed(label: str, values: tuple[str, ...], default: str) -> forms.ChoiceField:
    initial = default if default in values else values[0]
    return chips(label, [(value, value) for value in values], initial)


def _whole(value: Any) -> int | None:
    try:
        return int(value)
    except (TypeError, ValueError):
        return None
