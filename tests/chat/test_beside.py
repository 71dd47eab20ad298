"""Several models answer one question side by side; one of them is gone on with."""

import re

import pytest

from chat.models import Conversation, Message, QueuedMessage
from tests.chat.conftest import HTMX, Chat, ended, newest_reply, requests_for_replies
from tests.waiting import eventually
from venice_site.simulator import Simulator
from venice_site.templatetags.studio import usd
from venice_site.venice.catalogue import current, model_name
from venice_site.venice.models import Call, CallState, Metric, Period, Quota, QuotaBucket, Who

pytestmark = pytest.mark.django_db(transaction=True)


ANSWERING = (
    "google-gemma-3-27b-it",
    "claude-opus-4-5",
    "zai-org-glm-5-2",
    "grok-4-6",
    "mistral-small-3-2-24b-instruct",
)


def models(count: int) -> list[str]:
    """Return models that the stand-in answers for."""
    offered = {model.id for model in current(simulated=True).offered("text")}
    return [name for name in ANSWERING if name in offered][:count]


def begin(chat: Chat, count: int = 3, text: str = "What is a heron?") -> list[Message]:
    """Ask several models at once and return their replies, by column."""
    first, *further = models(count)
    response = chat.begin(text, model=first, beside=further)
    assert response.status_code == 200, response.content.decode()
    return list(Message.objects.replies().order_by("column"))


def answered(chat: Chat, count: int = 3) -> list[Message]:
    return [ended(reply) for reply in begin(chat, count)]


def page(chat: Chat, conversation: Conversation, query: str = "") -> str:
    return chat.client.get(f"/chat/{conversation.pk}/{query}").content.decode()


def columns(html: str) -> list[int]:
    """Return the replies that stand side by side on a page."""
    _, _, beside = html.partition('<div class="beside"')
    return [int(pk) for pk in re.findall(r'<article[^>]*id="message-(\d+)"', beside)]


def test_one_question_is_asked_of_all_and_their_replies_are_siblings(
    alice_chats: Chat, simulator: Simulator
) -> None:
    replies = answered(alice_chats)
    assert [reply.status for reply in replies] == ["succeeded"] * 3
    assert [reply.model for reply in replies] == models(3)
    assert len({reply.parent_id for reply in replies}) == 1
    assert Message.objects.filter(role="user").count() == 1
    assert sorted(r.body["model"] for r in requests_for_replies(simulator)[:3]) == sorted(models(3))
    assert columns(page(alice_chats, replies[0].conversation)) == [r.pk for r in replies]
    calls = Call.objects.filter(pk__in=[reply.call_id for reply in replies])
    assert {call.state for call in calls} == {CallState.SETTLED}
    assert calls.count() == 3


def test_all_are_written_at_once_and_each_is_streamed(
    alice_chats: Chat, simulator: Simulator
) -> None:
    with simulator.hold(times=None) as gate:
        replies = begin(alice_chats)
        assert gate.wait_for(3)
        html = page(alice_chats, replies[0].conversation)
        assert html.count("data-stream=") == 3
        assert html.count("Stop</button>") == 3  # each its own, beside the composer's for all
        streams = [alice_chats.stream(reply) for reply in replies]
        assert [next(stream)[0] for stream in streams] == ["reply"] * 3
        gate.open()
        done = [list(stream)[-1] for stream in streams]
    assert [name for name, _ in done] == ["done"] * 3
    assert all("Go on with this one" in html for _, html in done)


def test_columns_tell_the_names_of_their_models(alice_chats: Chat, simulator: Simulator) -> None:
    with simulator.hold(times=None):
        replies = begin(alice_chats)
        html = page(alice_chats, replies[0].conversation)
    for reply in replies:
        name = model_name(reply.model)
        assert name != reply.model
        assert f'title="{reply.model}">{name}</h2>' in html
        assert f'aria-label="Reply by {name}"' in html
        assert f'aria-label="Stop {name}"' in html
        assert f"Waiting for {name}" in html


def test_one_is_stopped_and_tried_again_while_the_others_are_written(
    alice_chats: Chat, simulator: Simulator
) -> None:
    with simulator.hold(times=None) as gate:
        first, second, third = begin(alice_chats)
        assert gate.wait_for(3)
        assert alice_chats.act(second, "stop").status_code == 204
        assert ended(second).status == "cancelled"
        first.refresh_from_db()
        assert first.is_active
        response = alice_chats.act(second, "again", model=second.model)
        assert response.status_code == 200
        again = newest_reply()
        assert columns(response.content.decode()) == [first.pk, again.pk, third.pk]
        assert (again.column, again.model) == (1, second.model)
        assert alice_chats.act(third, "again").status_code == 422  # it is still being written
    for reply in (first, again, third):
        assert ended(reply).status == "succeeded"
    html = page(alice_chats, first.conversation, f"?at={second.pk}")
    assert columns(html) == [first.pk, second.pk, third.pk]
    assert html.count("Your next message follows this one") == 1


def test_stop_in_the_composer_stops_all(alice_chats: Chat, simulator: Simulator) -> None:
    with simulator.hold(times=None) as gate:
        replies = begin(alice_chats)
        assert gate.wait_for(3)
        alice_chats.stop(replies[0])
        assert [ended(reply).status for reply in replies] == ["cancelled"] * 3


def test_going_on_with_one_leaves_the_others_as_versions(alice_chats: Chat) -> None:
    first, second, third = answered(alice_chats)
    response = alice_chats.act(second, "go-on")
    html = response.content.decode()
    assert columns(html) == []
    assert f'id="message-{second.pk}"' in html
    assert "2/3" in html
    alice_chats.send(second.conversation, "And two?", after=second.pk)
    reply = ended(newest_reply())
    assert reply.parent.parent_id == second.pk
    html = page(alice_chats, second.conversation)
    assert columns(html) == []
    assert "And two?" in html
    assert "2/3" in html
    elsewhere = page(alice_chats, second.conversation, f"?at={third.pk}")
    assert "3/3" in elsewhere
    assert f'id="message-{first.pk}"' not in elsewhere


def test_going_on_with_one_stops_those_still_written(
    alice_chats: Chat, simulator: Simulator
) -> None:
    with simulator.hold(times=None) as gate:
        first, second = begin(alice_chats, 2)
        assert gate.wait_for(2)
        assert alice_chats.act(first, "go-on", htmx=False).status_code == 302
        assert ended(second).status == "cancelled"
    assert ended(first).status == "succeeded"


def test_the_next_message_decides_as_well(alice_chats: Chat) -> None:
    first, *_ = answered(alice_chats, 2)
    alice_chats.send(first.conversation, "And two?", after=first.pk)
    assert ended(newest_reply()).parent.parent_id == first.pk
    assert not Message.objects.filter(undecided=True).exists()


def test_all_or_none_are_asked_when_a_quota_is_short(
    alice_chats: Chat, simulator: Simulator
) -> None:
    Quota.objects.create(who=Who.TEAM, metric=Metric.REQUESTS, period=Period.DAY, limit=2)
    first, *further = models(3)
    response = alice_chats.begin("What is a heron?", model=first, beside=further)
    assert response.status_code == 422
    assert "3 models were to answer, so none was asked." in response.content.decode()
    assert not Message.objects.exists()
    assert not Conversation.objects.exists()
    assert not Call.objects.exists()
    assert sum(QuotaBucket.objects.values_list("reserved", flat=True)) == 0
    assert requests_for_replies(simulator) == []
    assert alice_chats.begin("What is a heron?", model=first, beside=further[:1]).status_code == 200
    eventually(lambda: len(requests_for_replies(simulator)) >= 2, what="both were asked")


def test_what_all_of_them_may_cost_is_told_before_and_reserved(
    alice_chats: Chat, simulator: Simulator
) -> None:
    Quota.objects.create(who=Who.TEAM, metric=Metric.COST, period=Period.DAY, limit=10**9)
    first, *further = models(3)
    text = "word " * 16_000
    asked = {"model": first, "beside": further, "characters": len(text) - 1}
    told = alice_chats.client.get("/chat/outlook", asked, headers=HTMX).text
    assert "tokens in all, to 3 models. With the answers it may cost up to" in told
    alone = alice_chats.client.get("/chat/outlook", asked | {"beside": []}, headers=HTMX).text
    assert "This sends about 26,667 tokens. With the answer it may cost up to" in alone
    with simulator.hold(times=None):
        replies = begin(alice_chats, text=text)
        reserved = sum(QuotaBucket.objects.values_list("reserved", flat=True))
    assert f"up to {usd(reserved)}." in told
    assert f"up to {usd(reserved)}." not in alone
    for reply in replies:
        ended(reply)


def test_a_quota_that_is_too_small_for_all_of_them_is_named(
    alice_chats: Chat, simulator: Simulator
) -> None:
    first, *further = models(3)
    talk = alice_chats.answered(model=first).conversation
    asked = {"conversation": talk.pk, "model": first, "characters": 60_000}
    Quota.objects.create(who=Who.TEAM, metric=Metric.TOKENS, period=Period.DAY, limit=50_000)
    warning = "may not fit into your quota"
    chosen = {"beside": [first, *further, *further, "nobody"]}
    assert warning not in alice_chats.client.get("/chat/outlook", asked, headers=HTMX).text
    told = alice_chats.client.get("/chat/outlook", asked | chosen, headers=HTMX).text
    assert warning in told
    assert "to 3 models" in told
    tuned = alice_chats.client.post(f"/chat/{talk.pk}/tune", asked | chosen, headers=HTMX).text
    assert "to 3 models" in tuned
    Quota.objects.update(metric=Metric.REQUESTS, limit=3)
    assert warning not in alice_chats.client.get("/chat/outlook", asked, headers=HTMX).text
    assert warning in alice_chats.client.get("/chat/outlook", asked | chosen, headers=HTMX).text


def test_four_models_at_most(alice_chats: Chat) -> None:
    first, *further = models(5)
    response = alice_chats.begin("Hello", model=first, beside=further)
    assert response.status_code == 422
    assert "Choose 4 models at most" in response.content.decode()
    assert [r.column for r in answered(alice_chats, 4)] == [0, 1, 2, 3]


def test_the_chosen_model_again_is_no_further_one(alice_chats: Chat) -> None:
    (model,) = models(1)
    reply = alice_chats.answered("Hello", model=model, beside=[model])
    assert Message.objects.replies().count() == 1
    assert not reply.parent.undecided


def test_a_blind_model_among_them_is_named(alice_chats: Chat, picture) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    offered = current(simulated=True).offered("text")
    sees = next(model.id for model in offered if model.supports_vision)
    blind = next(model for model in offered if not model.supports_vision)
    file = SimpleUploadedFile("a.png", picture(), "image/png")
    response = alice_chats.begin("Look", model=sees, beside=[blind.id], uploads=[file])
    assert response.status_code == 422
    assert f"{blind.name} cannot read pictures" in response.content.decode()


def test_a_double_click_asks_each_once(alice_chats: Chat, simulator: Simulator) -> None:
    reply = alice_chats.answered("Hello")
    first, second = models(2)
    again = {"request_id": "6f1c7ad8-97a2-4f1b-8a1e-2a4f4d3b9d11", "model": first}
    with simulator.hold():
        for _ in range(2):
            response = alice_chats.send(reply.conversation, "Both", beside=[second], **again)
            assert len(columns(response.content.decode())) == 2
    assert Message.objects.filter(text="Both").count() == 1
    assert Message.objects.filter(parent__text="Both").count() == 2


def test_several_models_can_wait_and_then_wait_for_a_choice(
    alice_chats: Chat, simulator: Simulator
) -> None:
    first, second = models(2)
    with simulator.hold():
        talk = alice_chats.begun("One").conversation
        alice_chats.send(talk, "Two", model=first, beside=[second])
        alice_chats.send(talk, "Three")
    replies = Message.objects.filter(parent__text="Two").order_by("column")
    eventually(lambda: [r.status for r in replies.all()] == ["succeeded"] * 2, what="both answered")
    html = page(alice_chats, talk)
    assert "Choose the reply to go on with" in html
    assert QueuedMessage.objects.get().text == "Three"
    alice_chats.act(replies[1], "go-on")
    eventually(lambda: not QueuedMessage.objects.exists(), what="the queue went on")
    eventually(lambda: not Message.objects.active().exists(), what="it was answered")
    assert ended(newest_reply()).parent.parent_id == replies[1].pk


def test_strangers_choose_and_stop_nothing(alice_chats: Chat, bob_chats: Chat) -> None:
    first, second = answered(alice_chats, 2)
    for verb in ("stop", "go-on"):
        assert bob_chats.act(second, verb).status_code == 404
    first.parent.refresh_from_db()
    assert first.parent.undecided


def test_the_team_sees_all_of_them(alice_chats: Chat, as_bob) -> None:
    replies = answered(alice_chats, 2)
    from django.utils import timezone

    Conversation.objects.update(shared_at=timezone.now())
    html = as_bob.get(f"/chat/team/{replies[0].conversation_id}/", headers=HTMX).content.decode()
    assert html.count("turn--reply") == 2


def test_columns_cost_the_same_however_many_they_are(alice_chats: Chat) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def queries(talk: Conversation) -> int:
        with CaptureQueriesContext(connection) as captured:
            page(alice_chats, talk)
        return len(captured)

    two = answered(alice_chats, 2)
    few = queries(two[0].conversation)
    first, *further = models(4)
    alice_chats.begin("Again", model=first, beside=further)
    four = [ended(reply) for reply in Message.objects.replies().order_by("-pk")[:4]]
    assert queries(four[0].conversation) <= few
