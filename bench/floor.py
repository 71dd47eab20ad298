"""The floor: the least that a Django relay of a stream can be. Only for comparison."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator

import requests
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import path

_threads = threading.local()


def relay(request: HttpRequest) -> StreamingHttpResponse:
    """Pass the bytes of a streamed reply on as they arrive."""
    session: requests.Session | None = getattr(_threads, "session", None)
    if session is None:
        session = _threads.session = requests.Session()
        session.trust_env = False
    response = session.post(
        f"{os.environ['FLOOR_UPSTREAM']}/chat/completions",
        json=json.loads(request.body),
        headers={"Authorization": "Bearer floor", "Accept-Encoding": "identity"},
        stream=True,
        timeout=60,
    )

    def pieces() -> Iterator[bytes]:
        while piece := response.raw.read1(65536, decode_content=True):
            yield piece

    return StreamingHttpResponse(pieces(), content_type="text/event-stream")


def ready(request: HttpRequest) -> HttpResponse:
    """Say that pages are served."""
    return HttpResponse("ready")


urlpatterns = [path("relay", relay), path("ready", ready)]

if not settings.configured:
    settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="floor")
application = get_wsgi_application()
