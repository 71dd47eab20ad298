"""How large a request may be: looked at before anything of it is read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render

type View = Callable[..., HttpResponseBase]


def takes_up_to(most: int) -> Callable[[View], View]:
    """Let a view take bodies of so many bytes from people who are signed in; others take those of a form."""

    def note(view: View) -> View:
        view.largest_body = most  # type: ignore[attr-defined]
        return view

    return note


class BodySizeMiddleware:
    """Refuse a body that is larger than its view takes; belongs before whatever reads forms.

    A body without a length, or with nonsense for one, counts as none: the server hands over no more than the length that was told.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Go on; the size is looked at once the view is known."""
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: View, args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """Refuse with 413, or go on."""
        told = request.META.get("CONTENT_LENGTH") or ""
        size = int(told) if told.isdecimal() else 0
        if size <= settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            return None
        if request.user.is_authenticated and size <= getattr(view, "largest_body", 0):
            return None
        return render(request, "413.html", status=413)
