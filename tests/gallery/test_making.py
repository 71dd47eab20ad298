"""Making pictures in the background, against a stand-in for Venice on a real socket."""

from datetime import timedelta
from hashlib import sha256

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone
from PIL import Image as Pillow
from steady_queue.models import Job

from gallery import files
from gallery.commissions import Commission
from gallery.models import Generation, Image
from gallery.tasks import make_next_image, sweep
from venice_site.venice.models import Call, CallState
from venice_site.venice.runs import RunStatus
from venice_site.venice.service import Venice
from venice_site.venice.types import ImageOrder

LONG_AGO = timedelta(minutes=5)


def test_a_picture_is_kept_with_every_fact(made, simulator) -> None:
    image = made(seed=5, width=512, height=256, embed_exif_metadata="on")
    with default_storage.open(image.file) as file:
        content = file.read()
    assert image.status == RunStatus.SUCCEEDED
    assert image.sha256 == sha256(content).hexdigest()
    assert image.file == f"originals/{image.sha256[:2]}/{image.sha256[2:4]}/{image.sha256}.png"
    assert (image.width, image.height, image.mime) == (512, 256, "image/png")
    assert (image.byte_size, image.seed_used, image.model_used) == (
        len(content),
        5,
        "z-image-turbo",
    )
    assert image.request["prompt"] == "A heron in fog"
    assert image.request["safe_mode"] is False
    assert image.response
    assert image.exif
    assert image.cost == 10_000
    assert image.call.state == CallState.SETTLED


def test_renditions_are_webp_and_keep_the_proportions(made) -> None:
    image = made(width=1280, height=640)
    for longest, size in ((1440, (1280, 640)), (512, (512, 256)), (256, (256, 128))):
        with (
            default_storage.open(files.rendition_name(image.sha256, longest)) as file,
            Pillow.open(file) as rendition,
        ):
            assert (rendition.format, rendition.size) == ("WEBP", size)


def test_the_same_seed_makes_the_same_picture_and_one_file(made) -> None:
    first, second = made(seed=9), made(seed=9)
    other = made(seed=10)
    assert first.pk != second.pk
    assert first.sha256 == second.sha256 != other.sha256


def test_variants_are_asked_for_one_by_one(ordered, work, simulator) -> None:
    ordered(seed=1, variants=3)
    work()
    assert Image.objects.pictures().count() == 3
    sent = [r.body for r in simulator.requests if r.path.endswith("/image/generate")]
    assert sorted(body["seed"] for body in sent) == [1, 2, 3]
    assert all(body.get("variants", 1) == 1 for body in sent)


def test_a_picture_of_another_format_than_ordered_is_taken_for_what_it_is(made, simulator) -> None:
    simulator.fail("webp-instead")
    image = made(format="png")
    assert (image.mime, image.file.rpartition(".")[2]) == ("image/webp", "webp")


def test_a_blocked_picture_is_a_blocked_card_and_no_picture(made, as_alice, simulator) -> None:
    simulator.fail("content-violation")
    image = made()
    assert (image.status, image.error_kind, image.file) == (RunStatus.FAILED, "blocked", "")
    card = as_alice.get(f"/gallery/images/{image.pk}/card").text
    assert 'data-status="failed"' in card
    assert "Blocked" in card


def test_a_blurred_picture_is_marked(made, as_alice, simulator) -> None:
    simulator.fail("blurred")
    image = made(safe_mode="on")
    assert image.blurred
    assert "Blurred" in as_alice.get(f"/gallery/images/{image.pk}/card").text


@pytest.mark.parametrize(
    "scenario", ["not-an-image", "truncated-image", "oversized-image", "empty-images"]
)
def test_bytes_that_are_no_picture_fail_the_image_with_a_sentence(
    made, simulator, scenario: str
) -> None:
    simulator.fail(scenario)
    image = made()
    assert image.status == RunStatus.FAILED
    assert image.error
    assert image.file == ""


def test_a_worker_takes_turns_between_people(order, as_alice, as_bob, alice, bob) -> None:
    order(as_alice, variants=4)
    order(as_bob)
    turns = []
    for _ in range(3):
        image = Image.objects.fairest_due(timezone.now())
        assert image.begin()
        turns.append(image.generation.user)
    assert turns == [alice, bob, alice]


def test_places_in_the_queue_follow_the_turns(order, as_alice, as_bob, alice, bob) -> None:
    order(as_alice, variants=3)
    order(as_bob)
    places = Image.objects.places()
    by_owner = sorted(
        (place, Image.objects.get(pk=pk).generation.user) for pk, place in places.items()
    )
    assert [owner for _, owner in by_owner] == [alice, bob, alice, alice]


def test_two_wake_ups_never_make_one_image_twice(ordered, simulator) -> None:
    ordered()
    make_next_image.func()
    make_next_image.func()
    assert len([r for r in simulator.requests if r.path.endswith("/image/generate")]) == 1


def test_nothing_is_made_that_was_cancelled(ordered, work, as_alice, simulator) -> None:
    image = ordered()[0]
    as_alice.post(f"/gallery/images/{image.pk}/cancel")
    work()
    image.refresh_from_db()
    assert image.status == RunStatus.CANCELLED
    assert simulator.requests == []


def stale(image: Image, *, dispatched: bool) -> None:
    assert image.begin()
    past = timezone.now() - LONG_AGO
    Image.objects.filter(pk=image.pk).update(heartbeat_at=past)
    Call.objects.filter(pk=image.call_id).update(dispatched_at=past if dispatched else None)


def test_an_image_of_a_dead_worker_that_never_asked_waits_again(ordered, work) -> None:
    image = ordered()[0]
    stale(image, dispatched=False)
    sweep.func()
    image.refresh_from_db()
    assert image.status == RunStatus.QUEUED
    work()
    image.refresh_from_db()
    assert image.status == RunStatus.SUCCEEDED


def test_an_image_of_a_dead_worker_that_had_asked_is_interrupted(ordered, work, as_alice) -> None:
    image = ordered()[0]
    stale(image, dispatched=True)
    sweep.func()
    image.refresh_from_db()
    assert image.status == RunStatus.INTERRUPTED
    assert image.call.may_be_charged
    card = as_alice.get(f"/gallery/images/{image.pk}/card").text
    assert "may have been charged" in card
    assert "Try again" in card


def test_an_image_whose_heart_beats_is_left_alone(ordered) -> None:
    image = ordered()[0]
    assert image.begin()
    sweep.func()
    image.refresh_from_db()
    assert image.status == RunStatus.RUNNING


def test_the_sweep_calls_for_workers_where_images_wait(ordered) -> None:
    ordered(variants=2)
    assert not Job.objects.exists()
    sweep.func()
    assert Job.objects.filter(class_name="gallery.tasks.make_next_image").count() == 2


def test_a_late_answer_still_becomes_the_picture(ordered, simulator, alice) -> None:
    image = ordered()[0]
    assert image.begin()
    made = Venice(alice).generate_image(image.asked, image.call_id, stopped=lambda: False)
    Image.objects.get(pk=image.pk).interrupt()
    assert image.keep(made)
    image.refresh_from_db()
    assert image.status == RunStatus.SUCCEEDED
    assert not image.call.may_be_charged


def test_a_picture_that_arrives_after_cancel_is_paid_for_and_not_shown(ordered, alice) -> None:
    image = ordered()[0]
    assert image.begin()
    made = Venice(alice).generate_image(image.asked, image.call_id, stopped=lambda: False)
    Image.objects.get(pk=image.pk).cancel()
    assert not image.keep(made)
    image.refresh_from_db()
    assert (image.status, image.file) == (RunStatus.CANCELLED, "")
    image.call.refresh_from_db()
    assert (image.call.state, image.call.cost) == (CallState.SETTLED, 10_000)


def test_trying_again_keeps_order_and_seed_and_makes_one_image(
    made, work, as_alice, simulator
) -> None:
    simulator.fail("content-violation", times=1)
    failed = made(seed=8)
    for _ in range(2):
        as_alice.post(f"/gallery/images/{failed.pk}/again", headers={"HX-Request": "true"})
    work()
    failed.refresh_from_db()
    again = failed.replaced_by
    assert (again.seed, again.order, again.status) == (8, failed.order, RunStatus.SUCCEEDED)
    assert Image.objects.count() == 2


def test_a_half_written_file_is_written_again(made) -> None:
    image = made(seed=3)
    default_storage.delete(image.file)
    default_storage.save(image.file, ContentFile(b"cut"))
    again = made(seed=3)
    assert again.file == image.file
    assert default_storage.size(again.file) == again.byte_size


def test_submitting_twice_at_the_level_of_rows_is_one_generation(alice, db) -> None:
    order = ImageOrder(model="z-image-turbo", prompt="A heron", seed=1)
    commission = Commission((order,), variants=2, typed="A heron")
    first = Generation.objects.submit(alice, commission, request_id="same")
    second = Generation.objects.submit(alice, commission, request_id="same")
    assert first == second
    assert Call.objects.count() == 2
