"""The way in, the health check, and the pages for when something went wrong."""

from __future__ import annotations

import sys
from typing import cast

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, InterfaceError, OperationalError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template import loader
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from venice_site.accounts.models import User
from venice_site.venice.models import CallKind
from venice_site.venice.service import on_stand_in

DATABASE_PAUSE = 5  # seconds until a busy database is worth another try
IDEAS = (
    "A lighthouse in fog, wide shot, muted colours, film grain",
    "A cutaway of a tiny bookshop at night, clay model, warm light",
    "A heron over the lagoon at dawn, ink and watercolour",
)


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Welcome somebody new; take everybody else back to the room they used last."""
    room = last_room(cast("User", request.user))
    if room:
        return redirect(room)
    return render(request, "home.html", {"ideas": IDEAS})


def last_room(user: User) -> str:
    """Return the URL name of the room of the person's latest call, or nothing before the first."""
    kind = user.calls.order_by("-pk").values_list("kind", flat=True).first()
    if kind is None:
        return ""
    return "gallery:index" if kind == CallKind.IMAGE else "chat:index"


@never_cache
@login_not_required
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """Say whether this process can serve: 200, or 503 when the database does not answer."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        venice = "stand-in" if on_stand_in() else "keys"
    except DatabaseError:
        return JsonResponse({"status": "failing", "database": "failing"}, status=503)
    return JsonResponse({"status": "ok", "database": "ok", "venice": venice})


@login_not_required
def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Say that the request made no sense."""
    return render(request, "400.html", status=400)


@login_not_required
def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Say that the page is for administrators."""
    return render(request, "403.html", status=403)


@login_not_required
def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Say that nothing is here, or nothing that the person may see."""
    return render(request, "404.html", status=404)


@login_not_required
def too_many_requests(request: HttpRequest) -> HttpResponse:
    """Say that somebody was too quick, such as with wrong passwords."""
    return render(request, "429.html", status=429)


@login_not_required
def server_error(request: HttpRequest) -> HttpResponse:
    """Say that we failed; uses neither the session nor the database, which may be the reason.

    When it is, a repeat in a moment makes sense, and is said to.
    """
    if isinstance(sys.exception(), OperationalError | InterfaceError):
        page = loader.render_to_string("503.html")
        return HttpResponse(page, status=503, headers={"Retry-After": str(DATABASE_PAUSE)})
    return HttpResponse(loader.render_to_string("500.html"), status=500)
