"""A road that leads nowhere, or to somebody else."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.scenarios.coverage import plays
from tests.scenarios.stage import PICTURE, REPLY, Stage, the_books_balance
from venice_site.venice.models import ApiKey, Attempt, Call, Quota, QuotaBucket


class Impostor:
    """A server with a certificate that nobody vouches for; keeps what it is told."""

    def __init__(self, folder: Path) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(_certificate(folder))
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://127.0.0.1:{self._listener.getsockname()[1]}/api/v1"
        self.knocks = 0
        self.told = b""
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                guest, _ = self._listener.accept()
            except OSError:
                return
            self.knocks += 1
            try:
                with self._context.wrap_socket(guest, server_side=True) as safe:
                    self.told += safe.recv(65536)
            except OSError:
                guest.close()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


def _certificate(folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    path = folder / "impostor.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.fixture
def impostor(tmp_path: Path) -> Iterator[Impostor]:
    impostor = Impostor(tmp_path)
    yield impostor
    impostor.close()


@plays("faults", 25)
@pytest.mark.parametrize("order", [PICTURE, REPLY])
def test_an_impostor_is_told_nothing(stage: Stage, settings, impostor: Impostor, order) -> None:
    stage.make_key("one")
    Quota.objects.create(metric="requests", limit=10)
    settings.VENICE_BASE_URL = impostor.url
    run, _ = stage.have(order)
    assert run.status == "failed"
    assert "Nothing was charged" in stage.page_of(run)
    assert impostor.knocks >= 1
    assert impostor.told == b""
    assert Call.objects.get().state == "released"
    assert QuotaBucket.objects.get().used == 0
    assert set(Attempt.objects.values_list("outcome", "status")) == {("unreachable", None)}
    assert ApiKey.objects.get().state == "active"
    the_books_balance()


@pytest.fixture
def black_hole() -> Iterator[str]:
    """The address of a port that takes no more connections and does not say so."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/api/v1"


@plays("faults", 24)
def test_a_black_hole_is_given_up(stage: Stage, settings, black_hole) -> None:
    stage.make_key("one")
    settings.VENICE_BASE_URL, settings.VENICE_TIMEOUT = black_hole, 0.1
    image, _ = stage.have(PICTURE)
    assert (image.status, image.error_kind) == ("failed", "unreachable")
    assert "Nothing was charged" in stage.page_of(image)
    assert [int(seconds) for seconds in stage.clock.waits] == [1, 2, 4]
    assert Attempt.objects.filter(outcome="unreachable").count() == 4
    assert (Call.objects.get().state, Call.objects.get().cost) == ("released", 0)
