"""What the product says of its settings before it starts."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from venice_site.checks import check_settings, weakness
from venice_site.settings import kept_secret

ROOT = Path(__file__).resolve().parent.parent
LONG = "a secret that is long enough for anybody to be happy"


def complaints(settings, **changes: object) -> set[str]:
    calm = {
        "SECRET_KEY": LONG,
        "ENCRYPTION_KEYS": [LONG],
        "PUBLIC_URL": "",
        "HOST": "127.0.0.1",
        "DEBUG": False,
        "STREAM_LIMIT": 192,
        "WEB_THREADS": 256,
    }
    for name, value in (calm | changes).items():
        setattr(settings, name, value)
    return {str(complaint.id) for complaint in check_settings()} - {"studio.E001"}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, set()),
        ({"SECRET_KEY": "short"}, {"studio.W002"}),
        ({"SECRET_KEY": "short", "ENCRYPTION_KEYS": ["short"]}, {"studio.W002"}),
        ({"ENCRYPTION_KEYS": ["short"]}, {"studio.W002"}),
        ({"ENCRYPTION_KEYS": [LONG, "short"]}, {"studio.W005"}),
        ({"ENCRYPTION_KEYS": [LONG, "short"], "HOST": "0.0.0.0"}, {"studio.W005"}),
        ({"SECRET_KEY": "short", "HOST": "0.0.0.0"}, {"studio.E004"}),
        ({"ENCRYPTION_KEYS": ["short", LONG], "HOST": "0.0.0.0"}, {"studio.E004"}),
        ({"SECRET_KEY": "short", "PUBLIC_URL": "https://studio.example.com"}, {"studio.E004"}),
        (
            {"SECRET_KEY": "short", "PUBLIC_URL": "https://studio.example.com", "DEBUG": True},
            {"studio.W002"},
        ),
        ({"PUBLIC_URL": "studio.example.com"}, {"studio.E002"}),
        ({"PUBLIC_URL": "http://studio.example.com"}, {"studio.W003"}),
        ({"PUBLIC_URL": "http://localhost:8000"}, set()),
        ({"PUBLIC_URL": "https://studio.example.com"}, set()),
        ({"DEBUG": True, "HOST": "0.0.0.0"}, {"studio.E003"}),
        ({"STREAM_LIMIT": 256}, {"studio.W004"}),
    ],
)
def test_each_risky_setting_is_named(
    settings, changes: dict[str, object], expected: set[str]
) -> None:
    assert complaints(settings, **changes) == expected


# --- secrets that somebody could guess --------------------------------------------------------


@pytest.mark.parametrize(
    "secret",
    [
        "short",
        "a" * 64,
        "abcabcabc" * 8,
        "0123012301230123012301230123012301230123",
        "changeme" * 8,
        "please-change-me-before-you-go-to-production",
        "CHANGE_THIS_to_something_random_and_very_long",
        "django-insecure-4k8#x!v2@m$q7z&w9p(r5t)y1u3i6o0",
        "your-secret-key-here-your-secret-key-here",
        "<replace me> with the output of openssl rand",
    ],
)
def test_placeholders_and_repetitions_can_be_guessed(secret: str) -> None:
    assert weakness(secret)


def test_random_secrets_cannot_be_guessed(tmp_path: Path) -> None:
    assert weakness(LONG) == ""
    for number in range(200):
        assert weakness(kept_secret(tmp_path / str(number))) == ""
        assert weakness(os.urandom(16).hex()) == ""


@pytest.mark.parametrize("example", [".env.example", "compose.yaml", "Dockerfile", "README.md"])
def test_a_secret_that_stands_in_an_example_can_be_guessed(example: str) -> None:
    given = r"(?:SECRET_KEY|ENCRYPTION_KEYS|POSTGRES_PASSWORD)[=:] *(\S+)"
    values = re.findall(given, (ROOT / example).read_text())
    assert [value for value in values if not weakness(value)] == []


def start(command: list[str], data: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=ROOT,
        env=os.environ | {"DATA_DIR": str(data), "DATABASE_URL": ""} | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize("command", [["serve"], ["serve", "--only", "worker"], ["prepare"]])
def test_the_product_does_not_start_in_the_open_with_a_secret_that_can_be_guessed(
    command: list[str], tmp_path: Path
) -> None:
    ended = start(command, tmp_path, SECRET_KEY="changeme", PUBLIC_URL="https://studio.example.com")
    assert ended.returncode == 1
    (sentence,) = ended.stderr.strip().splitlines()
    assert sentence.startswith("CommandError: SECRET_KEY is a placeholder that everybody knows.")
    assert "openssl rand -base64 48" in sentence
    assert not (tmp_path / "prepare.lock").exists()


def test_a_secret_made_by_the_product_is_good_enough_for_the_open(tmp_path: Path) -> None:
    ended = start(["prepare"], tmp_path, SECRET_KEY="", HOST="0.0.0.0", ADMIN_PASSWORD="")
    assert ended.returncode == 0, ended.stderr
    assert "The first administrator is" in ended.stdout


@pytest.mark.django_db
def test_on_this_machine_alone_a_short_secret_is_only_remarked(settings) -> None:
    settings.SECRET_KEY, settings.HOST, settings.PUBLIC_URL = "short", "127.0.0.1", ""
    call_command("prepare")
    settings.HOST = "0.0.0.0"
    with pytest.raises(CommandError, match="SECRET_KEY is short enough to be guessed"):
        call_command("prepare")
