"""The bars around the grid: to find pictures, and to do something with those that are selected."""

from __future__ import annotations

from types import SimpleNamespace
from typing import NamedTuple

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from gallery.finder import Finder
from gallery.grid import Page
from venice_site.skeletons import Gaps, Skeleton, kept

OPTIONS = "gallery/organise.html#options"
INDENT = "\N{EN DASH} "


class Place(NamedTuple):
    """Where a bar stands: the address of the page, and the token of its forms."""

    path: str
    csrf_token: str


class SelectionLook(NamedTuple):
    """What the template asks of the bar for selected pictures."""

    is_of_search: bool
    has_collections: bool


def finding(page: Page, finder: Finder, place: Place) -> SafeString:
    """Return the bar with the search box."""
    told = {"query": page.search.query, "context": page.context}
    return _finding.fill(finder.veils, told | place._asdict())


def selection(page: Page | None, finder: Finder, place: Place) -> SafeString:
    """Return the bar for selected pictures: those of a search, or of a page without one."""
    look = SelectionLook(page is not None, bool(finder.collections))
    told = {
        "query": page.search.query if page else "",
        "collections": kept(
            OPTIONS,
            choices=tuple(
                (one.pk, f"{INDENT * depth}{one.name}") for depth, one in finder.collections
            ),
        ),
        "tags": kept(OPTIONS, choices=tuple((name, "") for name in finder.tags)),
    }
    return _selection.fill(look, told | place._asdict())


@Skeleton
def _finding(has_veils: bool, gaps: Gaps) -> str:
    told = {
        "page": SimpleNamespace(
            context=gaps.words("context"), search=SimpleNamespace(query=gaps.words("query"))
        ),
        "finder": SimpleNamespace(veils=has_veils),
    }
    return render_to_string("gallery/finding.html#bar", told | _place(gaps))


@Skeleton
def _selection(look: SelectionLook, gaps: Gaps) -> str:
    told = {
        "is_of_search": look.is_of_search,
        "query": gaps.words("query"),
        "collections": gaps.words("collections") if look.has_collections else "",
        "tags": gaps.words("tags"),
    }
    return render_to_string("gallery/organise.html#selection", told | _place(gaps))


def _place(gaps: Gaps) -> dict[str, str]:
    return {name: gaps.words(name) for name in Place._fields}
