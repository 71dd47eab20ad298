"""Conversations: the list, titles, settings, deleting, and who may see what."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from chat.branches import Tree
from chat.models import Conversation, Message, shortened
from chat.shelves import day_name
from chat.tasks import (
    interrupt_stale_replies,
    prune_deleted_conversations,
    title_from,
    write_title,
)
from tests.chat.conftest import HTMX, Chat, ended, newest_reply
from venice_site.simulator import Simulator
from venice_site.venice.models import Call, CallKind

in_threads = pytest.mark.django_db(transaction=True)


@pytest.fixture
def many(alice):
    """Return a function that gives Alice conversations, each a minute older than the one before."""

    def make(count: int, **facts) -> list[Conversation]:
        now = timezone.now()
        return Conversation.objects.bulk_create(
            Conversation(
                **{
                    "owner": alice,
                    "title": f"Number {n}",
                    "title_source": "person",
                    "model": "a-model",
                    "updated_at": now - timedelta(minutes=n),
                }
                | facts
            )
            for n in range(count)
        )

    return make


def test_an_empty_chat_says_so(simulator: Simulator, as_alice: Client) -> None:
    page = as_alice.get("/chat/").content.decode()
    assert "Ask a model anything" in page
    assert 'for="id_text">Message</label>' in page


def test_the_list_costs_the_same_however_long_it_is(
    simulator, as_alice: Client, many, django_assert_max_num_queries
) -> None:
    as_alice.get("/chat/")
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def queries() -> list[str]:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            as_alice.get("/chat/")
        return [query["sql"] for query in captured if '"chat_' in query["sql"]]

    many(2)
    few = queries()
    many(30)
    lots = queries()
    assert len(few) == len(lots)
    assert not any('"chat_message"."text"' in sql for sql in lots)


def test_the_list_goes_on_where_it_ended(simulator, as_alice: Client, many) -> None:
    many(85)
    seen: list[str] = []
    path, headers = "/chat/", {}
    while path:
        html = as_alice.get(path, headers=headers).content.decode()
        seen += [
            part.split("<")[0] for part in html.split('<span class="truncate" dir="auto">')[1:]
        ]
        path = (
            html.split('conversations__more" href="')[1].split('"')[0]
            if "conversations__more" in html
            else ""
        )
        headers = HTMX
    assert seen == [f"Number {n}" for n in range(85)]


def test_a_nonsense_place_in_the_list_shows_its_beginning(
    simulator, as_alice: Client, many
) -> None:
    many(1)
    for nonsense in ("x", "2026-13-45T00:00:00Z_1", "_", "2026-01-01T00:00:00_1"):
        assert "Number 0" in as_alice.get("/chat/", {"after": nonsense}).content.decode()


def test_days_have_names_people_use() -> None:
    today = datetime(2026, 3, 18, 12, tzinfo=UTC)
    names = [day_name(today - timedelta(days=days), today.date()) for days in (0, 1, 2, 7, 400)]
    assert names == ["Today", "Yesterday", "Monday", "11 March", "11 February 2025"]


def test_titles_are_the_first_words_of_the_question() -> None:
    assert shortened("  What   is\na heron? ") == "What is a heron?"
    assert shortened("word " * 40).endswith("word…")
    assert len(shortened("x" * 500)) == 60
    assert shortened("a\x00b\u202ec") == "a b c"


def test_titles_keep_what_joins_characters() -> None:
    joined = "می\u200cخواهم 👨\u200d👩\u200d👧"  # noqa: RUF001
    assert shortened(joined) == joined
    assert shortened("\u200c \u200d") == ""
    assert shortened("x" * 58 + "\u200dyz") == "x" * 58 + "…"


def test_a_model_answer_becomes_a_plain_title() -> None:
    assert title_from('# "Herons at dawn."\nmore') == "Herons at dawn"
    assert title_from("Title: **Herons**") == "Herons"
    assert title_from("\n\n") == ""


@in_threads
def test_a_model_gives_the_title_after_the_first_reply(alice_chats: Chat) -> None:
    reply = alice_chats.answered("What is a heron?")
    write_title.func(reply.conversation_id)
    conversation = Conversation.objects.get()
    assert conversation.title_source == "model"
    assert conversation.title
    call = Call.objects.get(kind=CallKind.TITLE)
    assert call.state == "settled"
    assert call.user == reply.conversation.owner


@in_threads
def test_a_person_s_title_is_never_overwritten(alice_chats: Chat) -> None:
    reply = alice_chats.answered("What is a heron?")
    path = f"/chat/{reply.conversation_id}/rename"
    assert alice_chats.client.post(path, {"title": "My birds"}).status_code == 302
    write_title.func(reply.conversation_id)
    assert Conversation.objects.get().title == "My birds"


@in_threads
def test_without_a_title_from_a_model_the_first_words_stay(
    alice_chats: Chat, simulator: Simulator
) -> None:
    reply = alice_chats.answered("What is a heron?")
    simulator.fail("stream-empty")
    write_title.func(reply.conversation_id)
    assert Conversation.objects.get().title == "What is a heron?"


@in_threads
def test_a_title_does_not_move_the_conversation_up(alice_chats: Chat) -> None:
    reply = alice_chats.answered("What is a heron?")
    before = Conversation.objects.get().updated_at
    write_title.func(reply.conversation_id)
    assert Conversation.objects.get().updated_at == before


@in_threads
def test_the_line_in_the_list_brings_the_new_title(alice_chats: Chat) -> None:
    reply = alice_chats.answered("What is a heron?")
    path = f"/chat/{reply.conversation_id}/entry?current"
    assert "hx-trigger" in alice_chats.client.get(path).content.decode()
    Conversation.objects.get().rename("Birds")
    line = alice_chats.client.get(path).content.decode()
    assert "hx-trigger" not in line
    assert line.count("Birds") == 2


def test_an_empty_title_is_refused(simulator, as_alice: Client, many) -> None:
    (conversation,) = many(1)
    response = as_alice.post(f"/chat/{conversation.pk}/rename", {"title": "  "})
    assert response.status_code == 422
    assert "needs a title" in response.content.decode()


def test_settings_are_kept_and_nonsense_is_refused(simulator, as_alice: Client, many) -> None:
    (conversation,) = many(1)
    path = f"/chat/{conversation.pk}/settings"
    assert as_alice.post(path, {"temperature": "0.3", "max_tokens": "200"}).status_code == 302
    conversation.refresh_from_db()
    assert (conversation.temperature, conversation.max_tokens) == (0.3, 200)
    assert as_alice.post(path, {"temperature": "7"}).status_code == 422
    conversation.refresh_from_db()
    assert conversation.temperature == 0.3


def test_a_deleted_conversation_can_be_brought_back(simulator, as_alice: Client, many) -> None:
    (conversation,) = many(1)
    response = as_alice.post(f"/chat/{conversation.pk}/delete", follow=True)
    assert "Undo" in response.content.decode()
    assert as_alice.get(f"/chat/{conversation.pk}/").status_code == 404
    assert as_alice.post(f"/chat/{conversation.pk}/restore").status_code == 302
    assert as_alice.get(f"/chat/{conversation.pk}/").status_code == 200


def test_what_was_deleted_long_ago_is_gone_for_good(many) -> None:
    old, new = many(2)
    Conversation.objects.filter(pk=old.pk).update(deleted_at=timezone.now() - timedelta(hours=2))
    new.delete_softly()
    prune_deleted_conversations.func()
    assert list(Conversation.objects.all()) == [new]


@in_threads
def test_replies_whose_process_died_are_swept(alice_chats: Chat) -> None:
    reply = alice_chats.answered("Hello")
    Message.objects.filter(pk=reply.pk).update(
        status="running", heartbeat_at="2020-01-01T00:00:00Z", finished_at=None
    )
    interrupt_stale_replies.func()
    reply.refresh_from_db()
    assert reply.status == "interrupted"
    assert reply.text


@in_threads
@pytest.mark.parametrize("who", ["as_bob", "as_administrator"])
def test_strangers_find_nothing_of_a_conversation(who: str, alice_chats: Chat, request) -> None:
    reply = alice_chats.answered("A secret")
    stranger: Client = request.getfixturevalue(who)
    base = f"/chat/{reply.conversation_id}/"
    answer = f"{base}replies/{reply.pk}/"
    question = f"{base}messages/{reply.parent_id}/"
    for path in (base, f"{base}entry", answer, f"{answer}stream", f"{question}source"):
        assert stranger.get(path).status_code == 404, path
    for path in (
        *(
            base,
            f"{base}settings",
            f"{base}rename",
            f"{base}delete",
            f"{base}restore",
            f"{base}stop",
        ),
        *(f"{answer}again", f"{answer}continue", f"{question}edit"),
    ):
        assert stranger.post(path, {"text": "x", "title": "x"}).status_code == 404, path
    assert Message.objects.count() == 2
    assert "A secret" not in stranger.get("/chat/").content.decode()


@in_threads
def test_a_message_is_found_only_in_its_own_conversation(alice_chats: Chat) -> None:
    first = alice_chats.answered("One")
    second = alice_chats.answered("Two")
    path = f"/chat/{second.conversation_id}/replies/{first.pk}/"
    assert alice_chats.client.get(path, headers=HTMX).status_code == 404


@in_threads
def test_a_message_after_one_of_another_conversation_goes_to_the_end(alice_chats: Chat) -> None:
    first = alice_chats.answered("One")
    second = alice_chats.answered("Two")
    alice_chats.send(second.conversation, "Three", after=first.pk)
    assert ended(newest_reply()).parent.parent_id == second.pk


@in_threads
def test_administrators_see_counts_and_no_words(alice_chats: Chat, as_administrator) -> None:
    alice_chats.answered("A secret question")
    page = as_administrator.get("/admin/chat/conversation/").content.decode()
    assert "alice" in page
    assert "secret" not in page


@in_threads
def test_a_long_conversation_shows_its_end_and_leads_to_the_rest(alice_chats: Chat) -> None:
    reply = alice_chats.answered("Number 0")
    last = reply
    for n in range(1, 60):
        last = Message.objects.create(
            conversation=reply.conversation,
            parent=last,
            role="user" if n % 2 else "assistant",
            text=f"Number {n}.",
            status="succeeded",
        )
    page = alice_chats.client.get(f"/chat/{reply.conversation_id}/").content.decode()
    assert "Number 59." in page
    assert "Number 3." not in page
    earlier = page.split('thread__earlier" href="')[1].split('"')[0].replace("&amp;", "&")
    assert "Number 3." in alice_chats.client.get(earlier, headers=HTMX).content.decode()


@in_threads
def test_words_of_people_are_shown_as_they_are(alice_chats: Chat, simulator: Simulator) -> None:
    simulator.fail("script-injection", times=1)
    reply = alice_chats.answered("<script>alert('mine')</script>")
    page = alice_chats.client.get(f"/chat/{reply.conversation_id}/").content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(&#x27;mine&#x27;)" in page


@in_threads
def test_copying_gives_markdown_without_thinking(alice_chats: Chat) -> None:
    reply = alice_chats.answered("Hello")
    path = f"/chat/{reply.conversation_id}/messages/{reply.pk}/source"
    response = alice_chats.client.get(path)
    assert response.content.decode() == reply.text
    assert response["Content-Type"].startswith("text/plain")


def test_a_tree_walks_branches_and_siblings() -> None:
    tree = Tree([(1, None), (2, 1), (3, 1), (4, 3), (5, 4), (6, None)])
    assert tree.ancestry(5) == [1, 3, 4, 5]
    assert tree.branch(2) == [1, 2]
    assert tree.branch(1) == [1, 3, 4, 5]
    assert tree.branch(None) == [6]
    siblings = tree.siblings(3)
    assert (siblings.position, siblings.count, siblings.previous, siblings.next) == (2, 2, 2, None)
