"""Sharing by link: what strangers see, what they never see, and that links end. Veils over marked pictures."""

import hashlib
import re
from datetime import timedelta
from io import BytesIO

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from PIL import Image as Pillow

from gallery import containers, metadata
from gallery.models import Collection, Image, Share, Viewing
from gallery.sharing import MOST_LINKS
from tests.gallery.conftest import encoded

GONE = "This link does not work"


def link_to(client: Client, thing: Image | Collection, **fields) -> str:
    """Press the button and return the path of the link, which is told once."""
    answer = client.post(f"{thing.get_absolute_url()}share", {"days": "7"} | fields)
    assert answer.status_code == 200, answer.status_code
    found = re.search(r'value="http://testserver(/gallery/shared/[^"]+)"', answer.text)
    assert found, answer.text
    return found[1]


def hide(client: Client, image: Image) -> None:
    client.post("/gallery/selection", {"verb": "hide", "image": image.pk})


def addresses(page: str, kind: str) -> list[str]:
    return re.findall(rf'(?:src|href)="(/gallery/shared/[^"]+{kind})"', page)


def test_whoever_has_the_link_sees_the_picture_without_signing_in(made, as_alice) -> None:
    page = Client().get(link_to(as_alice, made()))
    assert page.status_code == 200
    assert not page.cookies
    assert "noindex" in page["X-Robots-Tag"]
    assert page["Cache-Control"] == "no-store"
    assert page["Referrer-Policy"] == "no-referrer"
    assert '<meta name="robots" content="noindex' in page.text
    (picture,) = addresses(page.text, "1440.webp")
    shown = Client().get(picture)
    assert Pillow.open(BytesIO(shown.getvalue())).format == "WEBP"
    assert shown["Cache-Control"] == "no-store"


def test_a_link_tells_no_name_no_id_and_no_prompt(made, as_alice) -> None:
    image = made(prompt="A secret heron", seed=424242)
    page = Client().get(link_to(as_alice, image))
    for secret in ("alice", "secret heron", "424242", f"images/{image.pk}", "csrf"):
        assert secret not in page.text
    (download,) = addresses(page.text, "download")
    assert "heron" not in Client().get(download)["Content-Disposition"]
    told = Client().get(link_to(as_alice, image, shows_prompt="on")).text
    assert told.count("A secret heron") >= 2  # beside the picture, and as its name


def test_somebody_signed_in_gets_the_same_page(made, as_alice, as_bob) -> None:
    link = link_to(as_alice, made())
    assert as_bob.get(link).text == Client().get(link).text


@pytest.mark.parametrize("form", ["png", "jpeg", "webp"])
def test_a_download_carries_no_metadata_unless_that_was_chosen(made, as_alice, form: str) -> None:
    image = made(format=form, embed_exif_metadata="on", prompt="A heron in reeds")
    assert image.exif, "the original says how it was made"
    (plain,) = addresses(Client().get(link_to(as_alice, image)).text, "download")
    bare = Client().get(plain).content
    assert metadata.read(bare) == {}
    assert b"heron" not in bare
    original = as_alice.get(f"/gallery/images/{image.pk}/original").getvalue()
    assert pixels(bare) == pixels(original)
    (full,) = addresses(Client().get(link_to(as_alice, image, with_data="on")).text, "download")
    assert "A heron in reeds" in str(metadata.read(Client().get(full).content))


def pixels(content: bytes) -> bytes:
    return Pillow.open(BytesIO(content)).convert("RGBA").tobytes()


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_a_bare_file_has_nothing_beside_its_picture(form: str) -> None:
    exif = Pillow.Exif()
    exif[0x010F] = "Secret camera"
    content = encoded(form, exif=exif) + (b"Secret tail" if form != "WEBP" else b"")
    if form == "JPEG":
        iptc = b"\xff\xed" + (2 + 13).to_bytes(2, "big") + b"Photoshop sec"
        content = content[:2] + iptc + content[2:]
    bare = containers.bare(content)
    for secret in (b"Secret", b"Photoshop"):
        assert secret in content or secret == b"Photoshop"
        assert secret not in bare
    assert pixels(bare) == pixels(content)


@pytest.mark.parametrize("form", ["PNG", "WEBP"])
@pytest.mark.parametrize("without_metadata", [containers.bare, metadata.bare])
def test_a_bare_file_still_moves(form: str, without_metadata) -> None:
    frames = [Pillow.new("RGB", (16, 12), colour) for colour in ("red", "green", "blue")]
    exif = Pillow.Exif()
    exif[0x010F] = "Secret camera"
    out = BytesIO()
    moves = {"save_all": True, "append_images": frames[1:], "duration": [50, 70, 90], "loop": 3}
    frames[0].save(out, form, exif=exif, **moves)
    bare = without_metadata(out.getvalue())
    assert b"Secret" not in bare
    assert played(bare) == played(out.getvalue())
    assert len(played(bare)) == 3


def played(content: bytes) -> list[tuple[bytes, float, int]]:
    """Return the frames of a picture that moves, for how long each is shown, and how often all are."""
    with Pillow.open(BytesIO(content)) as picture:
        found = []
        for number in range(picture.n_frames):
            picture.seek(number)
            pixels = picture.convert("RGB").tobytes()
            found.append((pixels, picture.info["duration"], picture.info["loop"]))
        return found


def test_the_token_is_kept_nowhere(made, as_alice) -> None:
    link = link_to(as_alice, made())
    token = link.split("/")[3]
    assert len(token) >= 43
    kept = Share.objects.values().get()
    assert token not in str(kept)
    assert kept["digest"] == hashlib.sha256(token.encode()).hexdigest()
    assert token not in as_alice.get("/gallery/shares/").text


@pytest.mark.parametrize("end", ["end", "expire", "trash", "hide", "suspend", "remove"])
def test_a_link_that_ended_shows_nothing_at_once(made, as_alice, alice, end: str) -> None:
    image = made()
    link = link_to(as_alice, image)
    page = Client().get(link).text
    files = [*addresses(page, "1440.webp"), *addresses(page, "download")]
    if end == "end":
        as_alice.post(f"/gallery/shares/{Share.objects.get().pk}/end")
    elif end == "expire":
        Share.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    elif end == "trash":
        as_alice.post(f"/gallery/images/{image.pk}/delete")
    elif end == "hide":
        hide(as_alice, image)
    elif end == "suspend":
        type(alice).objects.update(is_active=False)
    else:
        as_alice.post(f"/gallery/images/{image.pk}/delete")
        as_alice.post("/gallery/trash/empty")
    gone = Client().get(link)
    assert gone.status_code == (404 if end == "remove" else 410)
    assert [Client().get(file).status_code for file in files] == [404, 404]
    assert gone.text == Client().get("/gallery/shared/never-was/").text
    assert GONE in gone.text
    assert "noindex" in gone["X-Robots-Tag"]


def test_a_restored_picture_is_behind_its_link_again(made, as_alice) -> None:
    image = made()
    link = link_to(as_alice, image)
    as_alice.post(f"/gallery/images/{image.pk}/delete")
    assert Client().get(link).status_code == 410
    assert "In the trash" in as_alice.get("/gallery/shares/").text
    as_alice.post(f"/gallery/images/{image.pk}/restore")
    assert Client().get(link).status_code == 200


def test_only_who_may_see_a_picture_shares_it(hang, as_alice, as_bob, alice) -> None:
    private, team = hang(alice, visibility="private"), hang(alice)
    assert as_bob.post(f"/gallery/images/{private.pk}/share", {"days": "7"}).status_code == 404
    assert as_bob.get(f"/gallery/images/{private.pk}/share").status_code == 404
    assert Client().get(link_to(as_bob, team)).status_code == 200
    assert Client().get(link_to(as_alice, private)).status_code == 200


def test_a_picture_that_its_owner_hides_leaves_the_links_of_others(
    hang, as_alice, as_bob, alice
) -> None:
    image = hang(alice)
    link = link_to(as_bob, image)
    page = as_alice.get(f"/gallery/images/{image.pk}/share").text
    assert "by bob" in page
    hide(as_alice, image)
    assert Client().get(link).status_code == 410


def test_an_owner_ends_the_links_that_others_made_to_her_picture(
    hang, as_alice, as_bob, as_charlie, alice
) -> None:
    image = hang(alice)
    link = link_to(as_bob, image)
    end = f"/gallery/shares/{Share.objects.get().pk}/end"
    assert as_charlie.post(end).status_code == 404
    assert as_alice.post(end, {"back": "thing"}).status_code == 302
    assert Client().get(link).status_code == 410


@pytest.fixture
def collection(alice) -> Collection:
    return Collection.objects.create(owner=alice, name="Herons")


def test_a_collection_shows_what_its_sharer_may_see_now(
    hang, as_alice, as_bob, alice, bob, collection
) -> None:
    mine, bobs, private, bobs_private = (
        hang(alice, sha256="1" * 64),
        hang(bob, sha256="2" * 64),
        hang(alice, sha256="3" * 64, visibility="private"),
        hang(bob, sha256="4" * 64, visibility="private"),
    )
    for number, image in enumerate((mine, bobs, private, bobs_private)):
        collection.put_in([image.pk], image.user)
        assert collection.placements.count() == number + 1
    assert (
        "1 of them is private and yours"
        in as_alice.get(f"{collection.get_absolute_url()}share").text
    )
    link = link_to(as_alice, collection)

    def shown() -> str:
        page = Client().get(link).text
        return "".join(sorted({one.split("/")[4][0] for one in addresses(page, "512.webp")}))

    assert shown() == "123"
    hide(as_bob, bobs)
    assert shown() == "13"
    assert Client().get(f"{link}{'2' * 64}/").status_code == 410
    assert Client().get(f"{link}{'4' * 64}/512.webp").status_code == 404
    as_alice.post(f"/gallery/images/{mine.pk}/delete")
    assert shown() == "3"
    collection.take_out([private.pk])
    assert "nothing to see here at the moment" in Client().get(link).text


def test_a_collection_that_becomes_private_ends_the_links_of_others(
    as_alice, as_bob, collection
) -> None:
    bobs, alices = link_to(as_bob, collection), link_to(as_alice, collection)
    Collection.objects.update(is_private=True)
    assert Client().get(bobs).status_code == 410
    assert Client().get(alices).status_code == 200


def test_a_large_collection_comes_in_pages_without_a_query_per_picture(
    hang, as_alice, alice, collection
) -> None:
    collection.put_in([hang(alice, sha256=f"{number:064}").pk for number in range(50)], alice)
    link = link_to(as_alice, collection)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        first = Client().get(link)
    assert len(queries) <= 8
    assert first.text.count("<article") == 48
    assert Client().get(link, {"page": "2"}).text.count("<article") == 2
    for nonsense in ("0", "-1", "x", "9" * 40):
        assert Client().get(link, {"page": nonsense}).status_code == 200


def test_a_person_sees_how_often_each_link_was_opened_and_nobody_else_s_links(
    hang, as_alice, as_bob, alice
) -> None:
    link = link_to(as_alice, hang(alice, "A heron in fog"))
    assert "not opened yet" in as_alice.get("/gallery/shares/").text
    for _ in range(3):
        Client().get(link)
    page = as_alice.get("/gallery/shares/").text
    assert "opened 3 times" in page
    assert "A heron in fog" in page
    assert "A heron in fog" not in as_bob.get("/gallery/shares/").text


@pytest.mark.parametrize(("days", "left"), [("1", 1), ("30", 30), ("", None)])
def test_a_link_lasts_as_long_as_asked(hang, as_alice, alice, days: str, left: int | None) -> None:
    link_to(as_alice, hang(alice), days=days)
    expires = Share.objects.get().expires_at
    assert (expires and round((expires - timezone.now()).total_seconds() / 86_400)) == left


def test_nonsense_and_too_many_links_are_refused(hang, as_alice, alice) -> None:
    image = hang(alice)
    where = f"/gallery/images/{image.pk}/share"
    assert as_alice.post(where, {"days": "9999"}).status_code == 422
    Share.objects.bulk_create(
        Share(owner=alice, image=image, digest=str(number)) for number in range(MOST_LINKS)
    )
    refused = as_alice.post(where, {"days": "7"})
    assert refused.status_code == 422
    assert "End some of them first" in refused.text


# --- marked pictures -----------------------------------------------------------------------------------


def test_a_marked_picture_is_veiled_on_a_shared_page_whatever_its_sharer_prefers(
    hang, as_alice, alice, collection
) -> None:
    image = hang(alice, blurred=True, placeholder="UklGRg==")
    collection.put_in([image.pk], alice)
    as_alice.post("/gallery/veils", {"on": "0"})
    for thing in (image, collection):
        page = Client().get(link_to(as_alice, thing)).text
        assert 'class="shared-pictures veils"' in page
        assert page.count('class="veil__switch"') == 1
    assert 'class="veil__switch"' not in Client().get(link_to(as_alice, hang(alice))).text


def test_a_person_chooses_whether_marked_pictures_are_blurred(
    hang, as_alice, as_bob, alice, simulator
) -> None:
    image = hang(alice, blurred=True)
    pages = ("/gallery/", f"/gallery/images/{image.pk}/")
    assert all("shell__main veils" in as_alice.get(page).text for page in pages)
    assert as_alice.post("/gallery/veils", {"on": "0", "next": pages[1]}).url == pages[1]
    assert not any("shell__main veils" in as_alice.get(page).text for page in pages)
    assert all("shell__main veils" in as_bob.get(page).text for page in pages)
    assert "veil__switch" in as_alice.get(pages[0]).text  # in the page, and nothing but CSS decides
    as_alice.post("/gallery/veils", {"on": "1"})
    assert Viewing.objects.get().veils


def test_a_blocked_picture_is_said_to_be_blocked_everywhere(
    made, as_alice, alice, simulator
) -> None:
    simulator.fail("content-violation")
    image = made()
    for page in ("/gallery/", f"/gallery/images/{image.pk}/"):
        assert '<span class="badge badge--fail">Blocked</span>' in as_alice.get(page).text
    queue = as_alice.get("/gallery/queue/").text
    assert "1 picture was blocked" in queue
