"""Reading how a picture was made out of its file, whichever of a dozen tools wrote it. No Django here.

Our own record first, because it is complete; then what says most for the least guessing. Sizes are bounded before
anything is parsed, so that a hostile file costs no more than a long prompt.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import unescape

from gallery import containers, metadata, recipe
from gallery.dialects import graphs, parameters, settings
from gallery.recipe import Recipe, parsed

AI_LABELS = (b"trainedAlgorithmicMedia", b"compositeWithTrainedAlgorithmicMedia")
SIGNERS = {
    b"ChatGPT": "ChatGPT",
    b"DALL": "DALL·E",
    b"OpenAI": "OpenAI",
    b"Firefly": "Adobe Firefly",
    b"Midjourney": "Midjourney",
    b"Google": "Google AI",
    b"Bing": "Microsoft",
    b"Microsoft": "Microsoft",
}
UNESCAPED = {"&quot;": '"', "&apos;": "'", "&#10;": "\n", "&#xA;": "\n", "&#13;": "", "&#9;": "\t"}
ORDERED: Mapping[str, Callable[[Any], Any]] = {
    "model": recipe.name,
    "prompt": recipe.prompt,
    "negative_prompt": recipe.prompt,
    "aspect_ratio": recipe.name,
    "resolution": recipe.name,
    "quality": recipe.name,
    "style_preset": recipe.name,
    "format": recipe.name,
    "seed": recipe.seed,
    "width": recipe.side,
    "height": recipe.side,
    "steps": recipe.steps,
    "cfg_scale": recipe.scale,
}
SWITCHES = ("hide_watermark", "safe_mode", "embed_exif_metadata", "enhance_prompt")


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file says of its picture: the recipe, everything it tells by name, and the marks of AI in it."""

    recipe: Recipe | None
    told: Mapping[str, Any]
    is_signed: bool = False
    is_labelled: bool = False


def read(content: bytes) -> Reading:
    """Return what a picture file says. Raises `Unreadable` for what is no PNG, JPEG or WebP, or is cut."""
    blocks = containers.read(content)
    told = metadata.told(blocks)
    marks = str(told.get("XMP", "")).encode() + blocks.signature
    is_labelled = any(label in marks for label in AI_LABELS)
    found = next(_recipes(told), None)
    if found is None and is_labelled:
        found = _maker(_text(told, "Software").encode() + marks)
    return Reading(found, told, bool(blocks.signature), is_labelled)


def _recipes(told: Mapping[str, Any]) -> Iterator[Recipe]:
    for reader in (_own, _parameters, _graph, _named, _others):
        found = reader(told)
        if found is not None:
            yield found


def _own(told: Mapping[str, Any]) -> Recipe | None:
    """Return what our own record says; every value is looked at, because anybody can write such a record."""
    text = _text(told, metadata.OWN_KEYWORD) or xmp_value(_text(told, "XMP"), metadata.RECORD)
    record = parsed(text)
    ordered = record.get("order")
    if not str(record.get("software", "")).startswith(parameters.OURS) or not isinstance(
        ordered, dict
    ):
        return None
    order = {key: read(ordered.get(key)) for key, read in ORDERED.items()}
    order = {key: value for key, value in order.items() if value not in (None, "")}
    order |= {key: ordered[key] for key in SWITCHES if isinstance(ordered.get(key), bool)}
    size = record.get("size")
    width, height = recipe.sides(size)
    seed = recipe.seed(record.get("seed"))
    return Recipe(
        tool=parameters.OURS,
        prompt=order.get("prompt", ""),
        negative_prompt=order.get("negative_prompt", ""),
        seed=order.get("seed") if seed is None else seed,
        width=width,
        height=height,
        steps=order.get("steps"),
        model=recipe.name(record.get("model")) or order.get("model", ""),
        style=order.get("style_preset", ""),
        cfg_scale=order.get("cfg_scale"),
        raw=text,
        order={} if "kind" in ordered else order,
        original=recipe.name(record.get("sha256")),
    )


def _parameters(told: Mapping[str, Any]) -> Recipe | None:
    """Return what stands where stable-diffusion-webui writes, be it its text or somebody's JSON."""
    for key in ("parameters", "UserComment", "comment", "Comment"):
        text = _text(told, key)
        is_json = text.lstrip().startswith("{")
        if is_json and '"class_type"' in text:
            continue
        if found := settings.read(text) if is_json else parameters.read(text):
            return settings.novel_ai(told) or found
    return None


def _graph(told: Mapping[str, Any]) -> Recipe | None:
    """Return what a graph of ComfyUI says, in each place where one was seen."""
    for key in ("prompt", "Model", "Make", "ImageDescription", "UserComment", "parameters"):
        text = _text(told, key)
        for begins in ("prompt:", "Prompt:"):
            text = text.removeprefix(begins)
        if '"class_type"' in text and (found := graphs.read(text)):
            return found
    return None


def _named(told: Mapping[str, Any]) -> Recipe | None:
    """Return what tools write under keywords of their own."""
    readers: dict[str, Callable[[str], Recipe | None]] = {
        "invokeai_metadata": settings.invoke,
        "sd-metadata": settings.invoke_before,
        "Dream": settings.dream,
        "generation_data": settings.tensor_art,
        "parameters-json": settings.stability_matrix,
    }
    for key, reader in readers.items():
        if (text := _text(told, key)) and (found := reader(text)):
            return found
    return None


def _others(told: Mapping[str, Any]) -> Recipe | None:
    comment = xmp_value(_text(told, "XMP"), "exif:UserComment")
    if comment and (found := settings.draw_things(comment)):
        return found
    return settings.novel_ai(told) or settings.midjourney(told) or settings.easy_diffusion(told)


def _maker(marks: bytes) -> Recipe | None:
    """Return who made a picture that is labelled as made by AI, and says nothing more of it."""
    return next((Recipe(tool=tool) for sign, tool in SIGNERS.items() if sign in marks), None)


def xmp_value(packet: str, name: str) -> str:
    """Return an attribute or an element of an XMP packet, by looking for it: no entity is ever expanded."""
    for quote in "\"'":
        _, begun, rest = packet.partition(f"{name}={quote}")
        if begun:
            return unescape(rest.partition(quote)[0], UNESCAPED)
    start, end = packet.find(f"<{name}"), packet.find(f"</{name}>")
    if not 0 <= start < end:
        return ""
    inside = packet[packet.find(">", start) + 1 : end]
    if "<rdf:li" in inside:
        inside = inside.partition("<rdf:li")[2].partition(">")[2].partition("</rdf:li>")[0]
    return unescape(inside.strip(), UNESCAPED)


def _text(told: Mapping[str, Any], key: str) -> str:
    value = told.get(key)
    return value if isinstance(value, str) else ""
