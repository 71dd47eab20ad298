"""Asking Venice what is on offer, and keeping what it says: the rows that the catalogue reads."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any, Protocol, runtime_checkable

from django.core.cache import cache as shared_cache
from django.db import transaction

from venice_site.venice import catalogue
from venice_site.venice.answers import object_of
from venice_site.venice.catalogue import KINDS, LEFT, NAME, NAMED_KINDS, STYLE, TRAIT
from venice_site.venice.entries import LONGEST_ID, read_model, storable
from venice_site.venice.errors import VeniceError
from venice_site.venice.models import CatalogueEntry

log = logging.getLogger("studio.venice")

MOST_ROWS = 1000  # of one part

Rows = dict[str, dict[str, Any]]  # the data of each row by its name


class Lists(Protocol):
    """The part of the client that lists what Venice offers."""

    def models(self, kind: str) -> list[dict[str, Any]]:
        """Return the raw entries of a kind."""

    def traits(self, kind: str) -> dict[str, str]:
        """Return the model of each trait."""

    def styles(self) -> list[str]:
        """Return the style labels."""


@runtime_checkable
class Names(Protocol):
    """A client that knows foreign names as well."""

    def compatibility(self, kind: str) -> dict[str, str]:
        """Return the model that answers to each foreign name, such as "gpt-4o"."""


def refresh(lists: Lists, now: datetime, *, simulated: bool) -> int:
    """Ask for everything and replace the rows; return how many came.

    What comes back empty or unreadable leaves the last good copy of its part as it is. Raises the
    first `VeniceError` after all parts were tried; traits and names are a help that may be missing.
    """
    errors: list[VeniceError] = []
    parts = {kind: _tried(partial(_models, lists, kind), errors) for kind in KINDS}
    parts[STYLE] = _tried(lambda: _rows({label: {} for label in lists.styles()}), errors)
    helps: list[VeniceError] = []
    for kind in NAMED_KINDS:
        parts[TRAIT + kind] = _tried(partial(_named, lists.traits, kind), helps)
        if isinstance(lists, Names):
            parts[NAME + kind] = _tried(partial(_named, lists.compatibility, kind), helps)
    with transaction.atomic():
        for kind, rows in parts.items():
            if rows:
                _replace(kind, rows, now, simulated)
    shared_cache.delete(catalogue.version_name(simulated))
    for error in helps:
        log.info("state=kept catalogue part=traits-and-names kind=%s", error.kind)
    if errors:
        raise errors[0]
    return sum(map(len, parts.values()))


def _tried(ask: Callable[[], Rows], errors: list[VeniceError]) -> Rows:
    try:
        return ask()
    except VeniceError as error:
        errors.append(error)
        return {}


def _models(lists: Lists, kind: str) -> Rows:
    """Return the entries that are models; the first of two with the same id counts."""
    entries = [_completed(object_of(storable(entry)), kind) for entry in lists.models(kind)]
    rows: Rows = {}
    for entry in entries[:MOST_ROWS]:
        if model := read_model(entry):
            rows.setdefault(model.id, entry)
    return rows


def _completed(entry: dict[str, Any], kind: str) -> dict[str, Any]:
    """Return an entry; one without any facts takes those of the starting copy."""
    spec = object_of(entry.get("model_spec"))
    if not spec.keys() & {"pricing", "constraints", "capabilities"}:
        spec = {**catalogue.starting_specs().get((kind, str(entry.get("id"))), {}), **spec}
    return {**entry, "type": kind, "model_spec": spec}


def _named(ask: Callable[[str], Mapping[str, str]], kind: str) -> Rows:
    """Return the model of each trait, or of each foreign name."""
    return _rows({name: {"model": storable(model)} for name, model in ask(kind).items()})


def _rows(found: Rows) -> Rows:
    """Return the rows whose names fit into a row."""
    fits = [name for name in found if name and name.isprintable() and len(name) <= LONGEST_ID]
    return {name: found[name] for name in fits[:MOST_ROWS]}


def _replace(kind: str, rows: Rows, now: datetime, simulated: bool) -> None:
    """Put these rows in the place of the last ones; models that are gone are remembered."""
    kept = CatalogueEntry.objects.filter(simulated=simulated)
    gone = kept.filter(kind=kind).exclude(name__in=rows)
    if kind in KINDS:
        left = dict(gone.values_list("name", "data"))
        _put(LEFT + kind, left, now, simulated)
        kept.filter(kind=LEFT + kind, name__in=rows).delete()
    gone.delete()
    _put(kind, rows, now, simulated)


def _put(kind: str, rows: Rows, now: datetime, simulated: bool) -> None:
    CatalogueEntry.objects.bulk_create(
        [
            CatalogueEntry(
                simulated=simulated,
                kind=kind,
                name=name,
                position=position,
                data=data,
                refreshed_at=now,
            )
            for position, (name, data) in enumerate(rows.items())
        ],
        update_conflicts=True,
        unique_fields=["simulated", "kind", "name"],
        update_fields=["position", "data", "refreshed_at"],
    )
