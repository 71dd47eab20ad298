"""Which models and styles there are, from cached rows."""

import json
from contextlib import suppress
from datetime import date, timedelta

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from venice_site.simulator import Simulator
from venice_site.venice import catalogue, fallback, prices, tasks
from venice_site.venice.client import Client
from venice_site.venice.errors import ModelGone, ServerFault, Unreachable
from venice_site.venice.models import CatalogueEntry
from venice_site.venice.service import Venice
from venice_site.venice.types import (
    ChatMessage,
    ChatOrder,
    ImageOrder,
    ImagePart,
    Model,
    Price,
    TokenPrices,
    Usage,
)

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 20)


def refresh(simulator, **facts):
    client = Client(simulator.url, "key-one")
    return catalogue.refresh(client, timezone.now(), simulated=False, **facts)


def current() -> catalogue.Catalogue:
    return catalogue.current(simulated=False)


def test_a_fresh_database_works_at_once():
    start = current()
    assert start.default("image").id == "z-image-turbo"
    assert start.default("text").id == "zai-org-glm-5-2"
    assert len(start.offered("image")) > 30
    assert "Cinematic" in start.styles
    assert catalogue.STARTING_COPY.stat().st_size < 150_000


def test_every_model_of_the_starting_copy_has_a_price():
    start = catalogue.starting_copy()
    for model in start.models["image"].values():
        price = model.price
        known = price.image or price.by_resolution.get(model.default_resolution)
        assert known or price.by_quality[model.default_resolution][model.default_quality]
    for model in start.models["text"].values():
        assert model.price.tokens.tokens_in is not None
        assert model.price.tokens.tokens_out is not None


def test_a_refresh_replaces_the_starting_copy(simulator):
    rows = refresh(simulator)
    assert rows == CatalogueEntry.objects.count()
    assert set(current().models["image"]) == {
        model.id for model in simulator.catalogue.of_type("image")
    }
    assert list(current().styles) == simulator.catalogue.styles


def test_a_model_that_is_gone_leaves_with_the_next_refresh(simulator):
    refresh(simulator)
    entry = CatalogueEntry(kind="image", name="old", data={"id": "old", "type": "image"})
    entry.save()
    refresh(simulator)
    assert current().find("image", "old") is None


def test_the_stand_in_and_venice_have_catalogues_of_their_own(simulator):
    refresh(simulator)
    assert not CatalogueEntry.objects.filter(simulated=True).exists()
    assert catalogue.is_due(timezone.now(), simulated=True)
    assert not catalogue.is_due(timezone.now(), simulated=False)


def test_an_hour_later_it_is_due_again(simulator):
    refresh(simulator)
    assert catalogue.is_due(timezone.now() + timedelta(minutes=61), simulated=False)


@pytest.mark.parametrize("scenario", ["models-empty", "server-error", "gateway-timeout"])
def test_a_bad_answer_leaves_the_last_good_copy(scenario, simulator):
    refresh(simulator)
    before = current().models
    simulator.fail(scenario, path="/models")
    with suppress(ServerFault):
        refresh(simulator)
    assert current().models == before


def test_without_venice_the_last_good_copy_stays(simulator):
    refresh(simulator)
    with pytest.raises(Unreachable):
        catalogue.refresh(Client("http://127.0.0.1:9/api/v1", "k"), timezone.now(), simulated=False)
    assert current().offered("image")


@pytest.mark.parametrize(
    "scenario", ["models-seed-shape", "models-unknown-type", "styles-objects", "styles-bare"]
)
def test_other_shapes_are_understood(scenario, simulator):
    simulator.fail(scenario)
    refresh(simulator)
    assert current().default("image").id == "z-image-turbo"
    assert current().default("image").price.image == 10_000
    assert current().styles


def test_the_models_of_the_older_document_are_understood():
    with Simulator(dialect="seed") as older:
        refresh(older)
    model = current().find("image", "z-image-turbo")
    assert model is not None
    assert model.name
    assert model.price.image == 10_000  # what it does not say is known from the starting copy


def test_the_task_asks_the_stand_in_once_and_then_rests(simulator):
    tasks.refresh_catalogue.func()
    asked = len(simulator.requests)
    tasks.refresh_catalogue.func()
    assert asked == len(simulator.requests) > 0
    assert CatalogueEntry.objects.filter(simulated=True).exists()


def test_the_task_asks_venice_at_once_when_a_key_is_added(simulator, make_key):
    tasks.refresh_catalogue.func()
    make_key()
    tasks.refresh_catalogue.func()
    assert CatalogueEntry.objects.filter(simulated=False).exists()
    assert simulator.requests[-1].key == "key-one"


def test_the_task_does_not_hammer_a_venice_that_fails(simulator):
    simulator.fail("server-error")
    tasks.refresh_catalogue.func()
    asked = len(simulator.requests)
    tasks.refresh_catalogue.func()
    assert len(simulator.requests) == asked


def test_what_is_on_offer_is_read_with_no_query_while_it_is_fresh(
    alice, simulator, django_assert_num_queries
):
    refresh(simulator)
    venice = Venice(alice)
    venice.image_models()
    with django_assert_num_queries(0):
        venice.image_models()
        venice.text_models()
        venice.styles()


# --- one entry --------------------------------------------------------------------------------

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
specs = st.dictionaries(
    st.sampled_from(
        ["name", "pricing", "constraints", "capabilities", "deprecation", "traits", "offline"]
    ),
    json_values
    | st.dictionaries(
        st.sampled_from(["generation", "resolutions", "quality", "steps", "aspectRatios", "usd"]),
        json_values,
    ),
)


@given(st.fixed_dictionaries({"id": st.text()}, optional={"model_spec": specs | json_values}))
def test_no_entry_breaks_the_reading(raw):
    assert catalogue.parse_model(raw).id == raw["id"]


def test_the_facts_of_an_entry_are_read():
    model = catalogue.parse_model(
        {
            "id": "gpt-image-2",
            "type": "image",
            "model_spec": {
                "name": "GPT Image 2",
                "pricing": {
                    "resolutions": {"1K": {"usd": 0.27}, "2K": {"usd": 0.51}},
                    "quality": {"1K": {"low": {"usd": 0.02}, "high": {"usd": 0.26}}},
                },
                "constraints": {
                    "promptCharacterLimit": 10000,
                    "aspectRatios": ["1:1", "16:9"],
                    "defaultAspectRatio": "1:1",
                    "resolutions": ["1K", "2K"],
                    "defaultResolution": "1K",
                    "qualities": ["low", "high"],
                    "defaultQuality": "high",
                },
            },
        }
    )
    order = ImageOrder(model.id, "p", 1)
    assert not model.sized_in_pixels
    assert prices.image_price(model, order) == 260_000
    assert prices.image_price(model, ImageOrder(model.id, "p", 1, quality="low")) == 20_000
    assert prices.image_price(model, ImageOrder(model.id, "p", 1, resolution="2K")) == 510_000


def test_prices_of_fractions_of_a_cent_are_exact():
    assert prices.micro_usd(0.09375) == 93_750
    assert prices.micro_usd("0.0375") == 37_500
    assert prices.micro_usd("free") is None
    assert prices.micro_usd(-1) is None


@pytest.mark.parametrize(
    "facts",
    [
        {"offline": True},
        {"beta": True},
        {"betaModel": True},
        {"deprecation": {"date": "2026-11-20T00:00:00.000Z"}},
    ],
)
def test_what_cannot_be_chosen_is_hidden(facts):
    model = catalogue.parse_model({"id": "m", "type": "image", "model_spec": facts})
    assert not catalogue.is_offered(model, TODAY)


def test_a_model_that_retires_later_can_still_be_chosen():
    spec = {"deprecation": {"date": "2026-11-21T00:00:00.000Z", "replacementModelId": "n"}}
    model = catalogue.parse_model({"id": "m", "type": "image", "model_spec": spec})
    assert catalogue.is_offered(model, TODAY)
    assert model.replacement == "n"


def test_the_background_remover_is_no_image_model():
    assert not catalogue.is_offered(Model("bria-bg-remover", "image", "Remover"), TODAY)


def test_an_empty_catalogue_says_so():
    with pytest.raises(ModelGone):
        catalogue.Catalogue({"image": {}, "text": {}}, ()).default("image")


# --- prices and the cheaper model -------------------------------------------------------------

WRITER = Model("w", "text", "W", price=Price(tokens=TokenPrices(1_000_000, 4_000_000, 100_000)))


def test_cached_tokens_cost_less_and_silence_costs_nothing():
    used = Usage(tokens_in=1000, tokens_cached=400, tokens_out=100)
    assert prices.reply_cost(WRITER, used) == 600 + 40 + 400
    assert prices.reply_cost(WRITER, Usage(tokens_in=1000)) == 0


def test_what_venice_says_it_cost_counts():
    used = Usage(tokens_in=10, tokens_out=10, cost=77, cost_source="response")
    assert prices.priced(WRITER, used) is used


def test_an_unknown_price_is_never_free():
    unknown = Model("u", "text", "U")
    assert prices.reply_cost(unknown, Usage(tokens_in=1000, tokens_out=10)) > 0
    assert prices.image_price(Model("u", "image", "U"), ImageOrder("u", "p", 1)) > 0


def test_a_cheaper_writer_must_see_when_there_are_pictures():
    cheap = Model("c", "text", "C", price=Price(tokens=TokenPrices(1, 1)))
    picture = ChatMessage("user", "what is it?", (ImagePart(b"x", "image/png"),))
    assert fallback.suits_reply(ChatOrder("w", (ChatMessage("user", "hi"),)), WRITER, cheap)
    assert not fallback.suits_reply(ChatOrder("w", (picture,)), WRITER, cheap)


def test_an_order_keeps_its_shape_with_another_model():
    pixels = Model("p", "image", "P")
    ratios = Model("r", "image", "R", aspect_ratios=("1:1", "16:9", "9:16"))
    wide = ImageOrder("r", "p", 1, aspect_ratio="16:9", resolution="2K")
    found = fallback.image_order_for(wide, pixels)
    assert (found.model, found.resolution, found.aspect_ratio) == ("p", "", "")
    assert found.width == 1280
    assert found.height == 720
    tall = ImageOrder("p", "p", 1, width=720, height=1280)
    assert fallback.image_order_for(tall, ratios).aspect_ratio == "9:16"
    assert (
        fallback.image_order_for(ImageOrder("r", "p", 1, aspect_ratio="auto"), pixels).width == 1024
    )


def test_the_starting_copy_is_valid_json_of_known_kinds():
    data = json.loads(catalogue.STARTING_COPY.read_text())
    assert {row["type"] for row in data["models"]} == {"image", "text"}
