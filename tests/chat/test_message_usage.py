"""What replies used and cite: facts of each, totals, what is left, what is expected."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from chat.models import Conversation, Message
from tests.chat.conftest import HTMX, Chat, ended, newest_reply
from venice_site.simulator import Simulator
from venice_site.venice.models import Call, Quota

in_threads = pytest.mark.django_db(transaction=True)


@pytest.fixture
def talk(alice):
    """Return a function that gives Alice a conversation of a few answers."""

    def make(answers: int = 1, text: str = "Because.", **facts) -> Conversation:
        found = Conversation.objects.create(owner=alice, title="Herons", model="m")
        parent = None
        for _ in range(answers):
            asked = Message.objects.create(
                conversation=found, parent=parent, role="user", text="Why?", status="succeeded"
            )
            parent = Message.objects.create(
                conversation=found,
                role="assistant",
                parent=asked,
                text=text,
                model="m",
                status="succeeded",
                **facts,
            )
        found.tip = parent
        found.save()
        return found

    return make


def test_a_reply_tells_what_it_used(simulator, as_alice, talk) -> None:
    used = {"tokens_in": 1200, "tokens_cached": 800, "tokens_out": 300, "tokens_reasoning": 120}
    facts = used | {"cost": 12_000, "cost_source": "catalogue", "first_token_ms": 340}
    page = as_alice.get(talk(**facts).get_absolute_url()).text
    for words in (
        "1,200, 800 from the cache",
        "300, 120 to think",
        "$0.012 (list price)",
        "340 ms",
    ):
        assert words in page, words


def test_a_conversation_tells_its_totals_other_branches_too(
    simulator, as_alice, alice, talk
) -> None:
    found = talk(2, tokens_in=1000, tokens_out=500, cost=10_000)
    first = found.messages.replies().earliest("pk")
    Message.objects.create(
        conversation=found, role="assistant", parent=first.parent, text="x", tokens_in=7, cost=1
    )
    for reply in found.messages.replies():
        reply.call = Call.objects.create(user=alice, kind="reply", expires_at=timezone.now())
        reply.save()
    shown = as_alice.get("/chat/outlook", {"conversation": found.pk}, headers=HTMX).text
    assert "2,007" in shown
    assert "$0.02" in shown


@in_threads
def test_what_was_copied_or_brought_in_was_not_used_here(alice_chats: Chat) -> None:
    from io import BytesIO

    from chat.imports import read_file

    def totals(found: Conversation) -> str:
        asked = {"conversation": found.pk}
        shown = alice_chats.client.get("/chat/outlook", asked, headers=HTMX).text
        return shown.partition("This conversation</h3>")[2]

    reply = alice_chats.answered("What is a heron?")
    talk = reply.conversation
    assert f"{reply.tokens_out:,}" in totals(talk)
    file = alice_chats.client.get(f"/chat/{talk.pk}/export.json").content
    alice_chats.client.post(f"/chat/{talk.pk}/messages/{reply.pk}/fork")
    fork = Conversation.objects.latest("pk")
    assert fork.messages.filter(tokens_out=reply.tokens_out).exists()
    assert totals(fork) == ""
    alice_chats.send(fork, "And a crane?", after=fork.tip_id)
    added = ended(newest_reply())
    assert f"{added.tokens_out:,}</dd>" in totals(fork)
    Conversation.objects.update(deleted_at="2020-01-01T00:00:00Z")
    read_file(talk.owner, BytesIO(file), lambda count: True)
    back = Conversation.objects.get(deleted_at=None)
    assert back.messages.filter(tokens_out=reply.tokens_out).exists()
    assert totals(back) == ""


def test_administrators_see_of_a_copy_that_it_cost_nothing(
    simulator, as_administrator, alice, talk
) -> None:
    talk(cost=20_000)
    called = talk(cost=10_000).messages.replies().get()
    called.call = Call.objects.create(user=alice, kind="reply", expires_at=timezone.now())
    called.save()
    page = as_administrator.get("/admin/chat/conversation/").text
    assert "$0.01<" in page
    assert "$0.02<" not in page


def test_facts_cost_no_query_a_reply(simulator, as_alice, talk) -> None:
    def queries(found: Conversation) -> int:
        with CaptureQueriesContext(connection) as captured:
            as_alice.get(found.get_absolute_url())
        return len([query for query in captured if "chat_" in query["sql"]])

    assert queries(talk(1)) == queries(talk(18))


def test_what_is_left_is_shown_where_people_write(simulator, as_alice, alice, talk) -> None:
    assert "left" not in as_alice.get("/chat/outlook").text
    Quota.objects.create(who="each", metric="images", limit=5)
    Quota.objects.create(who="each", metric="cost", limit=2_000_000)
    shown = as_alice.get("/chat/").text.split('id="outlook"')[1]
    assert "$2.00 left" in shown
    assert "5 images" not in shown


def test_the_rail_hears_what_is_left_with_each_answer(simulator, as_alice, alice) -> None:
    Quota.objects.create(who="each", metric="cost", limit=2_000_000)
    page, answer = as_alice.get("/chat/").text, as_alice.get("/chat/outlook", headers=HTMX).text
    link = re.search(r'<a [^>]*id="rail-usage"[^>]*>', page)[0]
    assert 'title="$2.00 left' in link
    assert link.replace(" href", ' hx-swap-oob="true" href') in answer
    assert page.count('id="rail-usage"') == answer.count('id="rail-usage"') == 1


def test_a_long_message_tells_its_cost_before_it_is_sent(simulator, as_alice, alice) -> None:
    short = as_alice.get("/chat/outlook", {"characters": 400}, headers=HTMX).text
    assert "may cost up to" not in short
    long = as_alice.get("/chat/outlook", {"characters": 60_000}, headers=HTMX).text
    assert "This sends about 20,001 tokens" in long
    Quota.objects.create(who="each", metric="tokens", limit=1000)
    over = as_alice.get("/chat/outlook", {"characters": 60_000}, headers=HTMX).text
    assert "may not fit into your quota" in over


def test_a_long_conversation_tells_its_cost_as_it_opens(simulator, as_alice, talk) -> None:
    page = as_alice.get(talk(3, text="word " * 4000).get_absolute_url()).text
    assert "This sends about" in page


@in_threads
def test_sources_of_a_search_are_kept_and_shown_as_footnotes(
    alice_chats: Chat, simulator: Simulator
) -> None:
    reply = alice_chats.answered("What is the news today?", web_search="on")
    assert [one["url"] for one in reply.citations] == [
        "https://example.org/first",
        "https://example.org/second",
    ]
    assert reply.citations[0]["content"] == "What the first source says & why."
    page = alice_chats.client.get(reply.conversation.get_absolute_url()).text
    assert f'href="#source-{reply.pk}-1"' in page
    assert 'href="https://example.org/first"' in page
    assert "Sources</dt>" in page


@in_threads
def test_a_continued_reply_keeps_its_sources(alice_chats: Chat, simulator: Simulator) -> None:
    reply = alice_chats.answered("What is the news today?", web_search="on")
    Message.objects.filter(pk=reply.pk).update(finish_reason="length")
    alice_chats.act(reply, "continue")
    assert ended(newest_reply()).citations == reply.citations


@in_threads
def test_sources_survive_an_export_and_an_import(alice_chats: Chat) -> None:
    from io import BytesIO

    from chat.imports import read_file

    reply = alice_chats.answered("What is the news today?", web_search="on")
    file = alice_chats.client.get(f"/chat/{reply.conversation_id}/export.json").content
    Conversation.objects.update(deleted_at="2020-01-01T00:00:00Z")
    read_file(reply.conversation.owner, BytesIO(file), lambda count: True)
    back = Message.objects.replies().get(conversation__deleted_at=None)
    assert back.citations == reply.citations
    assert (back.tokens_in, back.tokens_cached) == (reply.tokens_in, reply.tokens_cached)
