"""One documented example: what is sent, what comes back, and what the client makes of it."""

import io
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from PIL import Image

from venice_site.venice.client import Client

INFERENCE, ADMIN, NOBODY = "VENICE_INFERENCE_KEY_ours", "VENICE_ADMIN_KEY_ours", ""
JSON, EVENTS = "application/json", "text/event-stream"
DONE = "[DONE]"
RESET = str(int((time.time() + 3600) * 1000))  # Unix milliseconds, far enough from any test

COMMON = {"cf-ray": "9a1b2c3d4e5f6789-FRA", "x-venice-version": "20260821.193530"}
BALANCE = {"x-venice-balance-usd": "25.00", "x-venice-balance-diem": "90.5"}
PAID = {
    **COMMON,
    **BALANCE,
    "x-ratelimit-limit-requests": "20",
    "x-ratelimit-remaining-requests": "19",
    "x-ratelimit-reset-requests": RESET,
}
WRITTEN = {
    **COMMON,
    **BALANCE,
    "x-ratelimit-limit-requests": "75",
    "x-ratelimit-remaining-requests": "74",
    "x-ratelimit-reset-requests": RESET,
    "x-ratelimit-limit-tokens": "750000",
    "x-ratelimit-remaining-tokens": "749242",
    "x-ratelimit-reset-tokens": RESET,
}


@dataclass(frozen=True)
class Example:
    """A call and its documented answer.

    `answer` is JSON, the bytes of a picture, or the frames of a stream. `scenario` is what the stand-in must
    be told before it answers like this. `read` asks the client the same and returns what it `means`, or
    raises it; `apart` are the fields in which the client asks otherwise than the example.
    """

    name: str
    path: str
    answer: Any
    sent: dict[str, Any] | None = None
    key: str = INFERENCE
    media_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=lambda: COMMON)
    scenario: str = ""
    read: Callable[[Client], Any] | None = None
    means: Any = None
    apart: frozenset[str] = frozenset()

    @property
    def method(self) -> str:
        return "GET" if self.sent is None else "POST"


def picture(kind: str = "PNG", size: tuple[int, int] = (8, 8), mode: str = "RGB") -> bytes:
    """Return a small picture as the bytes of its file."""
    out = io.BytesIO()
    image = Image.linear_gradient("L").resize(size).convert(mode)
    image.save(out, kind)
    return out.getvalue()


def differences(documented: Any, found: Any, at: str = "answer") -> list[str]:
    """Return where a value lacks what is documented: a field, or its type; null documents any value."""
    if documented is None:
        return []
    if isinstance(documented, dict) and isinstance(found, dict):
        missing = [f"{at}.{name} is missing" for name in documented if name not in found]
        known = [name for name in documented if name in found]
        return missing + [
            line
            for name in known
            for line in differences(documented[name], found[name], f"{at}.{name}")
        ]
    if isinstance(documented, list) and isinstance(found, list):
        if documented and not found:
            return [f"{at} is empty"]
        return [
            line
            for index, row in enumerate(documented)
            for line in differences(row, _counterpart(row, found), f"{at}[{index}]")
        ]
    same = type_of(documented) == type_of(found)
    return [] if same else [f"{at} is {type_of(found)}, not {type_of(documented)}"]


def type_of(value: Any) -> str:
    """Return the type of a JSON value as JSON knows it."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return "number"
    return type(value).__name__


def _counterpart(row: Any, found: list[Any]) -> Any:
    """Return the row of the same model, and the first one where rows have no names."""
    for name in ("id", "apiModelId"):
        if isinstance(row, dict) and name in row:
            return next((one for one in found if one.get(name) == row[name]), found[0])
    return found[0]
