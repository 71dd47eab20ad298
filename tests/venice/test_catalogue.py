"""Which models and styles there are, from cached rows."""

import json
from contextlib import suppress
from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from venice_site.simulator import Simulator
from venice_site.venice import catalogue, listing, tasks
from venice_site.venice.answers import model_entries, style_labels
from venice_site.venice.catalogue import Catalogue
from venice_site.venice.client import Client
from venice_site.venice.entries import read_model
from venice_site.venice.errors import BadAnswer, ModelGone, ServerFault, Unreachable
from venice_site.venice.models import CatalogueEntry
from venice_site.venice.service import Venice

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 20)


def refresh(simulator, **facts):
    client = Client(simulator.url, "key-one")
    return listing.refresh(client, timezone.now(), simulated=False, **facts)


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
    for model in [*start.models["image"].values(), *start.models["inpaint"].values()]:
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
        listing.refresh(Client("http://127.0.0.1:9/api/v1", "k"), timezone.now(), simulated=False)
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


# --- lists of any kind ------------------------------------------------------------------------


class Said:
    """A Venice that lists what a test says, each part as it arrived."""

    def __init__(self, **parts) -> None:
        self.parts = parts

    def models(self, kind):
        return model_entries(self.parts.get(kind, []), kind)

    def styles(self):
        return style_labels(self.parts.get("styles", []))

    def traits(self, kind):
        return self.parts.get("traits", {}).get(kind, {})

    def compatibility(self, kind):
        return self.parts.get("names", {}).get(kind, {})


def listed(**parts) -> Catalogue:
    """Return the catalogue after Venice listed these parts."""
    listing.refresh(Said(**parts), timezone.now(), simulated=False)
    return current()


def entry(model_id: str, **spec) -> dict[str, object]:
    return {"id": model_id, "model_spec": {"name": model_id.title(), "pricing": {}, **spec}}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
half_characters = st.text(st.characters(codec=None, categories=["Cs", "Cc", "L"]), max_size=4)


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(json_values | st.fixed_dictionaries({"id": half_characters}), max_size=5),
    st.dictionaries(half_characters, half_characters, max_size=3),
    st.lists(json_values | half_characters, max_size=3),
)
def test_nonsense_in_a_list_does_not_keep_the_others_out(db, entries, names, styles):
    nonsense = {"image": [*entries, entry("sound")], "styles": [*styles, "Sound"]}
    found = listed(**nonsense, names={"image": names}, traits={"image": names})
    assert found.find("image", "sound") is not None
    assert "Sound" in found.styles


def test_numbers_that_no_database_keeps_do_not_stop_a_refresh():
    odd = {"generation": {"usd": float("nan")}, "note": "half \ud800 and zero \0", "n": 10**400}
    found = listed(image=[entry("odd", pricing=odd), entry("odd", name="The second of one id")])
    model = found.find("image", "odd")
    assert model is not None
    assert (model.name, model.price.image) == ("Odd", None)


def test_every_kind_has_its_own_list(simulator):
    refresh(simulator)
    for kind in catalogue.KINDS:
        ids = [model.id for model in simulator.catalogue.of_type(kind)]
        assert list(current().models[kind]) == ids
    assert current().default("inpaint").max_images == 3
    assert current().default("upscale").price.upscale == {"2x": 20_000, "4x": 80_000}


def test_a_part_that_comes_back_empty_keeps_its_last_good_copy():
    listed(image=[entry("one")], styles=["Anime"], traits={"image": {"best": "one"}})
    found = listed(text=[entry("writer")])
    assert list(found.models["image"]) == ["one"]
    assert found.models["image"]["one"].traits == ("best",)
    assert found.styles == ("Anime",)


def test_a_part_that_fails_leaves_the_others_to_be_refreshed():
    listed(image=[entry("one")])
    with pytest.raises(BadAnswer):
        listed(image="no list", text=[entry("writer")])
    assert list(current().models["image"]) == ["one"]
    assert list(current().models["text"]) == ["writer"]


def test_a_trait_moves_from_model_to_model():
    entries = [entry("old", traits=["default", "quick"]), entry("new")]
    found = listed(image=entries, traits={"image": {"default": "new"}})
    assert found.default("image").id == "new"
    assert found.models["image"]["old"].traits == ("quick",)


# --- names that are not the id of a model -----------------------------------------------------


def test_an_id_on_offer_and_a_trait_are_what_they_are():
    start = catalogue.starting_copy()
    assert start.resolve("image", "chroma") == (start.models["image"]["chroma"], "")
    assert start.resolve("image", "fastest") == (start.models["image"]["z-image-turbo"], "")
    assert start.resolve("text", "") == (start.default("text"), "")


@pytest.mark.parametrize(
    ("kind", "former", "now"),
    [
        ("image", "fluently-xl", "z-image-turbo"),
        ("image", "stable-diffusion-3", "venice-sd35"),
        ("text", "mistral-31-24b", "mistral-small-2603"),
        ("text", "grok-41-fast", "grok-4-3"),
        ("text", "gemini-3-pro-preview", "gemini-3-1-pro-preview"),
        ("text", "claude-opus-45", "claude-opus-4-5"),
        ("inpaint", "qwen-edit", "firered-image-edit"),
    ],
)
def test_models_of_the_older_document_lead_to_one_of_today(kind, former, now):
    model, notice = catalogue.starting_copy().resolve(kind, former)
    assert model.id == now
    assert notice == f"{former} is not on offer any more: {model.name} takes its place."


@pytest.mark.parametrize(
    "model_id", ["google-gemma-3-27b-it", "qwen3-235b-a22b-instruct-2507", "openai-gpt-52"]
)
def test_models_of_the_older_document_that_are_still_there_are_used(model_id):
    model, notice = catalogue.starting_copy().resolve("text", model_id)
    assert (model.id, notice) == (model_id, "")


def test_a_name_that_nobody_knows_leads_to_the_default():
    model, notice = catalogue.starting_copy().resolve("image", "no-such-thing")
    assert model.id == "z-image-turbo"
    assert notice == "Venice offers no model “no-such-thing”: Z-Image Turbo takes its place."


def test_a_foreign_name_leads_to_the_model_that_answers_to_it():
    found = listed(text=[entry("glm"), entry("other")], names={"text": {"gpt-4o": "other"}})
    assert found.resolve("text", "gpt-4o") == (
        found.models["text"]["other"],
        "“gpt-4o” is another name of Other.",
    )


def test_a_foreign_name_of_a_model_that_is_gone_leads_to_the_default():
    found = listed(text=[entry("glm")], names={"text": {"gpt-4o": "gone"}})
    assert found.resolve("text", "gpt-4o")[0].id == "glm"


def test_a_model_that_is_away_for_a_while_says_so():
    found = listed(text=[entry("glm"), entry("away", offline=True)])
    assert found.resolve("text", "away") == (
        found.models["text"]["glm"],
        "Away cannot be used right now: Glm takes its place.",
    )


def retired(model_id: str, replacement: str, day: str = "2026-01-01T00:00:00Z"):
    return entry(model_id, deprecation={"removesAt": day, "replacementModelId": replacement})


def test_a_retired_model_leads_to_its_replacement_through_any_number_of_them():
    found = listed(text=[entry("glm"), retired("one", "two"), retired("two", "new"), entry("new")])
    assert found.successor("text", "one") == found.models["text"]["new"]
    assert found.resolve("text", "one") == (
        found.models["text"]["new"],
        "One is not on offer any more: New takes its place.",
    )


def test_replacements_that_lead_round_in_a_circle_end_at_the_default():
    found = listed(text=[entry("glm"), retired("one", "two"), retired("two", "one")])
    assert found.successor("text", "one") is None
    assert found.resolve("text", "one")[0].id == "glm"


def test_a_model_that_venice_has_taken_off_its_list_is_remembered():
    listed(text=[entry("glm"), entry("new"), retired("old", "new", "2999-01-01T00:00:00Z")])
    found = listed(text=[entry("glm"), entry("new")])
    assert found.find("text", "old") is None
    assert found.resolve("text", "old") == (
        found.models["text"]["new"],
        "Old is not on offer any more: New takes its place.",
    )


def test_a_model_that_comes_back_is_itself_again():
    listed(text=[entry("glm"), entry("old")])
    listed(text=[entry("glm")])
    found = listed(text=[entry("glm"), entry("old")])
    assert found.resolve("text", "old") == (found.models["text"]["old"], "")
    assert found.left["text"] == {}


# --- what can be chosen -----------------------------------------------------------------------


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
    model = read_model({"id": "m", "type": "image", "model_spec": facts})
    assert model is not None
    assert not catalogue.is_offered(model, TODAY)


def test_a_model_that_retires_later_can_still_be_chosen():
    model = read_model(retired("m", "n", "2026-11-21T00:00:00.000Z"))
    assert model is not None
    assert catalogue.is_offered(model, TODAY)
    assert model.replacement == "n"


def test_the_background_remover_is_no_image_model_but_its_price_is_known():
    start = catalogue.starting_copy()
    assert start.find("image", "bria-bg-remover") is None
    assert start.models["image"]["bria-bg-remover"].price.image == 30_000


def test_an_empty_catalogue_says_so():
    with pytest.raises(ModelGone):
        Catalogue({"image": {}, "text": {}}, ()).default("image")
    with pytest.raises(ModelGone):
        Catalogue({}, ()).resolve("image", "chroma")


# --- the starting copy ------------------------------------------------------------------------


def test_the_starting_copy_holds_every_kind_and_nothing_else():
    rows = json.loads(catalogue.STARTING_COPY.read_text())["models"]
    assert {row["type"] for row in rows} == set(catalogue.KINDS)
    assert len({(row["type"], row["id"]) for row in rows}) == len(rows)
    assert not any("description" in row["model_spec"] for row in rows)


def test_former_models_lead_to_models_that_are_there():
    start = catalogue.starting_copy()
    for kind, former in catalogue.former_models().items():
        assert [start.find(kind, model_id) for model_id in former] == [None] * len(former)
        assert all(start.find(kind, model_id) for model_id in former.values())


# --- the list for administrators --------------------------------------------------------------


LIST = reverse("admin:venice_catalogueentry_changelist")


def test_an_administrator_reads_what_every_model_costs_and_can_do(as_administrator, simulator):
    refresh(simulator)
    facts = {
        "image": ["$0.01", "1K $0.10, 2K $0.14, 4K $0.19", "anonymized"],
        "text": ["$1.40 in, $4.40 out", "1,000,000", "sees, thinks"],
        "upscale": ["2x $0.02, 4x $0.08"],
        "trait:image": ["z-image-turbo"],
    }
    for kind, shown in facts.items():
        page = as_administrator.get(LIST, {"kind": kind}).text
        assert [fact for fact in shown if fact not in page] == []


def test_models_are_found_by_name_by_privacy_and_by_their_end(as_administrator):
    leaves = "2999-12-01T00:00:00Z"
    listed(
        text=[
            entry("glm", privacy="private", name="Great Language"),
            {**retired("old", "glm", leaves), "id": "old"},
        ]
    )

    def found(**asked: str) -> set[str]:
        rows = as_administrator.get(LIST, asked).context["cl"].result_list
        return {row.name for row in rows}

    assert found() == {"glm", "old"}
    assert found(q="great lang") == {"glm"}
    assert found(privacy="private") == {"glm"}
    assert found(leaving="1") == {"old"}
    page = as_administrator.get(LIST, {"leaving": "1"}).text
    assert "2999-12-01, then glm" in page


def test_the_list_makes_no_query_for_each_row(as_administrator, django_assert_max_num_queries):
    listed(text=[entry(f"writer-{number}") for number in range(90)], styles=["Anime"])
    with django_assert_max_num_queries(12):
        as_administrator.get(LIST)


def test_rows_of_the_catalogue_are_read_and_never_edited(as_administrator):
    listed(text=[entry("glm")], styles=["Anime"], traits={"text": {"best": "glm"}})
    assert as_administrator.get(reverse("admin:venice_catalogueentry_add")).status_code == 403
    for row in CatalogueEntry.objects.all():
        change = reverse("admin:venice_catalogueentry_change", args=[row.pk])
        assert as_administrator.get(change).status_code == 200
        assert as_administrator.post(change, {"name": "x"}).status_code == 403
