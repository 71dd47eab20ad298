"""A composer that is filled in is the one that the template draws, whoever sees it and whatever it holds."""

from dataclasses import replace

import pytest
from django.http import QueryDict
from django.template.loader import render_to_string

from gallery import composer, composer_sheet
from gallery.composer import Composer
from gallery.forms import ComposerForm
from gallery.models import Preset
from venice_site.venice import catalogue
from venice_site.venice.models import CatalogueEntry, Metric, Period, Quota, Who

pytestmark = pytest.mark.django_db
MODELS = sorted(catalogue.starting_copy().models["image"])
HOSTILE = """</textarea><script>alert('1')</script> {{ user }} "quoted" & 'single' \\1 {a|b} 鷺"""
TYPED = {
    "nothing": {},
    "every setting": {
        "prompt": "A heron",
        "template": "{prompt}, fog",
        "negative_prompt": "rain",
        "style_preset": "Film Noir",
        "variants": "4",
        "seed": "0",
        "seed_mode": "count",
        "format": "webp",
        "expand": "random",
        "steps": "7",
        "cfg_scale": "3.5",
        "width": "512",
        "height": "768",
        "aspect_ratio": "16:9",
        "resolution": "2K",
        "quality": "high",
        "x_axis": "steps",
        "x_values": "1-4",
        "y_axis": "seed",
        "y_values": "1,2",
        "from_message": "12",
    },
    "hostile words": dict.fromkeys(
        ("prompt", "template", "negative_prompt", "x_values", "y_values"), HOSTILE
    ),
    "hostile numbers": dict.fromkeys(("seed", "variants", "cfg_scale", "steps"), HOSTILE),
    "nothing in numbers": dict.fromkeys(("seed", "variants", "cfg_scale", "steps"), ""),
}


def drawn(one: Composer | None, user) -> str:
    told = {"composer": one, "user": user, "csrf_token": "token"}
    return render_to_string("gallery/composer.html#composer", told)


def sheet(one: Composer, user) -> str:
    assert composer_sheet.is_plain(one)
    return composer_sheet.sheet(one, user, "token")


@pytest.mark.parametrize("typed", TYPED.values(), ids=TYPED.keys())
@pytest.mark.parametrize("model", MODELS)
def test_a_composer_that_is_filled_in_is_the_one_that_is_drawn(alice, bob, model, typed) -> None:
    for user in (alice, bob):
        one = composer.blank(user, typed | {"model": model}, None)
        assert sheet(one, user) == drawn(one, user)


@pytest.mark.parametrize("name", ComposerForm.SWITCHES)
def test_a_switch_that_is_on_is_drawn_so(alice, name: str) -> None:
    preset = Preset.objects.create(user=alice, name="Mine", settings={name: True})
    one = composer.blank(alice, {"preset": str(preset.pk)}, None)
    assert one.form[name].value() is True
    assert sheet(one, alice) == drawn(one, alice)


@pytest.mark.parametrize("made", [{}, {"private": "on", "format": "jpeg", "width": 512}], ids=str)
def test_the_last_order_stands_in_its_composer(ordered, alice, made) -> None:
    ordered(**made)
    one = composer.blank(alice, {}, None)
    assert one.form["private"].value() is bool(made)
    assert sheet(one, alice) == drawn(one, alice)


def test_what_is_like_a_picture_stands_in_its_composer(made, alice) -> None:
    one = composer.blank(alice, {}, made(seed=5, prompt=HOSTILE, style_preset="Film Noir"))
    assert 'data-draft="off"' in sheet(one, alice)
    assert sheet(one, alice) == drawn(one, alice)


def test_each_sees_the_presets_that_are_theirs_to_use(alice, bob) -> None:
    for user, name, shared in (
        (alice, "<b>Of Alice", False),
        (alice, "Ours", True),
        (bob, "Of Bob", False),
    ):
        Preset.objects.create(user=user, name=name, shared=shared)
    pages = []
    for user in (alice, bob):
        for typed in ({}, {"preset": str(Preset.objects.get(name="Ours").pk)}):
            one = composer.blank(user, typed, None)
            pages.append(sheet(one, user))
            assert pages[-1] == drawn(one, user)
    assert len(set(pages)) == 4
    assert all("&lt;b&gt;Of Alice" in page and "Of Bob" not in page for page in pages[:2])
    assert all("Of Alice" not in page and "Of Bob" in page for page in pages[2:])


def test_prices_and_quotas_are_those_of_the_moment(alice, bob) -> None:
    Quota.objects.create(
        who=Who.PERSON, person=bob, metric=Metric.IMAGES, period=Period.DAY, limit=7
    )
    first, second = (composer.blank(user, {}, None) for user in (alice, bob))
    assert "7 images left today" not in sheet(first, alice)
    assert "7 images left today" in sheet(second, bob)
    dearer = replace(second, price=1_230_000, notice=HOSTILE, allowance=HOSTILE)
    assert "$1.23" in sheet(dearer, bob)
    assert sheet(dearer, bob) == drawn(dearer, bob)


def test_a_new_catalogue_is_seen_at_once(alice) -> None:
    before = sheet(composer.blank(alice, {}, None), alice)
    entry = {"id": "fresh", "type": "image", "model_spec": {"name": "Fresh <b>", "constraints": {}}}
    CatalogueEntry.objects.create(kind="image", name="fresh", data=entry, simulated=True)
    CatalogueEntry.objects.create(kind="style", name="Fresh style", data={}, simulated=True)
    catalogue.shared_cache.clear()
    one = composer.blank(alice, {}, None)
    assert "Fresh &lt;b&gt;" in sheet(one, alice)
    assert "Fresh style" in sheet(one, alice)
    assert sheet(one, alice) == drawn(one, alice) != before


def test_a_model_that_leaves_is_said_to(alice) -> None:
    one = composer.blank(alice, {}, None)
    leaves = replace(one.model, retires_on="2999-01-01", warns_from="2000-01-01", prompt_limit=77)
    one.form.chosen = leaves
    assert "Leaves on 2999-01-01" in sheet(one, alice)
    assert 'data-limit="77"' in sheet(one, alice)
    assert sheet(one, alice) == drawn(one, alice)


@pytest.mark.parametrize(
    "typed", [{"format": "gif"}, {"style_preset": "<b>"}, {"x_axis": "no"}, {"private": "yes"}]
)
def test_what_is_not_on_offer_is_left_to_the_template(as_alice, alice, typed) -> None:
    one = composer.blank(alice, typed, None)
    assert not composer_sheet.is_plain(one)
    assert as_alice.get("/gallery/", typed).status_code == 200


def test_composers_share_no_values(alice, bob) -> None:
    first = composer.blank(alice, {"prompt": "A heron", "seed": "1"}, None)
    assert first.form["prompt"].value() == "A heron"
    second = composer.blank(bob, {"prompt": "A crab"}, None)
    told = [(one.form["prompt"].value(), one.form["seed"].value()) for one in (first, second)]
    assert told == [("A heron", "1"), ("A crab", None)]


def test_a_form_that_was_sent_is_left_to_the_template(alice) -> None:
    assert not composer_sheet.is_plain(composer.filled(alice, QueryDict("prompt=A+heron")))


def test_the_page_has_the_composer_as_it_is_drawn(as_alice, alice) -> None:
    response = as_alice.get("/gallery/", {"prompt": HOSTILE})
    told = {name: response.context[name] for name in ("composer", "user", "csrf_token")}
    assert render_to_string("gallery/composer.html#composer", told) in response.text
