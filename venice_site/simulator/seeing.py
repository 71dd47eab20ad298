"""Looks at images: decodes them strictly, and says their size and main colour."""

from __future__ import annotations

import base64
import binascii
import io
import re
from dataclasses import dataclass

from PIL import Image, UnidentifiedImageError

from .addresses import picture_behind
from .refusals import TOO_LARGE
from .replies import Refusal, json_reply

LARGEST_FILE = 25 * 1024 * 1024
SMALLEST_SIDE = 64
_DATA_URL = re.compile(r"data:(image/[a-z0-9.+-]+);base64,(.*)", re.DOTALL | re.IGNORECASE)

_COLOURS = {
    "black": (15, 15, 15),
    "white": (245, 245, 245),
    "grey": (128, 128, 128),
    "red": (205, 35, 35),
    "orange": (240, 140, 30),
    "yellow": (240, 220, 50),
    "green": (40, 150, 60),
    "teal": (30, 140, 140),
    "blue": (40, 80, 200),
    "light blue": (140, 190, 235),
    "purple": (120, 50, 160),
    "pink": (240, 140, 180),
    "brown": (115, 70, 35),
    "beige": (230, 210, 175),
    "dark blue": (15, 25, 70),
    "dark green": (15, 60, 35),
}


@dataclass(frozen=True)
class Sight:
    """What is seen of an image."""

    width: int
    height: int
    colour: str
    format: str


def undecodable(what: str) -> Refusal:
    """Returns the 400 of an image that cannot be read; its details are a plain string."""
    return Refusal(json_reply(400, {"error": "Invalid request parameters", "details": what}))


def look_at(url: str) -> Sight:
    """Returns what is seen behind a data URL or a public address; raises the 400 of anything else."""
    match = _DATA_URL.fullmatch(url)
    image = open_image(decode_base64(match[2])) if match else picture_behind(url)
    if image is None:
        raise undecodable("image_url must be a public https address or a data URL of an image")
    if min(image.size) < SMALLEST_SIDE:
        raise undecodable(f"Images must be at least {SMALLEST_SIDE} pixels on each side")
    return Sight(image.width, image.height, main_colour(image), image.format or "image")


def decode_base64(text: str) -> bytes:
    """Returns the bytes of strict base64, whose lines may be broken; raises a 400."""
    try:
        data = base64.b64decode("".join(text.splitlines()), validate=True)
    except (binascii.Error, ValueError):
        raise undecodable("Image is not valid base64") from None
    if len(data) > LARGEST_FILE:
        raise too_large()
    return data


def too_large() -> Refusal:
    """Returns the 413 of a file above 25 MB."""
    return Refusal(json_reply(413, TOO_LARGE))


def open_image(data: bytes) -> Image.Image:
    """Returns the decoded image; raises a 400 for bytes that are none."""
    try:
        image = Image.open(io.BytesIO(data))
        image.load()
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise undecodable("Image could not be decoded") from None
    return image


def main_colour(image: Image.Image) -> str:
    """Returns the plain name of the colour that covers most of an image."""
    small = image.convert("RGB").resize((48, 48), Image.Resampling.BOX)
    palette = small.quantize(6)
    indexes = palette.tobytes()
    first = max(set(indexes), key=indexes.count)
    red, green, blue = (palette.getpalette() or [])[first * 3 : first * 3 + 3]
    return min(_COLOURS, key=lambda name: _distance(_COLOURS[name], (red, green, blue)))


def _distance(a: tuple[int, int, int], b: tuple[int, int, int]) -> float:
    # Weighted after how the eye sees the three colours.
    return 2 * (a[0] - b[0]) ** 2 + 4 * (a[1] - b[1]) ** 2 + 3 * (a[2] - b[2]) ** 2
