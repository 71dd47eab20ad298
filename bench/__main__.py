"""Measure the product as it runs, beside a bare relay in the same run: `python -m bench [--quick]`."""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from bench.machines import Floor, Product, Upstream
from bench.measures import Figure, first_token, held_streams, ledger_speed, memory, start
from bench.table import table

RESULTS = Path(__file__).parent / "results"


def main() -> None:
    """Run every measure, print the table and write it as JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    quick = parser.parse_args().quick
    print("Measuring. Load, upstream and product share the cores of this machine.")
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, Upstream() as upstream:
        figures = measure(Path(folder), upstream, quick)
    print(table(figures))
    RESULTS.mkdir(exist_ok=True)
    target = RESULTS / f"{datetime.now(UTC):%Y%m%d-%H%M%S}.json"
    target.write_text(json.dumps(report(figures), indent=1))
    print(f"Written to {target.relative_to(Path.cwd())}.")


def measure(folder: Path, upstream: Upstream, quick: bool) -> list[Figure]:
    """Return every figure, each measured at the product and, where there is one, at the floor."""
    figures: list[Figure] = []
    with Product(folder, upstream) as product, Floor(upstream) as floor:
        figures += [start(product), *memory(product)]
        steps: list[Callable[[], list[Figure]]] = [
            lambda: first_token(product, floor, upstream, rounds=5 if quick else 20),
            lambda: held_streams(product, floor, upstream, 50, tokens=100 if quick else 300),
            lambda: held_streams(product, floor, upstream, 100, tokens=100 if quick else 300),
        ]
        for step in steps:
            figures += step()
    figures.append(ledger_speed(folder, rounds=200 if quick else 1000))
    return figures


def report(figures: list[Figure]) -> dict[str, object]:
    """Return the figures and what machine they were measured on."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "figures": [figure.as_dict() for figure in figures],
    }


if __name__ == "__main__":
    main()
