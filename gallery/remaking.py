"""Making pictures of pictures: edit, combine, upscale, cut out, vary; from one picture or a selection."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from gallery import presses
from gallery.grid import whole_number
from gallery.models import Generation, Image
from gallery.remaking_forms import EditForm
from venice_site.accounts.models import User
from venice_site.accounts.requests import SignedInRequest
from venice_site.venice.errors import VeniceError
from venice_site.venice.service import Venice
from venice_site.venice.types import Model

MOST_SOURCES = 50


def remake(request: SignedInRequest) -> HttpResponse:
    """Show pictures and what can be made of them; take an instruction for them on POST."""
    return instruct(request) if request.method == "POST" else _page(request, request.GET)


@require_POST
def instruct(request: SignedInRequest) -> HttpResponse:
    """Take an instruction: answer where its pictures will be, or what is wrong with it (422)."""
    pictures = _pictures(request, request.POST)
    form = _form(request.user, pictures, request.POST, request.POST)
    made = form.submit(request.user) if form and form.is_valid() else []
    return _there(made) if made else _drawn(request, pictures, form, status=422)


@require_POST
def press(request: SignedInRequest, action: str) -> HttpResponse:
    """Make of each picture what a button says."""
    pictures = _pictures(request, request.POST)
    request_id = request.POST.get("request_id", "")
    known = request_id if _is_uuid(request_id) else str(uuid.uuid4())
    if action not in {button.name for button in presses.buttons(request.user, pictures)}:
        raise Http404
    try:
        made = presses.press(request.user, action, pictures, known)
    except VeniceError as error:
        messages.error(request, str(error))
        return redirect(pictures[0] if len(pictures) == 1 else "gallery:index")
    return _there(made)


def _there(made: list[Generation]) -> HttpResponse:
    """Lead to the new picture, or to the gallery when there are several."""
    images = list(Image.objects.filter(generation__in=made)[:2])
    return redirect(images[0] if len(images) == 1 else "gallery:index")


def _page(request: SignedInRequest, told: QueryDict) -> HttpResponse:
    pictures = _pictures(request, told)
    return _drawn(request, pictures, _form(request.user, pictures, told, None))


def _pictures(request: SignedInRequest, told: QueryDict) -> list[Image]:
    """Return the named pictures in the order in which they are named. Raises `Http404` for any that is not there."""
    named = list(dict.fromkeys(whole_number(text) for text in told.getlist("image")))
    if not named or None in named or len(named) > MOST_SOURCES:
        raise Http404
    visible = Image.objects.visible_to(request.user).pictures().filter(deleted_at=None)
    found = visible.with_facts().in_bulk([number for number in named if number is not None])
    if len(found) != len(named):
        raise Http404
    return [found[number] for number in named if number is not None]


def _form(
    user: User, pictures: list[Image], told: Mapping[str, Any], data: QueryDict | None
) -> EditForm | None:
    """Return the form for the chosen editing model, None when Venice offers none."""
    models = Venice(user).catalogue.offered("inpaint")
    if not models:
        return None
    model = _chosen(models, str(told.get("model") or ""), len(pictures))
    initial = {name: told[name] for name in told if name in ("kind", "prompt", *EditForm.SETTINGS)}
    initial |= {"model": model.id, "request_id": uuid.uuid4()}
    return EditForm(data, pictures=pictures, model=model, models=models, initial=initial)


def _chosen(models: list[Model], wanted: str, pictures: int) -> Model:
    """Return the wanted model, else the default one, else the first that takes so many pictures."""
    named = [model for model in models if model.id == wanted]
    roomy = [model for model in models if model.max_images >= pictures]
    default = [model for model in roomy if "default" in model.traits]
    return next(iter([*named, *default, *roomy, *models]))


def _drawn(
    request: SignedInRequest, pictures: list[Image], form: EditForm | None, status: int = 200
) -> HttpResponse:
    shown = {
        "pictures": pictures,
        "form": form,
        "price": form.price(Venice(request.user)) if form else 0,
        "buttons": presses.buttons(request.user, pictures),
        "request_id": uuid.uuid4(),
    }
    return render(request, "gallery/remake.html", shown, status=status)


def _is_uuid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False
