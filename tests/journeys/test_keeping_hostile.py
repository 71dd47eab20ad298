"""Everything hostile through every place that shows it, in a real browser: nothing runs, nothing is fetched."""

import json
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import batched
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from chat.segments import segmented
from tests.chat.hostile import HOSTILE
from tests.product import Product

Visit = Callable[..., Page]

TRAP = """
window.ran = [];
for (const name of ["alert", "confirm", "prompt", "print", "open"]) window[name] = (...said) => { window.ran.push(name); };
"""
TITLE = "Hostile heron {}"
LATER = "2099-01-01 00:00:00"
SEPARATOR = "\n\n<!-- -->\n\n"


class Watched:
    """What a page did that it should not have done."""

    def __init__(self, context: BrowserContext, ours: str) -> None:
        self.abroad: list[str] = []
        self.dialogs: list[str] = []
        context.add_init_script(TRAP)
        context.on("request", lambda request: self._asked(request.url, ours))
        context.on("dialog", lambda dialog: (self.dialogs.append(dialog.message), dialog.dismiss()))

    def _asked(self, url: str, ours: str) -> None:
        if not url.startswith((ours, "data:", "blob:", "about:", "file:")):
            self.abroad.append(url)

    def found_nothing(self, page: Page) -> None:
        """Check a page that has been drawn."""
        page.mouse.move(400, 300)
        page.mouse.wheel(0, 400)
        page.evaluate(
            "() => new Promise(done => requestAnimationFrame(() => setTimeout(done, 50)))"
        )
        assert page.evaluate("() => window.ran") == []
        assert self.dialogs == []
        assert self.abroad == []
        inline = "() => [...document.querySelectorAll('*')].flatMap(e => [...e.attributes])"
        inline += ".filter(a => a.name.startsWith('on') || (a.name === 'style')).map(a => a.name)"
        assert page.evaluate(inline) == []


@pytest.fixture
def watched(product: Product, sign_in: Visit) -> tuple[Page, Watched]:
    page = sign_in(product)
    return page, Watched(page.context, product.url)


@pytest.fixture
def rows(product: Product) -> Iterator[sqlite3.Connection]:
    """The product's own database, as another process writes it."""
    with closing(sqlite3.connect(product.data / "studio.sqlite3", timeout=20)) as found:
        found.create_function("chat_words", 1, segmented, deterministic=True)
        yield found


def conversations() -> list[dict]:
    """Return conversations in which everything hostile is asked and answered."""
    found = []
    for number, some in enumerate(batched(HOSTILE, 15, strict=False)):
        said, last = [], None
        for text in some:
            for role in ("user", "assistant"):
                said.append({"id": len(said) + 1, "parent": last, "role": role, "text": text})
                said[-1]["reasoning"] = text if role == "assistant" else ""
                said[-1]["model"] = text[:100]
                last = len(said)
        title = f"{TITLE.format(number)} {some[0]}"
        facts = {"title": title, "folder": some[1], "messages": said, "tip": last}
        found.append({"format": "venice-studio-conversation", "model": "m"} | facts)
    return found


def bring_in(page: Page, tmp_path: Path) -> list[str]:
    """Import everything hostile through the page and return the addresses of the conversations."""
    file = tmp_path / "hostile.json"
    file.write_text(json.dumps(conversations()))
    page.goto("/chat/parcels/")
    page.get_by_label("File").set_input_files(file)
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_text(re.compile("came in|were here already")).first).to_be_visible()
    page.goto("/chat/search?q=hostile")
    links = page.locator("main .hit").evaluate_all("all => all.map(a => a.getAttribute('href'))")
    return sorted({re.match(r"/chat/\d+/", link)[0] for link in links})


def test_nothing_hostile_runs_in_pages_lists_search_and_folders(
    watched: tuple[Page, Watched], tmp_path: Path
) -> None:
    page, watch = watched
    addresses = bring_in(page, tmp_path)
    assert len(addresses) == len(conversations())
    for address in addresses:
        page.goto(address)
        expect(page.locator(".turn--reply").first).to_be_visible()
        for folded in page.locator("details.reasoning:not([hidden]) > summary").all()[:3]:
            folded.click()
        watch.found_nothing(page)
    for where in ("/chat/search?q=alert", "/chat/search?q=script+x", "/chat/folders/", "/chat/"):
        page.goto(where)
        watch.found_nothing(page)


def test_nothing_hostile_runs_on_shared_pages_and_in_exports(
    watched: tuple[Page, Watched], product: Product, browser: Browser, tmp_path: Path
) -> None:
    page, watch = watched
    for address in bring_in(page, tmp_path):
        page.goto(f"{address}sharing")
        page.get_by_role("button", name="Share with the team").click()
        expect(page.get_by_role("button", name="Stop sharing with the team")).to_be_visible()
        page.get_by_role("button", name="Make a link").click()
        expect(page.get_by_label("Link", exact=True)).to_be_visible()
        watch.found_nothing(page)
        link = page.get_by_label("Link", exact=True).input_value()
        page.goto(address.replace("/chat/", "/chat/team/"))
        watch.found_nothing(page)
        html = tmp_path / "export.html"
        html.write_bytes(page.request.get(f"{address}export.html").body())
        stranger = browser.new_context()
        outside = Watched(stranger, product.url)
        reader = stranger.new_page()
        reader.goto(link)
        expect(reader.locator(".turn").first).to_be_visible()
        outside.found_nothing(reader)
        assert stranger.cookies() == []
        reader.goto(html.as_uri())
        outside.found_nothing(reader)
        stranger.close()


def test_nothing_hostile_runs_while_it_is_written(
    watched: tuple[Page, Watched], rows: sqlite3.Connection, tmp_path: Path
) -> None:
    page, watch = watched
    address = bring_in(page, tmp_path)[0]
    conversation = int(address.split("/")[2])
    with rows:
        reply = rows.execute(
            "SELECT tip_id FROM chat_conversation WHERE id = ?", [conversation]
        ).fetchone()[0]
        rows.execute(
            "UPDATE chat_message SET status = 'running', text = '', reasoning = '', heartbeat_at = ?,"
            " finished_at = NULL WHERE id = ?",
            [LATER, reply],
        )
    page.goto(address)
    live = page.locator(f"#message-{reply}")
    expect(live).to_have_attribute("aria-busy", "true")
    written = ""
    for number, text in enumerate(text for text in HOSTILE if "\x00" not in text):
        written += f"{SEPARATOR}mark{number}.\n\n{text}"
        with rows:
            rows.execute(
                "UPDATE chat_message SET text = ?, reasoning = ? WHERE id = ?",
                [written, written, reply],
            )
        if number % 12 == 0:
            expect(
                live.locator("[data-part=blocks], [data-part=tail]")
                .filter(has_text=f"mark{number}.")
                .first
            ).to_be_attached()
            watch.found_nothing(page)
    with rows:
        rows.execute(
            "UPDATE chat_message SET status = 'succeeded', finished_at = ? WHERE id = ?",
            [LATER, reply],
        )
    expect(live).to_have_attribute("data-status", "succeeded")
    watch.found_nothing(page)
