"""The import rule: who may know whom, read from the source."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("venice_site", "gallery", "chat")
GROUND = "venice_site.statements"  # a way to ask the database that knows no room


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


SOURCES = {
    module_name(path): path
    for room in ROOMS
    for path in sorted((ROOT / room).rglob("*.py"))
    if "migrations" not in path.parts
}


def imports(module: str, *, of_functions: bool = True) -> Iterator[str]:
    """Yield the full names that a module imports, down to the imported member."""
    tree = ast.parse(SOURCES[module].read_text())
    for node in ast.walk(tree) if of_functions else tree.body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = absolute(module, node)
            yield from (f"{base}.{alias.name}" for alias in node.names)


def absolute(module: str, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    is_package = SOURCES[module].name == "__init__.py"
    parts = module.split(".")
    kept = parts[: len(parts) - node.level + is_package]
    return ".".join([*kept, node.module] if node.module else kept)


def within(name: str, *rooms: str) -> bool:
    return any(name == room or name.startswith(f"{room}.") for room in rooms)


def modules(*rooms: str) -> list[str]:
    return [module for module in SOURCES if within(module, *rooms)]


def our_own(name: str) -> str | None:
    """Return the module of ours that an imported name leads to, if any."""
    while name and name not in SOURCES:
        name = name.rpartition(".")[0]
    return name or None


@pytest.mark.parametrize(("room", "other"), [("gallery", "chat"), ("chat", "gallery")])
def test_gallery_and_chat_never_import_each_other(room: str, other: str) -> None:
    assert {m: n for m in modules(room) for n in imports(m) if within(n, other)} == {}


@pytest.mark.parametrize("module", modules("venice_site.venice"))
def test_the_service_knows_only_the_people(module: str) -> None:
    known = ("venice_site.venice", "venice_site.accounts", GROUND)
    ours = [name for name in imports(module) if within(name, *ROOMS)]
    assert [name for name in ours if not within(name, *known)] == []


@pytest.mark.parametrize("module", modules("venice_site.accounts"))
def test_the_people_know_nothing_else(module: str) -> None:
    ours = [name for name in imports(module) if within(name, *ROOMS)]
    assert [name for name in ours if not within(name, "venice_site.accounts", GROUND)] == []


def test_the_ground_knows_no_room() -> None:
    assert [name for name in imports(GROUND) if within(name, *ROOMS)] == []


ENTRY = "venice_site.wsgi"  # where the web process begins, all rooms in it


@pytest.mark.parametrize("module", [name for name in modules("venice_site") if name != ENTRY])
def test_the_project_reaches_gallery_and_chat_through_their_addresses(module: str) -> None:
    assert [n for n in imports(module) if within(n, "gallery", "chat")] == []


@pytest.mark.parametrize("module", modules("gallery", "chat"))
def test_nobody_goes_round_the_one_door(module: str) -> None:
    behind = ("client", "transport", "sse", "policy", "pool", "secrets")
    doors = [f"venice_site.venice.{name}" for name in behind]
    assert [n for n in imports(module) if within(n, *doors, "requests", "urllib3")] == []


FREE_OF_DJANGO = [
    *(f"venice_site.venice.{name}" for name in ("client", "sse", "types", "errors", "policy")),
    *modules("venice_site.simulator"),
    *modules("gallery.containers"),
    "gallery.imaging",
    "gallery.metadata",
    "gallery.reading",
    *modules("chat.dialects"),
    *modules("chat.rendering"),
]


@pytest.mark.parametrize("module", FREE_OF_DJANGO)
def test_a_plain_room_needs_no_django_not_even_through_others(module: str) -> None:
    seen, waiting = set(), [module]
    while waiting:
        seen.add(current := waiting.pop())
        names = list(imports(current))
        assert not [n for n in names if within(n, "django")], f"{module} through {current}"
        found = {target for n in names if (target := our_own(n))} - seen - set(waiting)
        waiting.extend(target for target in found if SOURCES[target].name != "__init__.py")


@pytest.mark.parametrize("room", ["gallery", "chat", "venice_site.venice"])
@pytest.mark.parametrize(
    ("door", "above"),
    [
        ("models", ("views", "forms", "tasks", "admin", "urls")),
        ("forms", ("views", "tasks", "admin", "urls")),
        ("tasks", ("views", "forms", "admin", "urls")),
    ],
)
def test_within_an_app_imports_lead_down(room: str, door: str, above: tuple[str, ...]) -> None:
    """A model may fetch its task in the moment of calling for it, never at the top."""
    for module in modules(f"{room}.{door}"):
        names = list(imports(module, of_functions=False))
        assert [n for n in names if within(n, *(f"{room}.{name}" for name in above))] == []
