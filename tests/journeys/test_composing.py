"""From words to pictures: the form follows the model, presets, choices and grids, and the queue of what was ordered."""

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.journeys.looking import is_sound
from tests.journeys.test_first_run import finished
from tests.product import Product
from venice_site.simulator import Simulator

Visit = Callable[..., Page]


@pytest.fixture(scope="module")
def venice() -> Iterator[Simulator]:
    with Simulator(keys=["composing-key"]) as simulator:
        yield simulator


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory, venice: Simulator) -> Iterator[Product]:
    data = tmp_path_factory.mktemp("product") / "data"
    with Product(data, VENICE_BASE_URL=venice.url, VENICE_API_KEYS="composing-key") as product:
        yield product


def stored(product: Product, query: str, *values: object) -> list[tuple[object, ...]]:
    """Return rows as the database has them now."""
    address = f"file:{product.data / 'studio.sqlite3'}?mode=ro"
    with closing(sqlite3.connect(address, uri=True, timeout=20)) as rows:
        return rows.execute(query, values).fetchall()


def prompt_of(page: Page) -> Locator:
    return page.get_by_label("Prompt", exact=True)


def compose(page: Page) -> None:
    """Go to the form."""
    page.goto("/gallery/")
    show_form(page)


def show_form(page: Page) -> None:
    """Open the form: on a phone it is folded away once there are pictures."""
    expect(page.locator("#composer-count")).to_be_attached()
    if not prompt_of(page).is_visible():
        page.get_by_text("New picture").click()
    expect(prompt_of(page)).to_be_visible()


def unfold(page: Page, *titles: str) -> None:
    for title in titles:
        fold = page.locator("details", has=page.locator("summary", has_text=title)).last
        if fold.get_attribute("open") is None:
            fold.locator("summary", has_text=title).click()


def order(page: Page, prompt: str) -> None:
    prompt_of(page).fill(prompt)
    page.get_by_role("button", name="Generate").click()


@pytest.mark.parametrize("width", [1280, 390])
def test_the_form_follows_the_model_and_a_preset_brings_it_back(
    product: Product, sign_in: Visit, width: int
) -> None:
    name, prompt = f"Wide anime {width}", f"a heron at {width} paces"
    page = sign_in(product, width=width)
    compose(page)
    model = page.get_by_label("Model", exact=True)
    wide = page.get_by_role("radio", name="16:9")
    unfold(page, "More")
    model.select_option(label="Z-Image Turbo")
    expect(page.get_by_label("Width", exact=True)).to_be_visible()
    expect(page.get_by_label("Steps", exact=True)).to_have_attribute("max", "8")
    expect(wide).to_have_count(0)
    model.select_option(label="Qwen Image")
    expect(page.get_by_label("Width", exact=True)).to_have_count(0)
    wide.check()
    prompt_of(page).fill(prompt)
    expect(page.get_by_label("Steps", exact=True)).to_have_count(0)
    page.get_by_label("Find a style").fill("anim")
    expect(page.get_by_role("radio", name="Cinematic")).to_be_hidden()
    page.get_by_role("radio", name="Anime", exact=True).check()
    page.get_by_label("Negative prompt").fill("cages")
    is_sound(page)

    page.reload()
    show_form(page)
    expect(prompt_of(page)).to_have_value(prompt)
    expect(model).to_have_value("qwen-image")
    expect(wide).to_be_checked()
    expect(page.get_by_role("radio", name="Anime", exact=True)).to_be_checked()
    expect(page.get_by_label("Negative prompt")).to_have_value("cages")

    unfold(page, "Save as a preset")
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text(f"Saved as {name}.")).to_be_visible()
    model.select_option(label="Z-Image Turbo")
    expect(page.get_by_label("Width", exact=True)).to_be_visible()
    page.locator("#composer-styles").get_by_role("radio", name="None").check()

    page.goto("/gallery/presets/")
    expect(page.get_by_text(name, exact=True)).to_be_visible()
    is_sound(page)
    page.get_by_role("listitem").filter(has_text=name).get_by_role("link", name="Use").click()
    expect(model).to_have_value("qwen-image")
    expect(prompt_of(page)).to_have_value(prompt)
    expect(wide).to_be_checked()
    page.get_by_role("button", name="Generate").click()
    expect(finished(page, prompt)).to_have_count(1)
    told = stored(
        product,
        "SELECT json_extract(i.\"order\", '$.model'), json_extract(i.\"order\", '$.style_preset'),"
        " json_extract(i.\"order\", '$.aspect_ratio'), json_extract(i.\"order\", '$.negative_prompt')"
        " FROM gallery_image i JOIN gallery_generation g ON g.id = i.generation_id WHERE g.prompt = ?",
        prompt,
    )
    assert told == [("qwen-image", "Anime", "16:9", "cages")]


def test_choices_make_one_picture_each_and_a_grid_shows_all_against_all(
    product: Product, sign_in: Visit
) -> None:
    page = sign_in(product)
    page.goto("/gallery/word-lists/")
    page.get_by_label("Name", exact=True).fill("colour")
    page.get_by_label("Choices").fill("red\nblue")
    is_sound(page)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("link", name="__colour__")).to_be_visible()
    compose(page)
    prompt_of(page).fill("a __colour__ boat at {dawn|noon}")
    expect(page.locator(".composer__price")).to_contain_text("for 4 pictures")
    prompt_of(page).fill("a {red|blue} boat")
    expect(page.locator(".composer__preview li")).to_have_text(["a red boat", "a blue boat"])
    expect(page.locator(".composer__price")).to_contain_text("for 2 pictures")
    page.get_by_role("button", name="Generate").click()
    for colour in ("red", "blue"):
        expect(finished(page, f"a {colour} boat")).to_have_count(1)

    prompt_of(page).fill("a kite in the wind")
    unfold(page, "More", "Many at once")
    page.get_by_label("Across", exact=True).select_option("Seed")
    page.get_by_label("Values across").fill("11-12")
    page.get_by_label("Down", exact=True).select_option("Prompt part")
    page.get_by_label("Values down").fill("kite, balloon")
    expect(page.locator(".composer__price")).to_contain_text("for 4 pictures")
    page.get_by_role("button", name="Generate").click()
    expect(finished(page, "a kite in the wind")).to_have_count(2)
    finished(page, "a balloon in the wind").first.click()
    page.get_by_role("link", name="The whole grid").click()
    expect(page.get_by_role("heading", name="Grid")).to_be_visible()
    expect(page.get_by_role("columnheader")).to_have_text([re.compile("Prompt part"), "11", "12"])
    expect(page.get_by_role("rowheader")).to_have_text(["kite", "balloon"])
    expect(page.get_by_text("4 of 4 made")).to_be_visible()
    row = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name="balloon"))
    expect(row.get_by_alt_text("a balloon in the wind")).to_have_count(2)
    is_sound(page)
    for box in row.get_by_role("checkbox").all():
        box.check()
    expect(page.get_by_text("2 selected")).to_be_visible()
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("heading", name="Compare")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name="Grid")).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 900})
    is_sound(page)


def test_what_waits_is_cancelled_one_by_one_and_all_at_once(
    product: Product, venice: Simulator, sign_in: Visit
) -> None:
    gate = venice.hold(path="/image/generate", times=None, prompt_contains="lantern")
    page = sign_in(product)
    compose(page)
    order(page, "lantern {one|two|three|four}")
    waiting = page.locator("#grid .picture[aria-busy]")
    expect(waiting).to_have_count(4)
    last = page.locator("#grid .picture", has_text="lantern four")
    last.get_by_role("button", name="Cancel").click()
    expect(last).to_contain_text("Cancelled.")
    expect(waiting).to_have_count(3)

    page.reload()
    expect(waiting).to_have_count(3)
    expect(page.get_by_text("0 of 3 made")).to_be_visible()
    is_sound(page)
    page.get_by_role("link", name="Queue").click()
    expect(page.get_by_role("row")).to_have_count(4)
    is_sound(page)
    page.get_by_role("button", name="Cancel lantern two").click()
    expect(page.get_by_role("row")).to_have_count(3)
    page.get_by_role("button", name="Cancel all of mine (2)").click()
    expect(page.get_by_text("Cancelled 2 pictures.")).to_be_visible()
    expect(page.get_by_text("Nobody waits.")).to_be_visible()
    gate.open()
    ends = stored(
        product,
        "SELECT DISTINCT i.status FROM gallery_image i JOIN gallery_generation g"
        " ON g.id = i.generation_id WHERE g.prompt LIKE 'lantern %'",
    )
    assert ends == [("cancelled",)]


def test_a_failed_picture_is_tried_again_after_a_pause(
    product: Product, venice: Simulator, sign_in: Visit
) -> None:
    venice.fail("content-policy", times=2, prompt_contains="bridge")
    page = sign_in(product)
    compose(page)
    order(page, "a bridge of {rope|stone}")
    broken = page.locator("#grid .picture", has_text="a bridge of")
    expect(broken.get_by_role("button", name="Try again")).to_have_count(2)
    is_sound(page)

    page.goto("/gallery/queue/")
    page.get_by_role("button", name="Pause for everybody").click()
    paused = page.get_by_text("An administrator paused the queue")
    expect(paused).to_be_visible()
    page.get_by_role("button", name="Try the 2 that failed again").click()
    expect(page.get_by_text("Trying 2 pictures again.")).to_be_visible()
    expect(page.get_by_role("row")).to_have_count(3)
    is_sound(page)

    other = page.context.new_page()
    other.goto("/gallery/")
    expect(other.get_by_text("An administrator paused the queue")).to_be_visible()
    expect(other.locator("#grid .picture[aria-busy]")).to_have_count(2)
    asked = len(venice.requests)
    other.reload()
    expect(other.locator("#grid .picture[aria-busy]")).to_have_count(2)
    assert len(venice.requests) == asked
    page.get_by_role("button", name="Continue").click()
    expect(paused).to_have_count(0)
    for stuff in ("rope", "stone"):
        expect(finished(other, f"a bridge of {stuff}")).to_have_count(1)
    expect(other.get_by_text("An administrator paused the queue")).to_have_count(0)
