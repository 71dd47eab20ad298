"""The trash and archives: what goes, what stays, and what is packed."""

import json
import zipfile
from datetime import timedelta
from io import BytesIO

import pytest
from django.core.files.storage import default_storage
from django.utils import timezone

from gallery import files, trash
from gallery.archives import KEPT_FOR
from gallery.models import Archive, Generation, Image, Tag
from gallery.tasks import make_next_archive, prune, sweep
from venice_site.venice.models import Call

LONG_AGO = timedelta(days=31)


def delete_long_ago(*images: Image) -> None:
    moment = timezone.now() - LONG_AGO
    Image.objects.filter(pk__in=[image.pk for image in images]).update(deleted_at=moment)


# --- the trash --------------------------------------------------------------------------------------
def test_the_trash_shows_own_deleted_pictures_and_gives_them_back(
    hang, as_alice, alice, bob
) -> None:
    own, kept, others = hang(alice, "A heron"), hang(alice, "A fox"), hang(bob, "A bear")
    own.delete_softly()
    others.delete_softly()
    page = as_alice.get("/gallery/trash/").text
    assert "A heron" in page
    assert "A fox" not in page
    assert "A bear" not in page
    as_alice.post("/gallery/trash/restore", {"image": [own.pk, others.pk]})
    assert set(Image.objects.filter(deleted_at=None)) == {own, kept}


def test_the_trash_has_pages(hang, as_alice, alice, monkeypatch) -> None:
    monkeypatch.setattr("gallery.views_trash.PAGE_SIZE", 2)
    images = [hang(alice, f"heron {number}") for number in range(3)]
    Image.objects.all().delete_softly(timezone.now())
    first = as_alice.get("/gallery/trash/").text
    assert f'href="?before={images[1].pk}"' in first
    assert "heron 0" not in first
    assert "heron 0" in as_alice.get(f"/gallery/trash/?before={images[1].pk}").text


def test_after_its_time_a_picture_is_gone_with_its_files(made, as_alice) -> None:
    image = made()
    delete_long_ago(image)
    prune.func()
    prune.func()
    assert not Image.objects.exists()
    assert not Generation.objects.exists()
    assert Call.objects.exists()  # the ledger forgets nothing
    for name in (image.file, *(files.rendition_name(image.sha256, n) for n in (256, 512, 1440))):
        assert not default_storage.exists(name)


def test_what_was_deleted_lately_stays(made) -> None:
    image = made()
    image.delete_softly()
    prune.func()
    assert default_storage.exists(image.file)


def test_a_file_stays_while_another_picture_is_the_same(made) -> None:
    one, other = made(seed=5), made(seed=5)
    assert one.file == other.file
    delete_long_ago(one)
    prune.func()
    assert list(Image.objects.all()) == [other]
    assert default_storage.exists(other.file)
    delete_long_ago(other)
    prune.func()
    assert not default_storage.exists(other.file)


def test_what_was_tried_again_goes_with_its_last_try(hang, alice) -> None:
    first = hang(alice, status="failed")
    last = Image.objects.create(generation=first.generation, seed=1, status="succeeded")
    Image.objects.filter(pk=first.pk).update(replaced_by=last)
    delete_long_ago(last)
    prune.func()
    assert not Image.objects.exists()


def test_emptying_the_trash_leaves_that_of_others(hang, as_alice, alice, bob) -> None:
    own, others = hang(alice), hang(bob)
    own.delete_softly()
    others.delete_softly()
    assert "1 picture removed for good." in as_alice.post("/gallery/trash/empty", follow=True).text
    assert list(Image.objects.all()) == [others]


def test_a_picture_that_is_restored_in_time_is_not_pruned(hang, alice) -> None:
    image = hang(alice)
    delete_long_ago(image)
    image.restore()
    assert trash.prune(timezone.now()) == 0


# --- what it weighs ---------------------------------------------------------------------------------
def test_storage_tells_a_person_their_own_and_an_administrator_everybodys(
    hang, as_alice, as_administrator, alice, bob
) -> None:
    hang(alice, byte_size=2 * 1024 * 1024)
    hang(alice, byte_size=3 * 1024 * 1024).delete_softly()
    hang(bob, byte_size=5 * 1024 * 1024)
    page = as_alice.get("/gallery/storage").text
    assert "2.0\xa0MB" in page
    assert "3.0\xa0MB" in page
    assert ">bob<" not in page
    assert "5.0\xa0MB" in as_administrator.get("/gallery/storage").text


# --- archives ---------------------------------------------------------------------------------------
@pytest.fixture
def packed(made, as_alice):
    """Return a function by which Alice asks for an archive of pictures that she made."""

    def ask(*images: Image) -> Archive:
        data = {"verb": "archive", "image": [image.pk for image in images]}
        assert as_alice.post("/gallery/selection", data).status_code == 302
        return Archive.objects.first()

    return ask


def test_an_archive_holds_the_pictures_and_how_they_were_made(
    made, packed, as_alice, alice
) -> None:
    image, other = made(prompt="A heron", seed=7), made(prompt="A fox")
    Tag.objects.put_on([image.pk], alice, ["winter"])
    archive = packed(image, other)
    assert "In line" in as_alice.get("/gallery/archives/").text
    make_next_archive.func()
    assert "Download" in as_alice.get(f"/gallery/archives/{archive.pk}/").text
    content = as_alice.get(f"/gallery/archives/{archive.pk}/file").getvalue()
    with zipfile.ZipFile(BytesIO(content)) as file:
        assert file.testzip() is None
        lines = [json.loads(line) for line in file.read("metadata.jsonl").splitlines()]
        assert {line["file"] for line in lines} | {"metadata.jsonl"} == set(file.namelist())
    told = {line["prompt"]: line for line in lines}
    assert told["A heron"]["seed"] == 7
    assert told["A heron"]["tags"] == ["winter"]


def test_an_archive_is_its_askers_alone(made, packed, as_bob) -> None:
    archive = packed(made())
    make_next_archive.func()
    assert as_bob.get(f"/gallery/archives/{archive.pk}/file").status_code == 404


def test_what_was_deleted_meanwhile_is_not_packed(made, packed, as_alice) -> None:
    kept, deleted = made(), made()
    archive = packed(kept, deleted)
    deleted.delete_softly()
    make_next_archive.func()
    archive.refresh_from_db()
    assert (archive.is_ready, archive.done) == (True, 1)


def test_two_workers_make_one_archive(made, packed) -> None:
    archive = packed(made())
    make_next_archive.func()
    archive.refresh_from_db()
    name = archive.file
    make_next_archive.func()
    archive.refresh_from_db()
    assert archive.file == name


def test_an_archive_whose_worker_died_is_made_after_all(made, packed) -> None:
    archive = packed(made())
    archive.begin()
    Archive.objects.filter(pk=archive.pk).update(heartbeat_at=timezone.now() - timedelta(hours=1))
    sweep.func()
    make_next_archive.func()
    archive.refresh_from_db()
    assert archive.is_ready


def test_a_lost_file_fails_the_archive_in_words(made, packed, as_alice) -> None:
    image = made()
    archive = packed(image)
    default_storage.delete(image.file)
    make_next_archive.func()
    page = as_alice.get(f"/gallery/archives/{archive.pk}/").text
    assert "internal error" in page


def test_an_archive_is_gone_after_a_day(made, packed, as_alice) -> None:
    archive = packed(made())
    make_next_archive.func()
    archive.refresh_from_db()
    Archive.objects.update(created_at=timezone.now() - KEPT_FOR - timedelta(minutes=1))
    assert as_alice.get(f"/gallery/archives/{archive.pk}/file").status_code == 404
    prune.func()
    assert not Archive.objects.exists()
    assert not default_storage.exists(archive.file)


def test_an_archive_is_cancelled_and_removed(made, packed, as_alice) -> None:
    archive = packed(made())
    as_alice.post(f"/gallery/archives/{archive.pk}/remove")
    make_next_archive.func()
    assert not Archive.objects.exists()


def test_an_archive_of_nothing_or_of_too_much_is_refused(
    hang, made, as_alice, alice, monkeypatch
) -> None:
    failed = hang(alice, status="failed")
    for images in ([], [failed.pk]):
        data = {"verb": "archive", "image": images}
        page = as_alice.post("/gallery/selection", data, follow=True).text
        assert "Choose pictures that are finished." in page
    monkeypatch.setattr("gallery.selection.MOST_PICTURES", 1)
    data = {"verb": "archive", "image": [hang(alice).pk, hang(alice).pk]}
    assert "at most 1 pictures" in as_alice.post("/gallery/selection", data, follow=True).text
    assert not Archive.objects.exists()
