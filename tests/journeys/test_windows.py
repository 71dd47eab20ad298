"""A conversation in several windows, its versions, and what is done with a message that stands there."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.journeys.test_people import is_accessible, pick
from tests.journeys.test_reading import SHORT, WRITTEN, begin, bring_in
from tests.journeys.test_writing import PATIENCE
from tests.product import Product
from venice_site.simulator import Simulator

Visit = Callable[..., Page]
NO_CLIPBOARD = "Object.defineProperty(Navigator.prototype, 'clipboard', { value: undefined })"
LONG = "Herons stand quietly in shallow water. " * 60


def said(number: int, parent: int | None, text: str) -> dict[str, Any]:
    """Return an imported message; whoever answers none or an answer asks."""
    role = "user" if text.endswith("?") else "assistant"
    return {"id": number, "parent": parent, "role": role, "text": text}


def send(page: Page, words: str) -> None:
    box = page.get_by_label("Message", exact=True)
    box.fill(words + SHORT)
    box.press("Enter")


def ask_two_models(page: Page, words: str) -> None:
    """Ask Venice Uncensored and Claude the same, in a new conversation."""
    page.goto("/chat/")
    pick(page, "venice uncensored")
    page.locator("[data-beside-choice] summary").click()
    page.locator("input[name=beside][value=claude-opus-4-5]").check()
    page.keyboard.press("Escape")
    send(page, words)
    page.wait_for_url(re.compile(r"/chat/\d+/"))


def edit(turn: Locator) -> None:
    turn.hover()
    turn.get_by_label("Edit", exact=True).click()


def draw_first(page: Page) -> None:
    """Let the script of the chat come when its page is drawn already, as over a slow line."""
    drawn = "() => document.readyState === 'interactive' && new Promise(requestAnimationFrame)"
    page.route(
        re.compile(r"/js/chat\.\w+\.js"),
        lambda route: (page.wait_for_function(drawn), route.continue_()),
    )


def test_the_chosen_model_is_asked_again_and_asked_in_other_words(
    asking_product: Product, sign_in: Visit
) -> None:
    page = sign_in(asking_product)
    begin(page, "What is a heron?" + SHORT)
    reply = page.locator(WRITTEN)
    expect(reply).to_have_count(1)
    pick(page, "llama 3.3")
    reply.hover()
    reply.get_by_role("button", name="Try again").click()
    expect(page.locator(".versions__place")).to_have_text("2/2")
    expect(page.locator(f"{WRITTEN} .speaker")).to_have_text("Llama 3.3 70B")

    pick(page, "venice uncensored")
    question = page.locator(".turn--question")
    edit(question)
    question.get_by_label("Other words").fill("What is a stork?" + SHORT)
    question.get_by_role("button", name="Ask again").click()
    expect(question.locator(".turn__words")).to_have_text("What is a stork?" + SHORT)
    expect(page.locator(f"{WRITTEN} .speaker")).to_have_text(re.compile("^Venice Uncensored"))


def test_one_of_several_replies_is_tried_again_with_its_own_model(
    own_product: Product, venice: Simulator, sign_in: Visit
) -> None:
    page = sign_in(own_product)
    ask_two_models(page, "Which is the tallest?")
    replies = page.locator(f".beside > {WRITTEN}")
    expect(replies).to_have_count(2, timeout=PATIENCE)
    replies.last.hover()
    replies.last.get_by_role("button", name="Try again").click()
    expect(page.locator(".versions__place")).to_have_text("2/2")
    expect(replies).to_have_count(2, timeout=PATIENCE)
    asked = [r.body["model"] for r in venice.requests if r.path == "/chat/completions"]
    assert [model for model in asked if "claude" in model] == ["claude-opus-4-5"] * 2


def test_words_that_nobody_changes_are_not_laid_out(
    asking_product: Product, sign_in: Visit, tmp_path: Path
) -> None:
    page = sign_in(asking_product)
    bring_in(page, tmp_path, "Closed forms", [said(1, None, "What?"), said(2, 1, "That.")])
    question = page.locator(".turn--question")
    shown = "form => getComputedStyle(form).display"
    form = question.locator(".turn__edit > form")
    assert form.evaluate(shown) == "none"
    edit(question)
    expect(form).to_be_visible()
    assert form.evaluate(shown) != "none"


def test_another_window_hears_of_what_is_said(asking_product: Product, sign_in: Visit) -> None:
    page = sign_in(asking_product)
    begin(page, "What is a heron?" + SHORT)
    expect(page.locator(WRITTEN)).to_have_count(1)
    other = page.context.new_page()
    other.goto(page.url)
    expect(other.locator(WRITTEN)).to_have_count(1)
    send(page, "And a stork?")
    expect(other.locator(WRITTEN)).to_have_count(2)
    send(other, "And a crane?")
    expect(other.locator(WRITTEN)).to_have_count(3)
    expect(page.locator(WRITTEN)).to_have_count(3)
    for window in (page, other):
        expect(window.locator(".turn__words")).to_have_count(3)
        expect(window.locator(".versions")).to_have_count(0)


def test_another_version_is_shown_where_it_stands(
    asking_product: Product, sign_in: Visit, tmp_path: Path
) -> None:
    messages = [said(1, None, "First?"), said(2, 1, "One version."), said(3, 1, "The other one.")]
    for number in range(4, 20, 4):
        for version, end in enumerate((2, 3)):
            before = end if number == 4 else number - 3 + 2 * version
            at = number + 2 * version
            messages += [said(at, before, "And?"), said(at + 1, at, LONG)]
    page = sign_in(asking_product)
    bring_in(page, tmp_path, "Versions", messages)
    reply = page.locator(".turn--reply").first
    expect(reply).to_contain_text("The other one.")
    reply.hover()
    draw_first(page)
    reply.get_by_label("Earlier version").click()
    expect(reply).to_contain_text("One version.")
    expect(page).to_have_url(re.compile(r"\?at=(\d+)#message-\1$"))
    page.wait_for_load_state()
    expect(reply).to_be_in_viewport()
    page.evaluate(
        "() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))"
    )
    expect(reply).to_be_in_viewport()
    expect(page.get_by_label("Message", exact=True)).not_to_be_focused()
    expect(page.get_by_role("button", name="Go to the end")).to_be_visible()


def test_copying_needs_no_secure_connection_and_says_when_it_fails(
    asking_product: Product, sign_in: Visit, tmp_path: Path
) -> None:
    page = sign_in(asking_product)
    page.add_init_script(NO_CLIPBOARD)
    bring_in(page, tmp_path, "To copy", [said(1, None, "What?"), said(2, 1, "A heron.")])
    here = page.url
    reply = page.locator(WRITTEN)
    reply.get_by_label("Copy", exact=True).click()
    expect(reply.get_by_label("Copy", exact=True)).to_have_text("✓")
    assert page.url == here
    box = page.get_by_label("Message", exact=True)
    box.focus()
    page.keyboard.press("Control+V")
    expect(box).to_have_value("A heron.")
    box.fill("")
    expect(reply.get_by_label("Copy", exact=True).locator("svg")).to_be_visible()
    page.context.set_offline(True)
    reply.get_by_label("Copy", exact=True).click()
    expect(page.locator(".toast--fail")).to_contain_text("was not copied")
    assert page.url == here


def test_a_copied_link_is_said_to_be_copied(
    asking_product: Product, sign_in: Visit, tmp_path: Path
) -> None:
    page = sign_in(asking_product)
    bring_in(page, tmp_path, "To share", [said(1, None, "Who?"), said(2, 1, "A stork.")])
    page.goto(page.url.split("?")[0] + "sharing")
    page.locator("button[value=link]").click()
    page.locator("[data-copy]").click()
    expect(page.locator(".toast", has_text="Copied")).to_be_visible()


@pytest.mark.parametrize("width", [1280, 390])
def test_the_button_for_prompts_says_that_there_are_none(
    asking_product: Product, sign_in: Visit, width: int
) -> None:
    page = sign_in(asking_product, width=width)
    page.goto("/chat/")
    box = page.get_by_label("Message", exact=True)
    box.fill("Please")
    opener = page.locator("[data-prompts]")
    for _ in range(2):
        opener.click()
        expect(page.get_by_text("No prompts yet.").first).to_be_visible()
        expect(box).to_have_value("Please")
        expect(box).to_be_focused()
    is_accessible(page)
    page.keyboard.press("Escape")
    expect(page.locator(".slash--none")).to_be_hidden()
    opener.click()
    page.locator(".slash--none a").click()
    page.wait_for_url("**/chat/prompts/new")


def test_the_button_for_prompts_types_one_slash(product: Product, sign_in: Visit) -> None:
    page = sign_in(product)
    page.goto("/chat/prompts/new")
    page.get_by_label("Name", exact=True).fill("Explain")
    page.get_by_label("Text").fill("Explain tides.")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Explain is saved.")).to_be_visible()
    page.goto("/chat/")
    box = page.get_by_label("Message", exact=True)
    for _ in range(2):
        page.locator("[data-prompts]").click()
        expect(page.get_by_role("option", name="Explain")).to_be_visible()
        expect(box).to_have_value("/")
    page.keyboard.press("Enter")
    expect(box).to_have_value("Explain tides.")


@pytest.mark.parametrize("width", [1280, 390])
def test_editing_a_question_can_be_left_again(
    asking_product: Product, sign_in: Visit, tmp_path: Path, width: int
) -> None:
    page = sign_in(asking_product, width=width)
    bring_in(page, tmp_path, "To edit", [said(1, None, "A heron?"), said(2, 1, "Yes.")])
    question = page.locator(".turn--question")
    edit(question)
    words = question.get_by_label("Other words")
    words.fill("A stork?")
    pencil = question.get_by_label("Edit", exact=True)
    sides = "one => { const box = one.getBoundingClientRect(); return [box.left, box.right]; }"
    assert abs(pencil.evaluate(sides)[1] - words.evaluate(sides)[1]) < 8
    is_accessible(page)
    question.get_by_role("button", name="Cancel").click()
    expect(words).to_be_hidden()
    expect(pencil).to_be_focused()
    edit(question)
    expect(words).to_have_value("A heron?")


def test_nothing_leads_to_the_end_when_all_is_seen(
    asking_product: Product, sign_in: Visit, tmp_path: Path
) -> None:
    page = sign_in(asking_product)
    page.set_viewport_size({"width": 1280, "height": 500})
    bring_in(page, tmp_path, "Not much", [said(1, None, "Herons?"), said(2, 1, LONG[:2000])])
    latest = page.get_by_role("button", name="Go to the end")
    page.locator("#scroll").hover()
    page.mouse.wheel(0, -5000)
    expect(latest).to_be_visible()
    page.wait_for_function("() => document.getElementById('scroll').scrollTop === 0")
    page.set_viewport_size({"width": 1280, "height": 1400})
    expect(latest).to_be_hidden()


def test_who_presses_a_button_that_goes_away_by_keyboard_keeps_a_place(
    own_product: Product, venice: Simulator, sign_in: Visit
) -> None:
    page = sign_in(own_product)
    box = page.get_by_label("Message", exact=True)
    begin(page, "What is a heron?" + SHORT)
    again = page.get_by_role("button", name="Try again")
    again.press("Enter")
    expect(page.locator(".versions__place")).to_have_text("2/2")
    expect(box).to_be_focused()
    expect(page.locator(WRITTEN)).to_have_count(1)
    again.focus()
    page.route(re.compile("/again$"), lambda route: route.fulfill(status=503))
    page.keyboard.press("Enter")
    expect(page.get_by_text("The database is busy.")).to_be_visible()
    expect(again).to_be_focused()
    page.get_by_label("Edit", exact=True).press("Enter")
    page.get_by_label("Other words").fill("What is a stork?" + SHORT)
    page.get_by_role("button", name="Ask again").press("Enter")
    expect(page.locator(".turn__words")).to_have_text("What is a stork?" + SHORT)
    expect(box).to_be_focused()


def test_one_of_several_models_is_stopped_by_keyboard_while_the_others_write_on(
    own_product: Product, venice: Simulator, sign_in: Visit
) -> None:
    page = sign_in(own_product)
    with venice.hold(path="/chat/completions", after_tokens=5, times=2) as gate:
        ask_two_models(page, "Which is the tallest?")
        assert gate.wait_for(2, timeout=30)
        page.evaluate(
            """() => document.body.addEventListener("reply-ended", () => {
              document.body.dataset.marks = document.querySelectorAll(".entry__writing").length;
            })"""
        )
        page.get_by_role("button", name=re.compile("^Stop Claude")).press("Enter")
        expect(page.locator(".turn--reply[data-status=cancelled]")).to_have_count(1)
        expect(page.get_by_label("Message", exact=True)).to_be_focused()
        expect(page.locator("body")).to_have_attribute("data-marks", "1")
    expect(page.locator("[data-stream]")).to_have_count(0)
    expect(page.locator("body")).to_have_attribute("data-marks", "0")
    expect(page.locator("#reply-news > p")).to_have_text(
        [re.compile("was stopped"), re.compile("is finished")]
    )


def test_the_focus_stays_on_a_line_of_the_list_while_a_reply_is_written(
    asking_product: Product, asked_venice: Simulator, sign_in: Visit
) -> None:
    page = sign_in(asking_product)
    asks = re.compile(r"/chat/\d+/entry")
    with asked_venice.hold(path="/chat/completions", after_tokens=5) as gate:
        begin(page, "What is a rail?" + SHORT)
        assert gate.wait_for(1, timeout=30)
        expect(
            page.get_by_label("Message", exact=True)
        ).to_be_focused()  # as it is when the page opens
        line = page.locator(".entry__link[aria-current]")
        with page.expect_response(asks):
            line.focus()
        with page.expect_response(asks):  # the line was drawn anew before this
            pass
        expect(line).to_be_focused()
