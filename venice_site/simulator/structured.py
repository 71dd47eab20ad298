"""JSON that obeys a schema, for `response_format` and the arguments of tools."""

from __future__ import annotations

import json
from typing import Any


def example_of(schema: dict[str, Any], text: str) -> str:
    """Returns a JSON object that obeys the schema; strings say `text`."""
    return json.dumps(
        _value(schema or {"type": "object", "properties": {"answer": {"type": "string"}}}, text)
    )


def _value(schema: dict[str, Any], text: str) -> Any:
    if "enum" in schema:
        return schema["enum"][0]
    if "const" in schema:
        return schema["const"]
    kind = schema.get("type", "object" if "properties" in schema else "string")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object":
        return {name: _value(inner, text) for name, inner in schema.get("properties", {}).items()}
    if kind == "array":
        return [_value(schema.get("items", {}), text)]
    return {"integer": 1, "number": 1.5, "boolean": True, "null": None}.get(kind, text)
