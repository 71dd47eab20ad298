"""One entry of Venice's lists of models, read with care: what is not understood is left out. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from venice_site.venice.answers import object_of, text_of
from venice_site.venice.headers import number
from venice_site.venice.prices import micro_usd
from venice_site.venice.texts import mended
from venice_site.venice.types import Model, Price, TokenPrices

LONGEST_ID = 120  # characters
LONGEST_NAME = 120
LARGEST_FIGURE = 10**9  # tokens, pixels, pictures: anything larger is no fact
DEAREST = 10_000_000_000  # micro-USD; $10,000 a picture or a million tokens is no price
DEEPEST = 12  # levels of objects and lists; an entry has seven
PICTURES_A_MESSAGE = 10  # of a model that takes several and does not say how many (contract 7.5)
PICTURES_AN_EDIT = 3  # of an editing model that combines and does not say how many (contract 6.4)


def read_model(raw: Any) -> Model | None:
    """Return the model of an entry, in today's shape or the seed document's `{id, name, type}`.

    Everything but the id is optional. None when there is no id that could be sent.
    """
    entry = object_of(raw)
    if not _is_id(entry.get("id")):
        return None
    spec = object_of(entry.get("model_spec"))
    kind = text_of(entry.get("type"))
    model = Model(
        id=entry["id"],
        kind=kind,
        name=_name(entry.get("name")) or _name(spec.get("name")) or entry["id"],
        description=text_of(spec.get("description")),
        privacy=text_of(spec.get("privacy")),
        traits=_texts(spec.get("traits")),
        price=_price(object_of(spec.get("pricing"))),
        context_tokens=_whole(spec.get("availableContextTokens"))
        or _whole(entry.get("context_length")),
        # Venice reads documents out for every model that writes; servers of the seed's shape know no such part.
        supports_files=kind == "text" and bool(spec),
        max_output_tokens=_whole(spec.get("maxCompletionTokens")),
        uncensored=spec.get("uncensored") is True,
        offline=spec.get("offline") is True,
        beta=spec.get("beta") is True or spec.get("betaModel") is True,
    )
    model = _retiring(model, object_of(spec.get("deprecation")))
    model = _capable(model, object_of(spec.get("capabilities")), spec)
    return _constrained(model, object_of(spec.get("constraints")))


def _is_id(value: Any) -> bool:
    return (
        isinstance(value, str)
        and 0 < len(value) <= LONGEST_ID
        and value.isprintable()
        and value == value.strip()
    )


def _name(value: Any) -> str:
    return text_of(value).strip()[:LONGEST_NAME]


def _retiring(model: Model, deprecation: Mapping[str, Any]) -> Model:
    return replace(
        model,
        retires_on=_day(deprecation.get("removesAt")) or _day(deprecation.get("date")),
        warns_from=_day(deprecation.get("startsAt")),
        replacement=text_of(deprecation.get("replacementModelId")),
        replaced_by_venice=deprecation.get("autoRemap") is True,
    )


def _capable(model: Model, capabilities: Mapping[str, Any], spec: Mapping[str, Any]) -> Model:
    def can(name: str) -> bool:
        return capabilities.get(name) is True

    efforts = _texts(capabilities.get("reasoningEffortOptions"))
    several = can("supportsMultipleImages")
    return replace(
        model,
        supports_vision=can("supportsVision"),
        supports_reasoning=can("supportsReasoning"),
        supports_reasoning_effort=can("supportsReasoningEffort"),
        reasoning_efforts=efforts,
        default_reasoning_effort=_effort(capabilities.get("defaultReasoningEffort"), efforts),
        supports_web_search=can("supportsWebSearch") or spec.get("supportsWebSearch") is True,
        supports_functions=can("supportsFunctionCalling"),
        supports_schema=can("supportsResponseSchema"),
        max_images=(_whole(capabilities.get("maxImages")) or PICTURES_A_MESSAGE) if several else 1,
    )


def _effort(default: Any, efforts: tuple[str, ...]) -> str:
    return text_of(default) if default in efforts else ""


def _constrained(model: Model, constraints: Mapping[str, Any]) -> Model:
    steps = object_of(constraints.get("steps"))
    ratios = _texts(constraints.get("aspectRatios"))
    resolutions = _texts(constraints.get("resolutions")) or tuple(model.price.by_resolution)
    qualities = _texts(constraints.get("qualities")) or _priced_qualities(model.price)
    resolution = _chosen(constraints.get("defaultResolution"), resolutions)
    quality = _dearest(model.price.by_quality.get(resolution, {}), qualities)
    return replace(
        model,
        prompt_limit=_whole(constraints.get("promptCharacterLimit")) or model.prompt_limit,
        size_divisor=_whole(constraints.get("widthHeightDivisor")) or model.size_divisor,
        aspect_ratios=ratios,
        default_aspect_ratio=_chosen(constraints.get("defaultAspectRatio"), ratios),
        single_image_ratio=constraints.get("singleImageAspectRatio") is not False,
        resolutions=resolutions,
        default_resolution=resolution,
        qualities=qualities,
        default_quality=_chosen(constraints.get("defaultQuality"), qualities, otherwise=quality),
        steps_default=_whole(steps.get("default")),
        steps_max=_whole(steps.get("max")),
        default_temperature=_default(constraints, "temperature", 2),
        default_top_p=_default(constraints, "top_p", 1),
        max_images=_edited_images(constraints) if model.kind == "inpaint" else model.max_images,
    )


def _edited_images(constraints: Mapping[str, Any]) -> int:
    if constraints.get("combineImages") is not True:
        return 1
    return _whole(constraints.get("maxInputImages")) or PICTURES_AN_EDIT


def _default(constraints: Mapping[str, Any], name: str, most: float) -> float | None:
    figure = number(object_of(constraints.get(name)).get("default"))
    return figure if figure is not None and 0 <= figure <= most else None


def _priced_qualities(price: Price) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for row in price.by_quality.values() for name in row))


def _dearest(amounts: Mapping[str, int], qualities: tuple[str, ...]) -> str:
    """Return the quality that Venice probably means when it does not say: never the cheap one."""
    listed = [quality for quality in qualities if quality in amounts]
    return max(listed, key=lambda quality: amounts[quality], default="")


def _chosen(default: Any, values: tuple[str, ...], *, otherwise: str = "") -> str:
    if isinstance(default, str) and default in values:
        return default
    return otherwise or next(iter(values), "")


# --- prices -----------------------------------------------------------------------------------


def _price(pricing: Mapping[str, Any]) -> Price:
    qualities = object_of(pricing.get("quality"))
    more = object_of(pricing.get("inputImages"))
    extended = object_of(pricing.get("extended"))
    both = {name: pricing.get(name) for name in ("input", "output")}
    edit, generation = _usd(pricing.get("inpaint")), _usd(pricing.get("generation"))
    return Price(
        image=generation if edit is None else edit,
        by_resolution=_amounts(object_of(pricing.get("resolutions"))),
        by_quality={name: _amounts(object_of(row)) for name, row in qualities.items()},
        upscale=_amounts(object_of(pricing.get("upscale"))),
        image_more=_usd(more.get("additional")) or 0,
        images_included=_included(more.get("included")),
        tokens=_token_prices(pricing),
        extended=_token_prices({**both, **extended}) if extended else None,
        extended_above=_whole(extended.get("context_token_threshold")),
    )


def _token_prices(pricing: Mapping[str, Any]) -> TokenPrices:
    return TokenPrices(
        tokens_in=_usd(pricing.get("input")),
        tokens_out=_usd(pricing.get("output")),
        tokens_cached=_usd(pricing.get("cache_input")),
        tokens_cache_write=_usd(pricing.get("cache_write")),
    )


def _included(value: Any) -> int:
    """Return how many input pictures the price covers; zero is a number here."""
    return 0 if value == 0 and not isinstance(value, bool) else _whole(value) or 1


def _amounts(rows: Mapping[str, Any]) -> dict[str, int]:
    amounts = {name: _usd(row) for name, row in rows.items()}
    return {name: amount for name, amount in amounts.items() if amount is not None}


def _usd(row: Any) -> int | None:
    amount = micro_usd(object_of(row).get("usd"))
    return amount if amount is not None and amount <= DEAREST else None


# --- plain values -----------------------------------------------------------------------------


def _texts(value: Any) -> tuple[str, ...]:
    found = value if isinstance(value, list) else []
    return tuple(dict.fromkeys(item for item in found if isinstance(item, str) and item))


def _whole(value: Any) -> int | None:
    """Return a positive whole number, also when it was written as 128000.0."""
    figure = number(value) if isinstance(value, (int, float)) else None
    if figure is None or not 0 < figure <= LARGEST_FIGURE or figure != int(figure):
        return None
    return int(figure)


def _day(value: Any) -> str:
    """Return the day of a moment as "2026-12-01" (UTC), nothing when it is no moment."""
    try:
        moment = datetime.fromisoformat(text_of(value))
        return (moment.astimezone(UTC) if moment.tzinfo else moment).date().isoformat()
    except (ValueError, OverflowError):
        return ""


def storable(value: Any, depth: int = DEEPEST) -> Any:
    """Return a value from JSON as every database keeps it.

    Python reads more than databases write: NaN, half characters, zero bytes, nests without an end.
    """
    if isinstance(value, str):
        return mended(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, int) and not isinstance(value, bool):
        return value if abs(value) <= 2**63 - 1 else None
    if isinstance(value, (dict, list)) and not depth:
        return None
    if isinstance(value, dict):
        return {storable(str(name)): storable(inner, depth - 1) for name, inner in value.items()}
    return [storable(inner, depth - 1) for inner in value] if isinstance(value, list) else value
