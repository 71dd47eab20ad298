"""Sharing and moving: a team mate reads along, a link can be ended, and everything goes out and comes back."""

import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect

from tests.chat.test_moving import OPEN_WEBUI, chatgpt
from tests.journeys.test_first_run import ask
from tests.journeys.test_people import is_accessible
from tests.product import Product
from venice_site.simulator import Simulator

Visit = Callable[..., Page]
SHORT = " [[tokens:20]]"  # tells the stand-in how much to answer
LONGER = " [[tokens:160]]"
AFTER_THINKING = 110  # tokens: some of the answer has come
WRITTEN = ".turn--reply[data-status=succeeded]"
MATE, PASSWORD = "bettina", "a-password-of-a-team-mate"


def begin(page: Page, words: str) -> str:
    """Ask in a new conversation, wait for the answer and return the conversation's address."""
    page.goto("/chat/")
    ask(page, words)
    page.wait_for_url(re.compile(r"/chat/\d+/"))
    expect(page.locator(WRITTEN)).to_have_count(1)
    return page.url


def add_team_mate(page: Page) -> None:
    """Make an account for a second person, as an administrator does."""
    page.goto("/admin/accounts/user/add/")
    page.get_by_label("Username").fill(MATE)
    page.get_by_label("Password", exact=True).or_(page.get_by_label("Password:", exact=True)).fill(
        PASSWORD
    )
    page.get_by_label(re.compile("Password confirmation")).fill(PASSWORD)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("was added successfully")).to_be_visible()


def enter(page: Page, username: str, password: str) -> Page:
    """Sign in."""
    page.goto("/")
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/accounts/" not in url)
    return page


def bring_in(page: Page, file: Path, told: str) -> None:
    """Import a file through the page, which says what came in."""
    page.goto("/chat/parcels/")
    page.get_by_label("File").set_input_files(file)
    page.get_by_role("button", name="Import").click()
    expect(page.locator(".parcel").first).to_contain_text(told)


def conversations_in(parcel: Path) -> list[dict[str, Any]]:
    """Return what an export tells of conversations, in an order of its own."""
    with zipfile.ZipFile(parcel) as opened:
        names = [name for name in opened.namelist() if name.endswith(".json")]
        return sorted(
            (json.loads(opened.read(name)) for name in names), key=lambda one: one["title"]
        )


def export_all(page: Page, target: Path) -> Path:
    """Take everything out through the page."""
    page.goto("/chat/parcels/")
    page.get_by_role("button", name="Export all conversations").click()
    link = page.locator(".parcel").first.get_by_role("link", name=re.compile("^Download"))
    expect(link).to_be_visible()
    with page.expect_download() as download:
        link.click()
    download.value.save_as(target)
    return target


def read_along(mate: Page, width: int) -> Page:
    """Open what is shared with the team, as a team mate finds it."""
    enter(mate, MATE, PASSWORD)
    mate.goto("/chat/?team=1")
    mate.locator(".entry").first.get_by_role("link").click()
    mate.wait_for_url(re.compile(r"/chat/team/\d+/"))
    expect(mate.locator(".turn")).to_have_count(2)
    is_accessible(mate)
    assert mate.evaluate("document.documentElement.scrollWidth") <= width
    mate.evaluate("() => { window.drawnOnce = true; }")
    return mate


def test_a_team_mate_reads_along_while_a_reply_is_written(
    asking_product: Product, asked_venice: Simulator, sign_in: Visit, visit: Visit
) -> None:
    page = sign_in(asking_product)
    add_team_mate(page)
    address = begin(page, "What is a gondola?" + SHORT)
    page.goto(f"{address}sharing")
    is_accessible(page)
    page.get_by_role("button", name="Share with the team").click()
    expect(page.get_by_role("button", name="Stop sharing with the team")).to_be_visible()
    mates = [read_along(visit(asking_product, width=width), width) for width in (1280, 390)]

    page.goto(address)
    with asked_venice.hold(path="/chat/completions", after_tokens=AFTER_THINKING) as gate:
        page.get_by_label("Message", exact=True).fill("And how is one steered?" + LONGER)
        page.keyboard.press("Enter")
        expect(page.locator(".turn")).to_have_count(4)
        assert gate.wait_for(1, timeout=30)
        for mate in mates:
            turns = mate.locator(".turn")
            expect(turns).to_have_count(4)
            expect(turns.nth(2)).to_contain_text("And how is one steered?")
            expect(turns.last).to_have_attribute("aria-busy", "true")
            expect(turns.last.locator(".prose")).to_contain_text(re.compile(r"\w+ \w+ \w+"))
        is_accessible(mates[0])
    expect(page.locator(WRITTEN)).to_have_count(2)
    end = page.locator(WRITTEN).last.locator(".prose").inner_text()[-20:]
    for mate in mates:
        expect(mate.locator("[aria-busy]")).to_have_count(0)
        assert mate.locator(".turn").last.locator(".prose").inner_text().endswith(end)

    # Another answer to the same question takes the place of the first one.
    page.locator(WRITTEN).last.get_by_role("button", name="Try again").click()
    expect(page.locator(".versions__place").last).to_have_text("2/2")
    expect(page.locator(WRITTEN)).to_have_count(2)
    again = page.locator(WRITTEN).last.locator(".prose").inner_text().split("\n")[0]
    for mate in mates:
        expect(mate.locator(".turn").last.locator(".prose")).to_contain_text(again)
        expect(mate.locator(".turn")).to_have_count(4)
        assert mate.evaluate("() => window.drawnOnce")  # on one page, never loaded again

    page.goto(f"{address}sharing")
    page.get_by_role("button", name="Stop sharing with the team").click()
    expect(page.get_by_role("button", name="Share with the team")).to_be_visible()
    for mate in mates:
        expect(mate.locator(".turn")).to_have_count(0)
        assert mate.request.get(mate.url).status == 404


def test_a_link_can_be_read_by_everybody_until_it_is_ended(
    asking_product: Product, sign_in: Visit, browser: Browser
) -> None:
    page = sign_in(asking_product)
    address = begin(page, "What is a vaporetto?" + SHORT)
    page.goto(f"{address}sharing")
    page.get_by_role("button", name="Make a link").click()
    link = page.get_by_label("Link", exact=True)
    expect(link).to_be_visible()
    is_accessible(page)
    stranger = browser.new_context().new_page()
    stranger.goto(link.input_value())
    expect(stranger.locator(".turn")).to_have_count(2)
    is_accessible(stranger)
    page.goto("/chat/shares/")
    is_accessible(page)
    page.get_by_role("button", name="End the link to").click()
    expect(page.get_by_text("The link does not work any more.")).to_be_visible()
    stranger.reload()
    expect(stranger.locator(".turn")).to_have_count(0)
    is_accessible(stranger)
    stranger.context.close()


def test_everything_goes_out_is_deleted_and_comes_back_equal(
    asking_product: Product, sign_in: Visit, tmp_path: Path
) -> None:
    page = sign_in(asking_product)
    address = begin(page, "What is a lagoon?" + SHORT)
    page.locator(WRITTEN).get_by_role("button", name="Try again").click()
    expect(page.locator(".versions__place")).to_have_text("2/2")
    expect(page.locator(WRITTEN)).to_have_count(1)
    said = page.locator(WRITTEN).locator(".prose").inner_text().split("\n")[0]
    expect(page.locator("#conversation-title")).to_contain_text("Lagoon")
    for form, begins in (("Markdown", "# Lagoon"), ("JSON", "{"), ("HTML", "<!doctype html>")):
        page.get_by_label("This conversation").click()
        with page.expect_download() as download:
            page.get_by_role("link", name=form, exact=True).click()
        text = download.value.path().read_text()
        assert text.startswith(begins)
        assert "What is a lagoon?" in text
        page.keyboard.press("Escape")

    before = export_all(page, tmp_path / "all.zip")
    is_accessible(page)
    told = conversations_in(before)
    assert any(len(one["messages"]) == 3 for one in told)
    page.goto("/chat/?select=1")
    for box in page.locator(".entry input").all():
        box.check()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_text(re.compile("deleted"))).to_be_visible()
    expect(page.locator(".entry")).to_have_count(0)
    assert page.request.get(address).status == 404

    bring_in(page, before, "came in")
    after = conversations_in(export_all(page, tmp_path / "again.zip"))
    assert after == told
    page.goto("/chat/")
    page.locator(".entry").filter(has_text="Lagoon").get_by_role("link").click()
    expect(page.locator(WRITTEN)).to_contain_text(said)
    expect(page.locator(".versions__place")).to_have_text("2/2")


def test_conversations_of_chatgpt_and_open_webui_come_in(
    asking_product: Product, sign_in: Visit, tmp_path: Path
) -> None:
    page = sign_in(asking_product, width=390)
    theirs = {"conversations": [chatgpt()], "webui": [OPEN_WEBUI]}
    for name, found in theirs.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(found))
        bring_in(page, tmp_path / f"{name}.json", "1 conversation came in.")
    is_accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.goto("/chat/search?q=herons")
    page.locator("main .hit").first.click()
    expect(page.locator(".turn--question").first).to_contain_text("Why herons?")
    expect(page.locator(".versions__place").first).to_have_text(re.compile("[12]/2"))
    page.goto("/chat/search?q=terns")
    page.locator("main .hit").first.click()
    reply = page.locator(WRITTEN)
    expect(reply).to_contain_text("They dive.")
    reply.locator(".reasoning summary").click()
    expect(reply.locator(".reasoning__text")).to_contain_text("Hm.")
    is_accessible(page)
