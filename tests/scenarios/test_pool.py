"""What follows for the next orders: keys, accounts and quotas after something happened to one order."""

from datetime import timedelta

import pytest
from django.utils import timezone

from gallery.models import Image
from tests.ledger import complaints
from tests.scenarios.coverage import plays
from tests.scenarios.stage import (
    CHEAP,
    CHEAP_WRITER,
    DEAR,
    FAILURES_AT_MOST,
    PICTURE,
    REPLY,
    WRITER,
    Stage,
    the_books_balance,
)
from venice_site.simulator import KeyRecord
from venice_site.venice.catalogue import Catalogue
from venice_site.venice.errors import QuotaExceeded
from venice_site.venice.models import (
    ApiKey,
    Attempt,
    Call,
    Cooldown,
    Notice,
    Quota,
    QuotaBucket,
)
from venice_site.venice.runs import RunStatus
from venice_site.venice.service import Venice
from venice_site.venice.types import ChatMessage, ChatOrder

DEARER = "flux-2-pro"


def used() -> dict[str, int]:
    return dict(QuotaBucket.objects.exclude(quota=None).values_list("quota__metric", "used"))


def asked(stage: Stage) -> list[str]:
    return [request.key for request in stage.simulator.requests]


@plays("contract", 10)
def test_three_variants_are_three_calls_with_three_seeds(stage: Stage) -> None:
    stage.make_key("one")
    Quota.objects.create(metric="images", limit=10)
    first = stage.submit(variants=3)
    for _ in range(3):
        stage.wait_for(first)
    images = Image.objects.order_by("pk")
    assert [(i.status, i.seed_used, i.cost) for i in images] == [
        ("succeeded", seed, 10_000) for seed in (7, 8, 9)
    ]
    assert [r.body["seed"] for r in stage.simulator.requests] == [7, 8, 9]
    assert all("variants" not in r.body for r in stage.simulator.requests)
    assert stage.truly_charged() == 30_000
    assert used() == {"images": 3}


@plays("faults", 28)
def test_of_four_pictures_one_blocked_three_stay_and_are_paid(stage: Stage) -> None:
    stage.make_key("one")
    Quota.objects.create(metric="images", limit=10)
    stage.simulator.fail("content-violation", times=1)
    first = stage.submit(variants=4)
    for _ in range(4):
        stage.wait_for(first)
    statuses = Image.objects.order_by("pk").values_list("status", flat=True)
    assert list(statuses) == ["failed", "succeeded", "succeeded", "succeeded"]
    assert "content policy" in stage.page_of(Image.objects.get(pk=first.pk))
    assert used() == {"images": 3}
    assert len(stage.simulator.requests) == 4
    the_books_balance()


@plays("contract", 23)
@plays("faults", 9)
def test_while_an_account_is_paused_nothing_is_sent(stage: Stage) -> None:
    stage.make_key("one")
    stage.make_key("two")
    stage.simulator.fail("error-budget")
    first = stage.submit()
    second = stage.submit(model=DEAR)
    for image in (first, second):
        run_once(image)
    assert {first.status, second.status} == {RunStatus.QUEUED}
    assert len(stage.simulator.requests) == 1
    assert "Waits until" in stage.page_of(first)
    assert min(i.run_after for i in (first, second)) > timezone.now() + timedelta(seconds=28)
    assert Call.objects.filter(state="reserved").count() == 2
    assert Attempt.objects.count() == 1
    the_books_balance()


def run_once(image: Image) -> None:
    from gallery.tasks import make_next_image

    make_next_image.func()
    image.refresh_from_db()


@plays("contract", 16)
@plays("faults", 13)
def test_after_a_402_the_next_order_goes_to_the_cheaper_model_at_once(stage: Stage) -> None:
    stage.make_key("one")
    stage.simulator.fail("payment-balance", model=DEAR)
    stage.have(PICTURE, DEAR)
    image, _ = stage.have(PICTURE, DEAR)
    assert (image.fallback_from, image.model_used) == (DEAR, CHEAP)
    assert [r.body["model"] for r in stage.simulator.requests] == [DEAR, CHEAP, CHEAP]
    assert Call.objects.get(pk=image.call_id).cost == 10_000
    stage.laws()


@plays("contract", 16)
def test_what_is_charged_on_suspicion_is_the_price_of_the_cheaper_model(stage: Stage) -> None:
    stage.make_key("one")
    Quota.objects.create(metric="cost", limit=200_000)
    stage.simulator.fail("payment-balance", model=DEAR)
    stage.simulator.fail("connection-reset", model=CHEAP)
    image, _ = stage.have(PICTURE, DEAR)
    assert "may have been charged" in stage.page_of(image)
    call = Call.objects.get()
    assert (call.state, call.may_be_charged, call.cost) == ("settled", True, 10_000)
    assert used() == {"cost": 10_000}
    assert complaints() == []


@plays("contract", 35)
@pytest.mark.parametrize(("limit", "status"), [(40_000, "succeeded"), (20_000, "failed")])
def test_a_dearer_successor_answers_only_where_the_quota_has_room(
    stage: Stage, monkeypatch, limit, status
) -> None:
    stage.make_key("one")
    quota = Quota.objects.create(metric="cost", limit=limit)
    monkeypatch.setattr(Catalogue, "successor", lambda self, kind, _: self.find(kind, DEARER))
    stage.simulator.fail("model-not-found", model=CHEAP)
    image, pauses = stage.have(PICTURE, CHEAP)
    assert (image.status, pauses) == (status, 0)
    call = Call.objects.get()
    if status == "succeeded":
        assert (image.model_used, call.cost, used()) == (DEARER, 30_000, {"cost": 30_000})
        assert len(stage.simulator.requests) == 2
    else:
        assert f"the quota of {quota} has no room for that" in stage.page_of(image)
        assert (call.state, call.cost, used()) == ("released", 0, {"cost": 0})
        assert len(stage.simulator.requests) == 1
    the_books_balance()
    assert complaints() == []


@plays("contract", 12)
@plays("faults", 2)
@pytest.mark.parametrize("order", [PICTURE, REPLY])
def test_once_all_keys_are_refused_nothing_more_is_sent(stage: Stage, order) -> None:
    stage.make_key("one")
    stage.make_key("two")
    stage.simulator.fail("unauthorized")
    for _ in range(5):
        run, _ = stage.have(order)
        assert (run.status, run.error_kind) == ("failed", "no-key")
    assert len(stage.simulator.requests) == 2
    assert set(ApiKey.objects.values_list("state", flat=True)) == {"refused"}
    assert not Call.objects.exclude(state="released").exists()
    the_books_balance()


@pytest.mark.parametrize("scenario", ["bad-request-issues", "content-policy", "model-not-found"])
def test_thirty_orders_that_cannot_succeed_do_not_get_the_account_blocked(
    stage: Stage, scenario
) -> None:
    stage.make_key("one")
    stage.make_key("two")
    Quota.objects.create(metric="cost", limit=10_000_000)
    stage.simulator.fail(scenario)
    for _ in range(30):
        image = stage.submit()
        run_once(image)
        assert image.status in {"failed", "queued"}
    failures = [request for request in stage.simulator.requests if request.status >= 400]
    assert len(failures) <= FAILURES_AT_MOST
    assert used() == {"cost": 0}
    the_books_balance()
    assert not Call.objects.exclude(state__in=["released", "reserved"]).exists()


@plays("faults", 40)
def test_a_window_that_a_good_answer_used_up_is_kept_to_without_any_429(stage: Stage) -> None:
    stage.make_key("one", priority=1)
    stage.make_key("two")
    stage.make_key("other", account="other")
    stage.simulator.keys["one"] = KeyRecord("one", request_limit=1)
    first, _ = stage.have(PICTURE)
    rest = Cooldown.objects.get()
    assert (rest.scope, rest.model, rest.reason) == ("account:main", CHEAP, "used-up")
    second, _ = stage.have(PICTURE)
    assert (first.status, second.status) == ("succeeded", "succeeded")
    assert asked(stage) == ["one", "other"]
    assert {r.status for r in stage.simulator.requests} == {200}
    assert set(Call.objects.values_list("state", "cost")) == {("settled", 10_000)}


@plays("faults", 11)
def test_a_model_that_fails_for_everybody_rests_and_is_tried_out_by_one(stage: Stage) -> None:
    stage.make_key("one")
    Quota.objects.create(metric="cost", limit=10_000_000)
    stage.simulator.fail("server-error", model=WRITER)
    for _ in range(2):
        stage.have(REPLY)
    assert len(stage.simulator.requests) == 5  # the fifth failure ends it for everybody
    reply, _ = stage.have(REPLY)
    assert (reply.status, reply.error_kind) == ("failed", "model-failing")
    assert "left alone for a while" in stage.page_of(reply)
    assert len(stage.simulator.requests) == 5
    assert stage.have(REPLY, CHEAP_WRITER)[0].status == "succeeded"
    stage.elapse(timedelta(seconds=15))
    again, _ = stage.have(REPLY)
    assert again.error_kind == "model-failing"
    assert len(stage.simulator.requests) == 7  # one tried it out
    rest = Cooldown.objects.get()
    assert (rest.scope, rest.model, rest.times) == ("everyone", WRITER, 1)
    assert Notice.objects.get(settled_at=None).text.startswith("Venice fails again and again")
    stage.elapse(timedelta(seconds=30))
    stage.simulator.clear()
    healed, _ = stage.have(REPLY)
    assert healed.status == "succeeded"
    assert not Cooldown.objects.exists()
    assert not Notice.objects.filter(settled_at=None).exists()
    assert ApiKey.objects.get().state == "active"
    the_books_balance()


@plays("faults", 11)
def test_another_model_answers_at_once_while_the_chosen_one_rests(stage: Stage) -> None:
    stage.make_key("one")
    stage.simulator.fail("server-error", model=DEAR)
    for _ in range(3):
        image, _ = stage.have(PICTURE, DEAR)
        assert (image.fallback_from, image.model_used) == (DEAR, CHEAP)
    stage.simulator.clear()
    image, _ = stage.have(PICTURE, DEAR)
    assert (image.status, image.model_used, image.cost) == ("succeeded", CHEAP, 10_000)
    assert "failed again and again" in image.fallback_reason
    assert [request.body["model"] for request in stage.simulator.requests] == [CHEAP]


@plays("faults", 40)
def test_while_a_reply_is_written_its_used_up_window_is_kept_to(stage: Stage) -> None:
    stage.make_key("one", priority=1)
    stage.make_key("other", account="other")
    stage.simulator.keys["one"] = KeyRecord("one", request_limit=1)
    venice = Venice(stage.alice, stage.clock)
    order = ChatOrder(WRITER, (ChatMessage("user", "Tell me a long story."),))
    call = venice.reserve_reply(order)
    gate = stage.simulator.hold(after_tokens=3)
    with venice.stream_reply(order, call.pk) as stream:
        next(stream)
        rest = Cooldown.objects.get()
        gate.open()
        reply, _ = stage.have(REPLY)
        assert sum(len(delta.text) for delta in stream)
    assert (rest.scope, rest.model, rest.reason) == ("account:main", WRITER, "used-up")
    assert reply.status == "succeeded"
    assert asked(stage) == ["one", "other"]
    assert {request.status for request in stage.simulator.requests} == {200}


@plays("faults", 41)
def test_a_key_that_is_switched_off_finishes_its_call_and_gets_no_other(stage: Stage) -> None:
    key = stage.make_key("one", priority=1)
    stage.make_key("two")
    venice = Venice(stage.alice, stage.clock)
    order = ChatOrder("llama-3.3-70b", (ChatMessage("user", "Tell me a long story."),))
    call = venice.reserve_reply(order)
    gate = stage.simulator.hold(after_tokens=3)
    with venice.stream_reply(order, call.pk) as stream:
        text = next(stream).text
        ApiKey.objects.filter(pk=key.pk).update(enabled=False)
        gate.open()
        text += "".join(delta.text for delta in stream)
    image, _ = stage.have(PICTURE)
    assert text
    assert image.status == "succeeded"
    assert asked(stage) == ["one", "two"]
    assert list(Attempt.objects.values_list("outcome", flat=True)) == ["ok", "ok"]


@plays("faults", 42)
def test_a_limit_below_what_is_used_refuses_the_next_order_and_nothing_else(stage: Stage) -> None:
    stage.make_key("one")
    quota = Quota.objects.create(metric="images", limit=10)
    for _ in range(3):
        stage.have(PICTURE)
    Quota.objects.filter(pk=quota.pk).update(limit=1)
    with pytest.raises(QuotaExceeded, match=r"1 image a day.*1 image used"):
        stage.submit()
    assert used() == {"images": 3}
    assert QuotaBucket.objects.get().reserved == 0
    assert Call.objects.count() == len(stage.simulator.requests) == 3


@plays("faults", 36, "i")
def test_a_double_click_is_one_operation(stage: Stage) -> None:
    stage.make_key("one")
    Quota.objects.create(metric="requests", limit=10)
    again = "6f1c7ad8-97a2-4f1b-8a1e-2a4f4d3b9d11"
    replies = [stage.ask(request_id=again) for _ in range(2)]
    form = {"request_id": again, "prompt": "A heron in fog", "model": CHEAP}
    for _ in range(2):
        assert stage.client.post("/gallery/", form).status_code in {200, 302}
    image, _ = stage.wait_for(Image.objects.get())
    assert replies[0] == replies[1]
    assert (image.status, replies[0].status) == ("succeeded", "succeeded")
    assert Call.objects.count() == Attempt.objects.count() == len(stage.simulator.requests) == 2
    assert used() == {"requests": 2}


@plays("faults", 36, "d", "e")
def test_a_late_answer_corrects_what_was_settled_on_suspicion_and_settling_twice_is_once(
    stage: Stage,
) -> None:
    from venice_site.venice import quotas

    stage.make_key("one")
    Quota.objects.create(metric="cost", limit=10_000_000)
    image = stage.submit(DEAR)
    assert image.begin()
    stage.simulator.fail("payment-balance", model=DEAR)
    made = Venice(stage.alice, stage.clock).generate_image(
        image.asked, image.call_id, stopped=lambda: False
    )
    quotas.adapt(image.call_id, quotas.Estimate(images=1, cost=180_000), may_shrink=True)
    stage.elapse(timedelta(hours=1))
    assert quotas.sweep() == 1
    assert used() == {"cost": 180_000}
    assert Call.objects.get().may_be_charged
    assert image.keep(made)
    for _ in range(2):
        quotas.settle(image.call_id, made.usage)
    image.refresh_from_db()
    assert image.status == "succeeded"
    assert used() == {"cost": 10_000}
    assert Call.objects.get().cost == 10_000
    assert not Call.objects.get().may_be_charged
    assert len(stage.simulator.requests) == 2
    the_books_balance()


@plays("faults", 36, "f")
def test_what_was_reserved_before_midnight_is_booked_before_midnight(stage: Stage) -> None:
    stage.make_key("one")
    Quota.objects.create(metric="images", limit=1)
    image = stage.submit()
    day = timedelta(days=1)
    old = QuotaBucket.objects.get()
    QuotaBucket.objects.update(window_start=old.window_start - day, window_end=old.window_end - day)
    new = stage.submit()
    for _ in range(2):
        stage.wait_for(image)
    new.refresh_from_db()
    assert (image.status, new.status) == ("succeeded", "succeeded")
    buckets = QuotaBucket.objects.order_by("window_start")
    assert list(buckets.values_list("used", "reserved")) == [(1, 0), (1, 0)]
    assert len(stage.simulator.requests) == 2


@plays("faults", 36, "j")
def test_a_key_that_nobody_can_decrypt_any_more_is_passed_over_and_its_page_works(
    stage: Stage, as_administrator, settings
) -> None:
    key = stage.make_key("one", priority=1)
    settings.ENCRYPTION_KEYS = ["another secret, long enough to be one, and the old one is gone"]
    stage.make_key("two")
    image, _ = stage.have(PICTURE)
    key.refresh_from_db()
    assert image.status == "succeeded"
    assert asked(stage) == ["two"]
    assert key.state == "undecryptable"
    assert "ENCRYPTION_KEYS has changed" in key.state_reason
    page = as_administrator.get("/admin/venice/apikey/")
    assert page.status_code == 200
    assert "Cannot be decrypted" in page.text
    assert Call.objects.get().cost == 10_000
