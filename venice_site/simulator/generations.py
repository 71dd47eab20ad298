"""`POST /images/generations`: pictures as OpenAI's clients ask for them."""

from __future__ import annotations

import base64
import time
from dataclasses import replace

from .catalogue import Model
from .exchange import Exchange, without_markers
from .images import Picture, random_seed
from .painting import Order, paint
from .replies import Answer, Json, json_reply
from .schemas import GENERATIONS
from .sizes import BASE
from .validation import demand


def generate(exchange: Exchange) -> Answer:
    """Answers a request for one image; a model that nobody knows is the default one."""
    started = time.monotonic()
    sent = {name: value for name, value in exchange.json_body().items() if value is not None}
    demand(GENERATIONS, sent)
    model = exchange.choose_model(_known(exchange, sent.get("model", "default")), "image")
    price = model.image_price(None, None)
    exchange.reserve(model, price)
    order = _order(model, sent)
    picture = Picture(paint(order), f"image/{order.format}")
    exchange.charge(model, price)
    reply = json_reply(200, {"created": int(time.time()), "data": [_shown(picture, sent)]})
    delay = exchange.state.settings.image_ms / 1000 - (time.monotonic() - started)
    return replace(reply, delay=max(0.0, delay))


def _known(exchange: Exchange, name: str) -> str:
    return name if exchange.state.catalogue.find(name, ("image",)) else "default"


def _order(model: Model, sent: Json) -> Order:
    width, height = _size(sent.get("size", "auto"))
    return Order(
        prompt=without_markers(sent["prompt"]),
        model=model.id,
        seed=random_seed(),
        width=width,
        height=height,
        format=model.ignores_format or sent.get("output_format", "png"),
        watermark=True,
    )


def _size(asked: str) -> tuple[int, int]:
    if asked == "auto":
        return BASE, BASE
    width, _, height = asked.partition("x")
    return int(width), int(height)


def _shown(picture: Picture, sent: Json) -> Json:
    encoded = base64.b64encode(picture.data).decode()
    if sent.get("response_format") == "url":
        return {"url": f"data:{picture.media_type};base64,{encoded}"}
    return {"b64_json": encoded}
