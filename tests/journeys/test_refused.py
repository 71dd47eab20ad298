"""What was written is kept when it is refused."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.journeys.test_attaching import PASTE, choose, picture, seeing
from tests.product import Product

Visit = Callable[..., Page]
SHORT = " [[tokens:12]]"  # tells the stand-in how much to answer


def test_a_refused_message_stays_in_the_composer_with_its_files(
    product: Product, sign_in: Visit
) -> None:
    page = sign_in(product)
    page.goto("/chat/")
    box = page.get_by_label("Message", exact=True)
    files = page.get_by_role("list", name="Attached files").get_by_role("listitem")
    for words in ("What is this?", "And this?"):
        choose(page, "llama-3.3-70b")
        page.evaluate(PASTE, [None, list(picture())])
        expect(files.locator("[name=attached]")).to_have_count(1)
        box.fill(words + SHORT)
        page.get_by_role("button", name="Send").click()
        expect(page.locator("#refusal")).to_contain_text("cannot read pictures")
        expect(box).to_have_value(words + SHORT)
        expect(files).to_have_count(1)
        page.reload()
        expect(box).to_have_value(words + SHORT)
        expect(files).to_have_count(1)
        choose(page, seeing(page))
        page.get_by_role("button", name="Send").click()
        page.wait_for_url(re.compile(r"/chat/\d+/"))
        expect(page.locator(".turn__words").last).to_contain_text(words)
        expect(box).to_have_value("")
        expect(files).to_have_count(0)
        expect(page.get_by_alt_text("Attached picture 1").last).to_be_visible()
