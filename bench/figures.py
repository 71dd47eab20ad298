"""One measured figure, and how many numbers become one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with what it should reach and the floor measured in the same run."""

    name: str
    unit: str
    value: float
    reach: float
    floor: float | None = None
    more_is_better: bool = False

    @property
    def is_reached(self) -> bool:
        """Return whether the figure is as good as it should be."""
        return self.value >= self.reach if self.more_is_better else self.value <= self.reach

    def as_dict(self) -> dict[str, object]:
        """Return the figure as plain data."""
        return asdict(self) | {"is_reached": self.is_reached}


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which `share` (0 to 1) of the values lie, the nearest one that was measured."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
