"""JSON schemas that answers must follow: read with care, checked before anything is sent. No Django here."""

from __future__ import annotations

import json
from typing import Any

from venice_site.venice.entries import storable

LONGEST = 20_000  # characters
DEEPEST = 40  # objects and lists within each other


class NoSchema(ValueError):
    """A text is no JSON schema; `str(error)` is a sentence for the person."""


def read_schema(typed: str) -> dict[str, Any]:
    """Return the schema that somebody typed. Raises `NoSchema`."""
    if len(typed) > LONGEST:
        raise NoSchema(f"This schema is too long: {LONGEST:,} characters at most.")
    try:
        found = json.loads(typed)
    except json.JSONDecodeError as error:
        raise NoSchema(f"This is not JSON: line {error.lineno}, column {error.colno}.") from error
    except RecursionError as error:
        raise NoSchema("This schema is nested too deeply.") from error
    return checked(found)


def checked(found: Any) -> dict[str, Any]:
    """Return what was found if it is a schema of an object. Raises `NoSchema`."""
    if not isinstance(found, dict) or found.get("type") != "object":
        raise NoSchema('A schema here is a JSON object with "type": "object".')
    if storable(found, DEEPEST) != found or len(json.dumps(found)) > 2 * LONGEST:
        raise NoSchema("This schema is nested too deeply, or holds what cannot be kept.")
    if trouble := _trouble(found):
        raise NoSchema(f"This is not a JSON schema: {trouble}")
    return found


def _trouble(schema: dict[str, Any]) -> str:
    # Read when it is needed: the library takes memory that most processes never need.
    from jsonschema import Draft202012Validator, SchemaError

    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        place = ".".join(map(str, error.absolute_path))
        return f"{place}: {error.message[:200]}" if place else error.message[:200]
    return ""
