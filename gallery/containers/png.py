"""PNG: a file of chunks, each with its sum."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator

from gallery.containers.blocks import MOST_CHUNKS, TEXT_LIMIT, Blocks, Unreadable, utf8_or_latin

PNG_START = b"\x89PNG\r\n\x1a\n"
XMP_KEYWORD = "XML:com.adobe.xmp"
MOST_TEXTS, MOST_OF_TEXT = 64, 4 * TEXT_LIMIT  # texts of a file, and their characters
SIGNED_PNG = b"caBX"  # a C2PA manifest, void after any change
# Beside the chunks whose names begin with a capital letter, which are the picture. The last three of those
# that are needed are its further frames.
NEEDED_PNG = frozenset(b"tRNS gAMA cHRM sRGB iCCP sBIT pHYs cICP acTL fcTL fdAT".split())
PNG_DRAWN = NEEDED_PNG | frozenset(b"bKGD mDCV cLLI hIST sPLT".split())


def read(content: bytes) -> Blocks:
    """Return the blocks of a file."""
    exif, xmp, texts, signature, seen, room = b"", b"", {}, b"", 0, MOST_OF_TEXT
    for kind, data in _chunks(content):
        if kind == b"eXIf":
            exif = data
        elif kind == SIGNED_PNG:
            signature = data[:TEXT_LIMIT]
        elif kind in (b"tEXt", b"zTXt", b"iTXt") and seen < MOST_TEXTS:
            keyword, text = _text(kind, data)
            text = text[:room]
            seen, room = seen + 1, room - len(text)
            if keyword == XMP_KEYWORD:
                xmp = text.encode()
            else:
                texts[keyword] = text
    return Blocks(exif, xmp, texts, signature)


def _text(kind: bytes, data: bytes) -> tuple[str, str]:
    keyword, _, rest = data.partition(b"\0")
    if kind == b"tEXt":
        text = utf8_or_latin(rest)
    elif kind == b"zTXt":
        text = utf8_or_latin(_inflated(rest[1:]))
    else:
        value = rest[2:].split(b"\0", 2)[-1]
        inflated = _inflated(value) if rest[:1] == b"\1" else value
        text = inflated[: 4 * TEXT_LIMIT].decode("utf-8", "replace")
    return keyword[:80].decode("latin-1"), text[:TEXT_LIMIT]


def _inflated(data: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(data, TEXT_LIMIT)
    except zlib.error:
        return b""


def replace(content: bytes, blocks: Blocks) -> bytes:
    """Return the file with these blocks instead of its own."""
    out, placed = [PNG_START], False
    for kind, data in _chunks(content):
        if not kind[:1].isupper() and kind not in PNG_DRAWN:
            continue
        if kind == b"IDAT" and not placed:
            out += _blocks(blocks)
            placed = True
        out.append(_chunk(kind, data))
    return b"".join(out)


def _blocks(blocks: Blocks) -> Iterable[bytes]:
    for keyword, text in blocks.texts.items():
        yield _text_chunk(keyword, text)
    if blocks.xmp:
        yield _text_chunk(XMP_KEYWORD, blocks.xmp.decode(), international=True)
    if blocks.exif:
        yield _chunk(b"eXIf", blocks.exif)


def _text_chunk(keyword: str, text: str, *, international: bool = False) -> bytes:
    """Latin-1 text goes into tEXt as every reader expects it, anything else into iTXt as UTF-8."""
    key = keyword.encode("latin-1")
    if not international:
        try:
            return _chunk(b"tEXt", key + b"\0" + text.encode("latin-1"))
        except UnicodeEncodeError:
            pass  # outside latin-1: the other kind of chunk holds it
    return _chunk(b"iTXt", key + b"\0\0\0\0\0" + text.encode())


def bare(content: bytes) -> bytes:
    """Return the file with the picture and what is needed to show it."""
    chunks = [one for one in _chunks(content) if _is_needed(one[0])]
    return PNG_START + b"".join(_chunk(*one) for one in chunks)


def _is_needed(kind: bytes) -> bool:
    """Chunks whose first letter is a capital are part of the picture."""
    return kind[:1].isupper() or kind in NEEDED_PNG


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
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


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
