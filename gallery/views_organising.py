"""Organising: favourites, ratings and tags of one picture, and everything that is done with many."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from gallery.grid import marked, placed
from gallery.models import Image, Mark, Viewing
from gallery.remaking import MOST_SOURCES
from gallery.selection import Deed, Refused, Selection, pack
from gallery.shelf import Shelf
from gallery.tasks import do_with_selection
from venice_site.accounts.requests import SignedInRequest

MOST_REDRAWN = 120


@require_POST
def favourite(request: SignedInRequest, pk: int) -> HttpResponse:
    """Mark a picture as a favourite, or not any more; anybody who sees it may."""
    image = _seen(request, pk)
    Mark.objects.put(request.user, [pk], favourite=request.POST.get("on") == "1")
    mark = Mark.objects.get(user=request.user, image=pk)
    if request.htmx:
        shown = {"image": image, "heart": request.path, "is_on": mark.favourite}
        return render(request, "gallery/organise.html#heart", shown)
    return redirect(_back(request, image.get_absolute_url()))


@require_POST
def organise(request: SignedInRequest, pk: int) -> HttpResponse:
    """Rate, tag or collect one picture; the answer is all that is said of it now."""
    image = _seen(request, pk)
    try:
        Deed.of(request.POST).do(request.user, Selection((pk,)))
        problem = ""
    except Refused as error:
        problem = str(error)
    if request.htmx:
        shown = {"image": image, "shelf": Shelf.of(request.user, image), "problem": problem}
        return render(request, "gallery/organise.html#shelf", shown)
    if problem:
        messages.error(request, problem)
    return redirect(image)


@require_POST
def veils(request: SignedInRequest) -> HttpResponse:
    """Hide marked pictures from this person until they are asked for, or do so no more."""
    Viewing.objects.choose(request.user, veils=request.POST.get("on") == "1")
    return redirect(_back(request, reverse("gallery:index")))


def _seen(request: SignedInRequest, pk: int) -> Image:
    return get_object_or_404(Image.objects.visible_to(request.user), pk=pk)


@require_POST
def selection(request: SignedInRequest) -> HttpResponse:
    """Do one thing with all selected pictures, or with everything that the search finds."""
    chosen = Selection.of(request.POST)
    try:
        if request.POST.get("verb") == "archive":
            return _packed(request, chosen)
        if request.POST.get("verb") == "compare":
            return _compared(request, chosen)
        if request.POST.get("verb") == "remake":
            return _remade(request, chosen)
        return _done(request, chosen, Deed.of(request.POST))
    except Refused as error:
        return _told(request, str(error), status=422)


def _packed(request: SignedInRequest, chosen: Selection) -> HttpResponse:
    archive = pack(request.user, chosen)
    return _sent_to(request, reverse("gallery:archives") + f"#archive-{archive.pk}")


def _compared(request: SignedInRequest, chosen: Selection) -> HttpResponse:
    if len(chosen.ids) != 2:
        raise Refused("Select two pictures to compare.")
    return _sent_to(request, _about("compare", chosen))


def _remade(request: SignedInRequest, chosen: Selection) -> HttpResponse:
    if not 1 <= len(chosen.ids) <= MOST_SOURCES:
        raise Refused(f"Select 1 to {MOST_SOURCES} pictures to edit.")
    return _sent_to(request, _about("remake", chosen))


def _about(page: str, chosen: Selection) -> str:
    pictures = urlencode({"image": chosen.ids}, doseq=True)
    return f"{reverse(f'gallery:{page}')}?{pictures}"


def _done(request: SignedInRequest, chosen: Selection, deed: Deed) -> HttpResponse:
    if chosen.is_large(request.user):
        deed.check(request.user)
        do_with_selection.enqueue(request.user.pk, chosen.as_dict(), deed.as_dict())
        return _told(
            request, "That is a lot of pictures. It is being done in the background.", deed
        )
    sentence = deed.told(deed.do(request.user, chosen))
    if request.htmx and chosen.below is None:
        return _redrawn(request, chosen, deed, sentence)
    return _told(request, sentence, deed)


def _redrawn(
    request: SignedInRequest, chosen: Selection, deed: Deed, sentence: str
) -> HttpResponse:
    """Answer the cards as they are now, and a toast; a deletion can be undone from it."""
    seen = Image.objects.visible_to(request.user).with_facts()
    cards = placed(seen.filter(pk__in=chosen.ids[:MOST_REDRAWN]).order_by("-pk"))
    shown: dict[str, Any] = {"sentence": sentence, "deed": deed, "q": request.POST.get("q", "")}
    shown["items"] = marked(request.user, cards)
    return render(request, "gallery/organise.html#redrawn", shown)


def _told(
    request: SignedInRequest, sentence: str, deed: Deed | None = None, status: int = 200
) -> HttpResponse:
    if request.htmx and status != 200:
        return render(request, "gallery/organise.html#problem", {"sentence": sentence})
    told = messages.error if status != 200 else messages.success
    told(request, sentence)
    back = _back(request, reverse("gallery:index"))
    if deed and deed.verb == "delete":
        address, _, query = back.partition("?")
        values = QueryDict(query, mutable=True)
        values["trashed"] = deed.moment
        back = f"{address}?{values.urlencode()}"
    return _sent_to(request, back)


def _sent_to(request: SignedInRequest, address: str) -> HttpResponse:
    if request.htmx:
        response = HttpResponse(status=204)
        response["HX-Redirect"] = address
        return response
    return redirect(address)


def _back(request: SignedInRequest, otherwise: str) -> str:
    """Return where the form wants to go back to, if that is here."""
    wanted = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    return wanted if wanted.startswith("/gallery/") and is_ours else otherwise
