"""Keys: disabled, limited, short of money, failing too often."""

import pytest

from venice_site.simulator import KeyRecord, Simulator
from venice_site.simulator.keys import Keys
from venice_site.simulator.replies import Refusal

from .conftest import Asker


def test_a_disabled_key_is_refused_and_another_works(simulator: Simulator) -> None:
    simulator.keys["first"].enabled = False

    assert Asker(simulator, "first").image().status_code == 401
    assert Asker(simulator, "second").image().status_code == 200


def test_a_limited_key_gets_a_real_429(ask: Asker, simulator: Simulator) -> None:
    simulator.keys["a-key"] = KeyRecord("a-key", request_limit=2)

    answers = [ask.image() for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert [a.headers["x-ratelimit-remaining-requests"] for a in answers] == ["1", "0", "0"]
    assert ask.image(model="chroma").status_code == 200
    assert Asker(simulator, "another").image().status_code == 200


def test_a_window_opens_again_when_its_time_is_over() -> None:
    now = [1000.0]
    keys = Keys(clock=lambda: now[0])
    record = keys["k"] = KeyRecord("k", request_limit=1, window=60)
    keys.check_rate(record, "m")
    with pytest.raises(Refusal):
        keys.check_rate(record, "m")

    now[0] += 60

    keys.check_rate(record, "m")


def test_a_metered_key_pays_until_its_balance_is_gone(ask: Asker, simulator: Simulator) -> None:
    record = simulator.keys["a-key"]
    record.metered, record.balance_usd, record.balance_diem = True, 0.02, 0.005

    answers = [ask.image() for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 402]
    assert "Insufficient USD or Diem balance" in answers[2].json()["error"]
    assert record.balance_diem == 0
    assert record.balance_usd == pytest.approx(0.005)


def test_a_dearer_model_is_refused_where_a_cheaper_one_works(
    ask: Asker, simulator: Simulator
) -> None:
    record = simulator.keys["a-key"]
    record.metered, record.balance_usd, record.balance_diem = True, 0.12, 0

    assert ask.image(model="gpt-image-2").status_code == 402
    assert ask.image(model="z-image-turbo").status_code == 200


def test_a_spend_limit_concerns_its_key_alone(ask: Asker, simulator: Simulator) -> None:
    simulator.keys["a-key"].spend_limit_usd = 0.0

    assert "spend limit exceeded" in ask.image().json()["error"]
    assert Asker(simulator, "another").image().status_code == 200


def test_too_many_failures_close_the_door(ask: Asker, simulator: Simulator) -> None:
    simulator.keys["a-key"].error_budget = 2

    statuses = [ask.image(model="nobody").status_code for _ in range(4)]

    assert statuses == [404, 404, 404, 429]
    assert "Too many failed attempts" in ask.image().json()["error"]


def test_balance_headers_are_absent_when_there_is_no_balance(
    ask: Asker, simulator: Simulator
) -> None:
    simulator.keys["a-key"].balance_diem = 0

    headers = ask.image().headers

    assert "x-venice-balance-usd" in headers
    assert "x-venice-balance-diem" not in headers


def test_images_are_priced_by_resolution_and_quality(simulator: Simulator) -> None:
    model = simulator.catalogue.models["gpt-image-2"]

    assert model.image_price("1K", "low") == 0.02
    assert model.image_price(None, None) == 0.26
    assert simulator.catalogue.models["nano-banana-2"].image_price("4K", None) == 0.19
