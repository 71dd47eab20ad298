"""Personas: the team's own and Venice's characters, and what conversations keep of them."""

import pytest
from django.test import Client

from chat.models import Conversation, Part, Persona
from tests.chat.conftest import HTMX, Chat, default_model, ended, newest_reply, requests_for_replies
from venice_site.simulator import Simulator
from venice_site.venice.service import Venice
from venice_site.venice.types import Character

in_threads = pytest.mark.django_db(transaction=True)
ADA = {"name": "Ada", "colour": "rose", "system_prompt": "You are Ada, a patient teacher."}


@pytest.fixture
def ada(alice) -> Persona:
    """Return Alice's persona."""
    return Persona.objects.create(owner=alice, temperature=0.3, web_search="on", **ADA)


def sent(simulator: Simulator) -> dict:
    return requests_for_replies(simulator)[-1].body


def test_a_page_without_personas_says_what_they_are(simulator, as_alice: Client) -> None:
    assert "Make the first one" in as_alice.get("/chat/personas/").text


def test_a_persona_is_made_and_changed_by_its_owner(simulator, as_alice: Client, alice) -> None:
    assert as_alice.post("/chat/personas/new", ADA).status_code == 302
    made = Persona.objects.get(owner=alice)
    assert (made.avatar, made.shared) == ("A", False)
    as_alice.post(f"/chat/personas/{made.pk}/", ADA | {"name": "Ada L.", "shared": "on"})
    made.refresh_from_db()
    assert (made.name, made.shared) == ("Ada L.", True)


def test_what_a_persona_lacks_is_said_beside_its_field(simulator, as_alice: Client, ada) -> None:
    page = as_alice.post("/chat/personas/new", {"name": "ada", "colour": "rose"})
    assert page.status_code == 422
    assert "You have a persona of this name already." in page.text
    assert "Say what the model is told." in page.text


def test_a_shared_persona_is_read_by_the_team_and_changed_by_nobody_else(
    simulator, as_bob: Client, ada
) -> None:
    assert as_bob.get(f"/chat/personas/{ada.pk}/").status_code == 404
    Persona.objects.update(shared=True)
    page = as_bob.get(f"/chat/personas/{ada.pk}/")
    assert "patient teacher" in page.text
    assert "Delete persona" not in page.text
    as_bob.post(f"/chat/personas/{ada.pk}/", ADA | {"name": "Bob's"})
    assert as_bob.post(f"/chat/personas/{ada.pk}/delete").status_code == 404
    ada.refresh_from_db()
    assert ada.name == "Ada"


@in_threads
def test_a_conversation_is_begun_with_a_persona_and_shows_it(
    alice_chats: Chat, simulator: Simulator, ada
) -> None:
    page = alice_chats.client.get("/chat/", {"persona": ada.pk}).text
    assert "You talk to Ada" in page
    assert "patient teacher" in page
    assert f'name="persona" value="{ada.pk}"' in page

    settings = {"system_prompt": ada.system_prompt, "temperature": "0.3", "web_search": "on"}
    alice_chats.answered("What is a sine?", persona=ada.pk, **settings)
    assert sent(simulator)["messages"][0] == {"role": "system", "content": ada.system_prompt}
    assert sent(simulator)["temperature"] == 0.3
    assert sent(simulator)["venice_parameters"]["enable_web_search"] == "on"
    shown = alice_chats.client.get(Conversation.objects.get().get_absolute_url()).text
    assert shown.count("face--rose") == 2  # above the conversation, and at the reply


@in_threads
def test_a_conversation_stays_as_it_began_when_its_persona_changes_or_goes(
    alice_chats: Chat, simulator: Simulator, ada
) -> None:
    reply = alice_chats.answered("One?", persona=ada.pk, system_prompt=ada.system_prompt)
    Persona.objects.update(name="Eve", system_prompt="You are Eve.")
    alice_chats.send(reply.conversation, "Two?")
    ended(newest_reply())
    assert sent(simulator)["messages"][0]["content"] == ADA["system_prompt"]
    Persona.objects.all().delete()
    part = Part.objects.get()
    assert (part.name, part.persona) == ("Ada", None)
    assert "Ada" in alice_chats.client.get(reply.conversation.get_absolute_url()).text


@in_threads
def test_a_persona_that_is_gone_meanwhile_begins_nothing(bob_chats: Chat, ada) -> None:
    refused = bob_chats.begin("Hello?", persona=ada.pk)
    assert refused.status_code == 422
    assert "not there any more" in refused.text
    assert not Conversation.objects.exists()
    assert bob_chats.client.get("/chat/", {"persona": ada.pk}).status_code == 404


@in_threads
def test_venices_characters_are_asked_for_once_and_then_known(
    alice_chats: Chat, simulator: Simulator
) -> None:
    assert "not here yet" in alice_chats.client.get("/chat/characters/").text
    asked = alice_chats.client.get("/chat/characters/", {"ask": "1"}).text
    assert "Alan Watts" in asked
    simulator.clear()
    found = alice_chats.client.get("/chat/characters/", {"q": "zen"}).text
    assert "Alan Watts" in found
    assert "Harbour Master" not in found
    assert not simulator.requests


@in_threads
def test_a_character_of_venice_is_sent_by_its_slug(alice_chats: Chat, simulator: Simulator) -> None:
    alice_chats.client.get("/chat/characters/", {"ask": "1"})
    page = alice_chats.client.get("/chat/", {"character": "alan-watts"}).text
    assert "You talk to Alan Watts" in page
    alice_chats.answered("What is a river?", character="alan-watts")
    assert sent(simulator)["venice_parameters"]["character_slug"] == "alan-watts"
    assert alice_chats.begin("Hello?", character="nobody").status_code == 422


def test_a_venice_that_is_silent_leaves_the_known_characters(
    simulator: Simulator, as_alice: Client, alice
) -> None:
    from venice_site.venice import characters

    venice = Venice(alice)
    characters.keep([Character("owl", "Owl")], venice.clock.now(), simulated=True)
    simulator.fail("server-error", path="/characters")
    answer = as_alice.get("/chat/characters/", {"ask": "1"})
    assert answer.status_code == 502
    assert 'role="alert"' in answer.text
    assert "Owl" in answer.text


def test_characters_come_with_the_catalogue(simulator: Simulator, alice) -> None:
    from venice_site.venice.catalogue import current
    from venice_site.venice.tasks import refresh_catalogue

    refresh_catalogue.func()
    assert Venice(alice).known_characters()[0].slug == "venice"
    before = current(simulated=True)
    Venice(alice).look_for_characters("owl")
    assert current(simulated=True) is before  # characters leave the models as they are


@in_threads
def test_an_export_brings_the_persona_back(alice_chats: Chat, ada) -> None:
    from io import BytesIO

    from chat.imports import read_file

    schema = {"type": "object", "properties": {"a": {"type": "string"}}}
    reply = alice_chats.answered("Why?", persona=ada.pk, model=default_model())
    Conversation.objects.update(answer_schema=schema, web_search="auto", reasoning_effort="high")
    path = f"/chat/{reply.conversation_id}/export.json"
    file = alice_chats.client.get(path).content
    Conversation.objects.all().update(deleted_at="2020-01-01T00:00:00Z")
    read_file(reply.conversation.owner, BytesIO(file), lambda count: True)
    back = Conversation.objects.get(deleted_at=None)
    assert (back.part.name, back.part.colour, back.web_search) == ("Ada", "rose", "auto")
    assert (back.answer_schema, back.reasoning_effort) == (schema, "high")


def test_the_outlook_needs_htmx_nowhere(simulator, as_alice: Client) -> None:
    assert as_alice.get("/chat/models").status_code == 200
    assert "option" in as_alice.get("/chat/models", headers=HTMX).text
