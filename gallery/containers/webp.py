"""WebP: the chunks of a RIFF file."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator

from gallery.containers.blocks import JPEG_EXIF, MOST_CHUNKS, TEXT_LIMIT, Blocks, Unreadable

SIGNED_WEBP = b"C2PA"  # a manifest, void after any change
VP8X_ALPHA, VP8X_EXIF, VP8X_XMP = 0x10, 0x08, 0x04
WEBP_DRAWN = frozenset((b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF", b"ICCP"))
NEEDED_WEBP = (b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ICCP", b"ANIM", b"ANMF")


def is_webp(content: bytes) -> bool:
    """Return whether a file begins as WebP does."""
    return content[:4] == b"RIFF" and content[8:12] == b"WEBP"


def read(content: bytes) -> Blocks:
    """Return the blocks of a file."""
    chunks = dict(_chunks(content))
    return Blocks(
        chunks.get(b"EXIF", b"").removeprefix(JPEG_EXIF),
        chunks.get(b"XMP ", b"")[:TEXT_LIMIT],
        signature=chunks.get(SIGNED_WEBP, b"")[:TEXT_LIMIT],
    )


def replace(content: bytes, blocks: Blocks) -> bytes:
    """Return the file with these blocks instead of its own."""
    chunks = list(_chunks(content))
    kept = [(kind, data) for kind, data in chunks if kind in WEBP_DRAWN]
    body = [
        _chunk(b"VP8X", _vp8x(chunks, blocks)),
        *(_chunk(kind, data) for kind, data in kept),
        *([_chunk(b"EXIF", blocks.exif)] if blocks.exif else []),
        *([_chunk(b"XMP ", blocks.xmp)] if blocks.xmp else []),
    ]
    return _riff(body)


def bare(content: bytes) -> bytes:
    """Return the file with the picture and what is needed to show it."""
    kept = [(kind, data) for kind, data in _chunks(content) if kind in NEEDED_WEBP]
    return _riff(_chunk(k, _unflagged(d) if k == b"VP8X" else d) for k, d in kept)


def _unflagged(header: bytes) -> bytes:
    return bytes([header[0] & ~(VP8X_EXIF | VP8X_XMP)]) + header[1:]


def _riff(body: Iterable[bytes]) -> bytes:
    joined = b"WEBP" + b"".join(body)
    return b"RIFF" + struct.pack("<I", len(joined)) + joined


def _vp8x(chunks: list[tuple[bytes, bytes]], blocks: Blocks) -> bytes:
    """Return the extended header: the file's own with our flags set, or a new one."""
    found = dict(chunks)
    header: bytes = found.get(b"VP8X") or _new_vp8x(found)
    flags = header[0] & ~(VP8X_EXIF | VP8X_XMP)
    flags |= (VP8X_EXIF if blocks.exif else 0) | (VP8X_XMP if blocks.xmp else 0)
    return bytes([flags]) + header[1:]


def _new_vp8x(chunks: dict[bytes, bytes]) -> bytes:
    width: int
    height: int
    if lossless := chunks.get(b"VP8L"):
        (bits,) = struct.unpack_from("<I", lossless, 1)
        width, height = bits & 0x3FFF, bits >> 14 & 0x3FFF  # both one less than the size
        flags = VP8X_ALPHA if bits >> 28 & 1 else 0
    elif lossy := chunks.get(b"VP8 "):
        wide, high = struct.unpack_from("<HH", lossy, 6)
        width, height, flags = (wide & 0x3FFF) - 1, (high & 0x3FFF) - 1, 0
    else:
        raise Unreadable("The file holds no picture.")
    return bytes([flags, 0, 0, 0]) + width.to_bytes(3, "little") + height.to_bytes(3, "little")


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    at, end = 12, min(len(content), 8 + int.from_bytes(content[4:8], "little"))
    for _ in range(MOST_CHUNKS):
        if at + 8 > end:
            return
        kind, length = struct.unpack_from("<4sI", content, at)
        data = content[at + 8 : at + 8 + length]
        if len(data) < length:
            raise Unreadable("The file is cut.")
        yield kind, data
        at += 8 + length + length % 2
    raise Unreadable("The file is made of too many parts.")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack("<4sI", kind, len(data)) + data + b"\0" * (len(data) % 2)
