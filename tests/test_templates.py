"""Templates and static files keep the content security policy and load nothing from outside."""

import re
from pathlib import Path

import pytest
from django.template.loader import get_template

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = sorted(
    path
    for folder in ("templates", "gallery/templates", "chat/templates", "venice_site")
    for path in (ROOT / folder).rglob("*.html")
)
STATIC = sorted(
    path for path in (ROOT / "static").rglob("*") if path.suffix in {".css", ".js", ".svg"}
)
NAMES = {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def markup(path: Path) -> str:
    """Return a template without the comments that people read."""
    text = path.read_text()
    text = re.sub(r"{#.*?#}", "", text)
    text = re.sub(r"{%\s*comment.*?endcomment\s*%}", "", text, flags=re.DOTALL)
    return re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)


@pytest.mark.parametrize("path", TEMPLATES, ids=named)
def test_a_template_has_no_inline_script(path: Path) -> None:
    scripts = re.findall(r"<script\b([^>]*)>(.*?)</script>", markup(path), re.DOTALL)
    assert [s for s in scripts if "src=" not in s[0] or s[1].strip()] == []


@pytest.mark.parametrize("path", TEMPLATES, ids=named)
def test_a_template_has_no_inline_style(path: Path) -> None:
    assert re.findall(r"<style\b|\sstyle\s*=", markup(path)) == []


@pytest.mark.parametrize("path", TEMPLATES, ids=named)
def test_a_template_has_no_handlers_in_attributes(path: Path) -> None:
    found = re.findall(
        r"\s(?:on[a-z]+|hx-on[\w:.-]*|hx-vars)\s*=|javascript:", markup(path), re.IGNORECASE
    )
    assert found == []


@pytest.mark.parametrize("path", [*TEMPLATES, *STATIC], ids=named)
def test_nothing_loads_from_outside(path: Path) -> None:
    text = markup(path) if path.suffix == ".html" else path.read_text()
    addresses = set(
        re.findall(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]{2,}[^\s\"'<>)]*", text, re.IGNORECASE)
    )
    assert {a for a in addresses if a not in NAMES} == set()


@pytest.mark.parametrize("path", TEMPLATES, ids=named)
def test_a_template_compiles(path: Path) -> None:
    for folder in ("templates/", "gallery/templates/", "chat/templates/"):
        if named(path).startswith(folder):
            get_template(named(path).removeprefix(folder))


@pytest.mark.parametrize("path", TEMPLATES, ids=named)
def test_every_form_that_posts_carries_a_token(path: Path) -> None:
    forms = re.findall(
        r"<form\b[^>]*method=\"post\".*?</form>", markup(path), re.DOTALL | re.IGNORECASE
    )
    assert [form[:120] for form in forms if "{% csrf_token %}" not in form] == []


@pytest.mark.parametrize("path", TEMPLATES, ids=named)
def test_every_icon_that_is_used_exists(path: Path) -> None:
    drawn = set(re.findall(r'id="(icon-[a-z-]+)"', (ROOT / "templates/icons.html").read_text()))
    assert set(re.findall(r'"#(icon-[a-z-]+)"', markup(path))) - drawn == set()


@pytest.mark.parametrize(
    "path", [path for path in STATIC if path.suffix == ".css"], ids=lambda path: path.name
)
def test_a_stylesheet_lives_in_its_layer_and_shouts_nowhere(path: Path) -> None:
    text = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL)
    assert "!important" not in text
    beside_djangos_own = path.name == "admin.css"  # which lies in no layer and would win
    assert text.lstrip().startswith("@layer") or beside_djangos_own
