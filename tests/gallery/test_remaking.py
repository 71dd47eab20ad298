"""Pictures made of pictures: upscaled, edited, combined, cut out, varied, and how they are related."""

import uuid

import pytest
from django.core.files.storage import default_storage
from django.test import Client

from gallery import files, imaging
from gallery.families import Family
from gallery.models import Descent, Image
from tests.gallery.conftest import encoded
from venice_site.simulator import Simulator
from venice_site.venice.models import Call, Metric, Quota, Who


@pytest.fixture
def heron(made) -> Image:
    """A picture of Alice that the team sees."""
    return made(prompt="A heron", seed=5)


@pytest.fixture
def fox(made) -> Image:
    """Another one."""
    return made(prompt="A fox", seed=6)


def press(client: Client, action: str, *pictures: Image, **more):
    data = {"image": [picture.pk for picture in pictures]}
    return client.post(f"/gallery/remake/{action}", data | more)


def instruct(client: Client, *pictures: Image, **more):
    data = {
        "image": [p.pk for p in pictures],
        "prompt": "Make it snow",
        "model": "firered-image-edit",
    }
    return client.post("/gallery/remake/", data | more)


def last() -> Image:
    return Image.objects.select_related("generation").order_by("-pk")[0]


def parents(image: Image) -> list[int]:
    return list(image.descents.values_list("parent", flat=True))


def sent(simulator: Simulator, path: str) -> list:
    return [request for request in simulator.requests if request.path.endswith(path)]


@pytest.fixture(autouse=True)
def editing_models(simulator, db) -> str:
    """Learn from the stand-in which models edit."""
    from venice_site.venice.tasks import refresh_catalogue

    refresh_catalogue.func()
    return "firered-image-edit"


@pytest.mark.parametrize(("action", "scale"), [("upscale-2", 2), ("upscale-4", 4)])
def test_an_upscaled_picture_is_larger_and_knows_its_parent(
    made, as_alice, work, action: str, scale: int
) -> None:
    heron = made(prompt="A heron", width=320, height=256)
    assert press(as_alice, action, heron).status_code == 302
    work()
    larger = last()
    assert (larger.status, larger.width, larger.height) == ("succeeded", 320 * scale, 256 * scale)
    assert (larger.generation.kind, larger.generation.prompt) == ("upscale", "A heron")
    assert parents(larger) == [heron.pk]
    assert (larger.seed, larger.seed_used) == (None, None)


def test_a_cut_out_picture_has_no_background(heron, as_alice, work) -> None:
    press(as_alice, "cutout", heron)
    work()
    assert (last().status, last().mime, last().generation.kind) == (
        "succeeded",
        "image/png",
        "cutout",
    )


def test_an_edit_follows_the_instruction_and_costs_what_was_said(
    heron, as_alice, work, simulator
) -> None:
    page = as_alice.get(f"/gallery/remake/?image={heron.pk}").text
    assert "Make it snow" in page
    assert instruct(as_alice, heron).status_code == 302
    work()
    edited = last()
    assert (edited.status, edited.generation.prompt) == ("succeeded", "Make it snow")
    assert len(sent(simulator, "/image/edit")) == 1
    assert edited.call.cost == edited.cost > 0


def test_several_pictures_become_one(heron, fox, as_alice, work, simulator) -> None:
    answer = instruct(as_alice, heron, fox, kind="combine")
    assert answer.status_code == 302
    work()
    assert last().generation.kind == "combine"
    assert parents(last()) == [heron.pk, fox.pk]
    assert len(sent(simulator, "/image/multi-edit")) == 1


def test_an_instruction_for_each_of_a_selection_makes_one_of_each(heron, fox, as_alice) -> None:
    instruct(as_alice, heron, fox, kind="edit")
    made = Image.objects.filter(generation__kind="edit").order_by("pk")
    assert [parents(image) for image in made] == [[heron.pk], [fox.pk]]


def test_a_selection_is_upscaled_picture_by_picture(heron, fox, as_alice) -> None:
    assert press(as_alice, "upscale-2", heron, fox).url == "/gallery/"
    assert Image.objects.filter(generation__kind="upscale").count() == 2


def test_variations_are_the_next_seeds_with_the_same_settings(heron, as_bob) -> None:
    press(as_bob, "vary", heron)
    made = Image.objects.filter(descents__parent=heron).order_by("pk")
    assert [image.seed for image in made] == [6, 7, 8, 9]
    assert {image.order["prompt"] for image in made} == {"A heron"}
    press(as_bob, "vary", heron)
    assert [image.seed for image in made.all()][4:] == [10, 11, 12, 13]


def test_variations_at_the_end_of_the_seeds_begin_anew(made, as_alice) -> None:
    image = made(seed=999_999_998)
    press(as_alice, "vary", image)
    seeds = Image.objects.filter(descents__parent=image).values_list("seed", flat=True)
    assert all(1 <= seed <= 999_999_999 for seed in seeds)


def test_lineage_is_shown_both_ways(heron, as_alice, work) -> None:
    press(as_alice, "upscale-2", heron)
    work()
    child = last()
    assert f'href="/gallery/images/{child.pk}/"' in as_alice.get(heron.get_absolute_url()).text
    page = as_alice.get(child.get_absolute_url()).text
    assert f'href="/gallery/images/{heron.pk}/" rel="up"' in page
    assert "Upscaled" in page


def test_relatives_that_one_may_not_see_or_that_are_deleted_are_left_out(
    heron, as_alice, as_bob, bob, work
) -> None:
    press(as_bob, "upscale-2", heron)
    work()
    child = last()
    heron.delete_softly()
    assert Family.of(child, bob).parents == []
    heron.restore()
    Image.objects.filter(pk=heron.pk).show_to("private")
    assert Family.of(child, bob).parents == []
    assert Family.of(heron, heron.generation.user).children == [child]


def test_a_team_mates_picture_can_be_edited_but_not_a_private_one(made, as_bob) -> None:
    shared, private = made(), made(private="on")
    assert press(as_bob, "upscale-2", shared).status_code == 302
    assert press(as_bob, "upscale-2", private).status_code == 404
    assert instruct(as_bob, shared, private, kind="combine").status_code == 404
    assert last().generation.user.username == "bob"


def test_what_is_made_of_a_private_picture_is_private(made, as_alice) -> None:
    press(as_alice, "cutout", made(private="on"))
    assert last().generation.is_private


def test_a_double_press_is_one_edit(heron, as_alice) -> None:
    same = str(uuid.uuid4())
    for _ in range(2):
        press(as_alice, "upscale-2", heron, request_id=same)
    assert Image.objects.filter(generation__kind="upscale").count() == 1


def test_a_selection_is_all_or_nothing(heron, fox, as_alice, as_bob) -> None:
    Quota.objects.create(who=Who.EACH, metric=Metric.IMAGES, limit=1)
    calls = Call.objects.count()
    answer = as_bob.post("/gallery/remake/upscale-2", {"image": [heron.pk, fox.pk]}, follow=True)
    assert "has no room" in answer.text
    assert Call.objects.count() == calls
    assert not Descent.objects.exists()


@pytest.mark.parametrize(
    "query", ["", "image=0", "image=x", "image=1&image=999999", "image=" + "9" * 30]
)
def test_pictures_that_are_not_there_are_not_found(as_alice, query: str) -> None:
    assert as_alice.get(f"/gallery/remake/?{query}").status_code == 404


def test_an_unknown_button_is_not_found(heron, as_alice) -> None:
    assert press(as_alice, "enlarge", heron).status_code == 404


def test_an_edit_has_no_variations(heron, as_alice, work) -> None:
    press(as_alice, "cutout", heron)
    work()
    assert press(as_alice, "vary", last()).status_code == 404


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"prompt": " "}, "Write what should change."),
        ({"model": "no-such-model"}, "This model is not on offer."),
        ({"prompt": "x" * 40_000}, "This model takes at most"),
        ({"aspect_ratio": "7:1"}, "Select a valid choice."),
        ({"request_id": "me"}, "Reload the page."),
    ],
)
def test_nonsense_is_refused_and_kept(heron, as_alice, fields, sentence: str) -> None:
    answer = instruct(as_alice, heron, **fields)
    assert answer.status_code == 422
    assert sentence in answer.text


def test_more_pictures_than_a_model_takes_are_refused(made, as_alice) -> None:
    pictures = [made(seed=seed) for seed in range(1, 12)]
    answer = instruct(as_alice, *pictures, kind="combine")
    assert answer.status_code == 422
    assert "This model takes at most" in answer.text


def test_a_source_that_is_gone_fails_in_words_and_costs_nothing(heron, as_alice, work) -> None:
    press(as_alice, "upscale-2", heron)
    default_storage.delete(heron.file)
    work()
    assert (last().status, last().error_kind) == ("failed", "source-gone")
    assert last().call.state == "released"


def test_a_failed_edit_is_tried_again_of_the_same_pictures(
    heron, as_alice, work, simulator
) -> None:
    press(as_alice, "upscale-2", heron)
    default_storage.delete(heron.file)
    work()
    failed = last()
    as_alice.post(f"/gallery/images/{failed.pk}/again")
    assert last().pk != failed.pk
    assert parents(last()) == [heron.pk]


def test_a_picture_too_large_for_venice_is_shrunk_not_cut() -> None:
    content = encoded("PNG", (2000, 1000))
    assert imaging.within(content, 10_000_000, 33_000_000) is content
    smaller = imaging.develop(imaging.within(content, 10_000_000, 500_000))
    assert smaller.width * smaller.height <= 500_000
    assert smaller.width == 2 * smaller.height
    assert len(imaging.within(content, 3_000, 33_000_000)) <= 3_000


def test_an_edits_page_and_download_need_no_seed(heron, as_alice, work) -> None:
    press(as_alice, "upscale-2", heron)
    work()
    child = last()
    page = as_alice.get(child.get_absolute_url()).text
    assert "Use these settings" not in page
    saved = as_alice.get(f"/gallery/images/{child.pk}/download")
    assert f"a-heron-{child.pk}.png" in saved["Content-Disposition"]
    assert b"A heron" in saved.content
    assert files.original_name(child.sha256, "png") == child.file


def test_the_page_leads_to_a_chat_about_the_picture(heron, as_alice) -> None:
    assert f'href="/chat/?picture={heron.pk}"' in as_alice.get(heron.get_absolute_url()).text
