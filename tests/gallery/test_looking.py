"""Looking at pictures: who sees what, pages, files, deletion and undo."""

import re
from io import BytesIO

import pytest
from django.core.files.storage import default_storage
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from PIL import Image as Pillow

from gallery import metadata
from gallery.grid import PAGE_SIZE
from gallery.models import Generation, Image, Visibility
from venice_site.venice.runs import RunStatus

HTMX = {"HX-Request": "true"}


@pytest.fixture
def pictures(alice):
    """Return a function that hangs pictures of Alice without making them."""

    def hang(count: int, **facts) -> list[Image]:
        generation = Generation.objects.create(
            user=alice, request_id=f"hang-{count}", prompt="A heron", model="m", **facts
        )
        return Image.objects.bulk_create(
            Image(
                generation=generation,
                seed=seed,
                status=RunStatus.SUCCEEDED,
                mime="image/png",
                sha256="0" * 64,
                width=640,
                height=360,
            )
            for seed in range(count)
        )

    return hang


def test_the_empty_gallery_leads_to_the_first_picture(as_alice, db) -> None:
    page = as_alice.get("/gallery/").text
    assert 'data-prompt="' in page
    assert "Generate" in page


def test_a_team_mate_sees_a_picture_with_its_prompt_as_alt(made, as_bob) -> None:
    image = made(prompt='A "heron" & <fog>')
    page = as_bob.get("/gallery/").text
    assert 'alt="A &quot;heron&quot; &amp; &lt;fog&gt;"' in page
    assert as_bob.get(f"/gallery/images/{image.pk}/").status_code == 200


def test_a_private_picture_is_nowhere_for_others(made, as_alice, as_bob) -> None:
    image = made(private="on")
    assert f'id="image-{image.pk}"' in as_alice.get("/gallery/").text
    assert f'id="image-{image.pk}"' not in as_bob.get("/gallery/").text
    for part in ("", "card", "original", "download", "512.webp"):
        assert as_bob.get(f"/gallery/images/{image.pk}/{part}").status_code == 404
        assert as_alice.get(f"/gallery/images/{image.pk}/{part}").status_code == 200


def test_only_the_owner_changes_an_image(made, as_bob) -> None:
    image = made()
    for verb in ("cancel", "again", "delete", "restore"):
        assert as_bob.post(f"/gallery/images/{image.pk}/{verb}").status_code == 404


@pytest.mark.parametrize("verb", ["cancel", "again", "delete", "restore"])
def test_a_link_changes_nothing(ordered, as_alice, verb: str) -> None:
    image = ordered()[0]
    assert as_alice.get(f"/gallery/images/{image.pk}/{verb}").status_code == 405


def test_cards_of_others_show_finished_pictures_alone(ordered, as_alice, as_bob) -> None:
    image = ordered()[0]
    assert f'id="image-{image.pk}"' in as_alice.get("/gallery/").text
    assert f'id="image-{image.pk}"' not in as_bob.get("/gallery/").text


def test_a_card_asks_again_only_while_it_can_change(ordered, work, as_alice) -> None:
    image = ordered()[0]
    where = f"/gallery/images/{image.pk}/card"
    assert "every 1s" in as_alice.get(where).text
    work()
    assert "every 1s" not in as_alice.get(where).text


def test_a_finished_card_is_announced(made, as_alice) -> None:
    card = as_alice.get(f"/gallery/images/{made().pk}/card", headers=HTMX).text
    assert re.search(r'hx-swap-oob="innerHTML:#gallery-news">Picture ready: A heron in fog', card)


def test_the_page_of_an_image_tells_every_fact(made, as_alice) -> None:
    image = made(seed=31, negative_prompt="rain", style_preset="Film Noir")
    page = as_alice.get(f"/gallery/images/{image.pk}/").text
    for told in ("A heron in fog", "rain", "31", "Film Noir", image.sha256, "$0.01", "alice"):
        assert told in page
    assert f"/gallery/?from={image.pk}" in page


def test_neighbours_lead_through_the_pictures(pictures, as_alice) -> None:
    first, second, third = pictures(3)
    page = as_alice.get(f"/gallery/images/{second.pk}/").text
    assert f'href="/gallery/images/{first.pk}/" rel="next"' in page
    assert f'href="/gallery/images/{third.pk}/" rel="prev"' in page


def test_further_pages_continue_where_the_last_one_ended(pictures, as_alice) -> None:
    pictures(PAGE_SIZE + 5)
    first = as_alice.get("/gallery/").text
    more = re.search(r'href="/gallery/\?before=(\d+)"', first)
    assert more is not None
    second = as_alice.get(f"/gallery/?before={more.group(1)}", headers=HTMX).text
    ids = [re.findall(r'id="image-(\d+)"', page) for page in (first, second)]
    assert [len(found) for found in ids] == [PAGE_SIZE, 5]
    assert not set(ids[0]) & set(ids[1])
    assert "Show more" not in second
    assert "<html" not in second


@pytest.mark.parametrize("mark", ["x", "-1", "9" * 40, "٣", "1e3"])
def test_a_nonsense_mark_shows_the_newest(pictures, as_alice, mark: str) -> None:
    pictures(1)
    answer = as_alice.get("/gallery/", {"before": mark, "from": mark, "deleted": mark})
    assert answer.status_code == 200
    assert 'id="image-' in answer.text


def test_the_grid_asks_the_same_number_of_questions_for_one_and_for_sixty(
    pictures, as_alice, django_assert_max_num_queries
) -> None:
    pictures(1)
    as_alice.get("/gallery/")
    with CaptureQueriesContext(connection) as few:
        as_alice.get("/gallery/")
    pictures(PAGE_SIZE)
    with django_assert_max_num_queries(len(few)):
        as_alice.get("/gallery/")


def test_waiting_cards_read_the_queue_once(ordered, as_alice) -> None:
    ordered()
    with CaptureQueriesContext(connection) as few:
        as_alice.get("/gallery/")
    ordered(variants=4)
    with CaptureQueriesContext(connection) as more:
        as_alice.get("/gallery/")
    assert len(more) == len(few)


def test_a_deleted_picture_comes_back_with_undo(made, as_alice, as_bob) -> None:
    image = made()
    card = as_alice.post(f"/gallery/images/{image.pk}/delete", headers=HTMX).text
    assert "Deleted." in card
    assert "Undo" in card
    assert as_bob.get(f"/gallery/images/{image.pk}/").status_code == 404
    assert f'id="image-{image.pk}"' not in as_alice.get("/gallery/").text
    as_alice.post(f"/gallery/images/{image.pk}/restore", headers=HTMX)
    assert as_bob.get(f"/gallery/images/{image.pk}/").status_code == 200


def test_deleting_from_the_page_leads_back_with_undo(made, as_alice) -> None:
    image = made()
    page = as_alice.post(f"/gallery/images/{image.pk}/delete", follow=True).text
    assert f'action="/gallery/images/{image.pk}/restore"' in page


def test_deleting_what_waits_cancels_it(ordered, as_alice) -> None:
    image = ordered()[0]
    as_alice.post(f"/gallery/images/{image.pk}/delete")
    image.refresh_from_db()
    assert (image.status, image.deleted_at is None) == (RunStatus.CANCELLED, False)


def test_an_original_is_sent_as_it_was_and_kept_by_the_browser_alone(made, as_alice) -> None:
    image = made()
    answer = as_alice.get(f"/gallery/images/{image.pk}/original")
    with default_storage.open(image.file) as file:
        assert answer.getvalue() == file.read()
    assert answer["Content-Type"] == "image/png"
    assert answer["Cache-Control"] == "private, max-age=31536000, immutable"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Disposition"].startswith("inline")
    again = as_alice.get(
        f"/gallery/images/{image.pk}/original", headers={"If-None-Match": answer["ETag"]}
    )
    assert again.status_code == 304


def test_a_thumbnail_is_webp_of_its_size(made, as_alice) -> None:
    image = made(width=1024, height=512)
    answer = as_alice.get(f"/gallery/images/{image.pk}/256.webp")
    with Pillow.open(BytesIO(answer.getvalue())) as thumbnail:
        assert (thumbnail.format, thumbnail.size) == ("WEBP", (256, 128))
    assert as_alice.get(f"/gallery/images/{image.pk}/257.webp").status_code == 404


@pytest.mark.parametrize("mime", ["image/svg+xml", "text/html", ""])
def test_nothing_but_pictures_is_ever_sent(made, as_alice, mime: str) -> None:
    image = made()
    Image.objects.filter(pk=image.pk).update(mime=mime)
    for part in ("original", "download", "512.webp"):
        assert as_alice.get(f"/gallery/images/{image.pk}/{part}").status_code == 404


def test_a_download_is_named_after_prompt_and_seed(made, as_alice) -> None:
    image = made(prompt='A "heron"\r\nX-Evil: 1', seed=6)
    for part in ("original?download", "download"):
        disposition = as_alice.get(f"/gallery/images/{image.pk}/{part}")["Content-Disposition"]
        assert disposition == 'attachment; filename="a-heron-x-evil-1-6.png"'


@pytest.mark.parametrize("form", ["png", "jpeg", "webp"])
def test_a_download_carries_its_generation_data_and_the_same_pixels(
    made, as_alice, form: str
) -> None:
    image = made(format=form, seed=12)
    content = as_alice.get(f"/gallery/images/{image.pk}/download").content
    with (
        default_storage.open(image.file) as file,
        Pillow.open(file) as before,
        Pillow.open(BytesIO(content)) as after,
    ):
        assert before.tobytes() == after.tobytes()
    told = metadata.read(content)
    text = told.get("parameters") or told["UserComment"]
    assert text.startswith("A heron in fog\nSteps: ")
    assert "Seed: 12, Size: 1024x1024, Model: z-image-turbo" in text


def test_visitors_are_asked_to_sign_in(made) -> None:
    image = made()
    answer = Client().get(f"/gallery/images/{image.pk}/original")
    assert answer.status_code == 302
    assert "/accounts/login/" in answer.url


def test_words_of_people_never_become_markup(made, as_alice) -> None:
    image = made(prompt="<script>alert(1)</script>", negative_prompt="<img src=x>")
    for where in ("/gallery/", f"/gallery/images/{image.pk}/", f"/gallery/?from={image.pk}"):
        page = as_alice.get(where).text
        assert "<script>alert" not in page
        assert "<img src=x>" not in page


def test_visibility_is_kept_in_the_generation(made) -> None:
    assert made(private="on").generation.visibility == Visibility.PRIVATE


def test_the_admin_panel_shows_and_changes_nothing(made, as_administrator) -> None:
    image = made()
    for kind, pk in (("image", image.pk), ("generation", image.generation_id)):
        assert as_administrator.get(f"/admin/gallery/{kind}/").status_code == 200
        page = as_administrator.get(f"/admin/gallery/{kind}/{pk}/change/").text
        assert 'name="_save"' not in page
