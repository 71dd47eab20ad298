"""What stands around every page: where you are, what you may still use, what everybody should know."""

from __future__ import annotations

from functools import cached_property
from typing import Any, NamedTuple

from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.utils.functional import SimpleLazyObject
from django.utils.safestring import SafeString

from venice_site.skeletons import kept
from venice_site.statements import Statement
from venice_site.venice.allowances import Allowance, allowances
from venice_site.venice.models import Announcement, Notice
from venice_site.venice.service import on_stand_in

ROOMS = ("gallery", "chat", "usage")
ANNOUNCED = Statement(lambda: Announcement.objects.filter(enabled=True).values_list("text"))
UNSETTLED = Statement(lambda: Notice.objects.filter(settled_at=None).values_list("text"))


class Person(NamedTuple):
    """Who is signed in, as the rail shows them."""

    name: str
    username: str
    is_administrator: bool


class Tightest(NamedTuple):
    """The quota that is used most, as the rail shows it; `percent` are whole."""

    words: str
    level: str
    percent: int


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
    def announcements(self) -> tuple[str, ...]:
        """Return the sentences that administrators show to everyone."""
        return tuple(text for (text,) in ANNOUNCED.all())

    @cached_property
    def notices(self) -> tuple[str, ...]:
        """Return what an administrator should know and nobody has dealt with, the newest first."""
        user = self._request.user
        if not (user.is_authenticated and user.is_administrator):
            return ()
        return tuple(text for (text,) in UNSETTLED.all())

    @property
    def bands(self) -> SafeString | str:
        """Return the HTML of what stands above every page, empty when there is nothing to say."""
        if not (self.on_stand_in or self.announcements or self.notices):
            return ""
        user = self._request.user
        return kept(
            "bands.html",
            on_stand_in=self.on_stand_in,
            announcements=self.announcements,
            notices=self.notices,
            is_administrator=user.is_authenticated and user.is_administrator,
        )

    @cached_property
    def allowances(self) -> list[Allowance]:
        """Return what the person may still use, the tightest first."""
        user = self._request.user
        return allowances(user) if user.is_authenticated else []

    @property
    def tightest(self) -> Tightest | None:
        """Return the quota of which the person has used the largest share, if there is any quota."""
        first = next(iter(self.allowances), None)
        return Tightest(first.words, first.level, first.percent) if first else None

    @property
    def person(self) -> Person:
        """Return who is signed in."""
        user = self._request.user
        assert user.is_authenticated
        return Person(str(user), user.username, user.is_administrator)


def shell_of(request: HttpRequest) -> Shell:
    """Return the shell of the page that answers a request, so that page and shell ask once for the same."""
    known: Shell | None = getattr(request, "shell", None)
    if known is None:
        known = request.shell = Shell(request)  # type: ignore[attr-defined]
    return known


def shell(request: HttpRequest) -> dict[str, Any]:
    """Put the shell into every template, at no cost to those that do not show it.

    The token of the forms is drawn once a page and not once a form: a conversation has a hundred of them.
    """
    token = SimpleLazyObject(lambda: get_token(request))
    return {"shell": shell_of(request), "csrf_token": token}
