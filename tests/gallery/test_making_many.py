"""Many pictures in one go: choices in the prompt, grids, seeds that count, presets and word lists."""

import uuid

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from gallery.models import Batch, Generation, Image, Preset, WordList
from venice_site.venice.models import Call, Metric, Quota, QuotaBucket, Who


def prompts() -> list[str]:
    return list(Generation.objects.order_by("pk").values_list("prompt", flat=True))


def seeds() -> list[int | None]:
    return list(Image.objects.order_by("pk").values_list("seed", flat=True))


def orders(name: str) -> list[object]:
    return [image.order[name] for image in Image.objects.order_by("pk")]


def priced(client: Client, **fields) -> str:
    form = {"prompt": "A heron", "model": "z-image-turbo"}
    return client.post("/gallery/price", form | fields, headers={"HX-Request": "true"}).text


def test_choices_make_a_picture_of_each_with_the_prompt_that_was_resolved(order, as_alice) -> None:
    order(as_alice, prompt="A {red|blue} boat", seed=7)
    assert prompts() == ["A red boat", "A blue boat"]
    assert orders("prompt") == ["A red boat", "A blue boat"]
    assert seeds() == [7, 8]
    assert Batch.objects.get().typed == "A {red|blue} boat"


def test_a_fixed_seed_is_the_same_for_every_prompt(order, as_alice) -> None:
    order(as_alice, prompt="A {red|blue} boat", seed=7, seed_mode="fixed", variants=2)
    assert seeds() == [7, 8, 7, 8]


def test_seeds_that_are_drawn_never_meet(order, as_alice) -> None:
    order(as_alice, prompt="A {a|b|c|d|e} boat", variants=4)
    assert len(set(seeds())) == 20


def test_one_at_random_makes_as_many_pictures_as_variants(order, as_alice) -> None:
    order(as_alice, prompt="A {red|blue} boat", expand="random", variants=6)
    assert len(prompts()) == 6
    assert set(prompts()) <= {"A red boat", "A blue boat"}


def test_a_word_list_of_the_team_stands_for_its_lines(order, as_alice, as_bob) -> None:
    as_bob.post("/gallery/word-lists/", {"name": "Animal", "text": "heron\r\n\r\n otter "})
    order(as_alice, prompt="One __animal__")
    assert prompts() == ["One heron", "One otter"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{a|b|c}" * 5, "This makes 243 pictures. One order makes at most 100."),
        ("__nothing__", "There is no word list called nothing"),
        ("{9$$a|b}", "cannot choose from 2 options"),
        ("{|a}", "One of these prompts is empty."),
    ],
)
def test_what_cannot_be_made_of_a_prompt_is_said_and_nothing_is_written(
    order, as_alice, text: str, sentence: str
) -> None:
    answer = order(as_alice, prompt=text)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert not Generation.objects.exists()


def test_each_resolved_prompt_keeps_the_limit_of_the_model(order, as_alice) -> None:
    long = "x" * 1000
    assert order(as_alice, model="venice-sd35", prompt=f"{{{long}|{long}}}").status_code == 200
    answer = order(as_alice, model="venice-sd35", prompt=long, template=f"{{prompt}} {long}")
    assert "This model takes at most 1,500 characters." in answer.text


def test_words_are_put_around_the_prompt(order, as_alice) -> None:
    order(as_alice, prompt="A heron", template="{prompt}, in ink")
    assert prompts() == ["A heron, in ink"]
    assert Generation.objects.get().typed == "A heron"


def test_an_order_of_many_is_all_or_nothing(order, as_alice, db) -> None:
    Quota.objects.create(who=Who.EACH, metric=Metric.IMAGES, limit=3)
    assert order(as_alice, prompt="{a|b|c|d}").status_code == 422
    assert not Batch.objects.exists()
    assert not Call.objects.exists()
    assert not QuotaBucket.objects.filter(reserved__gt=0).exists()


def test_a_double_click_on_an_order_of_many_is_one_order(order, as_alice) -> None:
    same = str(uuid.uuid4())
    for _ in range(2):
        assert order(as_alice, prompt="{a|b}", request_id=same).status_code == 200
    assert (Batch.objects.count(), Image.objects.count(), Call.objects.count()) == (1, 2, 2)


def test_the_price_of_many_is_known_before_they_are_ordered(as_alice, simulator) -> None:
    answer = priced(as_alice, prompt="A {red|blue} {boat|fox}", variants=2)
    assert "$0.08 for 8 pictures" in answer
    assert "A red boat" in answer
    assert "and 1 more" in answer
    assert not Generation.objects.exists()


def test_an_enhanced_prompt_costs_more_and_is_shown_with_the_picture(
    ordered, work, as_alice, simulator
) -> None:
    assert "$0.05" in priced(as_alice, enhance_prompt="on")
    image = ordered(enhance_prompt="on")[0]
    work()
    page = as_alice.get(f"/gallery/images/{image.pk}/").text
    assert "Enhanced prompt" in page
    assert "A heron in fog, golden light" in page


# --- grids ------------------------------------------------------------------------------------


def test_a_grid_tries_every_value_of_two_settings(order, as_alice, work) -> None:
    order(
        as_alice,
        x_axis="style_preset",
        x_values="film noir, Anime",
        y_axis="seed",
        y_values="1-3",
    )
    assert orders("style_preset") == ["Film Noir", "Anime"] * 3
    assert seeds() == [1, 1, 2, 2, 3, 3]
    work()
    page = as_alice.get(Batch.objects.get().get_absolute_url()).text
    assert 'scope="col" dir="auto">Film Noir' in page
    assert 'scope="row" dir="auto">3' in page
    assert page.count('data-status="succeeded"') == 6


def test_a_grid_over_models_fits_every_cell_to_its_model(order, as_alice) -> None:
    order(as_alice, x_axis="model", x_values="z-image-turbo\nVenice SD35\nqwen-image", width=1000)
    assert orders("model") == ["z-image-turbo", "venice-sd35", "qwen-image"]
    assert orders("width") == [1000, 992, None]
    assert len(set(seeds())) == 1


def test_a_grid_replaces_a_part_of_the_prompt(order, as_alice) -> None:
    order(as_alice, prompt="A heron in fog", x_axis="prompt", x_values="fog, rain, snow")
    assert prompts() == ["A heron in fog", "A heron in rain", "A heron in snow"]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"x_axis": "steps", "x_values": ""}, "Write at least one value."),
        ({"x_axis": "steps", "x_values": "4, 99"}, "Steps 99: Use at most 8."),
        ({"x_axis": "cfg_scale", "x_values": "much"}, "CFG scale much: Write a number."),
        ({"x_axis": "quality", "x_values": "high"}, "has no such setting."),
        ({"x_axis": "style_preset", "x_values": "Baroque"}, "There is no style called Baroque."),
        ({"x_axis": "model", "x_values": "dall-e"}, "There is no model called dall-e."),
        ({"x_axis": "prompt", "x_values": "owl, fox"}, "Begin with words that stand in the prompt"),
        ({"x_axis": "seed", "x_values": "1-99"}, "is not a span of at most 30 numbers."),
        ({"x_axis": "seed", "x_values": "5-1"}, "is not a span"),
        (
            {
                "x_axis": "seed",
                "x_values": "1-11",
                "y_axis": "steps",
                "y_values": "1-8",
                "variants": 2,
            },
            "This makes 176 pictures.",
        ),
        (
            {"x_axis": "seed", "x_values": "1", "y_axis": "seed", "y_values": "2"},
            "Choose two different settings.",
        ),
        (
            {"x_axis": "seed", "x_values": "1", "prompt": "{a|b}"},
            "A grid takes one prompt.",
        ),
        ({"y_axis": "steps", "y_values": "99"}, "Steps 99: Use at most 8."),
    ],
)
def test_a_grid_that_cannot_be_made_says_why(order, as_alice, fields, sentence: str) -> None:
    answer = order(as_alice, **fields)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert not Batch.objects.exists()


def test_a_batch_of_private_pictures_is_the_owners_alone(order, as_alice, as_bob) -> None:
    order(as_alice, prompt="{a|b}", private="on")
    address = Batch.objects.get().get_absolute_url()
    assert as_alice.get(address).status_code == 200
    assert as_bob.get(address).status_code == 404


def test_a_batch_of_the_team_can_be_seen_but_not_cancelled_by_a_team_mate(
    order, as_alice, as_bob
) -> None:
    order(as_alice, prompt="{a|b}")
    address = Batch.objects.get().get_absolute_url()
    assert as_bob.get(address).status_code == 200
    assert as_bob.post(f"{address}cancel").status_code == 404
    as_alice.post(f"{address}cancel")
    assert set(Image.objects.values_list("status", flat=True)) == {"cancelled"}


def test_a_batch_asks_no_query_more_for_more_pictures(order, as_alice) -> None:
    asked = []
    for text in ("{a|b}", "{a|b|c|d|e|f}"):
        order(as_alice, prompt=text)
        address = Batch.objects.first().get_absolute_url()
        as_alice.get(address)
        with CaptureQueriesContext(connection) as queries:
            as_alice.get(address)
        asked.append(len(queries))
    assert asked[0] == asked[1]


def test_favourites_show_in_a_batch_and_its_pictures_can_be_selected(
    order, as_alice, as_bob, work
) -> None:
    order(as_alice, prompt="{a|b}")
    work()
    first = Image.objects.earliest("pk")
    as_alice.post(f"/gallery/images/{first.pk}/favourite", {"on": "1"})
    address = Batch.objects.get().get_absolute_url()
    page = as_alice.get(address).text
    assert page.count('aria-pressed="true" aria-label="Favourite"') == 1
    assert 'id="selection"' in page
    assert "All results" not in page
    assert 'aria-pressed="true" aria-label="Favourite"' not in as_bob.get(address).text


def test_trying_again_takes_the_place_of_the_old_one_in_the_grid(
    order, as_alice, work, simulator
) -> None:
    simulator.fail("content-violation", times=1)
    order(as_alice, x_axis="seed", x_values="1, 2")
    work()
    failed = Image.objects.get(status="failed")
    as_alice.post(f"/gallery/images/{failed.pk}/again")
    page = as_alice.get(Batch.objects.get().get_absolute_url()).text
    assert page.count("<article") == 2


# --- seeds -------------------------------------------------------------------------------------


def test_counting_up_goes_on_after_the_pictures_that_were_ordered(order, as_alice) -> None:
    answer = order(as_alice, seed=10, seed_mode="count", prompt="{a|b}", variants=3)
    assert 'name="seed" id="composer-seed"' in answer.text
    assert 'value="16"' in answer.text


def test_a_fixed_seed_that_was_left_empty_is_drawn_once_and_stays(order, as_alice) -> None:
    answer = order(as_alice, seed_mode="fixed")
    assert f'value="{seeds()[0]}"' in answer.text


# --- what a model ignores -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "sentence"),
    [
        ("z-image-turbo", "This model ignores the negative prompt."),
        ("nano-banana-pro", "This model ignores the seed, the negative prompt and steps."),
        ("venice-sd35", 'id="composer-ignored" hx-swap-oob="true"></p>'),
    ],
)
def test_what_a_model_ignores_is_said(as_alice, db, model: str, sentence: str) -> None:
    assert sentence in as_alice.get(f"/gallery/form?model={model}").text


def test_a_picture_of_a_model_that_ignores_seeds_says_so(ordered, as_alice) -> None:
    image = ordered(model="nano-banana-pro")[0]
    assert "this model ignores seeds" in as_alice.get(f"/gallery/images/{image.pk}/").text


# --- earlier prompts ------------------------------------------------------------------------------


def test_earlier_prompts_are_listed_once_as_they_were_typed(order, as_alice, as_bob) -> None:
    for text in ("first", "{a|b} <i>", "first"):
        order(as_alice, prompt=text)
    order(as_bob, prompt="Bob's own")
    listed = as_alice.get("/gallery/prompts", headers={"HX-Request": "true"}).text
    assert listed.count('data-prompt="first"') == 1
    assert listed.count('data-prompt="{a|b} &lt;i&gt;"') == 1
    assert "Bob&#x27;s own" not in listed


def test_without_scripts_earlier_prompts_are_a_page(order, as_alice) -> None:
    order(as_alice, prompt="a heron")
    page = as_alice.get("/gallery/prompts").text
    assert "<h1>Your last prompts</h1>" in page
    assert 'href="/gallery/?prompt=a%20heron"' in page


def test_a_prompt_from_a_chat_message_is_kept_with_where_it_came_from(order, as_alice) -> None:
    page = as_alice.get("/gallery/?prompt=A+fox&from_message=12").text
    assert 'name="from_message" value="12"' in page
    assert "A fox</textarea>" in page
    order(as_alice, from_message=12)
    assert Generation.objects.get().from_message == 12


@pytest.mark.parametrize("number", ["x", "-1", "99999999999999999999"])
def test_a_nonsensical_message_is_no_obstacle(order, as_alice, number: str) -> None:
    assert as_alice.get(f"/gallery/?from_message={number}").status_code == 200
    assert order(as_alice, from_message=number).status_code == 422


# --- presets ---------------------------------------------------------------------------------------


def keep(client: Client, **fields):
    form = {"model": "venice-sd35", "prompt": "A heron", "preset_name": "Ink"}
    return client.post("/gallery/presets/", form | fields)


def test_a_preset_brings_back_the_settings_but_not_the_prompt(as_alice, simulator) -> None:
    keep(as_alice, steps=12, style_preset="Anime", template="{prompt}, in ink", seed=5, variants=3)
    preset = Preset.objects.get()
    page = as_alice.get(f"/gallery/?preset={preset.pk}").text
    for part in ('value="venice-sd35" selected', 'name="steps" value="12"', "{prompt}, in ink"):
        assert part in page
    assert preset.settings["variants"] == "3"
    assert not {"prompt", "seed", "request_id"} & preset.settings.keys()


def test_the_same_name_replaces_ones_own_preset_and_nobody_elses(
    as_alice, as_bob, simulator
) -> None:
    keep(as_bob, preset_shared="on")
    keep(as_alice)
    keep(as_alice, style_preset="Anime")
    assert Preset.objects.count() == 2
    assert Preset.objects.get(user__username="alice").settings["style_preset"] == "Anime"


def test_presets_are_private_unless_they_are_for_the_team(as_alice, as_bob, simulator) -> None:
    keep(as_alice, preset_name="Mine")
    keep(as_alice, preset_name="Ours", preset_shared="on", template="{prompt}, ours")
    mine, ours = Preset.objects.order_by("name")
    listed = as_bob.get("/gallery/presets/").text
    assert "Ours" in listed
    assert "Mine" not in listed
    assert "{prompt}, ours" in as_bob.get(f"/gallery/?preset={ours.pk}").text
    assert as_bob.post(f"/gallery/presets/{ours.pk}/delete").status_code == 404
    assert as_alice.post(f"/gallery/presets/{mine.pk}/delete").status_code == 302


def test_a_preset_needs_a_name_and_keeps_only_what_is_sound(as_alice, simulator) -> None:
    assert keep(as_alice, preset_name="").status_code == 422
    keep(as_alice, steps="many", style_preset="Nonsense")
    assert not {"steps", "style_preset"} & Preset.objects.get().settings.keys()


# --- word lists --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("night sky", "a", "Use small letters, digits and hyphens"),
        ("__x__", "a", "Use small letters, digits and hyphens"),
        ("animal", " \n ", "Write at least one choice."),
        ("animal", "a\n" * 501, "Write at most 500 choices."),
    ],
)
def test_a_word_list_that_cannot_be_used_is_refused(
    as_alice, name: str, text: str, sentence: str
) -> None:
    answer = as_alice.post("/gallery/word-lists/", {"name": name, "text": text})
    assert answer.status_code == 422
    assert sentence in answer.text or "This field is required." in answer.text


def test_a_word_list_is_changed_and_forgotten_by_any_member(as_alice, as_bob) -> None:
    as_alice.post("/gallery/word-lists/", {"name": "animal", "text": "heron"})
    kept = WordList.objects.get()
    as_bob.post(kept.get_absolute_url(), {"name": "animal", "text": "otter"})
    kept.refresh_from_db()
    assert (kept.text, kept.changed_by.username) == ("otter", "bob")
    as_alice.post(f"{kept.get_absolute_url()}delete")
    assert not WordList.objects.exists()
