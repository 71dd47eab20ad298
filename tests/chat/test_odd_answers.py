"""Answers that are odd, but were paid for: what was said and what it cost are kept."""

from collections.abc import Callable

import pytest

from chat.models import Message
from chat.tasks import write_title
from tests.chat.conftest import Chat, ended
from tests.venice.wire import Peer, http, says, server
from venice_site.venice.models import Attempt, Call, CallKind
from venice_site.venice.types import MICRO

pytestmark = pytest.mark.django_db(transaction=True)

STREAM = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"
CHARGED = (
    b'data: {"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 7},'
    b' "cost": {"usd": 0.5, "diem": 0}}\n\ndata: [DONE]\n\n'
)
Answered = Callable[[bytes], Message]


def said(*words: bytes, finish: bytes = b"null") -> bytes:
    frame = b'data: {"choices": [{"delta": {"content": "%s"}, "finish_reason": %s}]}\n\n'
    return b"".join(frame % (word, finish) for word in words)


@pytest.fixture
def asked() -> list[bytes]:
    """Return the requests for replies that were sent."""
    return []


@pytest.fixture
def answered(alice_chats: Chat, settings, asked: list[bytes]) -> Answered:
    """Return what lets a question be answered by these bytes, and returns the reply."""

    def with_bytes(data: bytes) -> Message:
        def answer(peer: Peer) -> None:
            if b"/chat/completions" in (request := peer.request()):
                asked.append(request)
            peer.send(data)

        with server(answer) as settings.VENICE_STAND_IN_URL:
            return ended(alice_chats.begun("hi"))

    return with_bytes


def test_a_character_that_came_in_two_halves_is_one(answered: Answered) -> None:
    reply = answered(STREAM + said(rb"Hello \ud83d", rb"\ude00", b" you") + CHARGED)
    assert (reply.status, reply.text) == ("succeeded", "Hello 😀 you")


def test_what_is_no_character_costs_no_reply(answered: Answered, alice_chats: Chat) -> None:
    source = rb'{"title": "A tide \ud83d", "url": "https://tides.example/"}'
    cited = b'data: {"venice_parameters": {"web_search_citations": [%s]}, "choices": []}\n\n'
    words = said(rb"a\u0000b", rb" \ude00 c", rb"\ud83d")
    reply = answered(STREAM + cited % source + words + CHARGED)
    assert (reply.status, reply.text) == ("succeeded", "ab � c�")
    assert reply.call.cost == MICRO // 2
    page = alice_chats.client.get(f"/chat/{reply.conversation_id}/")
    assert "A tide �" in page.content.decode()


def test_a_refusal_with_half_a_character_is_a_refusal(answered: Answered) -> None:
    reply = answered(
        http(400, rb'{"error": "No \ud83d", "details": {"x": {"_errors": ["\ud83d"]}}}')
    )
    assert (reply.status, reply.error_kind) == ("failed", "invalid")
    assert not Attempt.objects.filter(ended_at=None).exists()


def test_an_event_without_data_says_nothing(answered: Answered) -> None:
    reply = answered(STREAM + said(b"Hello") + b"data:\n\n" + said(b" you") + CHARGED)
    assert (reply.status, reply.text) == ("succeeded", "Hello you")


@pytest.mark.parametrize("finish", [b'"stop"', b'"content_filter"'])
def test_an_empty_answer_that_was_charged_is_paid_for_and_not_asked_for_again(
    answered: Answered, asked: list[bytes], finish: bytes
) -> None:
    reply = answered(STREAM + said(b"", finish=finish) + CHARGED)
    assert reply.status == "failed"
    assert "charged for it" in reply.error
    call = Call.objects.get(pk=reply.call_id)
    assert (call.state, call.cost, call.tokens_out) == ("settled", MICRO // 2, 7)
    assert len(asked) == 1


def test_a_title_that_was_charged_but_not_said_costs_what_it_used(
    answered: Answered, asked: list[bytes], settings
) -> None:
    reply = answered(STREAM + said(b"Hello") + CHARGED)
    thought = (
        b'data: {"choices": [{"delta": {"reasoning_content": "Hm"}, "finish_reason": "stop"}]}\n\n'
    )
    used = b'data: {"choices": [], "usage": {"prompt_tokens": 900, "completion_tokens": 700}}\n\n'
    with server(
        says(STREAM + thought + used + b"data: [DONE]\n\n")
    ) as settings.VENICE_STAND_IN_URL:
        write_title.func(reply.conversation_id)
    call = Call.objects.get(kind=CallKind.TITLE)
    assert (call.state, call.tokens_out) == ("settled", 700)
    assert call.cost > 0
