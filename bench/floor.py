"""The floor: the least that a Django site must do to relay a stream. No session, no rows, no middleware.

Served by the same web server with the same options as the product, it says what the machine can do.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator

import requests
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import path

UPSTREAM = os.environ["FLOOR_UPSTREAM"]
PIECE = 65536  # bytes read at a time; `read1` returns as soon as there is anything

_threads = threading.local()


def page(request: HttpRequest) -> HttpResponse:
    """Answer with a small page."""
    return HttpResponse("<!doctype html><title>Floor</title><p>A page.")


def relay(request: HttpRequest) -> StreamingHttpResponse:
    """Pass a question on, and the bytes of its answer back as they come."""
    headers = {
        "Content-Type": "application/json",
        "Authorization": "Bearer floor",
        "Accept-Encoding": "identity",
    }
    answer = _session().post(UPSTREAM, data=request.body, headers=headers, stream=True, timeout=60)
    return StreamingHttpResponse(_pieces(answer), content_type="text/event-stream")


def _pieces(answer: requests.Response) -> Iterator[bytes]:
    while piece := answer.raw.read1(PIECE, decode_content=True):
        yield piece


def _session() -> requests.Session:
    session: requests.Session | None = getattr(_threads, "session", None)
    if session is None:
        session = _threads.session = requests.Session()
        session.trust_env = False
    return session


urlpatterns = [path("page", page), path("relay", relay)]

settings.configure(
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["127.0.0.1"],
    SECRET_KEY="the floor signs nothing",
    MIDDLEWARE=[],
)
application = get_wsgi_application()
