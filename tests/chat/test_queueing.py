"""Messages that wait while a reply is written: asked in their turn, once, or said to wait."""

import re
import threading
import uuid

import pytest
from django.core.files.storage import default_storage
from django.db import connection
from django.utils import timezone

from chat import queueing
from chat.asking import Question, Taken, ask
from chat.models import Attachment, Conversation, Message, QueuedMessage
from chat.replies import writers
from chat.tasks import advance_queues
from tests.chat.conftest import (
    HTMX,
    Chat,
    ended,
    newest_reply,
    no_writer_works,
    requests_for_replies,
)
from tests.waiting import eventually
from venice_site.simulator import Simulator
from venice_site.venice.models import Call, Metric, Period, Quota, Who
from venice_site.venice.service import Venice

pytestmark = pytest.mark.django_db(transaction=True)


def questions() -> list[str]:
    return list(Message.objects.filter(role="user").order_by("pk").values_list("text", flat=True))


def waiting() -> list[str]:
    return list(QueuedMessage.objects.values_list("text", flat=True))


def all_done(*texts: str) -> None:
    """Wait until these were asked in this order and answered, and nothing waits any more."""
    all_answered(*texts)
    eventually(lambda: not QueuedMessage.objects.exists(), what="nothing waits")
    assert set(Message.objects.replies().values_list("status", flat=True)) == {"succeeded"}


def all_answered(*texts: str) -> None:
    """Wait until these were asked in this order, and every reply has ended."""
    eventually(lambda: questions() == list(texts), what=f"{texts} were asked")
    eventually(lambda: not Message.objects.active().exists(), what="every reply has ended")
    eventually(lambda: not writers._live, what="every writer has gone")


def press(chat: Chat, queued: QueuedMessage, verb: str, **fields: str):
    path = f"/chat/{queued.conversation_id}/queue/{queued.pk}/{verb}"
    return chat.client.post(path, fields, headers=HTMX)


def go_on(chat: Chat, conversation: Conversation):
    shown = {"after": Conversation.objects.get(pk=conversation.pk).tip_id}
    return chat.client.post(f"/chat/{conversation.pk}/queue/go-on", shown, headers=HTMX)


def page(chat: Chat, conversation: Conversation) -> str:
    return chat.client.get(f"/chat/{conversation.pk}/").content.decode()


@pytest.fixture
def paused(alice_chats: Chat, simulator: Simulator) -> Conversation:
    """A conversation whose reply was stopped while two messages waited."""
    with simulator.hold() as gate:
        reply = alice_chats.begun("One")
        assert gate.wait_for(1)
        for text in ("Two", "Three"):
            alice_chats.send(reply.conversation, text)
        alice_chats.stop(reply)
        ended(reply)
    eventually(no_writer_works, what="the queue was looked at")
    return reply.conversation


def test_what_is_sent_while_a_reply_is_written_is_asked_in_its_turn(
    alice_chats: Chat, simulator: Simulator
) -> None:
    with simulator.hold() as gate:
        reply = alice_chats.begun("One")
        assert gate.wait_for(1)
        for text in ("Two", "Three"):
            response = alice_chats.send(reply.conversation, text)
            assert response["HX-Retarget"] == "#queue"
            assert text in response.content.decode()
        assert waiting() == ["Two", "Three"]
        assert Call.objects.count() == 1  # nothing is reserved for what waits
        assert "Two" in page(alice_chats, reply.conversation)
    all_done("One", "Two", "Three")
    parents = Message.objects.order_by("pk").values_list("pk", "parent")
    assert [parent for _, parent in parents][1:] == [pk for pk, _ in parents][:-1]


def test_a_page_without_scripts_is_led_back_to_the_conversation(
    alice_chats: Chat, simulator: Simulator
) -> None:
    with simulator.hold():
        reply = alice_chats.begun("One")
        response = alice_chats.send(reply.conversation, "Two", htmx=False)
        assert response["Location"] == f"/chat/{reply.conversation_id}/"
        assert waiting() == ["Two"]


def test_a_double_click_waits_once_and_is_asked_once(
    alice_chats: Chat, simulator: Simulator
) -> None:
    click = {"request_id": str(uuid.uuid4())}
    with simulator.hold():
        reply = alice_chats.begun("One")
        for _ in range(2):
            alice_chats.send(reply.conversation, "Two", **click)
        assert waiting() == ["Two"]
    all_done("One", "Two")
    with simulator.hold():
        alice_chats.send(reply.conversation, "Three")
        late = alice_chats.send(reply.conversation, "Two", **click)
        assert late.status_code == 200
        assert waiting() == []


def test_pictures_wait_with_their_message(alice_chats: Chat, simulator: Simulator, picture) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    with simulator.hold():
        reply = alice_chats.begun("One")
        file = SimpleUploadedFile("a.png", picture(), "image/png")
        response = alice_chats.send(reply.conversation, "Two", uploads=[file])
        assert "1 file" in response.content.decode()
    all_done("One", "Two")
    attachment = Attachment.objects.get()
    assert attachment.message.text == "Two"
    assert default_storage.exists(attachment.file.name)
    assert "image_url" in str(requests_for_replies(simulator)[-1].body)


@pytest.mark.parametrize("how", ["deleted", "with its conversation"])
def test_pictures_go_with_what_waited_for_nothing(
    how: str, alice_chats: Chat, simulator: Simulator, picture
) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    with simulator.hold():
        reply = alice_chats.begun("One")
        file = SimpleUploadedFile("a.png", picture(), "image/png")
        alice_chats.send(reply.conversation, "Two", uploads=[file])
        queued = QueuedMessage.objects.get()
        name = queued.attachments.get().file.name
        assert default_storage.exists(name)
        if how == "deleted":
            press(alice_chats, queued, "delete")
        else:
            reply.conversation.prune()
        assert not default_storage.exists(name)


def test_what_waits_can_be_reworded_moved_and_deleted(
    alice_chats: Chat, simulator: Simulator
) -> None:
    with simulator.hold():
        reply = alice_chats.begun("One")
        for text in ("Two", "Three", "Four"):
            alice_chats.send(reply.conversation, text)
        two, three, four = QueuedMessage.objects.all()
        assert "Too" in press(alice_chats, two, "edit", text="Too\r\nmuch ").content.decode()
        press(alice_chats, four, "first")
        press(alice_chats, three, "delete")
        assert waiting() == ["Four", "Too\nmuch"]
    all_done("One", "Four", "Too\nmuch")


def test_empty_words_for_what_waits_are_refused(paused: Conversation, alice_chats: Chat) -> None:
    response = press(alice_chats, QueuedMessage.objects.all()[0], "edit", text="  ")
    assert response.status_code == 422
    assert "Write a message first" in response.content.decode()
    assert waiting() == ["Two", "Three"]


def test_words_for_a_message_that_was_sent_meanwhile_are_not_lost(
    paused: Conversation, alice_chats: Chat
) -> None:
    queued = QueuedMessage.objects.all()[0]
    go_on(alice_chats, paused)
    response = press(alice_chats, queued, "edit", text="Other words")
    assert response.status_code == 422
    assert "Your words are still in the field" in response.content.decode()
    all_done_but_the_first()


def all_done_but_the_first() -> None:
    all_answered("One", "Two", "Three")
    statuses = Message.objects.replies().order_by("pk").values_list("status", flat=True)
    assert list(statuses) == ["cancelled", "succeeded", "succeeded"]


def test_after_a_stop_the_queue_waits_until_told_to_go_on(
    paused: Conversation, alice_chats: Chat
) -> None:
    advance_queues.func()
    assert questions() == ["One"]
    shown = page(alice_chats, paused)
    assert "You stopped the reply before" in shown
    assert "Go on" in shown
    response = go_on(alice_chats, paused)
    assert "Two" in response.content.decode()
    all_done_but_the_first()


def test_after_a_failure_trying_again_lets_the_queue_go_on(
    alice_chats: Chat, simulator: Simulator
) -> None:
    simulator.fail("stream-empty", times=1)
    with simulator.hold():
        reply = alice_chats.begun("One")
        alice_chats.send(reply.conversation, "Two")
    reply = ended(reply)
    assert reply.status == "failed"
    assert "The reply before failed" in page(alice_chats, reply.conversation)
    assert waiting() == ["Two"]
    alice_chats.act(reply, "again")
    all_answered("One", "Two")


def test_a_quota_pauses_the_queue_and_says_so(alice_chats: Chat, simulator: Simulator) -> None:
    with simulator.hold():
        reply = alice_chats.begun("One")
        alice_chats.send(reply.conversation, "Two")
        quota = Quota.objects.create(
            who=Who.TEAM, metric=Metric.REQUESTS, period=Period.DAY, limit=0
        )
    eventually(lambda: QueuedMessage.objects.exclude(refusal="").exists(), what="it was refused")
    assert "has no room for this" in page(alice_chats, reply.conversation)
    advance_queues.func()
    assert questions() == ["One"]
    go_on(alice_chats, reply.conversation)
    assert waiting() == ["Two"]
    quota.delete()
    go_on(alice_chats, reply.conversation)
    all_done("One", "Two")


def test_a_model_that_is_gone_pauses_the_queue_until_another_is_chosen(
    alice_chats: Chat, simulator: Simulator
) -> None:
    with simulator.hold():
        reply = alice_chats.begun("One")
        alice_chats.send(reply.conversation, "Two")
        QueuedMessage.objects.update(model_ids=["long-gone"])
    eventually(lambda: QueuedMessage.objects.exclude(refusal="").exists(), what="it was refused")
    go_on(alice_chats, reply.conversation)
    all_done("One", "Two")


def test_only_so_many_messages_wait(alice_chats: Chat, simulator: Simulator) -> None:
    with simulator.hold():
        reply = alice_chats.begun("One")
        QueuedMessage.objects.bulk_create(
            QueuedMessage(
                conversation=reply.conversation,
                author=reply.conversation.owner,
                request_id=uuid.uuid4(),
                text=str(n),
                place=n,
                model_ids=[reply.model],
            )
            for n in range(queueing.MOST_QUEUED)
        )
        response = alice_chats.send(reply.conversation, "One too many")
        assert response.status_code == 422
        assert "wait already" in response.content.decode()
        QueuedMessage.objects.all().delete()


def test_what_is_sent_when_the_queue_is_about_to_go_on_takes_its_place_in_it(
    paused: Conversation, alice_chats: Chat
) -> None:
    Message.objects.replies().update(status="succeeded")  # nobody has noticed yet
    alice_chats.send(paused, "Four")
    all_done("One", "Two", "Three", "Four")


def test_a_turn_that_came_while_the_process_was_killed_is_taken_later(
    paused: Conversation,
) -> None:
    Message.objects.replies().update(status="succeeded")
    advance_queues.func()
    all_done("One", "Two", "Three")


@pytest.mark.parametrize("gone", ["deleted", "suspended"])
def test_nothing_is_asked_for_those_who_are_gone(gone: str, paused: Conversation) -> None:
    Message.objects.replies().update(status="succeeded")
    if gone == "deleted":
        Conversation.objects.update(deleted_at=timezone.now())
    else:
        type(paused.owner).objects.update(is_active=False)
    advance_queues.func()
    assert questions() == ["One"]


def test_many_who_go_on_at_once_ask_each_message_once(paused: Conversation) -> None:
    Message.objects.replies().update(status="succeeded")
    barrier = threading.Barrier(6)

    def advance() -> None:
        barrier.wait()
        queueing.advance(Conversation.objects.get(pk=paused.pk))
        connection.close()

    threads = [threading.Thread(target=advance) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    all_done("One", "Two", "Three")


def test_a_message_that_somebody_took_is_not_asked(paused: Conversation, alice) -> None:
    queued = QueuedMessage.objects.all()[0]
    venice = Venice(alice)
    question = Question("Two", venice.default_model("text"), queued=queued.pk)
    queued.delete()
    with pytest.raises(Taken):
        ask(venice, paused, question, paused.messages.replies().get().pk)
    assert questions() == ["One"]


def test_what_is_sent_from_a_page_that_lacks_the_newest_follows_it(alice_chats: Chat) -> None:
    first = alice_chats.answered("One")
    alice_chats.send(first.conversation, "Two", after=first.pk)
    second = ended(newest_reply())
    response = alice_chats.send(first.conversation, "Three", after=first.pk)
    third = ended(newest_reply())
    assert third.parent.parent_id == second.pk
    html = response.content.decode()
    assert response["HX-Retarget"] == "#queue"
    assert re.findall(r'id="message-(\d+)"', html) == [
        str(one.pk) for one in (second.parent, second, third.parent, third)
    ]
    assert f'value="{third.pk}" hx-swap-oob="true"' in html
    assert 'name="request_id"' in html


def test_the_news_bring_what_was_said_since(alice_chats: Chat) -> None:
    first = alice_chats.answered("One")
    alice_chats.send(first.conversation, "Two", after=first.pk)
    second = ended(newest_reply())
    path = f"/chat/{first.conversation_id}/news"
    news = alice_chats.client.get(path, {"after": first.pk}, headers=HTMX).content.decode()
    assert f'id="message-{second.pk}"' in news
    assert f'id="message-{first.pk}"' not in news
    nothing = alice_chats.client.get(path, {"after": second.pk}, headers=HTMX).content.decode()
    assert "message-" not in nothing
    elsewhere = alice_chats.client.get(path, {"after": "nonsense"}, headers=HTMX)
    assert "message-" not in elsewhere.content.decode()


def test_a_page_whose_turn_is_about_to_come_asks_for_it(
    paused: Conversation, alice_chats: Chat
) -> None:
    assert "every 1s" not in page(alice_chats, paused)
    Message.objects.replies().update(status="succeeded")
    assert "every 1s" in page(alice_chats, paused)


def test_news_never_lack_the_message_that_has_just_left_the_queue(
    paused: Conversation, alice_chats: Chat, monkeypatch
) -> None:
    from chat import views

    read_queue = views.read_queue

    def read_and_then_it_goes_on(conversation: Conversation) -> queueing.Queue:
        Message.objects.replies().update(status="succeeded")
        queueing.advance(conversation)
        return read_queue(conversation)

    before = paused.messages.replies().get().pk
    monkeypatch.setattr(views, "read_queue", read_and_then_it_goes_on)
    news = alice_chats.client.get(
        f"/chat/{paused.pk}/news", {"after": before}, headers=HTMX
    ).content.decode()
    assert f'id="message-{Message.objects.get(text="Two").pk}"' in news
