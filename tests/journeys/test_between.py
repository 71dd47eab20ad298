"""From a picture to a conversation about it and back, and a link for somebody outside, in a real browser."""

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing

from playwright.sync_api import Browser, Page, expect

from tests.product import Product


def test_ask_about_pictures_make_one_from_the_answer_and_share_it(
    product: Product, sign_in: Callable[..., Page], browser: Browser
) -> None:
    page = sign_in(product)
    page.goto("/gallery/")
    for number, words in enumerate(("A heron over the lagoon at dawn", "A lighthouse in fog")):
        page.get_by_label("Prompt", exact=True).fill(words)
        page.get_by_role("button", name="Generate").click()
        expect(page.locator("#grid .picture")).to_have_count(number + 1)
    expect(page.locator("#grid .picture__link")).to_have_count(2)

    # Ask about one, and choose the other from the gallery by keyboard.
    page.get_by_role("link", name="A heron over the lagoon").click()
    page.get_by_role("link", name="Ask about this picture").click()
    chosen = page.get_by_role("list", name="Attached files").get_by_role("listitem")
    expect(chosen).to_have_count(1)
    page.get_by_role("link", name="Attach from the gallery").click()
    page.keyboard.type("lighthouse")
    expect(page.locator("[data-pick]")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(chosen).to_have_count(2)
    page.keyboard.type("Which birds are these?")
    page.keyboard.press("Enter")
    reply = page.locator('.turn--reply[data-status="succeeded"]')
    expect(reply).to_be_visible()
    expect(page.locator(".turn__picture")).to_have_count(2)
    expect(chosen).to_have_count(0)

    # Make a picture from some words of the answer; both know of each other.
    words = reply.locator("p").first
    words.select_text()
    said = words.inner_text().strip()
    reply.hover()
    reply.get_by_role("link", name="Make a picture from this").click()
    expect(page.get_by_label("Prompt", exact=True)).to_have_value(said)
    page.get_by_role("button", name="Generate").click()
    made = page.locator(".picture__link").first
    expect(made.get_by_role("img", name=said[:40])).to_be_visible()
    made.click()
    page.get_by_role("link", name=re.compile("Made from")).click()
    expect(page.get_by_role("list", name="Pictures made from this reply")).to_be_visible()
    page.get_by_role("list", name="Pictures made from this reply").get_by_role("link").click()

    # Share it; it is marked, so that it stays hidden until it is asked for.
    with closing(sqlite3.connect(product.data / "studio.sqlite3", timeout=20)) as rows, rows:
        rows.execute("UPDATE gallery_image SET blurred = 1")
    page.get_by_role("link", name="Share").click()
    page.get_by_role("button", name="Make a link").click()
    link = page.get_by_label("Link", exact=True).input_value()
    outside = browser.new_context()
    fetched: list[str] = []
    outside.on("request", lambda request: fetched.append(request.url))
    guest = outside.new_page()
    guest.goto(link)
    picture = guest.get_by_role("img", name="A shared picture")
    expect(guest.get_by_text("Show", exact=False).first).to_be_visible()
    expect(picture).to_be_hidden()
    assert not any("1440.webp" in url for url in fetched)
    guest.keyboard.press("Tab")
    guest.keyboard.press("Space")
    expect(picture).to_be_visible()
    assert outside.cookies() == []

    # End it.
    page.goto("/gallery/shares/")
    page.get_by_role("button", name="End the link").click()
    expect(page.get_by_text("You share nothing by link.")).to_be_visible()
    assert guest.goto(link).status == 410
    expect(guest.get_by_role("heading", name="This link does not work")).to_be_visible()
    outside.close()
