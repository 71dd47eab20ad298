"""Requests as views see them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpRequest

from venice_site.accounts.models import User

if TYPE_CHECKING:
    from django_htmx.middleware import HtmxDetails


class SignedInRequest(HttpRequest):
    """A request as the middleware hands it on: by somebody who is signed in, perhaps from htmx."""

    user: User
    htmx: HtmxDetails
