"""PNG, JPEG and WebP as boxes of blocks: read the blocks beside the picture, or replace them.

The picture itself is copied bit for bit and never encoded again. Beside it a rewritten file keeps only what
is needed to draw it: colours, resolution, transparency, animation. No Django here.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

PNG_START = b"\x89PNG\r\n\x1a\n"
JPEG_START = b"\xff\xd8"
XMP_KEYWORD = "XML:com.adobe.xmp"
JPEG_EXIF = b"Exif\0\0"
JPEG_XMP = b"http://ns.adobe.com/xap/1.0/\0"
JPEG_SEGMENT_LIMIT = 65_533
TEXT_LIMIT = 1024 * 1024
MOST_TEXTS, MOST_OF_TEXT = 64, 4 * TEXT_LIMIT  # texts of a file, and their characters
MOST_CHUNKS = 20_000  # a picture of 100 MB in chunks of 8 KB, as libpng writes them, has 13,000
# A C2PA manifest, void after any change.
SIGNED_PNG, SIGNED_JPEG, SIGNED_WEBP = b"caBX", 0xEB, b"C2PA"
# Beside the chunks whose names begin with a capital letter, which are the picture.
PNG_DRAWN = frozenset(
    b"tRNS gAMA cHRM sRGB iCCP sBIT pHYs bKGD cICP mDCV cLLI hIST sPLT acTL fcTL fdAT".split()
)
WEBP_DRAWN = frozenset((b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF", b"ICCP"))
JPEG_DRAWN = {
    0xE0: b"JFIF\0",
    0xE2: b"ICC_PROFILE\0",
    0xEE: b"Adobe",
}  # of the application segments
JPEG_NEXT = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")  # the marker that ends a scan
SCAN, END = 0xDA, 0xD9
VP8X_ALPHA, VP8X_EXIF, VP8X_XMP = 0x10, 0x08, 0x04
JPEG_END = b"\xff\xd9"
NEEDED_PNG = (b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT", b"pHYs", b"cICP")
NEEDED_JPEG = (b"JFIF\0", b"ICC_PROFILE\0", b"Adobe")
NEEDED_WEBP = (b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ICCP", b"ANIM", b"ANMF")


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


def read(content: bytes) -> Blocks:
    """Return the blocks of a picture file. Raises `Unreadable`."""
    try:
        if content.startswith(PNG_START):
            return _read_png(content)
        if content.startswith(JPEG_START):
            return _read_jpeg(content)
        if _is_webp(content):
            return _read_webp(content)
    except (struct.error, IndexError) as error:
        raise Unreadable("The file is cut.") from error
    raise Unreadable("Not a PNG, JPEG or WebP file.")


def replace(content: bytes, blocks: Blocks) -> bytes:
    """Return the file with these blocks instead of its own; other tools' signatures go, being void.

    Raises `Unreadable`, and `ValueError` when a block exceeds what a JPEG segment can hold.
    """
    try:
        if content.startswith(PNG_START):
            return _write_png(content, blocks)
        if content.startswith(JPEG_START):
            return _write_jpeg(content, blocks)
        if _is_webp(content):
            return _write_webp(content, blocks)
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
            chunks = [one for one in _png_chunks(content) if _is_needed(one[0])]
            return PNG_START + b"".join(_png_chunk(*one) for one in chunks)
        if content.startswith(JPEG_START):
            return _bare_jpeg(content)
        if _is_webp(content):
            kept = [(kind, data) for kind, data in _webp_chunks(content) if kind in NEEDED_WEBP]
            return _riff(_webp_chunk(k, _unflagged(d) if k == b"VP8X" else d) for k, d in kept)
    except (struct.error, IndexError) as error:
        raise Unreadable("The file is cut.") from error
    raise Unreadable("Not a PNG, JPEG or WebP file.")


def _is_needed(kind: bytes) -> bool:
    """Chunks whose first letter is a capital are part of the picture."""
    return kind[:1].isupper() or kind in NEEDED_PNG


def _bare_jpeg(content: bytes) -> bytes:
    out = [JPEG_START]
    for marker, data, at in _jpeg_segments(content):
        if marker == 0xDA:
            end = content.rfind(JPEG_END)
            return b"".join([*out, content[at : end + 2 if end > at else None]])
        beside = 0xE0 <= marker <= 0xEF or marker == 0xFE
        if not beside or data.startswith(NEEDED_JPEG):
            out.append(_jpeg_segment(marker, data))
    raise Unreadable("The file is cut.")


def _unflagged(header: bytes) -> bytes:
    return bytes([header[0] & ~(VP8X_EXIF | VP8X_XMP)]) + header[1:]


# --- PNG --------------------------------------------------------------------------------------
def _png_chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(PNG_START)
    for _ in range(MOST_CHUNKS):
        if at >= len(content):
            return
        (length,) = struct.unpack_from(">I", content, at)
        kind = content[at + 4 : at + 8]
        data = content[at + 8 : at + 8 + length]
        if len(data) < length:
            raise Unreadable("The file is cut.")
        yield kind, data
        if kind == b"IEND":
            return
        at += 12 + length
    raise Unreadable("The file is made of too many parts.")


def _read_png(content: bytes) -> Blocks:
    exif, xmp, texts, signature, seen, room = b"", b"", {}, b"", 0, MOST_OF_TEXT
    for kind, data in _png_chunks(content):
        if kind == b"eXIf":
            exif = data
        elif kind == SIGNED_PNG:
            signature = data[:TEXT_LIMIT]
        elif kind in (b"tEXt", b"zTXt", b"iTXt") and seen < MOST_TEXTS:
            keyword, text = _png_text(kind, data)
            text = text[:room]
            seen, room = seen + 1, room - len(text)
            if keyword == XMP_KEYWORD:
                xmp = text.encode()
            else:
                texts[keyword] = text
    return Blocks(exif, xmp, texts, signature)


def _png_text(kind: bytes, data: bytes) -> tuple[str, str]:
    keyword, _, rest = data.partition(b"\0")
    if kind == b"tEXt":
        text = _utf8_or_latin(rest)
    elif kind == b"zTXt":
        text = _utf8_or_latin(_inflated(rest[1:]))
    else:
        value = rest[2:].split(b"\0", 2)[-1]
        inflated = _inflated(value) if rest[:1] == b"\1" else value
        text = inflated[: 4 * TEXT_LIMIT].decode("utf-8", "replace")
    return keyword[:80].decode("latin-1"), text[:TEXT_LIMIT]


def _utf8_or_latin(data: bytes) -> str:
    cut = data[:TEXT_LIMIT]
    try:
        return cut.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.end >= len(cut) and len(data) > len(cut):  # cut inside a letter
            return cut.decode("utf-8", "ignore")
        return cut.decode("latin-1")


def _inflated(data: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(data, TEXT_LIMIT)
    except zlib.error:
        return b""


def _write_png(content: bytes, blocks: Blocks) -> bytes:
    out, placed = [PNG_START], False
    for kind, data in _png_chunks(content):
        if not kind[:1].isupper() and kind not in PNG_DRAWN:
            continue
        if kind == b"IDAT" and not placed:
            out += _png_blocks(blocks)
            placed = True
        out.append(_png_chunk(kind, data))
    return b"".join(out)


def _png_blocks(blocks: Blocks) -> Iterable[bytes]:
    for keyword, text in blocks.texts.items():
        yield _png_text_chunk(keyword, text)
    if blocks.xmp:
        yield _png_text_chunk(XMP_KEYWORD, blocks.xmp.decode(), international=True)
    if blocks.exif:
        yield _png_chunk(b"eXIf", blocks.exif)


def _png_text_chunk(keyword: str, text: str, *, international: bool = False) -> bytes:
    """Latin-1 text goes into tEXt as every reader expects it, anything else into iTXt as UTF-8."""
    key = keyword.encode("latin-1")
    if not international:
        try:
            return _png_chunk(b"tEXt", key + b"\0" + text.encode("latin-1"))
        except UnicodeEncodeError:
            pass  # outside latin-1: the other kind of chunk holds it
    return _png_chunk(b"iTXt", key + b"\0\0\0\0\0" + text.encode())


def _png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


# --- JPEG -------------------------------------------------------------------------------------
def _jpeg_segments(content: bytes) -> Iterator[tuple[int, bytes, int]]:
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


def _read_jpeg(content: bytes) -> Blocks:
    exif, xmp, texts, signed = b"", b"", {}, []
    for marker, data, _ in _jpeg_segments(content):
        if marker == 0xE1 and data.startswith(JPEG_EXIF):
            exif = data[len(JPEG_EXIF) :]
        elif marker == 0xE1 and data.startswith(JPEG_XMP):
            xmp = data[len(JPEG_XMP) :]
        elif marker == 0xFE:
            texts["comment"] = _utf8_or_latin(data)
        elif marker == SIGNED_JPEG:
            signed.append(data)
    return Blocks(exif, xmp, texts, b"".join(signed)[:TEXT_LIMIT])


def _write_jpeg(content: bytes, blocks: Blocks) -> bytes:
    head = b""
    out: list[bytes] = []
    for marker, data, at in _jpeg_segments(content):
        if marker == SCAN:
            return b"".join([JPEG_START, head, *_jpeg_blocks(blocks), *out, _scans(content, at)])
        if not _is_drawn(marker, data):
            continue
        segment = _jpeg_segment(marker, data)
        if marker == 0xE0 and not head and not out:
            head = segment
        else:
            out.append(segment)
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


def _jpeg_blocks(blocks: Blocks) -> Iterable[bytes]:
    if blocks.exif:
        yield _jpeg_segment(0xE1, JPEG_EXIF + blocks.exif)
    if blocks.xmp:
        yield _jpeg_segment(0xE1, JPEG_XMP + blocks.xmp)


def _jpeg_segment(marker: int, data: bytes) -> bytes:
    if len(data) > JPEG_SEGMENT_LIMIT:
        raise ValueError("The block is too large for a JPEG segment.")
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data


# --- WebP -------------------------------------------------------------------------------------
def _is_webp(content: bytes) -> bool:
    return content[:4] == b"RIFF" and content[8:12] == b"WEBP"


def _webp_chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
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


def _read_webp(content: bytes) -> Blocks:
    chunks = dict(_webp_chunks(content))
    return Blocks(
        chunks.get(b"EXIF", b"").removeprefix(JPEG_EXIF),
        chunks.get(b"XMP ", b"")[:TEXT_LIMIT],
        signature=chunks.get(SIGNED_WEBP, b"")[:TEXT_LIMIT],
    )


def _write_webp(content: bytes, blocks: Blocks) -> bytes:
    chunks = list(_webp_chunks(content))
    kept = [(kind, data) for kind, data in chunks if kind in WEBP_DRAWN]
    body = [
        _webp_chunk(b"VP8X", _vp8x(chunks, blocks)),
        *(_webp_chunk(kind, data) for kind, data in kept),
        *([_webp_chunk(b"EXIF", blocks.exif)] if blocks.exif else []),
        *([_webp_chunk(b"XMP ", blocks.xmp)] if blocks.xmp else []),
    ]
    return _riff(body)


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


def _webp_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack("<4sI", kind, len(data)) + data + b"\0" * (len(data) % 2)
