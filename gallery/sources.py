"""The pictures that an edit is made of, as Venice takes them: from our own storage, never from elsewhere."""

from __future__ import annotations

from django.core.files.storage import default_storage

from gallery import imaging, metadata
from gallery.containers import Unreadable
from gallery.models import Image
from venice_site.venice.errors import VeniceError

ROOM = (
    18 * 1024 * 1024
)  # bytes for all pictures of one request: base64 makes 24 MB, Venice takes 35
MOST_PIXELS = 33_177_600  # of a picture to edit (contract 3.1)


class SourceGone(VeniceError):
    """A picture that an edit is to be made of is not there any more."""

    kind = "source-gone"
    sentence = "A picture that this is to be made of is gone. Nothing was charged."


def of(image: Image) -> tuple[bytes, ...]:
    """Return the files of an image's parents, made small enough. Raises `SourceGone`."""
    parents = [descent.parent for descent in image.descents.select_related("parent")]
    if not parents or not all(parent.file for parent in parents):
        raise SourceGone
    room = ROOM // len(parents)
    return tuple(imaging.within(_content(parent), room, MOST_PIXELS) for parent in parents)


def _content(image: Image) -> bytes:
    """Return the picture alone: what its file says, such as where it was taken, is nobody's business."""
    try:
        with default_storage.open(image.file) as file:
            content = bytes(file.read())
    except OSError as error:
        raise SourceGone from error
    try:
        return metadata.bare(content)
    except Unreadable:  # drawn by Pillow all the same, when it was kept
        return content
