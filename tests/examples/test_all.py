"""Nothing is forgotten: every documented example has its case.

The product makes no sounds and films, compares no texts and manages no keys; the stand-in does not serve what
only that needs, and answers it as Venice answers any address it does not know:

* keys: their list (`/api_keys`) and the log of their limits (`/api_keys/rate_limits/log`);
* sounds: `/audio/speech`, `/audio/transcriptions`;
* accounts: `/billing/usage-analytics`, `/billing/usage-history`;
* vectors: `/embeddings`;
* films: `/video/quote`, `/video/queue`, `/video/retrieve`, `/video/complete`.
"""

import re

import pytest
import requests

from tests.examples.example import ADMIN, INFERENCE
from tests.examples.refusals import REFUSALS
from tests.examples.table import EXAMPLES
from tests.examples.unserved import UNSERVED
from venice_site.simulator import Simulator
from venice_site.simulator.routes import ROUTES

ERRORS = "_errors"
NAMES = [
    "_errors",
    "api_keys_list",
    "api_keys_rate_limits",
    "api_keys_rate_limits_log",
    "audio_speech",
    "audio_transcriptions",
    "billing_balance",
    "billing_usage_analytics",
    "billing_usage_history",
    "characters_list",
    "chat_completions",
    "chat_completions_json_schema",
    "chat_completions_stream",
    "chat_completions_stream_error",
    "chat_completions_stream_legacy_think",
    "chat_completions_stream_usage_without_choices",
    "chat_completions_tools",
    "chat_completions_vision",
    "embeddings",
    "image_background_remove",
    "image_edit",
    "image_generate",
    "image_generate_aspect_ratio",
    "image_generate_binary",
    "image_generate_content_violation",
    "image_generate_seed_document_shape",
    "image_multi_edit",
    "image_styles",
    "image_upscale",
    "images_generations_openai",
    "models_compatibility_mapping",
    "models_image",
    "models_text",
    "models_traits",
    "video_complete",
    "video_queue",
    "video_quote",
    "video_retrieve_processing",
]
ERROR_NAMES = [
    "standard_string",
    "seed_document_object",
    "detailed_zod",
    "detailed_string_details",
    "legacy_zod_array",
    "context_length",
    "max_completion_tokens_too_high",
    "upstream_rejection",
    "pro_only_model_401",
    "admin_key_required_401",
    "insufficient_balance_402",
    "key_spend_limit_402",
    "no_auth_402_x402_discovery",
    "model_privacy_403",
    "model_not_found_404",
    "gone_410",
    "payload_too_large_413",
    "content_policy_422",
    "provider_policy_422",
    "rate_limit_429",
    "overloaded_429",
    "abuse_429",
    "inference_failed_500",
    "at_capacity_503",
    "timeout_504",
    "cloudflare_html_5xx",
    "sse_in_band_error",
]


def test_each_of_the_38_examples_has_one_case() -> None:
    served = [example.name for example in EXAMPLES]

    assert len(NAMES) == 38
    assert sorted([*served, *UNSERVED, ERRORS]) == sorted(NAMES)


def test_each_of_the_27_errors_has_one_case() -> None:
    assert len(ERROR_NAMES) == 27
    assert sorted(refused.name for refused in REFUSALS) == sorted(ERROR_NAMES)


def test_all_that_is_served_is_in_an_example() -> None:
    called = {(one.method, one.path.partition("?")[0]) for one in EXAMPLES}

    assert called | {("GET", "/billing/usage")} == set(ROUTES)


def test_the_client_reads_all_that_is_served_but_what_is_in_other_words() -> None:
    """`/image/generate` says all that OpenAI's words for pictures can say, and the seed besides."""
    assert [one.name for one in EXAMPLES if one.read is None] == ["images_generations_openai"]


@pytest.mark.parametrize("name", UNSERVED)
def test_what_is_not_served_is_not_found(running: Simulator, name: str) -> None:
    target, sent = UNSERVED[name]
    method, path = "POST" if sent else "GET", target.partition("?")[0]
    for key in (INFERENCE, ADMIN):
        headers = {"Authorization": f"Bearer {key}"}
        response = requests.request(
            method, running.url + target, headers=headers, timeout=5, **sent
        )
        assert response.status_code == 404
        assert response.json() == {"error": f"Route not found: {method} /api/v1{path}"}


def test_the_list_above_names_what_is_not_served() -> None:
    named = set(re.findall(r"`(/[a-z_/-]+)`", __doc__ or ""))

    assert named == {target.partition("?")[0] for target, _ in UNSERVED.values()}
