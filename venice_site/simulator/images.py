"""`POST /image/generate`: checks the request, has the picture painted, and answers in the shape asked for."""

from __future__ import annotations

import base64
import random
import struct
import time
import zlib
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from .catalogue import ENHANCE_USD, Model
from .exchange import Exchange, without_markers
from .listings import style_id
from .painting import Order, paint
from .replies import Answer, Json, Reply, json_reply
from .schemas import IMAGE
from .sizes import image_size
from .validation import Issues, demand, invalid

DEFAULTS: Json = {
    "format": "webp",
    "safe_mode": True,
    "hide_watermark": False,
    "embed_exif_metadata": False,
    "return_binary": False,
    "variants": 1,
}
SEED_DEFAULTS: Json = {**DEFAULTS, "format": "png", "safe_mode": False}


@dataclass(frozen=True)
class Picture:
    """An image file and its media type."""

    data: bytes
    media_type: str


def generate(exchange: Exchange) -> Answer:
    """Answers a request for an image."""
    started = time.monotonic()
    sent = exchange.json_body()
    demand(IMAGE, sent, _no_variants_in_binary)
    model = exchange.choose_model(sent["model"], "image")
    order = _order(exchange, model, sent)
    count = int(sent.get("variants", 1))
    price = model.image_price(sent.get("resolution"), sent.get("quality")) * count
    enhanced = bool(sent.get("enhance_prompt")) or exchange.has("enhanced-prompt")
    price += ENHANCE_USD if enhanced else 0
    exchange.reserve(model, price)
    pictures = _pictures(exchange, order, count)
    exchange.charge(model, 0.0 if exchange.has("content-violation") else price)
    exchange.extra_headers |= _image_headers(exchange, order.prompt if enhanced else None)
    reply = _reply(exchange, sent, order, pictures)
    delay = exchange.state.settings.image_ms / 1000 - (time.monotonic() - started)
    return replace(reply, delay=max(0.0, delay))


def _no_variants_in_binary(body: Json, issues: Issues) -> None:
    if body.get("return_binary") and body.get("variants", 1) > 1:
        issues.note(("variants",), "custom", "variants is not supported with return_binary")


def _order(exchange: Exchange, model: Model, sent: Json) -> Order:
    _check_model_limits(model, sent)
    defaults = SEED_DEFAULTS if exchange.seed_dialect else DEFAULTS
    width, height = (512, 512) if exchange.has("wrong-size") else image_size(model, sent)
    steps = model.constraints["steps"]
    seed = sent.get("seed")
    return Order(
        prompt=without_markers(sent["prompt"]),
        negative_prompt=sent.get("negative_prompt", ""),
        model=model.id,
        style=_style(exchange, sent),
        seed=random_seed() if seed is None or model.ignores_seed else int(seed),
        width=width,
        height=height,
        detail=sent.get("steps", steps["default"]) / steps["max"],
        format=model.ignores_format or str(sent.get("format", defaults["format"])),
        watermark=not sent.get("hide_watermark", defaults["hide_watermark"]),
        exif=sent.get("embed_exif_metadata", False) and not model.ignores_format,
        steps=int(sent.get("steps", steps["default"])),
    )


def _style(exchange: Exchange, sent: Json) -> str:
    """Returns the exact label that was sent; in the seed document's shapes styles go by their ids."""
    sent_style = sent.get("style_preset")
    if sent_style is None:
        return ""
    for label in exchange.state.catalogue.styles:
        if sent_style == (style_id(label) if exchange.seed_dialect else label):
            return label
    message = f"Invalid style preset: {sent_style}"
    raise invalid([{"code": "custom", "path": ["style_preset"], "message": message}])


def _check_model_limits(model: Model, sent: Json) -> None:
    issues = Issues()
    limit = model.constraints["promptCharacterLimit"]
    for name in ("prompt", "negative_prompt"):
        if len(sent.get(name, "")) > limit:
            issues.note(
                (name,),
                "too_big",
                f"String must contain at most {limit} character(s)",
                maximum=limit,
            )
    most = model.constraints["steps"]["max"]
    if model.sized_in_pixels and sent.get("steps", 1) > most:
        issues.note(
            ("steps",), "too_big", f"Number must be less than or equal to {most}", maximum=most
        )
    if sent.get("style_references") and not model.spec.get("supportsStyleReferences"):
        issues.note(
            ("style_references",), "custom", f"{model.id} does not support style references"
        )
    if sent.get("enable_web_search") and not model.spec.get("supportsWebSearch"):
        issues.note(("enable_web_search",), "custom", f"{model.id} does not support web search")
    if issues:
        raise invalid(issues)


def _pictures(exchange: Exchange, order: Order, count: int) -> list[Picture]:
    if exchange.has("empty-images"):
        return []
    if exchange.has("extra-variants"):
        count = int(exchange.option("extra-variants", "count"))
    if exchange.has("content-violation"):
        order = replace(order, treatment="black", exif=False, watermark=False)
    elif exchange.has("blurred"):
        order = replace(order, treatment="blurred")
    if exchange.has("webp-instead"):
        order = replace(order, format="webp")
    orders = [order] + [replace(order, seed=random_seed()) for _ in range(count - 1)]
    return [damaged(exchange, Picture(paint(one), f"image/{one.format}")) for one in orders]


def damaged(exchange: Exchange, picture: Picture) -> Picture:
    """Returns the picture as the scenarios of this exchange leave it."""
    if exchange.has("not-an-image"):
        return replace(picture, data=b"%PDF-1.7 this is not an image " * 20)
    if exchange.has("truncated-image"):
        return replace(picture, data=picture.data[: len(picture.data) // 2])
    if exchange.has("oversized-image"):
        return Picture(_png_that_claims(60_000), "image/png")
    return picture


def _png_that_claims(side: int) -> bytes:
    def part(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + part(b"IHDR", header)
        + part(b"IDAT", zlib.compress(b"\0" * 1000))
        + part(b"IEND", b"")
    )


def _image_headers(exchange: Exchange, enhanced: str | None) -> dict[str, str]:
    headers = {
        "x-venice-is-blurred": str(exchange.has("blurred")).lower(),
        "x-venice-is-content-violation": str(exchange.has("content-violation")).lower(),
        "x-venice-is-adult-model-content-violation": "false",
        "x-venice-contains-minor": str(exchange.has("contains-minor")).lower(),
    }
    if enhanced is not None:
        headers["x-venice-enhanced-prompt"] = quote(
            f"{enhanced}, golden light, fine detail, balanced composition"
        )
    return {} if exchange.seed_dialect else headers


def _reply(exchange: Exchange, sent: Json, order: Order, pictures: list[Picture]) -> Reply:
    if pictures and (sent.get("return_binary") or exchange.has("binary")):
        return Reply(200, pictures[0].data, {"content-type": pictures[0].media_type})
    images = [_encoded(exchange, picture) for picture in pictures]
    if exchange.seed_dialect:
        return json_reply(200, {"images": images, "seed": order.seed, "model": order.model})
    body: dict[str, Any] = {
        "id": f"generate-image-{time.time_ns() // 1000}",
        "images": images,
        "request": None,
    }
    if not exchange.has("no-request-echo"):
        body["request"] = {"success": True, "data": _echo(exchange, sent, order)}
        body["timing"] = _timing(exchange)
    return json_reply(200, body)


def _encoded(exchange: Exchange, picture: Picture) -> str:
    if exchange.has("invalid-base64"):
        return "***this is not base64***"
    encoded = base64.b64encode(picture.data).decode()
    return f"data:{picture.media_type};base64,{encoded}" if exchange.has("data-uri") else encoded


def _echo(exchange: Exchange, sent: Json, order: Order) -> Json:
    echo = {**DEFAULTS, **sent, "steps": order.steps, "seed": sent.get("seed", 0)}
    if exchange.has("substituted-seed"):
        echo["seed"] = int(exchange.option("substituted-seed", "seed"))
    return echo


def _timing(exchange: Exchange) -> Json:
    total = int(exchange.state.settings.image_ms)
    inference = max(0, total - 53)
    return {
        "inferenceDuration": inference,
        "inferencePreprocessingTime": min(22, total),
        "inferenceQueueTime": min(31, max(0, total - 22)),
        "total": total,
    }


def random_seed() -> int:
    """Returns a seed for a picture whose order names none."""
    return random.randint(1, 999_999_999)
