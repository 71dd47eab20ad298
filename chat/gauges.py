"""The gauge of the composer: how full the window of the chosen model is."""

from __future__ import annotations

import json
from dataclasses import dataclass

from chat.context import instructions_of, measure, room
from chat.models import Conversation, Summary
from venice_site.venice.types import Model


@dataclass(frozen=True, slots=True)
class Gauge:
    """What a branch takes of a window, in tokens.

    `sizes` are what is sent in full, then with each summary, the one that leaves out least first.
    """

    conversation: Conversation | None = None
    model: Model | None = None
    sizes: tuple[int, ...] = (0,)
    summary: Summary | None = None

    @property
    def sizes_as_json(self) -> str:
        """Return the sizes for the script that adds what is being written."""
        return json.dumps(self.sizes)

    @property
    def window(self) -> int | None:
        """Return how many tokens the model reads at once, as far as that is known."""
        return self.model.context_tokens if self.model else None

    @property
    def used(self) -> int:
        """Return how much of it the next question finds used."""
        most = room(self.model, None) if self.model else None
        fitting = (size for size in self.sizes if most is None or size <= most)
        return next(fitting, self.sizes[-1])

    @property
    def share(self) -> str:
        """Return how full the window is; without one, how much there is."""
        if not self.window:
            return f"{self.used:,}"
        return f"{min(999, round(100 * self.used / self.window))}%"

    @property
    def words(self) -> str:
        """Return a sentence that says so."""
        if self.window:
            return f"About {self.used:,} of {self.window:,} tokens are used."
        return (
            f"About {self.used:,} tokens are used. How many this model reads at once is not known."
        )


def gauge_of(
    conversation: Conversation | None, last: int | None, model: Model | None = None
) -> Gauge:
    """Return the gauge at a message; empty for a conversation that has not begun."""
    if conversation is None:
        return Gauge(model=model)
    outline = conversation.outline  # before the tree, which comes with it
    path = conversation.tree.ancestry(last)
    branch = measure(outline, path, instructions_of(conversation))
    sizes = tuple(branch.tokens(summary) for summary in (None, *branch.summaries))
    newest = branch.summaries[-1] if branch.summaries else None
    return Gauge(conversation, model, sizes, newest)
