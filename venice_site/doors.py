"""From room to room: ask another room at its address, for the same person; that room says what they may see.

The gallery and the chat know each other's addresses and ids and nothing else, in the server as in the
browser. A question is answered in this process, by the view behind the address.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.http.response import FileResponse
from django.urls import resolve, reverse

from venice_site.accounts.models import User
from venice_site.accounts.requests import SignedInRequest


def facts_from(user: User, name: str, *args: int, **query: Any) -> Any:
    """Return the JSON at an address as this person gets it; None when there is nothing for them."""
    answer = _ask(user, name, args, query)
    return json.loads(cast("HttpResponse", answer).content) if answer else None


def file_from(user: User, name: str, *args: int) -> bytes | None:
    """Return the file at an address as this person gets it; None when there is nothing for them."""
    answer = _ask(user, name, args, {})
    if answer is None:
        return None
    try:
        return b"".join(cast("FileResponse", answer))
    finally:
        answer.close()


def _ask(
    user: User, name: str, args: tuple[int, ...], query: Mapping[str, Any]
) -> HttpResponseBase | None:
    path = reverse(name, args=args)
    match = resolve(path)
    request = HttpRequest()
    request.method, request.path, request.path_info = "GET", path, path
    request.GET = QueryDict(urlencode(query, doseq=True))
    request.user = user
    try:
        answer: HttpResponseBase = match.func(
            cast("SignedInRequest", request), *match.args, **match.kwargs
        )
    except (Http404, FileNotFoundError):  # not theirs, not there, or its file is lost
        return None
    return answer if answer.status_code == 200 else None
