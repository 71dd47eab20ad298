"""Bringing pictures in: what is found, what is stored, what is refused, and what the settings become here."""

import json
import re
import uuid
from io import BytesIO

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from PIL import Image as Pillow

from gallery import importing, metadata, sources, trash
from gallery.facets import Facets
from gallery.imaging import develop
from gallery.models import Generation, Image, ImageKind, Tally, Visibility
from gallery.search import Search
from tests.gallery import strangers
from tests.gallery.conftest import encoded
from tests.gallery.strangers import FILES, WEBUI_TEXT, png, with_chunks
from venice_site.venice.models import Call
from venice_site.venice.runs import RunStatus

HTMX = {"HX-Request": "true"}
WEBUI = FILES["web UI, PNG"][1]


@pytest.fixture
def bring(simulator):
    """Return a function that sends files as the page's form does, and returns the answer."""

    def send(client: Client, *contents: bytes, htmx: bool = False, name: str = "heron.png", **more):
        files = [SimpleUploadedFile(name, content, "image/png") for content in contents]
        headers = HTMX if htmx else {}
        return client.post("/gallery/import/", {"pictures": files, **more}, headers=headers)

    return send


@pytest.fixture
def brought(bring, as_alice):
    """Return a function by which Alice brings one file; it returns the row."""

    def one(content: bytes, **more) -> Image:
        assert bring(as_alice, content, **more).status_code == 200
        return Image.objects.latest("pk")

    return one


def sentence(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page.partition('id="imported"')[2]).split())


def composed(client: Client, image: Image) -> tuple[dict[str, str], str]:
    """Return what stands in the composer's fields, and what it says, once these settings are used."""
    page = client.get(f"/gallery/?from={image.pk}").context["composer"]
    names = (
        "prompt",
        "negative_prompt",
        "seed",
        "model",
        "width",
        "height",
        "aspect_ratio",
        "steps",
    )
    form = page.form
    return {n: form[n].value() for n in names if n in form.fields}, page.notice


# --- what is stored -----------------------------------------------------------------------------
def test_a_picture_is_stored_as_it_came_and_costs_nothing(brought, alice) -> None:
    image = brought(WEBUI)
    assert (image.status, image.call, image.cost) == (RunStatus.SUCCEEDED, None, None)
    assert not Call.objects.exists()
    with default_storage.open(image.file) as file:
        assert file.read() == WEBUI
    assert (image.generation.kind, image.generation.name) == (ImageKind.IMPORT, "heron.png")
    assert (image.seed_said, image.model) == ("6952411511246973023", "juggernaut")
    assert image.exif["parameters"] == WEBUI_TEXT.format("v1.10.1")
    assert default_storage.exists(
        f"renditions/{image.sha256[:2]}/{image.sha256[2:4]}/{image.sha256}-256.webp"
    )


def test_only_its_owner_sees_it_unless_it_is_for_the_team(bring, brought, as_alice, as_bob) -> None:
    image = brought(WEBUI)
    assert as_bob.get(image.get_absolute_url()).status_code == 404
    shared = brought(strangers.PNG, share="on")
    assert shared.visibility == Visibility.TEAM
    assert as_bob.get(shared.get_absolute_url()).status_code == 200


def test_the_page_tells_what_was_found_and_what_becomes_of_it(bring, as_alice) -> None:
    told = sentence(bring(as_alice, WEBUI).text)
    for part in ("made with Stable Diffusion web UI", "A heron in fog", "6952411511246973023"):
        assert part in told
    for part in (
        "because Venice has no juggernaut",
        "LoRAs are left out",
        "nine digits",
        "DPM++ 2M",
    ):
        assert part in told
    assert "Use these settings" in told


def test_a_photograph_is_taken_although_it_says_nothing(brought, as_alice) -> None:
    image = brought(strangers.JPEG, name="Harbour at dusk.jpg")
    page = as_alice.get(image.get_absolute_url()).text
    assert "Harbour at dusk.jpg" in page
    assert "Use these settings" not in page
    assert "Remove background" in page


def test_the_same_file_is_said_and_not_stored_twice(bring, as_alice, alice) -> None:
    told = sentence(bring(as_alice, WEBUI, WEBUI).text)
    assert told.count("is in the gallery already") == 1
    bring(as_alice, WEBUI)
    assert Image.objects.count() == 1


def test_two_people_may_bring_the_same_file(bring, as_alice, as_bob) -> None:
    bring(as_alice, WEBUI)
    assert "already" not in sentence(bring(as_bob, WEBUI).text)
    assert Image.objects.count() == 2


def test_a_file_that_lies_in_the_trash_is_said_to_lie_there(
    brought, bring, as_alice, alice
) -> None:
    brought(WEBUI).delete_softly()
    assert "in your trash" in sentence(bring(as_alice, WEBUI).text)
    trash.empty(alice)
    assert Image.objects.count() == 0
    assert brought(WEBUI).is_picture


@pytest.mark.parametrize("form", ["png", "jpeg", "webp"])
@pytest.mark.parametrize("way", ["original", "download"])
def test_a_picture_of_the_gallery_is_known_again_however_it_was_downloaded(
    made, bring, as_alice, form: str, way: str
) -> None:
    image = made(format=form)
    content = b"".join(as_alice.get(f"/gallery/images/{image.pk}/{way}"))
    told = sentence(bring(as_alice, content).text)
    assert "is in the gallery already" in told
    assert Image.objects.count() == 1


def test_a_file_that_claims_to_be_another_picture_is_stored_as_its_own(made, brought) -> None:
    image = made()
    record = {"software": "Venice Studio", "order": {"prompt": "A lie"}, "sha256": image.sha256}
    assert brought(png(venice_metadata=json.dumps(record))).pk != image.pk


def test_a_team_mates_private_picture_is_not_given_away(made, bring, as_alice, as_bob) -> None:
    image = made(private="on")
    content = b"".join(as_alice.get(f"/gallery/images/{image.pk}/original"))
    assert "already" not in sentence(bring(as_bob, content).text)


def test_a_picture_from_a_camera_on_its_side_stands_upright(brought, as_alice) -> None:
    exif = Pillow.Exif()
    exif[0x0112] = 6
    image = brought(encoded("JPEG", (64, 48), exif=exif))
    assert (image.width, image.height) == (48, 64)
    small = b"".join(as_alice.get(f"/gallery/images/{image.pk}/256.webp"))
    with Pillow.open(BytesIO(small)) as rendition:
        assert rendition.size == (48, 64)
        assert rendition.getpixel((4, 30))[0] > rendition.getpixel((44, 30))[0]  # dark was on top


# --- what is refused ----------------------------------------------------------------------------
def bomb(width: int, height: int) -> bytes:
    header = width.to_bytes(4) + height.to_bytes(4) + b"\x08\x02\0\0\0"
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        strangers.chunk(kind, data)
        for kind, data in ((b"IHDR", header), (b"IDAT", b""), (b"IEND", b""))
    )


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (
            b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>",
            "no PNG, JPEG or WebP",
        ),
        (b"<!doctype html><script>alert(1)</script>", "no PNG, JPEG or WebP"),
        (encoded("GIF", mode="P"), "no PNG, JPEG or WebP"),
        (b"", "empty"),
        (strangers.PNG[:-30], "damaged"),
        (encoded("JPEG", (400, 400))[:1500], "damaged"),
        (bomb(60_000, 60_000), "33 million pixels"),
        (bomb(8, 8), "damaged"),
        (with_chunks(strangers.chunk(b"teXt", b"") * 30_000), "damaged"),
        (encoded("JPEG").replace(b"\xff\xda", b"\xff\xda" * 60), "reasonable time"),
    ],
    ids=["svg", "html", "gif", "empty", "cut", "cut JPEG", "bomb", "hollow", "chunks", "scans"],
)
def test_what_is_no_picture_is_refused_in_a_sentence(bring, as_alice, content, why: str) -> None:
    told = sentence(bring(as_alice, content, strangers.PNG).text)
    assert why in told or (why == "reasonable time" and "damaged" in told)
    assert Image.objects.count() == 1  # the sound one beside it


def test_a_file_that_is_too_large_is_not_even_read(bring, as_alice, monkeypatch) -> None:
    monkeypatch.setattr(importing, "MOST_BYTES", 10)
    assert "larger than" in sentence(bring(as_alice, WEBUI).text)


def test_a_request_that_is_too_large_is_refused_before_it_is_read(as_alice) -> None:
    answer = as_alice.post("/gallery/import/", CONTENT_LENGTH="9999999999")
    assert answer.status_code == 413
    assert "That is too large" in answer.text


def test_files_beyond_the_twentieth_are_left_and_said(bring, as_alice) -> None:
    contents = [png(Title=str(number)) for number in range(21)]
    told = sentence(bring(as_alice, *contents).text)
    assert "At most 20 files" in told
    assert Image.objects.count() == 20


def test_no_file_is_said(as_alice, db) -> None:
    answer = as_alice.post("/gallery/import/", headers=HTMX)
    assert (answer.status_code, "Choose at least one picture" in answer.text) == (422, True)


def test_a_form_of_another_site_is_refused(alice) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice, backend="venice_site.accounts.backends.Backend")
    file = SimpleUploadedFile("heron.png", strangers.PNG)
    assert client.post("/gallery/import/", {"pictures": file}).status_code == 403
    assert not Image.objects.exists()


def test_hostile_words_and_names_are_shown_as_words(bring, as_alice) -> None:
    text = WEBUI_TEXT.format("v1").replace("A heron", "<script>alert(1)</script>")
    page = bring(as_alice, png(parameters=text), name='"><img src=x>.png').text
    assert "<script>alert(1)" not in page
    assert "<img src=x>" not in page


def test_files_are_served_as_pictures_and_nothing_else(brought, as_alice) -> None:
    image = brought(with_chunks(strangers.text_chunk("parameters", "<script>alert(1)</script>")))
    for part in ("original", "download", "plain", "512.webp"):
        answer = as_alice.get(f"/gallery/images/{image.pk}/{part}")
        assert answer["Content-Type"] in ("image/png", "image/webp")
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer["Content-Security-Policy"]


# --- what the settings become -------------------------------------------------------------------
def test_our_own_file_restores_every_setting_and_the_seed(made, bring, as_alice, work) -> None:
    asked = {"prompt": "A heron {in|fog}"[:8] + r" \{in\|fog\}", "seed": "4711", "width": "768"}
    image = made(**asked, height="512", style_preset="Anime", hide_watermark="on")
    content = as_alice.get(f"/gallery/images/{image.pk}/download").content
    with default_storage.open(image.file) as file:
        original = file.read()
    Image.objects.all().delete()
    Generation.objects.all().delete()
    bring(as_alice, content)
    found = Image.objects.get()
    page = as_alice.get(f"/gallery/?from={found.pk}").context["composer"]
    form = {name: field.value() for name, field in ((f.name, f) for f in page.form)}
    assert (form["seed"], form["style_preset"], form["hide_watermark"]) == (4711, "Anime", True)
    assert page.notice == ""
    sent = {name: value for name, value in form.items() if value not in (None, "", False)}
    as_alice.post("/gallery/", sent | {"request_id": str(uuid.uuid4())}, headers=HTMX)
    work()
    again = Image.objects.latest("pk")
    assert again.order == image.order
    with default_storage.open(again.file) as file:
        assert file.read() == original


def test_another_tools_settings_become_what_our_models_can_do(brought, as_alice) -> None:
    text = WEBUI_TEXT.replace("6952411511246973023", "42").replace("512x768", "2048x3072")
    values, notice = composed(as_alice, brought(png(parameters=text.format("v1"))))
    assert values["prompt"] == "A heron in fog,\nmany (words:1.2)"
    assert (values["negative_prompt"], values["seed"]) == ("rain,\nsnow", 42)
    assert max(values["width"], values["height"]) <= 1280
    assert values["width"] / values["height"] == pytest.approx(2 / 3, rel=0.02)
    assert "the model is" in notice
    assert "the sampler DPM++ 2M Karras is left out" in notice


def test_a_model_that_venice_has_is_found_by_its_name(brought, as_alice) -> None:
    text = WEBUI_TEXT.replace("juggernaut", "Z-Image-Turbo.safetensors").format("v1")
    values, notice = composed(as_alice, brought(png(parameters=text)))
    assert values["model"] == "z-image-turbo"
    assert "the model is" not in notice


def test_a_prompt_with_signs_of_choices_stands_for_itself(brought, as_alice) -> None:
    text = WEBUI_TEXT.format("v1").replace("A heron", "A {red|blue} __heron__")
    values, _ = composed(as_alice, brought(png(parameters=text)))
    assert values["prompt"].startswith(r"A \{red\|blue\} \__heron__ in")


def test_a_picture_without_settings_leaves_the_composer_alone(brought, as_alice) -> None:
    values, notice = composed(as_alice, brought(strangers.PNG))
    assert (values["prompt"] or "", notice) == ("", "")


# --- found, counted, kept -----------------------------------------------------------------------
def test_imported_pictures_are_found_by_words_seed_model_and_kind(brought, alice, found) -> None:
    image = brought(WEBUI, name="Kingfisher.png")
    for query in (
        "heron fog",
        "kingfisher",
        "seed:6952411511246973023",
        "seed:69524*",
        "model:juggernaut",
        "is:imported",
        "size:64x48",
        "is:private by:me",
    ):
        assert found(alice, query) == [image.pk], query
    assert found(alice, "is:edited") == []


def test_imported_pictures_are_counted_and_weighed(brought, alice) -> None:
    brought(WEBUI)
    assert [choice.name for choice in Facets.of(Search.of(alice, "")).models] == ["juggernaut"]
    assert Tally.objects.get().bytes == len(WEBUI)


def test_an_imported_picture_can_be_edited_and_tells_nobody_where_it_was_taken(
    brought, as_alice, work
) -> None:
    exif = Pillow.Exif()
    exif[0x010E] = "At my grandmother's house"
    image = brought(encoded("JPEG", (640, 480), exif=exif))
    as_alice.post("/gallery/remake/upscale-2", {"image": image.pk})
    work()
    child = Image.objects.latest("pk")
    assert (child.status, child.width) == (RunStatus.SUCCEEDED, 1280)
    told = metadata.read(as_alice.get(f"/gallery/images/{child.pk}/download").content)
    assert "algorithmicallyEnhanced" in told["XMP"]
    assert "trainedAlgorithmicMedia" not in told["XMP"]
    assert b"grandmother" not in sources.of(child)[0]


def test_an_archive_holds_imported_pictures_as_they_came(brought, as_alice, alice) -> None:
    from zipfile import ZipFile

    from gallery.models import Archive
    from gallery.tasks import make_next_archive

    image = brought(WEBUI)
    archive = Archive.objects.ask(alice, [image.pk])
    make_next_archive.func()
    archive.refresh_from_db()
    with default_storage.open(archive.file) as file, ZipFile(file) as packed:
        name = next(name for name in packed.namelist() if name.endswith(".png"))
        assert packed.read(name) == WEBUI
        line = json.loads(packed.read("metadata.jsonl"))
    assert line["imported"]["seed"] == "6952411511246973023"


def test_a_page_of_imported_pictures_makes_no_query_for_each(bring, as_alice) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            as_alice.get("/gallery/")
        return sum("gallery_" in query["sql"] for query in seen.captured_queries)

    bring(as_alice, png(Title="one"))
    few = queries()
    bring(as_alice, *(png(Title=str(number)) for number in range(6)))
    assert queries() == few


def test_a_drop_on_the_gallery_answers_cards_for_its_grid(bring, as_alice) -> None:
    page = bring(as_alice, WEBUI, htmx=True).text
    assert 'hx-swap-oob="afterbegin:#grid"' in page
    assert f'id="image-{Image.objects.get().pk}"' in page
    assert "<html" not in page


def test_what_stays_of_a_picture_is_the_picture_alone() -> None:
    for content in (WEBUI, FILES["web UI, JPEG"][1], FILES["web UI, WebP"][1]):
        bare = metadata.bare(content)
        assert metadata.read(bare) == {}
        assert develop(bare).renditions == develop(content).renditions
