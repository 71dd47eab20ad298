"""Markdown becomes HTML that can harm nobody, the same live and finished."""

import sys
import time
from html.parser import HTMLParser
from itertools import chain, repeat

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat.formulas import mathml
from chat.rendering import Growing, Sources, blocks, render, render_block
from tests.chat.hostile import HOSTILE

TAGS = {
    *("p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "ul", "ol", "li"),
    *("strong", "em", "s", "code", "pre", "a", "span", "div", "button", "input"),
    *("table", "thead", "tbody", "tr", "th", "td", "sup"),
    *("math", "mrow", "mi", "mn", "mo", "mtext", "mspace", "mfrac", "msup", "msub", "msubsup"),
    *("mtable", "mtr", "mtd", "mstyle"),
}
ATTRIBUTES = {
    *("class", "href", "title", "rel", "target", "start", "align", "type", "data-copy-code"),
    *(
        "aria-label",
        "tabindex",
        "role",
        "checked",
        "disabled",
        "display",
        "alttext",
        "mathvariant",
        "width",
        "stretchy",
    ),
}
SCROLLED = {("tabindex", "0"), ("role", "group")}

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

The area is $\\pi r^2$, for $5 and $6 a piece^1,2^.

$$
\\int_0^1 x\\,dx
= \\frac{1}{2}
$$

So \\[ a^2 \\] it is:
\\[
b
\\]
and https://birds.example/a_(b). Good.

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
            outside = str(value).startswith(("http://", "https://", "mailto:", "#source-9-"))
            if name == "href" and (tag != "a" or not outside):
                self.harm.append(str(value))
            if (name, value) not in SCROLLED and name in {"tabindex", "role"}:
                self.harm.append(f"{name} {value}")
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
    assert harm_in(render(text, Sources(9, 3))) == []


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
    further = chain(sizes, repeat(7))
    while at < len(SAMPLE):
        size = next(further)
        shown += growing.add(SAMPLE[at : at + size])
        growing.tail()
        at += size
    assert shown + growing.tail() == render(SAMPLE)


@given(st.text(alphabet="ab \n#-*>`1.|\t$\\[]^=", max_size=120))
@settings(max_examples=600, deadline=None)
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


def test_of_long_code_only_the_last_line_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    code = "~~~\n" + "``` is no end of this\n" * 300
    growing = Growing()
    growing.add("~~~\n")
    with monkeypatch.context() as patched:
        patched.setattr("chat.rendering.growing.blocks", None)
        patched.setattr("chat.rendering.growing.open_until", None)
        for character in code[4:]:
            assert growing.add(character) == ""
            assert growing.is_code
    assert growing.add("~~~~\n\nAfter") == render(f"{code}~~~~\n")
    assert not growing.is_code


def test_a_long_block_is_looked_through_seldom_and_ends_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks = 0

    def counted(text: str) -> list[str]:
        nonlocal looks
        looks += 1
        return blocks(text)

    monkeypatch.setattr("chat.rendering.growing.blocks", counted)
    table = "| a | b |\n|---|---|\n" + "| one | two |\n" * 1000
    growing = Growing()
    assert "".join(growing.add(f"{line}\n") for line in table.splitlines()) == ""
    assert looks < 300
    growing.add("\n")
    assert growing.add("After it") == render(table)


def test_links_lead_outside_safely() -> None:
    html = render("[more](https://birds.example)")
    assert 'rel="noopener noreferrer nofollow"' in html
    assert 'target="_blank"' in html


def test_pictures_from_outside_become_links() -> None:
    html = render("![a heron](https://birds.example/heron.png)")
    assert "<img" not in html
    assert '<a href="https://birds.example/heron.png"' in html
    assert "a heron" in html
    assert "(picture at birds.example)" in html


def test_a_link_says_where_it_leads_when_its_label_does_not() -> None:
    assert "(evil.example)" in render("[Your bank](https://evil.example/pay)")
    assert "(evil.example)" in render("[https://bank.example](https://evil.example/pay)")
    assert 'class="host"' not in render("[birds.example](https://birds.example)")


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("See https://birds.example/a?b=1.", "https://birds.example/a?b=1"),
        ("(https://birds.example/a_(b))", "https://birds.example/a_(b)"),
        ("**https://birds.example/**", "https://birds.example/"),
        ("https://birds.example。好", "https://birds.example"),
    ],
)
def test_addresses_become_links(text: str, address: str) -> None:
    assert f'<a href="{address}" target="_blank"' in render(text)


@pytest.mark.parametrize(
    "text",
    ["xhttps://a.example", "https://", "https://.", "`https://a.example`", "ftp://a.example"],
)
def test_what_is_no_address_becomes_no_link(text: str) -> None:
    assert "<a " not in render(text)


@pytest.mark.parametrize(
    ("text", "display"),
    [
        ("$x$", "inline"),
        ("so $e^{i\\pi} = -1$.", "inline"),
        ("$5$ and $2x$", "inline"),
        ("\\(a < b\\)", "inline"),
        ("$x$是数", "inline"),
        ("- $x$\n  - $y$", "inline"),
        ("$$x$$", "block"),
        ("$$\nx\n= y\n$$", "block"),
        ("\\[x\\]", "block"),
        ("text\n\\[\nx\n\\]\ntext", "block"),
        ("$$\\begin{aligned}a&=b\\\\c&=d\\end{aligned}$$", "block"),
    ],
)
def test_formulas_are_drawn(text: str, display: str) -> None:
    html = render(text)
    assert f'display="{display}"' in html
    assert "$" not in html.replace("alttext", "")


@pytest.mark.parametrize(
    "text",
    [
        "It costs $5 and $6.",
        "From $5-$6, or US$7 and A$8.",
        "between $5/month and $6/month",
        "5$ or 6$",
        "$HOME/bin:$PATH and $A_$B",
        "pay $20 a month, not more than 30$",
        "`$x$`",
        "\\$x$",
        "$ x $",
        "$$",
        "$$ open\n- and never closed",
    ],
)
def test_money_and_shells_are_no_formulas(text: str) -> None:
    assert "<math" not in render(text)


@pytest.mark.parametrize("tex", ["x_{", "{" * 900, "\\sqrt{" * 300, "x" * 3000, "^" * 500])
def test_a_formula_that_cannot_be_read_is_shown_as_written(tex: str) -> None:
    html = render(f"$${tex}$$")
    assert "<math" not in html
    assert tex[:20] in html


def test_a_block_full_of_formulas_is_drawn_up_to_a_measure() -> None:
    html = render("$x_{12}$ " * 5000)
    assert 1000 < html.count("<math") < 2500
    assert html.count("formula__source") > 2000


def test_citations_lead_to_the_sources_of_their_message() -> None:
    html = render("Herons^1,3^ stand[REF]1[/REF].", Sources(7, 3))
    for number in (1, 2, 3):
        assert f'<a href="#source-7-{number}"' in html
    assert "target" not in html


def test_citations_of_unknown_sources_are_marks_alone() -> None:
    for html in (render("Herons^1^ stand."), render("Herons^9^ stand.", Sources(7, 3))):
        assert '<sup class="citation">' in html
        assert "<a " not in html
    assert "<sup" not in render("x^2 and y^n^")


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
        "$a " * 10_000,
        "$x_1$ " * 5_000,
        "\\(" * 10_000,
        "$$\na\n" * 8_000,
        "a://" * 25_000,
        "https://a" + ")" * 1_990,
        "http://a " * 10_000,
        "^1" * 10_000,
        "[REF]" * 10_000,
    ],
    ids=lambda text: repr(text[:6]),
)
def test_text_made_to_be_slow_is_drawn_within_a_moment(text: str) -> None:
    began = time.thread_time()
    render(text)
    assert time.thread_time() - began < 2


@pytest.mark.parametrize(
    "piece",
    [
        *("word *em* `c` $x$ [l](https://a.example)\n\n", "[", "$a ", "a://", "http://a.b ", "> "),
        *("\\(", "$$\na\n", "^1^ ", "[REF]0[/REF]", "![a](http://a.b) ", "| a ", "- a\n"),
    ],
)
def test_the_work_grows_with_the_length_alone(piece: str) -> None:
    """Counts calls, which no busy machine changes."""
    shorter, longer = (calls_to_render(piece * (n // len(piece))) for n in (4_000, 16_000))
    assert longer < 4.6 * shorter


def calls_to_render(text: str) -> int:
    calls = 0

    def count(*_) -> None:
        nonlocal calls
        calls += 1

    for cached in (render, render_block, mathml):
        cached.cache_clear()
    sys.setprofile(count)
    try:
        render(text)
    finally:
        sys.setprofile(None)
    return calls
