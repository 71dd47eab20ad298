"""Bytes that a person attached → a document that is safe to keep and to send. No Django here.

What it is says its content; its name is only a label.
"""

from __future__ import annotations

import io
import logging
import re
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import PurePosixPath

MOST_BYTES = 15 * 1024 * 1024
MOST_CHARACTERS = 2_000_000  # of plain text
MOST_ENTRIES = 5_000  # files inside an Office document
MOST_UNPACKED = 200 * 1024 * 1024  # bytes that an Office document says it unpacks to
MOST_WORDS = 30 * 1024 * 1024  # bytes of its parts that hold words
LONGEST_NAME = 100
CHARACTERS_A_TOKEN = 4
TOKENS_A_PAGE = 600  # of a PDF: a page of 450 words

PDF = "application/pdf"
OFFICE = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}
TEXTS = {"md": "text/markdown", "markdown": "text/markdown", "csv": "text/csv"}
# What each kind's own main part is called in [Content_Types].xml, and which parts hold its words.
_MAIN = {
    "docx": b"wordprocessingml.document.main+xml",
    "xlsx": b"spreadsheetml.sheet.main+xml",
    "pptx": b"presentationml.presentation.main+xml",
}
_WORDS = {
    "docx": re.compile(r"word/(document|footnotes|endnotes|header\d*|footer\d*)\.xml"),
    "xlsx": re.compile(r"xl/(sharedStrings|worksheets/[^/]+)\.xml"),
    "pptx": re.compile(r"ppt/(slides|notesSlides)/[^/]+\.xml"),
}
_TYPES = "[Content_Types].xml"
_ZIP, _OLE = b"PK\3\4", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OTHERS = {
    "docx",
    "xlsx",
    "pptx",
    *("pdf", "doc", "xls", "ppt", "png", "jpg", "jpeg", "webp", "gif", "zip", "exe", "svg"),
}
_TAG = re.compile(rb"<[^>]*>")
_JOINERS = "\u200c\u200d"  # parts of Persian words, Indian letters and emoji
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_SVG = re.compile(
    r"\s*(<\?xml[^>]*>|<!--.*?-->|<!DOCTYPE[^>]*>|\s)*<svg[\s>/]", re.DOTALL | re.IGNORECASE
)
# What reading a ZIP file raises when the file is not what it says it is.
BAD_ZIP = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError)

UNKNOWN = (
    "This kind of file cannot be read. Attach a picture, a PDF, a Word, Excel or PowerPoint file,"
    " or plain text."
)
LOCKED = "This {} is protected with a password. Attach a copy without it."
DAMAGED = "This {} is damaged and cannot be read."
BOMB = "This document unpacks to more than it may. Attach a smaller one."


class NotADocument(ValueError):
    """What was attached cannot be used; `str(error)` is a sentence for the person."""


@dataclass(frozen=True, slots=True)
class Document:
    """A document as it is kept: text is UTF-8, the name is a label; tokens are an estimate."""

    content: bytes
    mime: str
    name: str
    tokens: int


def tokens_in(characters: int) -> int:
    """Return roughly how many tokens so many characters are."""
    return -(-characters // CHARACTERS_A_TOKEN)


def is_text(mime: str) -> bool:
    """Return whether a document of this type is plain text, which every model reads."""
    return mime.startswith("text/")


def kind_of(mime: str, name: str) -> str:
    """Return what people call a file of this type."""
    named = {PDF: "PDF", OFFICE["docx"]: "Word", OFFICE["xlsx"]: "Excel"}
    named |= {OFFICE["pptx"]: "PowerPoint", "text/markdown": "Markdown", "text/csv": "CSV"}
    if mime.startswith("image/"):
        return mime.removeprefix("image/").upper()
    if mime in named:
        return named[mime]
    suffix = _suffix(name)
    return "Text" if suffix in {"", "txt", "log"} else suffix.upper()


def prepare(content: bytes, name: str) -> Document:
    """Return the document. Raises `NotADocument`."""
    if not content:
        raise NotADocument("This file is empty.")
    if len(content) > MOST_BYTES:
        raise NotADocument("A document may have 15 MB at most. Attach a smaller one.")
    if content.startswith(b"%PDF-"):
        return _pdf(content, name)
    if content.startswith(_ZIP):
        return _office(content, name)
    if content.startswith(_OLE):
        raise NotADocument(_about_ole(content))
    return _text(content, name)


# --- PDF -------------------------------------------------------------------------------------------


def _pdf(content: bytes, name: str) -> Document:
    from pypdf import PdfReader  # here, for it costs 15 MB where nobody attaches a PDF
    from pypdf.errors import DependencyError, PyPdfError

    logging.getLogger("pypdf").setLevel(logging.ERROR)
    try:
        reader = PdfReader(io.BytesIO(content), strict=False)
        if reader.is_encrypted and not reader.decrypt(""):
            raise NotADocument(LOCKED.format("PDF"))
        pages = reader.get_num_pages()
    except (PyPdfError, DependencyError, ArithmeticError, LookupError) as error:
        raise NotADocument(DAMAGED.format("PDF")) from error
    except (AttributeError, TypeError, ValueError, RecursionError, OSError) as error:
        if isinstance(error, NotADocument):
            raise
        # What pypdf trips over in files that were damaged on purpose.
        raise NotADocument(DAMAGED.format("PDF")) from error
    if pages < 1:
        raise NotADocument(DAMAGED.format("PDF"))
    return Document(content, PDF, named(name, "pdf"), pages * TOKENS_A_PAGE)


# --- Office ----------------------------------------------------------------------------------------


def _office(content: bytes, name: str) -> Document:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            kind = _office_kind(package)
            characters = _characters(package, kind)
    except (*BAD_ZIP, OSError) as error:
        raise NotADocument(DAMAGED.format("document")) from error
    return Document(content, OFFICE[kind], named(name, kind), tokens_in(characters))


def _office_kind(package: zipfile.ZipFile) -> str:
    """Return which kind of document a ZIP is; looks at what it says of itself before anything is unpacked."""
    entries = package.infolist()
    too_much = len(entries) > MOST_ENTRIES or sum(e.file_size for e in entries) > MOST_UNPACKED
    if too_much or _overlap(entries):
        raise NotADocument(BOMB)
    if any(entry.flag_bits & 1 for entry in entries):
        raise NotADocument(LOCKED.format("document"))
    types = next((e for e in entries if e.filename == _TYPES), None)
    if types is None:
        raise NotADocument(UNKNOWN)
    said = _read(package, types, MOST_WORDS)
    if b"macroEnabled" in said or any(e.filename.endswith("vbaProject.bin") for e in entries):
        raise NotADocument("This document has macros in it. Attach a copy without them.")
    kind = next((kind for kind, main in _MAIN.items() if main in said), "")
    if not kind:
        raise NotADocument(UNKNOWN)
    return kind


def _overlap(entries: list[zipfile.ZipInfo]) -> bool:
    """Return whether entries share bytes, which only the densest bombs do."""
    by_place = sorted(entries, key=lambda entry: entry.header_offset)
    return any(a.header_offset + a.compress_size > b.header_offset for a, b in pairwise(by_place))


def _characters(package: zipfile.ZipFile, kind: str) -> int:
    """Return how many characters of text there are; no XML is parsed, so none can blow up."""
    left, characters = MOST_WORDS, 0
    for entry in _word_parts(package, kind):
        content = _read(package, entry, left)
        left -= len(content)
        characters += len(_TAG.sub(b"", content).decode(errors="ignore"))
    return characters


def _word_parts(package: zipfile.ZipFile, kind: str) -> Iterator[zipfile.ZipInfo]:
    return (e for e in package.infolist() if _WORDS[kind].fullmatch(e.filename))


def _read(package: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int) -> bytes:
    with package.open(entry) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise NotADocument(BOMB)
    return content


def _about_ole(content: bytes) -> str:
    if "EncryptedPackage".encode("utf-16-le") in content:
        return LOCKED.format("document")
    return (
        "This is an Office document of the old kind. Save it as docx, xlsx or pptx and attach that."
    )


# --- text ------------------------------------------------------------------------------------------


def _text(content: bytes, name: str) -> Document:
    text = _decoded(content)
    if _CONTROL.search(text):
        raise NotADocument(UNKNOWN)
    if not text.strip():
        raise NotADocument("This file is empty.")
    if _SVG.match(text[:10_000]):
        raise NotADocument("SVG drawings cannot be read. Attach it as PNG, JPEG or WebP.")
    if len(text) > MOST_CHARACTERS:
        raise NotADocument("A text may have 2,000,000 characters at most. Attach a part of it.")
    name = named(name, "txt", *({_suffix(name)} - _OTHERS - {""}))
    mime = TEXTS.get(_suffix(name), "text/plain")
    return Document(text.encode(), mime, name, tokens_in(len(text)))


def _decoded(content: bytes) -> str:
    codecs = ["utf-8-sig"]
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        codecs = ["utf-16"]
    for codec in (*codecs, "cp1252"):
        try:
            return content.decode(codec)
        except UnicodeDecodeError:
            continue
    raise NotADocument(UNKNOWN)


# --- names -----------------------------------------------------------------------------------------


def named(name: str, *suffixes: str) -> str:
    """Return a name to show and to save under: no folders, nothing unseen, with a suffix that is true."""
    base = PurePosixPath(name.replace("\\", "/")).name
    base = "".join(c for c in base if c in _JOINERS or not unicodedata.category(c).startswith("C"))
    base = " ".join(base.split()).strip(f". {_JOINERS}") or "document"
    if _suffix(base) in suffixes:
        stem, suffix = base.rsplit(".", 1)
        return f"{stem[: LONGEST_NAME - len(suffix) - 1]}.{suffix}"
    return f"{base[: LONGEST_NAME - len(suffixes[0]) - 1]}.{suffixes[0]}"


def _suffix(name: str) -> str:
    suffix = PurePosixPath(name.replace("\\", "/")).suffix.lower().removeprefix(".")
    return suffix if suffix.isalnum() and len(suffix) <= 12 else ""
