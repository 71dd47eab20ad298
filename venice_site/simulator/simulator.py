"""The simulator as a Python object: start it, ask it what happened, tell it what shall fail."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Self

from . import breakages, oddities, refusals  # noqa: F401  they register their scenarios
from .catalogue import Catalogue
from .control import clear
from .exchange import Dialect, Settings, State
from .failures import Match
from .gates import Gate
from .journal import Journal, RecordedRequest
from .keys import KeyRecord, Keys
from .routes import BASE, serve
from .server import Server


class Simulator:
    """A stand-in for Venice on a real socket.

    Used as a context manager it listens on a free loopback port; `url` is the base address to configure.
    Paces are in milliseconds and tokens per second; 0 is as fast as possible. Without `keys` any
    key is accepted. The last `kept_requests` requests are remembered with their bodies.
    """

    def __init__(
        self,
        *,
        first_token_ms: float = 0,
        tokens_per_second: float = 0,
        image_ms: float = 0,
        keys: Iterable[str] | None = None,
        dialect: Dialect = "today",
        seed_models: bool = True,
        host: str = "127.0.0.1",
        port: int = 0,
        log: Callable[[RecordedRequest], None] | None = None,
        kept_requests: int = 10_000,
    ) -> None:
        self.settings = Settings(first_token_ms, tokens_per_second, image_ms, dialect)
        self.keys = Keys(open_to_all=keys is None)
        for secret in keys or ():
            self.keys[secret] = KeyRecord(secret, admin="ADMIN" in secret.upper())
        self._state = State(
            self.settings,
            self.keys,
            Catalogue(seed_models),
            journal=Journal(kept_requests),
            log=log,
        )
        self._server = Server(
            host, port, lambda connection, peer: serve(self._state, connection, peer)
        )

    @property
    def origin(self) -> str:
        """The address without the base path; the control port lies at `origin + "/_control/"`."""
        return f"http://{self._server.host}:{self._server.port}"

    @property
    def url(self) -> str:
        """The base address of the API, ending in /api/v1."""
        return self.origin + BASE

    @property
    def catalogue(self) -> Catalogue:
        """The models and styles on offer."""
        return self._state.catalogue

    def start(self) -> Self:
        """Begins to answer."""
        self._server.start()
        return self

    def stop(self) -> None:
        """Opens all gates, ends all connections and stops listening."""
        self.release()
        self._server.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def requests(self) -> list[RecordedRequest]:
        """What was asked so far, oldest first (a copy; the records go on changing until they are finished)."""
        return self._state.journal.snapshot()

    def wait_for_requests(
        self, count: int = 1, *, path: str | None = None, timeout: float = 5.0
    ) -> list[RecordedRequest]:
        """Returns the requests (whose path ends in `path`) once there are `count`; raises TimeoutError."""

        def wanted(record: RecordedRequest) -> bool:
            return path is None or record.path.endswith(path)

        return self._state.journal.wait_for(count, wanted, timeout)

    def fail(
        self,
        scenario: str,
        *,
        times: int | None = None,
        key: str | None = None,
        path: str | None = None,
        model: str | None = None,
        prompt_contains: str | None = None,
        **options: Any,
    ) -> None:
        """Makes a scenario happen to matching requests, `times` times (None: always, or as the scenario says).

        `options` are those of the scenario, such as `seconds` or `after`. What was armed first happens first.
        Raises UnknownScenario.
        """
        self._state.failures.arm(scenario, times, Match(path, key, model, prompt_contains), options)

    def hold(
        self,
        *,
        after_tokens: int | None = None,
        times: int | None = 1,
        key: str | None = None,
        path: str | None = None,
        model: str | None = None,
        prompt_contains: str | None = None,
    ) -> Gate:
        """Holds the next matching request before its answer, or its stream after so many tokens."""
        return self._state.gates.hold(Match(path, key, model, prompt_contains), after_tokens, times)

    def release(self) -> None:
        """Opens every gate."""
        self._state.gates.release()

    def clear(self) -> None:
        """Disarms failures, opens gates, forgets requests, rate windows and keys that were not listed.

        Settings stay.
        """
        clear(self._state)
