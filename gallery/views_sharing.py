"""Sharing pictures and collections by link: making and ending links, and what those see who come by one."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from gallery import files, imaging
from gallery.grid import placed, whole_number
from gallery.models import Collection, Image, Share
from gallery.shares import digest_of
from gallery.sharing import (
    PICTURES_A_PAGE,
    SharingForm,
    ShownPicture,
    file_of,
    leads_somewhere,
    pictures_of,
    sharable,
)
from venice_site.accounts.requests import SignedInRequest

# A link that leaves the house: kept nowhere, found by no search engine, told to no page it leads to.
UNSEEN = {
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
    "Referrer-Policy": "no-referrer",
}


def share_image(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show who has a link to a picture; make one."""
    found = sharable(request.user).select_related("generation")
    return _sharing(request, get_object_or_404(found, pk=pk))


def share_collection(request: SignedInRequest, collection_id: int) -> HttpResponse:
    """Show who has a link to a collection; make one."""
    seen = Collection.objects.visible_to(request.user)
    return _sharing(request, get_object_or_404(seen, pk=collection_id))


def _sharing(request: SignedInRequest, thing: Image | Collection) -> HttpResponse:
    data = request.POST if request.method == "POST" else None
    form = SharingForm(data, user=request.user, thing=thing)
    link = request.build_absolute_uri(form.make()) if form.is_valid() else ""
    of_thing = thing.shares.filter(ended_at=None).select_related("owner").order_by("-pk")
    is_own_picture = isinstance(thing, Image) and thing.user_id == request.user.pk
    context: dict[str, Any] = {
        "thing": thing,
        "image": thing if isinstance(thing, Image) else None,
        "link": link,
        "form": SharingForm(user=request.user, thing=thing) if link else form,
        "shares": of_thing.filter(owner=request.user),
        "others": of_thing.exclude(owner=request.user) if is_own_picture else (),
    }
    if isinstance(thing, Collection):
        inside = (
            Image.objects.shown_to(request.user).pictures().filter(placements__collection=thing)
        )
        context["count"] = inside.count()
        context["private"] = inside.filter(visibility="private").count()
    return render(request, "gallery/sharing.html", context, status=422 if form.errors else 200)


@require_safe
def shares(request: SignedInRequest) -> HttpResponse:
    """Show every link that the person made."""
    return render(
        request, "gallery/shares.html", {"shares": Share.objects.visible_to(request.user)}
    )


@require_POST
def end_share(request: SignedInRequest, share_id: int) -> HttpResponse:
    """End a link: one's own, or one to a picture of one's own."""
    found = get_object_or_404(Share.objects.editable_by(request.user), pk=share_id)
    found.end()
    messages.success(request, "The link does not work any more.")
    if request.POST.get("back") == "thing" and found.image_id:
        return redirect("gallery:share_image", found.image_id)
    if request.POST.get("back") == "thing":
        return redirect("gallery:share_collection", found.collection_id)
    return redirect("gallery:shares")


@login_not_required
@require_safe
def shared(request: HttpRequest, token: str) -> HttpResponse:
    """Show what a link leads to; neither a cookie nor a sign-in is needed."""
    share = _share(token)
    if share is None:
        return _gone(request, token)
    share.count_use()
    if share.image_id is not None:
        return _one(request, share, token, pictures_of(share).get())
    page = whole_number(request.GET.get("page", "")) or 1
    found = pictures_of(share)
    first = (min(page, 10_000) - 1) * PICTURES_A_PAGE
    shown = list(found[first : first + PICTURES_A_PAGE + 1])
    context = {
        "share": share,
        "token": token,
        "count": found.count(),
        "items": [
            (item, ShownPicture(item.image, share, token))
            for item in placed(shown[:PICTURES_A_PAGE])
        ],
        "newer": f"?page={page - 1}" if page > 1 else "",
        "older": f"?page={page + 1}" if len(shown) > PICTURES_A_PAGE else "",
    }
    return _unseen(render(request, "gallery/share.html", context))


@login_not_required
@require_safe
def shared_picture(request: HttpRequest, token: str, digest: str) -> HttpResponse:
    """Show one picture of a collection that somebody shares."""
    share = _share(token)
    image = _image(share, digest)
    if share is None or image is None:
        return _gone(request, token)
    return _one(request, share, token, image)


@login_not_required
@require_safe
def shared_rendition(
    request: HttpRequest, token: str, digest: str, longest: int
) -> HttpResponseBase:
    """Send a smaller copy of a shared picture; renditions carry no metadata."""
    image = _image(_share(token), digest)
    if image is None or longest not in imaging.RENDITIONS:
        raise Http404
    name = files.rendition_name(image.sha256, longest)
    return _file(FileResponse(default_storage.open(name), content_type="image/webp"))


@login_not_required
@require_safe
def shared_download(request: HttpRequest, token: str, digest: str) -> HttpResponseBase:
    """Send a shared picture as a file to save."""
    share = _share(token)
    image = _image(share, digest)
    if share is None or image is None:
        raise Http404
    content, name = file_of(share, image)
    response = HttpResponse(content, content_type=image.mime)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return _file(response)


def _share(token: str) -> Share | None:
    """Return the share of a token while its link leads somewhere."""
    found = Share.objects.open_at(timezone.now()).select_related("owner", "collection")
    share = found.filter(digest=digest_of(token)).first()
    return share if share is not None and leads_somewhere(share) else None


def _image(share: Share | None, digest: str) -> Image | None:
    return None if share is None else pictures_of(share).filter(sha256=digest).first()


def _one(request: HttpRequest, share: Share, token: str, image: Image) -> HttpResponse:
    context = {"share": share, "token": token, "picture": ShownPicture(image, share, token)}
    return _unseen(render(request, "gallery/share.html", context))


def _gone(request: HttpRequest, token: str) -> HttpResponse:
    """Say the same whatever the reason is; only the status tells programs that there was something."""
    was_there = Share.objects.filter(digest=digest_of(token)).exists()
    status = HTTPStatus.GONE if was_there else HTTPStatus.NOT_FOUND
    return _unseen(render(request, "gallery/share_gone.html", status=status))


def _file(response: HttpResponseBase) -> HttpResponseBase:
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return _unseen(response)


def _unseen[R: HttpResponseBase](response: R) -> R:
    for name, value in UNSEEN.items():
        response[name] = value
    return response
