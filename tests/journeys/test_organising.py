"""Pictures are found again, put in order, packed, thrown away and brought back."""

import json
import re
import zipfile
from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from tests.journeys.looking import is_sound
from tests.journeys.test_composing import compose, order, stored
from tests.journeys.test_editing import select
from tests.journeys.test_first_run import finished
from tests.product import Product

Visit = Callable[..., Page]


def search(page: Page, words: str) -> None:
    page.get_by_label("Search pictures").fill(words)


def chips(page: Page) -> Locator:
    return page.get_by_role("list", name="What is looked for").locator(".chip")


def cards(page: Page) -> Locator:
    return page.locator("#grid .picture__link")


def test_a_search_is_typed_narrowed_by_counts_and_saved(product: Product, sign_in: Visit) -> None:
    page = sign_in(product)
    compose(page)
    page.get_by_label("Model", exact=True).select_option(label="Chroma")
    order(page, "a heron in {fog|rain}")
    for weather in ("fog", "rain"):
        expect(finished(page, f"a heron in {weather}")).to_have_count(1)
    compose(page)
    page.get_by_label("Model", exact=True).select_option(label="Venice SD35")
    order(page, "an owl in fog")
    expect(finished(page, "an owl in fog")).to_have_count(1)

    search(page, "in fog")
    expect(cards(page)).to_have_count(2)
    expect(chips(page)).to_have_count(2)
    page.get_by_role("link", name="Filters").click()
    panel = page.locator("#filters")
    expect(panel.get_by_role("status")).to_have_text("2 pictures")
    expect(panel.get_by_role("link", name="chroma 1")).to_be_visible()
    expect(panel.get_by_role("link", name=f"{product.username} 2")).to_be_visible()
    is_sound(page)
    panel.get_by_role("link", name="chroma 1").click()
    expect(cards(page)).to_have_count(1)
    expect(page.get_by_label("Search pictures")).to_have_value("in fog model:chroma")
    chips(page).filter(has_text="fog").click()
    expect(cards(page)).to_have_count(2)
    expect(finished(page, "a heron in rain")).to_be_visible()

    search(page, "heron by:me -rain model:chroma seed:x")
    expect(page.get_by_role("status").filter(has_text="seed")).to_be_visible()
    search(page, "heron by:me -rain model:chroma")
    expect(cards(page)).to_have_count(1)
    is_sound(page)
    page.locator("summary", has_text="Save").last.click()
    page.get_by_label("Name of this search").fill("Dry herons")
    page.get_by_role("button", name="Save search").click()
    page.goto("/gallery/filters")
    is_sound(page)
    page.get_by_role("link", name="Dry herons").click()
    expect(page.get_by_label("Search pictures")).to_have_value("heron by:me -rain model:chroma")
    expect(cards(page)).to_have_count(1)
    page.goto("/gallery/filters")
    page.get_by_role("button", name="Forget the search Dry herons").click()
    expect(page.get_by_role("link", name="Dry herons")).to_have_count(0)
    page.goto("/gallery/?q=nothing-like-this")
    expect(page.get_by_text("No picture fits this search.")).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 900})
    is_sound(page)


def make_collection(page: Page, name: str, inside: str = "", *, private: bool = False) -> None:
    page.goto("/gallery/collections/")
    page.get_by_label("Name", exact=True).fill(name)
    if inside:
        page.get_by_label("Inside").select_option(label=inside)
    page.get_by_label("Private", exact=True).set_checked(private)
    page.get_by_role("button", name="Make collection").click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()


def test_many_are_tagged_collected_and_packed(product: Product, sign_in: Visit) -> None:
    page = sign_in(product)
    make_collection(page, "Harbour")
    make_collection(page, "Boats", inside="Harbour", private=True)
    expect(page.get_by_text("Only you see it. Inside Harbour.")).to_be_visible()
    is_sound(page)
    compose(page)
    order(page, "a trawler at {dawn|noon|dusk}")
    for hour in ("dawn", "noon", "dusk"):
        expect(finished(page, f"a trawler at {hour}")).to_have_count(1)

    # One alone, on its own page.
    finished(page, "a trawler at dusk").click()
    page.wait_for_url("**/images/**")
    shelf = page.get_by_role("region", name="Yours and the team's")
    shelf.get_by_label("Tags, with commas between").fill("evening, draft")
    shelf.get_by_role("button", name="Tag", exact=True).click()
    expect(shelf.get_by_role("button", name="evening")).to_be_visible()
    shelf.get_by_role("button", name="draft").click()
    expect(shelf.get_by_role("button", name="draft")).to_have_count(0)
    shelf.get_by_label("Collection").select_option(label="Boats")
    shelf.get_by_role("button", name="Add").click()
    expect(shelf.get_by_role("link", name="Boats")).to_be_visible()
    is_sound(page)

    # Many at once.
    page.goto("/gallery/?q=trawler")
    boxes = page.locator("#grid .picture")
    select(boxes.nth(0))
    select(boxes.nth(2), "Shift")
    bar = page.get_by_role("group", name="Selected pictures")
    bar.get_by_label("Tags, with commas between").fill("trawlers")
    bar.get_by_role("button", name="Tag", exact=True).click()
    expect(page.get_by_text("3 pictures tagged.")).to_be_visible()
    for number in (1, 2):
        select(boxes.nth(number))
    bar.get_by_label("Collection").select_option(label="\u2013 Boats")
    bar.get_by_role("button", name="Add").click()
    expect(page.get_by_text("2 pictures put into the collection.")).to_be_visible()
    for deed, told in (("Make private", "made private"), ("Favourite", "marked as favourite")):
        select(boxes.nth(1))
        bar.get_by_role("button", name=deed).click()
        expect(page.get_by_text(f"1 picture {told}.")).to_be_visible()
    expect(boxes.nth(1).get_by_text("Private")).to_be_visible()
    for words, found in (
        ("tag:trawlers", 3),
        ("tag:evening", 1),
        ("in:Boats", 3),
        ("is:private trawler", 1),
        ("is:favourite trawler", 1),
    ):
        search(page, words)
        expect(page.get_by_label("Search pictures")).to_have_value(words)
        expect(cards(page)).to_have_count(found)
    page.goto("/gallery/collections/")
    is_sound(page)
    page.get_by_role("link", name=re.compile("Boats")).click()
    page.get_by_role("link", name="Show 3 pictures").click()
    expect(cards(page)).to_have_count(3)

    # Packed.
    page.get_by_role("button", name="Select", exact=True).click()
    for box in range(3):
        cards(page).nth(box).click()
    expect(page.get_by_text("3 selected")).to_be_visible()
    bar.get_by_role("button", name="Download").click()
    expect(page.get_by_role("heading", name="Archives")).to_be_visible()
    ready = page.get_by_role("article").get_by_role("link", name="Download")
    expect(ready).to_be_visible()
    is_sound(page)
    with page.expect_download() as download:
        ready.click()
    with zipfile.ZipFile(download.value.path()) as archive:
        lines = [json.loads(line) for line in archive.read("metadata.jsonl").splitlines()]
        assert {line["file"] for line in lines} == set(archive.namelist()) - {"metadata.jsonl"}
        assert all(archive.read(line["file"]).startswith(b"\x89PNG") for line in lines)
    assert {line["prompt"]: line["tags"] for line in lines} == {
        "a trawler at dawn": ["trawlers"],
        "a trawler at noon": ["trawlers"],
        "a trawler at dusk": ["evening", "trawlers"],
    }
    page.goto("/gallery/storage")
    expect(page.get_by_role("rowheader", name=product.username)).to_be_visible()
    is_sound(page)


def test_what_is_thrown_away_on_a_phone_comes_back_or_is_gone(
    product: Product, sign_in: Visit
) -> None:
    page = sign_in(product, width=390)
    compose(page)
    order(page, "a wreck at {low|high} tide")
    for tide in ("low", "high"):
        expect(finished(page, f"a wreck at {tide} tide")).to_have_count(1)
    page.goto("/gallery/?q=wreck")
    expect(cards(page)).to_have_count(2)

    def delete_all() -> None:
        page.get_by_role("button", name="Select", exact=True).click()
        for number in range(2):
            cards(page).nth(number).click()
        page.get_by_role("button", name="Delete", exact=True).last.click()
        expect(page.get_by_text("2 pictures moved to the trash.")).to_be_visible()
        expect(cards(page)).to_have_count(0)

    delete_all()
    page.locator(".toast").get_by_role("button", name="Undo").click()
    expect(page.get_by_text("2 pictures restored.")).to_be_visible()
    page.goto("/gallery/?q=wreck")
    expect(cards(page)).to_have_count(2)
    delete_all()

    page.goto("/gallery/trash/")
    is_sound(page)
    page.get_by_role("checkbox", name=re.compile("a wreck at low tide")).check()
    page.get_by_role("button", name="Restore selected").click()
    expect(page.get_by_text("1 picture restored.")).to_be_visible()
    page.get_by_text("Empty the trash").click()
    page.get_by_role("button", name="Remove for good").click()
    expect(page.get_by_text("Nothing is in your trash.")).to_be_visible()
    page.goto("/gallery/?q=wreck")
    expect(finished(page, "a wreck at low tide")).to_have_count(1)
    expect(cards(page)).to_have_count(1)
    page.goto("/gallery/trash/")
    is_sound(page)
    left = stored(
        product,
        "SELECT prompt FROM gallery_generation g WHERE prompt LIKE ? AND EXISTS"
        " (SELECT 1 FROM gallery_image i WHERE i.generation_id = g.id)",
        "a wreck %",
    )
    assert left == [("a wreck at low tide",)]
