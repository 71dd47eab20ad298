"""Choosing a model: what it can do, the settings that follow, and what is not sent."""

import json

import pytest
from django.test import Client

from chat.forms_writing import ComposerForm
from chat.models import Conversation, Message
from chat.picker import in_thousands, offers, remarks
from chat.schemas import NoSchema, read_schema
from tests.chat.conftest import HTMX, Chat, default_model, ended, newest_reply, requests_for_replies
from venice_site.simulator import Simulator
from venice_site.skeletons import kept
from venice_site.venice.types import Model, Price, TokenPrices

in_threads = pytest.mark.django_db(transaction=True)
SCHEMA = {"type": "object", "properties": {"bird": {"type": "string"}}, "required": ["bird"]}
PLAIN = Model(id="plain", kind="text", name="Plain", privacy="anonymized")
ABLE = Model(
    id="able",
    kind="text",
    name="Able",
    privacy="private",
    price=Price(tokens=TokenPrices(1_400_000, 4_400_000)),
    context_tokens=128_000,
    supports_vision=True,
    supports_reasoning=True,
    reasoning_efforts=("low", "high"),
    supports_web_search=True,
    supports_schema=True,
    retires_on="2030-01-01",
    replacement="other",
)


def sent(simulator: Simulator) -> dict:
    return requests_for_replies(simulator)[-1].body


def model_with(**facts) -> str:
    """Return a model on offer of which these facts are true."""
    from venice_site.venice.catalogue import current

    models = current(simulated=True).offered("text")
    return next(m.id for m in models if all(getattr(m, n) == v for n, v in facts.items()))


def test_a_model_is_told_in_a_few_words() -> None:
    (able,) = offers([ABLE])
    assert able.abilities == ("Sees pictures", "Files", "Thinks", "Web search", "JSON")
    assert (able.price, able.context, able.privacy) == ("$1.40 in, $4.40 out", "128k", "Private")
    assert able.leaves == "Leaves on 2030-01-01; use other then."
    assert "private" in able.words


def test_numbers_of_tokens_are_said_short() -> None:
    assert [in_thousands(n) for n in (None, 900, 131_072, 1_000_000, 1_500_000)] == [
        *("", "900", "131k", "1M", "1.5M")
    ]


def test_what_a_model_will_not_do_is_said() -> None:
    asked = Conversation(web_search="on", reasoning_effort="high", answer_schema=SCHEMA)
    said = remarks(PLAIN, asked, pictures=2, before=ABLE)
    for words in ("pictures", "search the web", "think “high”", "schema", "not private"):
        assert any(words in sentence for sentence in said), words
    assert remarks(ABLE, asked, pictures=2, before=PLAIN) == [
        "Able: Leaves on 2030-01-01; use other then."
    ]


def test_the_models_are_listed_without_scripts(simulator, as_alice: Client) -> None:
    page = as_alice.get("/chat/models").text
    model = default_model()
    assert f'href="/chat/?model={model}"' in page
    opened = as_alice.get("/chat/", {"model": model}).text
    assert f'value="{model}" selected' in opened


def test_the_plain_choice_is_the_field_of_the_form(simulator, alice) -> None:
    form = ComposerForm(user=alice)
    told = {"models": form.models_beside, "chosen": form["model"].value()}
    assert kept("chat/model_choice.html", **told).split("#}")[-1].strip() == str(form["model"])


def test_the_settings_follow_the_model(simulator, as_alice: Client) -> None:
    thinks, plain = model_with(supports_reasoning_effort=True), default_model()
    shown = as_alice.get("/chat/outlook", {"model": thinks}, headers=HTMX).text
    assert 'name="reasoning_effort"' in shown
    assert 'name="reasoning_effort"' not in as_alice.get("/chat/outlook", {"model": plain}).text
    kept = {"model": plain, "reasoning_effort": "high"}
    said = as_alice.get("/chat/outlook", kept).text
    assert "it thinks as usual" in said
    assert 'value="high" selected' in said


@in_threads
def test_what_is_shown_beside_the_model_is_sent_and_kept(
    alice_chats: Chat, simulator: Simulator
) -> None:
    """Even if the message overtakes the request that was to keep it, or a list of models is old."""
    thinks = model_with(supports_reasoning_effort=True)
    talk = alice_chats.answered(model=thinks).conversation
    shown = {"web_search": "on", "reasoning_effort": "high"}
    here = {"conversation": talk.pk, "model": thinks, **shown}
    told = alice_chats.client.get("/chat/outlook", here).text
    assert 'value="high" selected' in told
    assert 'value="on" selected' in told
    assert Conversation.objects.get().reasoning_effort == ""
    alice_chats.send(talk, "And a stork?", model=thinks, **shown)
    ended(newest_reply())
    body = sent(simulator)
    assert body["reasoning_effort"] == "high"
    assert body["venice_parameters"]["enable_web_search"] == "on"
    talk.refresh_from_db()
    assert (talk.web_search, talk.reasoning_effort) == ("on", "high")
    alice_chats.send(talk, "A crane?", model=thinks, web_search="x", reasoning_effort="y")
    ended(newest_reply())
    talk.refresh_from_db()
    assert (talk.web_search, talk.reasoning_effort) == ("on", "high")


def test_a_model_that_left_meanwhile_is_said_to_have_left(simulator, as_alice: Client) -> None:
    told = as_alice.get("/chat/outlook", {"model": "left-since"}).text
    assert "Venice offers no model “left-since”" in told
    assert "takes its place" in told


@in_threads
def test_what_is_chosen_beside_the_model_is_sent(alice_chats: Chat, simulator: Simulator) -> None:
    model = model_with(supports_reasoning_effort=True, supports_schema=True)
    alice_chats.answered(
        model=model, web_search="auto", reasoning_effort="high", answer_schema=json.dumps(SCHEMA)
    )
    body = sent(simulator)
    assert body["reasoning_effort"] == "high"
    assert body["venice_parameters"]["enable_web_search"] == "auto"
    assert body["response_format"]["json_schema"]["schema"] == SCHEMA
    assert json.loads(Message.objects.latest("pk").text).keys() == {"bird"}


@in_threads
def test_what_the_next_model_cannot_do_is_not_sent_and_said_before(
    alice_chats: Chat, simulator: Simulator
) -> None:
    able = model_with(supports_reasoning_effort=True, supports_schema=True)
    plain = model_with(supports_reasoning=False, supports_schema=False)
    reply = alice_chats.answered(
        model=able, reasoning_effort="high", answer_schema=json.dumps(SCHEMA)
    )
    talk = reply.conversation
    asked = {"conversation": talk.pk, "model": plain}
    said = alice_chats.client.get("/chat/outlook", asked, headers=HTMX).text
    assert "does not follow a schema" in said
    alice_chats.send(talk, "And now?", model=plain)
    ended(newest_reply())
    assert not {"response_format", "reasoning_effort"} & set(sent(simulator))
    page = alice_chats.client.get(talk.get_absolute_url()).text
    assert f'title="{able}"' in page
    assert f'title="{plain}"' in page


def test_a_model_that_has_left_is_said_with_what_takes_its_place(
    simulator, as_alice: Client, alice
) -> None:
    talk = Conversation.objects.create(owner=alice, title="Old", model="a-model-of-last-year")
    said = as_alice.get(talk.get_absolute_url()).text.split('id="outlook"')[1]
    assert "no model “a-model-of-last-year”" in said
    other = {"conversation": talk.pk, "model": default_model()}
    assert "last-year" not in as_alice.get("/chat/outlook", other).text.split("<form")[0]


@in_threads
def test_pictures_that_the_next_model_cannot_see_are_said_before(
    alice_chats: Chat, picture
) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    blind = default_model(sees=False)
    file = SimpleUploadedFile("bird.png", picture(), "image/png")
    talk = alice_chats.answered(uploads=file).conversation
    asked = {"conversation": talk.pk, "model": blind}
    said = alice_chats.client.get("/chat/outlook", asked, headers=HTMX).text
    assert "cannot see pictures" in said
    seen = alice_chats.client.get("/chat/outlook", asked | {"model": talk.model}).text
    assert "cannot see pictures" not in seen


@in_threads
def test_tuning_changes_a_conversation_from_the_next_question_on(
    alice_chats: Chat, simulator: Simulator, bob_chats: Chat
) -> None:
    talk = alice_chats.answered(model=model_with(supports_reasoning_effort=True)).conversation
    tune = f"/chat/{talk.pk}/tune"
    choice = {"web_search": "on", "reasoning_effort": "high", "model": talk.model}
    changed = alice_chats.client.post(tune, choice, headers=HTMX)
    assert 'value="on" selected' in changed.text
    assert alice_chats.client.post(tune, choice).status_code == 302
    alice_chats.client.post(tune, {"web_search": "maybe"})
    assert bob_chats.client.post(tune, {"web_search": ""}).status_code == 404
    alice_chats.send(talk, "And now?", model=talk.model)
    ended(newest_reply())
    assert sent(simulator)["reasoning_effort"] == "high"
    assert sent(simulator)["venice_parameters"]["enable_web_search"] == "on"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("{", "This is not JSON: line 1"),
        ("[]", '"type": "object"'),
        ('{"type": "string"}', '"type": "object"'),
        ('{"type": "object", "properties": {"a": {"type": "bird"}}}', "properties.a.type"),
        ('{"type": "object", "required": "a"}', "required"),
        ('{"type": "object", "title": "\\u0000"}', "cannot be kept"),
        ("[" * 15_000, "nested too deeply"),
        ('{"type": "object", "items": ' + "[" * 60 + "]" * 60 + "}", "nested too deeply"),
        ('{"type": "object", "title": "' + "x" * 20_000 + '"}', "too long"),
    ],
)
def test_what_is_no_schema_is_refused_with_the_reason(typed: str, said: str) -> None:
    with pytest.raises(NoSchema) as refused:
        read_schema(typed)
    assert said in str(refused.value)


@in_threads
def test_a_schema_is_set_and_taken_away_in_the_settings(alice_chats: Chat) -> None:
    talk = alice_chats.answered().conversation
    settings = f"/chat/{talk.pk}/settings"
    refused = alice_chats.client.post(settings, {"answer_schema": "{"})
    assert refused.status_code == 422
    assert "This is not JSON" in refused.text
    alice_chats.client.post(settings, {"answer_schema": json.dumps(SCHEMA)})
    talk.refresh_from_db()
    assert talk.answer_schema == SCHEMA
    for headers in (HTMX, {}):
        menu = alice_chats.client.get(f"/chat/{talk.pk}/menu", headers=headers).text
        assert "&quot;bird&quot;" in menu
        assert ("<html" in menu) == (not headers)
    alice_chats.client.post(settings, {"answer_schema": ""})
    assert Conversation.objects.filter(answer_schema__isnull=True).exists()


def test_the_settings_of_a_new_conversation_are_loaded_when_they_are_opened(
    simulator, as_alice: Client
) -> None:
    field = 'name="temperature"'
    assert field not in as_alice.get("/chat/").text
    assert field in as_alice.get("/chat/settings", headers=HTMX).text
    assert field in as_alice.get("/chat/", {"settings": 1}).text
    refused = as_alice.post("/chat/", {"text": "A heron?", "temperature": "9"})
    assert refused.status_code == 422
    assert 'value="9"' in refused.text


def test_an_outlook_of_nonsense_is_harmless(simulator, as_alice: Client) -> None:
    nonsense = {"model": "none", "characters": "-1", "pictures": "9" * 30, "web_search": "x"}
    assert as_alice.get("/chat/outlook", nonsense).status_code == 200
    assert as_alice.get("/chat/outlook", {"conversation": "x"}).status_code == 404
