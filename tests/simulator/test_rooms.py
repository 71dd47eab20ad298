"""The simulator stands on its own: no Django, no file too long to hold in one's head."""

import ast
from pathlib import Path

import pytest

import venice_site.simulator

ROOMS = sorted(Path(venice_site.simulator.__file__).parent.glob("*.py"))


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.stem)
def test_a_room_imports_neither_django_nor_the_product(room: Path) -> None:
    for node in ast.walk(ast.parse(room.read_text())):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = [node.module or ""] if node.level < 2 else ["the product"]
        assert not [
            name for name in names if name.split(".")[0] in ("django", "venice_site", "the product")
        ]


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.stem)
def test_a_room_is_short(room: Path) -> None:
    assert len(room.read_text().splitlines()) <= 350
