"""People, a signed-in client for each of them, and a running stand-in for Venice."""

import os
import shutil
from collections.abc import Iterator

import hypothesis
import pytest
from django.conf import settings as django_settings
from django.contrib.contenttypes.management import create_contenttypes
from django.core.cache import cache
from django.db.models.signals import post_migrate
from django.test import Client

from venice_site.simulator import Simulator

hypothesis.settings.register_profile("studio", deadline=None)  # tests measure no time
hypothesis.settings.load_profile("studio")


def pytest_configure() -> None:
    django_settings.STORAGES["staticfiles"] = {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
    }
    django_settings.WHITENOISE_AUTOREFRESH = True  # else every client reads all static files
    django_settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def pytest_xdist_auto_num_workers() -> int:
    """Have one worker more than processors: those that wait for a product or a page leave one free."""
    return (os.cpu_count() or 1) + 1


def pytest_unconfigure() -> None:
    shutil.rmtree(django_settings.DATA_DIR, ignore_errors=True)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup) -> None:
    """Do not write permissions anew whenever a test that commits has emptied the tables: nothing asks for them."""
    post_migrate.disconnect(dispatch_uid="django.contrib.auth.management.create_permissions")
    post_migrate.disconnect(create_contenttypes)


@pytest.fixture(autouse=True)
def _fresh_cache(monkeypatch) -> None:
    """Begin with nothing known, and never forget a quota in the middle of counting queries."""
    cache.clear()
    for known in ("rules.FRESH_FOR", "stand_in.FRESH_FOR", "catalogue.LOOK_AGAIN_AFTER"):
        monkeypatch.setattr(f"venice_site.venice.{known}", 3600)


@pytest.fixture(scope="session")
def running_simulator() -> Iterator[Simulator]:
    with Simulator(first_token_ms=0, tokens_per_second=0, image_ms=0) as simulator:
        yield simulator


@pytest.fixture
def simulator(running_simulator: Simulator, settings) -> Simulator:
    """The stand-in for Venice on a real socket; both the stand-in and the real address lead to it."""
    running_simulator.clear()
    settings.VENICE_STAND_IN_URL = running_simulator.url
    settings.VENICE_BASE_URL = running_simulator.url
    return running_simulator


def make_person(name: str, **facts):
    from venice_site.accounts.models import User

    return User.objects.create_user(username=name, password=f"{name}-password", **facts)


@pytest.fixture
def alice(db):
    """The owner of things."""
    return make_person("alice")


@pytest.fixture
def bob(db):
    """A team mate."""
    return make_person("bob")


@pytest.fixture
def charlie(db):
    """A stranger to the things of Alice and Bob."""
    return make_person("charlie")


@pytest.fixture
def administrator(db):
    return make_person("root", is_staff=True)


def signed_in(person) -> Client:
    client = Client()
    client.force_login(person, backend="venice_site.accounts.backends.Backend")
    return client


@pytest.fixture
def as_alice(alice) -> Client:
    return signed_in(alice)


@pytest.fixture
def as_bob(bob) -> Client:
    return signed_in(bob)


@pytest.fixture
def as_charlie(charlie) -> Client:
    return signed_in(charlie)


@pytest.fixture
def as_administrator(administrator) -> Client:
    return signed_in(administrator)


@pytest.fixture
def make_key(db):
    """Return a function that adds a key to the pool."""
    from venice_site.venice.models import ApiKey

    def make(secret: str = "key-one", **facts) -> ApiKey:
        key = ApiKey(**{"name": secret, "account": "main"} | facts)
        key.put_secret(secret)
        key.save()
        return key

    return make


@pytest.fixture
def key(make_key):
    return make_key()
