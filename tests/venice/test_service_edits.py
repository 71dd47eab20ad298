"""Edits through the door: who is asked, what the ledger says, and what is never sent twice."""

import io

import pytest
from PIL import Image

from tests.venice.clocks import QuickClock
from venice_site.venice import errors, quotas
from venice_site.venice.models import Attempt, Call, Cooldown, Quota
from venice_site.venice.service import Venice
from venice_site.venice.types import EditOrder

EDITOR = "firered-image-edit"


def picture(colour="green") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (256, 256), colour).save(out, "PNG")
    return out.getvalue()


EDIT = EditOrder("edit", (picture(),), model=EDITOR, prompt="make it night")
COMBINE = EditOrder("combine", (picture(), picture("red")), model=EDITOR, prompt="both")
UPSCALE = EditOrder("upscale", (picture(),), scale=4)
CUTOUT = EditOrder("cutout", (picture(),))
EVERY_KIND = pytest.mark.parametrize("order", [EDIT, COMBINE, UPSCALE, CUTOUT])


@pytest.fixture
def clock():
    return QuickClock()


@pytest.fixture
def venice(alice, clock, simulator):
    return Venice(alice, clock)


def make(venice, order, stopped=lambda: False):
    call = venice.reserve_edit(order)
    return venice.edit_image(order, call.pk, stopped=stopped), call


@pytest.mark.parametrize(
    ("order", "kind", "model", "size"),
    [
        (EDIT, "edit", EDITOR, 256),
        (COMBINE, "edit", EDITOR, 256),
        (UPSCALE, "upscale", "upscaler", 1024),
        (CUTOUT, "cutout", "bria-bg-remover", 256),
    ],
)
def test_the_ledger_says_what_was_done_and_by_whom(venice, key, order, kind, model, size):
    made, call = make(venice, order)
    call.refresh_from_db()
    assert (made.width, made.seed, made.model) == (size, None, model)
    assert (call.kind, call.model, call.served_by) == (kind, model, model)
    assert call.request_id
    assert made.usage.images == 1
    assert made.usage.cost == call.cost == venice.edit_price(order) > 0


def test_tools_cost_what_venice_says(venice):
    assert venice.edit_price(UPSCALE) == 80_000
    assert venice.edit_price(CUTOUT) == 30_000


def test_an_edit_takes_its_place_in_a_quota_of_images(venice):
    Quota.objects.create(metric="images", limit=1)
    made, call = make(venice, UPSCALE)
    quotas.settle(call.pk, made.usage)
    with pytest.raises(errors.QuotaExceeded):
        venice.reserve_edit(CUTOUT)
    assert Call.objects.count() == 1


@EVERY_KIND
def test_a_refused_key_gives_way_to_the_next(venice, make_key, simulator, order):
    make_key("key-one", priority=1)
    make_key("key-two")
    simulator.fail("unauthorized", key="key-one")
    make(venice, order)
    assert [request.key for request in simulator.requests] == ["key-one", "key-two"]


@EVERY_KIND
@pytest.mark.parametrize("scenario", ["connection-reset", "truncated-image"])
def test_what_may_have_been_charged_is_not_sent_again(venice, key, simulator, order, scenario):
    simulator.fail(scenario)
    with pytest.raises(errors.VeniceError):
        make(venice, order)
    assert len(simulator.requests) == 1


@EVERY_KIND
def test_no_cheaper_model_edits_instead(venice, key, simulator, order):
    simulator.fail("payment-balance")
    with pytest.raises(errors.OutOfCredit):
        make(venice, order)
    assert len(simulator.requests) == 1


def test_a_limit_of_a_tool_does_not_stop_what_others_ask_for(venice, key, simulator):
    simulator.fail("rate-limited-ms", path="/image/upscale", seconds=20)
    with pytest.raises(errors.RateLimited):
        make(venice, UPSCALE)
    assert list(Cooldown.objects.values_list("model", flat=True)) == ["upscaler"]
    make(venice, CUTOUT)


def test_a_blocked_edit_is_blocked(venice, key, simulator):
    simulator.fail("content-violation")
    with pytest.raises(errors.Blocked):
        make(venice, EDIT)
    assert Attempt.objects.get().outcome == "blocked"


def test_a_stopped_edit_is_not_sent(venice, simulator):
    with pytest.raises(errors.Stopped):
        make(venice, EDIT, stopped=lambda: True)
    assert simulator.requests == []
