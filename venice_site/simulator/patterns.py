"""Compositions without a horizon: mosaic, currents, bloom."""

from __future__ import annotations

import math

from .canvas import Canvas, Point
from .palettes import Colour, brightness, mix


def mosaic(canvas: Canvas) -> None:
    """A grid of quarter circles, half circles, leaves and stripes."""
    rng, palette = canvas.rng, canvas.palette
    colours = palette.all
    across = rng.choice((4, 5, 6)) + (1 if canvas.detail > 0.7 else 0)
    cell = canvas.width / across
    down = math.ceil(canvas.height / cell)
    for row in range(down):
        for column in range(across):
            ground, figure = rng.sample(colours, 2)
            if abs(brightness(ground) - brightness(figure)) < 40:
                figure = palette.light if brightness(ground) < 140 else palette.near
            x, y = column * cell, row * cell
            canvas.draw.rectangle((x, y, x + cell, y + cell), fill=ground)
            rng.choice(_TILES)(canvas, x, y, cell, ground, figure)


def currents(canvas: Canvas) -> None:
    """Layers of flowing paper, each with a lit edge and a shadow on the one below."""
    rng, palette, height = canvas.rng, canvas.palette, canvas.height
    stops = [palette.light, palette.low, palette.accents[0], palette.far, palette.top, palette.near]
    if rng.random() < 0.5:
        stops.reverse()
    canvas.wash(stops[0], stops[1])
    layers = canvas.count(7, 11)
    length = rng.uniform(0.7, 1.6)
    slope = rng.uniform(-0.35, 0.35) * height
    swing = rng.uniform(0.05, 0.1)
    for layer in range(layers):
        share = (layer + 1) / layers
        base = height * (-0.02 + 1.02 * share)
        line = [
            (x, y + slope * (x / canvas.width - 0.5))
            for x, y in canvas.swell(base, height * swing, length)
        ]
        colour = _along(stops, share)
        if layer % 4 == 2:
            colour = mix(colour, rng.choice(palette.accents), 0.55)
        _sheet(canvas, line, colour)
    if rng.random() < 0.6:
        x, y = canvas.width * rng.uniform(0.2, 0.8), height * rng.uniform(0.1, 0.3)
        canvas.glow(x, y, canvas.unit * 0.35, palette.light, 0.35)


def bloom(canvas: Canvas) -> None:
    """One large flower, or a few, of layered petals."""
    rng, palette, width, height, unit = (
        canvas.rng,
        canvas.palette,
        canvas.width,
        canvas.height,
        canvas.unit,
    )
    ground = palette.near if rng.random() < 0.5 else mix(palette.low, palette.light, 0.4)
    canvas.wash(mix(ground, palette.top, 0.3), ground, mix(ground, palette.far, 0.3))
    for _ in range(canvas.count(10, 26)):
        _leaf(
            canvas,
            rng.uniform(0, width),
            rng.uniform(0, height),
            unit * rng.uniform(0.08, 0.2),
            rng.uniform(0, math.tau),
            mix(ground, rng.choice((palette.far, palette.accents[-1])), rng.uniform(0.25, 0.6)),
        )
    if rng.random() < 0.5:
        _flower(
            canvas,
            width * rng.uniform(0.42, 0.58),
            height * rng.uniform(0.42, 0.58),
            unit * rng.uniform(0.36, 0.44),
        )
    else:
        for size, x, y in (
            (0.2, 0.22, 0.24),
            (0.17, 0.8, 0.2),
            (0.19, 0.8, 0.78),
            (0.15, 0.2, 0.8),
            (0.3, 0.5, 0.5),
        ):
            _flower(
                canvas,
                width * (x + rng.uniform(-0.07, 0.07)),
                height * (y + rng.uniform(-0.07, 0.07)),
                unit * size,
            )


def _quarter(
    canvas: Canvas, x: float, y: float, cell: float, ground: Colour, figure: Colour
) -> None:
    cx, cy = x + cell * canvas.rng.choice((0, 1)), y + cell * canvas.rng.choice((0, 1))
    begin = {(True, True): 0, (False, True): 90, (False, False): 180, (True, False): 270}[
        cx == x, cy == y
    ]
    for index, size in enumerate((1.0, 0.68, 0.36)):
        reach = cell * size
        box = (cx - reach, cy - reach, cx + reach, cy + reach)
        canvas.draw.pieslice(
            box, begin, begin + 90, fill=(figure, mix(ground, figure, 0.5), ground)[index]
        )


def _halves(
    canvas: Canvas, x: float, y: float, cell: float, ground: Colour, figure: Colour
) -> None:
    turn = canvas.rng.choice((0, 90, 180, 270))
    canvas.draw.pieslice((x, y, x + cell, y + cell), turn, turn + 180, fill=figure)
    canvas.draw.pieslice(
        (x, y, x + cell, y + cell), turn + 180, turn + 360, fill=mix(ground, figure, 0.4)
    )


def _leaves(
    canvas: Canvas, x: float, y: float, cell: float, ground: Colour, figure: Colour
) -> None:
    flip = canvas.rng.random() < 0.5
    points: list[Point] = []
    for step in range(25):
        angle = math.pi / 2 * step / 24
        points.append((math.sin(angle), 1 - math.cos(angle)))
    lens = points + [(1 - px, 1 - py) for px, py in points]
    canvas.polygon(
        [(x + cell * (1 - px if flip else px), y + cell * py) for px, py in lens], figure
    )
    ends = ((x + cell, y), (x, y + cell)) if flip else ((x, y), (x + cell, y + cell))
    canvas.draw.line(ends, fill=mix(ground, figure, 0.6), width=max(2, round(cell * 0.025)))


def _rings(canvas: Canvas, x: float, y: float, cell: float, ground: Colour, figure: Colour) -> None:
    for index, size in enumerate((0.46, 0.34, 0.2)):
        canvas.disc(
            x + cell / 2,
            y + cell / 2,
            cell * size,
            (figure, ground, mix(figure, canvas.palette.accents[0], 0.6))[index],
        )


def _stripes(
    canvas: Canvas, x: float, y: float, cell: float, ground: Colour, figure: Colour
) -> None:
    upright = canvas.rng.random() < 0.5
    for index in range(4):
        near, far = cell * index / 4 + cell * 0.03, cell * index / 4 + cell * 0.15
        box = (x + near, y, x + far, y + cell) if upright else (x, y + near, x + cell, y + far)
        canvas.draw.rectangle(box, fill=figure)


def _triangles(
    canvas: Canvas, x: float, y: float, cell: float, ground: Colour, figure: Colour
) -> None:
    corners = [(x, y), (x + cell, y), (x + cell, y + cell), (x, y + cell)]
    first = canvas.rng.randrange(4)
    canvas.polygon([corners[first], corners[(first + 1) % 4], corners[(first + 2) % 4]], figure)
    canvas.polygon(
        [corners[first], corners[(first + 1) % 4], (x + cell / 2, y + cell / 2)],
        mix(ground, figure, 0.45),
    )


_TILES = (_quarter, _quarter, _halves, _leaves, _leaves, _rings, _stripes, _triangles)


def _along(stops: list[Colour], share: float) -> Colour:
    position = share * (len(stops) - 1)
    index = min(int(position), len(stops) - 2)
    return mix(stops[index], stops[index + 1], position - index)


def _sheet(canvas: Canvas, line: list[Point], colour: Colour) -> None:
    shadow = canvas.unit * 0.02
    ground = canvas.colour_at(canvas.width // 2, round(line[len(line) // 2][1] - shadow))
    for step in range(5, 0, -1):
        raised = [(x, y - shadow * step / 5) for x, y in line]
        canvas.band(raised, line, mix(ground, (0, 0, 0), 0.05 + 0.2 * (1 - step / 5)))
    edge, deep = canvas.unit * 0.0035, canvas.unit * 0.02
    canvas.below([(x, y + 3 * deep) for x, y in line], mix(colour, (0, 0, 0), 0.15))
    for step in (2, 1, 0):
        lower = [(x, y + deep * (step + 1)) for x, y in line]
        canvas.band([(x, y + edge) for x, y in line], lower, mix(colour, (0, 0, 0), 0.05 * step))
    canvas.band(line, [(x, y + edge) for x, y in line], mix(colour, (255, 255, 255), 0.3))


def _leaf(canvas: Canvas, x: float, y: float, long: float, turn: float, colour: Colour) -> None:
    for half, shade in ((1, 0.0), (-1, 0.14)):
        outline = [
            (long * step / 12, half * long * 0.2 * math.sin(math.pi * step / 12))
            for step in range(13)
        ]
        canvas.polygon(
            [_turned(x, y, px, py, turn) for px, py in outline], mix(colour, (0, 0, 0), shade)
        )


def _flower(canvas: Canvas, x: float, y: float, size: float) -> None:
    rng, palette = canvas.rng, canvas.palette
    outer, inner = rng.sample((*palette.accents, palette.far, palette.light), 2)
    rings, petals = canvas.count(3, 6), rng.choice((7, 8, 9, 10, 12))
    width = rng.uniform(0.24, 0.36)
    shadow = canvas.colour_at(round(x), 2)
    canvas.disc(x + size * 0.03, y + size * 0.05, size * 0.86, mix(shadow, (0, 0, 0), 0.16))
    for ring in range(rings):
        share = ring / max(1, rings - 1)
        long = size * (1 - 0.72 * share)
        colour = mix(outer, inner, share)
        for petal in range(petals):
            turn = math.tau * (petal + 0.5 * (ring % 2)) / petals + 0.1 * ring
            _petal(canvas, x, y, long, width * (1 + 0.2 * share), turn, colour)
    canvas.disc(x, y, size * 0.13, mix(palette.near, inner, 0.25))
    for dot in range(canvas.count(12, 34)):
        angle, away = dot * 2.39996, size * 0.115 * math.sqrt(dot / 34)
        canvas.disc(
            x + away * math.cos(angle),
            y + away * math.sin(angle),
            size * 0.012,
            mix(palette.light, palette.accents[1], 0.4),
        )


def _petal(
    canvas: Canvas, x: float, y: float, long: float, width: float, turn: float, colour: Colour
) -> None:
    for scale, shade in (
        (1.0, mix(colour, (0, 0, 0), 0.22)),
        (0.965, colour),
        (0.72, mix(colour, canvas.palette.light, 0.22)),
    ):
        outline: list[Point] = []
        for step in range(25):
            angle = math.tau * step / 24
            outline.append(
                (
                    long * scale * (0.5 - 0.5 * math.cos(angle)),
                    long
                    * width
                    * scale
                    * math.sin(angle)
                    * (0.55 + 0.45 * (0.5 - 0.5 * math.cos(angle))),
                )
            )
        canvas.polygon([_turned(x, y, px, py, turn) for px, py in outline], shade)


def _turned(x: float, y: float, across: float, down: float, angle: float) -> Point:
    return x + across * math.cos(angle) - down * math.sin(angle), y + across * math.sin(
        angle
    ) + down * math.cos(angle)
