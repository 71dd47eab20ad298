"""Keeping and finding: the list by day, pins, folders, the archive, search, and what leaves nothing behind."""

import json
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.journeys.test_first_run import ask
from tests.journeys.test_people import is_accessible
from tests.product import Product
from venice_site.simulator import Simulator

Visit = Callable[..., Page]
SHORT = " [[tokens:12]]"  # tells the stand-in how much to answer
WRITTEN = ".turn--reply[data-status=succeeded]"
A_PAGE = 40  # conversations that the list shows at once
MANY = 90
PAGES = (
    *("", "?archive=1", "?team=1", "search?q=heron", "folders/", "models", "characters/"),
    *("personas/", "personas/new", "prompts/", "prompts/new", "prompts/1/fill"),
    *("shares/", "parcels/"),
)
NOW = datetime.now(UTC)


def kept(number: int) -> dict:
    """Return a conversation some days old: an answer and, on another branch, an older one."""
    moment = (NOW - timedelta(hours=24 + number * 9)).isoformat()
    texts = [f"Question {number}", f"An older answer about cormorant{number}", f"Answer {number}"]
    messages = [
        {"id": place, "parent": place and 1, "role": "assistant" if place else "user", "text": text}
        for place, text in enumerate(texts)
    ]
    for message in messages:
        message |= {"id": message["id"] + 1, "parent": message["parent"] or None, "model": "m"}
    return {
        "format": "venice-studio-conversation",
        "title": f"Kept {number:03}",
        "model": "m",
        "created_at": moment,
        "updated_at": moment,
        "messages": messages,
        "tip": 3,
    }


def bring_in(page: Page, folder: Path, conversations: list) -> None:
    """Import conversations through the page."""
    file = folder / "kept.json"
    file.write_text(json.dumps(conversations))
    page.goto("/chat/parcels/")
    page.get_by_label("File").set_input_files(file)
    page.get_by_role("button", name="Import").click()
    expect(page.locator(".parcel").first).to_contain_text(re.compile("came in|here already"))


def open_list(page: Page) -> None:
    """Show the list, which is a drawer on the phone."""
    page.goto("/chat/")
    drawer = page.get_by_role("button", name="Conversations", exact=True)
    if drawer.is_visible():
        drawer.click()
    expect(page.locator(".entry").first).to_be_visible()


def menu(page: Page) -> None:
    """Open the menu of the conversation."""
    page.get_by_label("This conversation").click()
    expect(page.get_by_role("link", name="Markdown")).to_be_visible()


def rows_with(product: Product, word: str) -> int:
    """Return how many messages and titles in the database hold a word."""
    asked = (
        "SELECT count(*) FROM chat_message WHERE instr(text, ?)",
        "SELECT count(*) FROM chat_conversation WHERE instr(title, ?)",
    )
    with closing(sqlite3.connect(product.data / "studio.sqlite3", timeout=20)) as rows:
        return sum(rows.execute(one, [word]).fetchone()[0] for one in asked)


def test_the_list_goes_on_by_day_and_many_are_put_away_at_once(
    asking_product: Product, sign_in: Visit, tmp_path: Path
) -> None:
    page = sign_in(asking_product)
    bring_in(page, tmp_path, [kept(number) for number in range(MANY)])
    is_accessible(page)
    open_list(page)
    entries = page.locator(".entry")
    expect(entries).to_have_count(A_PAGE)
    assert page.locator(".conversations__day").first.inner_text() == "Yesterday"
    for shown in (2 * A_PAGE, MANY):
        page.locator(".conversations__more").scroll_into_view_if_needed()
        expect(entries).to_have_count(shown)
    expect(page.locator(".conversations__more")).to_have_count(0)
    days = page.locator(".conversations__day").all_inner_texts()
    assert len(days) == len(set(days)) > 20
    is_accessible(page)

    page.get_by_label("Select conversations").click()
    expect(page.locator("#bulk")).to_be_visible()
    is_accessible(page)
    for title in ("Kept 000", "Kept 001"):
        page.get_by_label(title).check()
    page.get_by_role("button", name="Archive", exact=True).click()
    expect(page.get_by_role("status").get_by_text("2 conversations")).to_be_visible()
    expect(entries.filter(has_text="Kept 000")).to_have_count(0)
    page.goto("/chat/?archive=1&select=1")
    expect(entries).to_have_count(2)
    page.get_by_label("Kept 000").check()
    page.get_by_role("button", name="Bring back").click()
    expect(entries).to_have_count(1)

    page.goto("/chat/?select=1")
    for title in ("Kept 002", "Kept 003"):
        page.get_by_label(title).check()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_text("2 conversations are deleted.")).to_be_visible()
    expect(entries.filter(has_text="Kept 002")).to_have_count(0)
    is_accessible(page)
    page.get_by_role("button", name="Undo").click()
    expect(entries.filter(has_text="Kept 002")).to_have_count(1)


def test_a_folder_tells_the_model_and_pins_and_news_stand_in_the_list(
    asking_product: Product, asked_venice: Simulator, sign_in: Visit
) -> None:
    page = sign_in(asking_product)
    page.goto("/chat/folders/")
    page.get_by_label("Name", exact=True).fill("Sailing")
    page.get_by_label("Instructions").fill("Answer like a pirate.")
    is_accessible(page)
    page.get_by_role("button", name="Make folder").click()
    expect(page.get_by_text("Nothing is in this folder yet.")).to_be_visible()
    ask(page, "What is a jib?")
    page.wait_for_url(re.compile(r"/chat/\d+/"))
    expect(page.locator(WRITTEN)).to_contain_text("Ahoy!")
    told = next(
        request.body["messages"]
        for request in asked_venice.requests
        if request.path.endswith("/chat/completions") and request.body.get("stream")
    )
    assert (told[0]["role"], told[0]["content"]) == ("system", "Answer like a pirate.")
    menu(page)
    is_accessible(page)
    page.get_by_role("button", name="Pin", exact=True).click()
    expect(page.get_by_role("status").get_by_text("pinned")).to_be_visible()
    pinned = page.url.rstrip("/").rsplit("/", 1)[-1]
    page.goto("/chat/")
    expect(page.locator(".conversations__day").first).to_have_text("Pinned")
    expect(page.locator("#entries ul").first.locator(f"#entry-{pinned}")).to_be_visible()

    # Another is written while nobody looks: the list says so by itself, until somebody has read it.
    with asked_venice.hold(path="/chat/completions") as gate:
        ask(page, "What is a spinnaker?" + SHORT)
        page.wait_for_url(re.compile(r"/chat/\d+/"))
        number = page.url.rstrip("/").rsplit("/", 1)[-1]
        page.goto("/chat/")
        expect(page.locator(f"#entry-{number} .entry__writing")).to_be_visible()
        assert gate.wait_for(1)
    expect(page.locator(f"#entry-{number} .entry__unread")).to_be_visible()
    is_accessible(page)
    page.locator(f"#entry-{number} a").click()
    expect(page.locator(WRITTEN)).to_be_visible()
    page.goto("/chat/")
    expect(page.locator(f"#entry-{number}")).to_be_visible()
    expect(page.locator(f"#entry-{number} .entry__unread")).to_have_count(0)


def test_search_leads_to_the_message_in_its_branch(
    asking_product: Product, sign_in: Visit, tmp_path: Path
) -> None:
    page = sign_in(asking_product)
    bring_in(page, tmp_path, [kept(77)])
    page.goto("/gallery/")
    page.keyboard.press("Control+k")
    finder = page.get_by_role("dialog", name="Search")
    expect(finder).to_be_visible()
    page.keyboard.type("cormorant77")
    hit = finder.locator(".hit")
    expect(hit).to_have_count(1)
    expect(hit.locator("mark")).to_have_text("cormorant77")
    is_accessible(page)
    page.keyboard.press("ArrowDown")
    expect(hit).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/chat/\d+/\?at=\d+#message-\d+"))
    found = page.locator(WRITTEN)
    expect(found).to_contain_text("An older answer about cormorant77")
    expect(found).to_be_in_viewport()
    expect(found.locator(".versions__place")).to_have_text("1/2")
    page.goto("/chat/search?q=cormorant77")
    expect(page.locator("main .hit")).to_have_count(1)
    is_accessible(page)


def test_a_temporary_conversation_leaves_nothing(
    asking_product: Product, asked_venice: Simulator, sign_in: Visit
) -> None:
    page = sign_in(asking_product, width=390)
    page.goto("/chat/")
    page.get_by_label("Temporary: leaves nothing behind").check()
    ask(page, "What is a quokka?" + SHORT)
    page.wait_for_url(re.compile(r"/chat/\d+/"))
    address = page.url
    expect(page.locator(WRITTEN)).to_be_visible()
    expect(page.get_by_text("This conversation is temporary.")).to_be_visible()
    is_accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert rows_with(asking_product, "quokka") > 0
    page.get_by_role("button", name="End and delete").click()
    expect(page.get_by_text("The temporary conversation is gone.")).to_be_visible()
    assert rows_with(asking_product, "quokka") == 0
    assert page.request.get(address).status == 404
    page.goto("/chat/search?q=quokka")
    expect(page.get_by_text("Nothing says that.")).to_be_visible()


def test_a_thumb_finds_the_list_and_puts_a_conversation_away(
    asking_product: Product, sign_in: Visit, tmp_path: Path
) -> None:
    page = sign_in(asking_product, width=390)
    bring_in(page, tmp_path, [kept(10), kept(11)])
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    open_list(page)
    is_accessible(page)
    page.locator(".entry").filter(has_text="Kept 010").get_by_role("link").click()
    expect(page.locator(WRITTEN)).to_contain_text("Answer 10")
    menu(page)
    is_accessible(page)
    page.get_by_role("button", name="Archive", exact=True).click()
    expect(page.get_by_text("This conversation is in the archive.")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("button", name="Bring back", exact=True).click()
    expect(page.get_by_text("This conversation is in the archive.")).to_have_count(0)
    open_list(page)
    page.get_by_label("Select conversations").click()
    expect(page.get_by_label("Kept 011")).to_be_visible()
    is_accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_every_page_of_the_chat_can_be_read_by_everybody(
    asking_product: Product, sign_in: Visit
) -> None:
    page = sign_in(asking_product)
    page.goto("/chat/personas/new")
    page.get_by_label("Name", exact=True).fill("Ada")
    page.get_by_label("System prompt").fill("You are Ada.")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("link", name="Talk to Ada").first).to_be_visible()
    page.goto("/chat/prompts/new")
    page.get_by_label("Name", exact=True).fill("Explain")
    page.get_by_label("Text").fill("Explain {{topic}}.")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Explain").first).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 900})
    page.emulate_media(color_scheme="dark")
    for where in PAGES:
        answer = page.goto(f"/chat/{where}")
        assert answer is not None, where
        assert answer.ok, where
        expect(page.locator("h1").first).to_be_visible()
        is_accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, where
