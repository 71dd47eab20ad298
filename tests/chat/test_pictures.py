"""Attached pictures: sniffed, encoded afresh, seen by their owner and by models that can see."""

import base64
import struct
import zlib
from collections.abc import Callable
from io import BytesIO

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from chat.models import Attachment, Conversation
from chat.pictures import NotAPicture, prepare
from tests.chat.conftest import Chat, default_model, ended, newest_reply, requests_for_replies
from venice_site.simulator import Simulator

Make = Callable[..., bytes]


def bomb() -> bytes:
    """Return a small PNG that claims 60,000 by 60,000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        crc = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc)

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    body = zlib.compress(b"\0" * 1000)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    )


def test_a_picture_is_encoded_afresh_without_what_rode_along(picture: Make) -> None:
    exif = Image.Exif()
    exif[0x010F] = "Secret camera"
    prepared = prepare(picture("JPEG", exif=exif, comment=b"a comment"))
    assert prepared.mime == "image/jpeg"
    assert b"Secret camera" not in prepared.content
    assert b"a comment" not in prepared.content


def test_a_turned_picture_is_set_upright(picture: Make) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    prepared = prepare(picture("JPEG", (200, 100), exif=exif))
    assert (prepared.width, prepared.height) == (100, 200)


def test_a_large_picture_is_made_small(picture: Make) -> None:
    prepared = prepare(picture("PNG", (4000, 1000)))
    assert (prepared.width, prepared.height) == (1568, 392)
    assert Image.open(BytesIO(prepared.content)).size == (1568, 392)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_the_format_stays(form: str, picture: Make) -> None:
    assert prepare(picture(form)).mime == f"image/{form.lower()}"


def refused(content: bytes) -> str:
    with pytest.raises(NotAPicture) as caught:
        prepare(content)
    return str(caught.value)


def test_what_is_no_picture_is_refused_with_a_sentence(picture: Make) -> None:
    assert "not a PNG" in refused(b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>")
    assert "not a PNG" in refused(b"<!doctype html><script>alert(1)</script>")
    assert "not a PNG" in refused(picture("GIF"))
    assert "not a PNG" in refused(b"")
    assert "damaged" in refused(picture("PNG", (900, 900))[:-400])
    assert "too many pixels" in refused(bomb())
    assert "64 pixels" in refused(picture("PNG", (10, 200)))


def upload(content: bytes, name: str = "../../heron.png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type="text/html")


@pytest.mark.django_db(transaction=True)
def test_a_picture_goes_to_the_model_and_is_kept_as_a_file(
    alice_chats: Chat, simulator: Simulator, picture: Make
) -> None:
    reply = alice_chats.answered("What is this?", uploads=upload(picture()))
    kept = Attachment.objects.get()
    assert kept.message_id == reply.parent_id
    assert kept.file.name.startswith("chat/")
    assert "heron" not in kept.file.name
    parts = requests_for_replies(simulator)[-1].body["messages"][0]["content"]
    url = next(part["image_url"]["url"] for part in parts if part["type"] == "image_url")
    assert base64.b64decode(url.partition(",")[2]) == kept.file.read()
    response = alice_chats.client.get(f"/chat/attachments/{kept.pk}/")
    assert response["Content-Type"] == "image/png"
    assert "sandbox" in response["Content-Security-Policy"]


@pytest.mark.django_db(transaction=True)
def test_a_stranger_does_not_see_the_picture(
    alice_chats: Chat, as_bob, as_administrator, picture: Make
) -> None:
    alice_chats.answered("What is this?", uploads=upload(picture()))
    path = f"/chat/attachments/{Attachment.objects.get().pk}/"
    assert as_bob.get(path).status_code == 404
    assert as_administrator.get(path).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_a_model_that_cannot_see_gets_no_pictures(
    alice_chats: Chat, simulator: Simulator, picture: Make
) -> None:
    blind = default_model(sees=False)
    response = alice_chats.begin("What is this?", uploads=upload(picture()), model=blind)
    assert response.status_code == 422
    assert "cannot read pictures" in response.content.decode()
    reply = alice_chats.answered("What is this?", uploads=upload(picture()))
    assert alice_chats.send(reply.conversation, "And now?", model=blind).status_code == 200
    ended(newest_reply())
    sent = requests_for_replies(simulator)[-1].body["messages"]
    assert all(isinstance(message["content"], str) for message in sent)


@pytest.mark.django_db(transaction=True)
def test_a_refused_picture_says_why_and_keeps_the_words(alice_chats: Chat) -> None:
    response = alice_chats.begin("Look at this", uploads=upload(b"<svg/>"), htmx=False)
    assert response.status_code == 422
    page = response.content.decode()
    assert "Attach it as PNG" in page
    assert "Look at this" in page


@pytest.mark.django_db(transaction=True)
def test_deleting_for_good_deletes_the_files(alice_chats: Chat, picture: Make) -> None:
    reply = alice_chats.answered("What is this?", uploads=upload(picture()))
    name = Attachment.objects.get().file.name
    assert default_storage.exists(name)
    Conversation.objects.get(pk=reply.conversation_id).prune()
    assert not default_storage.exists(name)
    assert not Attachment.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_refusal_leaves_no_file_behind(alice_chats: Chat, picture: Make) -> None:
    from venice_site.venice.models import Metric, Period, Quota, Who

    Quota.objects.create(who=Who.TEAM, metric=Metric.REQUESTS, period=Period.DAY, limit=0)
    before = files()
    assert alice_chats.begin("Look", uploads=upload(picture())).status_code == 422
    assert files() == before


def files() -> set[str]:
    from pathlib import Path

    from django.conf import settings

    return {str(path) for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()}
