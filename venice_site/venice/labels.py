"""What a model costs and can do, in a few words. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from venice_site.venice.types import MICRO, Model, Price


def price_label(model: Model) -> str:
    """Return the list price: by factor, by resolution, a picture, or by million tokens in and out."""
    price, each = model.price, model.price.tokens
    if model.kind == "upscale":
        return _by_name(price.upscale)
    if price.by_quality:
        amounts = [amount for row in price.by_quality.values() for amount in row.values()]
        return f"{dollars(min(amounts))} to {dollars(max(amounts))}" if amounts else ""
    if price.by_resolution:
        return _by_name(price.by_resolution) + _more(price)
    if price.image is not None:
        return dollars(price.image) + _more(price)
    if each.tokens_in is not None and each.tokens_out is not None:
        return f"{dollars(each.tokens_in)} in, {dollars(each.tokens_out)} out"
    return ""


def _by_name(amounts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {dollars(amount)}" for name, amount in amounts.items())


def _more(price: Price) -> str:
    return f", {dollars(price.image_more)} a further picture" if price.image_more else ""


def dollars(micro: int) -> str:
    """Return micro-USD as dollars with every digit that counts: "$0.09375", "$1.40"."""
    whole, _, rest = f"{micro // MICRO}.{micro % MICRO:06}".partition(".")
    return f"${int(whole):,}.{rest.rstrip('0').ljust(2, '0')}"


def abilities_label(model: Model) -> str:
    """Return what a model can do beside what its kind says."""
    known = {
        "sees": model.supports_vision,
        "thinks": model.supports_reasoning,
        "web": model.supports_web_search,
        "functions": model.supports_functions,
        "schema": model.supports_schema,
        f"{model.max_images} pictures": model.max_images > 1,
        "uncensored": model.uncensored,
        "beta": model.beta,
        "offline": model.offline,
    }
    return ", ".join(word for word, can in known.items() if can)
