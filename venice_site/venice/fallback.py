"""Which cheaper model may answer instead, and the order as that model understands it. Pure."""

from __future__ import annotations

import math
from dataclasses import replace

from venice_site.venice.prices import image_price, input_tokens, reply_estimate
from venice_site.venice.types import ChatOrder, ImageOrder, Model

LONGEST_SIDE = 1280  # pixels (contract 6.1)
PIXELS = 1024 * 1024  # of a picture whose shape was given as a ratio


def suits_image(order: ImageOrder, chosen: Model, other: Model) -> bool:
    """Return whether another model can make this picture for less."""
    fits = len(order.prompt) <= other.prompt_limit
    return fits and image_price(other, image_order_for(order, other)) < image_price(chosen, order)


def suits_reply(order: ChatOrder, chosen: Model, other: Model) -> bool:
    """Return whether another model can write this reply for less, and do all that was asked for."""
    expected = reply_estimate(other, order)
    room = other.context_tokens
    fits = room is None or input_tokens(order) + expected.tokens_out <= room
    return fits and _can_answer(order, other) and expected.cost < reply_estimate(chosen, order).cost


def _can_answer(order: ChatOrder, model: Model) -> bool:
    """Return whether a model sees the pictures, reads the documents, keeps to the schema and looks into the web."""
    return (
        (model.supports_vision or not any(message.images for message in order.messages))
        and (model.supports_files or not any(message.files for message in order.messages))
        and (model.supports_schema or order.schema is None)
        and (model.supports_web_search or not (order.web_search or order.web_scraping))
    )


def image_order_for(order: ImageOrder, model: Model) -> ImageOrder:
    """Return the order for another model, with the same shape as far as that model allows."""
    order = replace(order, model=model.id, resolution="", quality="")
    if model.sized_in_pixels:
        return _in_pixels(order) if order.aspect_ratio else order
    if order.width and order.height:
        ratio = _nearest(order.width / order.height, model.aspect_ratios)
        return replace(order, width=None, height=None, aspect_ratio=ratio)
    return order


def _in_pixels(order: ImageOrder) -> ImageOrder:
    ratio = _ratio(order.aspect_ratio)
    width, height = math.sqrt(PIXELS * ratio), math.sqrt(PIXELS / ratio)
    shrink = min(1, LONGEST_SIDE / max(width, height))
    return replace(
        order, aspect_ratio="", width=round(width * shrink), height=round(height * shrink)
    )


def _nearest(wanted: float, ratios: tuple[str, ...]) -> str:
    return min(ratios, key=lambda ratio: abs(math.log(_ratio(ratio) / wanted)), default="")


def _ratio(text: str) -> float:
    """Return width over height of "16:9"; what is no ratio ("auto") counts as square."""
    try:
        width, height = (float(side) for side in text.split(":"))
    except ValueError:
        return 1.0
    return width / height if width > 0 and height > 0 else 1.0
