"""Reading what somebody shares with the team while it is written: the words, live, and nothing else."""

import html
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from chat import streaming
from chat.models import Attachment, Conversation, Message
from chat.streaming import Stream
from tests.chat.conftest import HTMX, Chat, default_model, ended, events, newest_reply
from venice_site.simulator import Simulator
from venice_site.venice.catalogue import model_name

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


def test_a_team_mate_reads_the_names_of_models(
    alice_chats: Chat, bob_chats: Chat, simulator: Simulator
) -> None:
    with simulator.hold():
        reply = alice_chats.begun("Tell me a story")
        name = model_name(reply.model)
        assert name != reply.model
        page = bob_chats.client.get(share(reply)).content.decode()
    assert f"Waiting for {name}" in page
    assert f'aria-label="Reply by {name}"' in page
    assert reply.model not in page


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


def opened(chats: Chat, where: str, message: Message) -> list[int]:
    """Return what a reader gets at every address of a reply, or of the file of a question."""
    files = [
        address
        for one in Attachment.objects.filter(message=message)
        for address in (f"{where}pictures/{one.pk}/", f"/chat/attachments/{one.pk}/")
    ]
    replies = [f"{where}replies/{message.pk}/{path}" for path in ("", "stream")]
    answers = [chats.client.get(at, headers=HTMX) for at in files or replies]
    for answer in answers:
        answer.close()
    return [answer.status_code for answer in answers]


def test_a_branch_that_the_owner_left_is_not_read_by_its_addresses(
    alice_chats: Chat, bob_chats: Chat, picture
) -> None:
    file = SimpleUploadedFile("a.png", picture(), "image/png")
    left = alice_chats.answered("How much is my salary?", uploads=[file])
    where = share(left)
    assert opened(bob_chats, where, left) == opened(bob_chats, where, left.parent) == [200, 200]
    path = f"/chat/{left.conversation_id}/messages/{left.parent_id}/edit"
    assert alice_chats.client.post(path, {"text": "How much is a salary?"}).status_code == 302
    shown = ended(newest_reply())
    assert opened(bob_chats, where, left) == opened(bob_chats, where, left.parent) == [404, 404]
    assert opened(bob_chats, where, shown) == opened(bob_chats, where, shown.parent) == [200, 200]
    kept = left.parent.attachments.get()
    assert alice_chats.client.get(kept.get_absolute_url()).status_code == 200


def test_answers_side_by_side_are_read_and_their_earlier_versions_are_not(
    alice_chats: Chat, bob_chats: Chat
) -> None:
    first = alice_chats.answered("Hello")
    where = share(first)
    second = say(first, "assistant", "Good day.", first.parent, column=1)
    newer = say(first, "assistant", "Good evening.", first.parent, column=1)
    Conversation.objects.update(tip=first)
    Message.objects.filter(pk=first.parent_id).update(undecided=True)
    assert opened(bob_chats, where, first) == opened(bob_chats, where, newer) == [200, 200]
    assert opened(bob_chats, where, second) == [404, 404]
    Message.objects.update(undecided=False)
    assert opened(bob_chats, where, first) == [200, 200]
    assert opened(bob_chats, where, newer) == [404, 404]


def test_a_picture_is_seen_while_its_reply_is_written(
    alice_chats: Chat, bob_chats: Chat, simulator: Simulator, picture
) -> None:
    file = SimpleUploadedFile("a.png", picture(), "image/png")
    with simulator.hold(after_tokens=2) as gate:
        reply = alice_chats.begun("What is this?", uploads=[file])
        where = share(reply)
        assert gate.wait_for(1)
        assert opened(bob_chats, where, reply.parent) == [200, 200]


def test_a_picture_costs_its_owner_one_query_however_long_the_conversation(
    alice_chats: Chat, bob_chats: Chat, picture
) -> None:
    def queries(chats: Chat) -> int:
        with CaptureQueriesContext(connection) as captured:
            chats.client.get(attached.get_absolute_url()).close()
        return len([query for query in captured if "chat_" in query["sql"]])

    file = SimpleUploadedFile("a.png", picture(), "image/png")
    reply = alice_chats.answered("What is this?", uploads=[file])
    share(reply)
    attached = Attachment.objects.get()
    assert (queries(alice_chats), queries(bob_chats)) == (1, 2)


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
