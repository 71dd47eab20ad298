"""How much of a picture is made by AI, in IPTC's words, when photographs were brought in."""

from __future__ import annotations

from gallery.models import Image, ImageKind

MADE = "trainedAlgorithmicMedia"
MIXED = "compositeWithTrainedAlgorithmicMedia"
ENHANCED = "algorithmicallyEnhanced"
GENERATIONS_BACK = 20


def source_type(image: Image) -> str:
    """Return the digital source type of a picture that was made here; empty when nothing may be claimed.

    An edit of a photograph is a mixture, an enlarged photograph is enhanced, a cut-out is still a photograph.
    """
    if not image.is_edit:
        return MADE
    kinds, has_photograph = _ancestry(image)
    if not has_photograph:
        return MADE
    if kinds & {ImageKind.EDIT, ImageKind.COMBINE}:
        return MIXED
    return ENHANCED if ImageKind.UPSCALE in kinds else ""


def _ancestry(image: Image) -> tuple[set[str], bool]:
    """Return the kinds of a picture and of what it is made of, and whether a photograph is among them."""
    kinds, has_photograph = {image.generation.kind}, False
    children = [image.pk]
    for _ in range(GENERATIONS_BACK):
        parents = list(
            Image.objects.filter(offspring__child__in=children)
            .select_related("generation")
            .defer("request", "response")
        )
        kinds |= {parent.generation.kind for parent in parents}
        has_photograph |= any(parent.is_import and not _is_ai(parent) for parent in parents)
        children = [parent.pk for parent in parents if parent.is_edit]
        if not children:
            break
    return kinds, has_photograph


def _is_ai(image: Image) -> bool:
    return bool(image.recipe) or "trainedAlgorithmicMedia" in str(image.exif.get("XMP", ""))
