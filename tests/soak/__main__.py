"""Soak the Venice service in calls and faults: `python -m tests.soak --calls 10000`, `--help` for the rest."""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.databases import ENGINES, databases
from tests.product import ROOT


def main() -> int:
    """Soak each engine after the other; return 0 when all books are in order."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak")
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=3)
    parser.add_argument("--threads", type=int, default=16, help="of each process")
    parser.add_argument("--timeout", type=float, default=2.0, help="seconds that Venice may stall")
    parser.add_argument("--engine", choices=ENGINES, action="append", help="both, when left out")
    options = vars(parser.parse_args())
    engines = options.pop("engine") or ENGINES
    arguments = [part for name, value in options.items() for part in (f"--{name}", str(value))]
    return max([soak(engine, arguments) for engine in engines])


def soak(engine: str, arguments: list[str]) -> int:
    """Soak one engine and return whether the books are in order, as an exit code."""
    with (
        tempfile.TemporaryDirectory(prefix="soak-") as folder,
        databases(engine, Path(folder)) as fresh,
    ):
        print(f"--- {engine} ---", flush=True)
        command = [sys.executable, "-m", "tests.soak.shift", *arguments]
        return subprocess.run(command, cwd=ROOT, env=fresh()).returncode


if __name__ == "__main__":
    sys.exit(main())
