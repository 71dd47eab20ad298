"""The frozen values that cross the door of the Venice service. No Django here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

JSON = Any  # what json.loads returns; read with care, only inside the service
Role = Literal["system", "user", "assistant"]
EditKind = Literal["edit", "combine", "upscale", "cutout"]

MICRO = 1_000_000  # micro-USD in one US dollar
SEED_RANGE = (1, 999_999_999)  # seeds that we draw; Venice takes 0 and negatives too (contract 2.1)


@dataclass(frozen=True, slots=True)
class ImageOrder:
    """One picture to ask for; `None` and empty text mean "do not send". Sizes in pixels."""

    model: str
    prompt: str
    seed: int
    negative_prompt: str = ""
    width: int | None = None
    height: int | None = None
    aspect_ratio: str = ""
    resolution: str = ""
    quality: str = ""
    steps: int | None = None
    cfg_scale: float | None = None
    style_preset: str = ""
    hide_watermark: bool = False
    safe_mode: bool = False
    format: str = "png"
    embed_exif_metadata: bool = False
    enhance_prompt: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return the order as plain data, for a JSON column."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ImageOrder:
        """Return the order kept in a JSON column; unknown names are ignored."""
        return cls(**{name: data[name] for name in cls.__dataclass_fields__ if name in data})


@dataclass(frozen=True, slots=True)
class EditOrder:
    """What to make of pictures that exist; empty text and `None` mean "do not send".

    "edit" changes one picture by instruction, "combine" makes one of several (the first is the base),
    "upscale" enlarges by `scale` (2 to 4), "cutout" removes the background. The last two have no model
    and no prompt. `images` are encoded pictures (PNG, JPEG or WebP).
    """

    kind: EditKind
    images: tuple[bytes, ...]
    model: str = ""
    prompt: str = ""
    aspect_ratio: str = ""
    resolution: str = ""
    quality: str = ""
    scale: int = 2
    creativity: float | None = None
    safe_mode: bool = False
    format: str = "png"

    def as_dict(self) -> dict[str, Any]:
        """Return the order without its pictures as plain data, for a JSON column."""
        facts = asdict(self)
        del facts["images"]
        return facts

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], images: tuple[bytes, ...]) -> EditOrder:
        """Return the order kept in a JSON column with its pictures; unknown names are ignored."""
        known = {name: data[name] for name in cls.__dataclass_fields__ if name in data}
        return cls(**{**known, "images": images})


@dataclass(frozen=True, slots=True)
class GeneratedImage:
    """One verified picture: its untouched bytes and what is known of how it came to be.

    `request` is exactly what was sent (no key in it, and no picture); `response` holds id, timing and the
    headers that matter. `mime` and the size in pixels are read from the bytes, never from what was asked.
    `seed` is None where there is no seed: for what was made of another picture.
    """

    content: bytes
    mime: str
    width: int
    height: int
    seed: int | None
    model: str
    request: dict[str, Any]
    response: dict[str, Any]
    duration_ms: int
    usage: Usage
    blurred: bool = False
    fallback_from: str = ""
    fallback_reason: str = ""


@dataclass(frozen=True, slots=True)
class ImagePart:
    """A picture attached to a chat message, as encoded bytes (PNG, JPEG or WebP)."""

    content: bytes
    mime: str


@dataclass(frozen=True, slots=True)
class FilePart:
    """A document attached to a chat message (PDF, Office, text, code); Venice reads its text out."""

    content: bytes
    mime: str
    name: str


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One turn of a conversation as Venice gets it."""

    role: Role
    text: str
    images: tuple[ImagePart, ...] = ()
    files: tuple[FilePart, ...] = ()


@dataclass(frozen=True, slots=True)
class ChatOrder:
    """One reply to ask for; `None` and empty text mean "do not send".

    `conversation` helps Venice's prompt cache. `web_search` is "on" or "auto" and brings citations with it.
    `character` is the slug of a Venice character. `schema` is a JSON schema that the reply must follow,
    `schema_name` what it is called.
    """

    model: str
    messages: tuple[ChatMessage, ...]
    temperature: float | None = None
    max_tokens: int | None = None
    top_p: float | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    conversation: str = ""
    own_system_prompt: bool = False
    reasoning_effort: str = ""
    disable_thinking: bool = False
    web_search: str = ""
    web_scraping: bool = False
    character: str = ""
    schema: Mapping[str, Any] | None = None
    schema_name: str = "answer"


@dataclass(frozen=True, slots=True)
class Usage:
    """What an operation used: pictures, tokens and money in micro-USD.

    Cached, newly cached and reasoning tokens are part of the input and of the output tokens.
    `cost_source` is "response" (Venice said so), "catalogue" (list price) or "estimate".
    """

    images: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    tokens_cached: int = 0
    tokens_cache_write: int = 0
    tokens_reasoning: int = 0
    cost: int = 0
    cost_source: str = "catalogue"

    @property
    def tokens(self) -> int:
        """Return input and output tokens together."""
        return self.tokens_in + self.tokens_out


@dataclass(frozen=True, slots=True)
class Citation:
    """A source that a reply was written from. All of it is text from the web: never to be trusted."""

    title: str
    url: str
    content: str = ""
    date: str = ""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call of a function that a model asked for; `arguments` is JSON as the model wrote it."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of a streaming reply; any part may be empty.

    `citations` are all that are known, once; `tool_calls` come whole, with the last delta. `usage` comes with the last delta of a stream only. `model` is set once, on the first delta, to the
    model that really answers; `fallback_from` names the model asked for when another one answers. `note` is
    a sentence for the person, with the first delta, where the reply leaves something out.
    """

    text: str = ""
    reasoning: str = ""
    finish_reason: str = ""
    usage: Usage | None = None
    model: str = ""
    fallback_from: str = ""
    fallback_reason: str = ""
    note: str = ""
    citations: tuple[Citation, ...] = ()
    tool_calls: tuple[ToolCall, ...] = ()


@dataclass(frozen=True, slots=True)
class RateInfo:
    """What the rate-limit headers of one answer said; moments in Unix seconds, absent is None.

    `scope` says whose limit it was, where Venice says so: "user" (the account), "api_key" or "global".
    """

    limit: int | None = None
    remaining: int | None = None
    reset_at: float | None = None
    tokens_remaining: int | None = None
    failures_left: int | None = None
    retry_at: float | None = None
    balance_usd: float | None = None
    balance_diem: float | None = None
    scope: str = ""


@dataclass(frozen=True, slots=True)
class Character:
    """A persona of Venice's own that a model can play; `slug` is what is sent. All of it is others' text."""

    slug: str
    name: str
    description: str = ""
    author: str = ""
    tags: tuple[str, ...] = ()
    model: str = ""
    adult: bool = False
    web_enabled: bool = False
    featured: bool = False


@dataclass(frozen=True, slots=True)
class TokenPrices:
    """What tokens cost, in micro-USD per million; None where nobody knows."""

    tokens_in: int | None = None
    tokens_out: int | None = None
    tokens_cached: int | None = None
    tokens_cache_write: int | None = None


@dataclass(frozen=True, slots=True)
class Price:
    """What a model costs, in micro-USD: per picture, or per million tokens.

    `extended` holds for the whole of a request whose input is longer than `extended_above` tokens. `upscale`
    is by factor ("2x", "4x"). Of an editing model, each input picture after the first `images_included`
    costs `image_more`.
    """

    image: int | None = None
    by_resolution: Mapping[str, int] = field(default_factory=dict)
    by_quality: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    upscale: Mapping[str, int] = field(default_factory=dict)
    image_more: int = 0
    images_included: int = 1
    tokens: TokenPrices = field(default_factory=TokenPrices)
    extended: TokenPrices | None = None
    extended_above: int | None = None


@dataclass(frozen=True, slots=True)
class Model:
    """A model of the catalogue: what it is, can do, accepts and costs.

    `kind` is Venice's own `type` ("image", "text", "inpaint", "upscale", …). A model is sized in pixels
    unless it lists aspect ratios. Lengths: prompt in characters, context and output in tokens. `max_images`
    is how many pictures a request may hold; without `supports_files` documents are no part of a message.
    `default_temperature` and `default_top_p` are what the model
    uses when nothing is sent. `single_image_ratio` says whether an edit of one picture takes an aspect
    ratio. A model leaves on the day `retires_on` ("2026-12-01", UTC), which is worth saying from
    `warns_from` on; with `replaced_by_venice` Venice itself lets the replacement answer from then on.
    """

    id: str
    kind: str
    name: str
    description: str = ""
    privacy: str = ""
    traits: tuple[str, ...] = ()
    price: Price = field(default_factory=Price)
    prompt_limit: int = 7500
    size_divisor: int = 8
    aspect_ratios: tuple[str, ...] = ()
    default_aspect_ratio: str = ""
    single_image_ratio: bool = True
    resolutions: tuple[str, ...] = ()
    default_resolution: str = ""
    qualities: tuple[str, ...] = ()
    default_quality: str = ""
    steps_default: int | None = None
    steps_max: int | None = None
    context_tokens: int | None = None
    max_output_tokens: int | None = None
    supports_vision: bool = False
    supports_files: bool = False
    supports_reasoning: bool = False
    supports_reasoning_effort: bool = False
    reasoning_efforts: tuple[str, ...] = ()
    default_reasoning_effort: str = ""
    supports_web_search: bool = False
    supports_functions: bool = False
    supports_schema: bool = False
    max_images: int = 1
    uncensored: bool = False
    default_temperature: float | None = None
    default_top_p: float | None = None
    offline: bool = False
    beta: bool = False
    retires_on: str = ""
    warns_from: str = ""
    replacement: str = ""
    replaced_by_venice: bool = False

    @property
    def sized_in_pixels(self) -> bool:
        """Return whether width and height are sent, rather than an aspect ratio."""
        return not self.aspect_ratios

    @property
    def uses_steps(self) -> bool:
        """Return whether the model honours `steps` (others list placeholders; contract 6.1)."""
        return self.sized_in_pixels and self.steps_max is not None
