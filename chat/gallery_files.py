"""Pictures of the gallery in messages: asked for at their address, as the person may see them, and copied.

The copy keeps a conversation whole when the picture is deleted; its id is kept beside it.
"""

from __future__ import annotations

from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile, UploadedFile
from django.utils.datastructures import MultiValueDict

from venice_site import doors
from venice_site.accounts.requests import SignedInRequest
from venice_site.venice.service import Venice

LONGEST_SIDE = 1440  # pixels; of the copy that is attached
SMALL = 256
MOST_NAMED = 16  # in one form; fewer are taken, and the form says how many
GONE = "A picture of the gallery is gone, or you may not see it. Remove it and send again."


class GalleryFile(SimpleUploadedFile):
    """A picture of the gallery, as if the person had attached its file; empty when it is not there."""

    def __init__(self, image: int, content: bytes | None) -> None:
        super().__init__(f"Picture {image}.webp", content or b"", "image/webp")
        self.image = image
        self.is_gone = content is None


def with_gallery_files(request: SignedInRequest) -> MultiValueDict[str, UploadedFile[bytes]]:
    """Return the files of a request, the pictures of the gallery that it names among them."""
    files = request.FILES.copy()
    for image in named(request.POST):
        content = doors.file_from(request.user, "gallery:rendition", image, LONGEST_SIDE)
        files.appendlist("uploads", GalleryFile(image, content))
    return files


def named(told: Any) -> list[int]:
    """Return the pictures that a form (`image`) or an address (`picture`) names, each once."""
    texts = [*told.getlist("image"), *told.getlist("picture")]
    plain = (text for text in texts if text.isascii() and text.isdecimal() and len(text) < 19)
    return list(dict.fromkeys(map(int, plain)))[:MOST_NAMED]


def seen(request: SignedInRequest) -> tuple[list[int], bool]:
    """Return the pictures that the composer begins with, and whether one that was meant is not there."""
    meant = named(request.POST if request.method == "POST" else request.GET)
    found = [one for one in meant if doors.file_from(request.user, "gallery:rendition", one, SMALL)]
    return found, len(found) < len(meant)


def model_for(request: SignedInRequest, usual: str) -> str:
    """Return the model to begin with: one that reads pictures when the address brings a picture."""
    if not named(request.GET):
        return usual
    venice = Venice(request.user)
    readers = [model.id for model in venice.text_models() if model.supports_vision]
    first = usual or venice.default_model("text").id
    return first if first in readers else next(iter(readers), usual)
