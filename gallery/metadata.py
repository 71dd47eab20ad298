"""What a picture file says of how it was made: read it, and write it so that other tools read it too.

The text follows the "parameters" convention of stable-diffusion-webui; the rules in `_harmless` and
`_user_comment` were each seen to be necessary by running six other tools' readers. No Django here.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape

from PIL import ExifTags
from PIL import Image as Pillow

from gallery import containers
from gallery.containers import Blocks, Unreadable

SOFTWARE = "Venice Studio 0.1"
OWN_KEYWORD = "venice_metadata"
EXIF_IFD = 0x8769
USER_COMMENT = 0x9286
UTF16_TAGS = (0x9C9B, 0x9C9C, 0x9C9D, 0x9C9E, 0x9C9F)
ORIENTATION = 0x0112
CHARSETS = {b"UNICODE\0": "utf-16", b"ASCII\0\0\0": "utf-8", b"\0" * 8: "utf-8"}
BINARY_SHOWN = 64  # bytes of a binary tag that are kept, as hexadecimal
MOST_NUMBERS = 64  # of a tag that is a list of them
MOST_TAGS, MOST_TAG_BYTES = 500, 4 * 1024 * 1024  # of one directory; a hostile one claims gigabytes
SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}  # bytes by type
XMP_LIMIT = 65_000  # bytes of a packet that a JPEG segment holds
SOURCES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
RECORD = "studio:Record"
XMP = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/"'
    ' xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
    ' xmlns:studio="urn:venice-studio:1" xmp:CreatorTool={tool}{source}{record}/>'
    '</rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
)


@dataclass(frozen=True, slots=True)
class GenerationData:
    """How a picture was made, as far as other tools understand it; `record` holds all of it as JSON.

    `steps` is written even when the model ignores it: three readers drop everything without it.
    `source_type` is IPTC's word for how much of the picture is made by AI; empty where that is not known.
    """

    prompt: str
    negative_prompt: str
    seed: int | None
    width: int
    height: int
    model: str
    image_id: str
    created_at: datetime
    steps: int
    cfg_scale: float | None = None
    extras: Mapping[str, str] = field(default_factory=dict)
    record: Mapping[str, Any] = field(default_factory=dict)
    source_type: str = "trainedAlgorithmicMedia"


def read(content: bytes) -> dict[str, Any]:
    """Return EXIF tags by name, texts by keyword and the XMP packet, as plain data for a JSON column."""
    return told(containers.read(content))


def told(blocks: Blocks) -> dict[str, Any]:
    """Return what the blocks of a file say, as `read` does."""
    found: dict[str, Any] = _exif_tags(blocks.exif)
    found |= {keyword: _clean(text) for keyword, text in blocks.texts.items()}
    if blocks.xmp:
        found["XMP"] = _clean(blocks.xmp.decode("utf-8", "replace"))
    if blocks.signature:
        found["C2PA"] = f"a signed manifest of {len(blocks.signature):,} bytes"
    return found


def write(content: bytes, data: GenerationData) -> bytes:
    """Return the file with generation data in it; the picture itself is not touched.

    A JPEG holds 64 KB of it: longer prompts are shortened there, and the text says so.
    """
    try:
        return containers.replace(content, _blocks(content, data))
    except Unreadable:
        raise
    except ValueError:
        return containers.replace(content, _blocks(content, _shortened(data)))


def bare(content: bytes) -> bytes:
    """Return the file with the picture alone; only which way is up stays, where a camera lay on its side.

    Raises `Unreadable`.
    """
    turned = orientation(containers.read(content).exif)
    return containers.replace(content, Blocks(exif=_turned(turned) if turned != 1 else b""))


def orientation(block: bytes) -> int:
    """Return the EXIF orientation, 1 (upright) to 8; 1 when the block does not say."""
    found = _loaded(block).get(ORIENTATION)
    return found if isinstance(found, int) and 1 <= found <= 8 else 1


def parameters(data: GenerationData) -> str:
    """Return the text that other tools look for: prompt, negative prompt, one line of facts."""
    lines = [_harmless(data.prompt)]
    if data.negative_prompt:
        lines.append(f"Negative prompt: {_harmless(data.negative_prompt)}")
    return "\n".join([*lines, _facts(data)])


def _facts(data: GenerationData) -> str:
    facts: dict[str, Any] = {"Steps": data.steps, "Sampler": "Venice"}
    if data.cfg_scale is not None:
        facts["CFG scale"] = f"{data.cfg_scale:g}"
    if data.seed is not None:
        facts["Seed"] = data.seed
    facts |= {"Size": f"{data.width}x{data.height}", "Model": data.model}
    facts |= {name: value for name, value in data.extras.items() if value}
    facts |= {
        "Image ID": data.image_id,
        "Created Date": f"{data.created_at.astimezone(UTC):%Y%m%dT%H%M%SZ}",
    }
    facts["Version"] = SOFTWARE
    return ", ".join(f"{name}: {_plain(value)}" for name, value in facts.items())


def _plain(value: Any) -> str:
    """Commas and colons would have to be quoted, and three readers do not understand quotes."""
    return " ".join(str(value).replace(",", " ").replace(":", " ").replace('"', " ").split())


def _harmless(prompt: str) -> str:
    """A prompt must not pass for the lines that follow it, nor for another tool's JSON."""
    text = prompt.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    text = text.replace("Negative prompt:", "Negative prompt :").replace("Steps:", "Steps :")
    return f"\n{text}" if text.startswith("{") else text


def _blocks(content: bytes, data: GenerationData) -> Blocks:
    xmp = _xmp(data)
    if content.startswith(containers.PNG_START):
        record = json.dumps(data.record, ensure_ascii=False)
        return Blocks(xmp=xmp, texts={"parameters": parameters(data), OWN_KEYWORD: record})
    return Blocks(exif=_tiff(parameters(data), data.created_at), xmp=xmp)


def _xmp(data: GenerationData) -> bytes:
    """Return an XMP packet with the AI label, and our record if it fits: in JPEG and WebP it has no other place."""
    label = f"{SOURCES}{data.source_type}"
    source = f" Iptc4xmpExt:DigitalSourceType={_quoted(label)}" if data.source_type else ""
    record = _quoted(json.dumps(data.record, ensure_ascii=False))
    for ours in (f" {RECORD}={record}", ""):
        text = XMP.format(tool=_quoted(SOFTWARE), source=source, record=ours)
        packet = text.encode("utf-8", "replace")
        if len(packet) <= XMP_LIMIT:
            return packet
    return b""


def _quoted(text: str) -> str:
    return f'"{escape(text, {'"': "&quot;"})}"'


def _shortened(data: GenerationData) -> GenerationData:
    """Shorten the negative prompt first, then the prompt, to 14,000 UTF-16 units each."""
    return replace(
        data,
        prompt=_cut(data.prompt),
        negative_prompt=_cut(data.negative_prompt),
        extras={**data.extras, "Truncated": "true"},
    )


def _cut(text: str, units: int = 14_000) -> str:
    encoded = text.encode("utf-16-be")
    if len(encoded) <= 2 * units:
        return text
    return encoded[: 2 * units].decode("utf-16-be", "ignore") + "…"


# --- EXIF -------------------------------------------------------------------------------------
def _tiff(text: str, created_at: datetime) -> bytes:
    """Return a big-endian TIFF block. Pillow would write the comment with a type that readers refuse."""
    moment = f"{created_at.astimezone(UTC):%Y:%m:%d %H:%M:%S}\0".encode()
    software = f"{SOFTWARE}\0".encode()
    entries = [(0x0131, 2, software), (0x0132, 2, moment)]
    deeper_at = 8 + _ifd_size([*entries, (EXIF_IFD, 4, b"\0" * 4)])
    main = _ifd([*entries, (EXIF_IFD, 4, struct.pack(">I", deeper_at))], 8)
    deeper = _ifd(
        [
            (0x9000, 7, b"0232"),
            (0x9003, 2, moment),
            (0x9010, 2, b"+00:00\0"),
            (USER_COMMENT, 7, b"UNICODE\0" + text.encode("utf-16-be", "replace")),
        ],
        deeper_at,
    )
    return b"MM\0*" + struct.pack(">I", 8) + main + deeper


def _turned(turned: int) -> bytes:
    value = struct.pack(">HH", turned, 0)
    return (
        b"MM\0*"
        + struct.pack(">I", 8)
        + struct.pack(">HHHI", 1, ORIENTATION, 3, 1)
        + value
        + b"\0" * 4
    )


def _ifd_size(entries: list[tuple[int, int, bytes]]) -> int:
    return len(_ifd(entries, 0))


def _ifd(entries: list[tuple[int, int, bytes]], at: int) -> bytes:
    """Return one directory that lies `at` so many bytes into the block, its values behind it."""
    values_at = at + 2 + 12 * len(entries) + 4
    head, values = struct.pack(">H", len(entries)), b""
    for tag, kind, value in entries:
        count = len(value) // 4 if kind == 4 else len(value)
        if len(value) <= 4:
            place = value.ljust(4, b"\0")
        else:
            place = struct.pack(">I", values_at + len(values))
            values += value + b"\0" * (len(value) % 2)
        head += struct.pack(">HHI", tag, kind, count) + place
    return head + b"\0" * 4 + values


def _exif_tags(block: bytes) -> dict[str, Any]:
    tags = _loaded(block)
    if block and not tags:
        return {"EXIF": "could not be read"}
    return {
        ExifTags.TAGS.get(tag, f"0x{tag:04X}"): _value(tag, value) for tag, value in tags.items()
    }


def _loaded(block: bytes) -> dict[int, Any]:
    """Return the tags of a TIFF block as Pillow reads them; none when it is broken or claims too much."""
    if not _is_sane(block):
        return {}
    exif = Pillow.Exif()
    try:
        exif.load(block)
        tags = {**exif, **exif.get_ifd(EXIF_IFD)}
    except (OSError, SyntaxError, ValueError, KeyError, TypeError, struct.error):
        return {}
    tags.pop(EXIF_IFD, None)
    return tags


def _is_sane(block: bytes) -> bool:
    """Return whether both directories are small: many tags may share the same megabytes in the file."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(block[:4])
    if order is None:
        return False
    try:
        (at,) = struct.unpack_from(f"{order}I", block, 4)
        deeper = _measured(block, at, order)
        return deeper is None or _measured(block, deeper, order) is None
    except (struct.error, ValueError):
        return False


def _measured(block: bytes, at: int, order: str) -> int | None:
    """Return where the EXIF directory lies, if this one names it. Raises `ValueError` when it is too large."""
    (count,) = struct.unpack_from(f"{order}H", block, at)
    claimed, deeper = 0, None
    for number in range(count):
        tag, kind, items, value = struct.unpack_from(f"{order}HHII", block, at + 2 + 12 * number)
        claimed += items * SIZES.get(kind, 1)
        if tag == EXIF_IFD:
            deeper = value
    if count > MOST_TAGS or claimed > MOST_TAG_BYTES:
        raise ValueError("The directory is too large.")
    return deeper


def _value(tag: int, value: Any) -> Any:
    if isinstance(value, bytes):
        return _clean(_bytes(tag, value))
    if isinstance(value, str):
        return _clean(_utf8(value))
    if isinstance(value, tuple):
        return [_value(tag, item) for item in value[:MOST_NUMBERS]]
    return value if isinstance(value, int) else _clean(str(value))


def _bytes(tag: int, value: bytes) -> str:
    if tag == USER_COMMENT and (charset := CHARSETS.get(value[:8])):
        return _comment(value[8:], charset)
    if tag in UTF16_TAGS:
        return value.decode("utf-16-le", "replace")
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value[:BINARY_SHOWN].hex()


def _utf8(text: str) -> str:
    """Return text that Pillow took for latin-1 as what it mostly is."""
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


def _comment(value: bytes, charset: str) -> str:
    """UTF-16 comments come in both byte orders; the one with more zero bytes first is big-endian."""
    if charset != "utf-16":
        return value.decode(charset, "replace")
    big = value[::2].count(0) >= value[1::2].count(0)
    return value.decode("utf-16-be" if big else "utf-16-le", "replace").removeprefix("\ufeff")


def _clean(text: str) -> str:
    """PostgreSQL stores no NUL in JSON; nothing longer than the limit is kept."""
    return text.replace("\0", "")[: containers.TEXT_LIMIT]
