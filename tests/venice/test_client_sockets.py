"""The client on slow connections, and on those that it keeps."""

import base64
import gc
import socket
import threading
import time
import weakref

import pytest

from tests.venice.wire import SECRET, http, says, server
from venice_site.venice import sockets
from venice_site.venice.client import Client
from venice_site.venice.exchange import Cancel, Exchange
from venice_site.venice.transport import Wire

STYLES = http(200, b'["Anime"]')


@pytest.mark.parametrize("interim", ["100 Continue", "102 Processing", "103 Early Hints"])
def test_an_interim_answer_is_not_the_answer(interim):
    hint = f"HTTP/1.1 {interim}\r\nlink: </x>; rel=preload\r\n\r\n".encode()
    with server(says(hint + hint + STYLES)) as url:
        assert Client(url, SECRET).styles() == ["Anime"]


def test_a_connection_is_used_again_after_an_answer_slower_than_its_rest(monkeypatch):
    monkeypatch.setattr(sockets, "IDLE_KEPT", 0.2)
    connections = []

    def answer(peer):
        connections.append(peer)
        while peer.request():
            time.sleep(0.4)
            peer.send(STYLES)

    with server(answer) as url:
        client = Client(url, SECRET)
        assert client.styles() == client.styles() == ["Anime"]
    assert len(connections) == 1


def test_stopping_a_request_that_is_over_spares_the_next_one_on_its_connection():
    stopped = threading.Event()

    def answer(peer):
        peer.request()
        peer.send(STYLES)
        peer.request()
        peer.send(STYLES[:-1])
        stopped.wait(5)
        peer.send(STYLES[-1:])

    def opened(cancel):
        exchange = Exchange(cancel, idle=5, deadline=9, paid=True)
        return wire.open("GET", "/image/styles", exchange)

    over = Cancel()
    with server(answer) as url:
        wire = Wire(url, SECRET)
        next(opened(over).pieces())  # all of it: from here on others may use the connection
        reply = opened(Cancel())
        over.set()
        stopped.set()
        assert reply.body(1000) == b'["Anime"]'


def test_a_connection_at_rest_keeps_nothing_of_what_it_carried():
    with server(says(STYLES)) as url:
        wire = Wire(url, SECRET)
        exchange = Exchange(Cancel(), idle=2, deadline=5, paid=False)
        wire.open("GET", "/image/styles", exchange).body(1000)
        carried = weakref.ref(exchange)
        del exchange
        gc.collect()
        assert carried() is None


def test_a_large_request_takes_its_time_while_it_goes_on():
    body = {"image": base64.b64encode(b"x" * 12_000_000).decode()}

    def answer(peer):
        peer.connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        took = 0
        while took < 16_000_000:
            took += len(peer.connection.recv(65536))
            if took < 8_000_000:  # what waits in between when all is sent is taken without a pause
                time.sleep(0.02)
        peer.send(STYLES)

    with server(answer) as url:
        exchange = Exchange(Cancel(), idle=1.0, deadline=30, paid=True)
        reply = Wire(url, SECRET).open("POST", "/image/edit", exchange, json=body)
        reply.close()
    assert reply.status == 200
