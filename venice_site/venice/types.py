"""The frozen values that cross the door of the Venice service. No Django here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

JSON = Any  # what json.loads returns; read with care, only inside the service
Role = Literal["system", "user", "assistant"]

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

    def as_dict(self) -> dict[str, Any]:
        """Return the order as plain data, for a JSON column."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ImageOrder:
        """Return the order kept in a JSON column; unknown names are ignored."""
        return cls(**{name: data[name] for name in cls.__dataclass_fields__ if name in data})


@dataclass(frozen=True, slots=True)
class GeneratedImage:
    """One verified picture: its untouched bytes and what is known of how it came to be.

    `request` is exactly what was sent (no key in it); `response` holds id, timing and the headers that
    matter. `mime` and the size in pixels are read from the bytes, never from what was asked.
    """

    content: bytes
    mime: str
    width: int
    height: int
    seed: int
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
class ChatMessage:
    """One turn of a conversation as Venice gets it."""

    role: Role
    text: str
    images: tuple[ImagePart, ...] = ()


@dataclass(frozen=True, slots=True)
class ChatOrder:
    """One reply to ask for; `None` means "do not send". `conversation` helps Venice's prompt cache."""

    model: str
    messages: tuple[ChatMessage, ...]
    temperature: float | None = None
    max_tokens: int | None = None
    top_p: float | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    conversation: str = ""
    own_system_prompt: bool = False


@dataclass(frozen=True, slots=True)
class Usage:
    """What an operation used: pictures, tokens and money in micro-USD.

    `cost_source` is "response" (Venice said so), "catalogue" (list price) or "estimate".
    """

    images: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    tokens_cached: int = 0
    tokens_reasoning: int = 0
    cost: int = 0
    cost_source: str = "catalogue"

    @property
    def tokens(self) -> int:
        """Return input and output tokens together."""
        return self.tokens_in + self.tokens_out


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of a streaming reply; any part may be empty.

    `usage` comes with the last delta of a stream only. `model` is set once, on the first delta, to the
    model that really answers; `fallback_from` names the model asked for when another one answers.
    """

    text: str = ""
    reasoning: str = ""
    finish_reason: str = ""
    usage: Usage | None = None
    model: str = ""
    fallback_from: str = ""
    fallback_reason: str = ""


@dataclass(frozen=True, slots=True)
class RateInfo:
    """What the rate-limit headers of one answer said; moments in Unix seconds, absent is None."""

    limit: int | None = None
    remaining: int | None = None
    reset_at: float | None = None
    tokens_remaining: int | None = None
    failures_left: int | None = None
    retry_at: float | None = None
    balance_usd: float | None = None
    balance_diem: float | None = None


@dataclass(frozen=True, slots=True)
class Price:
    """What a model costs, in micro-USD: per picture, or per million tokens."""

    image: int | None = None
    by_resolution: Mapping[str, int] = field(default_factory=dict)
    by_quality: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    tokens_in: int | None = None
    tokens_out: int | None = None
    tokens_cached: int | None = None


@dataclass(frozen=True, slots=True)
class Model:
    """A model of the catalogue: what it is, can do, accepts and costs.

    `kind` is Venice's own `type` ("image", "text", …). A model is sized in pixels unless it lists
    aspect ratios. Lengths: prompt in characters, context and output in tokens.
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
    resolutions: tuple[str, ...] = ()
    default_resolution: str = ""
    qualities: tuple[str, ...] = ()
    default_quality: str = ""
    steps_default: int | None = None
    steps_max: int | None = None
    context_tokens: int | None = None
    max_output_tokens: int | None = None
    supports_vision: bool = False
    supports_reasoning: bool = False
    offline: bool = False
    beta: bool = False
    retires_on: str = ""
    replacement: str = ""

    @property
    def sized_in_pixels(self) -> bool:
        """Return whether width and height are sent, rather than an aspect ratio."""
        return not self.aspect_ratios

    @property
    def uses_steps(self) -> bool:
        """Return whether the model honours `steps` (others list placeholders; contract 6.1)."""
        return self.sized_in_pixels and self.steps_max is not None
