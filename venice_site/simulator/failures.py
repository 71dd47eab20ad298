"""Armed failures and the choice of scenarios for one request."""

from __future__ import annotations

import re
import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from .scenarios import SCENARIOS, Scenario

MARKER = re.compile(r"\[\[sim:([a-z0-9-]+)((?:;[a-z_]+=[^;\]]*)*)\]\]")


@dataclass(frozen=True)
class Match:
    """Which requests something concerns; an empty field concerns all."""

    path: str | None = None
    key: str | None = None
    model: str | None = None
    prompt_contains: str | None = None

    def concerns(self, subject: Subject) -> bool:
        """Says whether a request is meant."""
        return (
            (self.path is None or subject.path.endswith(self.path))
            and (self.key is None or subject.key == self.key)
            and (self.model is None or subject.model == self.model)
            and (self.prompt_contains is None or self.prompt_contains in subject.prompt)
        )


@dataclass(frozen=True)
class Subject:
    """What a request is about, as far as choosing its scenario needs it."""

    path: str
    key: str
    model: str
    prompt: str
    header: str = ""


@dataclass(frozen=True)
class Active:
    """A scenario that happens to a request, with its options filled in."""

    scenario: Scenario
    options: dict[str, Any]


@dataclass
class _Armed:
    active: Active
    match: Match
    left: int | None


@dataclass
class Failures:
    """The scenarios armed by tests, keys, headers and markers; safe to use from many threads."""

    _armed: list[_Armed] = field(default_factory=list)
    _seen: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def arm(self, name: str, times: int | None, match: Match, options: dict[str, Any]) -> None:
        """Makes a scenario happen to the next `times` requests that match (None: what the scenario says itself)."""
        scenario = SCENARIOS[name]
        armed = _Armed(
            activate(scenario, options), match, scenario.times if times is None else times
        )
        with self._lock:
            self._armed.append(armed)

    def clear(self) -> None:
        """Disarms everything and forgets what was counted."""
        with self._lock:
            self._armed.clear()
            self._seen.clear()

    def choose(self, subject: Subject) -> list[Active]:
        """Returns what happens to this request and counts it.

        Raises UnknownScenario for a header or marker that names none.
        """
        with self._lock:
            chosen = [
                *self._from_header(subject),
                *self._from_markers(subject),
                *self._from_key(subject),
            ]
            return chosen + self._from_armed(subject)

    def _from_header(self, subject: Subject) -> list[Active]:
        names = [name.strip() for name in subject.header.split(",") if name.strip()]
        return [activate(*parse(name)) for name in names]

    def _from_markers(self, subject: Subject) -> list[Active]:
        chosen = []
        for match in MARKER.finditer(subject.prompt):
            scenario, options = parse(match[1] + match[2])
            if self._counts(
                ("prompt", subject.prompt, scenario.name), options.pop("times", scenario.times)
            ):
                chosen.append(activate(scenario, options))
        return chosen

    def _from_key(self, subject: Subject) -> list[Active]:
        scenario = SCENARIOS.named_by(subject.key)
        if scenario is None or not self._counts(
            ("key", subject.key, scenario.name), scenario.times
        ):
            return []
        return [activate(scenario, {})]

    def _from_armed(self, subject: Subject) -> list[Active]:
        for armed in self._armed:
            if armed.left != 0 and armed.match.concerns(subject):
                if armed.left is not None:
                    armed.left -= 1
                return [armed.active]
        return []

    def _counts(self, what: tuple[str, str, str], times: float | None) -> bool:
        self._seen[what] += 1
        return times is None or self._seen[what] <= times


def parse(text: str) -> tuple[Scenario, dict[str, Any]]:
    """Reads `name;option=value;…`; numbers become numbers."""
    name, *pairs = text.split(";")
    options: dict[str, Any] = {}
    for pair in pairs:
        option, _, value = pair.partition("=")
        options[option.strip()] = _number(value.strip())
    return SCENARIOS[name], options


def activate(scenario: Scenario, options: dict[str, Any]) -> Active:
    """Fills the options of a scenario up with its defaults."""
    return Active(scenario, {**scenario.defaults, **options})


def _number(value: str) -> float | str:
    try:
        return float(value)
    except ValueError:
        return value
