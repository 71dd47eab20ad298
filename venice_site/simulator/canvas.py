"""The canvas the painter draws on: twice the size of the picture, so that edges come out smooth."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from random import Random

from PIL import Image, ImageChops, ImageDraw

from .palettes import Colour, Palette, mix

OVERSAMPLING = 2
GLOW_SCALE = 16

type Point = tuple[float, float]


@dataclass(frozen=True)
class Glow:
    """A soft light: centre and radius in canvas units, strength 0 to 1."""

    x: float
    y: float
    radius: float
    colour: Colour
    strength: float


class Canvas:
    """An RGB canvas with a palette, a random source and a wish for detail (0 to 1)."""

    def __init__(
        self, width: int, height: int, palette: Palette, rng: Random, detail: float
    ) -> None:
        self.width = width * OVERSAMPLING
        self.height = height * OVERSAMPLING
        self.palette = palette
        self.rng = rng
        self.detail = detail
        self.unit = math.sqrt(self.width * self.height)
        self.image = Image.new("RGB", (self.width, self.height), palette.low)
        self.draw = ImageDraw.Draw(self.image)
        self._glows: list[Glow] = []

    def count(self, least: float, most: float) -> int:
        """Returns a number between least and most, after the wish for detail."""
        return round(least + (most - least) * self.detail)

    def wash(self, *stops: Colour, bottom: float = 1.0) -> None:
        """Fills the canvas down to `bottom` (share of the height) with a vertical gradient."""
        self.image.paste(gradient(stops, self.width, round(self.height * bottom)), (0, 0))

    def polygon(self, points: Sequence[Point], colour: Colour) -> None:
        """Fills a polygon."""
        self.draw.polygon(points, fill=colour)

    def below(self, line: Sequence[Point], colour: Colour) -> None:
        """Fills everything under a line that runs from left to right."""
        self.draw.polygon([*line, (self.width, self.height), (0, self.height)], fill=colour)

    def band(self, upper: Sequence[Point], lower: Sequence[Point], colour: Colour) -> None:
        """Fills what lies between two lines that run from left to right."""
        self.draw.polygon([*upper, *reversed(lower)], fill=colour)

    def disc(self, x: float, y: float, radius: float, colour: Colour) -> None:
        """Fills a circle."""
        self.draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)

    def colour_at(self, x: int, y: int) -> Colour:
        """Returns the colour drawn at a point, or at the nearest one on the canvas."""
        x, y = min(self.width - 1, max(0, x)), min(self.height - 1, max(0, y))
        return colour_of(self.image, x, y)

    def glow(
        self, x: float, y: float, radius: float, colour: Colour, strength: float = 0.6
    ) -> None:
        """Adds a soft light; lights are laid over the finished drawing."""
        self._glows.append(Glow(x, y, radius, colour, strength))

    def ridge(self, base: float, height: float, roughness: float, waves: int) -> list[Point]:
        """Returns an irregular line around `base` by midpoint displacement; `waves` coarse swings to begin with."""
        heights = [self.rng.uniform(-1, 1) for _ in range(waves + 1)]
        swing = 0.5
        for _ in range(self.count(4, 6)):
            finer: list[float] = []
            for left, right in pairwise(heights):
                finer += [left, (left + right) / 2 + self.rng.uniform(-swing, swing)]
            heights = [*finer, heights[-1]]
            swing *= roughness
        step = self.width / (len(heights) - 1)
        return [(index * step, base - value * height) for index, value in enumerate(heights)]

    def swell(self, base: float, height: float, length: float) -> list[Point]:
        """Returns a smooth line around `base`: three waves of different length, the longest of `length` widths."""
        waves = [
            (
                height / (n + 1),
                math.tau / (length * self.width) * (1 + n * self.rng.uniform(0.7, 1.3)),
                self.rng.uniform(0, math.tau),
            )
            for n in range(3)
        ]
        xs = [index * self.width / 160 for index in range(161)]
        return [(x, base + sum(a * math.sin(f * x + p) for a, f, p in waves)) for x in xs]

    def finish(self) -> Image.Image:
        """Returns the picture at its own size, with the lights laid over it."""
        image = self.image.reduce(OVERSAMPLING)
        return self._lit(image) if self._glows else image

    def _lit(self, image: Image.Image) -> Image.Image:
        scale = OVERSAMPLING * GLOW_SCALE
        small = Image.new("RGB", (max(1, self.width // scale), max(1, self.height // scale)))
        for glow in self._glows:
            size = max(2, round(2 * glow.radius / scale))
            mask = SOFT_DISC.resize((size, size)).point(lambda value, s=glow.strength: value * s)
            light = Image.new("RGB", small.size)
            corner = (round(glow.x / scale - size / 2), round(glow.y / scale - size / 2))
            light.paste(glow.colour, (*corner, corner[0] + size, corner[1] + size), mask)
            small = ImageChops.screen(small, light)
        return ImageChops.screen(image, small.resize(image.size, Image.Resampling.BICUBIC))


def gradient(stops: Sequence[Colour], width: int, height: int) -> Image.Image:
    """Returns a vertical gradient through the stops."""
    column = Image.new("RGB", (1, max(1, height)))
    last = len(stops) - 1
    for y in range(height):
        position = y / max(1, height - 1) * last
        index = min(int(position), max(0, last - 1))
        column.putpixel((0, y), mix(stops[index], stops[min(index + 1, last)], position - index))
    return column.resize((width, height))


def colour_of(image: Image.Image, x: int, y: int) -> Colour:
    """Returns a pixel of an RGB image."""
    red, green, blue = image.crop((x, y, x + 1, y + 1)).tobytes()
    return red, green, blue


def _soft_disc() -> Image.Image:
    # Pillow's radial gradient is dark in the middle; squared, it fades out without an edge.
    return Image.radial_gradient("L").point(
        lambda value: max(0, 255 - value * 255 // 181) ** 2 // 255
    )


SOFT_DISC = _soft_disc()
