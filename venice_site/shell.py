"""What stands around every page: where you are, what you may still use, what everybody should know."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.utils.functional import SimpleLazyObject

from venice_site.venice.allowances import Allowance, allowances
from venice_site.venice.models import Announcement, Notice
from venice_site.venice.service import on_stand_in

ROOMS = ("gallery", "chat", "usage")


class Shell:
    """The shell of one page; asks the database only for what a template really shows."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @property
    def room(self) -> str:
        """Return the name of the room that the page is in, or an empty string."""
        name = self._request.path_info.strip("/").partition("/")[0]
        return name if name in ROOMS else ""

    @cached_property
    def on_stand_in(self) -> bool:
        """Return whether the local stand-in answers in the place of Venice."""
        return on_stand_in()

    @cached_property
    def announcements(self) -> list[str]:
        """Return the sentences that administrators show to everyone."""
        return list(Announcement.objects.filter(enabled=True).values_list("text", flat=True))

    @cached_property
    def notices(self) -> list[str]:
        """Return what an administrator should know and nobody has dealt with, the newest first."""
        user = self._request.user
        if not (user.is_authenticated and user.is_administrator):
            return []
        return list(Notice.objects.filter(settled_at=None).values_list("text", flat=True))

    @cached_property
    def tightest(self) -> Allowance | None:
        """Return the quota of which the person has used the largest share, if there is any quota."""
        if not self._request.user.is_authenticated:
            return None
        return next(iter(allowances(self._request.user)), None)


def shell(request: HttpRequest) -> dict[str, Any]:
    """Put the shell into every template, at no cost to those that do not show it.

    The token of the forms is drawn once a page and not once a form: a conversation has a hundred of them.
    """
    return {"shell": Shell(request), "csrf_token": SimpleLazyObject(lambda: get_token(request))}
