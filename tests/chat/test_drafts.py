"""Drafts: what was typed is there again in another browser, until it is sent."""

import uuid

import pytest
from django.test import Client

from chat.drafts import Draft
from chat.models import Conversation
from tests.chat.conftest import Chat, ended, newest_reply
from venice_site.simulator import Simulator

in_threads = pytest.mark.django_db(transaction=True)


@pytest.fixture
def talk(alice) -> Conversation:
    return Conversation.objects.create(owner=alice, title="Herons", model="m")


def keep(client: Client, text: str, version: int = 0, talk: Conversation | None = None, **more):
    where = f"/chat/{talk.pk}/draft" if talk else "/chat/draft"
    form = {"text": text, "version": version, "request_id": str(uuid.uuid4())} | more
    return client.post(where, form)


def composer(client: Client, talk: Conversation | None = None) -> str:
    page = client.get(f"/chat/{talk.pk}/" if talk else "/chat/").content.decode()
    return page.split('id="id_text"')[1].split(">", 1)[1].split("</textarea>")[0].strip()


def test_what_was_typed_is_there_in_another_browser(
    simulator: Simulator, as_alice: Client, alice, talk: Conversation
) -> None:
    from tests.conftest import signed_in

    assert keep(as_alice, "A thought", talk=talk).status_code == 200
    assert keep(as_alice, "Another, new").status_code == 200
    elsewhere = signed_in(alice)
    assert composer(elsewhere, talk) == "A thought"
    assert composer(elsewhere) == "Another, new"


def test_nobody_else_sees_a_draft(simulator, as_alice: Client, as_bob: Client, talk) -> None:
    keep(as_alice, "A secret")
    assert composer(as_bob) == ""
    assert keep(as_bob, "Mine", talk=talk).status_code == 404
    assert not Draft.objects.filter(conversation=talk).exists()


def test_typing_on_goes_on_from_the_last_version(simulator, as_alice: Client, talk) -> None:
    first = keep(as_alice, "A", talk=talk).json()["version"]
    second = keep(as_alice, "A heron", first, talk=talk).json()["version"]
    assert second > first
    assert Draft.objects.get().text == "A heron"


def test_newer_words_from_another_browser_are_not_overwritten(
    simulator, as_alice: Client, talk
) -> None:
    first = keep(as_alice, "From the desk", talk=talk).json()["version"]
    newer = keep(as_alice, "From the phone", first, talk=talk).json()["version"]
    late = keep(as_alice, "From the desk, later", first, talk=talk)
    assert late.status_code == 409
    assert late.json() == {"version": newer, "text": "From the phone"}
    assert keep(as_alice, "", first, talk=talk).status_code == 409
    assert Draft.objects.get().text == "From the phone"
    assert keep(as_alice, "From the desk, later", newer, talk=talk).status_code == 200


def test_a_draft_begun_anew_is_not_taken_for_the_earlier_one(
    simulator, as_alice: Client, talk
) -> None:
    first = keep(as_alice, "Long ago", talk=talk).json()["version"]
    keep(as_alice, "", first, talk=talk)
    assert not Draft.objects.exists()
    keep(as_alice, "Anew", talk=talk)
    assert keep(as_alice, "Long ago, more", first, talk=talk).status_code == 409


@pytest.mark.parametrize(
    "nonsense",
    [
        {"version": "x"},
        {"version": -1},
        {"version": 2**70},
        {"request_id": "x"},
        {"text": "x" * 100_001},
    ],
)
def test_nonsense_is_not_kept(nonsense, simulator, as_alice: Client) -> None:
    assert keep(as_alice, **({"text": "A"} | nonsense)).status_code == 422
    assert not Draft.objects.exists()


@in_threads
def test_sending_forgets_the_draft_and_what_comes_late_of_it(alice_chats: Chat) -> None:
    click = {"request_id": str(uuid.uuid4())}
    version = keep(alice_chats.client, "What is a heron?", **click).json()["version"]
    reply = alice_chats.answered("What is a heron?", draft=version, **click)
    assert composer(alice_chats.client) == ""
    assert not Draft.objects.exists()
    assert keep(alice_chats.client, "What is a heron?", version, **click).status_code == 200
    assert not Draft.objects.exists()

    talk = reply.conversation
    version = keep(alice_chats.client, "And two?", talk=talk).json()["version"]
    alice_chats.send(talk, "And two?", draft=version)
    ended(newest_reply())
    assert composer(alice_chats.client, talk) == ""


@in_threads
def test_sending_leaves_what_was_written_later_elsewhere(alice_chats: Chat) -> None:
    talk = alice_chats.answered("Hello").conversation
    first = keep(alice_chats.client, "From the desk", talk=talk).json()["version"]
    keep(alice_chats.client, "From the phone", first, talk=talk)
    alice_chats.send(talk, "From the desk", draft=first)
    ended(newest_reply())
    assert composer(alice_chats.client, talk) == "From the phone"


@in_threads
def test_a_message_that_waits_is_no_draft_any_more(alice_chats: Chat, simulator) -> None:
    click = {"request_id": str(uuid.uuid4())}
    with simulator.hold():
        talk = alice_chats.begun("Hello").conversation
        version = keep(alice_chats.client, "Next", talk=talk, **click).json()["version"]
        alice_chats.send(talk, "Next", draft=version, **click)
        assert composer(alice_chats.client, talk) == ""
        assert keep(alice_chats.client, "Next", version, talk, **click).status_code == 200
        assert composer(alice_chats.client, talk) == ""


def test_a_refused_message_keeps_its_draft(simulator, as_alice: Client) -> None:
    from venice_site.venice.models import Metric, Period, Quota, Who

    version = keep(as_alice, "What is a heron?").json()["version"]
    Quota.objects.create(who=Who.TEAM, metric=Metric.REQUESTS, period=Period.DAY, limit=0)
    assert Chat(as_alice).begin("What is a heron?", draft=version).status_code == 422
    assert composer(as_alice) == "What is a heron?"
