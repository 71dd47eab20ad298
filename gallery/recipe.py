"""How a picture was made, as far as its file tells: what every reader of files yields. No Django here.

Whatever stands in a file was written by strangers: values are taken by type and range, or not at all.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

PROMPT_LIMIT = 32_768  # characters that are kept; no model of Venice takes more
NAME_LIMIT = 120
MOST_DIGITS = 20
LARGEST_SEED = 2**64 - 1
LARGEST_SIDE = 100_000
MOST_STEPS = 10_000
MOST_CFG = 1000


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a file says of how its picture was made; empty text and `None` mean that it does not say.

    Sizes in pixels. `seed` may have 64 bits. `raw` is the text as it stands in the file. Of a picture of our own
    `order` has everything that was ordered, and `original` is the sha256 of its original file.
    """

    tool: str
    prompt: str = ""
    negative_prompt: str = ""
    seed: int | None = None
    width: int | None = None
    height: int | None = None
    steps: int | None = None
    model: str = ""
    style: str = ""
    cfg_scale: float | None = None
    sampler: str = ""
    raw: str = ""
    order: Mapping[str, Any] = field(default_factory=dict)
    original: str = ""

    @property
    def has_settings(self) -> bool:
        """Return whether there is anything to make a picture with."""
        return bool(self.prompt or self.order or self.seed is not None)


def prompt(value: Any) -> str:
    """Return a prompt as it can be stored, shown and sent; empty when it is no text."""
    if isinstance(value, list):
        value = "\n".join(part for part in map(prompt, value[:100]) if part)
    if isinstance(value, Mapping):
        value = value.get("prompt")
    return clean(value, PROMPT_LIMIT) if isinstance(value, str) else ""


def name(value: Any) -> str:
    """Return a short text on one line: a model, a sampler, a style."""
    if isinstance(value, Mapping):
        known = ("model_name", "name", "modelFileName", "modelName")
        value = next((value[key] for key in known if isinstance(value.get(key), str)), "")
    if not isinstance(value, str):
        return ""
    return clean(" ".join(value[: 4 * NAME_LIMIT].split()), NAME_LIMIT)


def clean(text: str, limit: int) -> str:
    """Return text with plain line ends, without NUL and lone surrogates, cut to a limit."""
    plain = text[: 2 * limit].replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    return plain[:limit].encode("utf-8", "replace").decode().strip()


def whole(value: Any, least: int, most: int) -> int | None:
    """Return a whole number within limits, from a number or its digits."""
    if isinstance(value, str):
        value = _digits(value.strip())
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if least <= value <= most else None


def seed(value: Any) -> int | None:
    """Return a seed; "random" and what no tool writes count for nothing."""
    return whole(value, -LARGEST_SEED, LARGEST_SEED)


def side(value: Any) -> int | None:
    """Return a width or height in pixels."""
    return whole(value, 1, LARGEST_SIDE)


def steps(value: Any) -> int | None:
    """Return a number of steps."""
    return whole(value, 1, MOST_STEPS)


def scale(value: Any) -> float | None:
    """Return a CFG scale."""
    if isinstance(value, str) and len(value) <= MOST_DIGITS:
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and 0 <= value <= MOST_CFG else None


def sides(value: Any) -> tuple[int | None, int | None]:
    """Return width and height from "1024x768", "(1024, 768)" or a pair of numbers."""
    if isinstance(value, str) and len(value) <= 2 * MOST_DIGITS:
        value = (
            value.lower().strip(" ()[]").replace(",", "x").replace("\N{MULTIPLICATION SIGN}", "x")
        )
        value = value.split("x")
    if not isinstance(value, list) or len(value) != 2:
        return None, None
    return side(value[0]), side(value[1])


def first(data: Mapping[str, Any], names: Iterable[str]) -> Any:
    """Return the first value that there is under one of these names."""
    return next((data[one] for one in names if data.get(one) not in (None, "")), None)


def parsed(text: str) -> dict[str, Any]:
    """Return a JSON object; an empty one for anything else, however deep or broken it is."""
    start = text.lstrip("\ufeff \t\r\n").rstrip(" \t\r\n\0")
    if not start.startswith("{"):
        return {}
    try:
        found = json.loads(start)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _digits(text: str) -> int | None:
    digits = text.removeprefix("-").removesuffix(".0")
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= MOST_DIGITS):
        return None
    return -int(digits) if text.startswith("-") else int(digits)
