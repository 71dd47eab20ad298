"""Between the gallery and the chat, through the pages that people use; neither room shows what is not theirs."""

import base64
import json
import re
import uuid
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from chat.joining import plain
from chat.models import Attachment, Conversation, Message
from gallery import dynamic
from gallery.models import Generation, Image
from tests.chat.conftest import Chat, default_model, ended, newest_reply, requests_for_replies
from tests.chat.conftest import _no_writer_left as _no_writer_left
from tests.chat.conftest import alice_chats as alice_chats
from tests.chat.conftest import bob_chats as bob_chats
from tests.gallery.conftest import hang as hang
from tests.gallery.conftest import made as made
from tests.gallery.conftest import order as order
from tests.gallery.conftest import ordered as ordered
from tests.gallery.conftest import work as work

with_writers = pytest.mark.django_db(transaction=True)


def attached(page: str) -> list[str]:
    return re.findall(r'type="hidden" name="image" value="(\d+)"', page)


def chosen_model(page: str) -> str:
    select = page.split('name="model"')[1].split("</select>")[0]
    return re.findall(r'<option value="([^"]+)"[^>]* selected', select)[0]


def sees(model: str) -> bool:
    from venice_site.venice.catalogue import current

    found = current(simulated=True).find("text", model)
    return found is not None and found.supports_vision


@pytest.fixture
def reply(alice) -> Message:
    """A finished reply to Alice."""
    return replied(alice, "A **heron** on _one_ leg.")


def replied(person, text: str) -> Message:
    talk = Conversation.objects.create(owner=person, title="About herons", model=default_model())
    asked = Message.objects.create(
        conversation=talk, role="user", author=person, text="Describe one", status="succeeded"
    )
    found = Message.objects.create(
        conversation=talk, role="assistant", parent=asked, text=text, model="m", status="succeeded"
    )
    Conversation.objects.filter(pk=talk.pk).update(tip=found)
    return found


# --- from the gallery to the chat ------------------------------------------------------------------------


@with_writers
def test_a_question_about_a_picture_goes_to_a_model_that_sees_with_the_picture(
    made, as_alice, alice_chats: Chat, simulator
) -> None:
    image = made(embed_exif_metadata="on")
    link = f"/chat/?picture={image.pk}"
    assert f'href="{link}"' in as_alice.get(f"/gallery/images/{image.pk}/").text
    page = as_alice.get(link).text
    assert attached(page) == [str(image.pk)]
    assert sees(chosen_model(page))
    reply = ended(alice_chats.begun("Which bird?", image=image.pk, model=chosen_model(page)))
    kept = Attachment.objects.get()
    assert (kept.from_image, kept.message_id) == (image.pk, reply.parent_id)
    parts = requests_for_replies(simulator)[-1].body["messages"][0]["content"]
    url = next(part["image_url"]["url"] for part in parts if part["type"] == "image_url")
    assert base64.b64decode(url.partition(",")[2]) == kept.file.read()


@with_writers
def test_a_conversation_that_cannot_see_begins_with_a_model_that_can(made, as_alice, alice) -> None:
    blind = Conversation.objects.create(owner=alice, title="x", model=default_model(sees=False))
    assert not sees(chosen_model(as_alice.get(f"/chat/{blind.pk}/").text))
    page = as_alice.get(f"/chat/{blind.pk}/?picture={made().pk}").text
    assert sees(chosen_model(page))


@with_writers
def test_nobody_asks_about_a_picture_that_they_may_not_see(made, as_bob, bob_chats: Chat) -> None:
    image = made(private="on")
    page = as_bob.get(f"/chat/?picture={image.pk}").text
    assert attached(page) == []
    assert "you may not see it" in page
    refused = bob_chats.begin("What is it?", image=image.pk)
    assert refused.status_code == 422
    assert "you may not see it" in refused.text
    assert not Attachment.objects.exists()
    assert not Conversation.objects.exists()


@with_writers
def test_too_many_pictures_and_a_model_that_cannot_see_are_refused_and_nothing_is_lost(
    made, as_alice, alice_chats: Chat
) -> None:
    image = made()
    blind = default_model(sees=False)
    refused = alice_chats.begin("A bird?", htmx=False, image=image.pk, model=blind)
    assert refused.status_code == 422
    assert "cannot read pictures" in refused.text
    assert attached(refused.text) == [str(image.pk)]
    assert "A bird?" in refused.text
    many = [made().pk for _ in range(11)]
    assert "10 pictures and 5 documents at most" in alice_chats.begin("Which?", image=many).text


@with_writers
def test_the_page_of_a_picture_lists_the_person_s_own_conversations_about_it(
    made, as_alice, as_bob, alice_chats: Chat
) -> None:
    image = made()
    where = f"/gallery/images/{image.pk}/"
    assert "In your chat" not in as_alice.get(where).text
    reply = ended(alice_chats.begun("A question about herons", image=image.pk))
    page = as_alice.get(where).text
    assert "A question about herons" in page
    assert f'href="/chat/{reply.conversation_id}/"' in page
    assert "In your chat" not in as_bob.get(where).text
    Conversation.objects.update(temporary_until=timezone.now() + timedelta(hours=1))
    assert "In your chat" not in as_alice.get(where).text


@with_writers
def test_deleting_either_leaves_the_other_whole(
    made, as_alice, alice_chats: Chat, simulator
) -> None:
    image = made()
    reply = ended(alice_chats.begun("What is it?", image=image.pk))
    as_alice.post(f"/gallery/images/{image.pk}/delete")
    as_alice.post("/gallery/trash/empty")
    assert not Image.objects.exists()
    attachment = Attachment.objects.get()
    assert as_alice.get(attachment.get_absolute_url()).getvalue()
    alice_chats.send(reply.conversation, "And now?")
    ended(newest_reply())
    sent = requests_for_replies(simulator)[-1].body["messages"]
    assert any(part["type"] == "image_url" for part in sent[0]["content"])
    other = made(from_message=reply.pk)
    Conversation.objects.get().prune()
    page = as_alice.get(f"/gallery/images/{other.pk}/")
    assert page.status_code == 200
    assert "In your chat" not in page.text


@with_writers
def test_a_question_in_other_words_keeps_the_picture_and_where_it_came_from(
    made, alice_chats: Chat
) -> None:
    image = made()
    reply = ended(alice_chats.begun("What is it?", image=image.pk))
    path = f"/chat/{reply.conversation_id}/messages/{reply.parent_id}/edit"
    form = {"text": "Which bird is it?", "request_id": str(uuid.uuid4())}
    alice_chats.client.post(path, form)
    ended(newest_reply())
    assert list(Attachment.objects.values_list("from_image", flat=True)) == [image.pk] * 2


def test_pictures_are_chosen_by_search_among_those_the_person_sees(
    hang, as_bob, alice, bob
) -> None:
    heron = hang(alice, "A heron in fog")
    hang(alice, "A heron nobody sees", visibility="private")
    hang(bob, "A lighthouse")
    hang(bob, "A heron that failed", status="failed")
    page = as_bob.get("/gallery/picker?q=heron").text
    assert re.findall(r'data-pick="(\d+)"', page) == [str(heron.pk)]
    assert f'href="/chat/?picture={heron.pk}"' in page  # without scripts
    assert (
        f'href="/chat/7/?picture={heron.pk}"' in as_bob.get("/gallery/picker?conversation=7").text
    )
    part = as_bob.get("/gallery/picker?q=castle", headers={"HX-Request": "true"}).text
    assert "No picture fits this search" in part
    assert "<html" not in part


def test_the_picker_comes_in_pages_without_a_query_per_picture(hang, as_alice, alice) -> None:
    for _ in range(30):
        hang(alice)
    with CaptureQueriesContext(connection) as queries:
        page = as_alice.get("/gallery/picker", headers={"HX-Request": "true"}).text
    assert len(queries) <= 7
    assert page.count("data-pick") == 24
    more = re.findall(r'href="(/gallery/picker\?q=&amp;before=\d+)"', page)[0].replace("&amp;", "&")
    rest = as_alice.get(more, headers={"HX-Request": "true"}).text
    assert rest.count("data-pick") == 6
    assert 'id="picker-pictures"' not in rest


# --- from the chat to the gallery -----------------------------------------------------------------------


def prompt_in(page: str) -> str:
    from html import unescape

    area = page.split('name="prompt"')[1].split(">", 1)[1]
    return unescape(area.split("</textarea>")[0]).removeprefix("\n")


def test_a_reply_becomes_a_prompt_without_its_markdown(as_alice, reply, simulator) -> None:
    link = f"/gallery/?from_message={reply.pk}"
    assert f'href="{link}"' in as_alice.get(f"/chat/{reply.conversation_id}/").text
    page = as_alice.get(link).text
    assert prompt_in(page) == "A heron on one leg."
    assert f'name="from_message" value="{reply.pk}"' in page


def test_a_long_reply_is_shortened_to_what_the_model_takes_and_the_page_says_so(
    as_alice, alice, simulator
) -> None:
    reply = replied(alice, "A heron in the reeds. " * 2000)
    page = as_alice.get(f"/gallery/?from_message={reply.pk}").text
    limit = int(re.findall(r'data-limit="(\d+)"', page)[0])
    assert limit - 30 < len(prompt_in(page)) <= limit
    assert f"takes up to {limit:,} characters" in page
    short = as_alice.get(
        f"/gallery/?{urlencode({'from_message': reply.pk, 'prompt': 'Only reeds'})}"
    )
    assert prompt_in(short.text) == "Only reeds"
    assert "this is the beginning" not in short.text


def test_signs_in_a_reply_are_no_choices(as_alice, alice, order, simulator) -> None:
    words = "Use {red|blue} and `__init__`"
    reply = replied(alice, words)
    prompt = prompt_in(as_alice.get(f"/gallery/?from_message={reply.pk}").text)
    order(as_alice, prompt=prompt, from_message=reply.pk)
    assert Generation.objects.get().prompt == "Use {red|blue} and __init__"


@given(st.text(alphabet="ab_{|}\\$1- ", max_size=40))
def test_a_literal_prompt_stands_for_itself(text: str) -> None:
    assert list(dynamic.read(dynamic.literal(text), {}).every()) == [text] or text == ""


def test_code_and_its_button_become_plain_words() -> None:
    assert plain("Look:\n\n```py\nx = 1 < 2\n```") == "Look:\nx = 1 < 2"


def test_the_words_of_others_are_not_told(as_bob, reply, simulator) -> None:
    page = as_bob.get(f"/gallery/?from_message={reply.pk}").text
    assert "heron" not in prompt_in(page)
    assert f'value="{reply.pk}"' not in page
    for where in ("", "words"):
        assert as_bob.get(f"/chat/messages/{reply.pk}/{where}").status_code == 404


def test_a_reply_shows_the_pictures_made_from_it_and_they_lead_back(
    hang, as_alice, alice, reply
) -> None:
    image = hang(alice, "A heron on one leg", blurred=True)
    Generation.objects.update(from_message=reply.pk)
    page = as_alice.get(f"/chat/{reply.conversation_id}/").text
    assert f'href="/gallery/images/{image.pk}/"' in page
    assert "data-veiled" in page
    back = as_alice.get(f"/gallery/images/{image.pk}/").text
    assert f'href="/chat/messages/{reply.pk}/"' in back
    assert "About herons" in back
    arrived = as_alice.get(f"/chat/messages/{reply.pk}/", follow=True)
    assert arrived.redirect_chain[-1][0].endswith(f"#message-{reply.pk}")
    as_alice.post(f"/gallery/images/{image.pk}/delete")
    assert (
        f'href="/gallery/images/{image.pk}/"'
        not in as_alice.get(f"/chat/{reply.conversation_id}/").text
    )


def test_nobody_hangs_a_picture_under_the_reply_of_another(
    hang, as_alice, as_bob, bob, reply
) -> None:
    image = hang(bob, "Spam")
    Generation.objects.update(from_message=reply.pk)
    assert "Spam" not in as_alice.get(f"/chat/{reply.conversation_id}/").text
    assert "About herons" not in as_bob.get(f"/gallery/images/{image.pk}/").text


def test_a_long_conversation_asks_for_its_pictures_once(hang, as_alice, alice, reply) -> None:
    last = reply

    def queries(more: int) -> int:
        nonlocal last
        for number in range(more):
            last = Message.objects.create(
                conversation=reply.conversation,
                role="assistant",
                parent=last,
                text=f"No {number}",
                model="m",
                status="succeeded",
            )
            hang(alice, "A heron")
            Generation.objects.filter(from_message=None).update(from_message=last.pk)
        Conversation.objects.update(tip=last)
        with CaptureQueriesContext(connection) as captured:
            assert as_alice.get(f"/chat/{reply.conversation_id}/").status_code == 200
        return sum("gallery_" in query["sql"] for query in captured)

    assert queries(0) == 1
    assert queries(1) == queries(12)


@pytest.mark.parametrize("query", ["", "?message=x&message=1e9&message=-1", "?message=" + "9" * 30])
def test_nonsense_asked_from_room_to_room_is_answered_with_nothing(
    as_alice: Client, query: str
) -> None:
    assert as_alice.get(f"/gallery/made-of-messages{query}").json() == {}
    told = json.loads(as_alice.get(f"/chat/about{query}").content)
    assert told == {"source": None, "about": []}
    assert as_alice.get(f"/gallery/{query.replace('message', 'from_message')}").status_code == 200
    assert as_alice.get(f"/chat/{query.replace('message', 'picture')}").status_code == 200
