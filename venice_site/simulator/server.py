"""A light threaded TCP server: one thread per connection, stopped at once."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import time
from collections.abc import Callable

from .wire import Connection

BACKLOG = 1024


class Server:
    """Accepts connections on a loopback (or any) address and gives each to `serve` on its own thread."""

    def __init__(self, host: str, port: int, serve: Callable[[Connection, str], None]) -> None:
        self._serve = serve
        self._lock = threading.Lock()
        self._open: dict[Connection, threading.Thread] = {}
        self._listener = socket.create_server((host, port), backlog=BACKLOG)
        self._wake, self._waker = socket.socketpair()
        self._accepting = threading.Thread(
            target=self._accept, name="simulator-accept", daemon=True
        )
        self.host: str = host
        self.port: int = self._listener.getsockname()[1]

    def start(self) -> None:
        """Begins to accept connections."""
        self._accepting.start()

    def stop(self, patience: float = 2.0) -> None:
        """Closes the listener and every connection, waiting at most `patience` seconds for their threads."""
        self._waker.send(b"x")
        self._accepting.join()
        self._listener.close()
        with self._lock:
            open_now = list(self._open.items())
        for connection, _ in open_now:
            connection.shutdown()
        deadline = time.monotonic() + patience
        for _, thread in open_now:
            thread.join(max(0.0, deadline - time.monotonic()))
        self._wake.close()
        self._waker.close()

    def _accept(self) -> None:
        poll = select.poll()
        poll.register(self._listener, select.POLLIN)
        poll.register(self._wake, select.POLLIN)
        while True:
            ready = {fd for fd, _ in poll.poll()}
            if self._wake.fileno() in ready:
                return
            # The client may have left between poll and accept.
            with contextlib.suppress(OSError):
                sock, address = self._listener.accept()
                self._begin(Connection(sock), str(address[0]))

    def _begin(self, connection: Connection, peer: str) -> None:
        thread = threading.Thread(
            target=self._run, args=(connection, peer), name="simulator-connection", daemon=True
        )
        with self._lock:
            self._open[connection] = thread
        thread.start()

    def _run(self, connection: Connection, peer: str) -> None:
        try:
            # A client may vanish at any point; nobody is left to tell.
            with contextlib.suppress(OSError):
                self._serve(connection, peer)
        finally:
            connection.close()
            with self._lock:
                self._open.pop(connection, None)
