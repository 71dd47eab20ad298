"""The composer as one thing to show: the form for the chosen model, its price, what is left of the quota."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

from django.utils import timezone

from gallery import abilities, fields, translation
from gallery.commissions import Commission
from gallery.forms import ComposerForm, initial_of, settings_of
from gallery.models import Generation, Image, Preset
from gallery.presets import USABLE
from venice_site.accounts.models import User
from venice_site.statements import Statement, gap
from venice_site.templatetags.studio import usd
from venice_site.venice.models import Metric
from venice_site.venice.retirement import retirement_notice
from venice_site.venice.service import Venice
from venice_site.venice.types import Model

PROMPTS_SHOWN = 3
PROMPTS_REMEMBERED = 40
LOOKED_THROUGH = 400  # generations in which remembered prompts are looked for

LAST = Statement(
    lambda: (
        Generation.objects.prompted_by(gap("user"))
        .order_by("-pk", "images__pk")
        .values_list("typed", "prompt", "images__order", "images__visibility")[:1]
    )
)


class Offered(NamedTuple):
    """A preset as it is offered; `by` says whose it is if the team may use it."""

    pk: int
    name: str
    by: str


@dataclass(frozen=True)
class Composer:
    """A form, what submitting it costs in micro-USD, and the tightest quota in words.

    `notice` says why another model takes the place of the one that was meant; `commission` is what a valid
    form would order now.
    """

    form: ComposerForm
    user: User
    price: int
    allowance: str
    notice: str = ""
    is_prefilled: bool = False
    preset: Preset | None = None
    commission: Commission | None = None

    @property
    def model(self) -> Model:
        """Return the chosen model."""
        return self.form.chosen

    @property
    def ignored(self) -> str:
        """Return what the chosen model ignores, as a sentence."""
        return abilities.ignored(self.model)

    @property
    def leaving(self) -> str:
        """Return when the chosen model leaves and what comes then, nothing while it stays."""
        return retirement_notice(self.model, timezone.localdate())

    @property
    def sizes(self) -> list[tuple[str, int, int]]:
        """Return usual proportions in pixels, for a model that takes pixels."""
        return fields.sizes(self.model)

    @property
    def draft(self) -> str:
        """Return what of the browser's draft belongs in the form: all that it keeps, the words alone, or nothing."""
        if self.form.is_bound or self.is_prefilled:
            return "off"
        return "words" if self.preset else "on"

    @property
    def price_in_words(self) -> str:
        """Return the price in dollars."""
        return usd(self.price)

    @cached_property
    def presets(self) -> tuple[Offered, ...]:
        """Return the presets that this person may use."""
        rows = USABLE.all(user=self.user.pk)
        others = {owner for *_, owner in rows} - {self.user.pk}
        names = User.objects.in_bulk(others) if others else {}
        return tuple(
            Offered(pk, name, str(names.get(owner, "team")) if shared else "")
            for pk, name, shared, owner in rows
        )

    @property
    def pictures(self) -> int:
        """Return how many pictures a valid form would make."""
        return self.commission.pictures if self.commission else 0

    @property
    def prompts(self) -> list[str]:
        """Return the first prompts of an order of many."""
        if self.commission is None or self.commission.axes:
            return []
        return [order.prompt for order in self.commission.orders[:PROMPTS_SHOWN]]


def blank(user: User, typed: Mapping[str, Any], like: Image | None) -> Composer | None:
    """Return a composer filled like an image, a preset or the person's last order, then with what was typed.

    None when no model is known.
    """
    preset = _preset(user, str(typed.get("preset") or ""))
    initial, changes = _remembered(user) if like is None else initial_of(like), ""
    if like is not None and like.is_import:
        translated = translation.of(user, like)
        initial = translated.values | {"private": like.is_private}
        changes = translated.sentence
    if preset is not None:
        initial = initial | dict.fromkeys(ComposerForm.SWITCHES, False) | preset.settings
    said = {name: value for name, value in typed.items() if name in _names()}
    if not str(said.get("from_message", "")).isdecimal():
        said.pop("from_message", None)
    composer = _composer(user, initial | said)
    prefilled = like is not None or "prompt" in said
    if composer is None:
        return None
    notice = f"{composer.notice} {changes}".strip()
    return replace(composer, is_prefilled=prefilled, preset=preset, notice=notice)


def filled(user: User, data: Mapping[str, Any]) -> Composer | None:
    """Return a composer with submitted data, to be validated; None when no model is known."""
    return _composer(user, {"model": data.get("model", "")}, data)


def priced(user: User, data: Mapping[str, Any]) -> Composer | None:
    """Return a composer that knows how many pictures the form would make, and for how much."""
    composer = filled(user, data)
    if composer is None or not composer.form.is_valid():
        return composer
    commission = composer.form.commission()
    venice = Venice(user)
    price = commission.variants * sum(venice.image_price(order) for order in commission.orders)
    return replace(composer, price=price, commission=commission)


def remembered_prompts(user: User) -> list[str]:
    """Return this person's last prompts as they were typed, newest first, each once."""
    rows = Generation.objects.prompted_by(user)
    typed = rows.values_list("typed", "prompt")[:LOOKED_THROUGH]
    return list(dict.fromkeys(first or second for first, second in typed))[:PROMPTS_REMEMBERED]


def _names() -> set[str]:
    return {*ComposerForm.base_fields, *ComposerForm.SHAPE, *ComposerForm.TUNING}


def _preset(user: User, number: str) -> Preset | None:
    if not (number.isascii() and number.isdecimal() and len(number) < 19):
        return None
    return Preset.objects.visible_to(user).filter(pk=int(number)).first()


def _composer(
    user: User, initial: Mapping[str, Any], data: Mapping[str, Any] | None = None
) -> Composer | None:
    venice = Venice(user)
    models = venice.image_models()
    if not models:
        return None
    wanted = str(initial.get("model") or "")
    model, notice = venice.catalogue.resolve("image", wanted)
    about: dict[str, Any] = {"model": model, "models": models, "styles": venice.styles()}
    fitting = fields.adapted(initial, model)
    form = (
        ComposerForm.unsent(fitting, **about)
        if data is None
        else ComposerForm(data, initial=fitting, **about)
    )
    order, variants = form.priced_order()
    return Composer(form, user, venice.image_price(order) * variants, _allowance(venice), notice)


def _remembered(user: User) -> dict[str, Any]:
    """Return the person's last settings; a seed that was drawn then is drawn anew."""
    typed, prompt, order, visibility = LAST.first(user=user.pk) or ("", "", None, "")
    if order is None:
        return {}
    settings = settings_of(order, visibility) | {"prompt": typed or prompt}
    return {name: value for name, value in settings.items() if name != "seed"}


def _allowance(venice: Venice) -> str:
    """Return what is left of the tightest quota that counts pictures, in words."""
    for allowance in venice.allowances():
        if allowance.quota.metric != Metric.TOKENS:
            period = allowance.quota.period
            window = "today" if period == "day" else f"this {period}"
            return f"{allowance.quota.amount(allowance.left)} left {window}"
    return ""
