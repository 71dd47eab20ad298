"""When a model leaves, and the sentences that say so. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from venice_site.venice.headers import flag
from venice_site.venice.types import Model


def is_retired(model: Model, today: date) -> bool:
    """Return whether a model has left."""
    return bool(model.retires_on) and model.retires_on <= today.isoformat()


def retirement_notice(model: Model, today: date) -> str:
    """Return what to say beside a model that leaves, nothing while there is nothing to say."""
    if not model.retires_on or model.warns_from > today.isoformat():
        return ""
    if is_retired(model, today):
        instead = f"; use {model.replacement} instead" if model.replacement else ""
        return f"Left on {model.retires_on}{instead}."
    if not model.replacement:
        return f"Leaves on {model.retires_on}."
    if model.replaced_by_venice:
        return f"Leaves on {model.retires_on}; {model.replacement} answers from then on."
    return f"Leaves on {model.retires_on}; use {model.replacement} then."


def deprecation_notice(headers: Mapping[str, str]) -> str:
    """Return what the headers of an answer say of a model that leaves (contract 3.2), for administrators.

    `headers` are those kept with a picture, their names in lower case. Nothing when they say nothing.
    """
    warning = headers.get("x-venice-model-deprecation-warning", "").strip()
    day = headers.get("x-venice-model-deprecation-date", "").strip().partition("T")[0]
    replacement = headers.get("x-venice-deprecated-replacement", "").strip()
    if not (warning or day or replacement or flag(headers, "x-venice-deprecated")):
        return ""
    model = headers.get("x-venice-model-id", "").strip() or "A model in use"
    leaves = f"{model} leaves on {day}" if day else f"{model} is about to leave"
    instead = f"; use {replacement} then" if replacement else ""
    return f"{leaves}{instead}." + (f" Venice says: {warning}" if warning else "")
