"""The client over TLS."""

import datetime as dt
import ipaddress
import ssl
import threading
from contextlib import suppress

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.venice.wire import ASK, LAST, SECRET, SSE, chunk, http, says, server
from tests.waiting import eventually
from venice_site.venice import errors, sockets
from venice_site.venice.client import Cancel, Client
from venice_site.venice.exchange import Exchange


@pytest.fixture
def tls(tmp_path, monkeypatch) -> ssl.SSLContext:
    """A server's TLS for 127.0.0.1, trusted by the client."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "venice")])
    now = dt.datetime.now(dt.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "venice.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(file))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


def test_tls_works_and_an_unknown_certificate_is_named_as_such(tls, monkeypatch):
    with server(says(http(200, b'["Anime"]')), tls=tls) as url:
        assert Client(url, SECRET).styles() == ["Anime"]
        monkeypatch.undo()
        with pytest.raises(errors.NotTrusted, match=r"secure connection.*Nothing was charged"):
            Client(url, SECRET).styles()


@pytest.mark.parametrize("begins", [False, True])
def test_a_reply_over_tls_is_stopped_before_and_after_its_headers(tls, begins):
    reached = threading.Event()
    left = threading.Event()

    def answer(peer):
        peer.request()
        if begins:
            peer.send(SSE)
            peer.frame("Hi")
        reached.set()
        with suppress(OSError):
            peer.gone(5)
        left.set()

    cancel = Cancel()
    arrived, caught = [], []

    def ask_there(url):
        try:
            with Client(url, SECRET).stream_chat(ASK, cancel=cancel) as stream:
                arrived.extend(delta.text for delta in stream)
        except errors.VeniceError as error:
            caught.append(error)

    with server(answer, tls=tls) as url:
        thread = threading.Thread(target=ask_there, args=(url,))
        thread.start()
        assert reached.wait(5)
        cancel.set()
        thread.join(3)
        assert isinstance(caught[0], errors.Stopped)
        assert eventually(left.is_set)


def test_words_that_have_come_are_read_without_a_pause_between_their_records(tls, monkeypatch):
    words = [f"{number} " for number in range(100)]
    all_sent = threading.Event()

    def answer(peer):
        peer.request()
        peer.send(SSE)
        for word in words:
            peer.frame(word)
        peer.send(LAST)
        all_sent.set()

    pauses = []
    gather = Exchange.gather

    def gather_and_tell(exchange):
        pauses.append(exchange.every)
        gather(exchange)

    with server(answer, tls=tls) as url, Client(url, SECRET).stream_chat(ASK) as stream:
        assert all_sent.wait(5)
        monkeypatch.setattr(Exchange, "gather", gather_and_tell)
        assert [delta.text for delta in stream] == words
    assert len(pauses) < 5


def test_words_are_told_while_half_of_the_next_record_has_come(tls):
    told = threading.Event()
    words = []

    def answer(peer):
        came, goes = ssl.MemoryBIO(), ssl.MemoryBIO()
        secure = tls.wrap_bio(came, goes, server_side=True)

        def until(done):
            while True:
                with suppress(ssl.SSLWantReadError):
                    return done()
                peer.send(goes.read())
                came.write(peer.connection.recv(65536))

        def record(data):
            secure.write(data)
            return goes.read()

        until(secure.do_handshake)
        request = b""
        while not request.endswith(b"}"):
            request += until(lambda: secure.read(65536))
        peer.send(record(SSE + chunk("one ")))
        whole, half = record(chunk("two ")), record(chunk("three") + LAST)
        peer.send(whole + half[:20])
        if told.wait(5):
            peer.send(half[20:])

    cancel = Cancel(lambda: told.set() if words[-1:] == ["two "] else None)
    with server(answer) as url:
        secure_url = url.replace("http:", "https:")
        with Client(secure_url, SECRET).stream_chat(ASK, cancel=cancel) as stream:
            words.extend(delta.text for delta in stream)
    assert words == ["one ", "two ", "three"]


def test_connections_share_what_they_trust(tls):
    before = sockets._trusting.cache_info()
    with server(says(http(200, b'["Anime"]', "connection: close")), tls=tls) as url:
        for _ in range(3):
            assert Client(url, SECRET).styles() == ["Anime"]
    after = sockets._trusting.cache_info()
    assert (after.misses - before.misses, after.hits - before.hits) == (1, 2)
