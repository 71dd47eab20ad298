"""Kills, refusals and outages: what the person sees, and that nothing is lost."""

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing

from playwright.sync_api import Page, expect

from tests.journeys.test_first_run import ask, finished, make_picture
from tests.product import Product
from tests.waiting import eventually
from venice_site.simulator import Simulator

Visit = Callable[..., Page]


def flushed(product: Product) -> int:
    """Return how many characters of the newest reply are safe in the database."""
    with closing(
        sqlite3.connect(f"file:{product.data / 'studio.sqlite3'}?mode=ro", uri=True)
    ) as rows:
        newest = "SELECT length(text) FROM chat_message WHERE role = 'assistant' ORDER BY id DESC"
        return int(rows.execute(newest).fetchone()[0])


def test_a_reply_survives_kill_9_of_the_web_process(
    own_product: Product, venice: Simulator, sign_in: Visit
) -> None:
    page = sign_in(own_product)
    page.goto("/chat/")
    gate = venice.hold(after_tokens=150, path="/chat/completions")
    ask(page, "Tell me about rivers. [[tokens:300]]")
    assert gate.reached.wait(15)
    page.wait_for_url(re.compile(r"/chat/\d+/"))
    reply = page.locator("[data-status=running]")
    expect(reply).to_have_count(1)
    eventually(lambda: len(reply.inner_text()) > 80, 10, "some of the reply is shown")
    address = page.url
    eventually(lambda: flushed(own_product) > 80, 10, "some of the reply is in the database")

    own_product.kill("granian")
    gate.open()
    eventually(own_product.answers, 30, "the web process is back")

    page.goto(address)
    expect(page.locator("[data-status=interrupted]")).to_have_count(1, timeout=30_000)
    assert len(page.locator("[data-status=interrupted]").inner_text()) > 80
    expect(page.get_by_text("Tell me about rivers.").first).to_be_visible()
    page.get_by_role("button", name="Try again").first.click()
    expect(page.locator("[data-status=succeeded]").first).to_be_visible()


def test_a_queue_of_pictures_survives_kill_9_of_the_worker(
    own_product: Product, venice: Simulator, sign_in: Visit
) -> None:
    page = sign_in(own_product)
    gate = venice.hold(path="/image/generate", times=None)
    for number in range(6):
        make_picture(page, f"a boat, number {number}")
    assert gate.reached.wait(15)

    own_product.kill("steady_queue")
    gate.open()

    page.goto("/gallery/")
    settled = page.locator("[data-status=succeeded], [data-status=interrupted]")
    expect(settled).to_have_count(6, timeout=60_000)
    again = page.get_by_role("button", name="Try again")
    for left in range(again.count(), 0, -1):
        again.first.click()
        expect(again).to_have_count(left - 1)
    for number in range(6):
        expect(finished(page, f"a boat, number {number}")).to_have_count(1, timeout=30_000)


def test_nothing_is_lost_when_everything_is_killed_in_mid_work(
    own_product: Product, venice: Simulator, sign_in: Visit
) -> None:
    page = sign_in(own_product)
    gate = venice.hold(times=None)
    make_picture(page, "a mill by the water")
    page.goto("/chat/")
    ask(page, "What does a mill do?")
    eventually(lambda: gate.waiting >= 2, 15, "both are at Venice")
    page.wait_for_url(re.compile(r"/chat/\d+/"))
    address = page.url

    own_product.kill()
    gate.open()
    own_product.start()

    page.goto(address)
    expect(page.get_by_text("What does a mill do?").first).to_be_visible()
    expect(page.locator("[data-status=interrupted]")).to_have_count(1, timeout=40_000)
    page.goto("/gallery/")
    expect(page.locator("[data-status=interrupted]")).to_have_count(1, timeout=40_000)
    page.get_by_role("button", name="Try again").first.click()
    expect(finished(page, "a mill by the water")).to_be_visible(timeout=30_000)


def test_stop_works_before_the_first_word(
    own_product: Product, venice: Simulator, sign_in: Visit
) -> None:
    page = sign_in(own_product)
    page.goto("/chat/")
    gate = venice.hold(path="/chat/completions")
    ask(page, "Think for a long time.")
    assert gate.reached.wait(15)
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("[data-status=cancelled]")).to_have_count(1)
    expect(page.get_by_role("button", name="Send")).to_be_visible()
    # Beside it the worker may be asking what is on offer.
    [record] = [one for one in venice.requests if one.path == "/chat/completions"]
    eventually(lambda: record.closed_by_client, 10, "the request to Venice was closed")


def test_a_wrong_key_and_a_silent_venice_are_said_plainly(
    own_product: Product, venice: Simulator, sign_in: Visit
) -> None:
    page = sign_in(own_product)
    venice.fail("unauthorized", path="/image/generate")
    make_picture(page, "a bridge")
    expect(page.locator("[data-status=failed]").first).to_contain_text(
        re.compile("key", re.IGNORECASE), timeout=20_000
    )
    venice.clear()
    make_picture(page, "a bridge of stone")
    expect(page.locator("[data-status]").first).to_contain_text(
        re.compile("key", re.IGNORECASE), timeout=20_000
    )


def test_a_used_up_quota_is_refused_with_its_name_and_reset(
    product: Product, sign_in: Visit
) -> None:
    page = sign_in(product)
    page.goto("/admin/venice/quota/add/")
    page.get_by_label("Metric").select_option("images")
    page.get_by_label("Limit", exact=False).first.fill("1")
    page.get_by_label("Who").select_option("each")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("was added successfully")).to_be_visible()
    make_picture(page, "one snail")
    expect(finished(page, "one snail")).to_be_visible()
    make_picture(page, "another snail")
    expect(page.get_by_text(re.compile("1 image a day")).first).to_be_visible()
    expect(page.get_by_text(re.compile("begins again")).first).to_be_visible()
    expect(page.get_by_label("Prompt", exact=True)).to_have_value("another snail")


def test_a_key_added_in_the_panel_takes_effect(product: Product, sign_in: Visit) -> None:
    with (
        Simulator(keys=["panel-key"]) as venice,
        Product(product.data.parent / "panel", VENICE_BASE_URL=venice.url) as fresh,
    ):
        page = sign_in(fresh)
        expect(page.get_by_text("stand-in").first).to_be_visible()
        page.goto("/admin/venice/apikey/add/")
        page.get_by_label("Name").fill("Main key")
        page.get_by_label("Secret").fill("panel-key")
        page.get_by_role("button", name="Save and continue editing").click()
        page.get_by_role("button", name="Test this key").click()
        expect(page.locator(".messagelist .success").first).to_be_visible()
        make_picture(page, "a picture with the new key")
        expect(finished(page, "a picture with the new key")).to_be_visible()
        expect(page.get_by_text("local stand-in")).to_have_count(0)
        assert any(record.key == "panel-key" for record in venice.requests)
