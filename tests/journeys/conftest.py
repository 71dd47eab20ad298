"""The real product in real processes, and people with a real browser."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.product import Product
from venice_site.simulator import Simulator

CHROMIUM = next(
    (
        found
        for name in ("chromium", "chromium-browser", "google-chrome")
        if (found := shutil.which(name))
    ),
    None,
)
HERE = Path(__file__).parent
FIRST = "test_first_run"  # what everybody does; `make test` goes through it too
expect.set_options(timeout=20_000)
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the journeys of a module together, so that its product starts once; most are for `make journeys`."""
    for item in items:
        if item.path.parent == HERE:
            item.add_marker(pytest.mark.xdist_group(item.path.stem))
            if item.path.stem != FIRST:
                item.add_marker(pytest.mark.long)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    assert CHROMIUM, "The journeys need Chromium: apt-get install chromium"
    os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """The product as a first run finds it: no key, the stand-in answers."""
    with Product(tmp_path_factory.mktemp("product") / "data") as product:
        yield product


@pytest.fixture(scope="module")
def asked_venice() -> Iterator[Simulator]:
    """A Venice for all journeys of a module: it tells what it was asked."""
    with Simulator(keys=["journey-key"]) as simulator:
        yield simulator


@pytest.fixture(scope="module")
def asking_product(
    tmp_path_factory: pytest.TempPathFactory, asked_venice: Simulator
) -> Iterator[Product]:
    """The product for all journeys of a module, with a key, talking to `asked_venice`."""
    data = tmp_path_factory.mktemp("product") / "data"
    with Product(data, VENICE_BASE_URL=asked_venice.url, VENICE_API_KEYS="journey-key") as product:
        yield product


@pytest.fixture
def venice() -> Iterator[Simulator]:
    """A Venice of the test's own, which can be held and made to fail."""
    with Simulator(keys=["journey-key"]) as simulator:
        yield simulator


@pytest.fixture
def own_product(tmp_path: Path, venice: Simulator) -> Iterator[Product]:
    """A product of the test's own, with a key, talking to `venice`: to be killed."""
    data = tmp_path / "data"
    facts = {"VENICE_BASE_URL": venice.url, "VENICE_API_KEYS": "journey-key"}
    with Product(data, RUN_STALE_AFTER="5", **facts) as product:
        yield product


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Return a function that opens a page as a new visitor; console errors fail the test."""
    complaints: list[str] = []
    with ExitStack() as stack:

        def open_page(
            product: Product, *, width: int = 1280, context: BrowserContext | None = None
        ) -> Page:
            if context is None:
                context = browser.new_context(
                    base_url=product.url, viewport={"width": width, "height": 900}
                )
                stack.callback(context.close)
            page = context.new_page()
            page.set_default_timeout(15_000)
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on(
                "console",
                lambda message: (
                    complaints.append(message.text) if "Security Policy" in message.text else None
                ),
            )
            return page

        yield open_page
    assert complaints == []


@pytest.fixture
def sign_in(visit: Callable[..., Page]) -> Callable[..., Page]:
    """Return a function that opens a page and signs in as the administrator."""

    def enter(product: Product, **how: int) -> Page:
        page = visit(product, **how)
        page.goto("/")
        page.get_by_label("Username").fill(product.username)
        page.get_by_label("Password").fill(product.password)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(lambda url: "/accounts/" not in url)
        return page

    return enter
