"""The way to one Venice: one request at a time for each thread, its answer bounded in size, never repeated."""

from __future__ import annotations

import contextlib
import http.client
from collections.abc import Iterator, Mapping
from typing import Any

import requests
from urllib3.exceptions import HTTPError

from venice_site.venice.errors import BadAnswer, Stopped, VeniceError
from venice_site.venice.exchange import Exchange
from venice_site.venice.refusals import Scrub
from venice_site.venice.sockets import Adapter, current

CONNECT_TIMEOUT = 10.0  # seconds
CONNECTIONS_KEPT = 512  # open, for the next requests
PIECE = 65536  # bytes read at a time; `read1` returns as soon as there is anything


class Reply:
    """An answer whose headers have come; its body is read by one thread and closed by it."""

    def __init__(self, response: requests.Response, exchange: Exchange, scrub: Scrub) -> None:
        self._response = response
        self._scrub = scrub
        self.exchange = exchange
        self.status = response.status_code
        self.headers: Mapping[str, str] = response.headers

    def pieces(self) -> Iterator[bytes]:
        """Yield the decoded body as it comes. Raises ConnectionLost, TimedOut, Stopped, BadAnswer."""
        raw = self._response.raw
        failure: Exception | None = None
        try:
            while piece := raw.read1(PIECE, decode_content=True):
                yield piece
            raw.release_conn()
        except (HTTPError, OSError, http.client.HTTPException, ValueError) as error:
            failure = error
        if failure is not None:
            raise self.exchange.failure(failure, self._scrub)
        if self.exchange.cancel.is_set():
            raise Stopped()

    def body(self, most: int) -> bytes:
        """Return the whole body and let the connection go. Raises `BadAnswer` above `most` bytes."""
        parts: list[bytes] = []
        size = 0
        try:
            for piece in self.pieces():
                size += len(piece)
                if size > most:
                    raise self._too_large()
                parts.append(piece)
        finally:
            self.close()
        return b"".join(parts)

    def _too_large(self) -> BadAnswer:
        paid = self.exchange.paid
        charged = "The work may have been charged." if paid else "Try again."
        sentence = f"Venice's answer was too large to take. {charged}"
        return BadAnswer(sentence, may_be_charged=paid)

    def beginning(self, most: int, within: float) -> bytes:
        """Return what can be had of a body that matters little, and let the connection go."""
        self.exchange.end_within(within)
        taken = b""
        try:
            for piece in self.pieces():
                taken += piece
                if len(taken) >= most:
                    break
        except VeniceError:
            if self.exchange.cancel.is_set():
                raise
        finally:
            self.close()
        return taken[:most]

    def finish(self, within: float) -> None:
        """Read the end of a body whose content is complete, so that its connection can be used again."""
        self.exchange.end_within(within)
        with contextlib.suppress(VeniceError):
            for _ in self.pieces():
                break

    def close(self) -> None:
        """Let the connection go: back to be used again after a whole body, closed otherwise."""
        self.exchange.cancel.hold(None)
        self._response.close()


class Wire:
    """The way to one Venice with one secret, without a session: no proxies, cookies or redirects.

    All threads share its connections, so that the next request finds one open, whoever made the last.
    """

    def __init__(self, base_url: str, secret: str) -> None:
        self._base_url = base_url.rstrip("/")
        self._secret = secret
        self._scrub = Scrub(secret)
        self._carrier = Adapter(pool_connections=1, pool_maxsize=CONNECTIONS_KEPT)

    def open(
        self,
        method: str,
        path: str,
        exchange: Exchange,
        *,
        json: Any = None,
        params: Mapping[str, str] | None = None,
        encoding: str = "gzip",
    ) -> Reply:
        """Send one request and return its answer as soon as the headers are there.

        Raises Unreachable, NotTrusted, TimedOut, ConnectionLost, BadAnswer, Stopped.
        """
        if exchange.cancel.is_set():
            raise Stopped()
        failure: Exception | None = None
        current.exchange = exchange
        try:
            response = self._carrier.send(
                self._prepared(method, path, encoding, json=json, params=params),
                timeout=(min(CONNECT_TIMEOUT, exchange.allowance()), exchange.idle),
                stream=True,
            )
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            failure = error  # raised below, outside: the original holds the request and so the key
        finally:
            current.exchange = None
        if failure is not None:
            exchange.cancel.hold(None)
            raise exchange.failure(failure, self._scrub)
        return Reply(response, exchange, self._scrub)

    def _prepared(
        self, method: str, path: str, encoding: str, **content: Any
    ) -> requests.PreparedRequest:
        headers = self._headers(encoding)
        return requests.Request(method, self._base_url + path, headers, **content).prepare()

    def _headers(self, encoding: str) -> dict[str, str]:
        key = {"Authorization": f"Bearer {self._secret}"} if self._secret else {}
        return {"User-Agent": "venice-studio", "Accept-Encoding": encoding, **key}
