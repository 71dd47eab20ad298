"""Orders as Venice wants them: request bodies that hold what is set and what the model accepts, never null."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Any

from venice_site.venice.types import (
    ChatMessage,
    ChatOrder,
    FilePart,
    ImageOrder,
    ImagePart,
    Model,
)

LONGEST_SIDE = 1280  # pixels, of models that are sized in pixels (contract 6.1)
MOST_PICTURES = 10  # in a request (contract 7.5)
UNSEEN = "(An image was attached here, but this model cannot see images.)"
UNREAD = "(The file “{}” was attached here, but this model cannot read documents.)"
TOO_MANY = "(An image was attached here, but this model cannot look at so many at once.)"


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
    """Return the body of `POST /chat/completions` (contract 7.1): always a stream that ends with its usage.

    What the model does not accept is left out, for Venice answers 400 to it.
    """
    return {
        "model": order.model,
        "messages": _messages(order.messages, model),
        "stream": True,
        "stream_options": {"include_usage": True},
        **given(
            temperature=order.temperature,
            top_p=order.top_p,
            frequency_penalty=order.frequency_penalty,
            presence_penalty=order.presence_penalty,
            max_completion_tokens=_output_limit(order, model),
            prompt_cache_key=order.conversation,
            reasoning_effort=_effort(order, model),
            response_format=_response_format(order, model),
            venice_parameters=_venice_parameters(order, model) or None,
        ),
    }


def _venice_parameters(order: ChatOrder, model: Model | None) -> dict[str, Any]:
    """Return Venice's own parameters, as far as they differ from its defaults."""
    searches = order.web_search if model is None or model.supports_web_search else ""
    looks = bool(searches or order.web_scraping)
    return given(
        include_venice_system_prompt=False if order.own_system_prompt else None,
        disable_thinking=order.disable_thinking or None,
        enable_web_search=searches,
        enable_web_scraping=order.web_scraping or None,
        enable_web_citations=looks or None,
        include_search_results_in_stream=looks or None,
        character_slug=order.character,
    )


def _effort(order: ChatOrder, model: Model | None) -> str:
    if model is None or order.reasoning_effort in model.reasoning_efforts:
        return order.reasoning_effort
    return ""


def _response_format(order: ChatOrder, model: Model | None) -> dict[str, Any] | None:
    if order.schema is None or (model is not None and not model.supports_schema):
        return None
    schema = {"name": order.schema_name, "strict": True, "schema": dict(order.schema)}
    return {"type": "json_schema", "json_schema": schema}


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


def _messages(messages: tuple[ChatMessage, ...], model: Model | None) -> list[dict[str, Any]]:
    """Return the turns that say something (Venice refuses empty texts), with the newest pictures that fit."""
    spoken = [m for m in messages if m.text.strip() or m.images or m.files]
    left = _pictures_allowed(model)
    turns = []
    for message in reversed(spoken):
        shown = message.images[-left:] if left else ()
        left -= len(shown)
        turns.append({"role": message.role, "content": _content(message, shown, model)})
    return turns[::-1]


def _pictures_allowed(model: Model | None) -> int:
    if model is None:
        return MOST_PICTURES
    return min(model.max_images, MOST_PICTURES) if model.supports_vision else 0


def _content(
    message: ChatMessage, shown: tuple[ImagePart, ...], model: Model | None
) -> str | list[dict[str, Any]]:
    unseen = UNSEEN if model is None or not model.supports_vision else TOO_MANY
    texts = [message.text] if message.text.strip() else []
    texts += [unseen] * (len(message.images) - len(shown))
    files = message.files if model is None or model.supports_files else ()
    texts += [] if files else map(_as_text, message.files)
    if not shown and not files:
        return "\n\n".join(texts)
    return [
        *({"type": "text", "text": text} for text in texts),
        *map(_picture, shown),
        *map(_file, files),
    ]


def _as_text(part: FilePart) -> str:
    """Return a document as a part of the message's text; of others than plain text only the name."""
    if not part.mime.startswith("text/"):
        return UNREAD.format(part.name)
    return f"“{part.name}”:\n\n{part.content.decode(errors='replace')}"


def _picture(part: ImagePart) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": _data_url(part.content, part.mime)}}


def _file(part: FilePart) -> dict[str, Any]:
    file = {"file_data": _data_url(part.content, part.mime), "filename": part.name}
    return {"type": "file", "file": file}


def _data_url(content: bytes, mime: str) -> str:
    return f"data:{mime};base64,{base64.b64encode(content).decode('ascii')}"
