"""Runs the measurements and prints them as a table: `python -m bench [--only NAMES] [--pictures N] [--quick]`.

With DATABASE_URL, which must lead to an empty database of PostgreSQL, the product uses that.
"""

from __future__ import annotations

import argparse
import os
import platform
import signal
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

from bench.figures import Figure, report, table
from bench.measurements import FIRST_TOKEN_MS, RATE, Run
from bench.menu import MEASUREMENTS, measured
from bench.processes import DidNotStart

RESULTS = Path(__file__).resolve().parent / "results"
PACKAGES = ("django", "granian", "requests", "steady-queue")


def main() -> int:
    """Measure, print, keep; return 1 when a program did not start or a reply was lost."""
    options = _parser().parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that everything is stopped
    facts = machine_facts()
    began = time.monotonic()
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="studio-bench-") as folder, ExitStack() as stack:
        run = Run(stack, Path(folder), options.quick, options.pictures)
        try:
            for figure in measured(run, options.only or chosen(options.quick)):
                figures.append(figure)
                print(f"  {figure.name}: done after {time.monotonic() - began:.0f} s", flush=True)
        except DidNotStart as error:
            print(error, file=sys.stderr)
            return 1
    facts |= {"seconds": round(time.monotonic() - began), "troubles": run.troubles}
    print(f"\n{table(figures)}\n\n{explained(facts, run.troubles)}")
    print(f"\nKept as {kept(figures, facts)}")
    return 1 if run.troubles else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", type=_names, metavar="NAMES", help=", ".join(MEASUREMENTS))
    parser.add_argument("--pictures", type=int, metavar="N", help="so many in the gallery")
    parser.add_argument(
        "--quick", action="store_true", help="a rough look in about a minute, without many streams"
    )
    return parser


def chosen(is_quick: bool) -> list[str]:
    """Return what is measured when nothing is named."""
    return [name for name in MEASUREMENTS if not (is_quick and name == "streams")]


def _names(text: str) -> list[str]:
    names = text.split(",")
    if unknown := set(names) - set(MEASUREMENTS):
        raise argparse.ArgumentTypeError(f"not measured: {', '.join(sorted(unknown))}")
    return names


def machine_facts() -> dict[str, Any]:
    """Return what must be known of the machine to read the figures."""
    return {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "processor": _processor(),
        "memory_mb": psutil.virtual_memory().total // 1024**2,
        "load_before": os.getloadavg()[0],
        "system": platform.platform(),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
        "database": "PostgreSQL" if "DATABASE_URL" in os.environ else "SQLite",
        "upstream": {"first_token_ms": FIRST_TOKEN_MS, "tokens_per_second": RATE},
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except FileNotFoundError:  # not Linux
        return platform.processor()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())


def explained(facts: dict[str, Any], troubles: list[str]) -> str:
    """Return how the table is to be read."""
    cores = f"{facts['cores']} cores ({facts['processor']})"
    load = f"load before: {facts['load_before']:.2f}"
    pace = f"{FIRST_TOKEN_MS} ms, then {RATE} tokens a second"
    lines = [
        f"{cores}, shared by the product, its upstream and the load; {load}. {facts['database']}.",
        f"Upstream: first token after {pace}; where it says added, its own time is subtracted.",
        "Floor: a bare Django relay on the same server in the same run, and bare SQLite for the bucket.",
        "Ratios to the floor carry over to other machines; milliseconds do not.",
    ]
    counted = {trouble: troubles.count(trouble) for trouble in troubles}
    lines += [f"Trouble: {trouble} ({number} times)" for trouble, number in counted.items()]
    return "\n".join(lines)


def kept(figures: list[Figure], facts: dict[str, Any]) -> Path:
    """Write everything as JSON and return where."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{datetime.now(UTC):%Y%m%d-%H%M%S}.json"
    path.write_text(report(figures, facts))
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


if __name__ == "__main__":
    sys.exit(main())
