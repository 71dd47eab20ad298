"""Asking for sign-in everywhere, without losing what somebody typed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest, HttpResponse, HttpResponseBase

if TYPE_CHECKING:
    from django_htmx.middleware import HtmxDetails


class SignInRequiredMiddleware(LoginRequiredMiddleware):
    """Ask for sign-in on every page that is not marked as open.

    A request of htmx is answered with 401 instead of a redirect: the sign-in page would be drawn into
    a fragment, or replace a page in which somebody has typed. `shell.js` says what happened.
    """

    def handle_no_permission(  # type: ignore[override]  # the base class only ever redirects
        self, request: HttpRequest, view_func: Callable[..., HttpResponseBase]
    ) -> HttpResponseBase:
        """Send a browser to the sign-in page, and tell htmx that the session has ended."""
        if cast("HtmxDetails | None", getattr(request, "htmx", None)):
            return HttpResponse(status=401)
        return super().handle_no_permission(request, view_func)
