"""Leaving a page and coming back to it: reloads, other tabs, and Back."""

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.test_attaching import DROP
from tests.journeys.test_first_run import ask
from tests.journeys.test_keeping import menu
from tests.product import Product
from tests.waiting import eventually

Visit = Callable[..., Page]
SHORT = " [[tokens:12]]"  # tells the stand-in how much to answer
WRITTEN = ".turn--reply[data-status=succeeded]"


def minutes_left(product: Product) -> float:
    """Return how long the newest temporary conversation will still be there."""
    with closing(sqlite3.connect(product.data / "studio.sqlite3", timeout=20)) as rows:
        asked = "SELECT temporary_until FROM chat_conversation ORDER BY id DESC"
        until = datetime.fromisoformat(rows.execute(asked).fetchone()[0]).replace(tzinfo=UTC)
    return (until - datetime.now(UTC)).total_seconds() / 60


def test_a_temporary_conversation_stays_while_a_page_of_it_is_open(
    product: Product, sign_in: Visit
) -> None:
    page = sign_in(product)
    page.goto("/chat/")
    page.get_by_label("Temporary: leaves nothing behind").check()
    ask(page, "What is a numbat?" + SHORT)
    page.wait_for_url(re.compile(r"/chat/\d+/"))
    expect(page.locator(WRITTEN)).to_be_visible()

    def is_let_go() -> None:
        eventually(lambda: minutes_left(product) < 2, 20, "the server knows that a page was closed")

    def is_kept() -> None:
        eventually(lambda: minutes_left(product) > 50, 40, "the server knows that a page is open")

    with page.expect_response(re.compile("/stay$")):
        page.reload()
    is_kept()
    other = page.context.new_page()
    other.goto(page.url)
    expect(other.locator(WRITTEN)).to_be_visible()
    other.goto("/usage/")
    is_let_go()
    is_kept()
    page.goto("/usage/")
    is_let_go()


@pytest.mark.parametrize("address", ["/chat/", "/chat/?settings=1"])
def test_back_brings_no_message_again_that_began_a_conversation(
    product: Product, sign_in: Visit, address: str
) -> None:
    page = sign_in(product)
    page.goto(address)
    box = page.get_by_label("Message", exact=True)
    files = page.get_by_role("list", name="Attached files").get_by_role("listitem")
    page.evaluate(DROP, ["birds.csv", "bird,legs\nheron,1\n"])
    expect(files).to_contain_text("about 5 tokens")
    ask(page, "What is a quoll?" + SHORT)
    page.wait_for_url(re.compile(r"/chat/\d+/"))
    first = page.url
    expect(page.locator(WRITTEN)).to_be_visible()
    page.go_back()
    expect(page.locator("#conversation-title")).to_have_text("New conversation")
    expect(page.locator(".entry")).not_to_have_count(0)
    page.wait_for_load_state("networkidle")
    expect(box).to_have_value("")
    expect(files).to_have_count(0)
    box.fill("And a dunnart?" + SHORT)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/chat/\d+/"))
    assert page.url != first
    expect(page.locator(".turn__words")).to_have_text("And a dunnart?" + SHORT)


def test_back_offers_no_undo_of_what_was_brought_back(product: Product, sign_in: Visit) -> None:
    page = sign_in(product)
    page.goto("/chat/")
    ask(page, "What is a potoroo?" + SHORT)
    page.wait_for_url(re.compile(r"/chat/\d+/"))
    expect(page.locator(WRITTEN)).to_be_visible()
    menu(page)
    page.get_by_role("button", name="Delete conversation").click()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("button", name="Undo")).to_have_count(0)
    page.go_back()
    page.wait_for_url(re.compile("deleted="))
    expect(page.get_by_label("Message", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Undo")).to_have_count(0)
