"""PNG, JPEG and WebP as boxes of blocks: read the blocks beside the picture, or replace them.

The picture itself is copied bit for bit and never encoded again. Beside it a rewritten file keeps only what
is needed to draw it: colours, resolution, transparency, animation. No Django here.
"""

from __future__ import annotations

import struct

from gallery.containers import jpeg, png, webp
from gallery.containers.blocks import TEXT_LIMIT, Blocks, Unreadable
from gallery.containers.jpeg import JPEG_START
from gallery.containers.png import MOST_TEXTS, PNG_START

__all__ = [
    "MOST_TEXTS",
    "PNG_START",
    "TEXT_LIMIT",
    "Blocks",
    "Unreadable",
    "bare",
    "read",
    "replace",
]


def read(content: bytes) -> Blocks:
    """Return the blocks of a picture file. Raises `Unreadable`."""
    try:
        if content.startswith(PNG_START):
            return png.read(content)
        if content.startswith(JPEG_START):
            return jpeg.read(content)
        if webp.is_webp(content):
            return webp.read(content)
    except (struct.error, IndexError) as error:
        raise Unreadable("The file is cut.") from error
    raise Unreadable("Not a PNG, JPEG or WebP file.")


def replace(content: bytes, blocks: Blocks) -> bytes:
    """Return the file with these blocks instead of its own; other tools' signatures go, being void.

    Raises `Unreadable`, and `ValueError` when a block exceeds what a JPEG segment can hold.
    """
    try:
        if content.startswith(PNG_START):
            return png.replace(content, blocks)
        if content.startswith(JPEG_START):
            return jpeg.replace(content, blocks)
        if webp.is_webp(content):
            return webp.replace(content, blocks)
    except (struct.error, IndexError) as error:
        raise Unreadable("The file is cut.") from error
    raise Unreadable("Not a PNG, JPEG or WebP file.")


def bare(content: bytes) -> bytes:
    """Return the file with the picture and what is needed to show it, and nothing beside it.

    What is not known to be needed goes: texts, EXIF, XMP, signatures, comments, private blocks, and
    whatever follows the end. Raises `Unreadable`.
    """
    try:
        if content.startswith(PNG_START):
            return png.bare(content)
        if content.startswith(JPEG_START):
            return jpeg.bare(content)
        if webp.is_webp(content):
            return webp.bare(content)
    except (struct.error, IndexError) as error:
        raise Unreadable("The file is cut.") from error
    raise Unreadable("Not a PNG, JPEG or WebP file.")
