"""How large an image becomes: pixels, or an aspect ratio at a resolution."""

from __future__ import annotations

import re
from typing import Any

from .catalogue import Model
from .replies import refuse
from .validation import invalid

BASE = 1024
GRID = 16
_RATIO = re.compile(r"(\d+(?:\.\d+)?):(\d+(?:\.\d+)?)")


def image_size(model: Model, body: dict[str, Any]) -> tuple[int, int]:
    """Returns width and height for a valid request; raises the 400 of a size the model refuses."""
    if model.sized_in_pixels:
        return _pixels(model, body)
    if model.refuses_pixels and ("width" in body or "height" in body):
        raise refuse(400, f"width and height are not supported by {model.id}; use aspect_ratio")
    check_option(model, body, "resolution", "resolutions")
    check_option(model, body, "quality", "qualities")
    constraints = model.constraints
    ratio = str(body.get("aspect_ratio"))
    if ratio not in constraints["aspectRatios"] or ratio == "auto":
        ratio = str(constraints["defaultAspectRatio"])
    return ratio_size(ratio, body.get("resolution") or constraints.get("defaultResolution", "1K"))


def ratio_size(ratio: str, resolution: str = "1K") -> tuple[int, int]:
    """Returns a size of about (1024 n)² pixels for a resolution of nK, on a grid of 16.

    >>> ratio_size("16:9"), ratio_size("1:1", "2K")
    ((1360, 768), (2048, 2048))
    """
    match = _RATIO.fullmatch(ratio)
    across, down = (float(match[1]), float(match[2])) if match else (1.0, 1.0)
    side = BASE * int(resolution[:-1])
    width = side * (across / down) ** 0.5
    return round(width / GRID) * GRID, round(side * side / width / GRID) * GRID


def check_option(model: Model, body: dict[str, Any], field: str, listed: str) -> None:
    """Raises 400 when a field has a value that the model's constraints do not list."""
    options = model.constraints.get(listed)
    if options and field in body and body[field] not in options:
        message = f"Invalid {field} for {model.id}. Expected one of: {', '.join(options)}"
        raise invalid(
            [
                {
                    "code": "invalid_enum_value",
                    "path": [field],
                    "message": message,
                    "options": options,
                }
            ]
        )


def _pixels(model: Model, body: dict[str, Any]) -> tuple[int, int]:
    divisor = model.constraints.get("widthHeightDivisor", 1)
    width, height = body.get("width", BASE), body.get("height", BASE)
    wrong = [name for name, side in (("width", width), ("height", height)) if side % divisor]
    if wrong:
        raise invalid(
            [
                {
                    "code": "not_multiple_of",
                    "path": [name],
                    "multipleOf": divisor,
                    "message": f"Number must be a multiple of {divisor}",
                }
                for name in wrong
            ]
        )
    return int(width), int(height)
