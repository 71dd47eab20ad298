"""What Venice lists, in every shape: the person sees it on the page, the rows keep it, nobody pays."""

import html

import pytest

from tests.scenarios.coverage import plays
from tests.scenarios.stage import CHEAP, Stage
from venice_site.venice.models import Attempt, Call, CatalogueEntry, QuotaBucket
from venice_site.venice.tasks import refresh_catalogue

LISTS = {"/models", "/models/traits", "/image/styles"}  # asked for kind by kind


@pytest.fixture
def refreshed(stage: Stage):
    """Return a function that lets Venice list what it has, misbehaving, and returns Alice's composer."""

    def refresh(*scenarios: str, path: str) -> str:
        stage.make_key("one")
        for name in scenarios:
            stage.simulator.fail(name, path=path)
        refresh_catalogue.func()
        paths = {request.path for request in stage.simulator.requests}
        assert paths >= LISTS
        assert not paths & {"/image/generate", "/chat/completions"}
        assert not Call.objects.exists()
        assert not Attempt.objects.exists()
        assert not QuotaBucket.objects.exists()
        return html.unescape(stage.client.get("/gallery/").text)

    return refresh


def kept(kind: str) -> list[str]:
    return list(CatalogueEntry.objects.filter(kind=kind).values_list("name", flat=True))


@plays("contract", 51)
@pytest.mark.parametrize(
    ("scenario", "label"),
    [
        ("styles-strings", "Film Noir"),
        ("styles-objects", "film-noir"),
        ("styles-bare", "Film Noir"),
    ],
)
def test_styles_of_every_shape_can_be_chosen(refreshed, scenario, label) -> None:
    page = refreshed(scenario, path="/image/styles")
    assert label in kept("style")
    assert f'value="{label}"' in page


@plays("contract", 52)
@pytest.mark.parametrize("scenario", ["normal", "models-seed-shape", "models-unknown-type"])
def test_models_of_every_shape_can_be_chosen(refreshed, scenario) -> None:
    page = refreshed(scenario, path="/models")
    assert CHEAP in kept("image")
    assert f'value="{CHEAP}"' in page
    entry = CatalogueEntry.objects.get(kind="image", name=CHEAP)
    assert entry.data["model_spec"]["pricing"]["generation"]["usd"] == 0.01


@plays("contract", 52)
def test_a_list_without_models_leaves_the_last_good_copy(stage: Stage, refreshed) -> None:
    refreshed("models-empty", path="/models")
    assert kept("image") == []
    assert f'value="{CHEAP}"' in stage.client.get("/gallery/").text


@plays("contract", 53)
def test_the_traits_say_with_which_model_to_begin(refreshed) -> None:
    page = refreshed("normal", path="/models/traits")
    entry = CatalogueEntry.objects.get(kind="image", name=CHEAP)
    assert "default" in entry.data["model_spec"]["traits"]
    assert f'value="{CHEAP}" selected' in page
