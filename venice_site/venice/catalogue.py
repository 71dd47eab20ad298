"""Which models and styles exist, what they can do and what they cost: cached rows, last good copy.

Until Venice (or the local stand-in) was asked for the first time, the starting copy answers.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from django.core.cache import cache as shared_cache
from django.db.models import Count, Max
from django.utils import timezone

from venice_site.venice.characters import CHARACTER
from venice_site.venice.entries import read_model
from venice_site.venice.errors import ModelGone
from venice_site.venice.models import CatalogueEntry
from venice_site.venice.retirement import is_retired
from venice_site.venice.types import Model

STARTING_COPY = Path(__file__).with_name("starting_catalogue.json")
KINDS = ("image", "text", "inpaint", "upscale")
NAMED_KINDS = ("image", "text")  # whose models have traits and go by other names as well
STYLE = "style"
# The kinds of the other rows, each followed by the kind of the models that it speaks of.
TRAIT, NAME, LEFT = "trait:", "name:", "left:"
NOT_FOR_PICTURES = frozenset({"bria-bg-remover"})  # listed as an image model (contract 6.1)
FRESH_FOR = timedelta(hours=1)
LOOK_AGAIN_AFTER = 5  # seconds between two looks at the version of the rows

Version = tuple[datetime | None, int]
Models = Mapping[str, Model]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Every known model by kind and id, in Venice's order, and the styles.

    `names` are foreign names that Venice answers to, with the id of the model that answers; `left` are
    models that Venice has taken off its list, as they last stood there. Both are by kind.
    """

    models: Mapping[str, Models]
    styles: tuple[str, ...]
    names: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    left: Mapping[str, Models] = field(default_factory=dict)
    _on_offer: dict[tuple[str, date], Models] = field(
        default_factory=dict, repr=False, compare=False
    )

    def offered(self, kind: str) -> list[Model]:
        """Return the models that can be chosen today."""
        return list(self._offered(kind).values())

    def find(self, kind: str, model_id: str) -> Model | None:
        """Return a model that can be chosen, None when there is none of this id (case counts)."""
        return self._offered(kind).get(model_id)

    def _offered(self, kind: str) -> Models:
        today = timezone.now().date()
        if (kind, today) not in self._on_offer:
            listed = self.models.get(kind, {}).items()
            offered = {model_id: model for model_id, model in listed if is_offered(model, today)}
            self._on_offer[kind, today] = offered
        return self._on_offer[kind, today]

    def successor(self, kind: str, model_id: str) -> Model | None:
        """Return the model that Venice names as the replacement of a retired one, or as its replacement."""
        seen = {model_id}
        while (model := self._known(kind, model_id)) and model.replacement not in seen:
            model_id = model.replacement
            seen.add(model_id)
            if found := self.find(kind, model_id):
                return found
        return None

    def default(self, kind: str) -> Model:
        """Return the model of the trait "default", else the first. Raises `ModelGone` without any."""
        offered = self.offered(kind)
        chosen = [model for model in offered if "default" in model.traits] or offered
        if not chosen:
            raise ModelGone("Venice offers no model of this kind right now. Try again later.")
        return chosen[0]

    def resolve(self, kind: str, model_id: str) -> tuple[Model, str]:
        """Return the model to use for an id, a trait or another name, and what to say about it.

        The sentence is empty when the model is the one that was meant. Raises `ModelGone` when Venice
        offers none of this kind.
        """
        if found := self.find(kind, model_id) or self._with_trait(kind, model_id):
            return found, ""
        if found := self.find(kind, self.names.get(kind, {}).get(model_id, "")):
            return found, f"“{model_id}” is another name of {found.name}."
        former = former_models().get(kind, {}).get(model_id, "")
        successor = self.successor(kind, model_id) or self.find(kind, former)
        instead = successor or self.default(kind)
        return instead, self._reason(kind, model_id, instead) if model_id else ""

    def _with_trait(self, kind: str, trait: str) -> Model | None:
        return next((model for model in self.offered(kind) if trait in model.traits), None)

    def _known(self, kind: str, model_id: str) -> Model | None:
        listed = self.models.get(kind, {}).get(model_id)
        return listed or self.left.get(kind, {}).get(model_id)

    def _reason(self, kind: str, model_id: str, instead: Model) -> str:
        """Return why another model takes the place of the one that was asked for."""
        known, today = self._known(kind, model_id), timezone.now().date()
        takes_its_place = f"{instead.name} takes its place."
        if known and model_id in self.models.get(kind, {}) and not is_retired(known, today):
            return f"{known.name} cannot be used right now: {takes_its_place}"
        if known or model_id in former_models().get(kind, {}):
            name = known.name if known else model_id
            return f"{name} is not on offer any more: {takes_its_place}"
        return f"Venice offers no model “{model_id}”: {takes_its_place}"


def is_offered(model: Model, today: date) -> bool:
    """Return whether a model can be chosen: neither offline, nor beta, nor retired (contract 8)."""
    hidden = model.offline or model.beta or model.id in NOT_FOR_PICTURES
    return not (hidden or is_retired(model, today))


# --- reading ----------------------------------------------------------------------------------


def current(*, simulated: bool) -> Catalogue:
    """Return the catalogue of Venice or of the stand-in; the rows are looked at every few seconds."""
    name = version_name(simulated)
    version: Version | None = shared_cache.get(name)
    if version is None:
        version = _version(simulated)
        shared_cache.set(name, version, LOOK_AGAIN_AFTER)
    if simulated not in _parsed or _parsed[simulated][0] != version:
        _parsed[simulated] = (version, _read(simulated))
    return _parsed[simulated][1]


_parsed: dict[bool, tuple[Version, Catalogue]] = {}


def version_name(simulated: bool) -> str:
    """Return under which name the cache keeps the version of the rows."""
    return f"catalogue-version:{simulated}"


def is_due(now: datetime, *, simulated: bool) -> bool:
    """Return whether the rows are missing or older than an hour."""
    refreshed_at, _ = _version(simulated)
    return refreshed_at is None or refreshed_at < now - FRESH_FOR


def _version(simulated: bool) -> Version:
    rows = CatalogueEntry.objects.filter(simulated=simulated).exclude(kind=CHARACTER)
    found = rows.aggregate(at=Max("refreshed_at"), rows=Count("pk"))
    return found["at"], found["rows"]


def _read(simulated: bool) -> Catalogue:
    rows: dict[str, dict[str, Any]] = {}
    entries = CatalogueEntry.objects.filter(simulated=simulated).exclude(kind=CHARACTER)
    entries = entries.order_by("kind", "position")
    for kind, name, data in entries.values_list("kind", "name", "data"):
        rows.setdefault(kind, {})[name] = data
    start = starting_copy()
    return Catalogue(
        models={
            kind: _with_traits(by_id(rows.get(kind, {}).values()), _ids(rows.get(TRAIT + kind)))
            or start.models[kind]
            for kind in KINDS
        },
        styles=tuple(rows.get(STYLE, ())) or start.styles,
        names={kind: _ids(rows.get(NAME + kind)) for kind in NAMED_KINDS},
        left={kind: by_id(rows.get(LEFT + kind, {}).values()) for kind in KINDS},
    )


def _ids(rows: Mapping[str, Any] | None) -> dict[str, str]:
    return {name: data["model"] for name, data in (rows or {}).items()}


def _with_traits(models: Models, traits: Mapping[str, str]) -> Models:
    """Return the models with the traits of Venice's own list, which is newer than what each says."""
    return {
        model.id: replace(
            model,
            traits=(
                *(trait for trait in model.traits if trait not in traits),
                *(trait for trait, chosen in traits.items() if chosen == model.id),
            ),
        )
        for model in models.values()
    }


def by_id(rows: Iterable[Any]) -> dict[str, Model]:
    """Return the models of entries by their ids; an entry that is none is left out."""
    models = (read_model(row) for row in rows)
    return {model.id: model for model in models if model}


# --- what Venice offered when this version was made -------------------------------------------


@cache
def starting_copy() -> Catalogue:
    """Return the catalogue that answers until somebody was asked."""
    data = _starting_data()
    models = {kind: [row for row in data["models"] if row["type"] == kind] for kind in KINDS}
    return Catalogue({kind: by_id(rows) for kind, rows in models.items()}, tuple(data["styles"]))


@cache
def starting_specs() -> dict[tuple[str, str], dict[str, Any]]:
    """Return the facts of each model by kind and id, without traits, for lists that have only names."""
    rows = _starting_data()["models"]
    return {(row["type"], row["id"]): {**row["model_spec"], "traits": []} for row in rows}


@cache
def former_models() -> dict[str, dict[str, str]]:
    """Return the ids of older documents, by kind, with the model that is nearest to each today."""
    former: dict[str, dict[str, str]] = _starting_data()["former"]
    return former


def _starting_data() -> dict[str, Any]:
    data: dict[str, Any] = json.loads(STARTING_COPY.read_text())
    return data


def model_name(model_id: str) -> str:
    """Return how a text model is called, by Venice or by the stand-in; its id when nobody knows it."""
    for simulated in (False, True):
        models = current(simulated=simulated).models["text"]
        if model_id in models:
            return models[model_id].name
    return model_id
