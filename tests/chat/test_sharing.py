"""Sharing: with the team to read, by a link that shows a snapshot, and not a moment longer than wanted."""

from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client
from django.utils import timezone

from chat.models import Attachment, Conversation, Message, Share
from tests.chat.conftest import HTMX
from tests.chat.hostile import HOSTILE
from tests.chat.test_rendering import Walls


@pytest.fixture
def talk(alice):
    """A conversation of Alice's about herons, with a picture and some thinking."""
    found = Conversation.objects.create(
        owner=alice, title="Herons", title_source="person", model="m"
    )
    asked = Message.objects.create(
        conversation=found, role="user", author=alice, text="Why one leg?", status="succeeded"
    )
    found.tip = Message.objects.create(
        conversation=found,
        role="assistant",
        parent=asked,
        text="**Warmth.**",
        reasoning="They asked me about legs.",
        model="a-model",
        status="succeeded",
    )
    found.save()
    name = default_storage.save("chat/heron.png", ContentFile(b"a heron"))
    Attachment.objects.create(message=asked, file=name, mime="image/png", width=4, height=3)
    return found


def share(client: Client, talk: Conversation, action: str = "link", **more) -> str:
    """Press a button on the page of sharing and return the address of the link."""
    assert client.post(f"/chat/{talk.pk}/sharing", {"action": action, **more}).status_code == 302
    found = Share.objects.filter(conversation=talk).first()
    return found.get_absolute_url() if found else ""


def test_whoever_has_the_link_reads_without_signing_in(as_alice, talk) -> None:
    page = Client().get(share(as_alice, talk))
    html = page.content.decode()
    assert "Why one leg?" in html
    assert "<strong>Warmth.</strong>" in html
    assert not page.cookies
    assert "noindex" in page["X-Robots-Tag"]
    assert page["Cache-Control"] == "no-store"
    assert page["Referrer-Policy"] == "no-referrer"
    assert '<meta name="robots" content="noindex' in html


def test_a_link_tells_nobody_s_name_no_thinking_and_no_id(as_alice, talk) -> None:
    html = Client().get(share(as_alice, talk)).content.decode()
    for secret in ("alice", "They asked me", f"/chat/{talk.pk}/", "attachments/", "csrf"):
        assert secret not in html


def test_somebody_signed_in_gets_the_same_page_and_no_cookie(as_alice, as_bob, talk) -> None:
    link = share(as_alice, talk)
    page = as_bob.get(link)
    assert page.content.split(b"<body")[1] == Client().get(link).content.split(b"<body")[1]
    assert not page.cookies


def test_pictures_are_served_through_the_link_alone(as_alice, talk) -> None:
    link = share(as_alice, talk)
    picture = Client().get(f"{link}pictures/0/")
    assert b"".join(picture.streaming_content) == b"a heron"
    assert picture["Cache-Control"] == "no-store"
    assert Client().get(f"{link}pictures/1/").status_code == 404
    attachment = Attachment.objects.get()
    assert Client().get(attachment.get_absolute_url()).status_code == 302
    share(as_alice, talk, "revoke")
    assert Client().get(f"{link}pictures/0/").status_code == 404


def test_a_link_shows_what_was_until_it_is_updated(as_alice, talk) -> None:
    link = share(as_alice, talk)
    Message.objects.create(
        conversation=talk, role="user", parent=talk.tip, text="And two legs?", status="succeeded"
    )
    assert "two legs" not in Client().get(link).content.decode()
    assert "has changed since" in as_alice.get(f"/chat/{talk.pk}/sharing").content.decode()
    assert share(as_alice, talk, "update") == link
    assert "two legs" in Client().get(link).content.decode()


@pytest.mark.parametrize("end", ["revoke", "expire", "delete"])
def test_a_link_that_ended_shows_nothing_at_once(as_alice, talk, end: str) -> None:
    link = share(as_alice, talk, days="7")
    assert Client().get(link).status_code == 200
    if end == "revoke":
        share(as_alice, talk, "revoke")
    elif end == "expire":
        Share.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    else:
        as_alice.post(f"/chat/{talk.pk}/delete")
    gone = Client().get(link)
    assert gone.status_code == 404
    assert "Warmth" not in gone.content.decode()
    assert "noindex" in gone["X-Robots-Tag"]


def test_what_a_suspended_person_shares_rests_until_they_come_back(
    as_alice, as_bob, alice, talk
) -> None:
    link, picture = share(as_alice, talk), Attachment.objects.get()
    share(as_alice, talk, "team")
    where = f"/chat/team/{talk.pk}/"
    reply = f"{where}replies/{talk.tip_id}/"
    ways = [
        *((Client(), address) for address in (link, f"{link}pictures/0/")),
        *((as_bob, address) for address in (where, f"{where}news", reply, f"{reply}stream")),
        *((as_bob, one) for one in (f"{where}pictures/{picture.pk}/", picture.get_absolute_url())),
    ]

    def answers() -> set[int]:
        asked = [client.get(address, headers=HTMX) for client, address in ways]
        for answer in asked:
            if answer.streaming:
                answer.getvalue()
        return {answer.status_code for answer in asked}

    def is_listed() -> bool:
        return where in as_bob.get("/chat/?team=1").content.decode()

    assert answers() == {200}
    assert is_listed()
    type(alice).objects.filter(pk=alice.pk).update(is_active=False)
    assert answers() == {404}
    assert not is_listed()
    type(alice).objects.filter(pk=alice.pk).update(is_active=True)
    assert answers() == {200}


def test_a_link_made_anew_is_another_link(as_alice, talk) -> None:
    first = share(as_alice, talk)
    share(as_alice, talk, "revoke")
    second = share(as_alice, talk)
    assert first != second
    assert len(second.split("/")[-2]) >= 43


@pytest.mark.parametrize(("days", "left"), [("1", 1), ("30", 30), ("", None)])
def test_a_link_lasts_as_long_as_asked(as_alice, talk, days: str, left: int | None) -> None:
    share(as_alice, talk, days=days)
    expires = Share.objects.get().expires_at
    assert (expires and round((expires - timezone.now()).total_seconds() / 86_400)) == left


@pytest.mark.parametrize("fields", [{}, {"action": "x"}, {"action": "link", "days": "9999"}])
def test_nonsense_shares_nothing(as_alice, talk, fields) -> None:
    assert as_alice.post(f"/chat/{talk.pk}/sharing", fields).status_code == 422
    assert not Share.objects.exists()


def test_only_the_owner_shares(as_bob, talk) -> None:
    Conversation.objects.update(shared_at=timezone.now())
    for action in ("link", "private", "revoke"):
        assert as_bob.post(f"/chat/{talk.pk}/sharing", {"action": action}).status_code == 404
    assert as_bob.get(f"/chat/{talk.pk}/sharing").status_code == 404


def test_a_temporary_conversation_is_not_shared(as_alice, talk) -> None:
    Conversation.objects.update(temporary_until=timezone.now() + timedelta(hours=1))
    assert as_alice.post(f"/chat/{talk.pk}/sharing", {"action": "team"}).status_code == 404


def test_the_team_reads_what_is_shared_and_changes_nothing(
    simulator, as_alice, as_bob, talk
) -> None:
    where = f"/chat/team/{talk.pk}/"
    assert as_bob.get(where).status_code == 404
    share(as_alice, talk, "team")
    html = as_bob.get(where).content.decode()
    assert "Why one leg?" in html
    assert "They asked me" not in html
    assert "<form" not in html.split("<main")[1].split("</main>")[0]
    picture = as_bob.get(f"{where}pictures/{Attachment.objects.get().pk}/")
    assert b"".join(picture.streaming_content) == b"a heron"
    assert "Herons" in as_bob.get("/chat/?team=1").content.decode()
    assert as_bob.get(f"/chat/{talk.pk}/").status_code == 404
    assert as_bob.post(f"/chat/{talk.pk}/", {"text": "x"}).status_code == 404
    share(as_alice, talk, "private")
    assert as_bob.get(where).status_code == 404
    assert "Herons" not in as_bob.get("/chat/?team=1").content.decode()


def test_a_picture_of_another_conversation_is_not_among_the_shared_ones(
    as_alice, as_bob, talk, alice
) -> None:
    share(as_alice, talk, "team")
    private = Conversation.objects.create(owner=alice, title="Private", model="m")
    asked = Message.objects.create(conversation=private, role="user", status="succeeded")
    hidden = Attachment.objects.create(
        message=asked, file="chat/heron.png", mime="image/png", width=1, height=1
    )
    assert as_bob.get(f"/chat/team/{talk.pk}/pictures/{hidden.pk}/").status_code == 404


def test_all_that_one_shares_is_listed_and_can_be_ended_there(as_alice, as_bob, talk) -> None:
    share(as_alice, talk)
    share(as_alice, talk, "team")
    page = as_alice.get("/chat/shares/").content.decode()
    assert page.count("Herons") >= 2
    assert "End the link to Herons" in page
    assert "Herons" not in as_bob.get("/chat/shares/").content.decode()


def test_a_long_conversation_is_shared_in_pages(as_alice, talk) -> None:
    last = talk.tip
    for number in range(240):
        last = Message.objects.create(
            conversation=talk, role="user", parent=last, text=f"No {number}.", status="succeeded"
        )
    Conversation.objects.update(tip=last)
    link = share(as_alice, talk)
    pages = [Client().get(link, {"page": page}).content.decode() for page in ("1", "2", "3")]
    assert [page.count("<article") for page in pages] == [100, 100, 42]
    for nonsense in ("0", "-1", "x", "9" * 40):
        assert Client().get(link, {"page": nonsense}).status_code == 200


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_hostile_comes_through_a_link(as_alice, talk, text: str) -> None:
    text = text.replace("\x00", "")  # no database of ours keeps these
    Message.objects.filter(role="assistant").update(text=text)
    Message.objects.filter(role="user").update(text=text)
    Conversation.objects.update(title=text[:60])
    html = Client().get(share(as_alice, talk)).content.decode()
    walls = Walls()
    walls.feed(html.split('data-part="blocks">')[1].split('<p class="turn__note')[0])
    assert [harm for harm in walls.harm if harm != "div"] == []
    assert html.lower().count("<script") == 1
    assert "<img src=x" not in html
