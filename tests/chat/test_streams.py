"""Watching a reply: the same events for every viewer, from any process, at any moment."""

import threading

import pytest
from django.db import connection

from chat import streaming
from chat.models import Message
from chat.replies import writers
from chat.streaming import Row, Stream, events
from tests.chat.conftest import Chat, ended
from tests.waiting import eventually
from venice_site.simulator import Simulator

pytestmark = pytest.mark.django_db(transaction=True)


def watched(stream) -> list[tuple[str, object]]:
    return list(stream)


def test_a_stream_begins_with_everything_and_ends_with_the_finished_message(
    alice_chats: Chat,
) -> None:
    reply = alice_chats.begun("Tell me a story")
    seen = watched(alice_chats.stream(reply))
    assert seen[0][0] == "reply"
    assert seen[-1][0] == "done"
    assert 'data-status="succeeded"' in seen[-1][1]
    assert [name for name, _ in seen].count("done") == 1


def test_words_are_streamed_while_the_reply_is_written(
    alice_chats: Chat, simulator: Simulator
) -> None:
    with simulator.hold(after_tokens=4) as gate:
        reply = alice_chats.begun("Tell me a story")
        assert gate.wait_for(1)
        stream = alice_chats.stream(reply)
        name, state = next(stream)
        assert name == "reply"
        while not (state["blocks"] + state["tail"] if name == "reply" else state):
            name, state = next(stream)
        gate.open()
        rest = watched(stream)
    assert rest[-1][0] == "done"


def test_two_viewers_see_the_same(alice_chats: Chat, simulator: Simulator) -> None:
    with simulator.hold(after_tokens=3):
        reply = alice_chats.begun("Tell me a story")
        streams = [alice_chats.stream(reply) for _ in range(2)]
        for stream in streams:
            assert next(stream)[0] == "reply"
        simulator.release()
        done = [watched(stream)[-1] for stream in streams]
    assert [name for name, _ in done] == ["done", "done"]
    assert ended(reply).text.split()[0] in done[0][1]


def test_a_viewer_in_another_process_reads_the_row(alice_chats: Chat, simulator: Simulator) -> None:
    with simulator.hold(after_tokens=6) as gate:
        reply = alice_chats.begun("Tell me a story")
        assert gate.wait_for(1)
        row = Row(reply.pk)
        so_far = eventually(lambda: row.news(0.5).text, what="the row was flushed")
        gate.open()
        news = row.news(5)
        rest = news.text
        while not news.ended:
            news = row.news(5)
            rest += news.text
    assert so_far + rest == ended(reply).text


def test_a_page_loaded_midway_shows_what_is_there_and_goes_on(
    alice_chats: Chat, simulator: Simulator
) -> None:
    with simulator.hold(after_tokens=6) as gate:
        reply = alice_chats.begun("Tell me a story")
        assert gate.wait_for(1)
        eventually(lambda: Message.objects.get(pk=reply.pk).text, what="the row was flushed")
        page = alice_chats.client.get(f"/chat/{reply.conversation_id}/").content.decode()
    assert Message.objects.get(pk=reply.pk).text.split()[0] in page
    assert 'data-status="running"' in page
    assert "data-stream=" in page


def test_a_closed_viewer_does_not_stop_the_writer(alice_chats: Chat, simulator: Simulator) -> None:
    with simulator.hold(after_tokens=3) as gate:
        reply = alice_chats.begun("Tell me a story")
        path = f"/chat/{reply.conversation_id}/replies/{reply.pk}/stream"
        response = alice_chats.client.get(path)
        next(iter(response.streaming_content))
        response.close()
        assert gate.wait_for(1)
    assert ended(reply).status == "succeeded"
    assert Stream.open == 0


def test_a_finished_reply_streams_its_end_at_once(alice_chats: Chat) -> None:
    reply = alice_chats.answered("Hello")
    assert [name for name, _ in alice_chats.stream(reply)] == ["reply", "done"]


def test_when_streams_run_short_a_viewer_asks_each_second(alice_chats: Chat, settings) -> None:
    reply = alice_chats.answered("Hello")
    settings.STREAM_LIMIT = 0
    path = f"/chat/{reply.conversation_id}/replies/{reply.pk}/"
    assert alice_chats.client.get(f"{path}stream").status_code == 204
    fragment = alice_chats.client.get(path, headers={"HX-Request": "true"}).content.decode()
    assert 'data-status="succeeded"' in fragment
    assert "<html" not in fragment


def test_a_reply_whose_writer_died_is_interrupted_by_its_viewer(alice_chats: Chat) -> None:
    reply = alice_chats.answered("Hello")
    Message.objects.filter(pk=reply.pk).update(
        status="running", heartbeat_at="2020-01-01T00:00:00Z", finished_at=None
    )
    path = f"/chat/{reply.conversation_id}/replies/{reply.pk}/"
    fragment = alice_chats.client.get(path, headers={"HX-Request": "true"}).content.decode()
    assert 'data-status="interrupted"' in fragment
    assert "Continue" in fragment


def test_a_stream_interrupts_a_dead_reply(alice_chats: Chat, monkeypatch) -> None:
    monkeypatch.setattr(streaming, "LOOK_FOR_THE_DEAD_EVERY", 0.0)
    reply = alice_chats.answered("Hello")
    Message.objects.filter(pk=reply.pk).update(
        status="running", heartbeat_at="2020-01-01T00:00:00Z", finished_at=None
    )
    assert 'data-status="interrupted"' in watched(alice_chats.stream(reply))[-1][1]


def test_a_quiet_stream_sends_comments(
    alice_chats: Chat, simulator: Simulator, monkeypatch
) -> None:
    monkeypatch.setattr(streaming, "QUIET", 0.05)
    with simulator.hold():
        reply = alice_chats.begun("Hello")
        frames = events(writers.watch(reply.pk), lambda: "")
        next(frames)
        assert next(frames) == b": \n\n"


def test_waiting_viewers_of_live_replies_ask_the_database_nothing(
    alice_chats: Chat, simulator: Simulator, django_assert_num_queries
) -> None:
    with simulator.hold(after_tokens=2) as gate:
        reply = alice_chats.begun("Hello")
        assert gate.wait_for(1)
        frames = events(writers.watch(reply.pk), lambda: "")
        with django_assert_num_queries(0):
            next(frames)


def test_many_viewers_come_and_go_without_losing_places(
    alice_chats: Chat, simulator: Simulator
) -> None:
    reply = alice_chats.answered("Hello")
    cookies = alice_chats.client.cookies

    def look() -> None:
        browser = type(alice_chats.client)()
        browser.cookies = cookies
        list(Chat(browser).stream(reply))
        connection.close()

    viewers = [threading.Thread(target=look) for _ in range(8)]
    for viewer in viewers:
        viewer.start()
    for viewer in viewers:
        viewer.join(10)
    assert Stream.open == 0
