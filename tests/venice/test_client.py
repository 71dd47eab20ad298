"""The client against the stand-in: what it sends, what it makes of the answers."""

import threading
from datetime import UTC, datetime

import pytest

from tests.waiting import eventually
from venice_site.simulator import Simulator
from venice_site.venice import errors
from venice_site.venice.client import Cancel, ChatStream, Client, chat_body, image_body
from venice_site.venice.types import (
    ChatMessage,
    ChatOrder,
    Delta,
    ImageOrder,
    ImagePart,
    Model,
    Usage,
)

ORDER = ImageOrder(model="z-image-turbo", prompt="a harbour", seed=7, width=64, height=64)
ASK = ChatOrder(model="zai-org-glm-5-2", messages=(ChatMessage("user", "Why is the sky blue?"),))


@pytest.fixture
def venice():
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def client(venice):
    return Client(venice.url, "key-one", timeout=5, deadline=10)


def model(**facts) -> Model:
    return Model(**{"id": "m", "kind": "image", "name": "M"} | facts)


def reply_to(client: Client, order: ChatOrder = ASK, model: Model | None = None):
    """Return text, reasoning and the stream of a whole reply."""
    with client.stream_chat(order, model) as stream:
        deltas = list(stream)
    assert [delta.model for delta in deltas if delta.model] == [deltas[0].model]
    text = "".join(delta.text for delta in deltas)
    return text, "".join(delta.reasoning for delta in deltas), stream


def collect(stream: ChatStream, arrived: list[Delta]) -> None:
    """Keep what arrives, also when the stream then breaks."""
    for delta in stream:
        arrived.append(delta)  # noqa: PERF402  extend() would keep nothing when the stream raises


# What is sent


def test_an_image_order_holds_only_what_is_set_and_says_the_rest_aloud():
    assert image_body(ImageOrder(model="m", prompt="p", seed=7), model()) == {
        "model": "m",
        "prompt": "p",
        "seed": 7,
        "format": "png",
        "safe_mode": False,
        "hide_watermark": False,
        "embed_exif_metadata": False,
    }


def test_a_model_sized_in_pixels_gets_width_and_height_that_it_takes():
    order = ImageOrder(
        model="m", prompt="p", seed=7, width=2000, height=1001, aspect_ratio="16:9", steps=99
    )
    body = image_body(order, model(size_divisor=16, steps_max=30))
    assert (body["width"], body["height"], body["steps"]) == (1280, 992, 30)
    assert "aspect_ratio" not in body


def test_a_model_of_aspect_ratios_gets_the_values_exactly_as_it_lists_them():
    order = ImageOrder(
        model="m",
        prompt="p",
        seed=7,
        width=64,
        height=64,
        aspect_ratio="16:9",
        resolution="1K",
        quality="odd",
        steps=20,
    )
    lists = model(
        aspect_ratios=("1:1", "16:9"), resolutions=("1k", "2k"), qualities=("low",), steps_max=50
    )
    body = image_body(order, lists)
    assert (body["aspect_ratio"], body["resolution"]) == ("16:9", "1k")
    assert not {"width", "height", "steps", "quality", "variants"} & set(body)


def test_a_chat_order_is_a_stream_with_its_usage_and_no_nulls():
    assert chat_body(ASK) == {
        "model": ASK.model,
        "messages": [{"role": "user", "content": "Why is the sky blue?"}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def test_a_chat_order_is_clamped_to_the_models_output():
    order = ChatOrder(
        model="m",
        messages=(),
        max_tokens=8192,
        temperature=0.0,
        conversation="c-1",
        own_system_prompt=True,
    )
    body = chat_body(order, model(kind="text", max_output_tokens=4096))
    assert body["max_completion_tokens"] == 4096
    assert body["temperature"] == 0.0
    assert body["prompt_cache_key"] == "c-1"
    assert body["venice_parameters"] == {"include_venice_system_prompt": False}


def test_empty_texts_are_left_out_and_pictures_become_data_urls():
    messages = (
        ChatMessage("assistant", " "),
        ChatMessage("user", "What is this?", (ImagePart(b"bytes", "image/png"),)),
        ChatMessage("user", "", (ImagePart(b"bytes", "image/png"),)),
    )
    order = ChatOrder(model="m", messages=messages)
    url = {"type": "image_url", "image_url": {"url": "data:image/png;base64,Ynl0ZXM="}}
    seen = chat_body(order, model(kind="text", supports_vision=True, max_images=10))["messages"]
    assert [part["content"] for part in seen] == [
        [{"type": "text", "text": "What is this?"}, url],
        [url],
    ]
    unseen = chat_body(order, model(kind="text"))["messages"]
    assert unseen[1]["content"] == "(An image was attached here, but this model cannot see images.)"


def test_the_key_goes_into_one_header_and_the_body_is_what_the_answer_keeps(venice, client):
    image = client.generate_image(ORDER)
    (seen,) = venice.requests
    assert seen.headers["authorization"] == "Bearer key-one"
    assert seen.body == image.request == image_body(ORDER)


# What comes back


def test_a_picture_comes_with_what_is_known_of_it(client):
    image = client.generate_image(ORDER)
    assert (image.mime, image.width, image.height, image.seed) == ("image/png", 64, 64, 7)
    assert image.model == "z-image-turbo"
    assert image.response["id"]
    assert image.rate.remaining is not None
    assert image.duration_ms >= 0


@pytest.mark.parametrize(
    "scenario", ["seed-shape", "binary", "webp-instead", "data-uri", "no-request-echo", "gzip"]
)
def test_a_picture_is_found_in_every_shape(venice, client, scenario):
    venice.fail(scenario)
    assert client.generate_image(ORDER).seed == 7


def test_a_substituted_seed_is_the_one_that_is_told(venice, client):
    venice.fail("substituted-seed")
    assert client.generate_image(ORDER).seed == 424242


@pytest.mark.parametrize(
    "scenario",
    [
        "normal",
        "stream-usage-without-choices",
        "stream-crlf",
        "stream-utf8-split",
        "stream-comments",
        "stream-no-done",
        "stream-unterminated",
        "stream-empty-finish",
        "stream-one-chunk",
        "stream-close-delimited",
        "stream-gzip",
        "stream-citations-first",
        "stream-ignored",
    ],
)
def test_a_reply_is_whole_in_every_manner_of_stream(venice, client, scenario):
    usual, _, _ = reply_to(client)
    venice.fail(scenario)
    text, _, stream = reply_to(client)
    assert text.endswith(usual)
    assert "\ufffd" not in text
    assert stream.usage.tokens_out > 0
    assert stream.usage.cost_source == "response"
    assert stream.counted > 0
    assert stream.rate.remaining is not None


def test_a_reply_without_usage_leaves_our_own_count(venice, client):
    venice.fail("stream-no-usage")
    _, _, stream = reply_to(client)
    assert stream.usage is None
    assert stream.counted > 0


def test_usage_comes_with_the_last_delta_alone(client):
    with client.stream_chat(ASK) as stream:
        deltas = list(stream)
    assert isinstance(deltas[-1].usage, Usage)
    assert not [delta for delta in deltas[:-1] if delta.usage]


def test_reasoning_is_told_apart_in_both_ways(venice, client):
    venice.fail("stream-split-think")
    text, reasoning, _ = reply_to(client, model=model(kind="text", supports_reasoning=True))
    assert "think" not in text[:10]
    assert reasoning
    venice.clear()
    venice.fail("stream-reasoning")
    text, reasoning, _ = reply_to(client)
    assert text
    assert reasoning


def test_a_server_that_does_not_know_stream_options_is_asked_without(venice, client):
    venice.fail("bad-request-array", times=1)
    reply_to(client)
    first, second = venice.requests
    assert "stream_options" in first.body
    assert "stream_options" not in second.body


def test_a_limit_above_the_models_own_is_lowered_once(venice, client):
    venice.fail("max-tokens", times=1, cap=100)
    reply_to(client, ChatOrder(model=ASK.model, messages=ASK.messages, max_tokens=8192))
    assert [seen.body["max_completion_tokens"] for seen in venice.requests] == [8192, 100]


def test_a_refusal_that_names_no_dialect_is_not_asked_again(venice, client):
    venice.fail("bad-request-issues")
    with pytest.raises(errors.InvalidOrder, match="prompt: Field is required"):
        client.stream_chat(ASK)
    assert len(venice.requests) == 1


@pytest.mark.parametrize("scenario", ["normal", "models-seed-shape", "models-unknown-type"])
def test_models_have_one_shape(venice, client, scenario):
    venice.fail(scenario)
    found = client.models("image")
    assert {"z-image-turbo"} <= {one["id"] for one in found}
    assert all(one["model_spec"]["name"] for one in found)


@pytest.mark.parametrize("scenario", ["styles-strings", "styles-objects", "styles-bare"])
def test_styles_are_texts(venice, client, scenario):
    venice.fail(scenario)
    assert all(isinstance(style, str) and style for style in client.styles())


def test_traits_and_the_keys_health_can_be_asked(client):
    assert client.traits("text")["default"]
    health = client.rate_limits()
    assert health.ok
    assert set(health.balances) == {"USD", "DIEM"}
    assert health.next_epoch > datetime.now(UTC)


def test_a_refused_key_has_no_health(venice, client):
    venice.fail("unauthorized")
    with pytest.raises(errors.KeyRefused):
        client.rate_limits()


# Refusals


@pytest.mark.parametrize(
    ("scenario", "kind"),
    [
        ("unauthorized", errors.KeyRefused),
        ("unauthorized-seed-shape", errors.KeyRefused),
        ("unauthorized-pro-only", errors.NotEntitled),
        ("payment-balance", errors.OutOfCredit),
        ("payment-seed-shape", errors.OutOfCredit),
        ("payment-spend-limit", errors.SpendLimit),
        ("payment-no-auth", errors.NoKey),
        ("rate-limited-ms", errors.RateLimited),
        ("rate-limited-seconds", errors.RateLimited),
        ("rate-limited-retry-after", errors.Overloaded),
        ("error-budget", errors.FailureBudget),
        ("server-error", errors.ServerFault),
        ("at-capacity", errors.Overloaded),
        ("gateway-timeout", errors.TimedOut),
        ("html-502", errors.ServerFault),
        ("html-200", errors.BadAnswer),
        ("broken-json", errors.BadAnswer),
        ("array-200", errors.BadAnswer),
        ("redirect", errors.BadAnswer),
        ("model-not-found", errors.ModelGone),
        ("gone", errors.ModelGone),
        ("payload-too-large", errors.InvalidOrder),
        ("content-policy-suggestion", errors.Blocked),
        ("forbidden-privacy", errors.NotEntitled),
    ],
)
@pytest.mark.parametrize("what", ["image", "reply"])
def test_each_refusal_is_what_it_really_means_and_is_met_once(venice, client, scenario, kind, what):
    venice.fail(scenario)
    with pytest.raises(kind) as caught:
        client.generate_image(ORDER) if what == "image" else reply_to(client)
    assert type(caught.value) is kind
    lost = kind is errors.TimedOut or scenario == "broken-json"
    assert caught.value.may_be_charged == lost
    assert ("may have been charged" in str(caught.value)) == lost
    assert len(venice.requests) == 1


@pytest.mark.parametrize("scenario", ["rate-limited-ms", "rate-limited-seconds", "error-budget"])
def test_a_refusal_says_when_to_come_back(venice, client, scenario):
    venice.fail(scenario, seconds=30)
    with pytest.raises(errors.Refusal) as caught:
        client.generate_image(ORDER)
    wait = (caught.value.retry_at - datetime.now(UTC)).total_seconds()
    assert 25 < wait <= 31


@pytest.mark.parametrize(
    ("scenario", "kind"),
    [
        ("stream-cut", errors.StreamCut),
        ("stream-reset", errors.StreamCut),
        ("stream-garbage", errors.StreamCut),
        ("stream-error", errors.Overloaded),
        ("stream-error-first", errors.Overloaded),
    ],
)
def test_a_reply_that_breaks_off_keeps_what_arrived_and_says_why(venice, client, scenario, kind):
    venice.fail(scenario)
    arrived = []
    with client.stream_chat(ASK) as stream, pytest.raises(kind):
        collect(stream, arrived)
    assert bool(arrived) == (scenario != "stream-error-first")


def test_an_empty_reply_is_a_bad_answer(venice, client):
    venice.fail("stream-empty")
    with pytest.raises(errors.BadAnswer, match="empty answer"):
        reply_to(client)


# Stopping


def in_thread(work) -> tuple[threading.Thread, list[BaseException]]:
    caught: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:
            caught.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, caught


def test_an_image_is_stopped_before_its_headers(venice, client):
    venice.hold(path="/image/generate")
    cancel = Cancel()
    thread, caught = in_thread(lambda: client.generate_image(ORDER, cancel=cancel))
    venice.wait_for_requests(1)
    cancel.set()
    thread.join(2)
    assert isinstance(caught[0], errors.Stopped)
    assert eventually(lambda: venice.requests[0].closed_by_client)


def test_a_reply_is_stopped_before_its_headers(venice, client):
    venice.hold(path="/chat/completions")
    cancel = Cancel()
    thread, caught = in_thread(lambda: client.stream_chat(ASK, cancel=cancel))
    venice.wait_for_requests(1)
    cancel.set()
    thread.join(2)
    assert isinstance(caught[0], errors.Stopped)


def test_a_reply_is_stopped_while_it_waits_for_the_next_token(venice, client):
    venice.hold(path="/chat/completions", after_tokens=3)
    stream = client.stream_chat(ASK)
    arrived: list[str] = []
    thread, caught = in_thread(lambda: arrived.extend(one.text + one.reasoning for one in stream))
    eventually(lambda: stream.counted > 0)
    stream.close()
    thread.join(2)
    assert isinstance(caught[0], errors.Stopped)
    assert stream.usage is None
    assert eventually(lambda: venice.requests[0].closed_by_client)


def test_a_request_that_was_stopped_before_it_began_is_never_sent(venice, client):
    cancel = Cancel()
    cancel.set()
    with pytest.raises(errors.Stopped):
        client.generate_image(ORDER, cancel=cancel)
    assert venice.requests == []


def test_closing_a_reply_that_is_over_disturbs_nobody(venice, client):
    cancel = Cancel()
    with client.stream_chat(ASK, cancel=cancel) as stream:
        list(stream)
        stream.close()
    assert not cancel.is_set()
    client.generate_image(ORDER, cancel=cancel)


def test_a_late_stop_leaves_the_next_request_on_the_same_connection_alone(venice, client):
    early = Cancel()
    client.generate_image(ORDER, cancel=early)
    venice.hold(path="/image/generate")
    thread, caught = in_thread(lambda: client.generate_image(ORDER))
    venice.wait_for_requests(2)
    early.set()
    venice.release()
    thread.join(2)
    assert caught == []
