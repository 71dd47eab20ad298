"""What is told of an image: on its page, and inside its downloads."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from django.utils.text import slugify

from gallery import metadata, provenance
from gallery.abilities import honours_seed
from gallery.containers import Unreadable
from gallery.imaging import EXTENSIONS
from gallery.models import Image
from venice_site.venice.types import Model


@dataclass(frozen=True, slots=True)
class Fact:
    """A name and a value as a person reads them; `kind` tells the page how to draw the value."""

    name: str
    value: Any
    kind: str = "text"


def facts(image: Image) -> list[Fact]:
    """Return every short fact of an image that has a value, in reading order."""
    told = [*_asked(image), *_answered(image)]
    return [fact for fact in told if fact.value not in (None, "")]


def brought(image: Image) -> Iterator[Fact]:
    """Yield what an imported file says of how it was made."""
    told = image.recipe
    yield Fact("File name", image.generation.name)
    yield Fact("Made with", told.get("tool"))
    yield Fact("Model", told.get("model"))
    yield Fact("Seed", image.seed_said)
    size = told.get("width"), told.get("height")
    if all(size) and size != (image.width, image.height):
        yield Fact("Size ordered", f"{size[0]} \N{MULTIPLICATION SIGN} {size[1]}")
    yield Fact("Steps", told.get("steps"))
    yield Fact("CFG scale", told.get("cfg_scale"))
    yield Fact("Sampler", told.get("sampler"))
    yield Fact("Style", told.get("style"))
    yield from _marks(image)


def _marks(image: Image) -> Iterator[Fact]:
    if "C2PA" in image.exif:
        yield Fact("Content Credentials", "in the original", "words")
    if image.is_import and "trainedAlgorithmicMedia" in str(image.exif.get("XMP", "")).replace(
        "With", ""
    ):
        yield Fact("Label", "made by AI", "words")


def _asked(image: Image) -> Iterator[Fact]:
    if image.is_import:
        yield from brought(image)
        return
    order = image.asked
    yield Fact("Model", image.model_used or order.model)
    if image.fallback_from:
        yield Fact("Model asked for", image.fallback_from)
        yield Fact("Why another model", image.fallback_reason)
    yield Fact("Made by", image.generation.get_kind_display() if image.is_edit else "")
    yield Fact("Seed", _seed(image))
    if image.seed is not None and not honours_seed(image.model_used or order.model):
        yield Fact("Seed heeded", "no, this model ignores seeds", "words")
    yield Fact("Enhanced prompt", image.response.get("enhanced_prompt"))
    yield Fact(
        "Size ordered",
        f"{order.width} \N{MULTIPLICATION SIGN} {order.height}" if order.width else "",
    )
    yield Fact("Aspect ratio", order.aspect_ratio)
    yield Fact("Resolution", order.resolution)
    yield Fact("Quality", order.quality)
    yield Fact("Steps", order.steps)
    yield Fact("CFG scale", order.cfg_scale)
    yield Fact("Style", order.style_preset)
    yield Fact("Format ordered", order.format)
    yield Fact("Watermark", "hidden" if order.hide_watermark else "shown")
    yield Fact("Safe mode", "on" if order.safe_mode else "off")
    yield Fact("Venice's EXIF", "embedded" if order.embed_exif_metadata else "not embedded")
    yield from _marks(image)


def _answered(image: Image) -> Iterator[Fact]:
    yield Fact(
        "Size", f"{image.width} \N{MULTIPLICATION SIGN} {image.height}" if image.width else ""
    )
    yield Fact("File", image.mime)
    yield Fact("File size", image.byte_size, "filesize")
    yield Fact("SHA-256", image.sha256)
    yield Fact("Cost", image.cost, "usd")
    yield Fact("Made in", image.duration_ms and image.duration_ms / 1000, "seconds")
    yield Fact("Imported" if image.is_import else "Ordered", image.created_at, "moment")
    yield Fact("Finished", None if image.is_import else image.finished_at, "moment")
    yield Fact("By", str(image.generation.user))
    yield Fact("Seen by", image.get_visibility_display())


def records(image: Image) -> list[tuple[str, str, str]]:
    """Return what was sent, what came back and what the file says: title, id and JSON as text."""
    kept = (
        ("What was sent to Venice", "request", image.request),
        ("What Venice answered", "response", image.response),
        ("What the file says", "exif", image.exif),
    )
    return [
        (title, name, json.dumps(record, indent=2, ensure_ascii=False))
        for title, name, record in kept
        if record
    ]


def file_name(image: Image) -> str:
    """Return the name that a download gets: the first words of the prompt, the seed, the extension."""
    told = image.generation.prompt or PurePath(image.generation.name).stem
    words = slugify(told)[:48].strip("-") or "image"
    mark = image.seed_said or (image.pk if image.seed is None else image.seed)
    return f"{words}-{mark}.{EXTENSIONS.get(image.mime, 'bin')}"


def with_generation_data(image: Image, content: bytes, model: Model | None) -> bytes:
    """Return the file with the image's facts written into it, or as it is when it has no place for them.

    An imported file stays as it is: what it says is what its maker wrote.
    """
    if image.is_import:
        return content
    try:
        return metadata.write(content, generation_data(image, model))
    except Unreadable:
        return content


def generation_data(image: Image, model: Model | None) -> metadata.GenerationData:
    """Return what a download tells other tools; `model` supplies the steps that were not sent."""
    order = image.asked
    return metadata.GenerationData(
        prompt=image.generation.prompt,
        negative_prompt=order.negative_prompt,
        seed=_seed(image),
        width=image.width or 0,
        height=image.height or 0,
        model=image.model_used or order.model,
        image_id=str(image.pk),
        created_at=image.finished_at or image.created_at,
        steps=order.steps or (model.steps_default if model else None) or 1,
        cfg_scale=order.cfg_scale,
        extras={
            "Style preset": order.style_preset,
            "Aspect ratio": order.aspect_ratio,
            "Resolution": order.resolution,
            "Quality": order.quality,
        },
        record=record(image),
        source_type=provenance.source_type(image),
    )


def _seed(image: Image) -> int | None:
    return image.seed if image.seed_used is None else image.seed_used


def record(image: Image) -> dict[str, Any]:
    """Return everything that is needed to make an image again, as plain values."""
    imported = {"name": image.generation.name, "seed": image.seed_said, "recipe": image.recipe}
    return {
        **({"imported": imported} if image.is_import else {}),
        "schema": 1,
        "software": metadata.SOFTWARE,
        "image": image.pk,
        "model": image.model_used or image.asked.model,
        "order": image.order,
        "seed": image.seed_used,
        "request": image.request,
        "response": image.response,
        "sha256": image.sha256,
        "size": [image.width, image.height],
        "created_at": (image.finished_at or image.created_at).isoformat(),
        "cost_micro_usd": image.cost,
    }


@dataclass(frozen=True, slots=True)
class Difference:
    """A fact of two images side by side."""

    name: str
    left: Any
    right: Any
    kind: str

    @property
    def is_different(self) -> bool:
        """Return whether the two are not the same."""
        return bool(self.left != self.right)


def differences(left: Image, right: Image) -> list[Difference]:
    """Return the facts of two images side by side, those that differ first; prompts lead."""
    both = [
        [
            Fact("Prompt", image.generation.prompt),
            Fact("Negative prompt", image.generation.negative_prompt),
            *facts(image),
        ]
        for image in (left, right)
    ]
    sides = [{fact.name: fact for fact in side} for side in both]
    empty = Fact("", "")
    rows = []
    for name in dict.fromkeys(fact.name for side in both for fact in side):
        one, other = sides[0].get(name, empty), sides[1].get(name, empty)
        if one.value or other.value:
            rows.append(
                Difference(name, one.value, other.value, one.kind if one.name else other.kind)
            )
    return sorted(rows, key=lambda row: not row.is_different)
