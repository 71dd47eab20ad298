"""JPEG: segments, and behind them the scans."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Iterator

from gallery.containers.blocks import (
    JPEG_EXIF,
    MOST_CHUNKS,
    TEXT_LIMIT,
    Blocks,
    Unreadable,
    utf8_or_latin,
)

JPEG_START = b"\xff\xd8"
JPEG_END = b"\xff\xd9"
JPEG_XMP = b"http://ns.adobe.com/xap/1.0/\0"
JPEG_SEGMENT_LIMIT = 65_533
SIGNED_JPEG = 0xEB  # a C2PA manifest, void after any change
JPEG_DRAWN = {
    0xE0: b"JFIF\0",
    0xE2: b"ICC_PROFILE\0",
    0xEE: b"Adobe",
}  # of the application segments
JPEG_NEXT = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")  # the marker that ends a scan
SCAN, END = 0xDA, 0xD9
NEEDED_JPEG = (b"JFIF\0", b"ICC_PROFILE\0", b"Adobe")


def read(content: bytes) -> Blocks:
    """Return the blocks of a file."""
    exif, xmp, texts, signed = b"", b"", {}, []
    for marker, data, _ in _segments(content):
        if marker == 0xE1 and data.startswith(JPEG_EXIF):
            exif = data[len(JPEG_EXIF) :]
        elif marker == 0xE1 and data.startswith(JPEG_XMP):
            xmp = data[len(JPEG_XMP) :]
        elif marker == 0xFE:
            texts["comment"] = utf8_or_latin(data)
        elif marker == SIGNED_JPEG:
            signed.append(data)
    return Blocks(exif, xmp, texts, b"".join(signed)[:TEXT_LIMIT])


def replace(content: bytes, blocks: Blocks) -> bytes:
    """Return the file with these blocks instead of its own."""
    head = b""
    out: list[bytes] = []
    for marker, data, at in _segments(content):
        if marker == SCAN:
            return b"".join([JPEG_START, head, *_blocks(blocks), *out, _scans(content, at)])
        if not _is_drawn(marker, data):
            continue
        segment = _segment(marker, data)
        if marker == 0xE0 and not head and not out:
            head = segment
        else:
            out.append(segment)
    raise Unreadable("The file is cut.")


def bare(content: bytes) -> bytes:
    """Return the file with the picture and what is needed to show it."""
    out = [JPEG_START]
    for marker, data, at in _segments(content):
        if marker == 0xDA:
            end = content.rfind(JPEG_END)
            return b"".join([*out, content[at : end + 2 if end > at else None]])
        beside = 0xE0 <= marker <= 0xEF or marker == 0xFE
        if not beside or data.startswith(NEEDED_JPEG):
            out.append(_segment(marker, data))
    raise Unreadable("The file is cut.")


def _is_drawn(marker: int, data: bytes) -> bool:
    if 0xE0 <= marker <= 0xEF:
        return marker in JPEG_DRAWN and data.startswith(JPEG_DRAWN[marker])
    return marker != 0xFE


def _scans(content: bytes, at: int) -> bytes:
    """Return the scans up to the end of the picture, without what cameras hang behind it."""
    kept: list[bytes] = []
    for _ in range(MOST_CHUNKS):
        marker = content[at + 1]
        if marker == END:
            return b"".join([*kept, content[at : at + 2]])
        (length,) = struct.unpack_from(">H", content, at + 2)
        data = content[at + 4 : at + 2 + length]
        end = at + 2 + length
        if marker == SCAN:
            following = JPEG_NEXT.search(content, end)
            end = following.start() if following else len(content)
        if _is_drawn(marker, data):
            kept.append(content[at:end])
        at = end
    raise Unreadable("The file is made of too many parts.")


def _blocks(blocks: Blocks) -> Iterable[bytes]:
    if blocks.exif:
        yield _segment(0xE1, JPEG_EXIF + blocks.exif)
    if blocks.xmp:
        yield _segment(0xE1, JPEG_XMP + blocks.xmp)


def _segments(content: bytes) -> Iterator[tuple[int, bytes, int]]:
    """Yield marker, payload and the place of each segment, up to the start of the scan."""
    at = len(JPEG_START)
    for _ in range(MOST_CHUNKS):
        if content[at] != 0xFF:
            raise Unreadable("The file is cut.")
        marker = content[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
            continue
        (length,) = struct.unpack_from(">H", content, at + 2)
        yield marker, content[at + 4 : at + 2 + length], at
        if marker == SCAN:
            return
        at += 2 + length
    raise Unreadable("The file is made of too many parts.")


def _segment(marker: int, data: bytes) -> bytes:
    if len(data) > JPEG_SEGMENT_LIMIT:
        raise ValueError("The block is too large for a JPEG segment.")
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data
