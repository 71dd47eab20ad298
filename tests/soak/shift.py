"""One soak on one database, which the environment names: `python -m tests.soak.shift --help`."""

import argparse
import os
import sys
import time

import django

from tests.waiting import eventually
from venice_site.simulator import KeyRecord, Simulator

ACCOUNTS = 8
KEYS_OF_AN_ACCOUNT = 2
MOST = 10**6  # requests a minute, key and model
MOST_OF_ONE = 60  # of the keys of one account, which really meets its limit


def main() -> int:
    """Carry out all calls, and return 0 when the books are in order."""
    options = _options()
    accounts = {
        f"key-{account}-{number}": f"account {account}"
        for account in range(ACCOUNTS)
        for number in range(KEYS_OF_AN_ACCOUNT)
    }
    with Simulator(keys=accounts, kept_requests=100 * options.calls + 1000) as simulator:
        for secret, account in accounts.items():
            most = MOST_OF_ONE if account == "account 0" else MOST
            simulator.keys[secret] = KeyRecord(secret, account=account, request_limit=most)
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "venice_site.settings",
            "VENICE_BASE_URL": simulator.url,
            "VENICE_TIMEOUT": str(options.timeout),
            "VENICE_DEADLINE": "20",
        }
        django.setup()
        return _soak(simulator, accounts, options)


def _soak(simulator: Simulator, accounts: dict[str, str], options: argparse.Namespace) -> int:
    from tests.soak.books import Books
    from tests.soak.crew import Crew
    from tests.soak.stage import clean_up, set_up

    set_up(accounts, options.calls)
    crew = Crew(
        seed=options.seed,
        calls=options.calls,
        processes=options.processes,
        threads=options.threads,
    )
    began = time.monotonic()
    told = crew.carry_out()
    took = time.monotonic() - began
    eventually(lambda: all(one.finished.is_set() for one in simulator.requests), 30)
    clean_up()
    books = Books(told, simulator.requests, accounts)
    print(f"{options.calls} calls in {took:.1f} s, seed {options.seed}")
    print("\n".join(books.report()))
    complaints = books.complaints()
    print("\n".join(complaints) or "The books are in order.", flush=True)
    return 1 if complaints else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.soak.shift")
    parser.add_argument("--calls", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--processes", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--timeout", type=float, required=True)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
