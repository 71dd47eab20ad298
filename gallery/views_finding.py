"""Finding: counts to filter by, saved searches, and two pictures side by side."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_POST, require_safe

from gallery import facts
from gallery.facets import Facets
from gallery.finder import Finder
from gallery.grid import Page, whole_number
from gallery.models import Image, SavedSearch
from gallery.saved import LONGEST_NAME, LONGEST_QUERY
from gallery.search import Search
from venice_site.accounts.requests import SignedInRequest


@require_safe
def filters(request: SignedInRequest) -> HttpResponse:
    """Show how what a search finds divides, each share a link; htmx gets the lists alone."""
    search = Search.of(request.user, request.GET.get("q", ""))
    shown: dict[str, Any] = {
        "facets": Facets.of(search),
        "finder": Finder(request.user),
        "page": Page(search, []),
    }
    part = "#lists" if request.htmx else ""
    if request.htmx.target == "months":
        part, shown["is_strip"] = "#months", True
    response = render(request, f"gallery/filters.html{part}", shown)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


@require_POST
def save_search(request: SignedInRequest) -> HttpResponse:
    """Keep a search under a name."""
    search = Search.of(request.user, request.POST.get("q", ""))
    name = request.POST.get("name", "").strip()[:LONGEST_NAME] or str(search.query)[:LONGEST_NAME]
    kept = str(search.query)
    if not kept or len(kept) > LONGEST_QUERY:
        messages.error(request, "There is no search to save, or it is too long.")
        return redirect("gallery:index")
    saved, _ = SavedSearch.objects.update_or_create(
        user=request.user, name=name, defaults={"query": kept}
    )
    messages.success(request, f"Saved as “{name}”.")
    return redirect(saved)


@require_POST
def forget_search(request: SignedInRequest, search_id: int) -> HttpResponse:
    """Forget a saved search; the pictures stay."""
    saved = get_object_or_404(SavedSearch.objects.editable_by(request.user), pk=search_id)
    saved.delete()
    messages.success(request, f"Forgot the search “{saved.name}”.")
    return redirect("gallery:index")


@require_safe
def compare(request: SignedInRequest) -> HttpResponse:
    """Show two pictures over each other, and what was different in their making."""
    numbers = [whole_number(text) for text in request.GET.getlist("image")[:2]]
    seen = Image.objects.visible_to(request.user).pictures().select_related("generation__user")
    found = {image.pk: image for image in seen.filter(pk__in=[one for one in numbers if one])}
    pair = [found[number] for number in numbers if number in found]
    if len(pair) != 2:
        raise Http404
    rows = facts.differences(*pair)
    return render(
        request, "gallery/compare.html", {"left": pair[0], "right": pair[1], "rows": rows}
    )
