"""What an order costs at list price; integer micro-USD (contract 12). Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from venice_site.venice.types import (
    MICRO,
    ChatMessage,
    ChatOrder,
    EditOrder,
    FilePart,
    ImageOrder,
    Model,
    Price,
    TokenPrices,
    Usage,
)

# What counts for a model whose price nobody knows: never free in a quota.
UNKNOWN_IMAGE = 50_000
UNKNOWN_TOKENS_IN = 3_000_000  # per million tokens
UNKNOWN_TOKENS_OUT = 15_000_000
UNKNOWN_UPSCALE = {"2x": 20_000, "4x": 80_000}  # Venice's own, listed since 2025 (contract 6.6)
UNKNOWN_CUTOUT = 30_000  # Venice's own (contract 6.7)

# What Venice charges beside the model (contract 6.1, 7.1).
ENHANCED_PROMPT = 40_000
WEB_SEARCH = 10_000  # a request that was answered with the help of a search
SCRAPED_PAGE = 10_000
SCRAPED_PAGES = 5  # addresses of the last message that are read at the most

# What an estimate counts: it reserves, so rather too much than too little.
REPLY_TOKENS = 2048  # a reply without a limit
THINKING_TOKENS = 8192  # and what a model thinks before it, by effort where that is known
THINKING_BY_EFFORT = {
    "none": 0,
    "minimal": 1024,
    "low": 4096,
    "medium": 8192,
    "high": 16_384,
    "xhigh": 32_768,
    "max": 65_536,
}
BYTES_A_TOKEN = 3  # of text in UTF-8: English has four, Chinese three
PICTURE_TOKENS = 1600  # an attached picture
PACKED = (b"%PDF", b"PK\3\4", b"\xd0\xcf\x11\xe0")  # PDF, today's and yesterday's Office documents
PACKED_BYTES_A_TOKEN = 6  # most of such a document is no text
PACKED_TOKENS = 100_000  # three hundred pages
WEB_TOKENS = 4000  # what a search, or a page that is read, adds to the input

ADDRESS = re.compile(r"https?://\S+", re.IGNORECASE)


def micro_usd(amount: Any) -> int | None:
    """Return an amount of US dollars as micro-USD, None when it is no amount."""
    try:
        dollars = Decimal(str(amount))
        if not dollars.is_finite() or dollars < 0:
            return None
        return int((dollars * MICRO).quantize(Decimal(1), ROUND_HALF_UP))
    except InvalidOperation:
        return None


# --- pictures ---------------------------------------------------------------------------------


def image_price(model: Model, order: ImageOrder) -> int:
    """Return the price of one picture: by quality, else by resolution, else flat."""
    enhanced = ENHANCED_PROMPT if order.enhance_prompt else 0
    return _picture_price(model, order.resolution, order.quality) + enhanced


def edit_price(order: EditOrder, model: Model | None, upscaler: Model | None) -> int:
    """Return the price of what is made of pictures that exist.

    `model` is the one that edits, or the background remover for a cutout. None is a model that the
    catalogue does not know.
    """
    if order.kind == "upscale":
        return _upscale_price(order.scale, upscaler)
    if order.kind == "cutout":
        known = model.price.image if model else None
        return UNKNOWN_CUTOUT if known is None else known
    if model is None:
        return UNKNOWN_IMAGE * max(1, len(order.images))
    quality = order.quality if order.kind == "combine" else ""  # an edit has none (contract 6.4)
    more = max(0, len(order.images) - model.price.images_included)
    return _picture_price(model, order.resolution, quality) + more * model.price.image_more


def _upscale_price(scale: int, upscaler: Model | None) -> int:
    """Return the price of enlarging; whatever is above twice costs as four times does."""
    factor = "4x" if scale > 2 else "2x"
    listed = upscaler.price.upscale if upscaler else {}
    return listed.get(factor, UNKNOWN_UPSCALE[factor])


def _picture_price(model: Model, resolution: str, quality: str) -> int:
    price = model.price
    resolution = _listed(resolution, model.resolutions) or model.default_resolution
    quality = _listed(quality, model.qualities) or model.default_quality
    found = (
        price.by_quality.get(resolution, {}).get(quality),
        price.by_resolution.get(resolution),
        price.image,
        _dearest(price),
    )
    return next((amount for amount in found if amount is not None), UNKNOWN_IMAGE)


def _listed(wanted: str, values: tuple[str, ...]) -> str:
    """Return the value as the model lists it; what it does not list is not sent either."""
    return next((value for value in values if value.lower() == wanted.lower()), "")


def _dearest(price: Price) -> int | None:
    """Return the highest price of a list that does not name what was ordered."""
    amounts = [*price.by_resolution.values()]
    for row in price.by_quality.values():
        amounts += row.values()
    return max(amounts, default=None)


def image_usage(model: Model, order: ImageOrder) -> Usage:
    """Return what one picture uses, at list price."""
    return Usage(images=1, cost=image_price(model, order))


def made_usage(model: Model, order: ImageOrder, response: Mapping[str, Any]) -> Usage:
    """Return what one picture used: an enhanced prompt costs only where the answer has one."""
    enhanced = bool(response.get("enhanced_prompt"))
    return image_usage(model, replace(order, enhance_prompt=enhanced))


# --- tokens -----------------------------------------------------------------------------------


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
    return (micro_tokens + MICRO // 2) // MICRO


def _token_prices(price: Price, tokens_in: int) -> TokenPrices:
    """Return the prices that hold for a request: the extended ones for the whole of a long one."""
    if price.extended is None or price.extended_above is None:
        return price.tokens
    return price.extended if tokens_in > price.extended_above else price.tokens


def web_cost(order: ChatOrder) -> int:
    """Return what looking into the web costs; pages that the message names replace the search."""
    if pages := _pages_read(order):
        return pages * SCRAPED_PAGE
    return WEB_SEARCH if _searches(order) else 0


def _pages_read(order: ChatOrder) -> int:
    asked = _question(order)
    if asked is None or not order.web_scraping:
        return 0
    return min(len(ADDRESS.findall(asked.text)), SCRAPED_PAGES)


def _searches(order: ChatOrder) -> bool:
    """Return whether a search may happen; there is none for a message with a picture."""
    asked = _question(order)
    return order.web_search in {"on", "auto"} and not (asked and asked.images)


def _question(order: ChatOrder) -> ChatMessage | None:
    return next((said for said in reversed(order.messages) if said.role == "user"), None)


def priced(model: Model, usage: Usage, order: ChatOrder | None = None) -> Usage:
    """Return the usage with its cost: Venice's own word, else the list price, with that of the web."""
    if usage.cost_source == "response":
        return usage
    source = "estimate" if usage.cost_source == "estimate" else "catalogue"
    web = web_cost(order) if order and usage.tokens_out else 0
    return replace(usage, cost=reply_cost(model, usage) + web, cost_source=source)


# --- estimates --------------------------------------------------------------------------------


def reply_estimate(model: Model, order: ChatOrder) -> Usage:
    """Return the most that a reply is expected to use."""
    tokens_in, tokens_out = input_tokens(order), _output_tokens(model, order)
    if model.context_tokens:
        tokens_in = min(tokens_in, model.context_tokens)
    usage = Usage(tokens_in=tokens_in, tokens_out=tokens_out, cost_source="estimate")
    return priced(model, usage, order)


def input_tokens(order: ChatOrder) -> int:
    """Return roughly how many tokens are read, rather too many than too few."""
    tokens = sum(map(message_tokens, order.messages))
    if order.schema is not None:
        tokens += _text_tokens(json.dumps(order.schema))
    return tokens + WEB_TOKENS * (_pages_read(order) or _searches(order))


def message_tokens(message: ChatMessage) -> int:
    """Return roughly how many tokens of one message are read."""
    shown = _text_tokens(message.text) + len(message.images) * PICTURE_TOKENS
    return 1 + shown + sum(_file_tokens(part) for part in message.files)


def _text_tokens(text: str) -> int:
    return len(text.encode(errors="replace")) // BYTES_A_TOKEN


def _file_tokens(part: FilePart) -> int:
    """Return how many tokens a document is: plain text and code are read whole."""
    if part.content.startswith(PACKED):
        return min(len(part.content) // PACKED_BYTES_A_TOKEN, PACKED_TOKENS)
    return len(part.content) // BYTES_A_TOKEN


def _output_tokens(model: Model, order: ChatOrder) -> int:
    """Return how much may be written; a limit holds for thinking and reply together."""
    limit = max(order.max_tokens or 0, 0)
    tokens = limit or REPLY_TOKENS + _thinking_tokens(model, order)
    return min(tokens, model.max_output_tokens or tokens)


def _thinking_tokens(model: Model, order: ChatOrder) -> int:
    if not model.supports_reasoning or order.disable_thinking:
        return 0
    effort = order.reasoning_effort or model.default_reasoning_effort
    return THINKING_BY_EFFORT.get(effort, THINKING_TOKENS)
