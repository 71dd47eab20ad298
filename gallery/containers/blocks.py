"""What lies beside a picture, whatever the container, and how much of it is read."""

from __future__ import annotations

from dataclasses import dataclass, field

TEXT_LIMIT = 1024 * 1024
MOST_CHUNKS = 20_000  # a picture of 100 MB in chunks of 8 KB, as libpng writes them, has 13,000
JPEG_EXIF = b"Exif\0\0"


class Unreadable(ValueError):
    """The container is cut, or is none of the three that we know."""


@dataclass(frozen=True, slots=True)
class Blocks:
    """What lies beside the picture: a bare TIFF block, an XMP packet, PNG texts by keyword, a signature.

    The signature is somebody else's C2PA manifest; it is read, and never written.
    """

    exif: bytes = b""
    xmp: bytes = b""
    texts: dict[str, str] = field(default_factory=dict)
    signature: bytes = b""


def utf8_or_latin(data: bytes) -> str:
    """Return the text that bytes are, of at most `TEXT_LIMIT` of them."""
    cut = data[:TEXT_LIMIT]
    try:
        return cut.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.end >= len(cut) and len(data) > len(cut):  # cut inside a letter
            return cut.decode("utf-8", "ignore")
        return cut.decode("latin-1")
