"""A picture in an answer: found in either shape, verified by its own bytes."""

from __future__ import annotations

import base64
import binascii
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from PIL import Image

from venice_site.venice.answers import json_object, may_be_charged, object_of, text_of
from venice_site.venice.errors import BadAnswer, Blocked
from venice_site.venice.headers import content_type, flag, number, rate_info
from venice_site.venice.refusals import Scrub, in_band
from venice_site.venice.types import RateInfo

MAX_PIXELS = 50_000_000
MAX_IMAGE_BYTES = (
    56 * 1024 * 1024
)  # the largest enlargement, 16.8 million pixels, as raw as PNG can be
DAMAGED = "Venice sent a damaged picture."
TOO_MANY_PIXELS = "Venice sent a picture with too many pixels; a smaller size may do."
ENHANCED = "x-venice-enhanced-prompt"  # URL-encoded
HEADERS_KEPT = (
    "cf-ray",
    "x-venice-version",
    "x-venice-model-id",
    "x-venice-model-name",
    "x-venice-model-router",
    "x-venice-is-blurred",
    "x-venice-model-deprecation-warning",
    "x-venice-model-deprecation-date",
    "x-venice-deprecated",
    "x-venice-deprecated-replacement",
)
MAGIC = (  # offset, bytes, MIME type, Pillow's name
    (0, b"\x89PNG\r\n\x1a\n", "image/png", "PNG"),
    (0, b"\xff\xd8\xff", "image/jpeg", "JPEG"),
    (8, b"WEBP", "image/webp", "WEBP"),
)


@dataclass(frozen=True, slots=True)
class ImageAnswer:
    """One verified picture as one attempt brought it; the fields are those of `GeneratedImage`."""

    content: bytes
    mime: str
    width: int
    height: int
    seed: int | None
    model: str
    request: dict[str, Any]
    response: dict[str, Any]
    duration_ms: int
    blurred: bool
    rate: RateInfo


def image_answer(
    body: bytes,
    headers: Mapping[str, str],
    sent: dict[str, Any],
    *,
    asked: str,
    duration_ms: int,
    now: datetime,
    scrub: Scrub,
) -> ImageAnswer:
    """Return the picture in an answer: JSON of either shape, or raw bytes (contract 2.1, 6.4).

    `sent` is kept with it; `asked` is the model to name where the answer names none. Raises `BadAnswer` when there is no whole picture in it and `Blocked` when the policy was violated.
    """
    refuse_blocked(headers)
    said: dict[str, Any] = {}
    if content_type(headers).startswith("image/") or _is_picture(body):
        content = body
    else:
        said = json_object(body)
        if said.get("error") and not said.get("images"):
            raise in_band(said["error"], now=now, scrub=scrub)
        content = _first_picture(said)
    mime, width, height = verified(content)
    return ImageAnswer(
        content=content,
        mime=mime,
        width=width,
        height=height,
        seed=_seed(said, sent),
        model=scrub(text_of(said.get("model")) or headers.get("x-venice-model-id") or "") or asked,
        request=sent,
        response=_kept(said, headers, scrub),
        duration_ms=duration_ms,
        blurred=flag(headers, "x-venice-is-blurred"),
        rate=rate_info(headers, now),
    )


def refuse_blocked(headers: Mapping[str, str]) -> None:
    """Raise `Blocked` for a 200 whose picture is a placeholder, or must not be shown to anyone."""
    if flag(headers, "x-venice-contains-minor"):
        raise Blocked(status=200, detail="x-venice-contains-minor")
    for name in ("x-venice-is-content-violation", "x-venice-is-adult-model-content-violation"):
        if flag(headers, name):
            raise Blocked(status=200, detail=name)


def verified(content: bytes) -> tuple[str, int, int]:
    """Return MIME type, width and height as the bytes themselves tell them. Raises `BadAnswer`."""
    if len(content) > MAX_IMAGE_BYTES:
        raise may_be_charged("Venice sent a picture that is too large to keep.")
    mime, name = _sniffed(content)
    try:
        with Image.open(io.BytesIO(content), formats=(name,)) as picture:
            width, height = picture.size
            if width * height > MAX_PIXELS:
                raise may_be_charged(TOO_MANY_PIXELS, f"{width} x {height}")
            picture.verify()
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as bomb:
        raise may_be_charged(TOO_MANY_PIXELS) from bomb
    except BadAnswer:
        raise
    except Exception as error:  # Pillow's parsers raise nearly anything on broken bytes
        raise may_be_charged(DAMAGED, repr(error)[:500]) from error
    if not _whole(content, mime):
        raise may_be_charged("Venice sent only part of a picture.", mime)
    return mime, width, height


def _is_picture(content: bytes) -> bool:
    return any(content.startswith(magic, offset) for offset, magic, _, _ in MAGIC)


def _sniffed(content: bytes) -> tuple[str, str]:
    for offset, magic, mime, name in MAGIC:
        if content.startswith(magic, offset):
            return mime, name
    raise may_be_charged("Venice sent something that is not a picture.")


def _whole(content: bytes, mime: str) -> bool:
    """Return whether the file has its end; Pillow's `verify` tells that of PNG alone."""
    if mime == "image/webp":
        return int.from_bytes(content[4:8], "little") + 8 <= len(content)
    if mime == "image/jpeg":
        return content.rfind(b"\xff\xd9", -1024) >= 0
    return b"IEND" in content[-1024:]


def _first_picture(said: dict[str, Any]) -> bytes:
    images = said.get("images")
    first = images[0] if isinstance(images, list) and images else None
    if not isinstance(first, str) or not first:
        raise BadAnswer("Venice sent an answer without a picture. Try again.")
    if first[:5].lower() == "data:":
        first = first.partition(",")[2]
    try:
        return base64.b64decode("".join(first.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise may_be_charged(DAMAGED, str(error)) from error


def _seed(said: dict[str, Any], sent: dict[str, Any]) -> int | None:
    """Return the seed that was used, as the answer says it, else the one that was sent, if any was."""
    if "seed" not in sent:
        return None
    echo = object_of(said.get("request"))
    seeds = (place.get("seed") for place in (said, object_of(echo.get("data")), echo, sent))
    return next(seed for seed in seeds if isinstance(seed, int) and not isinstance(seed, bool))


def _kept(said: dict[str, Any], headers: Mapping[str, str], scrub: Scrub) -> dict[str, Any]:
    """Return what is worth keeping of an answer; balances are not, for rows are shown to people."""
    found = {name: scrub(headers.get(name) or "")[:2000] for name in HEADERS_KEPT}
    timing = {name: value for name, value in object_of(said.get("timing")).items() if number(value)}
    kept: dict[str, Any] = {
        "id": scrub(text_of(said.get("id")))[:200],
        "timing": timing,
        "enhanced_prompt": scrub(unquote(headers.get(ENHANCED) or ""))[:10_000],
        "headers": {name: value for name, value in found.items() if value},
    }
    return {name: value for name, value in kept.items() if value}
