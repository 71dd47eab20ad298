"""A reply from the question to its last word, and everything that can come between."""

import gc
from weakref import WeakSet

import pytest

from chat.models import Conversation, Message
from chat.replies import writers
from chat.replies.live import LiveReply
from tests.chat.conftest import HTMX, Chat, default_model, ended, newest_reply, requests_for_replies
from tests.waiting import eventually
from venice_site.simulator import Simulator
from venice_site.venice.models import Call, CallState
from venice_site.venice.types import Delta

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_question_is_answered_and_both_are_kept(alice_chats: Chat) -> None:
    reply = alice_chats.answered("What is a heron?")
    assert reply.status == "succeeded"
    assert reply.parent.text == "What is a heron?"
    assert "heron" in reply.text
    assert reply.tokens_out > 0
    assert reply.first_token_ms is not None
    assert Call.objects.get(pk=reply.call_id).state == CallState.SETTLED


def test_a_new_conversation_leads_to_its_page(alice_chats: Chat) -> None:
    response = alice_chats.begin("Name three rivers", htmx=False)
    conversation = Conversation.objects.get()
    assert response["Location"] == f"/chat/{conversation.pk}/"
    assert conversation.title == "Name three rivers"


def test_the_next_question_carries_what_was_said(alice_chats: Chat, simulator: Simulator) -> None:
    first = alice_chats.answered("My name is Ada")
    response = alice_chats.send(first.conversation, "What is my name?")
    assert response.status_code == 200
    ended(newest_reply())
    sent = requests_for_replies(simulator)[-1].body["messages"]
    assert [m["role"] for m in sent] == ["user", "assistant", "user"]


def test_settings_are_sent_and_empty_ones_are_not(alice_chats: Chat, simulator: Simulator) -> None:
    alice_chats.answered("Hello", system_prompt="Answer in rhyme", temperature="0.2")
    body = requests_for_replies(simulator)[-1].body
    assert body["messages"][0] == {"role": "system", "content": "Answer in rhyme"}
    assert body["temperature"] == 0.2
    assert "top_p" not in body


def test_a_double_click_is_one_message(alice_chats: Chat, simulator: Simulator) -> None:
    reply = alice_chats.answered("Hello")
    again = {"request_id": "6f1c7ad8-97a2-4f1b-8a1e-2a4f4d3b9d11"}
    for _ in range(2):
        assert alice_chats.send(reply.conversation, "Once", **again).status_code == 200
    assert Message.objects.filter(text="Once").count() == 1
    assert Call.objects.count() == 2


def test_a_double_click_on_the_first_message_is_one_conversation(alice_chats: Chat) -> None:
    again = {"request_id": "6f1c7ad8-97a2-4f1b-8a1e-2a4f4d3b9d11"}
    pages = {alice_chats.begin("Once", **again)["HX-Redirect"] for _ in range(2)}
    assert len(pages) == 1
    assert Conversation.objects.count() == 1


def test_a_reply_whose_process_died_does_not_block_the_next(alice_chats: Chat) -> None:
    reply = alice_chats.answered("Hello")
    Message.objects.filter(pk=reply.pk).update(
        status="running", heartbeat_at="2020-01-01T00:00:00Z", finished_at=None
    )
    assert alice_chats.send(reply.conversation, "Still there?").status_code == 200
    reply.refresh_from_db()
    assert reply.status == "interrupted"


def test_stop_works_before_the_first_token(alice_chats: Chat, simulator: Simulator) -> None:
    with simulator.hold() as gate:
        reply = alice_chats.begun("Hello")
        assert gate.wait_for(1)
        assert alice_chats.stop(reply).status_code == 204
        reply = ended(reply)
    assert (reply.status, reply.text) == ("cancelled", "")
    assert Call.objects.get(pk=reply.call_id).state != CallState.RESERVED


def test_stop_in_the_middle_keeps_and_settles_what_arrived(
    alice_chats: Chat, simulator: Simulator
) -> None:
    with simulator.hold(after_tokens=5) as gate:
        reply = alice_chats.begun("Tell me a long story")
        assert gate.wait_for(1)
        stream = alice_chats.stream(reply)
        shown = ""
        while not shown:
            name, data = next(stream)
            shown = data["blocks"] + data["tail"] if name == "reply" else str(data)
        alice_chats.stop(reply)
        reply = ended(reply)
    assert reply.status == "cancelled"
    assert reply.text
    assert reply.tokens_out > 0
    call = Call.objects.get(pk=reply.call_id)
    assert (call.state, call.tokens_out) == (CallState.SETTLED, reply.tokens_out)


def test_stopping_twice_is_stopping_once(alice_chats: Chat) -> None:
    reply = alice_chats.answered("Hello")
    assert alice_chats.stop(reply).status_code == 204
    reply.refresh_from_db()
    assert reply.status == "succeeded"


def test_a_stop_from_another_process_is_seen_at_the_next_heartbeat(
    alice_chats: Chat, simulator: Simulator
) -> None:
    with simulator.hold(after_tokens=3) as gate:
        reply = alice_chats.begun("Tell me a long story")
        assert gate.wait_for(1)
        Message.objects.get(pk=reply.pk).cancel()  # as another process does it
        reply = ended(reply)
    assert reply.status == "cancelled"
    assert reply.text
    assert reply.finish_reason == "stopped"


@pytest.mark.parametrize("scenario", ["stream-cut", "stream-error"])
def test_what_arrived_before_a_stream_broke_is_kept(
    scenario: str, alice_chats: Chat, simulator: Simulator
) -> None:
    simulator.fail(scenario, times=1, after=6)
    reply = alice_chats.answered("Tell me a long story")
    assert reply.status == "failed"
    assert reply.text
    assert reply.can_continue
    page = alice_chats.client.get(f"/chat/{reply.conversation_id}/").content.decode()
    assert "What had arrived is kept" in page
    assert "Continue" in page


def test_an_empty_answer_is_said_to_be_one(alice_chats: Chat, simulator: Simulator) -> None:
    simulator.fail("stream-empty", times=1)
    reply = alice_chats.answered("Hello")
    assert reply.status == "failed"
    assert reply.error


def test_a_refusal_by_quota_keeps_the_typed_text(alice_chats: Chat, full_quota) -> None:
    full_quota()
    plain = alice_chats.begin("A question that took long to write", htmx=False)
    assert plain.status_code == 422
    assert "A question that took long to write" in plain.content.decode()
    assert "quota" in plain.content.decode()
    quick = alice_chats.begin("The same")
    assert quick.status_code == 422
    assert quick["HX-Retarget"] == "#refusal"
    assert not Conversation.objects.exists()
    assert not Message.objects.exists()


@pytest.fixture
def full_quota(db):
    from venice_site.venice.models import Metric, Period, Quota, Who

    return lambda: Quota.objects.create(
        who=Who.TEAM, metric=Metric.REQUESTS, period=Period.DAY, limit=0
    )


def test_try_again_adds_a_sibling_and_loses_nothing(alice_chats: Chat) -> None:
    first = alice_chats.answered("Hello")
    response = alice_chats.act(first, "again")
    assert response.status_code == 200
    second = ended(newest_reply())
    assert (second.parent_id, second.pk != first.pk) == (first.parent_id, True)
    assert Message.objects.filter(pk=first.pk, text=first.text).exists()
    page = alice_chats.client.get(f"/chat/{first.conversation_id}/").content.decode()
    assert "2/2" in page
    earlier = alice_chats.client.get(f"/chat/{first.conversation_id}/?at={first.pk}")
    assert "1/2" in earlier.content.decode()


@pytest.mark.parametrize("said", [[], [""], ["Hello", "Good day.", ""]])
@pytest.mark.parametrize("told", ["", "You are kind."])
def test_a_reply_without_a_question_is_not_asked_again(
    alice_chats: Chat, alice, said: list[str], told: str
) -> None:
    talk = Conversation.objects.create(owner=alice, title="Brought in", system_prompt=told)
    last = None
    for place, text in enumerate([*said, "How can I help you?"]):
        role = "user" if place % 2 == 0 and place < len(said) else "assistant"
        last = Message.objects.create(
            conversation=talk, parent=last, role=role, text=text, status="succeeded"
        )
    Conversation.objects.update(tip=last)
    for htmx in (True, False):
        refused = alice_chats.act(last, "again", htmx=htmx, model=default_model())
        assert refused.status_code == 422
        assert "This reply has no question that could be asked again." in refused.text
    assert not Call.objects.exists()


def test_a_reply_without_a_question_is_not_one_of_several(alice_chats: Chat, alice) -> None:
    talk = Conversation.objects.create(owner=alice, title="Brought in")
    reply = Message.objects.create(
        conversation=talk, role="assistant", text="How can I help you?", status="succeeded"
    )
    assert alice_chats.act(reply, "go-on").status_code == 404


def test_continue_begins_with_the_text_so_far(alice_chats: Chat, simulator: Simulator) -> None:
    simulator.fail("stream-cut", times=1, after=6)
    cut = alice_chats.answered("Tell me a long story")
    assert alice_chats.act(cut, "continue", htmx=False).status_code == 302
    whole = ended(newest_reply())
    assert whole.status == "succeeded"
    assert whole.text.startswith(cut.text)
    assert len(whole.text) > len(cut.text)
    sent = requests_for_replies(simulator)[-1].body["messages"]
    assert [m["role"] for m in sent][-2:] == ["assistant", "user"]


def test_editing_a_question_keeps_the_old_one(alice_chats: Chat) -> None:
    reply = alice_chats.answered("Hello")
    path = f"/chat/{reply.conversation_id}/messages/{reply.parent_id}/edit"
    response = alice_chats.client.post(path, {"text": "Good evening"}, headers=HTMX)
    assert response.status_code == 200
    ended(newest_reply())
    questions = Message.objects.filter(role="user").order_by("pk")
    assert [q.text for q in questions] == ["Hello", "Good evening"]
    assert {q.parent_id for q in questions} == {None}


def test_a_question_in_other_words_goes_to_the_model_that_is_named(alice_chats: Chat) -> None:
    reply = alice_chats.answered("Hello")
    path = f"/chat/{reply.conversation_id}/messages/{reply.parent_id}/edit"
    gone = alice_chats.client.post(path, {"text": "Hi", "model": "no-such-model"}, headers=HTMX)
    assert gone.status_code == 422
    assert "not on offer" in gone.content.decode()
    other = default_model(sees=False)
    assert other != reply.model
    alice_chats.client.post(path, {"text": "Hi", "model": other}, headers=HTMX)
    assert ended(newest_reply()).model == other


def test_an_empty_message_is_refused(alice_chats: Chat) -> None:
    response = alice_chats.begin("   ", htmx=False)
    assert response.status_code == 422
    assert "Write a message first" in response.content.decode()


def test_a_model_that_is_gone_is_refused_with_a_sentence(alice_chats: Chat) -> None:
    response = alice_chats.begin("Hello", model="no-such-model", htmx=False)
    assert response.status_code == 422
    assert "not on offer" in response.content.decode()


def test_reasoning_is_kept_apart_with_its_duration(alice_chats: Chat, simulator: Simulator) -> None:
    reply = alice_chats.answered("Why is the sky blue?", model=default_model(thinks=True))
    assert reply.reasoning
    assert reply.reasoning_ms is not None
    assert reply.reasoning not in reply.text


def test_replies_that_stay_are_interrupted_when_the_process_ends(
    alice_chats: Chat, simulator: Simulator
) -> None:
    with simulator.hold(after_tokens=4) as gate:
        reply = alice_chats.begun("Tell me a long story")
        assert gate.wait_for(1)
        eventually(lambda: writers.watch(reply.pk).news(0).text, what="something arrived")
        writers._live[reply.pk].give_up()
        reply = ended(reply)
    assert reply.status == "interrupted"
    assert reply.text
    assert reply.can_continue


def test_nothing_of_a_reply_stays_in_memory_when_it_has_ended(
    alice_chats: Chat, monkeypatch
) -> None:
    kept: WeakSet[LiveReply] = WeakSet()
    take = LiveReply.take

    def noted(live: LiveReply, delta: Delta) -> None:
        kept.add(live)
        take(live, delta)

    monkeypatch.setattr(LiveReply, "take", noted)
    alice_chats.answered("What is a heron?")

    def is_empty() -> bool:
        gc.collect()
        return not kept

    eventually(is_empty, what="the reply is let go of")
