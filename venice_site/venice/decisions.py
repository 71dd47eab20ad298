"""The words of the policy: the pool as it sees it, what happened so far, and what it may decide. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from venice_site.venice.errors import VeniceError

EVERYONE = "everyone"


@dataclass(frozen=True, slots=True)
class PoolKey:
    """A key as the policy sees it; `id` is None for the local stand-in.

    `usable`: it may be asked at all. `good`: its last answer was no complaint. `proven`: it has
    worked before. `has_place`: room for one more request now. `has_day`: room under its own limits.
    `load`: the share of its places that is taken. `left`: by model, the share of requests that Venice
    still allows, where it is known.
    """

    id: int | None
    account: str
    priority: int = 0
    usable: bool = True
    good: bool = True
    proven: bool = False
    has_place: bool = True
    has_day: bool = True
    load: float = 0.0
    left: Mapping[str, float] = field(default_factory=dict)
    last_used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Rest:
    """No requests of a scope until a moment; an empty model means every model."""

    scope: str
    model: str
    until: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """What an answer says about the key itself; `state` is a value of `KeyState`."""

    state: str
    reason: str
    retry_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Pool:
    """The keys at one moment, who rests, and how often each account failed in the last 30 seconds.

    `probed` are scopes and models whose rest is over and which one request is trying out right now.
    """

    keys: tuple[PoolKey, ...]
    rests: tuple[Rest, ...] = ()
    probed: tuple[tuple[str, str], ...] = ()
    failures: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """What the policy must know of an order.

    `fallback` is the cheaper model that may answer instead, checked against the catalogue; `replacement`
    the successor that the catalogue names for a retired model; both empty when there is none.
    `patience` is the longest single wait in seconds; what must wait longer stops and says until when.
    `can_shorten`: the oldest turns may be left out.
    """

    kind: Literal["image", "text"]
    model: str
    deadline: datetime
    patience: float
    fallback: str = ""
    replacement: str = ""
    can_shorten: bool = False


@dataclass(frozen=True, slots=True)
class Tried:
    """An attempt that failed."""

    key: int | None
    account: str
    model: str
    error: VeniceError
    content_seen: bool = False


@dataclass(frozen=True, slots=True)
class Waited:
    """A pause that is over."""

    seconds: float
    why: str


@dataclass(frozen=True, slots=True)
class FellBack:
    """The change to another model."""

    model: str
    reason: str


@dataclass(frozen=True, slots=True)
class Shortened:
    """The oldest turns were left out."""


Step = Tried | Waited | FellBack | Shortened


@dataclass(frozen=True, slots=True)
class TryKey:
    """Send the order with this key (None: to the stand-in)."""

    key: int | None
    model: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Pause, then decide again."""

    seconds: float
    why: str


@dataclass(frozen=True, slots=True)
class FallBack:
    """Go on with another model and let the person know."""

    model: str
    reason: str


@dataclass(frozen=True, slots=True)
class Shorten:
    """Leave the oldest turns out and let the person know."""


@dataclass(frozen=True, slots=True)
class Stop:
    """End the operation with this error."""

    error: VeniceError


Decision = TryKey | Wait | FallBack | Shorten | Stop


def scopes_of(key: int | None, account: str) -> tuple[str, str, str]:
    """Return the scopes whose rests concern a key, the widest first."""
    return EVERYONE, f"account:{account}", f"key:{key}"
