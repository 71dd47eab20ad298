"""Models, personas and prompts in a browser: by keyboard at a desk, by thumb on a phone."""

import re
from collections.abc import Callable

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.product import Product

Visit = Callable[..., Page]
ANSWERED = '.turn--reply[data-status="succeeded"]'


def pick(page: Page, words: str) -> None:
    """Choose the first model that fits some words, by keyboard alone."""
    page.get_by_role("button", name=re.compile("^Model:")).press("Enter")
    models = page.get_by_role("dialog", name="Models")
    expect(models.get_by_role("option").first).to_be_visible()
    page.keyboard.type(words)
    page.keyboard.press("Enter")
    expect(models).to_be_hidden()


def is_accessible(page: Page) -> None:
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa"]})
    assert found.violations_count == 0, found.generate_report()


def test_a_persona_a_prompt_and_two_models_in_one_conversation(
    product: Product, sign_in: Visit
) -> None:
    page = sign_in(product)
    page.goto("/chat/personas/new")
    page.get_by_label("Name", exact=True).fill("Ada")
    page.get_by_label("System prompt").fill("You are Ada, a patient teacher.")
    page.get_by_label("Web search").select_option("on")
    page.get_by_role("button", name="Save").click()
    page.goto("/chat/prompts/new")
    page.get_by_label("Name", exact=True).fill("Explain")
    page.get_by_label("Text").fill("Explain {{topic}} to {{who}}.")
    page.get_by_role("button", name="Save").click()

    page.goto("/chat/personas/")
    page.get_by_role("link", name="Talk to Ada").first.click()
    pick(page, "venice uncensored")
    message = page.get_by_label("Message", exact=True)
    message.press_sequentially("Please /expl")
    expect(page.get_by_role("option", name="Explain")).to_be_visible()
    page.keyboard.press("Enter")
    page.get_by_label("topic").fill("the news of today")
    page.get_by_label("who").fill("sailors")
    page.get_by_role("button", name="Put into the message").click()
    expect(message).to_have_value("Please Explain the news of today to sailors.")
    is_accessible(page)
    message.press("Enter")

    page.wait_for_url(re.compile(r"/chat/\d+/"))
    first = page.locator(ANSWERED).first
    expect(first).to_contain_text("Ada, Venice Uncensored")
    expect(first.get_by_role("link", name="A first source")).to_be_visible()
    expect(page.locator("#outlook .gauge")).to_be_visible()
    first.get_by_label("Facts").press("Enter")
    expect(first.get_by_text("Tokens out")).to_be_visible()
    page.keyboard.press("Escape")

    pick(page, "glm")
    page.get_by_label("Thinking", exact=True).select_option("high")
    expect(page.get_by_label("Thinking", exact=True)).to_have_value("high")
    pick(page, "llama")
    expect(page.locator("#outlook")).to_contain_text("it thinks as usual")
    message.fill("And in short?")
    message.press("Enter")
    expect(page.locator(ANSWERED)).to_have_count(2)
    expect(page.locator(ANSWERED).last).to_contain_text("Ada, Llama")
    is_accessible(page)


def test_a_model_chosen_in_the_moment_an_answer_is_put_in_is_followed(
    product: Product, sign_in: Visit
) -> None:
    page = sign_in(product)
    page.goto("/chat/")
    outlook = page.locator("#outlook")
    pick(page, "glm")
    expect(outlook.get_by_label("Thinking", exact=True)).to_be_visible()
    page.evaluate(
        """() => {
          const model = document.getElementById("composer").elements.model;
          new MutationObserver((_, observer) => {
            observer.disconnect();
            model.value = [...model.options].find((option) => option.text.startsWith("Llama 3.3")).value;
            model.dispatchEvent(new Event("change", { bubbles: true }));
          }).observe(document.getElementById("outlook").parentElement, { childList: true });
        }"""
    )
    outlook.get_by_label("Thinking", exact=True).select_option("high")
    expect(page.get_by_role("button", name=re.compile("^Model: .*Llama 3.3"))).to_be_visible()
    expect(outlook).to_contain_text("Llama 3.3 70B cannot be told to think “high”")


def test_a_phone_shows_models_and_prompts_without_scrolling_sideways(
    product: Product, sign_in: Visit
) -> None:
    page = sign_in(product, width=390)
    for where in ("/chat/models", "/chat/characters/", "/chat/personas/new", "/chat/prompts/"):
        page.goto(where)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, where
    page.goto("/chat/prompts/new")
    page.get_by_label("Name", exact=True).fill("Tides")
    page.get_by_label("Text").fill("When is high tide?")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Tides is saved.")).to_be_visible()
    page.goto("/chat/")
    page.get_by_role("button", name=re.compile("^Model:")).click()
    page.get_by_role("option", name=re.compile("Gemma")).first.click()
    expect(page.get_by_role("button", name=re.compile("^Model: .*Gemma"))).to_be_visible()
    page.get_by_role("link", name="Prompts").last.click()
    expect(page.get_by_label("Message", exact=True)).to_have_value("/")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
