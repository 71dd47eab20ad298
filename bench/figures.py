"""Figures and how they are shown: percentiles, the table, the JSON. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

HEADS = ("What", "Measured", "p95", "Target", "", "Floor", "to floor")


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number beside its target and the floor of the same run.

    `unit` is one of ms, s, MB, /s, x or empty. Smaller is better unless `at_least`.
    """

    name: str
    measured: float
    unit: str
    target: float | None = None
    floor: float | None = None
    p95: float | None = None
    at_least: bool = False
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_reached(self) -> bool | None:
        """Return whether the target is reached; None when there is none."""
        if self.target is None:
            return None
        return self.measured >= self.target if self.at_least else self.measured <= self.target

    @property
    def ratio(self) -> float | None:
        """Return how many times the floor this is; None when the floor is nothing that can be measured."""
        return self.measured / self.floor if self.floor and self.floor > 0 else None

    def as_json(self) -> dict[str, Any]:
        """Return everything that is known of the figure."""
        return asdict(self) | {"is_reached": self.is_reached, "ratio": self.ratio}


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that is not below `share` (0 to 1) of all; NaN of nothing."""
    if not values:
        return math.nan
    place = max(0, math.ceil(share * len(values)) - 1)
    return sorted(values)[place]


def p50(values: Sequence[float]) -> float:
    """Return the median, as one of the values."""
    return percentile(values, 0.5)


def p95(values: Sequence[float]) -> float:
    """Return the value that 95 of 100 do not exceed."""
    return percentile(values, 0.95)


def table(figures: Sequence[Figure]) -> str:
    """Return the figures as a table of plain text."""
    rows = [HEADS, *(_row(figure) for figure in figures)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [_line(row, widths) for row in rows]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def report(figures: Sequence[Figure], facts: Mapping[str, Any]) -> str:
    """Return figures and facts about the machine as JSON; what is not a number becomes null."""
    body = {"facts": facts, "figures": [figure.as_json() for figure in figures]}
    return json.dumps(_without_nan(body), indent=1, ensure_ascii=False)


def _row(figure: Figure) -> tuple[str, ...]:
    bound = "≥" if figure.at_least else "≤"
    mark = {None: "", True: "yes", False: "NO"}[figure.is_reached]
    return (
        figure.name,
        amount(figure.measured, figure.unit),
        "" if figure.p95 is None else amount(figure.p95, figure.unit),
        "" if figure.target is None else f"{bound} {amount(figure.target, figure.unit)}",
        mark,
        "" if figure.floor is None else amount(figure.floor, figure.unit),
        "" if figure.ratio is None else _times(figure.ratio),
    )


def amount(value: float, unit: str) -> str:
    """Return a number with its unit and about three digits that mean something."""
    if math.isnan(value):
        return "-"
    digits = 0 if value == round(value) or abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:.{digits}f}{unit if unit in ('', 'x', '/s') else ' ' + unit}"


def _times(ratio: float) -> str:
    return f"{ratio:.1f}x" if ratio >= 1 else f"{ratio:.2g}x"


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = [row[0].ljust(widths[0])]
    cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
    return "  ".join(cells).rstrip()


def _without_nan(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {name: _without_nan(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(one) for one in value]
    return value
