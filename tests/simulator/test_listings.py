"""Models, traits, styles, limits and balance."""

import pytest

from venice_site.simulator import Simulator

from .conftest import Asker

SEED_IDS = {
    "image": {"fluently-xl", "stable-diffusion-3"},
    "text": {
        "mistral-31-24b",
        "grok-41-fast",
        "gemini-3-pro-preview",
        "claude-opus-45",
        "google-gemma-3-27b-it",
        "qwen3-235b-a22b-instruct-2507",
        "qwen3-235b-a22b-thinking-2507",
        "openai-gpt-52",
    },
}


def rows(ask: Asker, query: str = "") -> dict:
    return {row["id"]: row for row in ask.get(f"/models{query}").json()["data"]}


def test_without_a_type_only_text_models_come(ask: Asker) -> None:
    body = ask.get("/models").json()

    assert body["type"] == "text"
    assert {row["type"] for row in body["data"]} == {"text"}


@pytest.mark.parametrize("kind", ["image", "text", "inpaint", "upscale"])
def test_every_row_has_todays_shape(ask: Asker, kind) -> None:
    for row in rows(ask, f"?type={kind}").values():
        assert row["object"] == "model"
        assert "name" not in row
        assert {"name", "pricing", "offline", "privacy"} <= row["model_spec"].keys()


def test_a_type_nobody_knows_is_400(ask: Asker) -> None:
    assert ask.get("/models?type=smell").status_code == 400


@pytest.mark.parametrize("kind", ["image", "text"])
def test_the_models_of_the_seed_document_are_there_unless_switched_off(ask: Asker, kind) -> None:
    assert SEED_IDS[kind] <= rows(ask, f"?type={kind}").keys()
    with Simulator(seed_models=False) as simulator:
        assert "fluently-xl" not in rows(Asker(simulator), "?type=image")
        assert Asker(simulator).image(model="fluently-xl").status_code == 404


def test_there_is_a_model_of_every_sizing_kind(ask: Asker) -> None:
    constraints = {
        name: row["model_spec"]["constraints"] for name, row in rows(ask, "?type=image").items()
    }

    assert "aspectRatios" not in constraints["z-image-turbo"]
    assert "resolutions" not in constraints["flux-2-pro"]
    assert constraints["nano-banana-2"]["resolutions"] == ["1K", "2K", "4K"]
    assert constraints["gpt-image-2"]["qualities"] == ["low", "medium", "high"]


def test_a_model_at_its_end_names_its_replacement(ask: Asker) -> None:
    models = rows(ask, "?type=image")
    deprecation = models["hidream"]["model_spec"]["deprecation"]

    assert deprecation["replacementModelId"] in models
    assert ask.image(model="hidream").headers["x-venice-deprecated"] == "true"


def test_text_models_differ_in_sight_and_reasoning(ask: Asker) -> None:
    kinds = {
        (
            row["model_spec"]["capabilities"]["supportsVision"],
            row["model_spec"]["capabilities"]["supportsReasoning"],
        )
        for row in rows(ask).values()
    }

    assert kinds == {(True, True), (True, False), (False, True), (False, False)}


def test_traits_and_compatibility_are_objects(ask: Asker) -> None:
    assert ask.get("/models/traits").json()["data"]["default"] == "zai-org-glm-5-2"
    assert ask.get("/models/traits?type=image").json()["data"]["fastest"] == "z-image-turbo"
    assert "gpt-4o" in ask.get("/models/compatibility_mapping?type=text").json()["data"]


def test_styles_are_strings(ask: Asker) -> None:
    body = ask.get("/image/styles").json()

    assert body["object"] == "list"
    assert "Pixel Art" in body["data"]
    assert all(isinstance(label, str) for label in body["data"])


@pytest.mark.parametrize(
    "path", ["/models", "/models/traits", "/models/compatibility_mapping", "/image/styles"]
)
def test_lists_need_no_key(ask: Asker, path) -> None:
    ask.headers = {}

    assert ask.get(path).status_code == 200


def test_rate_limits_answer_any_key_and_name_the_models(ask: Asker) -> None:
    data = ask.get("/api_keys/rate_limits").json()["data"]

    limits = {row["apiModelId"]: row["rateLimits"] for row in data["rateLimits"]}
    assert data["balances"] == {"USD": 25.0, "DIEM": 90.5}
    assert limits["z-image-turbo"] == [{"amount": 20, "type": "RPM"}]
    assert {limit["type"] for limit in limits["llama-3.3-70b"]} == {"RPM", "TPM"}


def test_the_balance_wants_an_admin_key(ask: Asker, simulator: Simulator) -> None:
    assert ask.get("/billing/balance").json() == {"error": "Admin API key required"}
    balance = Asker(simulator, "VENICE_ADMIN_KEY_x").get("/billing/balance").json()
    assert balance["balances"] == {"diem": 90.5, "usd": 25.0}


def test_usage_as_it_was_is_gone_and_names_what_came_after_it(ask: Asker) -> None:
    response = ask.get("/billing/usage")

    assert response.status_code == 410
    assert response.headers["Sunset"]
    assert "usage-history" in response.headers["Link"]
