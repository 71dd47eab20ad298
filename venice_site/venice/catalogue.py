"""Which models and styles exist, what they can do and what they cost: cached rows, last good copy.

Until Venice (or the local stand-in) was asked for the first time, the starting copy answers.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any, Protocol

from django.core.cache import cache as shared_cache
from django.db import transaction
from django.db.models import Count, Max
from django.utils import timezone

from venice_site.venice.errors import ModelGone, VeniceError
from venice_site.venice.models import CatalogueEntry
from venice_site.venice.prices import micro_usd
from venice_site.venice.types import Model, Price, TokenPrices

STARTING_COPY = Path(__file__).with_name("starting_catalogue.json")
KINDS = ("image", "text")
STYLE = "style"
NOT_FOR_PICTURES = frozenset({"bria-bg-remover"})  # listed as an image model (contract 6.1)
FRESH_FOR = timedelta(hours=1)
LOOK_AGAIN_AFTER = 5  # seconds between two looks at the version of the rows

Version = tuple[datetime | None, int]


class Lists(Protocol):
    """The part of the client that lists what Venice offers."""

    def models(self, kind: str) -> list[dict[str, Any]]:
        """Return the raw entries of a kind."""

    def traits(self, kind: str) -> dict[str, str]:
        """Return the model of each trait."""

    def styles(self) -> list[str]:
        """Return the style labels."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Every known model by kind and id, in Venice's order, and the styles."""

    models: Mapping[str, Mapping[str, Model]]
    styles: tuple[str, ...]

    def offered(self, kind: str) -> list[Model]:
        """Return the models that can be chosen today."""
        today = timezone.now().date()
        return [model for model in self.models.get(kind, {}).values() if is_offered(model, today)]

    def find(self, kind: str, model_id: str) -> Model | None:
        """Return a model that can be chosen, None when there is none of this id (case counts)."""
        model = self.models.get(kind, {}).get(model_id)
        return model if model and is_offered(model, timezone.now().date()) else None

    def successor(self, kind: str, model_id: str) -> Model | None:
        """Return the model that Venice names as the replacement of a retired one."""
        model = self.models.get(kind, {}).get(model_id)
        return self.find(kind, model.replacement) if model and model.replacement else None

    def default(self, kind: str) -> Model:
        """Return the model of the trait "default", else the first. Raises `ModelGone` without any."""
        offered = self.offered(kind)
        chosen = [model for model in offered if "default" in model.traits] or offered
        if not chosen:
            raise ModelGone("Venice offers no model of this kind right now. Try again later.")
        return chosen[0]


def is_offered(model: Model, today: date) -> bool:
    """Return whether a model can be chosen: neither offline, nor beta, nor retired (contract 8)."""
    retired = model.retires_on and model.retires_on[:10] <= today.isoformat()
    return not (model.offline or model.beta or retired or model.id in NOT_FOR_PICTURES)


# --- reading ----------------------------------------------------------------------------------


def current(*, simulated: bool) -> Catalogue:
    """Return the catalogue of Venice or of the stand-in; the rows are looked at every few seconds."""
    name = f"catalogue-version:{simulated}"
    version: Version | None = shared_cache.get(name)
    if version is None:
        version = _version(simulated)
        shared_cache.set(name, version, LOOK_AGAIN_AFTER)
    if simulated not in _parsed or _parsed[simulated][0] != version:
        _parsed[simulated] = (version, _read(simulated))
    return _parsed[simulated][1]


_parsed: dict[bool, tuple[Version, Catalogue]] = {}


def _version(simulated: bool) -> Version:
    rows = CatalogueEntry.objects.filter(simulated=simulated)
    found = rows.aggregate(at=Max("refreshed_at"), rows=Count("pk"))
    return found["at"], found["rows"]


def _read(simulated: bool) -> Catalogue:
    rows: dict[str, list[Any]] = {kind: [] for kind in (*KINDS, STYLE)}
    entries = CatalogueEntry.objects.filter(simulated=simulated).order_by("kind", "position")
    for kind, name, data in entries.values_list("kind", "name", "data"):
        rows.setdefault(kind, []).append(name if kind == STYLE else data)
    start = starting_copy()
    return Catalogue(
        models={kind: _by_id(rows[kind]) or start.models[kind] for kind in KINDS},
        styles=tuple(rows[STYLE]) or start.styles,
    )


@cache
def starting_copy() -> Catalogue:
    """Return what Venice offered when this version was made."""
    data = json.loads(STARTING_COPY.read_text())
    models = {kind: [row for row in data["models"] if row["type"] == kind] for kind in KINDS}
    return Catalogue({kind: _by_id(rows) for kind, rows in models.items()}, tuple(data["styles"]))


def _by_id(rows: list[Mapping[str, Any]]) -> dict[str, Model]:
    models = (parse_model(row) for row in rows)
    return {model.id: model for model in models if model.id}


# --- refreshing -------------------------------------------------------------------------------


def is_due(now: datetime, *, simulated: bool) -> bool:
    """Return whether the rows are missing or older than an hour."""
    refreshed_at, _ = _version(simulated)
    return refreshed_at is None or refreshed_at < now - FRESH_FOR


def refresh(lists: Lists, now: datetime, *, simulated: bool) -> int:
    """Ask for everything and replace the rows; return how many there are now.

    What comes back empty or unreadable leaves the last good copy of its part as it is. Raises the
    first `VeniceError` after all parts were tried.
    """
    errors: list[VeniceError] = []
    parts: dict[str, list[tuple[str, dict[str, Any]]]] = {}
    for kind in KINDS:
        parts[kind] = _tried(partial(_listed_models, lists, kind), errors)
    parts[STYLE] = _tried(lambda: [(label, {}) for label in lists.styles()], errors)
    with transaction.atomic():
        for kind, rows in parts.items():
            if rows:
                _replace(kind, rows, now, simulated)
    shared_cache.delete(f"catalogue-version:{simulated}")
    if errors:
        raise errors[0]
    return sum(map(len, parts.values()))


def _tried[T](ask: Callable[[], list[T]], errors: list[VeniceError]) -> list[T]:
    try:
        return ask()
    except VeniceError as error:
        errors.append(error)
        return []


def _listed_models(lists: Lists, kind: str) -> list[tuple[str, dict[str, Any]]]:
    entries = lists.models(kind)
    traits = _tried(lambda: list(lists.traits(kind).items()), [])  # models list their own as well
    return [(entry["id"], _completed(entry, kind, traits)) for entry in entries]


def _completed(entry: dict[str, Any], kind: str, traits: list[tuple[str, str]]) -> dict[str, Any]:
    """Return an entry with its traits; one without any facts takes those of the starting copy."""
    spec = dict(_object(entry.get("model_spec")))
    if not spec.keys() & {"pricing", "constraints", "capabilities"}:
        spec = {**_starting_specs().get((kind, entry["id"]), {}), **spec}
    own = list(_texts(spec.get("traits")))
    given = [trait for trait, model in traits if model == entry["id"] and trait not in own]
    return {**entry, "type": kind, "model_spec": {**spec, "traits": own + given}}


@cache
def _starting_specs() -> dict[tuple[str, str], dict[str, Any]]:
    rows = json.loads(STARTING_COPY.read_text())["models"]
    return {(row["type"], row["id"]): {**row["model_spec"], "traits": []} for row in rows}


def _replace(
    kind: str, rows: list[tuple[str, dict[str, Any]]], now: datetime, simulated: bool
) -> None:
    named = dict(rows)
    CatalogueEntry.objects.filter(simulated=simulated, kind=kind).exclude(name__in=named).delete()
    CatalogueEntry.objects.bulk_create(
        [
            CatalogueEntry(
                simulated=simulated,
                kind=kind,
                name=name[:120],
                position=position,
                data=data,
                refreshed_at=now,
            )
            for position, (name, data) in enumerate(named.items())
        ],
        update_conflicts=True,
        unique_fields=["simulated", "kind", "name"],
        update_fields=["position", "data", "refreshed_at"],
    )


# --- one entry --------------------------------------------------------------------------------


def parse_model(raw: Mapping[str, Any]) -> Model:
    """Return the model of an entry, in today's shape or the seed document's `{id, name, type}`.

    Everything but the id is optional; what is not understood is left out.
    """
    spec = _object(raw.get("model_spec"))
    capabilities = _object(spec.get("capabilities"))
    deprecation = _object(spec.get("deprecation"))
    model_id = _text(raw.get("id"))
    model = Model(
        id=model_id,
        kind=_text(raw.get("type")),
        name=_text(raw.get("name")) or _text(spec.get("name")) or model_id,
        description=_text(spec.get("description")),
        privacy=_text(spec.get("privacy")),
        traits=_texts(spec.get("traits")),
        price=_price(_object(spec.get("pricing"))),
        context_tokens=_whole(spec.get("availableContextTokens") or raw.get("context_length")),
        max_output_tokens=_whole(spec.get("maxCompletionTokens")),
        supports_vision=capabilities.get("supportsVision") is True,
        supports_reasoning=capabilities.get("supportsReasoning") is True,
        offline=spec.get("offline") is True,
        beta=spec.get("beta") is True or spec.get("betaModel") is True,
        retires_on=_text(deprecation.get("removesAt")) or _text(deprecation.get("date")),
        replacement=_text(deprecation.get("replacementModelId")),
    )
    return _constrained(model, _object(spec.get("constraints")))


def _constrained(model: Model, constraints: Mapping[str, Any]) -> Model:
    steps = _object(constraints.get("steps"))
    ratios = _texts(constraints.get("aspectRatios"))
    resolutions = _texts(constraints.get("resolutions")) or tuple(model.price.by_resolution)
    qualities = _texts(constraints.get("qualities"))
    return replace(
        model,
        prompt_limit=_whole(constraints.get("promptCharacterLimit")) or model.prompt_limit,
        size_divisor=_whole(constraints.get("widthHeightDivisor")) or model.size_divisor,
        aspect_ratios=ratios,
        default_aspect_ratio=_chosen(constraints.get("defaultAspectRatio"), ratios),
        resolutions=resolutions,
        default_resolution=_chosen(constraints.get("defaultResolution"), resolutions),
        qualities=qualities,
        default_quality=_chosen(constraints.get("defaultQuality"), qualities),
        steps_default=_whole(steps.get("default")),
        steps_max=_whole(steps.get("max")),
    )


def _price(pricing: Mapping[str, Any]) -> Price:
    resolutions = _object(pricing.get("resolutions"))
    qualities = _object(pricing.get("quality"))
    extended = _object(pricing.get("extended"))
    return Price(
        image=_usd(pricing.get("generation")),
        by_resolution=_amounts(resolutions),
        by_quality={name: _amounts(_object(row)) for name, row in qualities.items()},
        tokens=_token_prices(pricing),
        extended=_token_prices(extended) if extended else None,
        extended_above=_whole(extended.get("context_token_threshold")),
    )


def _token_prices(pricing: Mapping[str, Any]) -> TokenPrices:
    return TokenPrices(
        tokens_in=_usd(pricing.get("input")),
        tokens_out=_usd(pricing.get("output")),
        tokens_cached=_usd(pricing.get("cache_input")),
        tokens_cache_write=_usd(pricing.get("cache_write")),
    )


def _amounts(rows: Mapping[str, Any]) -> dict[str, int]:
    amounts = {name: _usd(row) for name, row in rows.items()}
    return {name: amount for name, amount in amounts.items() if amount is not None}


def _usd(row: Any) -> int | None:
    amount = _object(row).get("usd")
    return None if amount is None else micro_usd(amount)


def _chosen(default: Any, values: tuple[str, ...]) -> str:
    return default if default in values else next(iter(values), "")


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
