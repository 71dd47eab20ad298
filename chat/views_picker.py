"""Choosing a model, what follows from it, and how a conversation opens."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from chat.documents import tokens_in
from chat.forms import SettingsForm
from chat.forms_writing import ComposerForm
from chat.gauges import Gauge, gauge_of
from chat.models import MOST_BESIDE, Conversation
from chat.opening import OpeningForm
from chat.outlook import LONGEST_TOLD, MOST_PICTURES, About, read_outlook
from chat.personas import part_of
from chat.picker import offers, tune_by, tunings
from chat.visible import number_in, visible_one
from venice_site.accounts.requests import SignedInRequest
from venice_site.shell import shell_of
from venice_site.venice.service import Venice
from venice_site.venice.types import Model

FILLED = "filled-prompt"  # in the session: a text on its way into the composer
ASKS = {"persona", "character", "model"}  # what an address can ask a conversation to begin with


@require_GET
def models(request: SignedInRequest) -> HttpResponse:
    """Show which models there are, what they can do and cost."""
    venice = Venice(request.user)
    context = {"offers": offers(venice.text_models()), "chosen": request.GET.get("model", "")}
    page = "chat/models.html"
    return render(request, f"{page}#options" if request.htmx else page, context)


@require_GET
def outlook(request: SignedInRequest) -> HttpResponse:
    """Show what follows from a model, before anything is sent to it."""
    found = None
    if "conversation" in request.GET:
        found = visible_one(request, number_in(request.GET, "conversation") or 0)
    begun = found or Conversation()
    if found is None:
        opening = OpeningForm(request.GET, user=request.user)
        if opening.is_valid():
            opening.prepare(begun)
    else:
        tune_by(request.GET, found, Venice(request.user).text_models())
    return _outlook(request, found, begun, request.GET.get("model", ""))


@require_POST
def tune(request: SignedInRequest, pk: int) -> HttpResponse:
    """Change how hard a model thinks and whether the web is searched, from the next question on."""
    found = visible_one(request, pk)
    found.keep(tune_by(request.POST, found, Venice(request.user).text_models()))
    if not request.htmx:
        return redirect(found)
    return _outlook(request, found, found, request.POST.get("model", ""))


def opened(request: SignedInRequest) -> dict[str, Any]:
    """Return the forms of a conversation that begins as an address says: with a persona, with a model."""
    text = request.session.pop(FILLED, "")
    if not text and not ASKS & set(request.GET):
        return {"settings_form": SettingsForm()} if "settings" in request.GET else {}
    opening = OpeningForm(request.GET, user=request.user)
    if not opening.is_valid():
        raise Http404
    begun = Conversation(model=request.GET.get("model", ""))
    opening.suggest(begun)
    return {
        "part": opening.part,
        "settings_form": SettingsForm(instance=begun),
        "composer": ComposerForm(user=request.user, chosen=begun.model, initial={"text": text}),
    }


def before_sending(
    request: SignedInRequest, found: Conversation | None, shown: dict[str, Any]
) -> dict[str, Any]:
    """Return what a page with a composer says of the model that is chosen in it."""
    composer: ComposerForm = shown["composer"]
    model = composer.models.get(composer["model"].value()) or composer.venice.default_model("text")
    settings_form = shown.get("settings_form")
    begun = found or (settings_form.instance if settings_form else Conversation())
    before = _said_before(begun, shown["gauge"])
    return {
        "part": shown.get("part") or (part_of(found) if found else None),
        "outlook": read_outlook(
            composer.venice,
            begun,
            model,
            About(before),
            shell_of(request).allowances,
            beside=_beside(composer.models, model, composer.chosen_beside),
        ),
        "tunings": tunings(model, begun),
    }


def _outlook(
    request: SignedInRequest, found: Conversation | None, begun: Conversation, model_id: str
) -> HttpResponse:
    venice = Venice(request.user)
    model, notice = venice.catalogue.resolve("text", model_id or begun.model)
    told = request.GET or request.POST
    gauge = gauge_of(found, found.tip_id if found else None, model)
    about = About(
        _said_before(begun, gauge),
        _count(told, "characters", LONGEST_TOLD),
        _count(told, "pictures", MOST_PICTURES),
    )
    offered = {one.id: one for one in venice.text_models()}
    beside = _beside(offered, model, told.getlist("beside"))
    allowances = shell_of(request).allowances
    context = {
        "conversation": found,
        "outlook": read_outlook(venice, begun, model, about, allowances, notice, beside),
        "tunings": tunings(model, begun),
        "is_answer": True,
    }
    return render(request, "chat/outlook.html", context)


def _beside(offered: Mapping[str, Model], model: Model, ticked: Iterable[str]) -> list[Model]:
    """Return the further models that are ticked, as many of them as may be asked."""
    names = [name for name in dict.fromkeys(ticked) if name in offered and name != model.id]
    return [offered[name] for name in names[: MOST_BESIDE - 1]]


def _said_before(begun: Conversation, gauge: Gauge) -> int:
    """Return how many tokens go before what is new; one that has not begun has its system prompt alone."""
    return gauge.used if begun.pk else tokens_in(len(begun.system_prompt))


def _count(told: Any, name: str, most: int) -> int:
    return min(number_in(told, name) or 0, most)
