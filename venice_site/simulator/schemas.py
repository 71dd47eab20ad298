"""What each endpoint accepts, field by field, after Venice's OpenAPI file of August 2026."""

from __future__ import annotations

from .validation import (
    Anything,
    ByField,
    ByType,
    Choice,
    Flag,
    ListOf,
    Nullable,
    Number,
    Rule,
    Shape,
    Text,
)

FORMATS = ("jpeg", "png", "webp")
QUALITIES = ("low", "medium", "high")
EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
SQUARES = ("256x256", "512x512", "1024x1024")
OBLONGS = ("1536x1024", "1024x1536", "1792x1024", "1024x1792")
EDIT_RATIOS = ("auto", "1:1", "3:2", "16:9", "21:9", "9:16", "2:3", "3:4", "4:5", "4:3")

SIDE = Number(above=0, most=1280, whole=True)

IMAGE = Shape(
    {
        "model": Text(),
        "prompt": Text(1, 7500),
        "negative_prompt": Text(0, 7500),
        "width": SIDE,
        "height": SIDE,
        "aspect_ratio": Text(),
        "resolution": Text(),
        "quality": Choice(*QUALITIES),
        "cfg_scale": Number(above=0, most=20),
        "steps": Number(least=1, whole=True),
        "seed": Number(-999_999_999, 999_999_999, whole=True),
        "variants": Number(1, 4, whole=True),
        "style_preset": Text(),
        "style_references": ListOf(
            Shape({"image": Text(1), "strength": Number(0.1, 1)}, frozenset({"image"})),
        ),
        "lora_strength": Number(0, 100, whole=True),
        "format": Choice(*FORMATS),
        "return_binary": Flag(),
        "safe_mode": Flag(),
        "hide_watermark": Flag(),
        "embed_exif_metadata": Flag(),
        "enhance_prompt": Flag(),
        "disable_prompt_optimization_thinking": Flag(),
        "enable_web_search": Flag(),
    },
    frozenset({"model", "prompt"}),
)

_EDIT_FIELDS: dict[str, Rule] = {
    "prompt": Text(1, 32768),
    "aspect_ratio": Choice(*EDIT_RATIOS),
    "resolution": Text(1, 10),
    "output_format": Choice("jpeg", "jpg", "png", "webp"),
    "safe_mode": Flag(),
    "enhance_prompt": Flag(),
    "disable_prompt_optimization_thinking": Flag(),
}

EDIT = Shape(
    {**_EDIT_FIELDS, "image": Text(1), "model": Text(1), "modelId": Text(1)},
    frozenset({"prompt", "image"}),
)

MULTI_EDIT = Shape(
    {
        **_EDIT_FIELDS,
        "images": ListOf(Text(1), 1),
        "modelId": Text(1),
        "quality": Choice(*QUALITIES),
    },
    frozenset({"prompt", "images"}),
)

GENERATIONS = Shape(
    {
        "prompt": Text(1, 1500),
        "model": Text(),
        "n": Number(1, 1, whole=True),
        "size": Choice("auto", *SQUARES, *OBLONGS),
        "response_format": Choice("b64_json", "url"),
        "output_format": Choice(*FORMATS),
        "moderation": Choice("auto", "low"),
        "background": Choice("transparent", "opaque", "auto"),
        "output_compression": Number(0, 100, whole=True),
        "quality": Choice("auto", "hd", "standard", *QUALITIES),
        "style": Choice("vivid", "natural"),
        "user": Text(),
    },
    frozenset({"prompt"}),
)

UPSCALE = Shape(
    {
        "image": Text(1),
        "scale": Number(2, 4),
        "creativity": Nullable(Number()),
        "enhance": Anything(),
        "enhanceCreativity": Anything(),
        "enhancePrompt": Anything(),
        "replication": Anything(),
    },
    frozenset({"image"}),
)

BACKGROUND_REMOVE = Shape({"image": Text(1), "image_url": Text(1)})

_CACHE = Shape({"type": Choice("ephemeral"), "ttl": Text()}, frozenset({"type"}), strict=False)


def _part(name: str, field: str, rule: Rule) -> Shape:
    fields: dict[str, Rule] = {"type": Choice(name), field: rule, "cache_control": _CACHE}
    return Shape(fields, frozenset({"type", field}), strict=False)


def _inner(required: str, **fields: Rule) -> Shape:
    return Shape(fields, frozenset({required}), strict=False)


TEXT_PART = _part("text", "text", Text(1))
USER_PART = ByField(
    "type",
    {
        "text": TEXT_PART,
        "image_url": _part("image_url", "image_url", _inner("url", url=Text(1))),
        "input_audio": _part(
            "input_audio", "input_audio", _inner("data", data=Text(1), format=Text())
        ),
        "video_url": _part("video_url", "video_url", _inner("url", url=Text(1))),
        "file": _part("file", "file", _inner("file_data", file_data=Text(1), filename=Text())),
    },
)


def _message(role: str, content: Rule, *required: str, **more: Rule) -> Shape:
    fields: dict[str, Rule] = {
        "role": Choice(role),
        "content": content,
        "name": Nullable(Text()),
        **more,
    }
    return Shape(fields, frozenset({"role", *required}), strict=False)


_TEXTS: Rule = ByType({str: Text(), list: ListOf(TEXT_PART)})
_TOOL_CALLS = Nullable(ListOf(Anything(null=True)))
MESSAGE = ByField(
    "role",
    {
        "system": _message("system", _TEXTS, "content"),
        "developer": _message("developer", _TEXTS, "content"),
        "user": _message("user", ByType({str: Text(), list: ListOf(USER_PART)}), "content"),
        "assistant": _message(
            "assistant",
            Nullable(_TEXTS),
            reasoning_content=Nullable(Text()),
            reasoning_details=ListOf(Anything()),
            thought_signature=Nullable(Text()),
            tool_calls=_TOOL_CALLS,
        ),
        "tool": _message(
            "tool", Text(), "content", "tool_call_id", tool_call_id=Text(), tool_calls=_TOOL_CALLS
        ),
    },
)

VENICE_PARAMETERS = Shape(
    {
        "character_slug": Text(),
        "strip_thinking_response": Flag(),
        "disable_thinking": Flag(),
        "enable_e2ee": Flag(),
        "enable_web_search": Choice("auto", "off", "on"),
        "enable_web_scraping": Flag(),
        "enable_web_citations": Flag(),
        "include_search_results_in_stream": Flag(),
        "return_search_results_as_documents": Flag(),
        "include_venice_system_prompt": Flag(),
        "enable_x_search": Flag(),
    },
    strict=False,
)

CHAT = Shape(
    {
        "model": Text(1),
        "messages": ListOf(MESSAGE, 1),
        "temperature": Number(0, 2),
        "top_p": Number(0, 1),
        "top_k": Number(0, whole=True),
        "min_p": Number(0, 1),
        "min_temp": Number(0, 2),
        "max_temp": Number(0, 2),
        "repetition_penalty": Number(0),
        "frequency_penalty": Number(-2, 2),
        "presence_penalty": Number(-2, 2),
        "max_completion_tokens": Number(whole=True),
        "max_tokens": Number(whole=True),
        "n": Number(1, 1, whole=True),
        "seed": Number(above=0, whole=True),
        "stop": Nullable(ByType({str: Text(), list: ListOf(Text(), 1, 4)})),
        "stop_token_ids": ListOf(Number()),
        "stream": Flag(),
        "stream_options": Shape({"include_usage": Flag()}, strict=False),
        "logprobs": Flag(),
        "top_logprobs": Number(0, whole=True),
        "tools": Nullable(ListOf(Anything())),
        "tool_choice": ByType({str: Choice("auto", "none", "required"), dict: Anything()}),
        "parallel_tool_calls": Flag(),
        "response_format": ByField(
            "type",
            {name: Shape({}, strict=False) for name in ("text", "json_object", "json_schema")},
        ),
        "reasoning_effort": Choice(*EFFORTS),
        "reasoning": Shape(
            {
                "effort": Choice(*EFFORTS),
                "summary": Choice("auto", "concise", "detailed"),
                "enabled": Flag(),
            },
            strict=False,
        ),
        "verbosity": Choice("low", "medium", "high", "auto"),
        "text": Shape({"verbosity": Choice("low", "medium", "high", "auto")}, strict=False),
        "prompt_cache_key": Text(),
        "prompt_cache_retention": Choice("default", "extended", "24h"),
        "fallbacks": ListOf(Shape({"model": Text()}, frozenset({"model"}), strict=False), 0, 10),
        "include": ListOf(Text()),
        "metadata": Anything(),
        "store": Flag(),
        "user": Text(),
        "venice_parameters": VENICE_PARAMETERS,
    },
    frozenset({"model", "messages"}),
)
