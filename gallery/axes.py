"""The axes of a grid: a setting and the values it takes one after another. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from venice_site.venice.types import Model

MOST_VALUES = 30
PROMPT_PART = "prompt"
NAMES = {
    "model": "Model",
    "style_preset": "Style",
    "prompt": "Prompt part",
    "seed": "Seed",
    "steps": "Steps",
    "cfg_scale": "CFG scale",
    "aspect_ratio": "Aspect ratio",
    "resolution": "Resolution",
    "quality": "Quality",
}
CHOICES = [("", "None"), *NAMES.items()]
COUNTED = ("seed", "steps")
SPAN = re.compile(r"(-?\d{1,9})\s*(?:-|\.\.|to)\s*(-?\d{1,9})", re.IGNORECASE)


class BadAxis(ValueError):
    """Values that cannot be read; the message is a sentence."""


@dataclass(frozen=True, slots=True)
class Axis:
    """A setting and its values as the form takes them. Of a prompt part, the first stands in the prompt."""

    name: str
    values: tuple[str, ...]

    @property
    def label(self) -> str:
        """Return the setting's name on the screen."""
        return NAMES[self.name]

    def as_dict(self) -> dict[str, Any]:
        """Return the axis as plain data, for a JSON column."""
        return {"name": self.label, "values": list(self.values)}

    def applied(self, data: dict[str, Any], value: str) -> dict[str, Any]:
        """Return the composer's data with one value of this axis in it."""
        if self.name == PROMPT_PART:
            return data | {"prompt": str(data.get("prompt") or "").replace(self.values[0], value)}
        return data | {self.name: value}


def read(
    name: str, text: str, *, prompt: str, models: Iterable[Model], styles: Iterable[str]
) -> Axis:
    """Return the axis that a person wrote: values by lines, or else by commas. Raises `BadAxis`."""
    values = [value.strip() for value in (text.splitlines() if "\n" in text else text.split(","))]
    values = [value for value in values if value]
    if name in COUNTED:
        values = [number for value in values for number in _counted(value)]
    if name == "model":
        known = {one.id.lower(): one.id for one in models}
        known |= {one.name.lower(): one.id for one in models}
        values = [_known(value, known, "model") for value in values]
    if name == "style_preset":
        values = [_known(value, {one.lower(): one for one in styles}, "style") for value in values]
    values = list(dict.fromkeys(values))
    if not values:
        raise BadAxis("Write at least one value.")
    if len(values) > MOST_VALUES:
        raise BadAxis(f"Write at most {MOST_VALUES} values.")
    if name == PROMPT_PART and values[0] not in prompt:
        raise BadAxis("Begin with words that stand in the prompt; they are replaced by the others.")
    return Axis(name, tuple(values))


def _counted(value: str) -> list[str]:
    span = SPAN.fullmatch(value)
    if span is None:
        return [value]
    first, last = int(span.group(1)), int(span.group(2))
    if not first <= last < first + MOST_VALUES:
        raise BadAxis(f"{value} is not a span of at most {MOST_VALUES} numbers.")
    return [str(number) for number in range(first, last + 1)]


def _known(value: str, known: dict[str, str], what: str) -> str:
    if value.lower() not in known:
        raise BadAxis(f"There is no {what} called {value}.")
    return known[value.lower()]
