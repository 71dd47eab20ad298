"""The window of a model: the gauge, what happens when it is full, and what is refused before anything is sent."""

import json
import re
from html import unescape

import pytest

from chat import compaction
from chat.context import Branch, Piece, Said, measure, room
from chat.gauges import gauge_of
from chat.models import Conversation, Message, Summary
from tests.chat.conftest import HTMX, Chat, ended, newest_reply, requests_for_replies
from tests.waiting import eventually
from venice_site.simulator import Simulator
from venice_site.simulator.catalogue import Catalogue
from venice_site.venice.catalogue import current
from venice_site.venice.models import Call, CallKind, CallState, Metric, Period, Quota, Who
from venice_site.venice.types import Model

pytestmark = pytest.mark.django_db(transaction=True)
WORDS = "Herons stand quietly in shallow water and wait for fish. "  # 14 tokens by characters


def known() -> list[Model]:
    """Return the models that the stand-in has, by their windows."""
    served = {model.id for model in Catalogue().models.values() if model.deprecated_for is None}
    offered = (model for model in current(simulated=True).offered("text") if model.id in served)
    return sorted(offered, key=lambda model: (model.context_tokens or 0, model.supports_reasoning))


def small() -> Model:
    return known()[0]


def large() -> Model:
    return known()[-1]


def talk(owner, tokens: int, turns: int = 20) -> Conversation:
    """Return a conversation of so many tokens by characters, half questions and half replies."""
    conversation = Conversation.objects.create(owner=owner, title="Herons", model=small().id)
    each = (WORDS * (tokens // 14))[: 4 * tokens // turns]
    parent = None
    for number in range(turns):
        is_reply = number % 2 == 1
        parent = Message.objects.create(
            conversation=conversation,
            parent=parent,
            role="assistant" if is_reply else "user",
            author=None if is_reply else owner,
            text=f"{number + 1}. {each}",
            model=small().id if is_reply else "",
            status="succeeded",
        )
    conversation.tip = parent
    conversation.save()
    return conversation


def sizes(conversation: Conversation) -> tuple[int, ...]:
    fresh = Conversation.objects.get(pk=conversation.pk)
    return gauge_of(fresh, fresh.tip_id).sizes


def asked_for_summaries(simulator: Simulator) -> list[dict]:
    bodies = [request.body for request in requests_for_replies(simulator)]
    return [body for body in bodies if "Summarise" in str(body["messages"][0]["content"])]


# --- counting --------------------------------------------------------------------------------------


def test_tokens_are_counted_by_characters_until_venice_has_counted(
    alice, alice_chats: Chat
) -> None:
    conversation = talk(alice, 1000, turns=4)
    assert 1000 <= sizes(conversation)[0] <= 1040
    alice_chats.send(conversation, "Why?", model=small().id)
    reply = ended(newest_reply())
    assert sizes(conversation) == (reply.tokens_in + reply.tokens_out,)
    Message.objects.filter(pk=reply.pk).update(cost_source="estimate")
    assert sizes(conversation)[0] > 1000


def test_pictures_count_by_their_pixels(alice, picture) -> None:
    from chat import attaching

    conversation = talk(alice, 100, turns=2)
    before = sizes(conversation)[0]
    kept = attaching.keep(alice, attaching.prepare(picture("PNG", (750, 300)), "a.png"))
    attaching.join(conversation.messages.first().pk, [kept], [])
    assert sizes(conversation)[0] - before == 300


def test_the_gauge_is_a_meter_with_words(alice, alice_chats: Chat) -> None:
    conversation = talk(alice, 2000)
    page = alice_chats.client.get(f"/chat/{conversation.pk}/").content.decode()
    meter = re.search(r"<meter[^>]*>([^<]*)</meter>", page)
    assert meter is not None
    assert f'max="{small().context_tokens}"' in meter[0]
    assert meter[1].startswith("About 2,")
    assert f"of {small().context_tokens:,} tokens are used." in meter[1]
    models = json.loads(unescape(re.search(r'data-models="([^"]*)"', page)[1]))
    assert models[large().id]["window"] == large().context_tokens
    fragment = alice_chats.client.get(f"/chat/{conversation.pk}/context", headers=HTMX)
    assert f'data-sizes="[{sizes(conversation)[0]}]"' in fragment.content.decode()


def test_measuring_a_branch_reads_no_text_and_asks_three_times(
    alice, django_assert_num_queries
) -> None:
    conversation = talk(alice, 2000, turns=40)
    path = conversation.tree.ancestry(conversation.tip_id)
    with django_assert_num_queries(3) as asked:
        measure(conversation.outline, path, "")
    assert 'LENGTH("chat_message"."text")' in asked.captured_queries[0]["sql"]


def test_a_summary_that_leaves_out_least_is_chosen() -> None:
    first, second = (Summary(pk=pk, until_id=pk, tokens=10) for pk in (2, 4))
    branch = Branch([Piece(pk, 100) for pk in range(1, 7)], [first, second])
    assert branch.fitting(600) == (True, None)
    assert branch.fitting(599) == (True, first)
    assert branch.fitting(300) == (True, second)
    assert branch.fitting(200) == (False, second)


# --- refusing --------------------------------------------------------------------------------------


def test_a_message_too_long_for_the_window_is_refused_with_its_size(
    alice_chats: Chat, simulator: Simulator
) -> None:
    model = small()
    most = room(model, None)
    if most * 4 > 100_000:
        from tests.chat.test_attaching import attach

        kept = {"attached": attach(alice_chats, (b"word " * most, "long.txt"))}
        text = "Read"
    else:
        kept, text = {}, "x" * (4 * most)
    response = alice_chats.begin(text, model=model.id, **kept)
    assert response.status_code == 422
    assert f"too long for {model.name}" in response.content.decode()
    assert f"it reads {most:,} at once" in response.content.decode()
    assert not Message.objects.exists()
    assert not requests_for_replies(simulator)


# --- summarising -----------------------------------------------------------------------------------


@pytest.fixture
def full(alice) -> Conversation:
    """A conversation that just does not fit any more."""
    return talk(alice, room(small(), None))


def test_the_oldest_part_goes_as_a_summary_and_nothing_is_lost(
    full: Conversation, alice_chats: Chat, simulator: Simulator
) -> None:
    told = list(Message.objects.order_by("pk").values_list("text", flat=True))
    assert alice_chats.send(full, "And now?", model=small().id).status_code == 200
    reply = ended(newest_reply())
    assert reply.status == "succeeded", reply.error
    (asked,) = asked_for_summaries(simulator)
    summary = Summary.objects.get()
    sent = requests_for_replies(simulator)[-1].body["messages"]
    if sent[0]["content"].startswith("Write a short title"):
        sent = requests_for_replies(simulator)[-2].body["messages"]
    assert "Person:\n1. Herons" in asked["messages"][1]["content"]
    assert sent[0]["role"] == "system"
    assert summary.text in sent[0]["content"]
    assert f"first {summary.count} messages" in sent[0]["content"]
    assert sent[1]["role"] == "user"
    assert sent[1]["content"] == told[summary.count]
    assert [m["content"] for m in sent[1:]] == [*told[summary.count :], "And now?"]
    assert summary.until_id == Message.objects.order_by("pk")[summary.count - 1].pk
    assert reply.summary_id == summary.pk
    call = Call.objects.get(kind=CallKind.SUMMARY)
    assert (call.state, call.user_id) == (CallState.SETTLED, full.owner_id)
    assert list(Message.objects.order_by("pk").values_list("text", flat=True))[:20] == told
    page = alice_chats.client.get(f"/chat/{full.pk}/").content.decode()
    assert f"The first {summary.count} messages are summarised for the model" in page
    assert page.index(f'id="message-{summary.until_id}"') < page.index(
        "are summarised for the model"
    )
    fragment = alice_chats.client.get(f"/chat/{full.pk}/context", headers=HTMX).content.decode()
    assert f'data-after="message-{summary.until_id}"' in fragment


def test_a_summary_is_used_again_and_by_every_branch_through_its_point(
    full: Conversation, alice_chats: Chat, simulator: Simulator
) -> None:
    alice_chats.send(full, "And now?", model=small().id)
    first = ended(newest_reply())
    summary = Summary.objects.get()
    assert alice_chats.act(first, "again", model=small().id).status_code == 200
    second = ended(newest_reply())
    alice_chats.send(full, "And then?", model=small().id, after=str(second.pk))
    third = ended(newest_reply())
    assert {one.summary_id for one in (first, second, third)} == {summary.pk}
    assert len(asked_for_summaries(simulator)) == 1
    early = Message.objects.order_by("pk")[2]
    path = f"/chat/{full.pk}/messages/{early.pk}/edit"
    assert alice_chats.client.post(path, {"text": "Other words"}, headers=HTMX).status_code == 200
    aside = ended(newest_reply())
    assert aside.summary_id is None
    assert "are summarised" not in alice_chats.client.get(f"/chat/{full.pk}/").content.decode()
    page = alice_chats.client.get(f"/chat/{full.pk}/?at={third.pk}").content.decode()
    assert "are summarised" in page


def test_a_model_that_reads_more_gets_every_message(
    full: Conversation, alice_chats: Chat, simulator: Simulator
) -> None:
    alice_chats.send(full, "And now?", model=small().id)
    ended(newest_reply())
    alice_chats.send(full, "And then?", model=large().id)
    reply = ended(newest_reply())
    assert reply.summary_id is None
    sent = [r.body for r in requests_for_replies(simulator) if r.body["model"] == large().id]
    assert len(sent[-1]["messages"]) == 23


def test_a_conversation_many_windows_long_is_summarised_in_rounds(
    alice, alice_chats: Chat, simulator: Simulator
) -> None:
    long = talk(alice, 3 * small().context_tokens, turns=60)
    alice_chats.send(long, "And now?", model=small().id)
    reply = ended(newest_reply())
    assert reply.status == "succeeded", reply.error
    asked = asked_for_summaries(simulator)
    assert len(asked) >= 3
    assert all("The summary so far:" in body["messages"][1]["content"] for body in asked[1:])
    told = "".join(body["messages"][1]["content"] for body in asked)
    summary = Summary.objects.get()
    assert all(f"{n}. {WORDS[:20]}" in told for n in range(1, summary.count + 1))


def test_a_summary_that_fails_is_said_and_costs_nothing_of_what_was_written(
    full: Conversation, alice_chats: Chat, simulator: Simulator
) -> None:
    simulator.fail("stream-empty", times=1)
    alice_chats.send(full, "And now?", model=small().id)
    reply = ended(newest_reply())
    assert reply.status == "failed"
    assert reply.error.startswith("The conversation is too long for this model")
    assert "Nothing is lost" in reply.error
    assert not Summary.objects.exists()
    assert Call.objects.get(pk=reply.call_id).state == CallState.RELEASED
    assert not Call.objects.filter(state=CallState.RESERVED).exists()
    assert reply.parent.text == "And now?"
    assert alice_chats.act(reply, "again", model=small().id).status_code == 200
    assert ended(newest_reply()).status == "succeeded"


def test_what_venice_finds_too_long_although_we_did_not_is_summarised_too(
    alice, alice_chats: Chat, simulator: Simulator
) -> None:
    conversation = talk(alice, 20_000)
    simulator.fail("context-length", times=1)
    alice_chats.send(conversation, "And now?", model=small().id)
    reply = ended(newest_reply())
    assert reply.status == "succeeded", reply.error
    assert reply.summary_id == Summary.objects.get().pk
    first, _, second = (len(str(r.body["messages"])) for r in requests_for_replies(simulator)[:3])
    assert second < 0.7 * first


def test_where_nobody_knows_the_window_the_oldest_messages_are_left_out_and_it_is_said(
    alice, alice_chats: Chat, simulator: Simulator, monkeypatch
) -> None:
    monkeypatch.setattr(compaction, "can_summarise", lambda *_: False)
    conversation = talk(alice, 400, turns=6)
    simulator.fail("context-length", times=1)
    alice_chats.send(conversation, "And now?", model=small().id)
    reply = ended(newest_reply())
    assert reply.status == "succeeded", reply.error
    assert "messages were left out" in reply.fallback_reason
    assert not Summary.objects.exists()


def test_a_fork_knows_the_summaries_of_what_it_copied(
    full: Conversation, alice_chats: Chat, simulator: Simulator
) -> None:
    alice_chats.send(full, "And now?", model=small().id)
    reply = ended(newest_reply())
    alice_chats.client.post(f"/chat/{full.pk}/messages/{reply.pk}/fork")
    fork = Conversation.objects.latest("pk")
    ours, theirs = Summary.objects.all()
    assert (theirs.conversation, theirs.text) == (fork, ours.text)
    assert theirs.until.conversation == fork
    assert fork.tip.summary == theirs
    assert sizes(fork) == sizes(full)
    alice_chats.send(fork, "And then?", model=small().id)
    assert ended(newest_reply()).summary == theirs
    assert len(asked_for_summaries(simulator)) == 1


def test_a_summary_that_no_quota_has_room_for_is_said(
    full: Conversation, alice_chats: Chat
) -> None:
    Quota.objects.create(who=Who.TEAM, metric=Metric.REQUESTS, period=Period.DAY, limit=1)
    alice_chats.send(full, "And now?", model=small().id)
    reply = ended(newest_reply())
    assert reply.status == "failed"
    assert "could not be summarised" in reply.error
    assert "quota" in reply.error


def test_stop_works_while_it_is_summarised(
    full: Conversation, alice_chats: Chat, simulator: Simulator
) -> None:
    with simulator.hold() as gate:
        alice_chats.send(full, "And now?", model=small().id)
        assert gate.wait_for(1)
        reply = newest_reply()
        assert alice_chats.stop(reply).status_code == 204
        reply = ended(reply)
    assert reply.status == "cancelled"
    assert not Summary.objects.exists()
    eventually(
        lambda: not Call.objects.filter(state=CallState.RESERVED).exists(),
        what="the calls are closed",
    )


def test_continue_and_try_again_keep_the_question_out_of_the_summary(
    full: Conversation, alice_chats: Chat, simulator: Simulator
) -> None:
    last = Message.objects.get(pk=full.tip_id)
    Message.objects.filter(pk=last.pk).update(finish_reason="length")
    alice_chats.act(last, "continue", model=small().id)
    reply = ended(newest_reply())
    assert reply.text.startswith(last.text)
    summary = Summary.objects.get()
    assert summary.until_id < last.parent_id
    assert summary.count < 19


def test_said_is_a_message_like_any_other() -> None:
    assert Said("user", "Hello", pk=1, tokens=2).text == "Hello"


def test_what_holds_no_question_is_not_summarised_and_that_is_said(
    alice, alice_chats: Chat
) -> None:
    conversation = talk(alice, 2 * (small().context_tokens or 0))
    conversation.messages.update(role="assistant")
    Message.objects.filter(pk=conversation.tip_id).update(status="cancelled")
    alice_chats.act(conversation.tip, "continue", model=small().id)
    reply = ended(newest_reply())
    assert (reply.status, reply.error_kind) == ("failed", "summary")
