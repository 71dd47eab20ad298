"""Checks of request bodies as strict as Venice's own: unknown fields, nulls, types and ranges are refused.

The issues look like those of zod, which Venice uses.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from .replies import Refusal, json_reply

type Path = tuple[str | int, ...]


class Issues(list[dict[str, Any]]):
    """The issues found so far."""

    def note(self, path: Path, code: str, message: str, **facts: Any) -> None:
        """Adds an issue."""
        self.append({"code": code, "path": list(path), "message": message, **facts})


class Rule(Protocol):
    """Something a value must obey."""

    def check(self, value: Any, path: Path, issues: Issues) -> None:
        """Notes what is wrong with the value."""


@dataclass(frozen=True)
class Text:
    """A string of a length."""

    least: int = 0
    most: int | None = None

    def check(self, value: Any, path: Path, issues: Issues) -> None:
        if not isinstance(value, str):
            _wrong_type(path, "string", value, issues)
        elif len(value) < self.least:
            message = f"String must contain at least {self.least} character(s)"
            issues.note(
                path, "too_small", message, minimum=self.least, type="string", inclusive=True
            )
        elif self.most is not None and len(value) > self.most:
            message = f"String must contain at most {self.most} character(s)"
            issues.note(path, "too_big", message, maximum=self.most, type="string", inclusive=True)


@dataclass(frozen=True)
class Number:
    """A number in a range; `above` excludes the lower end; `whole` wants an integer."""

    least: float | None = None
    most: float | None = None
    above: float | None = None
    whole: bool = False

    def check(self, value: Any, path: Path, issues: Issues) -> None:
        if isinstance(value, bool) or not isinstance(value, int | float):
            _wrong_type(path, "number", value, issues)
        elif self.whole and value != int(value):
            issues.note(
                path,
                "invalid_type",
                "Expected integer, received float",
                expected="integer",
                received="float",
            )
        elif self.above is not None and value <= self.above:
            message = f"Number must be greater than {self.above:g}"
            issues.note(
                path, "too_small", message, minimum=self.above, type="number", inclusive=False
            )
        elif self.least is not None and value < self.least:
            message = f"Number must be greater than or equal to {self.least:g}"
            issues.note(
                path, "too_small", message, minimum=self.least, type="number", inclusive=True
            )
        elif self.most is not None and value > self.most:
            message = f"Number must be less than or equal to {self.most:g}"
            issues.note(path, "too_big", message, maximum=self.most, type="number", inclusive=True)


@dataclass(frozen=True)
class Flag:
    """True or false."""

    def check(self, value: Any, path: Path, issues: Issues) -> None:
        if not isinstance(value, bool):
            _wrong_type(path, "boolean", value, issues)


@dataclass(frozen=True)
class Anything:
    """Any value but null, unless null is allowed."""

    null: bool = False

    def check(self, value: Any, path: Path, issues: Issues) -> None:
        if value is None and not self.null:
            _wrong_type(path, "object", value, issues)


class Choice:
    """One of a few strings."""

    def __init__(self, *options: str) -> None:
        self.options = options

    def check(self, value: Any, path: Path, issues: Issues) -> None:
        if not isinstance(value, str):
            _wrong_type(path, "string", value, issues)
        elif value not in self.options:
            expected = " | ".join(f"'{option}'" for option in self.options)
            message = f"Invalid enum value. Expected {expected}, received '{value}'"
            issues.note(
                path, "invalid_enum_value", message, options=list(self.options), received=value
            )


@dataclass(frozen=True)
class ListOf:
    """A list of values that obey one rule."""

    rule: Rule
    least: int = 0
    most: int | None = None

    def check(self, value: Any, path: Path, issues: Issues) -> None:
        if not isinstance(value, list):
            _wrong_type(path, "array", value, issues)
            return
        if len(value) < self.least:
            message = f"Array must contain at least {self.least} element(s)"
            issues.note(
                path, "too_small", message, minimum=self.least, type="array", inclusive=True
            )
        if self.most is not None and len(value) > self.most:
            message = f"Array must contain at most {self.most} element(s)"
            issues.note(path, "too_big", message, maximum=self.most, type="array", inclusive=True)
        for index, item in enumerate(value):
            self.rule.check(item, (*path, index), issues)


@dataclass(frozen=True)
class Shape:
    """An object of named fields; `strict` refuses fields that are not named."""

    fields: Mapping[str, Rule]
    required: frozenset[str] = frozenset()
    strict: bool = True

    def check(self, value: Any, path: Path, issues: Issues) -> None:
        if not isinstance(value, dict):
            _wrong_type(path, "object", value, issues)
            return
        for name in sorted(self.required - value.keys()):
            issues.note(
                (*path, name), "invalid_type", "Required", expected="string", received="undefined"
            )
        unknown = [name for name in value if name not in self.fields]
        if unknown and self.strict:
            listed = ", ".join(f"'{name}'" for name in unknown)
            issues.note(
                path, "unrecognized_keys", f"Unrecognized key(s) in object: {listed}", keys=unknown
            )
        for name, rule in self.fields.items():
            if name in value:
                rule.check(value[name], (*path, name), issues)


@dataclass(frozen=True)
class Nullable:
    """What the rule allows, or null."""

    rule: Rule

    def check(self, value: Any, path: Path, issues: Issues) -> None:
        if value is not None:
            self.rule.check(value, path, issues)


@dataclass(frozen=True)
class ByField:
    """An object whose field `tag` says which shape it has."""

    tag: str
    shapes: Mapping[str, Rule]

    def check(self, value: Any, path: Path, issues: Issues) -> None:
        if not isinstance(value, dict):
            _wrong_type(path, "object", value, issues)
            return
        shape = self.shapes.get(str(value.get(self.tag)))
        if shape is None:
            options = " | ".join(f"'{name}'" for name in self.shapes)
            message = f"Invalid discriminator value. Expected {options}"
            issues.note(
                (*path, self.tag), "invalid_union_discriminator", message, options=list(self.shapes)
            )
        else:
            shape.check(value, path, issues)


@dataclass(frozen=True)
class ByType:
    """A value whose rule depends on whether it is a string, a list or an object."""

    rules: Mapping[type, Rule] = field(default_factory=dict)

    def check(self, value: Any, path: Path, issues: Issues) -> None:
        rule = self.rules.get(type(value))
        if rule is None:
            issues.note(path, "invalid_union", "Invalid input")
        else:
            rule.check(value, path, issues)


def demand(rule: Rule, body: Any, *further: Callable[[Any, Issues], None]) -> None:
    """Raises a 400 with issues unless the body obeys the rule; `further` checks see only a body that does."""
    issues = Issues()
    rule.check(body, (), issues)
    if not issues:
        for check in further:
            check(body, issues)
    if issues:
        raise invalid(issues)


def invalid(issues: list[dict[str, Any]]) -> Refusal:
    """Returns the 400 that lists issues."""
    details: dict[str, Any] = {
        "_errors": [issue["message"] for issue in issues if not issue["path"]]
    }
    for issue in issues:
        if issue["path"]:
            details.setdefault(str(issue["path"][0]), {"_errors": []})["_errors"].append(
                issue["message"]
            )
    return Refusal(
        json_reply(
            400, {"error": "Invalid request parameters", "details": details, "issues": issues}
        )
    )


def _wrong_type(path: Path, expected: str, value: Any, issues: Issues) -> None:
    received = _TYPE_NAMES.get(type(value), "unknown")
    message = f"Expected {expected}, received {received}"
    issues.note(path, "invalid_type", message, expected=expected, received=received)


_TYPE_NAMES: dict[type, str] = {
    type(None): "null",
    str: "string",
    bool: "boolean",
    int: "number",
    float: "number",
    list: "array",
    dict: "object",
}
