"""A picture comes back: dropped on the gallery, found, its settings used, and made once more with the same seed."""

from base64 import b64encode
from collections.abc import Callable

import requests
from playwright.sync_api import Page, expect

from tests.gallery.strangers import PNG
from tests.journeys.test_first_run import finished, make_picture
from tests.product import Product

DROP = """([name, type, content]) => {
  const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
  const data = new DataTransfer();
  data.items.add(new File([bytes], name, { type }));
  const init = { bubbles: true, cancelable: true };
  for (const kind of ["dragenter", "dragover", "drop"]) {
    document.body.dispatchEvent(new DragEvent(kind, { ...init, dataTransfer: data }));
  }
}"""
PASTE = """([name, type, content]) => {
  const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
  const data = new DataTransfer();
  data.items.add(new File([bytes], name, { type }));
  document.body.dispatchEvent(new ClipboardEvent("paste", { bubbles: true, cancelable: true, clipboardData: data }));
}"""


def test_a_dropped_picture_is_made_again_with_the_same_seed(
    product: Product, sign_in: Callable[..., Page]
) -> None:
    page = sign_in(product)
    make_picture(page, "a lighthouse in a bottle", Seed="4711")
    picture = finished(page, "a lighthouse in a bottle")
    expect(picture).to_have_count(1)
    picture.click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    content = download.value.path().read_bytes()
    page.get_by_role("button", name="Delete", exact=True).click()
    page.goto("/gallery/trash/")
    page.get_by_text("Empty the trash").click()
    page.get_by_role("button", name="Remove for good").click()

    page.goto("/gallery/")
    expect(page.get_by_role("button", name="Generate")).to_be_visible()
    page.evaluate(DROP, ["bottle.png", "image/png", b64encode(content).decode()])
    expect(page.get_by_text("Imported, made with Venice Studio.")).to_be_visible()
    expect(finished(page, "a lighthouse in a bottle")).to_have_count(1)
    page.evaluate(PASTE, ["holiday.png", "image/png", b64encode(PNG).decode()])
    expect(page.get_by_text("The file does not say how it was made.")).to_be_visible()
    expect(page.locator("#grid .picture")).to_have_count(2)
    page.evaluate(DROP, ["bottle.png", "image/png", b64encode(content).decode()])
    expect(page.get_by_text("it was not stored again")).to_be_visible()

    page.get_by_role("link", name="Use these settings").click()
    expect(page.get_by_label("Prompt", exact=True)).to_have_value("a lighthouse in a bottle")
    page.get_by_role("button", name="Generate").click()
    expect(finished(page, "a lighthouse in a bottle")).to_have_count(2)
    cookies = {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}
    sources = [
        one.evaluate("image => image.currentSrc")
        for one in finished(page, "a lighthouse in a bottle").all()
    ]
    bodies = {requests.get(source, cookies=cookies, timeout=10).content for source in sources}
    assert len(bodies) == 1
