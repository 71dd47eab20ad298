"""A few drawn pictures, which many made-up rows share."""

from __future__ import annotations

import random
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO

from PIL import Image as Pillow
from PIL import ImageDraw

from gallery import files, imaging

SIZES = ((1024, 1024), (1024, 576), (576, 1024), (1024, 768), (768, 1024), (960, 640), (640, 960))
FORMATS = ("WEBP", "PNG", "JPEG")
MOST, FEWEST = 35, 4
SHARE = 1000  # rows of a small gallery to each picture


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture in the storage, as the row of an image tells of it."""

    file: str
    sha256: str
    mime: str
    width: int
    height: int
    byte_size: int
    placeholder: str


def hang(images: int, chance: random.Random) -> list[Drawn]:
    """Draw pictures for so many rows and put them into the storage."""
    return [_kept(number, chance) for number in range(min(MOST, images // SHARE + FEWEST))]


def _kept(number: int, chance: random.Random) -> Drawn:
    form, size = FORMATS[number % len(FORMATS)], SIZES[number % len(SIZES)]
    out = BytesIO()
    _landscape(size, chance).save(out, form, quality=80)
    content = out.getvalue()
    picture = imaging.develop(content)
    name, digest = files.keep(content, picture)
    placeholder = b64encode(picture.placeholder).decode()
    return Drawn(name, digest, picture.mime, *size, len(content), placeholder)


def _landscape(size: tuple[int, int], chance: random.Random) -> Pillow.Image:
    """Return a sky, a sun or a moon, and some ranges of hills, the nearest the darkest."""
    width, height = size
    hue, distance = chance.randrange(360), chance.randint(20, 160)
    sky = Pillow.linear_gradient("L").resize(size)
    image = Pillow.composite(_plain(hue + distance, 88, size), _plain(hue, 70, size), sky)
    draw = ImageDraw.Draw(image)
    x, y = chance.randrange(width), chance.randrange(height // 2)
    radius = chance.randint(min(size) // 24, min(size) // 6)
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=_colour(hue + 30, 94))
    ranges = chance.randint(3, 5)
    for near in range(ranges):
        top = height * (0.45 + 0.5 * near / ranges)
        light = 58 - 48 * near // ranges
        outline = [(0, height), *_ridge(width, top, height / 9, chance), (width, height)]
        draw.polygon(outline, fill=_colour(hue + distance // 2, light))
    return image


def _ridge(
    width: int, top: float, high: float, chance: random.Random
) -> Iterator[tuple[float, float]]:
    steps = chance.randint(4, 11)
    for step in range(steps + 1):
        yield width * step / steps, top + chance.uniform(-high, high)


def _plain(hue: int, light: int, size: tuple[int, int]) -> Pillow.Image:
    return Pillow.new("RGB", size, _colour(hue, light))


def _colour(hue: int, light: int) -> str:
    return f"hsl({hue % 360}, 45%, {light}%)"
