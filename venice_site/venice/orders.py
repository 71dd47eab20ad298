"""Orders as Venice wants them: request bodies that hold what is set and what the model accepts, never null."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Any

from venice_site.venice.types import ChatMessage, ChatOrder, ImageOrder, ImagePart, Model

LONGEST_SIDE = 1280  # pixels, of models that are sized in pixels (contract 6.1)
UNSEEN = "(An image was attached here, but this model cannot see images.)"


def image_body(order: ImageOrder, model: Model | None = None) -> dict[str, Any]:
    """Return the body of `POST /image/generate` (contract 6.1).

    Without a model everything that is set is sent. Venice's own defaults differ between its documents
    (safe mode, format), so those fields are always sent.
    """
    return {
        "model": order.model,
        "prompt": order.prompt,
        "seed": order.seed,
        "format": order.format,
        "safe_mode": order.safe_mode,
        "hide_watermark": order.hide_watermark,
        "embed_exif_metadata": order.embed_exif_metadata,
        **given(negative_prompt=order.negative_prompt, style_preset=order.style_preset),
        **given(cfg_scale=order.cfg_scale, steps=_steps(order, model)),
        **given(enhance_prompt=order.enhance_prompt or None),
        **_size(order, model),
    }


def chat_body(order: ChatOrder, model: Model | None = None) -> dict[str, Any]:
    """Return the body of `POST /chat/completions` (contract 7.1): always a stream that ends with its usage."""
    body: dict[str, Any] = {
        "model": order.model,
        "messages": _messages(order.messages, sees=model is None or model.supports_vision),
        "stream": True,
        "stream_options": {"include_usage": True},
        **given(
            temperature=order.temperature,
            top_p=order.top_p,
            frequency_penalty=order.frequency_penalty,
            presence_penalty=order.presence_penalty,
            max_completion_tokens=_output_limit(order, model),
            prompt_cache_key=order.conversation,
        ),
    }
    if order.own_system_prompt:
        body["venice_parameters"] = {"include_venice_system_prompt": False}
    return body


def given(**fields: Any) -> dict[str, Any]:
    """Return the fields that are set; Venice refuses null."""
    return {name: value for name, value in fields.items() if value is not None and value != ""}


def _steps(order: ImageOrder, model: Model | None) -> int | None:
    if order.steps is None or model is None:
        return order.steps
    if not model.uses_steps or model.steps_max is None:
        return None
    return min(order.steps, model.steps_max)


def _size(order: ImageOrder, model: Model | None) -> dict[str, Any]:
    if model is None:
        shape = {"aspect_ratio": order.aspect_ratio, "resolution": order.resolution}
        return given(width=order.width, height=order.height, quality=order.quality, **shape)
    named = given(
        aspect_ratio=listed(order.aspect_ratio, model.aspect_ratios),
        resolution=listed(order.resolution, model.resolutions),
        quality=listed(order.quality, model.qualities),
    )
    if model.sized_in_pixels:
        divisor = max(model.size_divisor, 1)
        named |= given(width=_fitted(order.width, divisor), height=_fitted(order.height, divisor))
    return named


def listed(wanted: str, values: Iterable[str]) -> str:
    """Return the value exactly as the model lists it (some list "1k", some "1K"), or nothing."""
    return next((value for value in values if value.lower() == wanted.lower()), "")


def _fitted(pixels: int | None, divisor: int) -> int | None:
    if pixels is None:
        return None
    return max(min(pixels, LONGEST_SIDE) // divisor, 1) * divisor


def _output_limit(order: ChatOrder, model: Model | None) -> int | None:
    """Return the limit in tokens; above the model's cap Venice answers 400 instead of clamping."""
    if order.max_tokens is None or order.max_tokens <= 0:
        return None
    cap = model.max_output_tokens if model else None
    return min(order.max_tokens, cap) if cap else order.max_tokens


def _messages(messages: Iterable[ChatMessage], *, sees: bool) -> list[dict[str, Any]]:
    """Return the turns that say something; Venice refuses empty texts."""
    spoken = (message for message in messages if message.text.strip() or message.images)
    return [{"role": message.role, "content": _content(message, sees=sees)} for message in spoken]


def _content(message: ChatMessage, *, sees: bool) -> str | list[dict[str, Any]]:
    if not message.images:
        return message.text
    texts = [message.text] if message.text.strip() else []
    if not sees:
        return "\n\n".join([*texts, *(UNSEEN for _ in message.images)])
    return [{"type": "text", "text": text} for text in texts] + [
        _picture(part) for part in message.images
    ]


def _picture(part: ImagePart) -> dict[str, Any]:
    data = base64.b64encode(part.content).decode("ascii")
    return {"type": "image_url", "image_url": {"url": f"data:{part.mime};base64,{data}"}}
