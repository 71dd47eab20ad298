"""The examples of pictures: made, changed, enlarged, cut out."""

import base64
from typing import Any

import pytest

from tests.examples.example import PAID, RESET, Example, picture
from venice_site.venice.client import Client, ImageAnswer
from venice_site.venice.errors import Blocked
from venice_site.venice.types import EditOrder, ImageOrder

SMALL, LARGE, JPEG = picture(), picture(size=(256, 256)), picture("JPEG")
CUT = picture(mode="RGBA")


def b64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def timing(total: int) -> dict[str, int]:
    parts = {"inferencePreprocessingTime": 20, "inferenceQueueTime": 30}
    return {"inferenceDuration": total - 50, **parts, "total": total}


SHOWN = {**PAID, "x-venice-is-blurred": "false", "x-venice-is-content-violation": "false"}
MADE_BY = {"x-venice-model-id": "z-image-turbo", "x-venice-model-name": "Z-Image Turbo"}
FULL = {
    "model": "z-image-turbo",
    "prompt": "A quiet harbour in the morning",
    "negative_prompt": "people, cars",
    "width": 1024,
    "height": 1024,
    "cfg_scale": 7.5,
    "seed": 123456789,
    "steps": 8,
    "style_preset": "3D Model",
    "format": "png",
    "safe_mode": True,
    "hide_watermark": False,
    "embed_exif_metadata": True,
}
ORDER = ImageOrder(**FULL)


def facts(made: ImageAnswer) -> dict[str, Any]:
    """Return what an answer says, in the client's own types."""
    return {
        "file": (made.mime, made.width, made.height, made.content),
        "origin": (made.model, made.seed, made.response.get("id")),
        "timing": made.response.get("timing"),
        "blurred": made.blurred,
        "limit": (made.rate.limit, made.rate.remaining),
        "balance": (made.rate.balance_usd, made.rate.balance_diem),
        "reset": made.rate.reset_at,
    }


def meant(
    content: bytes,
    origin: tuple[str, int | None, str | None],
    mime: str = "image/png",
    *,
    total: int = 0,
    side: int = 8,
    **other: Any,
) -> dict[str, Any]:
    """Return the facts that an answer with today's headers means."""
    return {
        "file": (mime, side, side, content),
        "origin": origin,
        "timing": timing(total) if total else None,
        "blurred": False,
        "limit": (20, 19),
        "balance": (25.0, 90.5),
        "reset": pytest.approx(int(RESET) / 1000, abs=5),
        **other,
    }


def asking(order: ImageOrder | EditOrder) -> Any:
    """Return a function that asks for this picture."""

    def ask(client: Client) -> dict[str, Any]:
        if isinstance(order, ImageOrder):
            return facts(client.generate_image(order))
        return facts(client.edit_image(order))

    return ask


IMAGES = (
    Example(
        "image_generate",
        "/image/generate",
        sent={**FULL, "variants": 1, "return_binary": False},
        headers={**SHOWN, **MADE_BY},
        answer={
            "id": "generate-image-1",
            "images": [b64(SMALL)],
            "request": {
                "success": True,
                "data": {**FULL, "variants": 1, "return_binary": False},
            },
            "timing": timing(1890),
        },
        read=asking(ORDER),
        means=meant(SMALL, ("z-image-turbo", 123456789, "generate-image-1"), total=1890),
        apart=frozenset({"variants", "return_binary"}),
    ),
    Example(
        "image_generate_aspect_ratio",
        "/image/generate",
        sent={
            "model": "gpt-image-2",
            "prompt": "A lagoon under low clouds",
            "aspect_ratio": "16:9",
            "resolution": "2K",
            "quality": "medium",
            "format": "png",
        },
        headers=SHOWN,
        answer={"id": "generate-image-2", "images": [b64(SMALL)], "timing": timing(41_240)},
        read=asking(
            ImageOrder(
                "gpt-image-2",
                "A lagoon under low clouds",
                seed=7,
                aspect_ratio="16:9",
                resolution="2K",
                quality="medium",
            )
        ),
        means=meant(SMALL, ("gpt-image-2", 7, "generate-image-2"), total=41_240),
    ),
    Example(
        "image_generate_binary",
        "/image/generate",
        sent={**FULL, "return_binary": True},
        headers=SHOWN,
        media_type="image/png",
        answer=SMALL,
        read=asking(ORDER),
        means=meant(SMALL, ("z-image-turbo", 123456789, None)),
        apart=frozenset({"return_binary"}),
    ),
    Example(
        "image_generate_content_violation",
        "/image/generate",
        sent={"model": "z-image-turbo", "prompt": "something that is not allowed"},
        headers={**SHOWN, "x-venice-is-content-violation": "true"},
        answer={
            "id": "generate-image-3",
            "images": [b64(SMALL)],
            "request": None,
            "timing": timing(915),
        },
        scenario="content-violation",
        read=asking(ImageOrder("z-image-turbo", "something that is not allowed", seed=7)),
        means=Blocked,
    ),
    Example(
        "image_generate_seed_document_shape",
        "/image/generate",
        sent={
            "model": "fluently-xl",
            "prompt": "A garden with a stone bridge",
            "width": 1024,
            "height": 768,
            "steps": 30,
            "seed": 42,
        },
        headers={
            "X-RateLimit-Limit": "100",
            "X-RateLimit-Remaining": "87",
            "X-RateLimit-Reset": RESET[:-3],
        },
        answer={"images": [b64(SMALL)], "seed": 123456789, "model": "fluently-xl"},
        scenario="seed-shape",
        read=asking(
            ImageOrder(
                "fluently-xl", "A garden with a stone bridge", 42, width=1024, height=768, steps=30
            )
        ),
        means=meant(SMALL, ("fluently-xl", 123456789, None), limit=(100, 87), balance=(None, None)),
    ),
    Example(
        "images_generations_openai",
        "/images/generations",
        sent={
            "model": "qwen-image-2",
            "prompt": "A tidy map of a small island",
            "size": "1024x1024",
            "response_format": "b64_json",
            "moderation": "auto",
        },
        headers=PAID,
        answer={"created": 1713833628, "data": [{"b64_json": b64(SMALL)}]},
    ),
    Example(
        "image_edit",
        "/image/edit",
        sent={
            "model": "firered-image-edit",
            "prompt": "Let the sun rise behind the hills",
            "image": b64(SMALL),
            "aspect_ratio": "16:9",
            "output_format": "png",
            "safe_mode": True,
        },
        headers={
            **PAID,
            "x-venice-is-content-violation": "false",
            "x-venice-model-id": "firered-image-edit",
            "x-venice-model-name": "FireRed Edit",
        },
        media_type="image/png",
        answer=SMALL,
        read=asking(
            EditOrder(
                "edit",
                (SMALL,),
                "firered-image-edit",
                "Let the sun rise behind the hills",
                aspect_ratio="16:9",
                safe_mode=True,
            )
        ),
        means=meant(SMALL, ("firered-image-edit", None, None)),
    ),
    Example(
        "image_multi_edit",
        "/image/multi-edit",
        sent={
            "modelId": "nano-banana-2-edit",
            "prompt": "Let the boat of the second picture lie on the beach of the first",
            "images": [
                "https://example.com/beach.jpg",
                f"data:image/png;base64,{b64(SMALL)}",
            ],
            "resolution": "2K",
            "quality": "high",
            "safe_mode": True,
        },
        headers={**PAID, "x-venice-is-content-violation": "false"},
        media_type="image/jpeg",
        answer=JPEG,
        read=asking(
            EditOrder(
                "combine",
                (LARGE, SMALL),
                "nano-banana-2-edit",
                "Let the boat of the second picture lie on the beach of the first",
                resolution="2K",
                quality="high",
                safe_mode=True,
            )
        ),
        means=meant(JPEG, ("nano-banana-2-edit", None, None), "image/jpeg"),
        apart=frozenset({"images"}),  # pictures of the product lie at no public address
    ),
    Example(
        "image_upscale",
        "/image/upscale",
        sent={"image": b64(LARGE), "scale": 2, "creativity": 0.01},
        headers=PAID,
        media_type="image/png",
        answer=LARGE,
        read=asking(EditOrder("upscale", (LARGE,), scale=2, creativity=0.01)),
        means=meant(LARGE, ("", None, None), side=256),
    ),
    Example(
        "image_background_remove",
        "/image/background-remove",
        sent={"image_url": "https://example.com/image.jpg"},
        headers=PAID,
        media_type="image/png",
        answer=CUT,
        read=asking(EditOrder("cutout", (LARGE,))),
        means=meant(CUT, ("", None, None)),
        apart=frozenset({"image_url"}),
    ),
)
