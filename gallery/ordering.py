"""Ordering pictures: the composer's fragments and what happens when its button is pressed."""

from __future__ import annotations

from uuid import uuid4

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_GET, require_POST

from gallery import composer
from gallery.composer import Composer
from gallery.finder import Finder
from gallery.grid import Page, Placed, placed
from gallery.models import Generation, Image
from venice_site.accounts.requests import SignedInRequest


@require_POST
def submit(request: SignedInRequest) -> HttpResponse:
    """Take an order: answer the new cards, or the form with what is wrong with it (422)."""
    filled = composer.filled(request.user, request.POST)
    made = filled.form.submit(request.user) if filled and filled.form.is_valid() else []
    if filled is None or not made:
        return _refused(request, filled)
    batch = made[0].batch
    if not request.htmx:
        return redirect(batch or "gallery:index")
    shown = {
        "composer": composer.priced(request.user, request.POST),
        "request_id": uuid4(),
        "items": _cards(made),
        "batch": batch,
        "seed": filled.form.seed_after(made[0]),
    }
    return render(request, "gallery/composer.html#submitted", shown)


def _refused(request: SignedInRequest, filled: Composer | None) -> HttpResponse:
    if request.htmx:
        response = render(
            request, "gallery/composer.html#composer", {"composer": filled}, status=422
        )
        response["HX-Retarget"], response["HX-Reswap"] = "#composer", "outerHTML"
        return response
    page = Page.told_by(request.user, {})
    shown = {"page": page, "finder": Finder(request.user), "composer": filled}
    return render(request, "gallery/index.html", shown, status=422)


def _cards(made: list[Generation]) -> list[Placed[Image]]:
    return placed(Image.objects.filter(generation__in=made).with_facts().order_by("-pk"))


@require_GET
def settings(request: SignedInRequest) -> HttpResponse:
    """Show the composer's settings for the chosen model, keeping what was typed."""
    blank = composer.blank(request.user, request.GET.dict(), None)
    return render(request, "gallery/composer.html#settings", {"composer": blank})


@require_POST
def price(request: SignedInRequest) -> HttpResponse:
    """Show how many pictures the form as it stands would make, and for how much."""
    priced = composer.priced(request.user, request.POST)
    return render(request, "gallery/composer.html#cost", {"composer": priced})


@require_GET
def prompts(request: SignedInRequest) -> HttpResponse:
    """List the person's last prompts."""
    page = "gallery/composer.html#prompts" if request.htmx else "gallery/prompts.html"
    response = render(request, page, {"prompts": composer.remembered_prompts(request.user)})
    patch_vary_headers(response, ["HX-Request"])
    return response
