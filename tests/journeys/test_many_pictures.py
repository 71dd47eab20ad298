"""A gallery of thousands: one finds a month, looks at a picture deep down, and comes back to where one was."""

import re
import subprocess
import sys
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.databases import environment
from tests.product import ROOT, Product

Visit = Callable[..., Page]
IMAGES = 6000
DEEP = 1000  # the id of about the 5,000th picture


@pytest.fixture(scope="module")
def product(product: Product) -> Product:
    command = [sys.executable, "manage.py", "seed_gallery", f"--images={IMAGES}"]
    subprocess.run(command, cwd=ROOT, env=environment(product.data), check=True)
    return product


def in_sight(page: Page, card: Locator) -> bool:
    box, height = card.bounding_box(), page.viewport_size["height"]
    return box is not None and box["y"] + box["height"] > 0 and box["y"] < height


@pytest.mark.parametrize("width", [1280, 390])
def test_one_comes_back_to_the_picture_that_one_looked_at(
    product: Product, sign_in: Visit, width: int
) -> None:
    page = sign_in(product, width=width)
    page.goto(f"/gallery/?at={DEEP}")
    page.locator(".grid__more").scroll_into_view_if_needed()
    expect(page.locator("#grid .picture")).to_have_count(132)
    card = page.locator("#grid .picture:has(.picture__link)").nth(100)
    chosen = card.get_attribute("id")
    here = page.locator(f"#{chosen}")
    here.locator(".picture__link").click()
    page.wait_for_url("**/images/**")

    page.go_back()
    expect(here.locator(".picture__link")).to_be_focused()
    assert in_sight(page, here)

    here.locator(".picture__link").click()
    page.get_by_role("link", name="Older picture").click()
    page.wait_for_url(lambda url: f"/{chosen.removeprefix('image-')}/" not in url)
    older = re.search(r"images/(\d+)", page.url)[1]
    other = page.locator(f"#image-{older}")
    page.get_by_role("link", name="Gallery", exact=True).last.click()
    page.wait_for_url(lambda url: "/images/" not in url)
    expect(other.locator(".picture__link")).to_be_focused()
    assert in_sight(page, other)


@pytest.mark.parametrize("width", [1280, 390])
def test_a_month_is_one_step_away_and_stays_in_the_address(
    product: Product, sign_in: Visit, width: int
) -> None:
    page = sign_in(product, width=width)
    page.goto("/gallery/?q=by:me")
    current = page.locator("#months [aria-current]")
    expect(current).to_have_count(1)
    newest = current.get_attribute("data-month")
    if width > 1000:
        page.keyboard.press("m")
    else:
        page.get_by_role("button", name="Jump to a month").click()
        current.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**month=**")
    month = re.search(r"month=([\d-]+)", page.url)[1]
    assert month < newest
    assert "q=by%3Ame" in page.url
    expect(page.locator("#grid .picture").first).to_have_attribute("data-month", month)
    expect(current).to_have_attribute("data-month", month)
