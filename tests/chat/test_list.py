"""The list: shelves, selections, folders, what is unread, and temporary conversations."""

import re
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from chat.folders import instructions_for
from chat.models import Attachment, Conversation, Folder, Message
from chat.tasks import prune_deleted_conversations
from tests.chat.conftest import HTMX, Chat, default_model, ended, requests_for_replies
from venice_site.simulator import Simulator
from venice_site.venice.models import Call

in_threads = pytest.mark.django_db(transaction=True)


@pytest.fixture
def talk(alice):
    """Return a function that gives Alice a conversation of one question and its answer."""

    def make(title: str = "Herons", **facts) -> Conversation:
        found = Conversation.objects.create(
            **{"owner": alice, "title": title, "title_source": "person", "model": "m"} | facts
        )
        asked = Message.objects.create(
            conversation=found, role="user", author=alice, text="Why?", status="succeeded"
        )
        found.tip = Message.objects.create(
            conversation=found,
            role="assistant",
            parent=asked,
            text="Because.",
            status="succeeded",
            finished_at=timezone.now() - timedelta(minutes=1),
        )
        found.save()
        return found

    return make


def press(client: Client, action: str, *chosen: Conversation, **more):
    fields = {"action": action, "conversation": [one.pk for one in chosen]} | more
    return client.post("/chat/selected", fields)


def entries(client: Client, where: str = "/chat/") -> str:
    page = client.get(where).content.decode()
    return page.split('id="entries">')[1].split("</nav>")[0]


def test_pinned_conversations_stand_above_the_others(simulator, as_alice, talk) -> None:
    old = talk("Old", updated_at=timezone.now() - timedelta(days=90))
    talk("New")
    press(as_alice, "pin", old)
    shown = entries(as_alice)
    assert shown.index("Pinned") < shown.index("Old") < shown.index("Today") < shown.index("New")
    assert shown.count(">Old<") == 1
    press(as_alice, "unpin", old)
    assert "Pinned" not in entries(as_alice)


def test_every_pinned_conversation_is_in_the_list_once_however_many_there_are(
    simulator, as_alice, alice
) -> None:
    now = timezone.now()
    rows = [Conversation(owner=alice, title=f"Talk {n:03}", model="m") for n in range(150)]
    for number, row in enumerate(rows):
        row.pinned_at = now if number < 130 else None
        row.updated_at = now - timedelta(hours=number)
    Conversation.objects.bulk_create(rows)
    seen, where = [], "/chat/"
    while where:
        shown = as_alice.get(where, headers=HTMX if seen else {}).content.decode()
        seen += re.findall(r">(Talk \d+)</span>", shown)
        further = re.search(r'href="([^"]*after=[^"]*)"', shown)
        where = further[1].replace("&amp;", "&") if further else ""
    assert sorted(seen) == [f"Talk {number:03}" for number in range(150)]


def test_the_archive_holds_what_was_put_away(simulator, as_alice, talk) -> None:
    away, here = talk("Away"), talk("Here")
    press(as_alice, "archive", away)
    assert "Away" not in entries(as_alice)
    assert "Away" in entries(as_alice, "/chat/?archive=1")
    assert "Here" not in entries(as_alice, "/chat/?archive=1")
    assert "is in the archive" in as_alice.get(f"/chat/{away.pk}/").content.decode()
    press(as_alice, "unarchive", away, here)
    assert "Away" in entries(as_alice)


def test_several_are_deleted_at_once_and_brought_back(simulator, as_alice, talk) -> None:
    first, second, third = talk("One"), talk("Two"), talk("Three")
    page = as_alice.post(
        "/chat/selected", {"action": "delete", "conversation": [first.pk, second.pk]}, follow=True
    ).content.decode()
    assert "2 conversations are deleted" in page
    assert list(Conversation.objects.visible_to(third.owner)) == [third]
    as_alice.post("/chat/bring-back", {"conversation": [first.pk, second.pk, "x", "9" * 30]})
    assert Conversation.objects.visible_to(third.owner).count() == 3


def test_only_what_is_deleted_is_said_to_be(simulator, as_alice, as_bob, talk) -> None:
    gone, kept = talk("Gone"), talk("Kept")
    gone.delete_softly()
    address = f"/chat/?deleted={gone.pk},{kept.pk},x,{'9' * 30}"
    page = as_alice.get(address).content.decode()
    assert "The conversation is deleted." in page
    assert "Undo" not in as_bob.get(address).content.decode()
    as_alice.post("/chat/bring-back", {"conversation": gone.pk})
    assert "Undo" not in as_alice.get(address).content.decode()


@pytest.mark.parametrize("action", ["pin", "archive", "read", "delete", "move"])
def test_nobody_selects_what_is_another_s(as_bob, talk, action: str) -> None:
    theirs = talk("Herons", read_at=timezone.now() - timedelta(hours=1))
    before = Conversation.objects.values().get()
    press(as_bob, action, theirs)
    as_bob.post("/chat/bring-back", {"conversation": [theirs.pk]})
    assert Conversation.objects.values().get() == before


def test_a_selection_of_nothing_or_nonsense_is_refused(simulator, as_alice, talk) -> None:
    talk()
    for fields in ({}, {"action": "pin"}, {"action": "burn", "conversation": "1"}):
        answer = as_alice.post("/chat/selected", fields | {"next": "https://evil.example/"})
        assert answer.status_code == 302
        assert answer["Location"] == "/chat/"
    assert Conversation.objects.filter(pinned_at=None).count() == 1


def test_a_choice_stays_while_a_reply_is_written(as_alice, talk) -> None:
    found = talk()
    Message.objects.filter(pk=found.tip_id).update(status="running", finished_at=None)
    asks = f'hx-get="/chat/{found.pk}/entry'
    assert asks in as_alice.get("/chat/").text
    assert asks not in as_alice.get("/chat/?select=1").text


def test_a_reply_that_ended_unseen_is_unread_until_it_is_opened(simulator, as_alice, talk) -> None:
    seen, unseen = talk("Seen"), talk("Unseen", read_at=timezone.now() - timedelta(hours=1))
    assert entries(as_alice).count("not read yet") == 1
    as_alice.get(f"/chat/{unseen.pk}/")
    assert "not read yet" not in entries(as_alice)
    Conversation.objects.update(read_at=timezone.now() - timedelta(hours=1))
    press(as_alice, "read", seen, unseen)
    assert "not read yet" not in entries(as_alice)


@in_threads
def test_whoever_watches_a_reply_to_its_end_has_read_it(alice_chats: Chat) -> None:
    reply = alice_chats.begun()
    list(alice_chats.stream(reply))
    ended(reply)
    assert "not read yet" not in entries(alice_chats.client)
    other = alice_chats.answered("And a tern?")
    assert entries(alice_chats.client).count("not read yet") == 1
    path = f"/chat/{other.conversation_id}/replies/{other.pk}/"
    alice_chats.client.get(path, headers=HTMX)
    assert "not read yet" not in entries(alice_chats.client)


def test_opening_what_was_read_writes_nothing(simulator, as_alice, talk) -> None:
    path = f"/chat/{talk().pk}/"
    as_alice.get(path)
    with CaptureQueriesContext(connection) as captured:
        as_alice.get(path)
    assert not [query["sql"] for query in captured if query["sql"].startswith("UPDATE")]


@pytest.mark.parametrize(
    "where", ["/chat/", "/chat/?archive=1", "/chat/?team=1", "/chat/?select=1"]
)
def test_every_shelf_costs_the_same_however_full_it_is(
    simulator, as_alice, talk, where: str
) -> None:
    facts = {
        "archived_at": timezone.now() if "archive" in where else None,
        "shared_at": timezone.now() if "team" in where else None,
    }
    as_alice.get(where)

    def queries() -> list[str]:
        with CaptureQueriesContext(connection) as captured:
            as_alice.get(where)
        return [query["sql"] for query in captured if '"chat_' in query["sql"]]

    talk("A", **facts)
    few = queries()
    for name in "BCDEFGHIJK":
        talk(
            name,
            pinned_at=timezone.now() if name == "K" and "a" not in where[6:] else None,
            **facts,
        )
    lots = queries()
    assert len(lots) == len(few)
    assert not [sql for sql in lots if '"chat_message"."text"' in sql or '"system_prompt"' in sql]


def test_an_endless_list_knows_its_shelf(simulator, as_alice, talk) -> None:
    for number in range(45):
        talk(f"Number {number}", archived_at=timezone.now())
    more = (
        entries(as_alice, "/chat/?archive=1").split('conversations__more" href="')[1].split('"')[0]
    )
    assert "archive=1" in more
    assert "Number 0<" in as_alice.get(more.replace("&amp;", "&"), headers=HTMX).content.decode()


# --- folders -----------------------------------------------------------------------------------------


def test_a_folder_is_made_filled_changed_and_deleted(simulator, as_alice, talk) -> None:
    bird, fish = talk("Heron"), talk("Carp")
    made = as_alice.post("/chat/folders/", {"name": " Birds  here ", "instructions": "Be brief."})
    folder = Folder.objects.get()
    assert (folder.name, made["Location"]) == ("Birds here", f"/chat/?folder={folder.pk}")
    press(as_alice, "move", bird, folder=folder.pk)
    inside = entries(as_alice, f"/chat/?folder={folder.pk}")
    assert "Heron" in inside
    assert "Carp" not in inside
    as_alice.post(f"/chat/folders/{folder.pk}/", {"name": "Waders", "instructions": ""})
    assert Folder.objects.get().name == "Waders"
    as_alice.post(f"/chat/folders/{folder.pk}/delete")
    bird.refresh_from_db()
    fish.refresh_from_db()
    assert bird.folder is None


@pytest.mark.parametrize("name", ["", "  ", "birds", "x" * 61])
def test_a_folder_needs_a_name_of_its_own(as_alice, alice, name: str) -> None:
    Folder.objects.create(owner=alice, name="Birds")
    assert as_alice.post("/chat/folders/", {"name": name}).status_code == 422
    assert Folder.objects.count() == 1


def test_two_people_may_name_their_folders_alike(as_bob, alice) -> None:
    Folder.objects.create(owner=alice, name="Birds")
    assert as_bob.post("/chat/folders/", {"name": "Birds"}).status_code == 302


def test_nobody_moves_things_into_another_s_folder(simulator, as_alice, bob, talk) -> None:
    theirs, mine = Folder.objects.create(owner=bob, name="Fish"), talk()
    press(as_alice, "move", mine, folder=theirs.pk)
    mine.refresh_from_db()
    assert mine.folder is None
    assert as_alice.get(f"/chat/?folder={theirs.pk}").status_code == 404
    assert as_alice.get("/chat/?folder=x").status_code == 404


@in_threads
def test_a_folder_s_instructions_go_before_the_conversation_s_own(
    alice_chats: Chat, simulator: Simulator, alice
) -> None:
    folder = Folder.objects.create(owner=alice, name="Birds", instructions="Speak of birds.")
    path = f"/chat/?folder={folder.pk}"
    form = {
        "text": "Hello",
        "model": default_model(),
        "request_id": "7f3c2f1e-0000-4000-8000-000000000001",
        "system_prompt": "Be brief.",
    }
    assert alice_chats.client.post(path, form).status_code == 302
    begun = Conversation.objects.get()
    ended(begun.messages.replies().get())
    assert begun.folder == folder
    assert instructions_for(begun) == "Speak of birds."
    system = requests_for_replies(simulator)[0].body["messages"][0]
    assert system == {"role": "system", "content": "Speak of birds.\n\nBe brief."}


# --- temporary conversations -------------------------------------------------------------------------


@in_threads
def test_a_temporary_conversation_leaves_nothing_but_the_ledger(
    alice_chats: Chat, simulator: Simulator, picture
) -> None:
    from io import BytesIO

    file = BytesIO(picture())
    file.name = "heron.png"
    reply = alice_chats.answered("A secret heron", temporary="1", uploads=file)
    talk = reply.conversation
    kept = Attachment.objects.get().file.name
    assert talk.title == "Temporary conversation"
    assert f"entry-{talk.pk}" not in entries(alice_chats.client)
    page = alice_chats.client.get(f"/chat/{talk.pk}/").content.decode()
    assert "This conversation is temporary" in page
    assert "secret" not in alice_chats.client.get("/chat/search?q=secret").content.decode().replace(
        'value="secret"', ""
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM chat_search")
        assert cursor.fetchone() == (0,)

    alice_chats.client.post(f"/chat/{talk.pk}/close", {"now": "1"})

    assert not Conversation.objects.exists()
    assert not Message.objects.exists()
    assert not default_storage.exists(kept)
    assert Call.objects.count() == 1


@in_threads
def test_a_closed_temporary_conversation_goes_soon_and_a_reload_keeps_it(
    alice_chats: Chat,
) -> None:
    talk = alice_chats.answered("A secret", temporary="1").conversation

    def minutes_left() -> float:
        talk.refresh_from_db()
        return (talk.temporary_until - timezone.now()).total_seconds() / 60

    assert 59 < minutes_left() <= 60
    assert alice_chats.client.post(f"/chat/{talk.pk}/close").status_code == 204
    assert minutes_left() <= 1
    alice_chats.client.get(f"/chat/{talk.pk}/")
    assert minutes_left() > 59
    alice_chats.client.post(f"/chat/{talk.pk}/close")
    assert alice_chats.client.post(f"/chat/{talk.pk}/stay").status_code == 204
    assert minutes_left() > 59
    Conversation.objects.update(temporary_until=timezone.now() - timedelta(seconds=1))
    prune_deleted_conversations.func()
    assert not Conversation.objects.exists()


def test_only_temporary_conversations_can_be_closed(as_alice, talk) -> None:
    kept = talk()
    assert as_alice.post(f"/chat/{kept.pk}/close", {"now": "1"}).status_code == 404
    assert as_alice.post(f"/chat/{kept.pk}/stay").status_code == 404
    assert Conversation.objects.exists()


# --- deleting ------------------------------------------------------------------------------------------


def test_deleting_for_good_deletes_files_that_nobody_else_shows(talk) -> None:
    gone, other = talk("Gone"), talk("Other")
    own = default_storage.save("chat/own.png", ContentFile(b"own"))
    common = default_storage.save("chat/common.png", ContentFile(b"common"))
    size = {"mime": "image/png", "width": 1, "height": 1}
    Attachment.objects.create(message=gone.messages.first(), file=own, **size)
    Attachment.objects.create(message=gone.messages.first(), file=common, **size)
    Attachment.objects.create(message=other.messages.first(), file=common, **size)
    Conversation.objects.filter(pk=gone.pk).update(deleted_at=timezone.now() - timedelta(hours=2))
    prune_deleted_conversations.func()
    assert not default_storage.exists(own)
    assert default_storage.exists(common)


def test_many_conversations_can_be_made_up_to_measure_with(simulator, alice, capsys) -> None:
    from django.core.management import CommandError, call_command

    call_command("seed_chat", user="alice", conversations=3, messages=4)
    assert "3 conversations more" in capsys.readouterr().out
    found = Conversation.objects.first()
    assert len(found.tree.branch(found.tip_id)) == found.messages.count() == 4
    with pytest.raises(CommandError, match="Nobody is called"):
        call_command("seed_chat", user="nobody")
