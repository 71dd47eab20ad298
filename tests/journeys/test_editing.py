"""From one picture to others: edits and their lineage, the page of a picture by keyboard, and two compared."""

import re
from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from tests.journeys.looking import is_sound
from tests.journeys.test_composing import compose, order, stored
from tests.journeys.test_first_run import finished
from tests.product import Product

Visit = Callable[..., Page]
TOAST = (
    """document.dispatchEvent(new CustomEvent("toast", { detail: { text: "Look at this." } }))"""
)


def made_here(page: Page) -> None:
    """Wait on the page of a picture until there is one."""
    expect(page.locator('.viewer[data-status="succeeded"]')).to_be_visible()


def lineage(page: Page) -> Locator:
    return page.get_by_role("region", name="Lineage")


def press(page: Page, key: str) -> None:
    """Press a key on a page that has just come, once its scripts listen."""
    page.wait_for_load_state()
    page.keyboard.press(key)


def select(card: Locator, *keys: str) -> None:
    """Click the box of a picture, which appears under the pointer."""
    card.scroll_into_view_if_needed()
    card.hover()
    card.get_by_role("checkbox").click(modifiers=list(keys))


def make_another(page: Page, button: str) -> None:
    page.locator("summary", has_text="Make another of it").click()
    page.get_by_role("button", name=button).click()


def test_pictures_are_made_of_pictures_and_know_of_each_other(
    product: Product, sign_in: Visit
) -> None:
    page = sign_in(product)
    compose(page)
    order(page, "a {lighthouse|windmill} by the sea")
    expect(finished(page, "a lighthouse by the sea")).to_have_count(1)
    expect(finished(page, "a windmill by the sea")).to_have_count(1)
    finished(page, "a lighthouse by the sea").click()
    page.wait_for_url("**/images/**")
    first = page.url.split("?")[0]
    is_sound(page)

    # Larger.
    make_another(page, "Upscale 2x")
    page.wait_for_url(lambda url: not url.startswith(first))
    made_here(page)
    is_sound(page)
    lineage(page).get_by_role("link", name="Made of: a lighthouse by the sea").click()
    page.wait_for_url(f"{first}**")
    expect(lineage(page).get_by_role("link", name=re.compile("^Upscaled"))).to_be_visible()

    # Without what is behind it.
    make_another(page, "Remove background")
    page.wait_for_url(lambda url: not url.startswith(first))
    made_here(page)
    expect(lineage(page).get_by_role("link", name=re.compile("^Made o"))).to_be_visible()

    # By instruction.
    page.goto(first)
    page.locator("summary", has_text="Make another of it").click()
    page.get_by_role("link", name="Edit", exact=True).click()
    expect(page.get_by_role("heading", name="Edit this picture")).to_be_visible()
    page.get_by_label("Model", exact=True).select_option(label="Nano Banana 2")
    expect(page.get_by_role("radio", name="4K")).to_be_visible()
    is_sound(page)
    page.get_by_role("button", name="Edit", exact=True).click()
    expect(page.get_by_text("Write what should change.")).to_be_visible()
    page.get_by_label("What should change").fill("make it snow")
    page.get_by_role("button", name="Edit", exact=True).click()
    page.wait_for_url("**/images/**")
    made_here(page)
    expect(page.locator("#prompt-text")).to_have_text("make it snow")
    page.goto(first)
    expect(lineage(page).get_by_role("link")).to_have_count(3)

    # Other seeds.
    make_another(page, "4 variations")
    expect(finished(page, "a lighthouse by the sea")).to_have_count(7)

    # One of two.
    for words in ("a windmill by the sea", "make it snow"):
        select(page.locator("#grid .picture", has=page.get_by_alt_text(words, exact=True)).first)
    expect(page.get_by_text("2 selected")).to_be_visible()
    is_sound(page)
    page.get_by_role("button", name="Edit", exact=True).click()
    expect(page.get_by_role("heading", name="Edit 2 pictures")).to_be_visible()
    expect(page.get_by_role("radio", name="One of all")).to_be_checked()
    is_sound(page)
    page.get_by_label("What should change").fill("put both on one island")
    page.get_by_role("button", name="Edit", exact=True).click()
    page.wait_for_url("**/images/**")
    made_here(page)
    expect(lineage(page).get_by_role("link", name=re.compile("^Made o"))).to_have_count(2)
    lineage(page).get_by_role("link", name="Made of: a windmill by the sea").click()
    expect(page.locator("#prompt-text")).to_have_text("a windmill by the sea")
    expect(lineage(page).get_by_role("link", name=re.compile("^Combined"))).to_be_visible()

    kinds = stored(
        product, "SELECT kind, count(*) FROM gallery_generation GROUP BY kind ORDER BY 1"
    )
    assert dict(kinds) == {"combine": 1, "cutout": 1, "edit": 1, "generate": 3, "upscale": 1}


def test_pictures_are_looked_at_marked_and_deleted_by_keyboard(
    product: Product, sign_in: Visit
) -> None:
    page = sign_in(product)
    compose(page)
    order(page, "kingfisher {one|two|three}")
    for number in ("one", "two", "three"):
        expect(finished(page, f"kingfisher {number}")).to_have_count(1)
    cards = page.locator("#grid .picture")
    expect(cards.locator(".picture__link")).to_have_count(cards.count())
    cards.nth(0).locator(".picture__link").click()
    words = page.locator("#prompt-text")
    expect(words).to_have_text("kingfisher three")
    press(page, "ArrowRight")
    expect(words).to_have_text("kingfisher two")
    press(page, "ArrowLeft")
    expect(words).to_have_text("kingfisher three")
    press(page, "f")
    expect(page.get_by_role("button", name="Favourite")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("4")
    expect(page.get_by_role("button", name="Take the rating away")).to_have_count(1)
    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keys")
    expect(keys.get_by_text("Newer and older picture")).to_be_visible()
    is_sound(page)
    page.keyboard.press("Escape")
    expect(keys).to_be_hidden()
    page.keyboard.press("/")
    expect(page.get_by_role("dialog", name="Search")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Search")).to_be_hidden()

    page.keyboard.press("Delete")
    expect(page.get_by_text("Deleted.")).to_be_visible()
    is_sound(page)
    expect(finished(page, "kingfisher three")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("button", name="Undo")).to_have_count(0)
    expect(finished(page, "kingfisher three")).to_have_count(1)
    press(page, "/")
    expect(page.get_by_label("Search pictures")).to_be_focused()
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("Escape")

    select(cards.nth(0))
    select(cards.nth(2), "Shift")
    expect(page.get_by_text("3 selected")).to_be_visible()
    expect(page.get_by_role("button", name="Compare")).to_be_disabled()
    is_sound(page)
    select(cards.nth(1))
    expect(page.get_by_text("2 selected")).to_be_visible()
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        page.evaluate(TOAST)
        toast = page.locator(".toast", has_text="Look at this.").bounding_box()
        bar = page.get_by_role("group", name="Selected pictures").bounding_box()
        assert toast["y"] + toast["height"] <= bar["y"]
    page.get_by_role("button", name="Compare").click()
    slide = page.get_by_role("slider", name="Border between left and right")
    expect(slide).to_be_visible()
    slide.focus()
    page.keyboard.press("Home")
    expect(page.locator("[data-comparison]")).to_have_attribute("style", "--border: 0%;")
    different = page.get_by_role("row", name=re.compile("Prompt ?, different"))
    expect(different).to_contain_text("kingfisher three")
    expect(different).to_contain_text("kingfisher one")
    is_sound(page)
    page.get_by_role("link", name="Gallery", exact=True).last.click()
    expect(cards.nth(0)).to_be_visible()
