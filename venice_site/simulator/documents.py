"""Looks at documents: whether they can be read at all, and how much text is in them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from .replies import Json
from .seeing import LARGEST_FILE, decode_base64, too_large, undecodable

MOST_FILES, MOST_IMAGES = 5, 10  # in one message
_PACKED = {
    "pdf": b"%PDF-",
    "docx": b"PK\x03\x04",
    "xlsx": b"PK\x03\x04",
    "pptx": b"PK\x03\x04",
    "epub": b"PK\x03\x04",
}
_DATA_URL = re.compile(r"data:[a-z0-9.+/;=-]*;base64,(.*)", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True)
class Document:
    """What is known of a file: its name, its kind and its words, as far as they are plain text."""

    name: str
    kind: str
    words: int


def read_documents(messages: list[Json]) -> tuple[Document, ...]:
    """Returns the files of a conversation; raises the 4xx of one that cannot be read, or of too many."""
    found: list[Document] = []
    for message in messages:
        content = message.get("content")
        parts = content if isinstance(content, list) else []
        files = [part["file"] for part in parts if part["type"] == "file"]
        images = [part for part in parts if part["type"] == "image_url"]
        if len(files) > MOST_FILES or len(images) > MOST_IMAGES:
            raise undecodable(f"At most {MOST_IMAGES} images and {MOST_FILES} files per message")
        found += map(_read, files)
    return tuple(found)


def _read(file: Json) -> Document:
    match = _DATA_URL.fullmatch(file["file_data"])
    if match is None:
        raise undecodable("file_data must be a public https address or a data URL")
    if len(match[1]) > LARGEST_FILE * 4 / 3:
        raise too_large()
    data, name = decode_base64(match[1]), str(file.get("filename", "file"))
    kind = PurePosixPath(name).suffix.lower().removeprefix(".")
    if kind in _PACKED:
        if not data.startswith(_PACKED[kind]):
            raise undecodable(f"File could not be read: {name}")
        return Document(name, kind.upper(), len(data) // 200)
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise undecodable(f"File type is not supported: {name}") from None
    if "\0" in text or not text:
        raise undecodable(f"File type is not supported: {name}")
    return Document(name, "text", len(text.split()))
