"""What happens before the processes start: the database, the first administrator, keys and ports."""

import os
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from venice_site.accounts.models import User
from venice_site.management.commands import serve
from venice_site.venice.models import ApiKey, KeySource

ROOT = Path(__file__).resolve().parent.parent


def prepare(settings, *, keys: list[str] | None = None) -> None:
    settings.VENICE_API_KEYS = keys or []
    settings.ADMIN_PASSWORD = "correct horse battery staple"
    call_command("prepare")


@pytest.mark.django_db
def test_the_first_start_makes_one_administrator(settings) -> None:
    prepare(settings)
    prepare(settings)

    person = User.objects.get()
    assert person.username == "admin"
    assert person.is_administrator
    assert person.check_password("correct horse battery staple")


@pytest.mark.django_db
def test_a_later_start_leaves_the_administrator_alone(settings) -> None:
    prepare(settings)
    settings.ADMIN_USERNAME = "somebody-else"

    prepare(settings)

    assert [person.username for person in User.objects.all()] == ["admin"]


@pytest.mark.django_db
def test_a_random_password_is_shown(settings, capsys: pytest.CaptureFixture[str]) -> None:
    settings.ADMIN_PASSWORD = ""

    call_command("prepare")
    call_command("prepare")

    (shown,) = [line for line in capsys.readouterr().out.splitlines() if "only this once" in line]
    assert User.objects.get().check_password(shown.split()[-1])


@pytest.mark.django_db
def test_keys_of_the_environment_become_rows_once(settings) -> None:
    prepare(settings, keys=["secret-one", "secret-two"])
    prepare(settings, keys=["secret-one", "secret-two"])

    keys = ApiKey.objects.order_by("name")
    assert [key.name for key in keys] == ["Environment key 1", "Environment key 2"]
    assert {key.secret() for key in keys} == {"secret-one", "secret-two"}
    assert {key.source for key in keys} == {KeySource.ENVIRONMENT}


@pytest.mark.django_db
def test_a_key_that_is_no_longer_given_is_switched_off_until_it_is_given_again(
    settings,
) -> None:
    prepare(settings, keys=["secret-one", "secret-two"])

    prepare(settings, keys=["secret-two"])
    assert [key.secret() for key in ApiKey.objects.enabled()] == ["secret-two"]

    prepare(settings, keys=["secret-one", "secret-two"])
    assert ApiKey.objects.enabled().count() == 2


@pytest.mark.django_db
def test_a_key_that_was_switched_off_in_the_panel_stays_off(settings) -> None:
    prepare(settings, keys=["secret-one"])
    ApiKey.objects.update(enabled=False, name="Resting")

    prepare(settings, keys=["secret-one"])

    assert [(key.name, key.enabled) for key in ApiKey.objects.all()] == [("Resting", False)]


@pytest.mark.django_db
def test_keys_of_the_panel_do_not_mind_the_environment(settings) -> None:
    key = ApiKey(name="Ours", source=KeySource.PANEL)
    key.put_secret("secret-panel")
    key.save()

    prepare(settings, keys=["secret-panel"])
    prepare(settings, keys=[])

    assert [(key.name, key.enabled) for key in ApiKey.objects.all()] == [("Ours", True)]


def test_two_first_starts_at_once_make_one_database(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "DATA_DIR": str(tmp_path),
        "DATABASE_URL": f"sqlite:///{tmp_path / 'studio.sqlite3'}",
        "ADMIN_PASSWORD": "",
        "VENICE_API_KEYS": "secret-one",
    }

    def prepare_in_a_process() -> str:
        return subprocess.run(
            [sys.executable, "manage.py", "prepare"],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    with ThreadPoolExecutor(2) as pool:
        said = "".join(pool.map(lambda _: prepare_in_a_process(), range(2)))

    assert said.count("only this once") == 1
    assert said.count("Added Environment key 1") == 1


def test_a_taken_port_is_refused_in_a_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CommandError, match=f"Port {port} is already taken"):
            serve.refuse_taken_port("127.0.0.1", port)


def test_an_address_of_another_machine_is_refused_in_a_sentence() -> None:
    with pytest.raises(CommandError, match=r"Cannot listen on 192\.0\.2\.1"):
        serve.refuse_taken_port("192.0.2.1", 8000)


def test_the_stand_in_moves_to_a_free_port_and_everybody_is_told(
    settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        usual = taken.getsockname()[1]
        settings.VENICE_STAND_IN_URL = f"http://127.0.0.1:{usual}/api/v1"
        monkeypatch.setenv("VENICE_STAND_IN_URL", settings.VENICE_STAND_IN_URL)

        port = serve.settle_stand_in_port()

        assert port != usual
        assert os.environ["VENICE_STAND_IN_URL"] == f"http://127.0.0.1:{port}/api/v1"


@pytest.mark.parametrize(
    ("keys", "url", "ours"),
    [
        ([], "http://127.0.0.1:8809/api/v1", True),
        (["secret"], "http://127.0.0.1:8809/api/v1", False),
        ([], "http://stand-in:8809/api/v1", False),
    ],
)
def test_the_stand_in_is_started_without_a_key_and_on_this_machine(
    settings, keys: list[str], url: str, ours: bool
) -> None:
    settings.VENICE_API_KEYS, settings.VENICE_STAND_IN_URL = keys, url
    assert serve.stand_in_is_ours() is ours


@pytest.mark.parametrize(
    ("public", "host", "shown"),
    [
        ("", "127.0.0.1", "http://127.0.0.1:8000/"),
        ("", "0.0.0.0", "http://127.0.0.1:8000/"),
        ("", "::1", "http://[::1]:8000/"),
        ("https://studio.example.com", "0.0.0.0", "https://studio.example.com/"),
    ],
)
def test_the_address_that_is_announced_can_be_opened(
    settings, public: str, host: str, shown: str
) -> None:
    settings.PUBLIC_URL, settings.HOST, settings.PORT = public, host, 8000
    assert serve.address() == shown
