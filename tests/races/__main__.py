"""Race for long: `python -m tests.races --rounds 10` on both engines, `--help` for the rest."""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.databases import ENGINES, databases
from tests.races import races
from tests.races.team import Team

RACES: dict[str, Callable[[Team], None]] = {
    "the last units": races.last_units,
    "every mixture of endings, with sweeps and a death": lambda team: races.mixture(team, turns=8),
    "a limit while calls end": lambda team: races.never_above_the_limit(team, turns=8),
    "the last places of two keys": lambda team: races.last_places(team, times=3),
    "the last requests of a day": races.last_of_the_day,
    "borrowed places, with sweeps and a death": lambda team: races.borrowed_places(team, turns=8),
}


def main() -> None:
    """Run every race `rounds` times on each engine; the first that is lost ends it with its traceback."""
    options = _options()
    for engine in options.engine or ENGINES:
        with (
            tempfile.TemporaryDirectory(prefix="races-") as folder,
            databases(engine, Path(folder)) as fresh,
            Team(fresh(), processes=options.processes, threads=options.threads) as team,
        ):
            for number in range(1, options.rounds + 1):
                for name, race in RACES.items():
                    began = time.monotonic()
                    race(team)
                    took = time.monotonic() - began
                    print(f"{engine} round {number}: {name}: {took:.1f} s", flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.races")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--processes", type=int, default=6)
    parser.add_argument("--threads", type=int, default=25)
    parser.add_argument("--engine", choices=ENGINES, action="append")
    return parser.parse_args()


if __name__ == "__main__":
    main()
