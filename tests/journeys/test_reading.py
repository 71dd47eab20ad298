"""Reading and writing: what replies show, how the page follows, what they cost, the window, and the keyboard."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.journeys.test_first_run import ask
from tests.journeys.test_people import is_accessible, pick
from tests.product import Product
from venice_site.simulator import Simulator

Visit = Callable[..., Page]
SHORT = " [[tokens:20]]"  # tells the stand-in how much to answer
WRITTEN = ".turn--reply[data-status=succeeded]"
SMALL = "venice-uncensored-1-2"
FULL = 121_000  # tokens that nearly fill its window of 128,000
TURNS = 20
CODE = f"def tide(water):\n    return water + 1  # {'and the moon ' * 20}".rstrip()
RICH = f"""Herons stand still. ^1,2^

| Bird | Legs |
|---|---:|
| Heron | 2 |
| {"StorkOfAVeryLongName" * 8} | 2 |

- [x] Look
- [ ] Wait

```python
{CODE}
```

The tide is $\\frac{{a}}{{b}}$, and

$$\\sum_{{i=1}}^{{n}} i^2 = \\frac{{n(n+1)(2n+1)}}{{6}}{" + 0" * 60}$$
"""
SOURCES = [
    {"title": f"Source {n}", "url": f"https://example.org/{n}", "content": "", "date": ""}
    for n in (1, 2)
]


def message(number: int, text: str, **more: Any) -> dict[str, Any]:
    """Return a message of a conversation that is imported: questions and answers in turn."""
    role = "user" if number % 2 else "assistant"
    return {"id": number, "parent": number - 1 or None, "role": role, "text": text, **more}


def bring_in(page: Page, folder: Path, title: str, messages: list[dict[str, Any]]) -> None:
    """Import one conversation through the page and open it."""
    kept = {"format": "venice-studio-conversation", "title": title, "model": SMALL}
    file = folder / "one.json"
    file.write_text(json.dumps([kept | {"messages": messages, "tip": len(messages)}]))
    page.goto("/chat/parcels/")
    page.get_by_label("File").set_input_files(file)
    with page.expect_navigation():  # an older import stands first until then
        page.get_by_role("button", name="Import").click()
    expect(page.locator(".parcel").first).to_contain_text(re.compile("came in|was here already"))
    page.goto("/chat/search?q=" + title.lower().replace(" ", "+"))
    page.locator("main .hit").first.click()
    expect(page.locator("#conversation-title")).to_have_text(title)


def begin(page: Page, words: str) -> None:
    """Ask in a new conversation."""
    page.goto("/chat/")
    ask(page, words)
    page.wait_for_url(re.compile(r"/chat/\d+/"))


def number_in(facts: Locator, name: str) -> int:
    """Return a number that a list of facts tells."""
    told = facts.locator(f"dt:text-is('{name}') + dd").inner_text()
    return int(re.match(r"[\d,]+", told)[0].replace(",", ""))


@pytest.mark.parametrize("width", [1280, 390])
def test_replies_show_tables_tasks_code_formulas_and_sources(
    asking_product: Product, sign_in: Visit, tmp_path: Path, width: int
) -> None:
    page = sign_in(asking_product, width=width)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    thought = {"reasoning": "They stand.", "reasoning_ms": 2500, "sources": SOURCES}
    bring_in(page, tmp_path, "All of it", [message(1, "Show all"), message(2, RICH, **thought)])
    reply = page.locator(WRITTEN)
    expect(reply.get_by_role("columnheader", name="Legs")).to_be_visible()
    boxes = reply.locator("li input[type=checkbox]")
    expect(boxes).to_have_count(2)
    expect(boxes.first).to_be_checked()
    expect(boxes.first).to_be_disabled()
    expect(boxes.last).not_to_be_checked()
    expect(reply.locator("math")).to_have_count(2)
    expect(reply.locator("math mfrac").first).to_be_visible()
    reply.get_by_role("button", name="Copy", exact=True).click()
    expect(reply.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()").strip() == CODE
    thinking = reply.locator(".reasoning__text")
    expect(thinking).to_be_hidden()
    reply.get_by_text("Thought for 2.5 s").click()
    expect(thinking).to_have_text("They stand.")
    expect(reply.get_by_role("link", name="Source 2")).to_have_attribute(
        "href", "https://example.org/2"
    )
    reply.locator("sup a").last.click()
    expect(reply.locator(".source").last).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    is_accessible(page)


@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_follows_a_reply_only_from_its_end(
    asking_product: Product, asked_venice: Simulator, sign_in: Visit, width: int
) -> None:
    page = sign_in(asking_product, width=width)
    with asked_venice.hold(path="/chat/completions", after_tokens=700) as gate:
        begin(page, "Tell me all about the sea [[tokens:1400]]")
        assert gate.wait_for(1, timeout=30)
        left = "() => { const s = document.getElementById('scroll'); return s.scrollHeight - s.scrollTop - s.clientHeight; }"
        top = "() => document.getElementById('scroll').scrollTop"
        page.wait_for_function("() => document.getElementById('scroll').scrollTop > 300")
        page.wait_for_function(f"() => ({left})() < 48")
        page.locator("#scroll").hover()
        page.mouse.wheel(0, -400)
        latest = page.get_by_role("button", name="Go to the end")
        expect(latest).to_be_visible()
        page.wait_for_function(f"() => ({left})() >= 300")
        before = page.evaluate(top)
        is_accessible(page)
    expect(page.locator(WRITTEN)).to_have_count(1)
    assert page.evaluate(left) > 300
    assert abs(page.evaluate(top) - before) < 2
    latest.click()
    page.wait_for_function(f"() => ({left})() < 48")
    expect(latest).to_be_hidden()


SELECT = """() => {
  const block = document.querySelector(".turn--reply [data-part=blocks] > :first-child");
  getSelection().selectAllChildren(block);
  return getSelection().toString();
}"""


def test_a_reply_ends_where_it_stands_and_says_so_once(
    asking_product: Product, asked_venice: Simulator, sign_in: Visit
) -> None:
    page = sign_in(asking_product)
    news = page.get_by_role("status").and_(page.locator("#reply-news"))
    blocks = page.locator(".turn--reply [data-part=blocks]")
    with asked_venice.hold(path="/chat/completions", after_tokens=300) as gate:
        begin(page, "Tell me of the marsh [[tokens:400]]")
        assert gate.wait_for(1, timeout=30)
        expect(blocks.locator("> *").nth(1)).to_be_visible()
        page.mouse.click(1, 1)
        selected = page.evaluate(SELECT)
        assert len(selected) > 20
        assert news.inner_text() == ""
    expect(page.locator(WRITTEN)).to_have_count(1)
    expect(news).to_have_text(re.compile(r"^Reply by .+ is finished\.$"))
    assert page.evaluate("getSelection().toString()") == selected
    expect(page.locator("[aria-busy], [data-part=tail]")).to_have_count(0)
    written = blocks.inner_html()
    page.reload()
    assert blocks.inner_html() == written
    with asked_venice.hold(path="/chat/completions", after_tokens=20) as gate:
        page.get_by_label("Message", exact=True).fill("And of the dunes?")
        page.keyboard.press("Enter")
        assert gate.wait_for(1, timeout=30)
        page.get_by_role("button", name="Stop", exact=True).click()
        expect(news).to_have_text(re.compile(r"^Reply by .+ was stopped\.$"))


@pytest.mark.parametrize("width", [1280, 390])
def test_earlier_messages_come_in_above_what_is_read(
    asking_product: Product, sign_in: Visit, tmp_path: Path, width: int
) -> None:
    page = sign_in(asking_product, width=width)
    words = f"Herons stand quietly in {width} pools. " * 12
    said = [message(n, f"{n}. {words}") for n in range(1, 121)]
    bring_in(page, tmp_path, f"A long walk at {width}", said)
    scroll = page.locator("#scroll")
    earlier = page.get_by_role("link", name="Show earlier messages")
    for _ in range(2):
        count = page.locator(".turn").count()
        first = page.locator(".turn").first.get_attribute("id")
        top = "([id]) => document.getElementById(id).getBoundingClientRect().top"
        scroll.evaluate("scroll => { scroll.scrollTop = 0; }")
        earlier.scroll_into_view_if_needed()
        before = page.evaluate(top, [first])
        earlier.click()
        page.wait_for_function(
            "count => document.querySelectorAll('.turn').length > count", arg=count
        )
        page.evaluate(
            "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )
        assert abs(page.evaluate(top, [first]) - before) < 80, (
            before
        )  # the link that was pressed is gone


def test_every_reply_tells_what_it_used_and_the_conversation_its_sum(
    asking_product: Product, sign_in: Visit
) -> None:
    page = sign_in(asking_product)
    page.goto("/admin/venice/quota/add/")
    page.get_by_label("Metric").select_option("tokens")
    page.get_by_label("Limit", exact=False).first.fill("1000000")
    page.get_by_label("Who").select_option("each")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("was added successfully")).to_be_visible()
    begin(page, "What is a sandbank?" + SHORT)
    expect(page.locator(WRITTEN)).to_have_count(1)
    used_before = page.locator("#rail-usage").get_attribute("title")
    page.get_by_label("Message", exact=True).fill("And a shoal?" + SHORT)
    page.keyboard.press("Enter")
    replies = page.locator(WRITTEN)
    expect(replies).to_have_count(2)
    expect(page.locator("#rail-usage")).not_to_have_attribute("title", used_before)
    used = []
    for reply in replies.all():
        reply.hover()
        reply.get_by_label("Facts").click()
        facts = reply.locator(".turn__facts .facts")
        expect(facts.get_by_text("First word after")).to_be_visible()
        expect(facts).to_contain_text(re.compile(r"First word after\s*[\d,]+ ms"))
        expect(facts).to_contain_text(re.compile(r"Cost\s*\$0\.\d+"))
        used.append({name: number_in(facts, name) for name in ("Tokens in", "Tokens out")})
        is_accessible(page)
        page.keyboard.press("Escape")
        expect(facts).to_be_hidden()
    gauge = page.locator("#outlook .gauge")
    expect(gauge.locator("summary")).to_contain_text("left")
    gauge.locator("summary").click()
    expect(gauge.get_by_text("What you may still use")).to_be_visible()
    total = gauge.locator(".facts")
    for name in ("Tokens in", "Tokens out"):
        assert number_in(total, name) == sum(one[name] for one in used)
    is_accessible(page)
    page.locator("#context > summary").click()
    expect(page.locator("#context [data-words]")).to_be_visible()
    is_accessible(page)
    page.goto("/usage/")
    expect(page.get_by_role("cell", name="Settled").first).to_be_visible()
    is_accessible(page)


def test_a_full_window_is_told_and_summarised_and_nothing_said_is_lost(
    asking_product: Product, asked_venice: Simulator, sign_in: Visit, tmp_path: Path
) -> None:
    page = sign_in(asking_product)
    words = "Herons stand quietly in shallow water and wait for fish. "
    each = (words * 500)[: 4 * FULL // TURNS]
    said = [message(n, f"{n}. {each}", model=SMALL) for n in range(1, TURNS + 1)]
    bring_in(page, tmp_path, "A long one", said)
    context = page.locator("#context")
    expect(context.locator("[data-share]")).to_have_text(re.compile(r"9\d%"))
    context.locator("summary").click()
    expect(context.locator("[data-words]")).to_have_text(re.compile("of 128,000 tokens are used"))
    page.keyboard.press("Escape")
    box = page.get_by_label("Message", exact=True)
    box.fill("And now? " + words * 250)
    expect(page.locator("[data-hint]")).to_contain_text("The window is full")
    box.press("Enter")
    expect(page.locator(".turn")).to_have_count(TURNS + 2)
    expect(page.locator(".turn--reply").last).to_have_attribute("data-status", "succeeded")
    marker = page.locator(".summarised")
    expect(marker).to_have_count(1)
    expect(marker.locator("summary")).to_contain_text("messages are summarised for the model")
    marker.locator("summary").click()
    expect(marker.get_by_text("Nothing was deleted")).to_be_visible()
    expect(context.locator("[data-share]")).not_to_have_text(re.compile(r"9\d%"))
    is_accessible(page)
    page.reload()
    expect(page.locator(".turn")).to_have_count(TURNS + 2)
    expect(marker).to_have_count(1)
    for turn in page.locator(".turn").all()[:TURNS]:
        assert each[:2000].strip() in turn.inner_text()
    asked = [r.body for r in asked_venice.requests if r.path.endswith("/chat/completions")]
    assert any("Summarise" in str(body["messages"][0]["content"]) for body in asked)


def test_everything_is_said_and_stopped_by_keyboard_and_nothing_moves(
    asking_product: Product, asked_venice: Simulator, sign_in: Visit
) -> None:
    page = sign_in(asking_product)
    page.emulate_media(reduced_motion="reduce")
    page.goto("/chat/")
    pick(page, "venice uncensored")
    box = page.get_by_label("Message", exact=True)
    box.focus()
    page.keyboard.type("First line")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("Second line" + SHORT)
    expect(box).to_have_value(f"First line\nSecond line{SHORT}")

    # Enter ends what is composed with an input method; it does not send.
    wire = page.context.new_cdp_session(page)
    wire.send("Input.imeSetComposition", {"text": "か", "selectionStart": 1, "selectionEnd": 1})
    enter = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 229}
    wire.send("Input.dispatchKeyEvent", {"type": "rawKeyDown", **enter})
    wire.send("Input.insertText", {"text": "か"})
    wire.send("Input.dispatchKeyEvent", {"type": "keyUp", **enter})
    expect(box).to_have_value(f"First line\nSecond line{SHORT}か")
    expect(page.locator(".turn")).to_have_count(0)

    # Every stop on the way to the button can be seen and has a name.
    stops = []
    for _ in range(20):
        page.keyboard.press("Tab")
        stop = page.evaluate("""() => {
          const at = document.activeElement, style = getComputedStyle(at), box = at.getBoundingClientRect();
          return { send: at.matches("[data-send]"), ring: parseFloat(style.outlineWidth) > 0 && style.outlineStyle !== "none",
            seen: box.width > 0 && box.height > 0, tag: at.outerHTML.slice(0, 120) };
        }""")
        stops.append(stop)
        if stop["send"]:
            break
    assert stops[-1]["send"], stops
    assert all(stop["seen"] and stop["ring"] for stop in stops), stops
    while not page.evaluate("() => document.activeElement.id === 'id_text'"):
        page.keyboard.press("Shift+Tab")
    with asked_venice.hold(path="/chat/completions", after_tokens=8) as gate:
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile(r"/chat/\d+/"))
        assert gate.wait_for(1, timeout=30)
        reply = page.locator(".turn--reply")
        expect(reply).to_have_attribute("aria-busy", "true")
        expect(reply.locator(".prose")).to_contain_text(re.compile(r"\w"))
        moving = "() => document.getAnimations().filter(one => one.playState === 'running').length"
        assert page.evaluate(moving) == 0
        # Escape closes what is open first, and then stops.
        page.locator("#context > summary").press("Enter")
        expect(page.locator("#context")).to_have_attribute("open", "")
        page.keyboard.press("Escape")
        expect(page.locator("#context")).not_to_have_attribute("open", "")
        expect(reply).to_have_attribute("data-status", re.compile("running"))
        page.keyboard.press("Escape")
        expect(page.locator("[data-status=cancelled]")).to_have_count(1)
    expect(page.get_by_text("You stopped this reply.")).to_be_visible()
    expect(box).to_be_focused()
    is_accessible(page)


def test_a_reply_with_sources_ends_where_it_stands(
    asking_product: Product, asked_venice: Simulator, sign_in: Visit
) -> None:
    page = sign_in(asking_product)
    page.goto("/chat/")
    pick(page, "venice uncensored")
    page.locator("#id_web_search").select_option("on")
    with asked_venice.hold(path="/chat/completions", after_tokens=120) as gate:
        ask(page, "What is the news of today?")
        assert gate.wait_for(1, timeout=30)
        expect(page.locator(".turn--reply [data-part=blocks] > h2")).to_be_visible()
        selected = page.evaluate(SELECT.replace(":first-child", "h2"))
        assert selected
    reply = page.locator(WRITTEN)
    expect(reply.get_by_role("link", name="A first source")).to_be_visible()
    expect(reply.locator("sup a").first).to_be_visible()
    assert page.evaluate("getSelection().toString()") == selected


def test_thinking_that_is_read_stays_open_and_in_focus_as_the_reply_ends(
    asking_product: Product, asked_venice: Simulator, sign_in: Visit
) -> None:
    page = sign_in(asking_product)
    line = page.locator(".turn--reply [data-thinking] summary")
    thoughts = page.locator(".turn--reply [data-part=reasoning]")
    with asked_venice.hold(path="/chat/completions", after_tokens=80) as gate:
        begin(page, "Think of the marsh [[sim:stream-reasoning]]")
        assert gate.wait_for(1, timeout=30)
        expect(
            page.get_by_label("Message", exact=True)
        ).to_be_focused()  # as it is when the page opens
        line.press("Enter")
        expect(thoughts).to_be_visible()
        thoughts.evaluate("thoughts => getSelection().selectAllChildren(thoughts)")
        selected = page.evaluate("getSelection().toString()")
        assert selected
    expect(page.locator(WRITTEN)).to_have_count(1)
    expect(line).to_have_text(re.compile("^Thought"))
    expect(line).to_be_focused()
    expect(thoughts).to_be_visible()
    assert page.evaluate("getSelection().toString()") == selected


def test_the_end_of_each_reply_is_news(
    asking_product: Product, asked_venice: Simulator, sign_in: Visit
) -> None:
    page = sign_in(asking_product)
    news = page.locator("#reply-news")
    with asked_venice.hold(path="/chat/completions", after_tokens=5) as gate:
        begin(page, "What is a reef?")
        assert gate.wait_for(1, timeout=30)
    expect(news).to_have_text(re.compile("is finished"))
    with asked_venice.hold(path="/chat/completions", after_tokens=5) as gate:
        page.get_by_label("Message", exact=True).fill("And an atoll?")
        page.keyboard.press("Enter")
        assert gate.wait_for(1, timeout=30)
        expect(news).to_be_empty()
    expect(news).to_have_text(re.compile("is finished"))


def test_what_one_may_still_use_stays_open_as_a_reply_ends(
    asking_product: Product, asked_venice: Simulator, sign_in: Visit
) -> None:
    page = sign_in(asking_product)
    begin(page, "What is a sound?" + SHORT)
    expect(page.locator(WRITTEN)).to_have_count(1)
    line = page.locator("#outlook .gauge > summary")
    total = page.locator("#outlook .gauge .facts")
    with asked_venice.hold(path="/chat/completions", after_tokens=5) as gate:
        page.get_by_label("Message", exact=True).fill("And a strait?" + SHORT)
        page.keyboard.press("Enter")
        assert gate.wait_for(1, timeout=30)
        expect(page.locator("[aria-busy]")).to_have_count(
            1
        )  # the composer took the focus back with it
        line.press("Enter")
        expect(total).to_be_visible()
        before = total.inner_text()
    expect(page.locator(WRITTEN)).to_have_count(2)
    expect(total).not_to_have_text(before, use_inner_text=True)
    expect(total).to_be_visible()
    expect(line).to_be_focused()
