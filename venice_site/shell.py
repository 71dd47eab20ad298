"""What stands around every page: where you are, what you may still use, what everybody should know."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from django.http import HttpRequest

from venice_site.venice import quotas
from venice_site.venice.models import Announcement
from venice_site.venice.service import on_stand_in

ROOMS = ("gallery", "chat", "usage")
NEARLY_USED = 0.8


@dataclass(frozen=True, slots=True)
class Tightest:
    """The quota that is nearest to its end, as the small meter shows it."""

    allowance: quotas.Allowance

    @property
    def words(self) -> str:
        """Return what is left, in words."""
        quota = self.allowance.quota
        return f"{quota.amount(self.allowance.left)} left of {quota}"

    @property
    def percent(self) -> int:
        """Return the used share in percent; anything used shows."""
        share = self.allowance.share_used
        return max(2, round(share * 100)) if share else 0

    @property
    def level(self) -> str:
        """Return how worried the meter looks: done, wait or fail."""
        if not self.allowance.left:
            return "fail"
        return "wait" if self.allowance.share_used >= NEARLY_USED else "done"


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
    def tightest(self) -> Tightest | None:
        """Return the quota of which the person has used the largest share, if there is any quota."""
        if not self._request.user.is_authenticated:
            return None
        allowances = quotas.allowances(self._request.user)
        return Tightest(allowances[0]) if allowances else None


def shell(request: HttpRequest) -> dict[str, Shell]:
    """Put the shell into every template, at no cost to those that do not show it."""
    return {"shell": Shell(request)}
