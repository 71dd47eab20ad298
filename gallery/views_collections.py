"""Collections: making, naming, nesting and removing them; their pictures are a search."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from gallery.collection_forms import CollectionForm
from gallery.collections import Collection
from gallery.covers import hung
from gallery.models import Image
from gallery.query import Part, Query
from venice_site.accounts.requests import SignedInRequest

MOST_COUNTED = 10_000  # pictures; counting goes on as long as the collection is


def index(request: SignedInRequest) -> HttpResponse:
    """Show the collections; make one on POST."""
    form = CollectionForm(request.POST or None, user=request.user)
    if request.method == "POST" and form.is_valid():
        return redirect(form.save())
    seen = Collection.objects.visible_to(request.user).select_related("owner")
    shown = {"form": form, "covers": hung(request.user, seen)}
    return render(request, "gallery/collections.html", shown, status=422 if form.errors else 200)


@require_safe
def collection(request: SignedInRequest, collection_id: int) -> HttpResponse:
    """Show one collection: its place among the others, its pictures as a search, its form."""
    shown = get_object_or_404(
        Collection.objects.visible_to(request.user).select_related("owner", "parent"),
        pk=collection_id,
    )
    is_own = shown.owner_id == request.user.pk
    form = CollectionForm(instance=shown, user=request.user) if is_own else None
    return _page(request, shown, form)


def _page(
    request: SignedInRequest, shown: Collection, form: CollectionForm | None, status: int = 200
) -> HttpResponse:
    children = Collection.objects.visible_to(request.user).filter(parent=shown)
    pictures = Image.objects.shown_to(request.user).filter(placements__collection=shown)
    context = {
        "collection": shown,
        "form": form,
        "pictures": urlencode({"q": str(Query((Part(shown.name, "in"),)))}),
        "covers": hung(request.user, children.select_related("owner")),
        "count": pictures.order_by()[: MOST_COUNTED + 1].count(),
        "most_counted": MOST_COUNTED,
    }
    return render(request, "gallery/collection.html", context, status=status)


@require_POST
def edit(request: SignedInRequest, collection_id: int) -> HttpResponse:
    """Rename a collection, move it, or change who sees it."""
    own = get_object_or_404(Collection.objects.editable_by(request.user), pk=collection_id)
    form = CollectionForm(request.POST, instance=own, user=request.user)
    if form.is_valid():
        messages.success(request, "Saved.")
        return redirect(form.save())
    own.refresh_from_db()
    return _page(request, own, form, status=422)


@require_POST
def remove(request: SignedInRequest, collection_id: int) -> HttpResponse:
    """Remove a collection; its pictures and the collections inside it stay."""
    own = get_object_or_404(Collection.objects.editable_by(request.user), pk=collection_id)
    own.delete()
    messages.success(request, f"Removed “{own.name}”. Its pictures are still in the gallery.")
    return redirect("gallery:collections")
