"""Turns and lines of the list that are filled in are those that the template draws."""

from datetime import timedelta
from itertools import product

import pytest
from django.template.loader import render_to_string
from django.utils import timezone

from chat import entries, turns
from chat.branches import Siblings
from chat.models import Attachment, Conversation, Message
from chat.personas import Part
from chat.reading import Turn
from chat.shelves import Entries, Shelf
from venice_site.accounts.models import User
from venice_site.venice.runs import RunStatus

pytestmark = pytest.mark.django_db
HOSTILE = """<script>alert('1')</script> {{ pk }} %(pk)s "quoted" & 'single' \\\\1 héron 鷺 🪶"""
TOKEN = "a-token"
VERSIONS = [
    Siblings(1, 1, None, None),
    Siblings(1, 2, None, 8),
    Siblings(2, 3, 6, 8),
    Siblings(2, 2, 6, None),
]
FACTS: list[dict[str, object]] = [
    {"served_by": "llama", "tokens_in": 12_345, "tokens_out": 1, "cost": 100, "first_token_ms": 7},
    {"tokens_cached": 3, "tokens_in": 4, "tokens_reasoning": 5_000, "cost_source": "estimate"},
    {"served_by": "other", "reasoning": HOSTILE, "reasoning_ms": 1_500},
    {"reasoning": HOSTILE, "finish_reason": "length", "model": ""},
    {"text": "", "finish_reason": "content_filter"},
    {"finish_reason": "stop"},
]


@pytest.fixture
def talk(alice: User) -> Conversation:
    return Conversation.objects.create(owner=alice, title=HOSTILE[:60], model="llama")


def drawn(turn: Turn, conversation: Conversation) -> str:
    told = {"turn": turn, "conversation": conversation, "csrf_token": TOKEN}
    return render_to_string("chat/conversation.html#message", told)


@pytest.mark.parametrize("facts", FACTS, ids=str)
@pytest.mark.parametrize("has_part", [False, True])
def test_a_reply_that_is_filled_in_is_the_one_that_is_drawn(
    talk: Conversation, facts: dict[str, object], has_part: bool
) -> None:
    if has_part:
        talk.part = Part(conversation=talk, name=HOSTILE[:40], letters="<", colour="lagoon")
    now = timezone.now()
    told: dict[str, object] = {
        "pk": 7,
        "conversation": talk,
        "role": "assistant",
        "status": RunStatus.SUCCEEDED,
        "model": "llama",
        "text": f"**Bold** {HOSTILE}",
        "created_at": now - timedelta(days=2),
        "started_at": now - timedelta(seconds=70),
        "finished_at": now,
    }
    reply = Message(**(told | facts))
    for siblings, is_last in product(VERSIONS, (False, True)):
        turn = Turn(reply, siblings, is_last)
        assert turns.is_plain(turn)
        assert turns.plain(turn, talk, TOKEN) == drawn(turn, talk)


def test_a_question_that_is_filled_in_is_the_one_that_is_drawn(talk: Conversation) -> None:
    question = Message(pk=7, conversation=talk, role="user", text=HOSTILE)
    for siblings in VERSIONS:
        turn = Turn(question, siblings, is_last=False)
        assert turns.is_plain(turn)
        filled = turns.plain(turn, talk, TOKEN)
        assert filled == drawn(turn, talk)
        assert "<script" not in filled


@pytest.mark.parametrize("model", ["llama", HOSTILE, ""])
@pytest.mark.parametrize("has_part", [False, True])
def test_a_reply_that_has_just_begun_is_filled_in_too(
    talk: Conversation, has_part: bool, model: str
) -> None:
    if has_part:
        talk.part = Part(conversation=talk, name=HOSTILE[:40], letters="<", colour="lagoon")
    reply = Message(pk=7, conversation=talk, role="assistant", status="running", model=model)
    for siblings in VERSIONS:
        turn = Turn(reply, siblings, is_last=True)
        assert turns.is_plain(turn)
        assert turns.plain(turn, talk, TOKEN) == drawn(turn, talk)


def test_a_reply_that_has_words_already_is_drawn(talk: Conversation) -> None:
    for said in ({"text": "So"}, {"reasoning": "Hm"}):
        reply = Message(pk=7, conversation=talk, role="assistant", status="running", **said)
        assert not turns.is_plain(Turn(reply, VERSIONS[0], is_last=True))


def test_what_did_not_go_well_is_drawn_for_each(talk: Conversation) -> None:
    for status in set(RunStatus) - {RunStatus.SUCCEEDED, RunStatus.RUNNING}:
        reply = Message(pk=7, conversation=talk, role="assistant", status=status)
        assert not turns.is_plain(Turn(reply, VERSIONS[0], is_last=True))


def test_what_has_more_about_it_is_drawn_for_each(talk: Conversation) -> None:
    facts = {"pk": 7, "conversation": talk, "role": "assistant", "status": RunStatus.SUCCEEDED}
    for more in ({"citations": [{"title": "A"}]}, {"fallback_reason": "It cost too much."}):
        assert not turns.is_plain(Turn(Message(**facts, **more), VERSIONS[0], is_last=True))
    plain = Message(**facts)
    assert not turns.is_plain(Turn(plain, VERSIONS[0], is_last=True, is_column=True))
    assert not turns.is_plain(Turn(plain, VERSIONS[0], is_last=True, forks=[talk]))
    question = Message(pk=8, conversation=talk, role="user")
    assert not turns.is_plain(Turn(question, VERSIONS[0], False, attached=[Attachment()]))


def test_a_line_of_the_list_that_is_filled_in_is_the_one_that_is_drawn(talk: Conversation) -> None:
    shelf = Entries(Shelf())
    for is_unread, current in product((False, True), (talk.pk, None, talk.pk + 1)):
        line = marked(talk, is_unread=is_unread)
        assert entries.is_plain_among(line, shelf)
        told = {"conversation": line, "current": current, "user": talk.owner, "entries": shelf}
        assert entries.plain(line, current) == render_to_string(entries.TEMPLATE, told)


def test_a_line_that_can_do_more_is_drawn_for_each(talk: Conversation) -> None:
    shelf = Entries(Shelf())
    assert not entries.is_plain_among(marked(talk, is_writing=True), shelf)
    assert not entries.is_plain_among(marked(talk), Entries(Shelf(), is_selecting=True))
    assert not entries.is_plain_among(marked(talk), Entries(Shelf("team")))
    talk.created_at = timezone.now()
    assert not entries.is_plain_among(talk, shelf)


def marked(
    talk: Conversation, *, is_unread: bool = False, is_writing: bool = False
) -> Conversation:
    """Return a conversation as the list reads it, older than a title that a model gives."""
    talk.created_at = timezone.now() - timedelta(days=1)
    talk.is_unread, talk.is_writing = is_unread, is_writing
    return talk
