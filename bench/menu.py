"""Everything that is measured, by its name on the command line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from bench.figures import Figure
from bench.gallery import gallery
from bench.measurements import Run, cpu, first_token, memory, pages, quota, start, streams
from bench.processes import megabytes

MEASUREMENTS: dict[str, Callable[[Run], Iterator[Figure]]] = {
    "start": start,
    "memory": memory,
    "pages": pages,
    "gallery": gallery,
    "quota": quota,
    "first-token": first_token,
    "cpu": cpu,
    "streams": streams,
}


def measured(run: Run, names: Sequence[str]) -> Iterator[Figure]:
    """Measure in one fixed order, and in the end say what was lost and what the load has left behind."""
    for name, measure in MEASUREMENTS.items():
        if name in names:
            yield from measure(run)
    if run.replies:
        lost = sum(trouble.startswith(run.studio.name) for trouble in run.troubles)
        yield Figure(f"Replies lost or cut, of {run.replies}", lost, "", target=0)
        after, bare = megabytes(run.studio.web()), megabytes(run.floor.web())
        yield Figure("Memory after all that: web", after, "MB", floor=bare)
