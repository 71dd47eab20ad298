"""Documents: what they are says their content; what could harm is refused with a sentence."""

import pytest

from chat import documents
from chat.documents import NotADocument, kind_of, prepare
from tests.chat.papers import (
    EXCEL,
    SLIDES,
    claiming,
    docx,
    marked_as_locked,
    office,
    overlapping,
    pdf,
    swelling,
)

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 500


def refused(content: bytes, name: str = "a.txt") -> str:
    with pytest.raises(NotADocument) as caught:
        prepare(content, name)
    return str(caught.value)


@pytest.mark.parametrize(
    ("content", "name", "mime", "kind", "tokens"),
    [
        (b"One two three four", "notes.txt", "text/plain", "Text", 5),
        (b"# Herons\n\nTall.", "heron.md", "text/markdown", "Markdown", 4),
        (b"a,b\n1,2\n", "data.CSV", "text/csv", "CSV", 2),
        (b"print(1)\n", "a.py", "text/plain", "PY", 3),
        (b"<!doctype html><script>alert(1)</script>", "a.html", "text/plain", "HTML", 10),
        (pdf(3), "report.pdf", documents.PDF, "PDF", 1800),
        (docx("x" * 400), "letter.docx", documents.OFFICE["docx"], "Word", 100),
        (
            office(
                EXCEL,
                {"xl/sharedStrings.xml": "<t>abcd</t>", "xl/worksheets/sheet1.xml": "<v>1234</v>"},
            ),
            "sums.xlsx",
            documents.OFFICE["xlsx"],
            "Excel",
            2,
        ),
        (
            office(SLIDES, {"ppt/slides/slide1.xml": "<a:t>abcdefgh</a:t>"}),
            "talk.pptx",
            documents.OFFICE["pptx"],
            "PowerPoint",
            2,
        ),
    ],
)
def test_a_document_is_known_by_its_content(
    content: bytes, name: str, mime: str, kind: str, tokens: int
) -> None:
    found = prepare(content, name)
    assert (found.mime, found.tokens, found.content) == (mime, tokens, content)
    assert kind_of(found.mime, found.name) == kind
    assert found.name.lower() == name.lower()


@pytest.mark.parametrize(
    ("name", "content", "shown"),
    [
        ("../../etc/passwd", b"text", "passwd.txt"),
        ("C:\\Users\\ada\\plan.md", b"text", "plan.md"),
        ("invoice.pdf", b"only text", "invoice.pdf.txt"),
        ("invoice.txt", pdf(), "invoice.txt.pdf"),
        ("\u202egpj.exe", b"text", "gpj.exe.txt"),
        ("a\r\nSet-Cookie: x.txt", b"text", "aSet-Cookie: x.txt"),
        ("...", b"text", "document.txt"),
        ("\u200d .", b"text", "document.txt"),
        ("نیم\u200cروز 👩\u200d🔬.txt", b"text", "نیم\u200cروز 👩\u200d🔬.txt"),
        ("x" * 300 + ".csv", b"a,b", "x" * 96 + ".csv"),
    ],
)
def test_a_name_is_a_label_that_tells_the_truth(name: str, content: bytes, shown: str) -> None:
    assert prepare(content, name).name == shown


def test_text_of_other_alphabets_and_codes_becomes_utf8() -> None:
    assert prepare("Grüße".encode("utf-16"), "a.txt").content == "Grüße".encode()
    assert prepare("Grüße".encode("cp1252"), "a.txt").content == "Grüße".encode()
    assert prepare(b"\xef\xbb\xbfa,b", "a.csv").content == b"a,b"


def test_a_pdf_that_opens_without_a_password_is_read_although_it_is_encrypted() -> None:
    assert prepare(pdf(2, password=""), "a.pdf").tokens == 1200


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (pdf(password="secret"), "PDF is protected with a password"),
        (OLE + "EncryptedPackage".encode("utf-16-le"), "document is protected with a password"),
        (marked_as_locked(docx()), "document is protected with a password"),
        (OLE, "of the old kind"),
        (b"%PDF-1.7\nnothing that follows is one", "PDF is damaged"),
        (pdf(40)[:200], "PDF is damaged"),
        (docx()[:-30], "document is damaged"),
        (overlapping(), "unpacks to more than it may"),
        (claiming(3_000_000_000), "unpacks to more than it may"),
        (swelling(31), "unpacks to more than it may"),
        (docx(**{"word/vbaProject.bin": b"macro"}), "macros"),
        (office("application/epub+zip", {}), "This kind of file cannot be read"),
        (b"\x7fELF\x02\x01\x01\0" + b"\0" * 64, "This kind of file cannot be read"),
        (b"MZ\x90\0\x03\0", "This kind of file cannot be read"),
        (b"<?xml version='1.0'?><!-- x --><svg onload='alert(1)'/>", "SVG drawings cannot be read"),
        (b"", "empty"),
        (b"  \n ", "empty"),
        (b"x" * 2_000_001, "2,000,000 characters"),
        (b"x" * (15 * 1024 * 1024 + 1), "15 MB"),
    ],
)
def test_what_cannot_be_used_is_refused_with_a_sentence(content: bytes, reason: str) -> None:
    assert reason in refused(content)


def test_a_package_of_too_many_files_is_not_unpacked() -> None:
    parts = {f"word/{number}.xml": "" for number in range(documents.MOST_ENTRIES)}
    assert "unpacks to more than it may" in refused(docx(**parts))
