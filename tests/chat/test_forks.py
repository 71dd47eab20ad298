"""Forks: a new conversation with everything said down to one message."""

from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from chat import forks
from chat.models import Attachment, Conversation, Folder, Message, Persona
from chat.search import find
from tests.chat.conftest import Chat, ended, newest_reply, requests_for_replies
from venice_site.simulator import Simulator
from venice_site.venice.models import Call

pytestmark = pytest.mark.django_db(transaction=True)

FACTS = ("role", "text", "reasoning", "model", "served_by", "tokens_out", "cost", "status")


@pytest.fixture
def talk(alice) -> Conversation:
    """A conversation of three questions, the second of which was asked twice."""
    folder = Folder.objects.create(owner=alice, name="Birds")
    talk = Conversation.objects.create(
        owner=alice,
        title="Herons",
        model="m",
        system_prompt="In rhyme",
        temperature=0.3,
        folder=folder,
        pinned_at=timezone.now(),
        shared_at=timezone.now(),
        origin="imported",
    )
    last = None
    for text in ("One", "First.", "Two", "Second.", "Three", "Third."):
        last = say(talk, text, last)
    say(talk, "Two, again", talk.messages.get(text="First."))
    Conversation.objects.filter(pk=talk.pk).update(tip=last)
    return Conversation.objects.get(pk=talk.pk)


def say(talk: Conversation, text: str, parent: Message | None) -> Message:
    is_reply = text.endswith(".")
    return Message.objects.create(
        conversation=talk,
        parent=parent,
        role="assistant" if is_reply else "user",
        author=None if is_reply else talk.owner,
        text=text,
        model="m" if is_reply else "",
        tokens_out=7 if is_reply else 0,
        cost=5 if is_reply else 0,
        status="succeeded",
        created_at=timezone.now() - timedelta(days=3),
    )


def press(client: Client, message: Message):
    return client.post(f"/chat/{message.conversation_id}/messages/{message.pk}/fork")


def forked(client: Client, message: Message) -> Conversation:
    response = press(client, message)
    assert response.status_code == 302
    new = Conversation.objects.latest("pk")
    assert response["Location"] == f"/chat/{new.pk}/"
    return new


def test_a_fork_has_the_way_to_its_message_and_nothing_else(as_alice: Client, talk) -> None:
    message = talk.messages.get(text="Second.")
    new = forked(as_alice, message)
    copies = list(new.messages.order_by("pk"))
    originals = list(talk.messages.order_by("pk")[:4])
    for copy, original in zip(copies, originals, strict=True):
        assert [getattr(copy, n) for n in FACTS] == [getattr(original, n) for n in FACTS]
        assert copy.created_at == original.created_at
    assert [c.parent_id for c in copies] == [None, *(c.pk for c in copies[:-1])]
    assert new.tip_id == copies[-1].pk
    assert talk.messages.count() == 7


def test_a_fork_has_the_settings_and_stands_for_itself(as_alice: Client, talk) -> None:
    new = forked(as_alice, talk.messages.get(text="First."))
    assert (new.title, new.title_source) == ("Herons (fork)", "person")
    assert (new.system_prompt, new.temperature, new.folder_id) == ("In rhyme", 0.3, talk.folder_id)
    assert (new.pinned_at, new.shared_at, new.archived_at, new.origin) == (None, None, None, "")
    talk.refresh_from_db()
    assert talk.title == "Herons"
    assert talk.tip.text == "Third."


def test_a_fork_keeps_all_that_is_set_and_stays_in_its_folder(
    alice_chats: Chat, simulator: Simulator, alice
) -> None:
    folder = Folder.objects.create(owner=alice, name="Birds", instructions="Name the species.")
    reply = alice_chats.answered("My name is Ada")
    numbers = ("temperature", "top_p", "frequency_penalty", "presence_penalty")
    set_here = dict.fromkeys(numbers, 0.5) | {
        "max_tokens": 77,
        "system_prompt": "In rhyme",
        "web_search": "on",
        "reasoning_effort": "high",
        "answer_schema": {"type": "object"},
        "folder": folder,
    }
    Conversation.objects.update(**set_here)
    new = forked(alice_chats.client, reply)
    assert {name: getattr(new, name) for name in set_here} == set_here
    alice_chats.send(new, "What is my name?", after=new.tip_id)
    assert ended(newest_reply()).conversation == new
    sent = requests_for_replies(simulator)[-1].body
    assert sent["messages"][0]["content"] == "Name the species.\n\nIn rhyme"
    assert sent["venice_parameters"]["enable_web_search"] == "on"


def test_a_fork_is_held_with_the_same_persona(alice_chats: Chat, alice) -> None:
    ada = Persona.objects.create(owner=alice, name="Ada", colour="rose", system_prompt="Teach.")
    reply = alice_chats.answered("What is a sine?", persona=ada.pk)
    new = forked(alice_chats.client, reply)
    assert (new.part.name, new.part.persona) == ("Ada", ada)
    assert "face--rose" in alice_chats.client.get(f"/chat/{new.pk}/").text
    assert reply.conversation.part.pk != new.part.pk
    again = forked(alice_chats.client, new.tip)
    assert again.part.name == "Ada"


def test_a_fork_is_held_with_the_same_character_of_venice(
    alice_chats: Chat, simulator: Simulator
) -> None:
    alice_chats.client.get("/chat/characters/", {"ask": "1"})
    reply = alice_chats.answered("What is a river?", character="alan-watts")
    new = forked(alice_chats.client, reply)
    alice_chats.send(new, "And the sea?", after=new.tip_id)
    ended(newest_reply())
    sent = requests_for_replies(simulator)[-1].body
    assert sent["venice_parameters"]["character_slug"] == "alan-watts"


def test_a_fork_and_its_origin_lead_to_each_other(simulator, as_alice: Client, talk) -> None:
    message = talk.messages.get(text="First.")
    new = forked(as_alice, message)
    there = as_alice.get(f"/chat/{new.pk}/").content.decode()
    assert f"/chat/{talk.pk}/?at={message.pk}#message-{message.pk}" in there
    here = as_alice.get(f"/chat/{talk.pk}/").content.decode()
    assert "Forked here" in here
    assert "Herons (fork)" in here
    talk.delete_softly()
    assert "Forked from" not in as_alice.get(f"/chat/{new.pk}/").content.decode()


def test_a_fork_outlives_its_origin(simulator, as_alice: Client, talk) -> None:
    new = forked(as_alice, talk.messages.get(text="Third."))
    talk.prune()
    new.refresh_from_db()
    assert new.forked_from is None
    assert "Third." in as_alice.get(f"/chat/{new.pk}/").content.decode()


def test_a_fork_uses_no_quota_and_asks_nobody(as_alice: Client, talk) -> None:
    forked(as_alice, talk.messages.get(text="Third."))
    assert not Call.objects.exists()


def test_pictures_are_shared_and_go_with_the_last_of_both(alice_chats: Chat, picture) -> None:
    file = SimpleUploadedFile("a.png", picture(), "image/png")
    reply = alice_chats.answered("Look", uploads=[file])
    new = forked(alice_chats.client, reply)
    ours, theirs = Attachment.objects.order_by("pk")
    assert (ours.file.name, theirs.message.conversation) == (theirs.file.name, new)
    reply.conversation.prune()
    assert default_storage.exists(theirs.file.name)
    assert alice_chats.client.get(f"/chat/attachments/{theirs.pk}/").status_code == 200
    new.prune()
    assert not default_storage.exists(theirs.file.name)


def test_the_talk_goes_on_in_a_fork(alice_chats: Chat, simulator: Simulator) -> None:
    reply = alice_chats.answered("My name is Ada")
    new = forked(alice_chats.client, reply)
    alice_chats.send(new, "What is my name?", after=new.tip_id)
    last = ended(newest_reply())
    assert last.conversation == new
    assert last.parent.parent_id == new.tip_id
    assert reply.conversation.messages.count() == 2


def test_a_fork_is_found_by_searching(alice, as_alice: Client, talk) -> None:
    new = forked(as_alice, talk.messages.get(text="Third."))
    assert new.pk in {hit.conversation.pk for hit in find(alice, "Second")}


def test_a_double_click_is_one_fork(as_alice: Client, talk) -> None:
    message = talk.messages.get(text="Third.")
    assert press(as_alice, message)["Location"] == press(as_alice, message)["Location"]
    assert Conversation.objects.count() == 2


def test_forking_on_and_on_is_slowed_down(as_alice: Client, talk, monkeypatch) -> None:
    monkeypatch.setattr(forks, "MOST_A_MINUTE", 2)
    for text in ("One", "First.", "Two"):
        press(as_alice, talk.messages.get(text=text))
    assert Conversation.objects.count() == 3


def test_a_reply_that_is_being_written_is_not_forked(
    alice_chats: Chat, simulator: Simulator
) -> None:
    with simulator.hold():
        reply = alice_chats.begun("Hello")
        assert press(alice_chats.client, reply).status_code == 404
        assert forked(alice_chats.client, reply.parent).tip.text == "Hello"


def test_long_titles_keep_their_ending(as_alice: Client, talk) -> None:
    talk.rename("A very long title about herons and other birds that stand")
    new = forked(as_alice, talk.messages.get(text="Third."))
    assert new.title.endswith("… (fork)")
    assert len(new.title) <= 60
    again = forked(as_alice, new.tip)
    assert again.title.count("(fork)") == 1


def test_a_fork_of_a_temporary_conversation_is_temporary(as_alice: Client, talk) -> None:
    Conversation.objects.filter(pk=talk.pk).update(temporary_until=timezone.now())
    new = forked(as_alice, talk.messages.get(text="Third."))
    assert new.temporary_until > timezone.now()


def test_a_long_conversation_is_forked_with_few_queries(
    as_alice: Client, talk, django_assert_max_num_queries
) -> None:
    last = talk.tip
    for n in range(150):
        last = say(talk, f"Number {n}.", last)
    with django_assert_max_num_queries(30):
        new = forked(as_alice, last)
    assert new.messages.count() == 156
