"""The figures as a table for people."""

from __future__ import annotations

from collections.abc import Sequence

from bench.figures import Figure


def table(figures: Sequence[Figure]) -> str:
    """Return the figures as lines of aligned columns."""
    head = ("What", "Here", "Floor", "Ratio", "Reach", "")
    rows = [head, *(_row(figure) for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def _row(figure: Figure) -> tuple[str, ...]:
    floor = "" if figure.floor is None else f"{figure.floor:.4g}"
    ratio = f"{figure.value / figure.floor:.1f}x" if figure.floor else ""
    sign = "≥" if figure.more_is_better else "≤"
    verdict = "reached" if figure.is_reached else "MISSED"
    return (
        f"{figure.name} ({figure.unit})",
        f"{figure.value:.4g}",
        floor,
        ratio,
        f"{sign} {figure.reach:g}",
        verdict,
    )
