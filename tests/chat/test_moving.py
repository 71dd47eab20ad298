"""Taking conversations out and bringing them in: nothing is lost on the way, and nothing is believed."""

import io
import json
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.utils import timezone

from chat import attaching, imports, long_json
from chat.dialects import CannotRead, read_tale
from chat.exports import as_html, as_json, as_markdown, facts_of, file_name, write_all
from chat.imports import read_file
from chat.models import Attachment, Conversation, Folder, Message
from chat.parcels import Parcel
from chat.search import find
from chat.tasks import carry_parcel, prune_parcels
from tests.chat.hostile import HOSTILE
from tests.chat.test_rendering import Walls, harm_in


@pytest.fixture
def talk(alice, picture):
    """A conversation with everything: branches, a picture, settings, a folder, all kinds of ends."""
    began = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
    found = Conversation.objects.create(
        owner=alice,
        title="Herons & „more“",
        title_source="person",
        model="a-model",
        system_prompt="Be brief.",
        temperature=0.5,
        max_tokens=300,
        folder=Folder.objects.create(owner=alice, name="Birds", instructions="Speak as a bird."),
        pinned_at=began,
        created_at=began,
        updated_at=began + timedelta(days=1),
    )

    def say(role: str, text: str, parent=None, **facts):
        facts = {"status": "succeeded", "created_at": began} | facts
        return Message.objects.create(
            conversation=found, role=role, text=text, parent=parent, **facts
        )

    asked = say("user", "Why?\n\n北京 🦩", author=alice)
    old = say("assistant", "Half", asked, status="cancelled", finish_reason="stopped")
    new = say(
        "assistant",
        "Because. $x$",
        asked,
        reasoning="Hm.",
        reasoning_ms=1200,
        model="a-model",
        served_by="b-model",
        tokens_in=5,
        tokens_out=7,
        cost=1234,
        cost_source="response",
        finished_at=began + timedelta(seconds=9),
    )
    say("user", "On the old branch", old, author=alice)
    found.tip = say("assistant", "", say("user", "And?", new), status="failed", error="No answer.")
    found.save()
    name = default_storage.save("chat/heron.png", ContentFile(picture()))
    size = {"width": 200, "height": 120}
    called = "heron at dusk.png"
    Attachment.objects.create(message=asked, file=name, name=called, mime="image/png", **size)
    return found


def never_stops(count: int) -> bool:
    return True


def take(user, *found: Any):
    return read_file(user, io.BytesIO(json.dumps(list(found)).encode()), never_stops)


def zipped(files: dict[str, bytes]) -> io.BytesIO:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as parcel:
        for name, content in files.items():
            parcel.writestr(name, content)
    target.seek(0)
    return target


def without_pictures(facts: dict[str, Any]) -> dict[str, Any]:
    return facts | {"messages": [one | {"pictures": []} for one in facts["messages"]]}


# --- out ---------------------------------------------------------------------------------------------


def test_markdown_holds_the_branch_without_thinking(talk) -> None:
    text = as_markdown(talk)
    assert text.startswith("# Herons & „more“\n\n## You\n\nWhy?")
    assert "## b-model\n\nBecause." in text
    assert "Half" not in text
    assert "Hm." not in text


def test_markdown_and_html_name_the_files_that_were_sent(talk, alice) -> None:
    asked = Message.objects.create(conversation=talk, role="user", parent=talk.tip, author=alice)
    for name, mime in (
        ("a`heron.png", "image/png"),
        ("<b>.pdf", "application/pdf"),
        ("", "image/png"),
    ):
        Attachment.objects.create(message=asked, file="x", name=name, mime=mime)
    talk.tip = asked
    talk.save()
    assert as_markdown(talk).endswith("## You\n\n- `a'heron.png`\n- `<b>.pdf`\n- `Picture`\n")
    named = "<li>a`heron.png</li><li>&lt;b&gt;.pdf</li><li>Picture</li>"
    assert f'<div class="question" dir="auto"><ul class="facts">{named}</ul></div>' in as_html(talk)


@pytest.mark.parametrize(
    ("form", "kind"), [("md", "text/markdown"), ("html", "text/html"), ("json", "application/json")]
)
def test_one_conversation_is_sent_as_a_file(as_alice, talk, form: str, kind: str) -> None:
    answer = as_alice.get(f"/chat/{talk.pk}/export.{form}")
    assert answer["Content-Type"].startswith(kind)
    assert answer["Content-Disposition"] == f'attachment; filename="herons-more.{form}"'
    assert "sandbox" in answer["Content-Security-Policy"]
    assert as_alice.get(f"/chat/{talk.pk}/export.exe").status_code == 404


@pytest.mark.parametrize("title", ["../../etc/passwd", "北京", 'a"b\r\nc', "con", "." * 60])
def test_file_names_are_our_own(title: str) -> None:
    name = file_name(Conversation(title=title), "md")
    assert name.removesuffix(".md").replace("-", "").isalnum()


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_hostile_comes_through_an_exported_page(talk, text: str) -> None:
    talk.messages.update(text=text.replace("\x00", ""))
    talk.title = text[:60]
    html = as_html(talk)
    assert "<script" not in html.lower()
    for part in html.split('<div dir="auto">')[1:]:
        walls = Walls()
        walls.feed(part.split('<p class="facts">')[0])
        assert walls.harm == []


@pytest.mark.django_db(transaction=True)
def test_everything_goes_out_as_one_zip_in_the_background(as_alice, alice, talk) -> None:
    Conversation.objects.create(owner=alice, title="Empty", model="m")
    Conversation.objects.create(
        owner=alice, title="Passing", model="m", temporary_until=timezone.now()
    )
    assert as_alice.post("/chat/parcels/", {"direction": "out"}).status_code == 302
    as_alice.post("/chat/parcels/", {"direction": "out"})
    parcel = Parcel.objects.get()
    assert "Waiting for its turn" in as_alice.get("/chat/parcels/").content.decode()
    carry_parcel.func(parcel.pk)
    carry_parcel.func(parcel.pk)
    assert "Download 2 conversations" in as_alice.get("/chat/parcels/").content.decode()
    body = b"".join(as_alice.get(f"/chat/parcels/{parcel.pk}/file").streaming_content)
    with zipfile.ZipFile(io.BytesIO(body)) as found:
        names = found.namelist()
    assert [name for name in names if "herons" in name] == [
        "conversations/00001-herons-more.json",
        "conversations/00001-herons-more.md",
    ]
    assert len([name for name in names if name.startswith("pictures/")]) == 1


def test_a_file_is_forgotten_after_a_day_and_a_lost_one_is_given_up(alice) -> None:
    name = default_storage.save("chat/parcels/x.zip", ContentFile(b"x"))
    ago = timezone.now() - timedelta(days=1, minutes=1)
    Parcel.objects.create(owner=alice, direction="out", status="done", file=name, created_at=ago)
    lost = Parcel.objects.create(
        owner=alice, direction="in", status="working", created_at=ago + timedelta(hours=22)
    )
    prune_parcels.func()
    assert not default_storage.exists(name)
    assert Parcel.objects.get().pk == lost.pk
    assert Parcel.objects.get().note == "This was interrupted. Try again."


# --- there and back ------------------------------------------------------------------------------------


def test_what_goes_out_comes_back_equal(talk, bob) -> None:
    tally = read_file(bob, io.BytesIO(as_json(talk)), never_stops)
    assert str(tally) == (
        "1 conversation came in. 1 file that belongs to them did not come along."
        " Import the ZIP that holds it, and it is added."
    )
    back = Conversation.objects.get(owner=bob)
    assert without_pictures(facts_of(back)) == without_pictures(facts_of(talk))
    assert [hit.conversation for hit in find(bob, "北京")] == [back]


def test_replies_side_by_side_come_back_side_by_side(simulator, as_bob, bob, talk) -> None:
    facts = {"conversation": talk, "status": "succeeded"}
    asked = Message.objects.create(
        role="user", text="Which?", parent=talk.tip, undecided=True, **facts
    )
    for column, text in enumerate(("This", "That", "Both")):
        talk.tip = Message.objects.create(
            role="assistant", text=text, parent=asked, column=column, **facts
        )
    talk.save()
    take(bob, facts_of(talk))
    back = Conversation.objects.get(owner=bob)
    assert without_pictures(facts_of(back)) == without_pictures(facts_of(talk))
    assert "Go on with this one" in as_bob.get(f"/chat/{back.pk}/").content.decode()


def test_a_folder_comes_with_its_instructions_unless_it_is_here_already(talk, bob, charlie) -> None:
    Folder.objects.create(owner=charlie, name="birds", instructions="Mine.")
    for person, told in ((bob, "Speak as a bird."), (charlie, "Mine.")):
        take(person, facts_of(talk))
        assert Folder.objects.get(owner=person).instructions == told


def test_nothing_is_left_to_choose_where_nothing_stands_side_by_side(alice) -> None:
    reply = {"id": 2, "parent": 1, "role": "assistant", "text": "x", "undecided": True, "column": 9}
    for answers in ([], [reply], [reply, {**SAID, "id": 3, "parent": 1}]):
        tale = read_tale(ours({**SAID, "undecided": True}, *answers))
        assert [(t.facts["undecided"], t.facts["column"]) for t in tale.messages] == [
            (False, 0)
        ] * len(tale.messages)


@pytest.mark.django_db(transaction=True)
def test_a_whole_zip_comes_back_with_its_pictures(as_alice, as_bob, bob, talk) -> None:
    as_alice.post("/chat/parcels/", {"direction": "out"})
    carry_parcel.func(Parcel.objects.get().pk)
    body = b"".join(as_alice.get(f"/chat/parcels/{Parcel.objects.get().pk}/file").streaming_content)
    file = SimpleUploadedFile("all.zip", body, "application/zip")
    assert as_bob.post("/chat/parcels/", {"direction": "in", "file": file}).status_code == 302
    parcel = Parcel.objects.get(owner=bob)
    kept = parcel.file.name
    carry_parcel.func(parcel.pk)
    assert "1 conversation came in." in as_bob.get("/chat/parcels/").content.decode()
    assert not default_storage.exists(kept)
    picture = Attachment.objects.get(message__conversation__owner=bob)
    assert (picture.width, picture.height, picture.mime) == (200, 120, "image/png")
    assert picture.name == "heron at dusk.png"
    assert default_storage.exists(picture.file.name)


def test_files_that_were_not_in_the_first_file_come_with_a_later_one(talk, alice, bob) -> None:
    Message.objects.create(
        conversation=talk, role="user", text="Why?\n\n北京 🦩", status="succeeded"
    )
    everything = io.BytesIO()
    write_all(alice, everything, never_stops)
    take(bob, facts_of(talk))
    assert str(read_file(bob, everything, never_stops)) == (
        "0 conversations came in, 1 conversation was here already."
        " 1 file that belongs to what was here already was added."
    )
    (kept,) = Attachment.objects.filter(message__conversation__owner=bob)
    assert kept.message == Message.objects.filter(conversation__owner=bob).earliest("pk")
    assert str(read_file(bob, everything, never_stops)).endswith("was here already.")
    assert Attachment.objects.filter(message__conversation__owner=bob).count() == 1


def test_a_file_that_was_broken_comes_with_a_whole_one_beside_those_that_came(
    alice, picture
) -> None:
    names = ["a.png", "b.png"]
    told = [{"name": name, "called": "heron.png"} for name in names]
    facts = json.dumps(ours({**SAID, "pictures": told})).encode()

    def taken(*whole: str) -> str:
        pictures = {f"pictures/{n}": picture() if n in whole else b"\x89PNG" for n in names}
        parcel = zipped({"conversations/x.json": facts, **pictures})
        return str(read_file(alice, parcel, never_stops))

    assert "1 file that belongs to them did not come along" in taken("a.png")
    assert "1 file that belongs to what was here already was added" in taken(*names)
    assert taken(*names).endswith("was here already.")
    assert Attachment.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_others_write_while_the_files_of_a_conversation_are_looked_at(
    talk, alice, bob, monkeypatch
) -> None:
    everything = io.BytesIO()
    write_all(alice, everything, never_stops)
    prepare = attaching.prepare

    def slowly(content: bytes, name: str) -> attaching.Prepared:
        with ThreadPoolExecutor() as others:
            others.submit(rename).result()
        return prepare(content, name)

    def rename() -> None:
        with closing(connection):
            if connection.vendor == "sqlite":
                connection.cursor().execute("PRAGMA busy_timeout = 100")
            assert Conversation.objects.filter(pk=talk.pk).update(title="Owls")

    monkeypatch.setattr(attaching, "prepare", slowly)
    assert read_file(bob, everything, never_stops).new == 1
    assert Attachment.objects.filter(message__conversation__owner=bob).count() == 1


def test_what_is_here_already_comes_in_once(talk, alice, bob) -> None:
    content = as_json(talk)
    assert str(read_file(alice, io.BytesIO(content), never_stops)).endswith("was here already.")
    read_file(bob, io.BytesIO(content), never_stops)
    read_file(bob, io.BytesIO(content), never_stops)
    assert Conversation.objects.filter(owner=bob).count() == 1
    Conversation.objects.filter(owner=bob).update(deleted_at=timezone.now())
    read_file(bob, io.BytesIO(content), never_stops)
    assert Conversation.objects.filter(owner=bob, deleted_at=None).count() == 1


def one_second(*replies: str) -> list[dict[str, Any]]:
    """Return conversations of our own that began in the same second, with one question."""
    began = "2026-01-02T03:04:05+00:00"
    return [
        ours(SAID, {"id": 2, "parent": 1, "role": "assistant", "text": text}, created_at=began)
        for text in replies
    ]


def test_conversations_that_began_in_the_same_second_all_come_out_and_in_again(alice, bob) -> None:
    take(alice, *one_second("Herons", "Terns", "Gulls"))
    exported = [facts_of(one) for one in Conversation.objects.filter(owner=alice)]
    assert str(take(bob, *exported)) == "3 conversations came in."
    assert take(bob, *exported).known == 3
    assert take(alice, *exported).known == 3
    assert Conversation.objects.count() == 6


def test_a_conversation_that_went_on_since_its_export_is_here_already(talk, alice) -> None:
    exported = facts_of(talk)
    half = Message.objects.get(text="Half")
    Message.objects.filter(pk=half.pk).update(text="Half and more")
    Message.objects.create(conversation=talk, role="user", text="Thanks", parent=talk.tip)
    assert take(alice, exported).known == 1


def test_what_was_said_since_is_not_lost_when_the_older_one_is_here(talk, bob) -> None:
    take(bob, facts_of(talk))
    Message.objects.create(conversation=talk, role="user", text="Thanks", parent=talk.tip)
    assert take(bob, facts_of(talk)).new == 1
    assert Message.objects.filter(conversation__owner=bob, text="Thanks").exists()


# --- other programs ------------------------------------------------------------------------------------


def chatgpt(**more: Any) -> dict[str, Any]:
    def node(key, parent, role, text, **content):
        content = content or {"content_type": "text", "parts": [text]}
        message = {
            "id": key,
            "author": {"role": role},
            "create_time": 1_700_000_000.5,
            "content": content,
            "metadata": {"model_slug": "gpt-4o"},
        }
        return {"id": key, "message": message if role else None, "parent": parent, "children": []}

    nodes = [
        node("root", None, None, ""),
        node("system", "root", "system", "You are helpful"),
        node("a", "system", "user", "Why herons?"),
        node("tool", "a", "tool", "looked it up"),
        node("b", "tool", "assistant", "Because."),
        node("c", "a", "assistant", "Otherwise."),
        node(
            "d",
            "b",
            "user",
            "",
            content_type="multimodal_text",
            parts=[{"content_type": "image_asset_pointer", "asset_pointer": "x"}, "See?"],
        ),
    ]
    return {
        "title": "Herons",
        "create_time": 1_700_000_000.5,
        "update_time": 1_700_000_100,
        "mapping": {one["id"]: one for one in nodes},
        "current_node": "d",
        "conversation_id": "x",
        "is_archived": False,
    } | more


OPEN_WEBUI = {
    "id": "1",
    "user_id": "u",
    "title": "Terns",
    "created_at": 1_700_000_000,
    "updated_at": 1_700_000_100,
    "pinned": True,
    "archived": False,
    "chat": {
        "models": ["llama3"],
        "history": {
            "currentId": "b",
            "messages": {
                "b": {
                    "id": "b",
                    "parentId": "a",
                    "childrenIds": [],
                    "role": "assistant",
                    "model": "llama3",
                    "timestamp": 1_700_000_001,
                    "content": '<details type="reasoning" done="true" duration="2"><summary>Thought'
                    "</summary>\n> Hm.\n> Yes.\n</details>\nThey dive.",
                },
                "a": {
                    "id": "a",
                    "parentId": None,
                    "childrenIds": ["b"],
                    "role": "user",
                    "timestamp": 1_700_000_000,
                    "content": "What do terns do?",
                },
            },
        },
    },
}


def test_chatgpt_s_tree_comes_in_with_its_branches(alice) -> None:
    take(alice, chatgpt())
    found = Conversation.objects.get()
    said = {m.text: m for m in found.messages.all()}
    assert (found.title, found.model, found.created_at.year) == ("Herons", "gpt-4o", 2023)
    assert set(said) == {
        *("Why herons?", "Because.", "Otherwise."),
        "[A picture that was not in the export]\n\nSee?",
    }
    assert said["Because."].parent == said["Otherwise."].parent == said["Why herons?"]
    assert found.tip.text.endswith("See?")


def test_chatgpt_s_marks_are_not_words_and_the_file_is_still_known(alice) -> None:
    marked = (
        "Herons\r\nwade. \ue200cite\ue202turn0search1\ue202turn2news3\ue201 They live near"
        ' \ue200entity\ue202["city","Bilbao","Spain"]\ue201\ue200cite\ue202turn0search4\ue201.'
        " \ue203Often\ue204 \ue200cut off"
    )
    found = chatgpt()
    found["mapping"]["b"]["message"]["content"]["parts"] = [marked]
    before = [replace(told, written="") for told in read_tale(found).messages]
    before = [
        replace(told, text=marked.replace("\r", "")) if told.key == "b" else told for told in before
    ]
    imports.take_in(alice, replace(read_tale(found), messages=before), lambda place, name: None)
    assert take(alice, found).known == 1
    Conversation.objects.all().delete()
    take(alice, found)
    text = "Herons\nwade. They live near Bilbao. Often cut off"
    assert Message.objects.filter(text=text).count() == 1
    assert take(alice, found).known == 1


def test_open_webui_s_chats_come_in_with_their_thinking(alice) -> None:
    take(alice, OPEN_WEBUI)
    found = Conversation.objects.get()
    question, reply = found.messages.order_by("pk")
    assert (found.title, found.model, found.pinned_at is not None) == ("Terns", "llama3", True)
    assert (question.text, reply.text) == ("What do terns do?", "They dive.")
    assert (reply.reasoning, reply.parent, found.tip) == ("Hm.\nYes.", question, reply)


def test_chatgpt_s_zip_comes_in(alice) -> None:
    parcel = zipped(
        {
            "conversations.json": json.dumps([chatgpt()]).encode(),
            "chat.html": b"x",
            "user.json": b"x",
        }
    )
    assert read_file(alice, parcel, never_stops).new == 1


# --- hostile files -------------------------------------------------------------------------------------


def cycle() -> dict[str, Any]:
    found = chatgpt()
    found["mapping"]["a"]["parent"] = "d"
    found["mapping"]["system"]["parent"] = "system"
    return found


def silent_cycle() -> dict[str, Any]:
    found = chatgpt()
    found["mapping"]["system"]["parent"] = "root"
    found["mapping"]["root"]["parent"] = "system"
    return found


def ours(*messages: Any, **more: Any) -> dict[str, Any]:
    return {"format": "venice-studio-conversation", "messages": list(messages), **more}


SAID = {"id": 1, "parent": None, "role": "user", "text": "Hello"}


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (cycle(), "in a circle"),
        (silent_cycle(), "in a circle"),
        (ours({**SAID, "parent": 1}), "in a circle"),
        (ours(SAID, SAID), "the same name"),
        (ours(), "no messages"),
        (ours("x"), "not written as one"),
        (ours({**SAID, "role": "system"}), "by nobody"),
        (ours({**SAID, "id": None}), "no name"),
        (ours({**SAID, "id": True}), "no name"),
        (ours({**SAID, "text": "x" * 1_000_001}), "1,000,000 characters"),
        (ours(*({**SAID, "id": n} for n in range(100_000))), "more than 10,000 messages"),
        (chatgpt(mapping={str(n): {} for n in range(100_000)}), "more than 10,000 messages"),
        (chatgpt(mapping={}), "no messages"),
        ({"chat": {"history": {"messages": []}}}, "no messages"),
        ({"hello": 1}, "do not know"),
        ([1], "not written as one"),
        (None, "not written as one"),
    ],
)
def test_a_conversation_made_to_break_us_is_refused_with_a_sentence(
    alice, found: Any, sentence: str
) -> None:
    tally = take(alice, found, ours(SAID))
    assert tally.new == 1
    assert sentence in str(tally)
    assert "1 conversation could not be read" in str(tally)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "not JSON"),
        (b"hello", "not JSON"),
        (b"[", "cut off"),
        (b'[{"a": "', "cut off"),
        (b"[]", "no conversations"),
        (b'{"a":' * 100_000, "too deeply"),
        (b"\xff\xfe\x00", "not JSON"),
        (b"PK\x05\x06" + b"\x00" * 18, "no conversations"),
    ],
)
def test_a_file_that_is_none_is_refused_with_a_sentence(
    alice, content: bytes, sentence: str
) -> None:
    with pytest.raises(CannotRead, match=sentence):
        read_file(alice, io.BytesIO(content), never_stops)


@pytest.mark.parametrize("piece", [b"[" * 100_000 + b"]" * 100_000, b'{"a":' + b"9" * 9999 + b"}"])
def test_one_broken_conversation_among_good_ones_ends_the_file_with_a_sentence(
    alice, piece: bytes
) -> None:
    content = b"[" + json.dumps(ours(SAID)).encode() + b"," + piece + b"]"
    told = str(read_file(alice, io.BytesIO(content), never_stops))
    assert told.startswith("1 conversation came in, 1 file could not be read to the end. ")
    assert Conversation.objects.count() == 1


def test_a_broken_file_in_a_zip_costs_nobody_the_others(alice) -> None:
    said = [ours({**SAID, "text": str(n)}) for n in range(4)]
    files = {f"conversations/{n}.json": json.dumps(one).encode() for n, one in enumerate(said)}
    parcel = zipped(files | {"conversations/2.json": b"hello"})
    assert str(read_file(alice, parcel, never_stops)) == (
        "3 conversations came in, 1 file could not be read to the end."
        " The file is not JSON, or it is cut off."
    )


def test_a_damaged_file_in_a_zip_costs_nobody_the_others(alice) -> None:
    said = {
        f"conversations/{n}.json": json.dumps(ours({**SAID, "text": f"{n} " * 99})).encode()
        for n in range(3)
    }
    content = bytearray(zipped(said).getvalue())
    at = content.index(b"conversations/1.json") + 40
    content[at : at + 10] = b"\xff" * 10
    tally = read_file(alice, io.BytesIO(bytes(content)), never_stops)
    assert (tally.new, tally.broken) == (2, 1)
    assert "damaged" in str(tally)


def test_wrong_types_everywhere_are_left_out(alice) -> None:
    nonsense: list[Any] = [None, True, -1, 1e400, 10**30, "\ud800\x00", [], {}, [[]], "x" * 999]
    for value in nonsense:
        names = (
            "title",
            "model",
            "settings",
            "folder",
            "pinned",
            "created_at",
            "updated_at",
            "tip",
        )
        facts = dict.fromkeys((*names, "archived"), value)
        fields = ("reasoning", "model", "status", "tokens_in", "cost", "reasoning_ms", "error")
        more = dict.fromkeys((*fields, "created_at", "started_at", "sources", "pictures"), value)
        settings = dict.fromkeys(("system_prompt", "temperature", "max_tokens", "top_p"), value)
        told = read_tale(ours({**SAID, **more}, **{**facts, "settings": settings}))
        imports.take_in(alice, told, lambda name: None)
    assert Message.objects.filter(text="Hello").count() >= 1
    assert (
        not Conversation.objects.exclude(temperature=None)
        .exclude(temperature__range=(0, 2))
        .exists()
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_that_comes_in_is_shown_as_harmless_as_any(
    simulator, as_alice, alice, text: str
) -> None:
    said = [
        {"id": 1, "role": "user", "text": text},
        {"id": 2, "parent": 1, "role": "assistant", "text": text},
    ]
    take(alice, ours(*said, title=text, folder=text, model=text))
    page = as_alice.get(f"/chat/{Conversation.objects.get().pk}/").content.decode()
    shown = page.split('data-part="blocks">')[1].split("<footer")[0].rsplit("</div></div>", 1)[0]
    assert harm_in(shown) == []


def test_a_zip_writes_nowhere_and_takes_no_picture_it_should_not(alice, picture) -> None:
    said = {
        **SAID,
        "pictures": [{"name": "../../../evil.png"}, {"name": "a.png"}, {"name": "b.svg"}],
    }
    parcel = zipped(
        {
            "../conversations/evil.json": json.dumps(ours(said)).encode(),
            "/conversations/x.json": json.dumps(ours({**SAID, "text": "Other"})).encode(),
            "pictures/../../../evil.png": picture(),
            "pictures/a.png": picture(),
            "pictures/b.svg": b"<svg onload=alert(1)>",
        }
    )
    assert read_file(alice, parcel, never_stops).new == 2
    for kept in Attachment.objects.all():
        assert kept.file.name.startswith("chat/20")
        assert ".." not in kept.file.name


def test_a_zip_that_swells_is_stopped(alice, monkeypatch) -> None:
    monkeypatch.setattr(imports, "MOST_UNPACKED", 1024 * 1024)
    swollen = b"[" + b" " * 5_000_000 + b"]"
    with pytest.raises(CannotRead, match="larger than"):
        read_file(alice, zipped({"conversations.json": swollen}), never_stops)


def test_a_zip_that_is_broken_is_refused(alice) -> None:
    content = zipped({"conversations.json": json.dumps([chatgpt()]).encode() * 50}).getvalue()
    broken = content[:60] + b"\xff" * 40 + content[100:]
    with pytest.raises(CannotRead):
        read_file(alice, io.BytesIO(broken), never_stops)


def test_a_conversation_that_has_no_end_is_stopped(alice, monkeypatch) -> None:
    monkeypatch.setattr(long_json, "LONGEST_PIECE", 1024 * 1024)
    for content in (b'[{"a": "' + b"x" * 3_000_000, b'{"a": "' + b"x" * 3_000_000):
        with pytest.raises(CannotRead, match="longer than"):
            read_file(alice, io.BytesIO(content), never_stops)


@pytest.mark.parametrize("chunk", [1, 2, 3, 7, 64])
def test_a_long_file_is_read_a_conversation_at_a_time(chunk: int, monkeypatch) -> None:
    monkeypatch.setattr(long_json, "CHUNK", chunk)
    whole = [{"a": 'x"],[\\'}, [], {"b": [1, {"c": "\\\\"}]}, "d,]", 5]
    content = json.dumps(whole, indent=1).encode() + b"   "
    assert list(long_json.conversations(io.BytesIO(content))) == whole


def test_ten_thousand_messages_in_one_line_come_in(alice) -> None:
    said = ({**SAID, "id": n, "parent": n - 1 or None, "text": str(n)} for n in range(1, 3001))
    take(alice, ours(*said))
    found = Conversation.objects.get()
    assert found.tip.text == "3000"
    assert len(found.tree.branch(found.tip_id)) == 3000


def test_a_long_chain_is_let_go_of_without_a_sound(alice, monkeypatch) -> None:
    ignored: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", ignored.append)  # no call of ours fits in so deep
    said = ({**SAID, "id": n, "parent": n - 1 or None, "text": str(n)} for n in range(1, 3001))
    take(alice, ours(*said))
    assert len(ignored) == 0


def test_a_second_file_waits_for_the_first(as_alice, alice) -> None:
    Parcel.objects.create(owner=alice, direction="in")
    file = SimpleUploadedFile("x.json", b"[]")
    page = as_alice.post("/chat/parcels/", {"direction": "in", "file": file})
    assert page.status_code == 422
    assert "Wait until it is done" in page.content.decode()
    assert as_alice.post("/chat/parcels/", {"direction": "in"}).status_code == 422


@pytest.mark.django_db(transaction=True)
def test_a_file_that_cannot_be_read_says_why_on_the_page(as_alice, alice) -> None:
    file = SimpleUploadedFile("x.json", b"hello")
    as_alice.post("/chat/parcels/", {"direction": "in", "file": file})
    carry_parcel.func(Parcel.objects.get().pk)
    page = as_alice.get("/chat/parcels/").content.decode()
    assert "Failed" in page
    assert "The file is not JSON" in page
