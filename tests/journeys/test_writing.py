"""Writing on: a queue that goes on by itself, a draft that follows, models side by side, a fork."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.test_first_run import ask
from tests.product import Product
from venice_site.simulator import Simulator

Visit = Callable[..., Page]
SHORT = " [[tokens:20]]"  # tells the stand-in how much to answer
PATIENCE = 60_000  # milliseconds, for replies that are written one after another


@pytest.mark.parametrize("width", [1280, 390])
def test_writing_on_while_models_answer(
    own_product: Product, venice: Simulator, sign_in: Visit, width: int
) -> None:
    page = sign_in(own_product, width=width)
    page.goto("/chat/")
    gate = venice.hold(path="/chat/completions")
    ask(page, "What is a heron?" + SHORT)
    page.wait_for_url(re.compile(r"/chat/\d+/"))
    talk = page.url
    other = page.context.new_page()
    other.goto(talk)

    # What is sent meanwhile waits, can be changed, and goes on by itself when the reply has ended.
    box = page.get_by_label("Message", exact=True)
    send = page.locator("[data-send]")
    for text in ("And a stork?", "And a crane?"):
        box.fill(text + SHORT)
        expect(send).to_have_text("Send next")
        box.press("Enter")
        expect(page.locator(".queued").filter(has_text=text)).to_be_visible()
        expect(box).to_have_value("")
    first = page.locator(".queued").first
    first.get_by_label("Edit the waiting message").click()
    first.get_by_label("Other words for the waiting message").fill("And a spoonbill?" + SHORT)
    first.get_by_role("button", name="Save").click()
    expect(first).to_contain_text("And a spoonbill?")
    page.locator(".queued").last.get_by_role("button", name="Send next").click()
    expect(page.locator(".queued").first).to_contain_text("And a crane?")

    # A draft is there in another window.
    box.fill("A thought for later")
    with page.expect_response(re.compile(r"/draft$")):
        pass
    gate.open()
    written = ".turn--reply[data-status=succeeded]"
    expect(page.locator(written)).to_have_count(3, timeout=PATIENCE)
    expect(page.locator(".queued")).to_have_count(0)
    expect(page.locator(".turn__words")).to_have_text(
        [text + SHORT for text in ("What is a heron?", "And a crane?", "And a spoonbill?")]
    )
    expect(other.locator(written)).to_have_count(3, timeout=PATIENCE)
    other.reload()
    expect(other.get_by_label("Message", exact=True)).to_have_value("A thought for later")
    expect(box).to_have_value("A thought for later")

    # Several models at once; one is gone on with.
    box.fill("word " * 8_000)
    expect(page.locator("#outlook")).to_contain_text("With the answer it may cost")
    page.locator("[data-beside-choice] summary").click()
    page.locator("input[name=beside][value=claude-opus-4-5]").check()
    expect(page.locator("[data-beside-count]")).to_have_text("2 models")
    expect(page.locator("#outlook")).to_contain_text("in all, to 2 models.")
    page.keyboard.press("Escape")
    box.fill("Which is the tallest?" + SHORT)
    box.press("Enter")
    columns = page.locator(".beside > .turn")
    expect(columns).to_have_count(2)
    expect(page.locator(f".beside > {written}")).to_have_count(2, timeout=PATIENCE)
    other.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")  # seen again
    expect(other.locator(".beside > .turn")).to_have_count(2)
    if width == 1280:
        tops = {round(column.bounding_box()["y"]) for column in columns.all()}
        assert len(tops) == 1
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    columns.last.get_by_role("button", name="Go on with").click()
    expect(page.locator(".beside")).to_have_count(0)
    expect(page.locator(".versions__place").last).to_have_text("2/2")
    expect(page.get_by_label("Model")).to_have_value("claude-opus-4-5")

    # A fork leads to where it came from, and back.
    page.locator(".turn--reply").first.hover()
    page.get_by_role("button", name="Fork from here").nth(1).click()
    expect(page.get_by_text("Forked from")).to_be_visible()
    assert page.url != talk
    expect(page.locator(".turn")).to_have_count(2)
    page.get_by_text("Forked from").get_by_role("link").click()
    expect(page.get_by_text("Forked here:")).to_be_visible()


def test_what_began_a_conversation_is_no_draft_any_more(product: Product, sign_in: Visit) -> None:
    page = sign_in(product)
    page.goto("/chat/")
    ask(page, "What is a bittern?" + SHORT)
    page.wait_for_url(re.compile(r"/chat/\d+/"))
    page.goto("/chat/")
    expect(page.get_by_label("Message", exact=True)).to_have_value("")
