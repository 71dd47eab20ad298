"""Compositions of land and water: ridges, sea, forest; and the sky they share with others."""

from __future__ import annotations

import math

from .canvas import Canvas, Point
from .palettes import Colour, mix


def ridges(canvas: Canvas) -> None:
    """Mountain ranges behind each other, a sun or moon, mist in the valleys, sometimes a lake."""
    rng, palette, height = canvas.rng, canvas.palette, canvas.height
    canvas.wash(
        palette.top,
        mix(palette.top, palette.low, 0.55),
        palette.low,
        mix(palette.low, palette.light, 0.4),
    )
    horizon = height * rng.uniform(0.38, 0.52)
    sky(canvas, horizon)
    layers = canvas.count(4, 7)
    rough = rng.choice((0.46, 0.52, 0.58))
    for layer in range(layers):
        share = layer / (layers - 1)
        base = horizon + (height * 1.02 - horizon) * share**1.25
        swing = height * (0.05 + 0.075 * share) * rng.uniform(0.8, 1.3)
        line = canvas.ridge(base, swing, rough, rng.randint(3, 6))
        colour = mix(palette.far, palette.near, share**0.85)
        colour = mix(colour, palette.low, 0.42 * (1 - share))
        canvas.below(line, colour)
        if layer < layers - 1:
            _mist(canvas, line, colour, share)
    if rng.random() < 0.6:
        _firs(
            canvas,
            canvas.swell(height * 0.965, height * 0.02, 1.2),
            palette.near,
            height * 0.06,
            canvas.count(14, 40),
        )
    _birds(canvas, horizon)


def sea(canvas: Canvas) -> None:
    """A sun over water, its glitter, and waves that come nearer."""
    rng, palette, width, height = canvas.rng, canvas.palette, canvas.width, canvas.height
    horizon = height * rng.uniform(0.42, 0.6)
    canvas.wash(
        palette.top,
        mix(palette.top, palette.low, 0.6),
        mix(palette.low, palette.light, 0.35),
        bottom=horizon / height,
    )
    x, y = width * rng.uniform(0.25, 0.75), horizon - height * rng.uniform(0.0, 0.2)
    radius = canvas.unit * rng.uniform(0.06, 0.11)
    canvas.glow(x, y, radius * 4.5, palette.light, 0.55)
    _clouds(canvas, horizon)
    canvas.disc(x, y, radius, palette.light)
    water = mix(palette.far, palette.low, 0.35)
    canvas.draw.rectangle((0, horizon, width, height), fill=water)
    bands = canvas.count(7, 14)
    for band in range(bands):
        share = (band + 1) / bands
        base = horizon + (height - horizon) * share**1.7 * 0.97
        line = canvas.swell(base, height * (0.002 + 0.016 * share), 0.22 + 0.5 * share)
        canvas.below(line, mix(water, palette.near, share**0.9 * 0.92))
        if share > 0.25:
            crest = mix(palette.light, water, 0.35 + 0.5 * share)
            canvas.draw.line(
                line,
                fill=mix(crest, palette.near, 0.35),
                width=max(1, round(canvas.unit * 0.0016 * (0.5 + share))),
            )
    _glitter(canvas, x, horizon, radius)
    if rng.random() < 0.55:
        _boat(canvas, width * rng.uniform(0.15, 0.85), horizon + height * rng.uniform(0.03, 0.12))
    else:
        _island(canvas, horizon)


def forest(canvas: Canvas) -> None:
    """Rows of firs that fade into mist."""
    rng, palette, height = canvas.rng, canvas.palette, canvas.height
    canvas.wash(palette.top, palette.low, mix(palette.low, palette.light, 0.6))
    sky(canvas, height * 0.4)
    rows = canvas.count(4, 6)
    for row in range(rows):
        share = row / (rows - 1)
        line = canvas.swell(
            height * (0.46 + 0.52 * share**1.1), height * 0.03, rng.uniform(0.6, 1.4)
        )
        colour = mix(mix(palette.far, palette.low, 0.5), palette.near, share**0.9)
        _firs(
            canvas,
            line,
            colour,
            height * (0.09 + 0.3 * share**1.4),
            round(canvas.count(34, 60) * (1 - 0.72 * share)),
        )
        canvas.below(line, colour)
        if row < rows - 1:
            _mist(canvas, line, colour, share)
    canvas.glow(
        canvas.width * rng.uniform(0.2, 0.8), height * 0.25, canvas.unit * 0.6, palette.light, 0.4
    )
    _birds(canvas, height * 0.4)


def sky(canvas: Canvas, horizon: float) -> None:
    rng, palette = canvas.rng, canvas.palette
    if palette.dark:
        stars(canvas, horizon * 1.1, canvas.count(60, 200))
    x, y = canvas.width * rng.uniform(0.18, 0.82), horizon * rng.uniform(0.35, 0.95)
    radius = canvas.unit * rng.uniform(0.035, 0.09)
    canvas.glow(x, y, radius * 5, palette.light, 0.4 if palette.dark else 0.55)
    behind = canvas.colour_at(round(x), round(y))
    canvas.disc(x, y, radius, palette.light)
    if palette.dark and rng.random() < 0.4:
        canvas.disc(x - radius * 0.42, y - radius * 0.16, radius * 0.9, behind)
    elif rng.random() < 0.6:
        _clouds(canvas, horizon)


def stars(canvas: Canvas, down_to: float, count: int) -> None:
    for _ in range(count):
        size = canvas.unit * canvas.rng.choice((0.0007, 0.0007, 0.0011, 0.0017))
        colour = mix(canvas.palette.light, canvas.palette.top, canvas.rng.uniform(0, 0.6))
        canvas.disc(
            canvas.rng.uniform(0, canvas.width), canvas.rng.uniform(0, down_to), size, colour
        )


def _clouds(canvas: Canvas, horizon: float) -> None:
    rng, palette = canvas.rng, canvas.palette
    for _ in range(canvas.count(3, 8)):
        x, y = rng.uniform(-0.1, 0.95) * canvas.width, horizon * rng.uniform(0.12, 0.85)
        colour = mix(
            mix(palette.top, palette.low, y / horizon), palette.light, rng.uniform(0.25, 0.55)
        )
        for stripe in range(rng.randint(2, 4)):
            long, thick = (
                canvas.unit * rng.uniform(0.08, 0.26),
                canvas.unit * rng.uniform(0.006, 0.014),
            )
            left, top = x + canvas.unit * rng.uniform(-0.05, 0.08), y + stripe * thick * 0.95
            canvas.draw.rounded_rectangle(
                (left, top, left + long, top + thick), radius=thick / 2, fill=colour
            )


def _mist(canvas: Canvas, line: list[Point], colour: Colour, share: float) -> None:
    mist = mix(canvas.palette.low, canvas.palette.light, 0.25)
    deep = canvas.height * (0.16 + 0.05 * share)
    level = sum(y for _, y in line) / len(line)
    coarse = [*line[::2], line[-1]]
    # The lower the mist lies, the flatter it is.
    lines = [
        [(x, level + (y - level) * (1 - 0.09 * step) + deep * step / 9) for x, y in coarse]
        for step in range(1, 10)
    ]
    tones = [mix(colour, mist, 0.34 * (1 - 0.6 * share) * step / 9) for step in range(1, 10)]
    for upper, lower, tone in zip(lines, lines[1:], tones, strict=False):
        canvas.band(upper, lower, tone)
    canvas.below(lines[-1], tones[-1])


def _firs(canvas: Canvas, line: list[Point], colour: Colour, tall: float, count: int) -> None:
    rng = canvas.rng
    for index in range(count):
        x, y = line[
            min(len(line) - 1, round((index + rng.uniform(0, 0.9)) / count * (len(line) - 1)))
        ]
        high = tall * rng.uniform(0.55, 1.15)
        wide = high * rng.uniform(0.2, 0.27)
        y += high * 0.06
        canvas.polygon([(x - wide * 0.08, y), (x, y - high), (x + wide * 0.08, y)], colour)
        tiers = 5
        for tier in range(tiers):
            top, foot = y - high * (1 - tier * 0.17), y - high * (0.72 - tier * 0.165)
            half = wide * (0.34 + 0.17 * tier)
            canvas.polygon(
                [
                    (x, top),
                    (x + half, foot),
                    (x + half * 0.3, foot - high * 0.03),
                    (x - half * 0.3, foot - high * 0.03),
                    (x - half, foot),
                ],
                colour,
            )


def _birds(canvas: Canvas, horizon: float) -> None:
    rng = canvas.rng
    if rng.random() < 0.5:
        return
    x, y = canvas.width * rng.uniform(0.2, 0.8), horizon * rng.uniform(0.3, 0.7)
    colour = mix(canvas.palette.near, canvas.palette.far, 0.3)
    for _ in range(rng.randint(3, 8)):
        bx, by = (
            x + canvas.unit * rng.uniform(-0.1, 0.1),
            y + canvas.unit * rng.uniform(-0.05, 0.05),
        )
        span = canvas.unit * rng.uniform(0.007, 0.013)
        wing = [
            (bx - span, by - span * 0.35),
            (bx - span * 0.45, by - span * 0.5),
            (bx, by),
            (bx + span * 0.45, by - span * 0.5),
            (bx + span, by - span * 0.35),
        ]
        canvas.draw.line(
            wing, fill=colour, width=max(2, round(canvas.unit * 0.0016)), joint="curve"
        )


def _glitter(canvas: Canvas, x: float, horizon: float, radius: float) -> None:
    rng, palette = canvas.rng, canvas.palette
    deep = canvas.height - horizon
    for _ in range(canvas.count(70, 170)):
        share = rng.random() ** 1.5
        spread = radius * (0.5 + 1.5 * share)
        long, thick = (
            radius * rng.uniform(0.08, 0.5) * (0.5 + share),
            canvas.unit * (0.0012 + 0.003 * share),
        )
        left, top = x + rng.gauss(0, 0.5) * spread - long / 2, horizon + deep * share * 0.92 + thick
        colour = mix(palette.light, palette.far, rng.uniform(0.0, 0.45))
        canvas.draw.rounded_rectangle(
            (left, top, left + long, top + thick), radius=thick / 2, fill=colour
        )


def _boat(canvas: Canvas, x: float, y: float) -> None:
    size, dark = (
        canvas.unit * canvas.rng.uniform(0.03, 0.05),
        mix(canvas.palette.near, canvas.palette.far, 0.15),
    )
    sail = mix(canvas.palette.light, canvas.palette.accents[0], 0.25)
    canvas.polygon(
        [
            (x - size, y),
            (x + size, y),
            (x + size * 0.65, y + size * 0.3),
            (x - size * 0.75, y + size * 0.3),
        ],
        dark,
    )
    canvas.polygon(
        [
            (x - size * 0.06, y - size * 0.1),
            (x - size * 0.06, y - size * 1.7),
            (x - size * 0.85, y - size * 0.1),
        ],
        sail,
    )
    canvas.polygon(
        [
            (x + size * 0.06, y - size * 0.1),
            (x + size * 0.06, y - size * 1.45),
            (x + size * 0.7, y - size * 0.1),
        ],
        mix(sail, dark, 0.2),
    )


def _island(canvas: Canvas, horizon: float) -> None:
    rng, palette = canvas.rng, canvas.palette
    left, across = canvas.width * rng.uniform(-0.1, 0.7), canvas.width * rng.uniform(0.25, 0.45)
    high = canvas.height * rng.uniform(0.05, 0.12)
    line = [
        (
            left + across * n / 24,
            horizon - high * math.sin(math.pi * n / 24) * rng.uniform(0.75, 1.0),
        )
        for n in range(25)
    ]
    canvas.polygon(line, mix(palette.far, palette.near, 0.55))
