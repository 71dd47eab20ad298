"""A new team's first minutes: sign in, a picture, a reply, a restart."""

import re
from collections.abc import Callable

import requests
from playwright.sync_api import Page, expect

from tests.product import Product

Visit = Callable[..., Page]


def make_picture(page: Page, prompt: str, **settings: str) -> None:
    page.goto("/gallery/")
    page.get_by_label("Prompt", exact=True).fill(prompt)
    for label, value in settings.items():
        field = page.get_by_label(label.replace("_", " "), exact=True)
        if not field.is_visible():
            page.get_by_text("More", exact=True).first.click()
        field.fill(value)
    page.get_by_role("button", name="Generate").click()


def finished(page: Page, prompt: str):
    return page.locator('[data-status="succeeded"]').get_by_alt_text(prompt, exact=True)


def ask(page: Page, message: str) -> None:
    page.get_by_label("Message").fill(message)
    page.get_by_role("button", name="Send").click()


def test_a_wrong_password_is_said_and_lets_nobody_in(product: Product, visit: Visit) -> None:
    page = visit(product)
    page.goto("/gallery/")
    page.get_by_label("Username").fill(product.username)
    page.get_by_label("Password").fill("not the password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text(re.compile("password", re.IGNORECASE))
    page.goto("/gallery/")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


def test_the_first_picture_is_three_clicks_from_home(product: Product, sign_in: Visit) -> None:
    page = sign_in(product)
    page.goto("/")
    expect(page.get_by_text("stand-in").first).to_be_visible()
    page.get_by_label("Prompt", exact=True).fill("a lighthouse at sunset")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Generate").click()
    expect(finished(page, "a lighthouse at sunset")).to_be_visible()


def test_the_same_seed_makes_the_same_picture(product: Product, sign_in: Visit) -> None:
    page = sign_in(product)
    make_picture(page, "two foxes in the snow", Seed="4711")
    expect(finished(page, "two foxes in the snow")).to_have_count(1)
    make_picture(page, "two foxes in the snow", Seed="4711")
    expect(finished(page, "two foxes in the snow")).to_have_count(2)
    pictures = finished(page, "two foxes in the snow").all()
    sources = {picture.evaluate("image => image.currentSrc") for picture in pictures}
    cookies = {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}
    bodies = {requests.get(source, cookies=cookies, timeout=10).content for source in sources}
    assert len(bodies) == 1


def test_a_reply_is_complete_although_the_tab_was_closed_at_once(
    product: Product, sign_in: Visit
) -> None:
    page = sign_in(product)
    page.goto("/chat/")
    ask(page, "Tell me about tides. [[tokens:120]]")
    page.wait_for_url(re.compile(r"/chat/\d+/"))
    address = page.url
    context = page.context
    page.close()
    again = context.new_page()
    again.goto(address)
    expect(again.locator('[data-status="succeeded"]')).to_have_count(1)
    assert len(again.locator('[data-status="succeeded"]').inner_text()) > 200


def test_everything_is_still_there_after_a_restart(product: Product, sign_in: Visit) -> None:
    page = sign_in(product)
    make_picture(page, "a harbour in the fog")
    expect(finished(page, "a harbour in the fog")).to_be_visible()
    page.goto("/chat/")
    ask(page, "What is a harbour for?")
    page.wait_for_url(re.compile(r"/chat/\d+/"))
    expect(page.locator('[data-status="succeeded"]')).to_have_count(1)
    address = page.url
    said = page.locator('[data-status="succeeded"]').inner_text()

    assert product.stop() == 0
    product.start()

    page.goto(address)
    assert page.locator('[data-status="succeeded"]').inner_text()[:60] == said[:60]
    page.goto("/gallery/")
    expect(finished(page, "a harbour in the fog")).to_be_visible()


def test_two_tabs_show_one_reply_as_it_is_written(product: Product, sign_in: Visit) -> None:
    page = sign_in(product)
    page.goto("/chat/")
    ask(page, "Describe the sea at length. [[tokens:200]]")
    page.wait_for_url(re.compile(r"/chat/\d+/"))
    other = page.context.new_page()
    other.goto(page.url)
    for tab in (page, other):
        expect(tab.locator('[data-status="succeeded"]')).to_have_count(1)
    words = [tab.locator('[data-status="succeeded"]').inner_text()[:200] for tab in (page, other)]
    assert words[0] == words[1]
