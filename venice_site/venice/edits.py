"""Edits as Venice wants them asked for: a body for each kind, and the same without the pictures, to be kept."""

from __future__ import annotations

import base64
from hashlib import sha256
from typing import Any

from venice_site.venice.errors import InvalidOrder
from venice_site.venice.orders import given, listed
from venice_site.venice.types import EditKind, EditOrder, Model

PATHS: dict[EditKind, str] = {
    "edit": "/image/edit",
    "combine": "/image/multi-edit",
    "upscale": "/image/upscale",
    "cutout": "/image/background-remove",
}
LARGEST_BODY = 34 * 1024 * 1024  # bytes of base64; Venice takes 35 MB of JSON (contract 3.1)
SCALES = (2, 4)
MOST_CREATIVITY = 0.02
TOOLS: dict[EditKind, str] = {"upscale": "upscaler", "cutout": "bria-bg-remover"}


def edited_by(order: EditOrder) -> str:
    """Return the model of an order; enlargements and cut-outs have one that cannot be chosen."""
    return TOOLS.get(order.kind, order.model)


def edit_body(order: EditOrder, model: Model | None = None) -> dict[str, Any]:
    """Return the body of the order's endpoint (contract 6.4 to 6.7); pictures are base64 without a prefix.

    Raises `InvalidOrder` when there is no picture, or more than a request can hold.
    """
    pictures = [base64.b64encode(image).decode("ascii") for image in order.images]
    if not pictures:
        raise InvalidOrder("Choose a picture first.")
    if sum(map(len, pictures)) > LARGEST_BODY:
        raise InvalidOrder("These pictures are too large for Venice. Choose smaller ones.")
    return _body(order, model, pictures)


def kept_request(order: EditOrder, model: Model | None = None) -> dict[str, Any]:
    """Return the body with the fingerprint and the size of each picture in its place."""
    prints = [{"sha256": sha256(image).hexdigest(), "bytes": len(image)} for image in order.images]
    return _body(order, model, prints)


def _body(order: EditOrder, model: Model | None, pictures: list[Any]) -> dict[str, Any]:
    match order.kind:
        case "edit":
            return {
                **given(model=order.model),
                "image": pictures[0],
                **_instruction(order, model),
            }
        case "combine":
            quality = order.quality if model is None else listed(order.quality, model.qualities)
            return {
                **given(modelId=order.model, quality=quality),
                "images": pictures,
                **_instruction(order, model),
            }
        case "upscale":
            return {
                "image": pictures[0],
                "scale": min(max(order.scale, SCALES[0]), SCALES[1]),
                **given(creativity=_bounded(order.creativity)),
            }
        case "cutout":
            return {"image": pictures[0]}


def _instruction(order: EditOrder, model: Model | None) -> dict[str, Any]:
    """Return what edits by instruction share; safe mode and format are never left to Venice's defaults."""
    ratio, resolution = order.aspect_ratio, order.resolution
    if model is not None:
        ratio, resolution = (
            listed(ratio, _ratios(order, model)),
            listed(resolution, model.resolutions),
        )
    return {
        "prompt": order.prompt,
        "safe_mode": order.safe_mode,
        "output_format": order.format,
        **given(aspect_ratio=ratio, resolution=resolution),
    }


def _ratios(order: EditOrder, model: Model) -> tuple[str, ...]:
    takes_one = order.kind == "combine" or model.single_image_ratio
    return model.aspect_ratios if takes_one else ()


def _bounded(creativity: float | None) -> float | None:
    return None if creativity is None else min(max(creativity, 0.0), MOST_CREATIVITY)
