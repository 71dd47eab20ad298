"""What a card says of an image without a picture: one that waits, is being made, or will never be."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.humanize.templatetags.humanize import ordinal
from django.utils import timezone
from django.utils.formats import time_format

from gallery import estimates
from gallery.hung import HungWords
from gallery.models import Image
from venice_site.templatetags.studio import seconds

CARDS_A_SECOND = 4
LATEST_LOOK = 15  # seconds
TITLE, PROMPT = 300, 120  # characters


@dataclass(frozen=True, slots=True)
class State:
    """An image without a picture, and its place in the queue if it waits."""

    image: Image | HungWords
    place: int | None

    @property
    def title(self) -> str:
        """Return the prompt as far as a hint has room for it."""
        return cut(self.image.caption, TITLE)

    @property
    def prompt(self) -> str:
        """Return the prompt as far as a card has room for it."""
        return cut(self.image.caption, PROMPT)

    @property
    def waiting(self) -> str:
        """Return why it waits, at which place and about how long."""
        wait = estimates.about(self.image, self.place)
        why = f"{self.image.error} " if self.image.error else ""
        return f"{why}{self._turn}{f', {wait}' if wait else ''}"

    @property
    def _turn(self) -> str:
        if self.image.run_after:
            return f"Waits until {time_format(timezone.localtime(self.image.run_after), 'H:i:s')}"
        if not self.place:
            return "In line"
        return "Next in line" if self.place == 1 else f"{ordinal(self.place)} in line"

    @property
    def elapsed(self) -> str:
        """Return how long it has been at work."""
        return seconds(self.image.elapsed)

    @property
    def left(self) -> str:
        """Return about how long it still takes, empty when nobody knows."""
        return estimates.about(self.image, None)

    @property
    def looks_again(self) -> int:
        """Return after how many seconds the card asks for news: the farther back in line, the later."""
        if self.image.run_after is not None:
            return 3
        return min(1 + (self.place or 1) // CARDS_A_SECOND, LATEST_LOOK)


def cut(text: str, most: int) -> str:
    """Return as much of a text as there is room for, in characters."""
    return text if len(text) <= most else f"{text[: most - 1]}…"
