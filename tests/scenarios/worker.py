"""A process that works for Alice on the database of a test until it is killed.

Run as `python -m tests.scenarios.worker make|begin|reply`; says "ready" when it is about to begin.
"""

import signal
import sys
import uuid

import django


def make() -> None:
    """Make the next picture."""
    from gallery.tasks import make_next_image

    print("ready", flush=True)
    make_next_image.func()


def begin() -> None:
    """Take the next picture and come no further."""
    from django.utils import timezone

    from gallery.models import Image

    image = Image.objects.fairest_due(timezone.now())
    assert image is not None
    assert image.begin()
    print("ready", flush=True)
    signal.pause()


def reply() -> None:
    """Send a message; a thread of this process writes the reply."""
    from django.test import Client

    from venice_site.accounts.models import User

    client = Client(SERVER_NAME="localhost")
    client.force_login(User.objects.get(username="alice"), "venice_site.accounts.backends.Backend")
    text = "Tell me a long story about herons."
    form = {"text": text, "model": "llama-3.3-70b", "request_id": str(uuid.uuid4())}
    answer = client.post("/chat/", form, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    print("ready", flush=True)
    signal.pause()


if __name__ == "__main__":
    django.setup()
    {"make": make, "begin": begin, "reply": reply}[sys.argv[1]]()
