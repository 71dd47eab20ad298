"""Markdown becomes HTML that can harm nobody, the same live and finished."""

import time
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat.rendering import Growing, blocks, render
from tests.chat.hostile import HOSTILE

TAGS = {
    *("p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "ul", "ol", "li"),
    *("strong", "em", "s", "code", "pre", "a", "span", "div", "button", "input"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}
ATTRIBUTES = {"class", "href", "title", "rel", "target", "start", "align", "type", "data-copy"} | {
    "checked",
    "disabled",
}

SAMPLE = """# Herons

They *stand* **still** in `water`.

- [ ] wait
- [x] strike
  - swallow

1. look

   closely

2. strike

| bird | legs |
|------|-----:|
| heron | 2 |

```python
def strike(fish):
    return f"<{fish}>"
```

> patience
goes on

    indented code

Text
====

***

~~no~~ [more](https://birds.example "birds") end
"""


class Walls(HTMLParser):
    """Collects what a browser would act upon."""

    def __init__(self) -> None:
        super().__init__()
        self.harm: list[str] = []

    def handle_starttag(self, tag, attrs) -> None:
        if tag not in TAGS:
            self.harm.append(tag)
        for name, value in attrs:
            if name not in ATTRIBUTES:
                self.harm.append(name)
            if name == "href" and not str(value).startswith(("http://", "https://", "mailto:")):
                self.harm.append(str(value))
            if name == "type" and (tag, value) not in {("button", "button"), ("input", "checkbox")}:
                self.harm.append(f"{tag} {value}")


def harm_in(html: str) -> list[str]:
    walls = Walls()
    walls.feed(html)
    walls.close()
    return walls.harm


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_hostile_comes_through(text: str) -> None:
    assert harm_in(render(text)) == []
    assert harm_in(render(f"Fine words.\n\n{text}\n\nMore.")) == []


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_hostile_comes_through_while_it_is_written(text: str) -> None:
    growing = Growing()
    for character in text:
        assert harm_in(growing.add(character) + growing.tail()) == []


@given(st.text(max_size=200))
@settings(max_examples=200, deadline=None)
def test_no_text_at_all_comes_through_as_harm(text: str) -> None:
    assert harm_in(render(text)) == []


@given(st.lists(st.integers(1, 40), min_size=40, max_size=40))
@settings(max_examples=100, deadline=None)
def test_a_text_in_pieces_is_drawn_as_the_whole(sizes: list[int]) -> None:
    growing, shown, at = Growing(), "", 0
    for size in [*sizes, *[7] * len(SAMPLE)]:
        shown += growing.add(SAMPLE[at : at + size])
        growing.tail()
        at += size
    assert shown + growing.tail() == render(SAMPLE)


@given(st.text(alphabet="ab \n#-*>`1.|\t", max_size=120))
@settings(max_examples=300, deadline=None)
def test_blocks_are_the_text_and_never_change_when_it_grows(text: str) -> None:
    assert "".join(blocks(text)) == text
    growing, shown = Growing(), ""
    for character in text:
        shown += growing.add(character)
    assert render(text).startswith(shown)


def test_finished_blocks_are_given_once() -> None:
    growing = Growing()
    first = growing.add("One.\n\nTwo")
    assert "One." in first
    assert growing.add(" and more") == ""
    assert "Two and more" in growing.tail()


def test_open_code_is_drawn_as_code_at_once() -> None:
    growing = Growing()
    growing.add("```python\nprint(")
    assert growing.is_code
    assert "<pre" in growing.tail()
    growing.add("1)\n```\n")
    assert not growing.is_code


def test_links_lead_outside_safely() -> None:
    html = render("[more](https://birds.example)")
    assert 'rel="noopener noreferrer nofollow"' in html
    assert 'target="_blank"' in html


def test_pictures_from_outside_become_links() -> None:
    html = render("![a heron](https://birds.example/heron.png)")
    assert "<img" not in html
    assert '<a href="https://birds.example/heron.png"' in html
    assert "a heron" in html


def test_code_says_its_language_and_is_coloured() -> None:
    html = render("```python\nreturn 1\n```")
    assert '<span class="code__label">python</span>' in html
    assert '<span class="k">return</span>' in html


def test_an_unknown_language_is_shown_plain() -> None:
    assert "<code>x\n</code>" in render("```no-such-language\nx\n```")


@pytest.mark.parametrize(
    "text",
    [
        "[" * 20_000,
        "*a " * 8_000,
        "> " * 5_000,
        "`a" * 8_000,
        "![" * 5_000,
        "[a](" * 5_000,
        "- " * 3_000,
        "|a" * 3_000 + "\n" + "|-" * 3_000,
        "a" * 1_000_000,
        "```\n" * 3_000,
    ],
    ids=lambda text: repr(text[:6]),
)
def test_text_made_to_be_slow_is_drawn_within_a_moment(text: str) -> None:
    began = time.thread_time()
    render(text)
    assert time.thread_time() - began < 2
