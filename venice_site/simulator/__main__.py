"""Runs the simulator from the command line: `python -m venice_site.simulator`."""

from __future__ import annotations

import argparse
import signal
import sys
import threading

from .journal import RecordedRequest
from .simulator import Simulator

# The demo runs for days and is sent large images; the journal is only for looking at the last ones.
KEPT_REQUESTS = 200


def main(arguments: list[str] | None = None) -> int:
    """Listens until SIGTERM or SIGINT."""
    options = _parser().parse_args(arguments)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with Simulator(
        host=options.host,
        port=options.port,
        first_token_ms=options.first_token_ms,
        tokens_per_second=options.tokens_per_second,
        image_ms=options.image_ms,
        keys=[key.strip() for key in options.keys.split(",") if key.strip()]
        if options.keys
        else None,
        dialect=options.dialect,
        seed_models=not options.no_seed_models,
        log=None if options.quiet else _log,
        kept_requests=KEPT_REQUESTS,
    ) as simulator:
        print(f"The Venice simulator listens on {simulator.url}", flush=True)
        stop.wait()
    return 0


def _log(record: RecordedRequest) -> None:
    """Writes one line of facts about a request; never its prompt or key."""
    took = (record.ended or record.started) - record.started
    line = f"method={record.method} path={record.path} status={record.status} seconds={took:.3f}"
    if record.tokens_sent:
        line += f" tokens={record.tokens_sent}"
    if record.scenario:
        line += f" scenario={record.scenario}"
    if record.closed_by_client:
        line += " closed_by_client=true"
    print(line, file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m venice_site.simulator", description="A stand-in for Venice."
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8809, help="0 picks a free port")
    parser.add_argument("--first-token-ms", type=float, default=150)
    parser.add_argument(
        "--tokens-per-second", type=float, default=60, help="0: as fast as possible"
    )
    parser.add_argument("--image-ms", type=float, default=1200)
    parser.add_argument(
        "--keys", default="", help="comma-separated; without it any key is accepted"
    )
    parser.add_argument("--dialect", choices=("today", "seed"), default="today")
    parser.add_argument(
        "--no-seed-models", action="store_true", help="leave out the models of the seed document"
    )
    parser.add_argument("--quiet", action="store_true", help="write no line per request")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
