"""The composition of a city by day or night."""

from __future__ import annotations

from .canvas import Canvas
from .landscapes import sky
from .palettes import Colour, mix


def city(canvas: Canvas) -> None:
    """A skyline in three depths with lit windows and a wet street."""
    rng, palette, width, height = canvas.rng, canvas.palette, canvas.width, canvas.height
    ground = height * rng.uniform(0.78, 0.88)
    canvas.wash(
        palette.top,
        mix(palette.top, palette.low, 0.5),
        palette.low,
        mix(palette.low, palette.light, 0.3),
    )
    sky(canvas, height * 0.45)
    for depth in range(3):
        share = depth / 2
        colour = mix(mix(palette.far, palette.low, 0.45), palette.near, share)
        x = -width * rng.uniform(0.0, 0.05)
        while x < width:
            across = width * rng.uniform(0.035, 0.085) * (0.8 + 0.5 * share)
            tall = height * rng.uniform(0.16, 0.52) * (1.1 - 0.42 * share)
            _building(canvas, x, ground, across, tall, colour, share)
            x += across * rng.uniform(1.0, 1.2)
    canvas.draw.rectangle((0, ground, width, height), fill=mix(palette.near, (0, 0, 0), 0.25))
    for _ in range(canvas.count(40, 110)):
        x, y = rng.uniform(0, width), ground + (height - ground) * rng.random() ** 1.3
        long = canvas.unit * rng.uniform(0.01, 0.05)
        colour = mix(
            rng.choice((*palette.accents, palette.light)), palette.near, rng.uniform(0.3, 0.75)
        )
        canvas.draw.rounded_rectangle(
            (x, y, x + long, y + canvas.unit * 0.0025), radius=3, fill=colour
        )
    for _ in range(4):
        canvas.glow(
            rng.uniform(0, width),
            ground,
            canvas.unit * rng.uniform(0.15, 0.3),
            rng.choice(palette.accents),
            0.42,
        )


def _building(
    canvas: Canvas,
    x: float,
    ground: float,
    across: float,
    tall: float,
    colour: Colour,
    share: float,
) -> None:
    rng, palette = canvas.rng, canvas.palette
    top = ground - tall
    canvas.draw.rectangle((x, top, x + across, ground), fill=colour)
    if rng.random() < 0.35:
        canvas.draw.rectangle(
            (x + across * 0.25, top - across * 0.35, x + across * 0.75, top), fill=colour
        )
    if rng.random() < 0.25:
        mast = x + across / 2
        canvas.draw.line(
            (mast, top - across * 1.1, mast, top),
            fill=colour,
            width=max(2, round(canvas.unit * 0.0015)),
        )
    if share < 0.4:
        return
    if rng.random() < 0.3:
        neon = rng.choice(palette.accents)
        canvas.draw.line(
            (x + across * 0.9, top + tall * 0.1, x + across * 0.9, ground - tall * 0.2),
            fill=neon,
            width=max(2, round(canvas.unit * 0.003)),
        )
    columns = rng.randint(3, 5)
    cell = across / (columns + 0.5)
    lit = rng.uniform(0.2, 0.6)
    for row in range(int(tall / (cell * 1.25)) - 1):
        for column in range(columns):
            if rng.random() < lit:
                left, up = x + cell * (column + 0.45), top + cell * (0.6 + row * 1.25)
                warm = mix(
                    rng.choice((palette.light, palette.light, palette.accents[1])),
                    colour,
                    rng.uniform(0.05, 0.6),
                )
                canvas.draw.rectangle((left, up, left + cell * 0.55, up + cell * 0.6), fill=warm)
