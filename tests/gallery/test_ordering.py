"""Ordering pictures: what is written, what is refused, and what double clicks do."""

import re
import uuid

import pytest
from steady_queue.models import Job

from gallery.models import Generation, Image
from venice_site.venice.models import (
    Call,
    CallState,
    CatalogueEntry,
    Metric,
    Quota,
    QuotaBucket,
    Who,
)


@pytest.fixture
def one_image_a_day(db) -> Quota:
    return Quota.objects.create(who=Who.EACH, metric=Metric.IMAGES, limit=1)


def test_an_order_becomes_a_waiting_card(order, as_alice) -> None:
    answer = order(as_alice)
    assert answer.status_code == 200
    assert 'data-status="queued"' in answer.text
    assert "Next in line" in answer.text
    assert Image.objects.get().order["prompt"] == "A heron in fog"


def test_without_scripts_the_page_comes_back(order, as_alice) -> None:
    answer = order(as_alice, htmx=False)
    assert (answer.status_code, answer.url) == (302, "/gallery/")


def test_an_order_calls_for_one_worker_an_image(
    order, as_alice, django_capture_on_commit_callbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        order(as_alice, variants=3)
    assert Job.objects.filter(class_name="gallery.tasks.make_next_image").count() == 3


def test_a_double_click_is_one_order(order, as_alice) -> None:
    same = str(uuid.uuid4())
    order(as_alice, request_id=same)
    order(as_alice, request_id=same)
    assert (Generation.objects.count(), Image.objects.count(), Call.objects.count()) == (1, 1, 1)


def test_the_same_request_id_of_another_person_is_another_order(order, as_alice, as_bob) -> None:
    same = str(uuid.uuid4())
    order(as_alice, request_id=same)
    order(as_bob, request_id=same)
    assert Generation.objects.count() == 2


def test_an_answered_order_brings_a_new_request_id(order, as_alice) -> None:
    same = str(uuid.uuid4())
    fresh = re.search(
        r'name="request_id"[^>]*value="([^"]+)"', order(as_alice, request_id=same).text
    )
    assert fresh is not None
    assert fresh.group(1) != same


def test_variants_get_consecutive_seeds(ordered) -> None:
    assert [image.seed for image in ordered(seed=41, variants=4)] == [41, 42, 43, 44]


def test_an_empty_seed_is_drawn_and_kept(ordered) -> None:
    first, second = ordered(variants=2)
    assert 1 <= first.seed < second.seed == first.seed + 1 <= 999_999_999


@pytest.mark.parametrize("seed", [-999_999_999, 0, 999_999_999])
def test_every_seed_that_venice_takes_is_taken(ordered, seed: int) -> None:
    assert ordered(seed=seed)[0].seed == seed


def test_what_was_typed_becomes_the_order_exactly(ordered) -> None:
    order = ordered(
        prompt="  Zwei Möwen,\r\nsehr \u202enah\U0001f99c ",
        negative_prompt="fog",
        model="venice-sd35",
        width=768,
        height=512,
        steps=12,
        cfg_scale="7.5",
        style_preset="Film Noir",
        format="jpeg",
        hide_watermark="on",
        safe_mode="on",
        embed_exif_metadata="on",
        seed=7,
    )[0].asked
    assert order.prompt == "Zwei Möwen,\nsehr \u202enah\U0001f99c"
    assert (order.width, order.height, order.steps, order.cfg_scale) == (768, 512, 12, 7.5)
    assert (order.style_preset, order.format, order.negative_prompt) == ("Film Noir", "jpeg", "fog")
    assert order.hide_watermark
    assert order.safe_mode
    assert order.embed_exif_metadata


def test_what_is_left_out_gets_the_plain_defaults(ordered) -> None:
    order = ordered()[0].asked
    assert (order.width, order.height, order.format, order.steps) == (1024, 1024, "png", None)
    assert not any((order.hide_watermark, order.safe_mode, order.embed_exif_metadata))


def test_a_model_with_proportions_is_never_sent_pixels(ordered) -> None:
    order = ordered(model="qwen-image", width=512, height=512, aspect_ratio="3:2", steps=20)[
        0
    ].asked
    assert (order.width, order.height, order.steps) == (None, None, None)
    assert order.aspect_ratio == "3:2"


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("prompt", " ", "Write what you want to see."),
        ("prompt", "x" * 7501, "at most 7,500 characters"),
        ("model", "no-such-model", "not on offer"),
        ("width", "1288", "Use at most 1280 pixels."),
        ("width", "1001", "Use a multiple of 8."),
        ("width", "-8", "Use at least"),
        ("height", "wide", "Write a whole number."),
        ("steps", "9", "Use at most 8."),
        ("seed", "1000000000", "Use at most 999999999."),
        ("variants", "21", "Use at most 20."),
        ("cfg_scale", "21", "Use at most 20."),
        ("cfg_scale", "nan", "Write a number."),
        ("style_preset", "film noir", "Select a valid choice."),
        ("format", "svg", "Select a valid choice."),
        ("request_id", "me", "Reload the page."),
    ],
)
@pytest.mark.parametrize("htmx", [True, False])
def test_nonsense_is_refused_beside_its_field(
    order, as_alice, field: str, value: str, sentence: str, htmx: bool
) -> None:
    answer = order(as_alice, htmx=htmx, **{field: value})
    assert answer.status_code == 422
    assert sentence in answer.text
    assert not Generation.objects.exists()


def test_seeds_of_later_variants_stay_in_range(order, as_alice) -> None:
    answer = order(as_alice, seed=999_999_998, variants=3)
    assert answer.status_code == 422
    assert "With 3 variants, use at most 999999997." in answer.text


def test_a_refused_form_keeps_what_was_typed_and_opens_where_it_is_wrong(order, as_alice) -> None:
    answer = order(as_alice, prompt="A <b>bold</b> heron", variants=90)
    assert "A &lt;b&gt;bold&lt;/b&gt; heron" in answer.text
    assert re.search(r'id="composer-more" open', answer.text)
    assert answer["HX-Retarget"] == "#composer"


def test_a_used_up_quota_is_said_and_nothing_is_written(order, as_alice, one_image_a_day) -> None:
    answer = order(as_alice, variants=2)
    assert answer.status_code == 422
    assert "The quota of 1 image a day, each person has no room for this" in answer.text
    assert not Generation.objects.exists()
    assert not Call.objects.exists()
    assert not QuotaBucket.objects.filter(reserved__gt=0).exists()


def test_every_variant_is_reserved(ordered, one_image_a_day) -> None:
    Quota.objects.update(limit=10)
    ordered(variants=3)
    assert QuotaBucket.objects.get().reserved == 3
    assert set(Call.objects.values_list("state", flat=True)) == {CallState.RESERVED}


def test_cancelling_what_waits_gives_the_quota_back(ordered, as_alice, one_image_a_day) -> None:
    image = ordered()[0]
    answer = as_alice.post(f"/gallery/images/{image.pk}/cancel", headers={"HX-Request": "true"})
    assert 'data-status="cancelled"' in answer.text
    assert QuotaBucket.objects.get().reserved == 0


def test_the_price_and_the_rest_of_the_quota_follow_the_form(as_alice, db) -> None:
    Quota.objects.create(who=Who.EACH, metric=Metric.IMAGES, limit=20)
    typed = {"model": "z-image-turbo", "variants": 3, "prompt": ""}
    answer = as_alice.post("/gallery/price", typed, headers={"HX-Request": "true"})
    assert "$0.03" in answer.text
    assert "20 images left today" in answer.text


def test_the_settings_follow_the_model(as_alice, db) -> None:
    pixels = as_alice.get("/gallery/form?model=venice-sd35&width=1016&steps=8").text
    assert 'name="width" value="1024"' in pixels  # the nearest multiple of 16; ties go to even
    assert 'name="steps" value="8"' in pixels
    ratios = as_alice.get("/gallery/form?model=qwen-image&width=1016").text
    assert 'name="width"' not in ratios
    assert "Aspect ratio" in ratios


def test_the_composer_remembers_the_last_settings_but_not_a_drawn_seed(ordered, as_alice) -> None:
    ordered(model="venice-sd35", width=512, height=768, seed=77)
    page = as_alice.get("/gallery/").text
    assert 'name="width" value="512"' in page
    assert 'value="venice-sd35" selected' in page
    assert 'value="77"' not in page


def test_use_these_settings_fills_the_composer_seed_and_all(made, as_bob) -> None:
    image = made(seed=4711, prompt="Two herons")
    page = as_bob.get(f"/gallery/?from={image.pk}").text
    assert 'value="4711"' in page
    assert "Two herons</textarea>" in page


def test_settings_of_a_model_that_is_gone_say_so(made, as_alice) -> None:
    image = made()
    Image.objects.filter(pk=image.pk).update(order=image.order | {"model": "fluently-xl"})
    page = as_alice.get(f"/gallery/?from={image.pk}").text
    assert "fluently-xl is not on offer any more: Z-Image Turbo takes its place." in page


def test_a_model_that_will_leave_says_when_and_what_comes_then(as_alice) -> None:
    spec = {"name": "Old", "deprecation": {"date": "2999-01-01", "replacementModelId": "chroma"}}
    row = {"id": "old", "type": "image", "model_spec": spec}
    CatalogueEntry.objects.create(simulated=True, kind="image", name="old", data=row)
    assert "Leaves on 2999-01-01; use chroma then." in as_alice.get("/gallery/?model=old").text
