"""The composition of planets among stars."""

from __future__ import annotations

import math

from PIL import Image, ImageDraw

from .canvas import Canvas
from .landscapes import stars
from .palettes import mix


def planets(canvas: Canvas) -> None:
    """A planet with bands and rings among stars and coloured gas."""
    rng, palette, width, height, unit = (
        canvas.rng,
        canvas.palette,
        canvas.width,
        canvas.height,
        canvas.unit,
    )
    night = mix(palette.near, (4, 6, 18), 0.6)
    canvas.wash(night, mix(night, palette.top, 0.45), mix(night, palette.far, 0.35))
    for _ in range(canvas.count(5, 9)):
        canvas.glow(
            rng.uniform(0, width),
            rng.uniform(0, height),
            unit * rng.uniform(0.2, 0.5),
            rng.choice((*palette.accents, palette.far)),
            rng.uniform(0.16, 0.34),
        )
    stars(canvas, height, canvas.count(150, 420))
    x, y, radius = (
        width * rng.uniform(0.3, 0.7),
        height * rng.uniform(0.35, 0.62),
        unit * rng.uniform(0.16, 0.25),
    )
    tilt = rng.uniform(-0.5, 0.5)
    ringed = rng.random() < 0.65
    if ringed:
        _ring(canvas, x, y, radius, tilt, math.pi, math.tau)
    _planet(canvas, x, y, radius, tilt)
    if ringed:
        _ring(canvas, x, y, radius, tilt, 0.0, math.pi)
    for _ in range(rng.randint(1, 3)):
        away, angle = radius * rng.uniform(1.7, 2.6), rng.uniform(0, math.tau)
        _planet(
            canvas,
            x + away * math.cos(angle),
            y + away * math.sin(angle) * 0.7,
            radius * rng.uniform(0.07, 0.2),
            tilt,
        )
    if rng.random() < 0.5:
        canvas.below(canvas.ridge(height * 0.9, height * 0.06, 0.5, 4), mix(night, (0, 0, 0), 0.55))


def _planet(canvas: Canvas, x: float, y: float, radius: float, tilt: float) -> None:
    rng, palette = canvas.rng, canvas.palette
    colours = [palette.far, palette.low, *palette.accents]
    body = rng.choice(colours)
    canvas.glow(x, y, radius * 1.6, body, 0.28)
    side = max(4, round(2 * radius))
    bands = Image.new("RGB", (1, rng.randint(9, 15)))
    for band in range(bands.height):
        other = rng.choice((palette.light, palette.near, *colours))
        bands.putpixel((0, band), mix(body, other, rng.uniform(0.0, 0.45)))
    surface = bands.resize((side, side), Image.Resampling.BICUBIC)
    surface = surface.rotate(-math.degrees(tilt), Image.Resampling.BILINEAR, fillcolor=body)
    corner = (round(x - side / 2), round(y - side / 2))
    disc = Image.new("L", (side, side))
    ImageDraw.Draw(disc).ellipse((0, 0, side - 1, side - 1), fill=255)
    night = Image.new("RGB", (side, side), mix(palette.near, (0, 0, 0), 0.5))
    canvas.image.paste(Image.composite(surface, night, _daylight(side)), corner, disc)


def _daylight(side: int) -> Image.Image:
    """Returns how much light falls on each point of a sphere lit from the upper left."""
    lit = Image.radial_gradient("L").resize((side * 2, side * 2))
    left, top = round(side * 0.68), round(side * 0.7)
    lit = lit.crop((left, top, left + side, top + side))
    return lit.point(lambda value: min(255, max(18, 305 - round(value * 1.9))))


def _ring(
    canvas: Canvas, x: float, y: float, radius: float, tilt: float, begin: float, end: float
) -> None:
    palette = canvas.palette
    for index, size in enumerate((1.42, 1.56, 1.68, 1.84, 1.92)):
        points = []
        for step in range(61):
            angle = begin + (end - begin) * step / 60
            across, down = radius * size * math.cos(angle), radius * size * 0.24 * math.sin(angle)
            points.append(
                (
                    x + across * math.cos(tilt) - down * math.sin(tilt),
                    y + across * math.sin(tilt) + down * math.cos(tilt),
                )
            )
        colour = mix(mix(palette.light, palette.accents[1], 0.4), palette.near, 0.15 + 0.13 * index)
        canvas.draw.line(
            points,
            fill=colour,
            width=max(2, round(radius * (0.07, 0.05, 0.03, 0.05, 0.015)[index])),
            joint="curve",
        )
