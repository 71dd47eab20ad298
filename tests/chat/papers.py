"""Documents as people bring them, and some that are meant to harm."""

import io
import struct
import zipfile
import zlib
from typing import Any

WORD, EXCEL, SLIDES = (
    "wordprocessingml.document.main+xml",
    "spreadsheetml.sheet.main+xml",
    "presentationml.presentation.main+xml",
)


def pdf(pages: int = 1, password: str | None = None, owner_password: str = "") -> bytes:
    """Return a PDF of empty pages; with a password (even an empty one) it is encrypted."""
    from pypdf import PdfWriter

    writer = PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(200, 300)
    if password is not None:
        writer.encrypt(password, owner_password or "owner", algorithm="AES-128")
    target = io.BytesIO()
    writer.write(target)
    return target.getvalue()


def office(kind: str, parts: dict[str, str | bytes], types: str = "") -> bytes:
    """Return an Office document of a main part's type, with these parts."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("[Content_Types].xml", f'<Types><Override ContentType="{kind}"/>{types}')
        for name, content in parts.items():
            package.writestr(name, content)
    return target.getvalue()


def docx(text: str = "Herons stand on one leg.", **parts: Any) -> bytes:
    return office(WORD, {"word/document.xml": f"<w:t>{text}</w:t>", **parts})


def marked_as_locked(package: bytes) -> bytes:
    """Return a ZIP whose entries say that they are encrypted."""
    content = bytearray(package)
    for mark, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        place = content.find(mark)
        while place >= 0:
            content[place + at] |= 1
            place = content.find(mark, place + 4)
    return bytes(content)


def claiming(size: int) -> bytes:
    """Return a Word document whose directory claims a size for its text that it does not have."""
    content = bytearray(docx())
    place = content.find(b"PK\1\2", content.find(b"PK\1\2") + 4)
    content[place + 24 : place + 28] = struct.pack("<I", size)
    return bytes(content)


def swelling(megabytes: int) -> bytes:
    """Return a small Word document whose text is very long."""
    return docx(" " * (megabytes * 1024 * 1024))


def overlapping() -> bytes:
    """Return a ZIP two entries of which share the same bytes, as the densest bombs do."""
    name = b"[Content_Types].xml"
    body = zlib.compress(WORD.encode())[2:-4]
    facts = struct.pack(
        "<HHHHHIIIHH", 20, 0, 8, 0, 0, zlib.crc32(WORD.encode()), len(body), len(WORD), len(name), 0
    )
    local = b"PK\3\4" + facts + name + body
    entries = b""
    for label in (name, b"word/document.xml  "):
        listed = struct.pack(
            "<HHHHHHIIIHHHHHII",
            20,
            20,
            0,
            8,
            0,
            0,
            zlib.crc32(WORD.encode()),
            len(body),
            len(WORD),
            len(label),
            0,
            0,
            0,
            0,
            0,
            0,
        )
        entries += b"PK\1\2" + listed + label
    end = struct.pack("<HHHHIIH", 0, 0, 2, 2, len(entries), len(local), 0)
    return local + entries + b"PK\5\6" + end
