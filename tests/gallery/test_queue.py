"""The queue as people see and steer it: estimates, limits, standing still, cancelling and trying again."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from steady_queue.models import Job

from gallery import estimates
from gallery.models import Batch, Image, Line
from gallery.progress import Progress
from gallery.tasks import make_next_image
from venice_site.venice.models import Metric, Quota, Who
from venice_site.venice.runs import RunStatus

NOW = timezone.now


def statuses() -> list[str]:
    return list(Image.objects.order_by("pk").values_list("status", flat=True))


def took_half_a_minute() -> None:
    Image.objects.update(duration_ms=30_000)
    cache.delete("usual-seconds")


def test_nothing_begins_while_the_line_stands_still(
    ordered, work, as_alice, as_administrator
) -> None:
    as_administrator.post("/gallery/queue/pause")
    ordered()
    work()
    assert statuses() == ["queued"]
    assert "An administrator paused the queue" in as_alice.get("/gallery/").text
    as_administrator.post("/gallery/queue/continue")
    work()
    assert statuses() == ["succeeded"]
    assert "paused the queue" not in as_alice.get("/gallery/").text


@pytest.mark.parametrize("where", ["", "queue/", "queue/news", "batch"])
def test_a_member_sees_that_the_line_stands_still_and_cannot_move_it(
    order, as_alice, as_bob, as_administrator, where: str
) -> None:
    order(as_alice, prompt="A {red|blue} heron")
    address = Batch.objects.get().get_absolute_url() if where == "batch" else f"/gallery/{where}"
    assert "paused the queue" not in as_bob.get(address).text
    as_administrator.post("/gallery/queue/pause")
    for person, may_move_on in ((as_alice, False), (as_bob, False), (as_administrator, True)):
        page = person.get(address).text
        assert "An administrator paused the queue" in page
        assert ('id="move-on"' in page) == may_move_on
        assert ('action="/gallery/queue/continue"' in page) == may_move_on
        assert 'id="pause"' not in page
    assert as_bob.post("/gallery/queue/continue").status_code == 403
    assert Line.paused_since() is not None


def test_going_on_calls_for_workers(
    ordered, as_administrator, django_capture_on_commit_callbacks, settings
) -> None:
    as_administrator.post("/gallery/queue/pause")
    with django_capture_on_commit_callbacks(execute=True):
        as_administrator.post("/gallery/queue/continue")
    assert Job.objects.count() == settings.WORKER_THREADS


def test_pausing_twice_keeps_the_first_moment(administrator, alice, db) -> None:
    Line.pause(administrator)
    since = Line.paused_since()
    Line.pause(alice)
    assert Line.paused_since() == since


def test_no_more_run_at_once_than_the_settings_say(ordered, order, as_bob, settings) -> None:
    settings.IMAGES_AT_ONCE = 3
    ordered(variants=4)
    order(as_bob, variants=4)
    taken = [Image.objects.take(NOW()) for _ in range(5)]
    assert [image is not None for image in taken] == [True, True, True, False, False]


def test_no_person_runs_more_at_once_than_the_settings_say(
    ordered, order, as_bob, settings
) -> None:
    settings.IMAGES_AT_ONCE_EACH = 1
    ordered(variants=3)
    order(as_bob, variants=3)
    taken = [Image.objects.take(NOW()) for _ in range(4)]
    people = [image.generation.user.username for image in taken if image]
    assert sorted(people) == ["alice", "bob"]


def test_a_finished_picture_makes_room_for_the_next(
    ordered, settings, django_capture_on_commit_callbacks
) -> None:
    settings.IMAGES_AT_ONCE_EACH = 1
    ordered(variants=2)
    make_next_image.func()
    assert statuses() == ["succeeded", "queued"]
    assert Job.objects.filter(class_name="gallery.tasks.make_next_image").exists()


def test_the_queue_tells_place_and_estimate_and_hides_what_others_ask_for(
    ordered, order, as_alice, as_bob
) -> None:
    ordered(prompt="Alice's secret heron", variants=2)
    order(as_bob, prompt="Bob's own fox")
    page = as_bob.get("/gallery/queue/").text
    assert "Bob&#x27;s own fox" in page
    assert "secret heron" not in page
    assert page.count("about ") == 3


def test_the_queue_asks_no_query_more_for_more_waiters(ordered, as_alice) -> None:
    asked = []
    for _ in range(2):
        ordered(variants=4)
        as_alice.get("/gallery/queue/")
        with CaptureQueriesContext(connection) as queries:
            as_alice.get("/gallery/queue/")
        asked.append(len(queries))
    assert asked[0] == asked[1]


def test_an_estimate_follows_what_the_model_took_of_late(ordered, made, settings) -> None:
    settings.WORKER_THREADS = 2
    made()
    took_half_a_minute()
    waiting = ordered(variants=3)
    waits = [estimates.wait(image, place) for place, image in enumerate(waiting, start=1)]
    assert waits == [30.0, 30.0, 60.0]


def test_what_runs_is_told_how_long_it_still_needs(made, ordered) -> None:
    made()
    took_half_a_minute()
    image = ordered()[0]
    image.begin()
    image.started_at -= timedelta(seconds=10)
    left = estimates.wait(image, None)
    assert left is not None
    assert 15 < left <= 20
    image.started_at -= timedelta(seconds=60)
    assert estimates.wait(image, None) is None


def test_all_of_mine_are_cancelled_and_nobody_elses(ordered, order, as_alice, as_bob) -> None:
    ordered(variants=3)
    order(as_bob)
    as_alice.post("/gallery/queue/cancel")
    assert statuses() == ["cancelled"] * 3 + ["queued"]


def test_all_that_failed_are_tried_again_but_not_what_may_have_been_charged(
    ordered, work, as_alice, simulator
) -> None:
    simulator.fail("content-violation", times=2)
    ordered(variants=2)
    work()
    doubtful = ordered()[0]
    doubtful.begin()
    Image.objects.filter(pk=doubtful.pk).update(heartbeat_at=NOW() - timedelta(hours=1))
    type(doubtful.call).objects.filter(pk=doubtful.call_id).update(dispatched_at=NOW())
    doubtful.recover(NOW())
    page = as_alice.get("/gallery/queue/").text
    assert "Try the 2 that failed again" in page
    assert "Try the 1 that may have been charged again" in page

    as_alice.post("/gallery/queue/again", {"which": "failed"})
    assert statuses() == ["failed", "failed", "interrupted", "queued", "queued"]
    as_alice.post("/gallery/queue/again", {"which": "failed"})
    assert len(statuses()) == 5
    as_alice.post("/gallery/queue/again", {"which": "doubtful"})
    assert len(statuses()) == 6


def test_trying_all_again_stops_where_the_quota_ends(ordered, work, as_alice, simulator) -> None:
    simulator.fail("content-violation", times=3)
    ordered(variants=3)
    work()
    Quota.objects.create(who=Who.EACH, metric=Metric.IMAGES, limit=2)
    answer = as_alice.post("/gallery/queue/again", {"which": "failed"}, follow=True)
    assert "Trying 2 pictures again." in answer.text
    assert "has no room" in answer.text
    assert statuses().count("queued") == 2


def test_progress_counts_from_the_oldest_that_is_not_there_yet(ordered, alice, made) -> None:
    made()
    images = ordered(variants=4)
    for image in images[1:3]:
        Image.objects.filter(pk=image.pk).update(status="succeeded", finished_at=NOW())
    progress = Progress(alice)
    assert (progress.made, progress.active, progress.total) == (2, 2, 4)


def test_the_line_of_progress_comes_with_the_page_and_goes_when_all_is_made(
    ordered, work, as_alice
) -> None:
    ordered(variants=2)
    assert "0 of 2 made" in as_alice.get("/gallery/queue/news").text
    work()
    assert "made, about" not in as_alice.get("/gallery/queue/news").text


def test_cards_far_back_in_line_ask_less_often(ordered, as_alice) -> None:
    ordered(variants=20)
    page = as_alice.get("/gallery/").text
    assert 'hx-trigger="every 1s"' in page
    assert 'hx-trigger="every 6s"' in page


def test_cancelling_from_the_queue_leads_back_to_it(ordered, as_alice) -> None:
    image = ordered()[0]
    answer = as_alice.post(f"/gallery/images/{image.pk}/cancel", {"next": "queue"})
    assert answer.url == "/gallery/queue/"
    image.refresh_from_db()
    assert image.status == RunStatus.CANCELLED
