"""Reading what somebody shares with the team while it is written: the words, live, and nothing else."""

import html
import re

import pytest
from django.utils import timezone

from chat import streaming
from chat.models import Conversation, Message
from chat.streaming import Stream
from tests.chat.conftest import HTMX, Chat, default_model, ended, events
from venice_site.simulator import Simulator

pytestmark = pytest.mark.django_db(transaction=True)


def share(reply: Message, moment=None) -> str:
    """Share a reply's conversation with the team and return where the team reads it."""
    found = Conversation.objects.filter(pk=reply.conversation_id)
    found.update(shared_at=moment or timezone.now())
    return f"/chat/team/{reply.conversation_id}/"


def say(reply: Message, role: str, text: str, parent: Message, **facts) -> Message:
    """Write a message and let the conversation open with it."""
    facts = {"status": "succeeded"} | facts
    said = Message.objects.create(
        conversation_id=reply.conversation_id, role=role, text=text, parent=parent, **facts
    )
    Conversation.objects.filter(pk=reply.conversation_id).update(tip=said)
    return said


def test_a_team_mate_reads_along_without_the_thinking(
    alice_chats: Chat, bob_chats: Chat, simulator: Simulator
) -> None:
    with simulator.hold(after_tokens=60) as gate:
        reply = alice_chats.begun("Tell me a story", model=default_model(thinks=True))
        where = share(reply)
        assert gate.wait_for(1)
        page = bob_chats.client.get(where).content.decode()
        assert f'data-stream="{where}replies/{reply.pk}/stream"' in page
        response = bob_chats.client.get(f"{where}replies/{reply.pk}/stream")
        seen = events(response)
        first = next(seen)
    rest = list(seen)
    final = ended(reply)
    assert final.reasoning
    assert first[0] == "reply"
    assert first[1]["reasoning"] == ""
    assert {name for name, _ in rest} <= {"block", "tail", "text", "done"}
    name, done = rest[-1]
    assert name == "done"
    assert final.text.split("\n")[0][:20] in done
    assert "<form" not in done
    assert final.reasoning[:40] not in done
    assert Stream.open == 0


def test_a_stream_ends_when_the_team_may_not_read_any_more(
    alice_chats: Chat, bob_chats: Chat, simulator: Simulator, monkeypatch
) -> None:
    monkeypatch.setattr(streaming, "LOOK_AT_SHARING_EVERY", 0.05)
    with simulator.hold(after_tokens=2) as gate:
        reply = alice_chats.begun("Tell me a story")
        where = share(reply)
        assert gate.wait_for(1)
        seen = events(bob_chats.client.get(f"{where}replies/{reply.pk}/stream"))
        assert next(seen)[0] == "reply"
        Conversation.objects.update(shared_at=None)
        name, last = list(seen)[-1]
        assert (name, last.strip()) == ("done", "")
        for path in ("", "news", f"replies/{reply.pk}/", f"replies/{reply.pk}/stream"):
            assert bob_chats.client.get(f"{where}{path}", headers=HTMX).status_code == 404


def test_readers_ask_each_second_when_streams_run_short(
    alice_chats: Chat, bob_chats: Chat, settings
) -> None:
    reply = alice_chats.answered("Hello")
    where = f"{share(reply)}replies/{reply.pk}/"
    settings.STREAM_LIMIT = 0
    assert bob_chats.client.get(f"{where}stream").status_code == 204
    shown = bob_chats.client.get(where, headers=HTMX).content.decode()
    assert reply.text.split()[0] in shown
    assert "data-stream" not in shown
    assert bob_chats.client.get(where).status_code == 302


def test_a_reply_of_another_conversation_is_not_read_through_a_shared_one(
    alice_chats: Chat, bob_chats: Chat
) -> None:
    where = share(alice_chats.answered("Hello"))
    hidden = alice_chats.answered("A secret")
    for path in ("", "stream"):
        asked = bob_chats.client.get(f"{where}replies/{hidden.pk}/{path}", headers=HTMX)
        assert asked.status_code == 404


def test_news_are_what_was_said_since_and_nothing_when_nothing_was(
    alice_chats: Chat, bob_chats: Chat
) -> None:
    reply = alice_chats.answered("Hello")
    where = share(reply)
    read = bob_chats.client.get
    seen = {"after": reply.pk, "title": Conversation.objects.get().title}
    assert read(f"{where}news", seen, headers=HTMX).status_code == 204
    asked = say(reply, "user", "And then?", reply)
    answer = say(reply, "assistant", "", asked, status="running", heartbeat_at=timezone.now())
    news = read(f"{where}news", {"after": reply.pk}, headers=HTMX)
    shown = news.content.decode()
    assert "HX-Retarget" not in news
    assert shown.count("<article") == 2
    assert f"news?after={answer.pk}" in shown
    assert f"replies/{answer.pk}/stream" in shown


@pytest.mark.parametrize("is_left", [False, True])
def test_a_title_that_was_changed_is_among_the_news(
    alice_chats: Chat, bob_chats: Chat, is_left: bool
) -> None:
    reply = alice_chats.answered("Hello")
    where = share(reply)
    page = bob_chats.client.get(where).content.decode()
    asks = html.unescape(page.split('hx-get="')[1].split('"')[0])
    assert bob_chats.client.get(asks, headers=HTMX).status_code == 204
    if is_left:
        say(reply, "assistant", "Another answer.", reply.parent)
    Conversation.objects.update(title="Tides & <moons>")
    news = bob_chats.client.get(asks, headers=HTMX).content.decode()
    assert "<title>Tides &amp; &lt;moons&gt; · Venice Studio</title>" in news
    assert re.search(
        '<h1 id="shared-title"[^>]* hx-swap-oob="true">Tides &amp; &lt;moons&gt;', news
    )
    asks = html.unescape(news.split('hx-get="')[1].split('"')[0])
    assert bob_chats.client.get(asks, headers=HTMX).status_code == 204


@pytest.mark.parametrize("after", ["left", "", "x", "9" * 40])
def test_who_read_another_branch_or_none_gets_all_anew(
    alice_chats: Chat, bob_chats: Chat, after: str
) -> None:
    reply = alice_chats.answered("Hello")
    where = share(reply)
    say(reply, "assistant", "Another answer.", reply.parent)
    query = {"after": reply.pk if after == "left" else after}
    news = bob_chats.client.get(f"{where}news", query, headers=HTMX)
    assert news["HX-Retarget"] == "#shown"
    assert "Another answer." in news.content.decode()
    assert news.content.decode().count("<article") == 2


def test_reading_marks_nothing_as_read_for_the_owner(alice_chats: Chat, bob_chats: Chat) -> None:
    reply = alice_chats.answered("Hello")
    where = share(reply)
    before = Conversation.objects.get().read_at
    Message.objects.filter(pk=reply.pk).update(finished_at=timezone.now())
    list(events(bob_chats.client.get(f"{where}replies/{reply.pk}/stream")))
    assert Conversation.objects.get().read_at == before


def test_nothing_follows_the_newest_message(alice_chats: Chat, bob_chats: Chat) -> None:
    reply = alice_chats.answered("Hello")
    for path in (f"/chat/{reply.conversation_id}/", share(reply)):
        chats = bob_chats if "team" in path else alice_chats
        for headers in ({}, HTMX):
            shown = chats.client.get(path, {"after": reply.pk}, headers=headers)
            assert shown.status_code == 200
