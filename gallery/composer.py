"""The composer as one thing to show: the form for the chosen model, its price, what is left of the quota."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from gallery.forms import ComposerForm, adapted, initial_of
from gallery.models import Generation, Image
from venice_site.accounts.models import User
from venice_site.venice.models import Metric
from venice_site.venice.service import Venice
from venice_site.venice.types import Model


@dataclass(frozen=True, slots=True)
class Composer:
    """A form, what submitting it costs in micro-USD, and the tightest quota in words."""

    form: ComposerForm
    price: int
    allowance: str
    gone: str = ""
    is_prefilled: bool = False

    @property
    def model(self) -> Model:
        """Return the chosen model."""
        return self.form.chosen


def blank(user: User, typed: Mapping[str, Any], like: Image | None) -> Composer | None:
    """Return a composer filled like an image, else like the person's last one, then with what was typed.

    None when no model is known.
    """
    initial = _remembered(user) if like is None else initial_of(like)
    known = {*ComposerForm.base_fields, *ComposerForm.SHAPE, *ComposerForm.TUNING}
    said = {name: typed[name] for name in typed if name in known}
    composer = _composer(user, initial | said)
    prefilled = like is not None or "prompt" in said
    return composer and replace(composer, is_prefilled=prefilled)


def filled(user: User, data: Mapping[str, Any]) -> Composer | None:
    """Return a composer with submitted data, to be validated; None when no model is known."""
    return _composer(user, {"model": data.get("model", "")}, data)


def _composer(
    user: User, initial: Mapping[str, Any], data: Mapping[str, Any] | None = None
) -> Composer | None:
    venice = Venice(user)
    models = venice.image_models()
    if not models:
        return None
    wanted = str(initial.get("model") or "")
    model = _chosen(venice, models, wanted)
    form = ComposerForm(
        data,
        initial=adapted(initial, model),
        model=model,
        models=models,
        styles=venice.styles(),
    )
    order, variants = form.priced_order()
    gone = wanted if wanted and wanted != model.id else ""
    return Composer(form, venice.image_price(order) * variants, _allowance(venice), gone)


def _chosen(venice: Venice, models: list[Model], wanted: str) -> Model:
    offered = {model.id: model for model in models}
    return offered.get(wanted) or offered.get(venice.default_model("image").id) or models[0]


def _remembered(user: User) -> dict[str, Any]:
    """Return the person's last settings; a seed that was drawn then is drawn anew."""
    generation = Generation.objects.filter(user=user).first()
    last = generation and generation.images.order_by("pk").first()
    if not last:
        return {}
    return {name: value for name, value in initial_of(last).items() if name != "seed"}


def _allowance(venice: Venice) -> str:
    """Return what is left of the tightest quota that counts pictures, in words."""
    for allowance in venice.allowances():
        if allowance.quota.metric != Metric.TOKENS:
            period = allowance.quota.period
            window = "today" if period == "day" else f"this {period}"
            return f"{allowance.quota.amount(allowance.left)} left {window}"
    return ""
