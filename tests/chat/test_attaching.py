"""Attachments from the composer to the request and to the end: what is sent, who gets it, when it goes."""

import base64
import re
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from chat import attaching, queueing
from chat.asking import stop
from chat.exports import facts_of, write_all
from chat.imports import read_file
from chat.models import Attachment, Conversation, Message
from chat.tasks import prune_forgotten_attachments
from tests.chat.conftest import (
    HTMX,
    Chat,
    default_model,
    ended,
    newest_reply,
    requests_for_replies,
)
from tests.chat.papers import docx, pdf
from tests.waiting import eventually
from venice_site.simulator import Simulator
from venice_site.venice.entries import read_model
from venice_site.venice.orders import chat_body
from venice_site.venice.types import ChatMessage, ChatOrder

Make = Callable[..., bytes]
pytestmark = pytest.mark.django_db(transaction=True)
TABLE = b"bird,legs\nheron,1\n"
PAPERS = ((TABLE, "birds.csv"), (pdf(), "report.pdf"))


def upload(content: bytes, name: str) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type="application/octet-stream")


def attach(chats: Chat, *files: tuple[bytes, str]) -> list[int]:
    """Attach files as the composer does; return their ids."""
    response = chats.client.post("/chat/attachments/", {"uploads": [upload(*one) for one in files]})
    assert response.status_code == 200, response.content.decode()
    return [
        int(pk) for pk in re.findall(r'name="attached" value="(\d+)"', response.content.decode())
    ]


def parts_sent(simulator: Simulator, message: int = -1) -> list[dict]:
    content = requests_for_replies(simulator)[-1].body["messages"][message]["content"]
    assert isinstance(content, list), content
    return content


def test_documents_and_pictures_go_to_the_model_and_are_kept_as_files(
    alice_chats: Chat, simulator: Simulator, picture: Make
) -> None:
    ids = attach(alice_chats, (pdf(), "report.pdf"), (TABLE, "birds.csv"), (picture(), "heron.png"))
    reply = alice_chats.answered("What do they say?", attached=ids)
    text, image, report, table = parts_sent(simulator)
    assert text == {"type": "text", "text": "What do they say?"}
    assert image["image_url"]["url"].startswith("data:image/png;base64,")
    assert report["file"]["filename"] == "report.pdf"
    assert report["file"]["file_data"].startswith("data:application/pdf;base64,")
    assert base64.b64decode(table["file"]["file_data"].partition(",")[2]) == TABLE
    assert "I have read “birds.csv”" in reply.text
    assert [one.message_id for one in Attachment.objects.all()] == [reply.parent_id] * 3
    assert all(one.content() and one.size and one.sha256 for one in Attachment.objects.all())


def test_no_bytes_of_files_are_in_the_database(alice_chats: Chat, picture: Make) -> None:
    reply = alice_chats.answered("Look", attached=attach(alice_chats, (picture(), "a.png")))
    reply.call.refresh_from_db()
    for row in (*Message.objects.values(), *Attachment.objects.values()):
        assert all(
            len(str(value)) < 1000 or name in ("text", "reasoning") for name, value in row.items()
        )
        assert "base64" not in str(row)


def test_a_chip_says_what_was_attached_and_can_be_removed(alice_chats: Chat) -> None:
    response = alice_chats.client.post(
        "/chat/attachments/", {"uploads": [upload(docx("x" * 4000), "<b>letter</b>.docx")]}
    )
    page = response.content.decode()
    assert "&lt;b&gt;" not in page  # a name has no folders, and what is before a slash is one
    assert "b&gt;.docx" in page
    assert "Word" in page
    assert "about 1,000 tokens" in page
    (kept,) = Attachment.objects.all()
    assert alice_chats.client.post(f"/chat/attachments/{kept.pk}/remove").status_code == 204
    assert not Attachment.objects.exists()
    assert not default_storage.exists(kept.file.name)


def test_what_is_refused_says_why_and_keeps_the_rest(alice_chats: Chat, picture: Make) -> None:
    files = [upload(pdf(password="x"), "secret.pdf"), upload(picture(), "a.png")]
    response = alice_chats.client.post("/chat/attachments/", {"uploads": files})
    assert response.status_code == 422
    assert "protected with a password" in response.content.decode()
    assert Attachment.objects.get().name == "a.png"


def test_files_that_wait_are_shown_to_their_owner_alone(
    alice_chats: Chat, bob_chats: Chat, picture: Make
) -> None:
    (pk,) = attach(alice_chats, (picture(), "a.png"))
    assert (
        f'value="{pk}"'
        in alice_chats.client.get(f"/chat/attachments/?id={pk}&id=x").content.decode()
    )
    assert (
        f'value="{pk}"' not in bob_chats.client.get(f"/chat/attachments/?id={pk}").content.decode()
    )
    assert bob_chats.client.get(f"/chat/attachments/{pk}/").status_code == 404
    assert bob_chats.client.post(f"/chat/attachments/{pk}/remove").status_code == 404
    refused = bob_chats.begin("Look", attached=[pk])
    assert refused.status_code == 422
    assert "not there any more" in refused.content.decode()
    assert Attachment.objects.get().message_id is None


def test_a_document_is_handed_over_and_never_opened_in_the_browser(alice_chats: Chat) -> None:
    page = b"<!doctype html><script>alert(1)</script>"
    (pk,) = attach(alice_chats, (page, "page.html"))
    response = alice_chats.client.get(f"/chat/attachments/{pk}/")
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert response["Content-Disposition"] == 'attachment; filename="page.html"'
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response["Content-Security-Policy"]
    assert b"".join(response.streaming_content) == page


def test_the_team_reads_the_files_of_what_is_shared_with_it(
    alice_chats: Chat, bob_chats: Chat, picture: Make
) -> None:
    ids = attach(alice_chats, (TABLE, "birds.csv"), (picture(), "a.png"))
    reply = alice_chats.answered("Read this", attached=ids)
    addresses = [f"/chat/attachments/{pk}/" for pk in ids]
    assert {bob_chats.client.get(one).status_code for one in addresses} == {404}
    Conversation.objects.update(shared_at=timezone.now())
    assert {bob_chats.client.get(one).status_code for one in addresses} == {200}
    page = bob_chats.client.get(f"/chat/team/{reply.conversation_id}/").content.decode()
    assert "birds.csv" in page
    alice_chats.client.post(
        f"/chat/{reply.conversation_id}/sharing", {"action": "link", "days": "7"}
    )
    link = Conversation.objects.get().share.get_absolute_url()
    shared = bob_chats.client.get(link).content.decode()
    assert "birds.csv" in shared
    assert "/chat/attachments/" not in shared


def test_a_double_click_sends_files_once(alice_chats: Chat, picture: Make) -> None:
    reply = alice_chats.answered("Hello")
    ids = attach(alice_chats, (picture(), "a.png"))
    again = {"request_id": str(uuid.uuid4()), "attached": ids}
    for _ in range(2):
        assert alice_chats.send(reply.conversation, "Look", **again).status_code == 200
    assert Message.objects.filter(text="Look").count() == 1
    assert Attachment.objects.get().message.text == "Look"


def test_files_of_a_refused_message_wait_for_the_next_try(
    alice_chats: Chat, simulator: Simulator, monkeypatch
) -> None:
    monkeypatch.setattr(queueing, "MOST_QUEUED", 0)
    reply = alice_chats.answered("Hello")
    ids = attach(alice_chats, (TABLE, "birds.csv"))
    with simulator.hold():
        running = alice_chats.send(reply.conversation, "Go on")
        assert running.status_code == 200
        assert alice_chats.send(reply.conversation, "And this", attached=ids).status_code == 422
        stop(newest_reply())
    assert Attachment.objects.unsent().get().message_id is None
    ended(newest_reply())
    assert alice_chats.send(reply.conversation, "And this", attached=ids).status_code == 200
    assert ended(newest_reply()).text


def test_files_wait_with_a_message_of_the_queue_and_are_sent_with_it(
    alice_chats: Chat, as_bob: Client, simulator: Simulator
) -> None:
    click = {"request_id": str(uuid.uuid4())}
    with simulator.hold():
        reply = alice_chats.begun("Hello")
        ids = attach(alice_chats, (TABLE, "birds.csv"))
        for _ in range(2):  # a double click
            sent = alice_chats.send(reply.conversation, "And this", attached=ids, **click)
            assert "1 file" in sent.text
        waits = Attachment.objects.get()
        assert waits.queued is not None
        assert alice_chats.client.get(waits.get_absolute_url()).status_code == 200
        assert as_bob.get(waits.get_absolute_url()).status_code == 404
        assert alice_chats.client.post(f"{waits.get_absolute_url()}remove").status_code == 404
        assert alice_chats.send(reply.conversation, "Once more", attached=ids).status_code == 422
        assert not Attachment.objects.forgotten(timezone.now() + timedelta(days=9)).exists()
    eventually(
        lambda: Message.objects.replies().filter(status="succeeded").count() == 2, what="all asked"
    )
    ended(newest_reply())
    assert Attachment.objects.get().message == newest_reply().parent
    assert parts_sent(simulator)[1]["file"]["filename"] == "birds.csv"


def test_without_a_script_files_go_with_the_form(alice_chats: Chat, simulator: Simulator) -> None:
    response = alice_chats.begin("Read this", uploads=upload(TABLE, "birds.csv"), htmx=False)
    assert response.status_code == 302
    ended(newest_reply())
    assert parts_sent(simulator)[1]["file"]["filename"] == "birds.csv"
    page = alice_chats.client.get(response["Location"]).content.decode()
    assert "birds.csv" in page


def test_the_next_question_and_an_edited_one_carry_the_documents(
    alice_chats: Chat, simulator: Simulator
) -> None:
    reply = alice_chats.answered("Read this", attached=attach(alice_chats, (TABLE, "birds.csv")))
    alice_chats.send(reply.conversation, "And now?")
    ended(newest_reply())
    assert parts_sent(simulator, 0)[1]["file"]["filename"] == "birds.csv"
    path = f"/chat/{reply.conversation_id}/messages/{reply.parent_id}/edit"
    assert alice_chats.client.post(path, {"text": "Read it well"}, headers=HTMX).status_code == 200
    ended(newest_reply())
    assert parts_sent(simulator)[1]["file"]["filename"] == "birds.csv"
    first, second = Attachment.objects.all()
    assert first.file.name == second.file.name
    assert first.message_id != second.message_id


def test_for_a_model_that_reads_no_files_plain_text_is_text(alice_chats: Chat) -> None:
    plain = read_model({"id": "plain", "name": "Plain", "type": "text"})
    table, report = (Attachment.objects.get(pk=pk) for pk in attach(alice_chats, *PAPERS))
    assert attaching.refusal([table], plain) == ""
    assert "Plain reads plain text alone" in attaching.refusal([table, report], plain)
    carried = attaching.carry([table, report], plain)
    order = ChatOrder("plain", (ChatMessage("user", "Read", (), tuple(carried.files)),))
    (turn,) = chat_body(order, plain)["messages"]
    assert turn["content"].startswith("Read\n\n“birds.csv”:\n\n" + TABLE.decode())
    assert "“report.pdf” was attached here, but this model cannot read" in turn["content"]
    able = read_model({"id": "able", "type": "text", "model_spec": {"name": "Able"}})
    assert [part["type"] for part in chat_body(order, able)["messages"][0]["content"]] == [
        "text",
        "file",
        "file",
    ]


def test_what_a_request_cannot_hold_is_told_and_not_cut_in_silence(
    alice_chats: Chat, simulator: Simulator, monkeypatch
) -> None:
    monkeypatch.setattr(attaching, "MOST_BYTES_SENT", 30)
    reply = alice_chats.answered("First", attached=attach(alice_chats, (TABLE, "old.csv")))
    alice_chats.send(reply.conversation, "Next", attached=attach(alice_chats, (TABLE, "new.csv")))
    ended(newest_reply())
    sent = requests_for_replies(simulator)[-1].body["messages"]
    assert "“old.csv” was attached here" in sent[0]["content"]
    assert parts_sent(simulator)[1]["file"]["filename"] == "new.csv"
    ids = attach(alice_chats, (TABLE, "a.csv"), (TABLE, "b.csv"))
    response = alice_chats.send(reply.conversation, "Both", attached=ids)
    assert "20 MB together" in response.content.decode()


def test_there_are_limits_on_how_many(alice_chats: Chat, monkeypatch) -> None:
    ids = attach(alice_chats, *[(TABLE, f"{n}.csv") for n in range(6)])
    response = alice_chats.begin("All", attached=ids)
    assert response.status_code == 422
    assert "10 pictures and 5 documents" in response.content.decode()
    monkeypatch.setattr(attaching, "MOST_WAITING", 6)
    refused = alice_chats.client.post("/chat/attachments/", {"uploads": upload(TABLE, "more.csv")})
    assert "Too many files wait" in refused.content.decode()


def test_files_go_with_the_last_that_refers_to_them(alice_chats: Chat) -> None:
    reply = alice_chats.answered("Read this", attached=attach(alice_chats, (TABLE, "birds.csv")))
    kept = Attachment.objects.get()
    other = alice_chats.answered("Another")
    Attachment.objects.bulk_create([kept.copied_to(other.parent_id)])
    Conversation.objects.get(pk=reply.conversation_id).prune()
    assert default_storage.exists(kept.file.name)
    Conversation.objects.get(pk=other.conversation_id).prune()
    assert not default_storage.exists(kept.file.name)


def test_what_was_never_sent_goes_after_a_day(alice_chats: Chat) -> None:
    old, new = attach(alice_chats, (TABLE, "old.csv"), (TABLE, "new.csv"))
    long_ago = timezone.now() - timedelta(days=1, minutes=1)
    Attachment.objects.filter(pk=old).update(created_at=long_ago)
    name = Attachment.objects.get(pk=old).file.name
    prune_forgotten_attachments.func()
    assert [one.pk for one in Attachment.objects.all()] == [new]
    assert not default_storage.exists(name)


def test_documents_leave_and_come_back_with_an_export(alice_chats: Chat, alice, bob) -> None:
    from io import BytesIO

    alice_chats.answered("Read this", attached=attach(alice_chats, (TABLE, "birds.csv")))
    told = facts_of(Conversation.objects.get())["messages"][0]["documents"]
    assert [one["called"] for one in told] == ["birds.csv"]
    parcel = BytesIO()
    write_all(alice, parcel, lambda count: True)
    parcel.seek(0)
    assert read_file(bob, parcel, lambda count: True).new == 1
    back = Attachment.objects.get(message__conversation__owner=bob)
    assert (back.name, back.content(), back.mime) == ("birds.csv", TABLE, "text/csv")


def test_a_model_that_cannot_see_is_said_before_a_picture_is_sent(
    alice_chats: Chat, picture: Make
) -> None:
    ids = attach(alice_chats, (picture(), "a.png"))
    blind = default_model(sees=False)
    response = alice_chats.begin("Look", attached=ids, model=blind)
    assert response.status_code == 422
    assert "cannot read pictures" in response.content.decode()
    page = alice_chats.client.get("/chat/").content.decode()
    assert "&quot;pictures&quot;:false" in page
