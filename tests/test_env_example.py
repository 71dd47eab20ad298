"""Every setting is documented in .env.example, and nothing else is."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
READERS = {"text", "flag", "number", "seconds", "items"}


def settings_read() -> set[str]:
    """Return the names of the environment variables that the settings read."""
    tree = ast.parse((ROOT / "venice_site" / "settings.py").read_text())
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return {
        str(call.args[0].value)
        for call in calls
        if isinstance(call.func, ast.Name)
        and call.func.id in READERS
        and isinstance(call.args[0], ast.Constant)
    }


def settings_documented() -> list[str]:
    """Return the names in .env.example, in its order."""
    return re.findall(r"^#?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)


def test_every_setting_is_documented_and_every_documented_setting_is_read() -> None:
    assert set(settings_documented()) == settings_read()


def test_no_setting_is_documented_twice() -> None:
    names = settings_documented()
    assert len(names) == len(set(names))


def test_a_copied_example_changes_nothing() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    assert [line for line in lines if line and not line.startswith("#")] == []


def test_only_the_settings_read_the_environment() -> None:
    readers = [
        path.relative_to(ROOT).as_posix()
        for room in ("venice_site", "gallery", "chat")
        for path in (ROOT / room).rglob("*.py")
        if re.search(r"os\.environ\.get|os\.environ\[[^\]]+\](?! =)|os\.getenv", path.read_text())
    ]
    assert readers == ["venice_site/settings.py"]


def test_the_table_of_the_readme_names_every_setting() -> None:
    rows = re.findall(r"^\| `([A-Z_]+)`", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert sorted(rows) == sorted(settings_documented())
