"""What is ordered in one go: one order, or many with what they differ in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gallery.visibility import Visibility
from venice_site.venice.types import ImageOrder

MOST_PICTURES = 100  # in one go


@dataclass(frozen=True, slots=True)
class Commission:
    """Orders, and how many variants of each; `axes` when they are the cells of a grid, in reading order.

    `typed` is the prompt as it was typed, `from_message` the chat message that it was taken from.
    """

    orders: tuple[ImageOrder, ...]
    variants: int = 1
    typed: str = ""
    axes: tuple[Mapping[str, Any], ...] = ()
    visibility: Visibility = Visibility.TEAM
    from_message: int | None = None

    @property
    def pictures(self) -> int:
        """Return how many pictures this makes."""
        return len(self.orders) * self.variants

    @property
    def is_batch(self) -> bool:
        """Return whether the pictures differ in more than their seeds."""
        return len(self.orders) > 1 or bool(self.axes)
