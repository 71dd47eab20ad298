"""What an order costs at list price; integer micro-USD (contract 12). Pure."""

from __future__ import annotations

from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from venice_site.venice.types import (
    MICRO,
    ChatOrder,
    ImageOrder,
    Model,
    Price,
    TokenPrices,
    Usage,
)

UNKNOWN_IMAGE = 50_000  # a picture of a model whose price nobody knows; never free in a quota
UNKNOWN_TOKENS_IN = 3_000_000  # per million tokens
UNKNOWN_TOKENS_OUT = 15_000_000
REPLY_TOKENS = 2048  # what a reply without a limit is expected to need at the most
PICTURE_TOKENS = 1000  # an attached picture
CHARACTERS_A_TOKEN = 3  # low on purpose: an estimate reserves


def micro_usd(amount: Any) -> int | None:
    """Return an amount of US dollars as micro-USD, None when it is no amount."""
    try:
        micro = (Decimal(str(amount)) * MICRO).quantize(Decimal(1), ROUND_HALF_UP)
    except InvalidOperation:
        return None
    return int(micro) if micro >= 0 else None


def image_price(model: Model, order: ImageOrder) -> int:
    """Return the price of one picture: by quality, else by resolution, else flat."""
    price = model.price
    resolution = _listed(order.resolution, model.resolutions) or model.default_resolution
    quality = _listed(order.quality, model.qualities) or model.default_quality
    by_quality = price.by_quality.get(resolution, {}).get(quality)
    found = (by_quality, price.by_resolution.get(resolution), price.image)
    return next((amount for amount in found if amount is not None), UNKNOWN_IMAGE)


def _listed(wanted: str, values: tuple[str, ...]) -> str:
    """Return the value as the model lists it; what it does not list is not sent either."""
    return next((value for value in values if value.lower() == wanted.lower()), "")


def image_usage(model: Model, order: ImageOrder) -> Usage:
    """Return what one picture uses, at list price."""
    return Usage(images=1, cost=image_price(model, order))


def reply_cost(model: Model, usage: Usage) -> int:
    """Return the list price of the tokens used; nothing was charged when nothing was written."""
    if not usage.tokens_out:
        return 0
    each = _token_prices(model.price, usage.tokens_in)
    each_in = UNKNOWN_TOKENS_IN if each.tokens_in is None else each.tokens_in
    each_out = UNKNOWN_TOKENS_OUT if each.tokens_out is None else each.tokens_out
    each_cached = each_in if each.tokens_cached is None else each.tokens_cached
    each_written = each_in if each.tokens_cache_write is None else each.tokens_cache_write
    fresh = max(0, usage.tokens_in - usage.tokens_cached - usage.tokens_cache_write)
    micro_tokens = (
        fresh * each_in
        + usage.tokens_cached * each_cached
        + usage.tokens_cache_write * each_written
        + usage.tokens_out * each_out
    )
    return (micro_tokens + 500_000) // 1_000_000


def _token_prices(price: Price, tokens_in: int) -> TokenPrices:
    """Return the prices that hold for a request: the extended ones for the whole of a long one."""
    if price.extended is None or price.extended_above is None:
        return price.tokens
    return price.extended if tokens_in > price.extended_above else price.tokens


def priced(model: Model, usage: Usage) -> Usage:
    """Return the usage with its cost: Venice's own word, else the list price."""
    if usage.cost_source == "response":
        return usage
    source = "estimate" if usage.cost_source == "estimate" else "catalogue"
    return replace(usage, cost=reply_cost(model, usage), cost_source=source)


def input_tokens(order: ChatOrder) -> int:
    """Return roughly how many tokens the messages are, rather too many than too few."""
    characters = sum(len(message.text) for message in order.messages)
    pictures = sum(len(message.images) for message in order.messages)
    return characters // CHARACTERS_A_TOKEN + len(order.messages) + pictures * PICTURE_TOKENS


def reply_estimate(model: Model, order: ChatOrder) -> Usage:
    """Return the most that a reply is expected to use."""
    limit = order.max_tokens or REPLY_TOKENS
    tokens_out = min(limit, model.max_output_tokens or limit)
    usage = Usage(tokens_in=input_tokens(order), tokens_out=tokens_out, cost_source="estimate")
    return priced(model, usage)
