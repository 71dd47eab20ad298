"""Messages are taken in one at a time, and nobody waits for long."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.urls import resolve

from tests.waiting import eventually
from venice_site import line as module
from venice_site.line import CROWD, Line, LineMiddleware, in_line


class Answering:
    """A site with one view, whose answers the test lets go."""

    def __init__(self) -> None:
        self.view = in_line(partial(self._answer))
        self.begun = threading.Semaphore(0)
        self.may_end = threading.Event()
        self.site = LineMiddleware(self._respond)
        self._threads = ThreadPoolExecutor(4)

    def _answer(self, request: HttpRequest) -> HttpResponse:
        self.begun.release()
        assert self.may_end.wait(20)
        if request.path == "/fails":
            raise RuntimeError
        return HttpResponse()

    def _respond(self, request: HttpRequest) -> HttpResponse:
        self.site.process_view(request, self.view, (), {})
        return self.view(request)

    def ask(self, request: HttpRequest) -> Future[HttpResponse]:
        """Send a request beside this thread."""
        return self._threads.submit(self.site, request)

    def has_begun(self, within: float = 20) -> bool:
        """Return whether the view was asked once more."""
        return self.begun.acquire(timeout=within)


@pytest.fixture
def answering(monkeypatch) -> Iterator[Answering]:
    monkeypatch.setattr(module, "line", Line())
    made = Answering()
    yield made
    made.may_end.set()


def test_the_second_waits_until_the_first_is_answered(answering) -> None:
    post = RequestFactory().post
    first = answering.ask(post("/", {"text": "one"}))
    assert answering.has_begun()
    second = answering.ask(post("/", {"text": "two"}))
    assert not answering.has_begun(within=0.2)
    answering.may_end.set()
    assert [first.result(20).status_code, second.result(20).status_code] == [200, 200]


def test_what_only_looks_waits_for_nobody(answering) -> None:
    answering.ask(RequestFactory().post("/", {"text": "one"}))
    assert answering.has_begun()
    answering.ask(RequestFactory().get("/"))
    assert answering.has_begun()


def test_who_brings_much_neither_waits_nor_keeps_others_waiting(answering) -> None:
    post = RequestFactory().post
    answering.ask(post("/", {"text": "a" * module.SHORT}))
    assert answering.has_begun()
    answering.ask(post("/", {"text": "two"}))
    assert answering.has_begun()
    answering.ask(post("/", {"text": "a" * module.SHORT}))
    assert answering.has_begun()


def test_nobody_waits_for_long(answering, monkeypatch) -> None:
    monkeypatch.setattr(module, "LONGEST_WAIT", 0.05)
    post = RequestFactory().post
    answering.ask(post("/", {"text": "one"}))
    assert answering.has_begun()
    answering.ask(post("/", {"text": "two"}))
    assert answering.has_begun()


def test_the_next_one_goes_on_whatever_became_of_the_first(answering) -> None:
    answering.may_end.set()
    with pytest.raises(RuntimeError):
        answering.ask(RequestFactory().post("/fails", {"text": "one"})).result(20)
    assert answering.ask(RequestFactory().post("/", {"text": "two"})).result(20).status_code == 200


def test_it_is_crowded_while_several_wait() -> None:
    line = Line()
    assert line.enter()
    with ThreadPoolExecutor(CROWD) as threads:
        for _ in range(CROWD - 1):
            threads.submit(line.enter)
        eventually(lambda: line._waiting == CROWD - 1)
        assert not line.is_crowded
        threads.submit(line.enter)
        eventually(lambda: line.is_crowded)
        line.leave()
        eventually(lambda: not line.is_crowded)
        for _ in range(CROWD - 1):
            line.leave()
    line.leave()
    assert line._waiting == 0


@pytest.mark.parametrize(
    "path",
    [
        "/chat/",
        "/chat/1/",
        "/chat/1/replies/2/again",
        "/chat/1/replies/2/continue",
        "/chat/1/messages/2/edit",
    ],
)
def test_messages_stand_in_line(path) -> None:
    assert resolve(path).func.in_line  # type: ignore[attr-defined]


def test_other_things_do_not() -> None:
    assert not hasattr(resolve("/gallery/").func, "in_line")
