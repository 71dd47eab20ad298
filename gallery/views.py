"""The gallery's pages, their fragments, and the pictures themselves."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.files.storage import default_storage
from django.http import (
    FileResponse,
    Http404,
    HttpResponse,
    HttpResponseBase,
)
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.views.decorators.http import require_POST, require_safe

from gallery import composer, facts, files, imaging, joining, metadata, ordering
from gallery.containers import Unreadable
from gallery.finder import Finder
from gallery.grid import Page, marked, placed, whole_number
from gallery.models import Image
from gallery.search import Search
from gallery.shelf import Shelf
from venice_site.accounts.requests import SignedInRequest
from venice_site.venice.errors import VeniceError
from venice_site.venice.service import Venice

SIBLINGS_SHOWN = 24
STEPPED_OVER = 24  # images without a picture, at the most
FOREVER = "private, max-age=31536000, immutable"


def index(request: SignedInRequest) -> HttpResponse:
    """Show the composer and the grid; take an order on POST."""
    return ordering.submit(request) if request.method == "POST" else browse(request)


@require_safe
def browse(request: SignedInRequest) -> HttpResponse:
    """Show what the search finds, from the place in the address on; htmx gets the part that it asks for."""
    page = Page.told_by(request.user, request.GET)
    is_part = request.htmx and not request.htmx.history_restore_request
    if is_part and request.htmx.target == "results":
        response = render(request, "gallery/index.html#results", {"page": page})
    elif is_part and {"before", "after"} & request.GET.keys():
        response = render(request, "gallery/index.html#page", {"page": page})
    else:
        shown = {"page": page, "finder": Finder(request.user), **_beside(request)}
        response = render(request, "gallery/index.html", shown)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


def _beside(request: SignedInRequest) -> dict[str, Any]:
    """Return what stands beside the grid: the composer, and an image that was just deleted."""
    like = _named(request, "from")
    deleted = _named(request, "deleted")
    told = joining.with_words_of_message(request.user, request.GET.dict())
    return {
        "composer": joining.fitted(composer.blank(request.user, told, like), told),
        "deleted": deleted if deleted and deleted.deleted_at else None,
    }


def _named(request: SignedInRequest, name: str) -> Image | None:
    pk = whole_number(request.GET.get(name, ""))
    if pk is None:
        return None
    return Image.objects.visible_to(request.user).with_facts().filter(pk=pk).first()


@require_safe
def image(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show one image with every fact."""
    shown = _visible(request, pk)
    search = Search.of(request.user, request.GET.get("q", ""))
    older, newer = _neighbours(search, shown)
    return render(
        request,
        "gallery/image.html",
        {
            "item": placed([shown])[0],
            "image": shown,
            "facts": facts.facts(shown),
            "records": facts.records(shown),
            "older": older,
            "newer": newer,
            "siblings": _siblings(request, shown),
            "search": search,
            "back": _place(search, shown.pk),
            "shelf": Shelf.of(request.user, shown),
        },
    )


def _visible(request: SignedInRequest, pk: int) -> Image:
    images = Image.objects.visible_to(request.user).select_related("generation__user")
    return get_object_or_404(images, pk=pk)


def _neighbours(search: Search, image: Image) -> tuple[int | None, int | None]:
    """Return the pictures before and after an image in the search; cards that wait are stepped over."""
    pictures = Image.objects.pictures()
    older = search.older(image.pk, STEPPED_OVER)
    newer = search.newer(image.pk, STEPPED_OVER)
    made = set(pictures.filter(pk__in=[*older, *newer]).values_list("pk", flat=True))
    return next(filter(made.__contains__, older), None), next(
        filter(made.__contains__, newer), None
    )


def _place(search: Search, at: int | None, **more: int) -> str:
    """Return the address of the grid where it shows an image, or from its beginning."""
    told = {"q": str(search.query), "at": at or "", **more}
    values = urlencode({name: value for name, value in told.items() if value})
    return f"{reverse('gallery:index')}?{values}{f'#open-{at}' if at else ''}"


def _siblings(request: SignedInRequest, image: Image) -> list[Image]:
    family = Image.objects.shown_to(request.user).pictures().filter(generation=image.generation_id)
    return list(family.only("seed", "blurred").order_by("position", "pk")[:SIBLINGS_SHOWN])


@require_safe
def card(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show one image as its card in the grid; the card asks again while it can change."""
    return _card(request, _visible(request, pk))


def _card(request: SignedInRequest, image: Image, **more: Any) -> HttpResponse:
    [item] = marked(request.user, placed([image]))
    return render(request, "gallery/index.html#fresh", {"item": item, **more})


@require_POST
def cancel(request: SignedInRequest, pk: int) -> HttpResponse:
    """Stop an image that waits or runs."""
    image = _own(request, pk)
    image.cancel()
    if request.POST.get("next") == "queue":
        return redirect("gallery:queue")
    return _changed(request, image)


@require_POST
def try_again(request: SignedInRequest, pk: int) -> HttpResponse:
    """Ask for the same picture once more; the new card takes the old one's place."""
    image = _own(request, pk)
    try:
        return _changed(request, image.try_again())
    except VeniceError as error:
        return _card(request, image, refusal=str(error))


@require_POST
def delete(request: SignedInRequest, pk: int) -> HttpResponse:
    """Take an image out of every list, with one click to undo it."""
    gone = _own(request, pk)
    gone.delete_softly()
    if request.htmx:
        return _card(request, _own(request, pk))
    search = Search.of(request.user, request.POST.get("q", ""))
    older, newer = _neighbours(search, gone)
    return redirect(_place(search, older or newer, deleted=pk))


@require_POST
def restore(request: SignedInRequest, pk: int) -> HttpResponse:
    """Undo a deletion."""
    _own(request, pk).restore()
    return _changed(request, _own(request, pk))


def _own(request: SignedInRequest, pk: int) -> Image:
    images = Image.objects.editable_by(request.user).select_related("generation__user")
    return get_object_or_404(images, pk=pk)


def _changed(request: SignedInRequest, image: Image) -> HttpResponse:
    return _card(request, image) if request.htmx else redirect("gallery:index")


@require_safe
def original(request: SignedInRequest, pk: int) -> HttpResponseBase:
    """Send the untouched original; `?download` makes the browser save it."""
    image = _picture(request, pk)
    return _file(request, image, image.file, image.mime, "download" in request.GET)


@require_safe
def rendition(request: SignedInRequest, pk: int, longest: int) -> HttpResponseBase:
    """Send a smaller copy as WebP."""
    if longest not in imaging.RENDITIONS:
        raise Http404
    image = _picture(request, pk)
    return _file(request, image, files.rendition_name(image.sha256, longest), "image/webp")


@require_safe
def download(request: SignedInRequest, pk: int) -> HttpResponseBase:
    """Send the picture as a file to save, with generation data in it."""
    image = _picture(request, pk)
    model = Venice(request.user).model("image", image.asked.model)
    with default_storage.open(image.file) as file:
        return _attached(image, facts.with_generation_data(image, file.read(), model))


@require_safe
def plain(request: SignedInRequest, pk: int) -> HttpResponseBase:
    """Send the picture as a file to save, with nothing in it but the picture."""
    image = _picture(request, pk)
    with default_storage.open(image.file) as file:
        content = file.read()
    try:
        return _attached(image, metadata.bare(content))
    except Unreadable:
        messages.error(request, "The metadata cannot be told from the picture in this file.")
        return redirect(image)


def _attached(image: Image, content: bytes) -> HttpResponseBase:
    response = HttpResponse(content, content_type=image.mime)
    response["Content-Disposition"] = f'attachment; filename="{facts.file_name(image)}"'
    response["Cache-Control"] = "private, no-cache"
    return _guarded(response)


def _picture(request: SignedInRequest, pk: int) -> Image:
    pictures = Image.objects.visible_to(request.user).pictures().filter(mime__in=imaging.EXTENSIONS)
    found: Image = get_object_or_404(pictures.select_related("generation"), pk=pk)
    return found


def _file(
    request: SignedInRequest, image: Image, name: str, mime: str, as_attachment: bool = False
) -> HttpResponseBase:
    """Send a stored file; what an address of it holds never changes."""
    etag = f'"{name.rpartition("/")[2]}"'
    if (unchanged := get_conditional_response(request, etag=etag)) is not None:
        return unchanged
    response = FileResponse(
        default_storage.open(name),
        as_attachment=as_attachment,
        filename=facts.file_name(image),
        content_type=mime,
    )
    response["ETag"] = etag
    response["Cache-Control"] = FOREVER
    return _guarded(response)


def _guarded(response: HttpResponseBase) -> HttpResponseBase:
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
