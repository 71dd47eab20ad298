"""Requests that Venice refuses are refused, and say why in issues."""

import pytest

from venice_site.simulator import Simulator

from .conftest import Asker

IMAGES = [
    ({"prompt": ""}, "prompt", "too_small"),
    ({"prompt": "x" * 7501}, "prompt", "too_big"),
    ({"prompt": None}, "prompt", "invalid_type"),
    ({"prompt": 7}, "prompt", "invalid_type"),
    ({"model": None}, "model", "invalid_type"),
    ({"surprise": 1}, None, "unrecognized_keys"),
    ({"inpaint": {}}, None, "unrecognized_keys"),
    ({"seed": None}, "seed", "invalid_type"),
    ({"seed": 1_000_000_000}, "seed", "too_big"),
    ({"seed": -1_000_000_000}, "seed", "too_small"),
    ({"seed": 1.5}, "seed", "invalid_type"),
    ({"seed": "1"}, "seed", "invalid_type"),
    ({"width": 1288}, "width", "too_big"),
    ({"width": 0}, "width", "too_small"),
    ({"width": 100}, "width", "not_multiple_of"),
    ({"height": True}, "height", "invalid_type"),
    ({"steps": 9}, "steps", "too_big"),
    ({"steps": 0}, "steps", "too_small"),
    ({"cfg_scale": 0}, "cfg_scale", "too_small"),
    ({"cfg_scale": 20.5}, "cfg_scale", "too_big"),
    ({"lora_strength": 101}, "lora_strength", "too_big"),
    ({"variants": 5}, "variants", "too_big"),
    ({"variants": 2, "return_binary": True}, "variants", "custom"),
    ({"format": "gif"}, "format", "invalid_enum_value"),
    ({"quality": "best"}, "quality", "invalid_enum_value"),
    ({"safe_mode": "false"}, "safe_mode", "invalid_type"),
    ({"hide_watermark": None}, "hide_watermark", "invalid_type"),
    ({"style_preset": "anime"}, "style_preset", "custom"),
    ({"style_preset": None}, "style_preset", "invalid_type"),
    ({"style_references": [{"image": "x"}]}, "style_references", "custom"),
    ({"style_references": [{"strength": 1}]}, "style_references", "invalid_type"),
    ({"negative_prompt": None}, "negative_prompt", "invalid_type"),
    ({"model": "venice-sd35", "prompt": "x" * 1501}, "prompt", "too_big"),
    ({"model": "nano-banana-2", "resolution": "8K"}, "resolution", "invalid_enum_value"),
    ({"enable_web_search": True}, "enable_web_search", "custom"),
]


@pytest.mark.parametrize(("fields", "field", "code"), IMAGES)
def test_refuses_an_image_request(ask: Asker, fields, field, code) -> None:
    response = ask.image(**fields)

    body = response.json()
    assert response.status_code == 400
    assert body["error"] == "Invalid request parameters"
    assert body["issues"][0]["code"] == code
    assert (body["issues"][0]["path"] or [None])[0] == field
    assert body["details"].get(field or "_errors")


def message(**fields):
    return {"messages": [{"role": "user", "content": "hi"} | fields]}


CHATS = [
    ({"messages": []}, "messages", "too_small"),
    ({"messages": None}, "messages", "invalid_type"),
    (message(role="robot"), "messages", "invalid_union_discriminator"),
    (message(content=None), "messages", "invalid_union"),
    (message(content=[{"type": "text", "text": ""}]), "messages", "too_small"),
    (message(content=[{"type": "smell"}]), "messages", "invalid_union_discriminator"),
    ({"messages": [{"role": "tool", "content": "x"}]}, "messages", "invalid_type"),
    ({"temperature": 2.1}, "temperature", "too_big"),
    ({"temperature": None}, "temperature", "invalid_type"),
    ({"top_p": -0.1}, "top_p", "too_small"),
    ({"frequency_penalty": 3}, "frequency_penalty", "too_big"),
    ({"max_completion_tokens": None}, "max_completion_tokens", "invalid_type"),
    ({"max_tokens": 1.5}, "max_tokens", "invalid_type"),
    ({"stream": "yes"}, "stream", "invalid_type"),
    ({"n": 2}, "n", "too_big"),
    ({"seed": 0}, "seed", "too_small"),
    ({"stop": ["a", "b", "c", "d", "e"]}, "stop", "too_big"),
    ({"surprise": 1}, None, "unrecognized_keys"),
    ({"anon_user_id": "x"}, None, "unrecognized_keys"),
    ({"venice_parameters": {"enable_web_search": True}}, "venice_parameters", "invalid_type"),
    (
        {"venice_parameters": {"enable_web_search": "maybe"}},
        "venice_parameters",
        "invalid_enum_value",
    ),
    ({"reasoning_effort": "extreme"}, "reasoning_effort", "invalid_enum_value"),
    ({"model": "zai-org-glm-5-2", "reasoning_effort": "low"}, "reasoning_effort", "custom"),
]


@pytest.mark.parametrize(("fields", "field", "code"), CHATS)
def test_refuses_a_chat_request(ask: Asker, fields, field, code) -> None:
    response = ask.chat(**fields)

    issue = response.json()["issues"][0]
    assert response.status_code == 400
    assert issue["code"] == code
    assert (issue["path"] or [None])[0] == field


@pytest.mark.parametrize(
    "fields",
    [
        {"stop": None},
        {"temperature": 2, "top_p": 1, "top_k": 0, "min_p": 0.5},
        {"venice_parameters": {"a_new_one": 1, "include_venice_system_prompt": False}},
        {"stream_options": {"include_usage": True}, "user": "u", "prompt_cache_key": "c"},
        {
            "messages": [
                {"role": "assistant", "content": None},
                {"role": "user", "content": "hi", "name": None},
            ]
        },
        {"max_tokens": -1},
        {"response_format": {"type": "text"}},
    ],
)
def test_accepts_what_venice_accepts(ask: Asker, fields) -> None:
    assert ask.chat(**fields).status_code == 200


@pytest.mark.parametrize(
    ("model", "fields", "says"),
    [
        (
            "llama-3.3-70b",
            {"max_completion_tokens": 4097},
            "(4097) exceeds the maximum allowed for model",
        ),
        ("llama-3.3-70b", {"logprobs": True}, "logprobs is not supported"),
        (
            "llama-3.3-70b",
            {"response_format": {"type": "json_object"}},
            "response_format is not supported",
        ),
    ],
)
def test_refuses_what_a_model_cannot_do(ask: Asker, model, fields, says) -> None:
    response = ask.chat(model=model, **fields)

    assert response.status_code == 400
    assert says in response.json()["error"]


def test_refuses_a_conversation_beyond_the_context(ask: Asker) -> None:
    response = ask.chat("word " * 130_000)

    assert response.status_code == 400
    assert response.json()["error"]["code"] == "context_length_exceeded"


@pytest.mark.parametrize("model", ["nobody", "Z-Image-Turbo", "wai-illustrious", "llama-3.3-70b"])
def test_an_unknown_image_model_is_404_and_case_counts(ask: Asker, model) -> None:
    response = ask.image(model=model)

    assert response.status_code == 404
    assert response.json() == {"error": f"Specified model not found: {model}"}


def test_an_unknown_text_model_is_404_and_traits_are_known(ask: Asker) -> None:
    assert ask.chat(model="nobody").status_code == 404
    assert ask.chat(model="default").json()["model"] == "zai-org-glm-5-2"
    assert ask.chat(model="gpt-4o").json()["model"] == "zai-org-glm-5-2"
    assert ask.chat(model="llama-3.3-70b:enable_web_search=on").json()["model"] == "llama-3.3-70b"


def test_an_offline_model_is_503(ask: Asker) -> None:
    assert ask.image(model="hunyuan-image-v3").status_code == 503


def test_a_model_without_pixels_refuses_them(ask: Asker) -> None:
    response = ask.image(model="qwen-image")

    assert response.status_code == 400
    assert "aspect_ratio" in response.json()["error"]


def test_an_unknown_character_is_404(ask: Asker) -> None:
    assert ask.chat(venice_parameters={"character_slug": "nobody"}).status_code == 404


@pytest.mark.parametrize("body", [b"{", b"[1]", b"", b'"text"', b"[" * 100_000])
def test_a_body_that_is_no_object_is_400(ask: Asker, body) -> None:
    response = ask.session.post(
        ask.simulator.url + "/image/generate",
        data=body,
        headers=ask.headers | {"Content-Type": "application/json"},
        timeout=5,
    )

    assert response.status_code == 400


def test_another_content_type_is_415(ask: Asker) -> None:
    url = ask.simulator.url + "/chat/completions"

    assert ask.session.post(url, data="{}", headers=ask.headers, timeout=5).status_code == 415


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/image/generate"),
        ("POST", "/models"),
        ("GET", "/nothing"),
    ],
)
def test_other_routes_are_404(ask: Asker, method, path) -> None:
    assert ask.session.request(method, ask.simulator.url + path, timeout=5).status_code == 404


def test_without_the_base_path_nothing_is_found(ask: Asker) -> None:
    assert ask.session.get(ask.simulator.origin + "/models", timeout=5).status_code == 404


@pytest.mark.parametrize("authorization", [None, "", "Bearer", "Bearer ", "Basic abc"])
def test_a_missing_key_is_402_with_the_wallet_offer(
    simulator: Simulator, ask: Asker, authorization
) -> None:
    ask.headers = {} if authorization is None else {"Authorization": authorization}

    response = ask.image()

    assert response.status_code == 402
    assert response.json()["x402Version"] == 2
    assert response.json()["error"] == "Authentication required"
    assert response.headers["PAYMENT-REQUIRED"]


def test_a_key_that_is_not_listed_is_401() -> None:
    with Simulator(keys=["good"]) as simulator:
        assert Asker(simulator, "good").chat().status_code == 200
        refused = Asker(simulator, "bad").chat()
        assert refused.status_code == 401
        assert refused.json() == {"error": "Authentication failed"}
        assert Asker(simulator, "bad").get("/models").status_code == 200
