"""The gallery with many pictures: pages at any depth, with any filter, and the search."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import urlencode

from bench.figures import Figure, p50, p95
from bench.measurements import Run, page_times

PAGE, SEARCH = 30.0, 60.0  # milliseconds that the design allows
TIMES = 20
PART = {"HX-Request": "true"}


def gallery(run: Run) -> Iterator[Figure]:
    """Measure how long the server takes for the pages of a gallery, as a browser asks for them."""
    program, headers = run.studio.program, run.studio.visitor.headers
    floor = p50(page_times(program.address, "/healthz", {}))
    of_all = f"of {run.images:,} images"
    for name, target, path, more in _asked(run.studio.gallery):
        times = page_times(program.address, f"/gallery/{path}", headers | more, TIMES)
        yield Figure(
            f"Gallery {of_all}: {name}",
            p50(times),
            "ms",
            target=target,
            floor=floor,
            p95=p95(times),
        )


def _asked(known: Mapping[str, str]) -> Iterator[tuple[str, float | None, str, dict[str, str]]]:
    """Yield what is asked for: a name, the target in milliseconds, the address and further headers."""
    middle, image = known["middle"], known["middle"]
    for name, q in {
        "the newest 60": "",
        "filtered by model": f"model:{known['model']}",
        "filtered by person": f"by:{known['person']}",
        "favourites": "is:favourite",
        "rated 4 and more": "rating:>=4",
        "private": "is:private",
        "a tag": f"tag:{known['tag']}",
        "a collection with all inside": f"in:{known['collection']}",
        "size, model, not this person": f"size:1024x1024 model:{known['model']} -by:{known['person']}",
    }.items():
        yield name, PAGE, f"?{urlencode({'q': q})}" if q else "", {}
        yield "… half-way down", PAGE, f"?{urlencode({'q': q, 'before': middle})}", {}
    yield "the next 60 alone, half-way down", PAGE, f"?before={middle}", PART
    yield "a month", PAGE, f"?month={known['month']}", {}
    yield "around an image, half-way down", PAGE, f"?at={middle}", {}
    for name, q in {
        "search for a common word": "golden ",
        "search for three words": "heron fog candle ",
        "search for a phrase": '"oil on canvas"',
        "search for an unfinished word": "lumi",
        "search without a word": "heron -golden ",
        "search that finds nothing": "heron zzzz ",
        "search with filters": f"heron model:{known['model']} by:{known['person']} is:favourite",
    }.items():
        yield name, SEARCH, f"?{urlencode({'q': q})}", {}
        yield "… half-way down", SEARCH, f"?{urlencode({'q': q, 'before': middle})}", {}
    yield "an image with its neighbours", PAGE, f"images/{image}/", {}
    yield "an image with its neighbours in a search", SEARCH, f"images/{image}/?q=golden", {}
    yield "counts to filter by", None, "filters", PART
    yield "counts of a search", None, "filters?q=golden", PART
    yield "months of everything", None, "filters", PART | {"HX-Target": "months"}
    yield "trash", PAGE, "trash/", {}
    yield "collections", PAGE, "collections/", {}
    yield "the largest collection", PAGE, f"collections/{known['largest']}/", {}
    yield "queue", PAGE, "queue/", {}
    yield "storage", None, "storage", {}
