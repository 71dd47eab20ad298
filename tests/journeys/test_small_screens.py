"""On a phone: the drawer, what is said above the conversation, and a keyboard that takes half of the screen."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.looking import is_sound
from tests.journeys.test_first_run import ask
from tests.journeys.test_keeping import bring_in, kept, menu, open_list
from tests.product import Product

Visit = Callable[..., Page]
SHORT = " [[tokens:40]]"  # tells the stand-in how much to answer
WRITTEN = ".turn--reply[data-status=succeeded]"
PHONE = 390


def begin(page: Page, words: str) -> None:
    """Ask in a new conversation and wait for the reply."""
    page.goto("/chat/")
    ask(page, words + SHORT)
    page.wait_for_url(re.compile(r"/chat/\d+/"))
    expect(page.locator(WRITTEN)).to_be_visible()


def test_undo_is_in_sight_after_a_conversation_was_deleted(
    product: Product, sign_in: Visit
) -> None:
    page = sign_in(product, width=PHONE)
    page.set_viewport_size({"width": PHONE, "height": 640})
    begin(page, "What is a dunlin?")
    menu(page)
    page.locator(".conversation__menu").get_by_role("button", name="Delete").click()
    undo = page.get_by_role("button", name="Undo")
    expect(undo).to_be_in_viewport(ratio=1)
    undo.click(trial=True)


def test_the_drawer_shows_the_part_of_the_list_that_was_asked_for(
    product: Product, sign_in: Visit, tmp_path: Path
) -> None:
    page = sign_in(product, width=PHONE)
    bring_in(page, tmp_path, [kept(1)])
    page.goto("/chat/folders/")
    page.get_by_label("Name", exact=True).fill("Birds")
    page.get_by_role("button", name="Make folder").click()
    for part, title in (("Archive", "Archive"), ("Shared with the team",) * 2, ("Birds",) * 2):
        open_list(page)
        page.locator(".conversations__shelves > summary").click()
        page.locator(".conversations__shelves").get_by_role("link", name=part).click()
        expect(page.locator(".conversations__title")).to_have_text(title)
        expect(page.locator(".conversations__title")).to_be_visible()
        is_sound(page)
    page.locator("#conversations").get_by_role("link", name="New").click()
    page.wait_for_url(re.compile("new=1"))
    expect(page.locator("#conversations")).to_be_hidden()


@pytest.mark.parametrize("width", [PHONE, 1280])
def test_an_action_without_a_choice_is_refused_where_one_can_still_choose(
    product: Product, sign_in: Visit, tmp_path: Path, width: int
) -> None:
    page = sign_in(product, width=width)
    bring_in(page, tmp_path, [kept(2)])
    open_list(page)
    page.get_by_label("Select conversations").click()
    page.get_by_role("button", name="Archive", exact=True).click()
    page.get_by_role("button", name="Close").click()  # what is said stands above the drawer
    page.get_by_label("Kept 002").check()
    page.get_by_role("button", name="Archive", exact=True).click()
    expect(page.get_by_role("status").get_by_text("It is in the archive.")).to_be_visible()
    expect(page.locator("#bulk")).to_have_count(0)


def test_send_and_the_last_words_are_in_sight_beside_a_keyboard(
    product: Product, sign_in: Visit
) -> None:
    page = sign_in(product, width=PHONE)
    begin(page, "What is a whimbrel?")
    page.get_by_label("Message", exact=True).fill("\n".join(f"Line {n}" for n in range(6)))
    page.set_viewport_size({"width": PHONE, "height": 400})
    send = page.get_by_role("button", name="Send")
    expect(send).to_be_in_viewport(ratio=1)
    send.click(trial=True)
    expect(page.locator(f"{WRITTEN} .prose")).to_be_in_viewport()
    is_sound(page)


def test_a_notice_leaves_its_words_the_width_beside_its_button(
    product: Product, sign_in: Visit
) -> None:
    page = sign_in(product)
    page.goto("/chat/")
    page.get_by_label("Temporary: leaves nothing behind").check()
    ask(page, "What is a godwit?" + SHORT)
    page.wait_for_url(re.compile(r"/chat/\d+/"))
    notice = page.locator("[data-temporary]")
    end = page.get_by_role("button", name="End and delete")
    right, whole = (one.bounding_box() for one in (end, notice))
    words = notice.locator("p").bounding_box()
    assert right["x"] + right["width"] > whole["x"] + whole["width"] - 24
    assert words["width"] > whole["width"] / 2
