"""What the tests of the gallery have in common: ordering through the page, and a worker's turn."""

import uuid
from collections.abc import Callable
from io import BytesIO

import pytest
from django.test import Client
from PIL import Image as Pillow

from gallery.models import Generation, Image
from gallery.search import Search
from gallery.tasks import make_next_image
from venice_site.simulator import Simulator

HTMX = {"HX-Request": "true"}


@pytest.fixture
def order(simulator: Simulator) -> Callable[..., object]:
    """Return a function that sends the composer's form as a person's browser does."""

    def send(client: Client, *, htmx: bool = True, **fields):
        form = {
            "request_id": str(uuid.uuid4()),
            "prompt": "A heron in fog",
            "model": "z-image-turbo",
        }
        return client.post("/gallery/", form | fields, headers=HTMX if htmx else {})

    return send


@pytest.fixture
def ordered(order, as_alice) -> Callable[..., list[Image]]:
    """Return a function by which Alice orders pictures; it returns their rows."""

    def send(**fields) -> list[Image]:
        assert order(as_alice, **fields).status_code == 200
        return list(Generation.objects.first().images.order_by("pk"))

    return send


@pytest.fixture
def work() -> Callable[[], None]:
    """Return a function that lets a worker make what is due."""

    def until_nothing_is_due() -> None:
        for _ in range(10):
            make_next_image.func()

    return until_nothing_is_due


@pytest.fixture
def made(ordered, work) -> Callable[..., Image]:
    """Return a function by which Alice gets a picture."""

    def make(**fields) -> Image:
        image = ordered(**fields)[0]
        work()
        image.refresh_from_db()
        return image

    return make


def encoded(form: str, size: tuple[int, int] = (64, 48), mode: str = "RGB", **options) -> bytes:
    out = BytesIO()
    picture = Pillow.linear_gradient("L").resize(size).convert(mode)
    picture.save(out, form, **options)
    return out.getvalue()


@pytest.fixture
def hang(db) -> Callable[..., Image]:
    """Return a function that hangs a finished picture without making it, files and all left out."""

    def one(user, prompt: str = "A heron", **facts) -> Image:
        kept = {name: facts.pop(name) for name in ("visibility", "model", "style") if name in facts}
        generation = Generation.objects.create(
            user=user, request_id=uuid.uuid4().hex, prompt=prompt, **{"model": "flux"} | kept
        )
        told = {"seed": 1, "status": "succeeded", "mime": "image/png", "sha256": "0" * 64}
        told |= {"width": 1024, "height": 768, "byte_size": 1000}
        return Image.objects.create(generation=generation, **told | facts)

    return one


@pytest.fixture
def found() -> Callable[..., list[int]]:
    """Return a function that looks for pictures as a person does in the search box."""

    def look(user, text: str, number: int = 60) -> list[int]:
        return Search.of(user, text).older(None, number)

    return look
