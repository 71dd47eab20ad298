"""The composer as it stands beside the grid: drawn once for each look, then filled in.

Its thirty fields are the same for everybody who has chosen the same; what is written in them is not.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, NamedTuple

from django import forms
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from gallery import abilities, fields
from gallery.composer import Composer, Offered
from gallery.fields import Abilities
from gallery.forms import ComposerForm
from venice_site.accounts.models import User
from venice_site.skeletons import Gaps, Skeleton
from venice_site.venice.types import Model

TEMPLATE = "gallery/composer.html"
TEXTS = tuple(
    name
    for name, field in ComposerForm.base_fields.items()
    if isinstance(field.widget, forms.Textarea)
)

type Chosen = tuple[tuple[str, str], ...]


class Fields(NamedTuple):
    """Fields for one model: what is chosen by name, and which others are not empty; a switch that is on is not."""

    model: Abilities
    chosen: Chosen
    filled: tuple[str, ...]


class Look(NamedTuple):
    """What the template asks of a composer beside words and numbers."""

    fields: Fields
    leaving: str
    has_notice: bool
    has_allowance: bool


class Listed(NamedTuple):
    """What can be chosen, by value and label, and what is."""

    options: Chosen
    chosen: str


class PresetsLook(NamedTuple):
    """The presets on offer, and the number of the one in use."""

    presets: tuple[Offered, ...]
    used: int | None


def is_plain(composer: Composer) -> bool:
    """Return whether a composer is as it begins, and all that is chosen is on offer."""
    return not composer.form.is_bound and all(map(_is_sound, composer.form))


def _is_sound(field: forms.BoundField) -> bool:
    if isinstance(field.field, forms.BooleanField):
        return any(field.value() is value for value in (True, False, None, ""))
    if isinstance(field.field, forms.ChoiceField):
        return _text(field) in dict(_options(field))
    return True


def sheet(composer: Composer, user: User, csrf_token: str) -> SafeString:
    """Return a plain composer as the template draws it."""
    form = composer.form
    model = fields.abilities_of(composer.model)
    apart = (*form.SHAPE, "model", "style_preset")
    rest = [field for field in form if field.name not in apart]
    look = Look(
        _fields(model, rest), composer.leaving, bool(composer.notice), bool(composer.allowance)
    )
    used = composer.preset.pk if composer.preset else None
    written: dict[str, object] = {field.name: _text(field) for field in form}
    told = written | {
        "csrf_token": csrf_token,
        "person": user.pk,
        "draft": composer.draft,
        "notice": composer.notice,
        "price": composer.price_in_words,
        "allowance": composer.allowance,
        "presets": _presets.fill(PresetsLook(composer.presets, used), {}),
        "models": _models.fill(_listed(form["model"]), {}),
        "styles": _styles.fill(_listed(form["style_preset"]), {}),
        "shape": _shape.fill(_fields(model, form.shape), written),
    }
    return _sheet.fill(look, told)


def _fields(model: Abilities, fields: list[forms.BoundField]) -> Fields:
    choices = [one for one in fields if isinstance(one.field, forms.ChoiceField)]
    others = [one for one in fields if one not in choices and one.name not in TEXTS]
    return Fields(
        model,
        tuple((one.name, _text(one)) for one in choices),
        tuple(one.name for one in others if one.value() is not False and _text(one)),
    )


def _listed(field: forms.BoundField) -> Listed:
    return Listed(tuple(_options(field)), _text(field))


def _options(field: forms.BoundField) -> list[tuple[str, str]]:
    assert isinstance(field.field, forms.ChoiceField)
    choices: Any = field.field.choices
    return [(str(value), str(label)) for value, label in choices]


def _text(field: forms.BoundField) -> str:
    value = field.value()
    return "" if value is None else str(value)


@Skeleton
def _sheet(look: Look, gaps: Gaps) -> str:
    form = _form(look.fields, gaps)
    composer = SimpleNamespace(
        form=form,
        model=form.chosen,
        ignored=abilities.ignored(form.chosen),
        leaving=look.leaving,
        draft=gaps.words("draft"),
        notice=gaps.words("notice") if look.has_notice else "",
        price_in_words=gaps.words("price"),
        allowance=gaps.words("allowance") if look.has_allowance else "",
    )
    told = {
        "composer": composer,
        "parts": {name: gaps.words(name) for name in ("presets", "models", "styles", "shape")},
        "user": SimpleNamespace(pk=gaps.words("person")),
        "csrf_token": gaps.words("csrf_token"),
    }
    return render_to_string(f"{TEMPLATE}#composer", told)


@Skeleton
def _shape(look: Fields, gaps: Gaps) -> str:
    form = _form(look, gaps)
    composer = SimpleNamespace(form=form, sizes=fields.sizes(form.chosen))
    return render_to_string(f"{TEMPLATE}#shape", {"composer": composer})


def _form(look: Fields, gaps: Gaps) -> ComposerForm:
    """Return a form of this look; what is written in it are gaps."""
    names = (*ComposerForm.base_fields, *ComposerForm.SHAPE, *ComposerForm.TUNING)
    told: dict[str, Any] = {name: gaps.words(name) for name in (*TEXTS, *look.filled)}
    told |= {name: True for name in look.filled if name in ComposerForm.SWITCHES}
    return ComposerForm(
        initial=dict.fromkeys(names) | told | dict(look.chosen),
        model=fields.model_with(look.model),
        models=(),
        styles=(),
    )


@Skeleton
def _models(look: Listed, gaps: Gaps) -> str:
    models = [Model(id=value, kind="image", name=label) for value, label in look.options]
    form = ComposerForm(initial={"model": look.chosen}, model=models[0], models=models, styles=())
    return str(form["model"])


@Skeleton
def _styles(look: Listed, gaps: Gaps) -> str:
    styles = [value for value, _ in look.options if value]
    any_model = Model(id="", kind="image", name="")
    form = ComposerForm(
        initial={"style_preset": look.chosen}, model=any_model, models=(), styles=styles
    )
    return render_to_string(f"{TEMPLATE}#styles", {"form": form})


@Skeleton
def _presets(look: PresetsLook, gaps: Gaps) -> str:
    used = next((one for one in look.presets if one.pk == look.used), None)
    composer = SimpleNamespace(presets=look.presets, preset=used)
    return render_to_string(f"{TEMPLATE}#presets", {"composer": composer})
