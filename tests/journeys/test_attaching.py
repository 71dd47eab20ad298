"""Files in the composer: pasted, dropped and picked, on the desktop and on a phone."""

import re
from collections.abc import Callable
from io import BytesIO

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.product import Product

Visit = Callable[..., Page]
PASTE = """([words, bytes]) => {
  const data = new DataTransfer();
  if (words) data.setData("text/plain", words);
  if (bytes) data.items.add(new File([new Uint8Array(bytes)], "image.png", { type: "image/png" }));
  document.getElementById("id_text").dispatchEvent(
    new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
}"""
DROP = """([name, words]) => {
  const data = new DataTransfer();
  data.items.add(new File([words], name));
  for (const kind of ["dragover", "drop"]) {
    document.getElementById("composer").dispatchEvent(
      new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true }));
  }
}"""
LINES = "\n".join(f"Line {number} of what I copied." for number in range(70))


def picture() -> bytes:
    target = BytesIO()
    Image.new("RGB", (320, 200), "teal").save(target, "PNG")
    return target.getvalue()


def seeing(page: Page) -> str:
    """Return a model that reads pictures."""
    models = page.evaluate("JSON.parse(document.querySelector('[data-models]').dataset.models)")
    return next(one for one, facts in models.items() if facts["pictures"] and "gemma" in one)


def choose(page: Page, model: str) -> None:
    page.get_by_role("button", name="Model:").click()
    page.locator(f'[role="option"][data-model="{model}"]').click()


@pytest.mark.parametrize("width", [1280, 390])
def test_files_come_in_and_go_with_the_message(
    product: Product, sign_in: Visit, width: int
) -> None:
    page = sign_in(product, width=width)
    page.goto("/chat/")
    files = page.get_by_role("list", name="Attached files").get_by_role("listitem")
    page.evaluate(PASTE, [None, list(picture())])
    expect(files).to_have_count(1)
    page.evaluate(DROP, ["birds.csv", "bird,legs\nheron,1\n"])
    expect(files.filter(has_text="birds.csv")).to_contain_text("CSV, 18 bytes, about 5 tokens")
    page.evaluate(DROP, ["drawing.svg", "<svg onload='alert(1)'></svg>"])
    expect(files.filter(has_text="drawing.svg")).to_contain_text("SVG drawings cannot be read")
    page.get_by_role("button", name="Close").click()

    page.evaluate(PASTE, [LINES, None])
    long = files.filter(has_text="Pasted text.txt")
    expect(long).to_contain_text("Text")
    expect(page.get_by_label("Message")).to_have_value("")
    long.get_by_role("button", name="Keep as text").click()
    expect(page.get_by_label("Message")).to_have_value(LINES)
    expect(files).to_have_count(2)
    page.get_by_label("Message").fill("What is this?")

    page.reload()
    expect(files).to_have_count(2)
    expect(page.get_by_label("Message")).to_have_value("What is this?")
    choose(page, "llama-3.3-70b")
    expect(page.get_by_text("cannot read pictures")).to_be_visible()
    choose(page, seeing(page))
    expect(page.get_by_text("cannot read pictures")).to_be_hidden()
    page.get_by_role("button", name="Send").click()
    page.wait_for_url(re.compile(r"/chat/\d+/"))
    reply = page.locator('[data-status="succeeded"]')
    expect(reply).to_contain_text("Image 1 is 320 x 200 pixels")
    expect(reply).to_contain_text("I have read “birds.csv”")
    expect(page.get_by_role("link", name="birds.csv")).to_be_visible()
    expect(page.get_by_alt_text("Attached picture 1")).to_be_visible()
    expect(files).to_have_count(0)
    page.get_by_label("Context", exact=True).click()
    words = re.compile(r"About [\d,]+ of 198,000 tokens are used")
    expect(page.get_by_role("paragraph").filter(has_text=words)).to_be_visible()
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
