"""What Venice answers: rate-limit headers, lists, the health of a key, pictures, frames of a stream."""

import base64
import io
import json
import zlib
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from requests.structures import CaseInsensitiveDict

from venice_site.venice.answers import (
    json_object,
    key_health,
    model_entries,
    rate_info,
    style_labels,
    trait_map,
)
from venice_site.venice.deltas import DeltaReader, ThinkSplitter
from venice_site.venice.errors import BadAnswer, Blocked, Overloaded, ServerFault, StreamCut
from venice_site.venice.pictures import image_answer, verified
from venice_site.venice.refusals import Scrub

NOW = datetime(2026, 9, 1, 12, 0, tzinfo=UTC)
STAMP = NOW.timestamp()
SCRUB = Scrub("VENICE_INFERENCE_KEY_secret")
SENT = {"model": "z-image-turbo", "prompt": "a harbour", "seed": 7}


def headers(**found: str) -> CaseInsensitiveDict:
    return CaseInsensitiveDict({name.replace("_", "-"): value for name, value in found.items()})


# Rate limits


@pytest.mark.parametrize(
    ("reset", "wait"),
    [
        (str(int((STAMP + 30) * 1000)), 30),  # Unix milliseconds, as on the wire today
        (str(int(STAMP + 30)), 30),  # Unix seconds, as the seed document says
        ("30", 30),
        ("30.5", 30.5),
        ("1m30s", 90),
        ("250ms", 0.25),
        (format_datetime(NOW + timedelta(seconds=30), usegmt=True), 30),
        (str(int(STAMP - 30)), 0),  # the past is now
        ("7200", 600),  # never more than ten minutes
    ],
)
def test_a_moment_is_understood_in_every_unit(reset, wait):
    found = headers(x_ratelimit_remaining_requests="0", x_ratelimit_reset_requests=reset)
    assert rate_info(found, NOW).retry_at == pytest.approx(STAMP + wait)


@pytest.mark.parametrize("reset", ["", "nan", "inf", "-5", "soon", "99999999", "1x"])
def test_a_moment_that_makes_no_sense_is_left_out(reset):
    found = headers(x_ratelimit_remaining_requests="0", x_ratelimit_reset_requests=reset)
    assert rate_info(found, NOW).retry_at is None


def test_moments_are_told_by_the_servers_own_clock():
    date = format_datetime(NOW + timedelta(minutes=5), usegmt=True)
    reset = str(int(STAMP + 330))
    found = headers(date=date, x_ratelimit_remaining_requests="0", x_ratelimit_reset_requests=reset)
    assert rate_info(found, NOW).retry_at == pytest.approx(STAMP + 30)


def test_the_plain_remaining_header_counts_requests_only_beside_its_limit():
    seed = rate_info(headers(x_ratelimit_limit="100", x_ratelimit_remaining="0"), NOW)
    today = rate_info(headers(x_ratelimit_remaining="0", x_ratelimit_resets="12"), NOW)
    assert (seed.limit, seed.remaining, seed.failures_left) == (100, 0, None)
    assert (today.remaining, today.failures_left, today.retry_at) == (None, 0, STAMP + 12)


def test_absent_is_not_zero():
    rate = rate_info(headers(), NOW)
    assert (rate.remaining, rate.balance_usd, rate.retry_at) == (None, None, None)


def test_room_that_is_left_makes_nobody_wait():
    found = headers(x_ratelimit_remaining_requests="3", x_ratelimit_reset_requests="40")
    assert rate_info(found, NOW).retry_at is None
    assert rate_info(found, NOW).reset_at == STAMP + 40


def test_retry_after_says_more_than_the_window():
    found = headers(
        retry_after="9", x_ratelimit_remaining_requests="0", x_ratelimit_reset_requests="40"
    )
    assert rate_info(found, NOW).retry_at == STAMP + 9


@given(
    st.dictionaries(
        st.sampled_from(
            [
                "retry-after",
                "date",
                "x-ratelimit-reset-requests",
                "x-ratelimit-remaining",
                "x-ratelimit-limit",
                "x-ratelimit-remaining-requests",
                "x-venice-balance-usd",
            ]
        ),
        st.sampled_from(["", "nan", "1e400", "-1", "1h", "Tue, 99 Foo"])
        | st.floats().map(str)
        | st.integers().map(str),
    )
)
def test_no_header_whatsoever_breaks_the_reading(found):
    rate = rate_info(CaseInsensitiveDict(found), NOW)
    assert rate.retry_at is None or STAMP <= rate.retry_at <= STAMP + 600


# Lists


def test_styles_come_in_three_shapes():
    assert style_labels({"data": ["Anime", "3D Model"]}) == ["Anime", "3D Model"]
    assert style_labels({"data": [{"id": "anime", "name": "Anime"}]}) == ["anime"]
    assert style_labels(["Anime", "", None]) == ["Anime"]


def test_models_come_in_two_shapes_and_out_in_one():
    seed, today = model_entries(
        {
            "data": [
                {"id": "a", "name": "Model A", "type": "image"},
                {
                    "id": "b",
                    "type": "decision",
                    "model_spec": {"name": "Model B", "privacy": "odd"},
                },
                {"name": "without an id"},
                "nonsense",
            ]
        },
        "image",
    )
    assert seed["model_spec"]["name"] == "Model A"
    assert (today["type"], today["model_spec"]["privacy"]) == ("decision", "odd")


@pytest.mark.parametrize("said", [None, {}, {"data": 1}, "text", {"data": {}}])
def test_a_list_that_is_none_is_a_bad_answer(said):
    with pytest.raises(BadAnswer):
        style_labels(said)
    with pytest.raises(BadAnswer):
        model_entries(said, "image")


def test_traits_are_an_object():
    assert trait_map({"data": {"default": "a", "odd": 1}}) == {"default": "a"}
    with pytest.raises(BadAnswer):
        trait_map({"data": []})


# Keys


def health(**data):
    return key_health({"data": {"accessPermitted": True, **data}}, NOW)


def test_a_healthy_key_tells_its_balances_and_limits():
    found = health(
        balances={"USD": 50.23, "DIEM": "100.5", "odd": None},
        apiTier={"id": "paid"},
        nextEpochBegins="2026-09-02T00:00:00.000Z",
        rateLimits=[{"apiModelId": "a", "rateLimits": [{"amount": 20, "type": "RPM"}]}],
    )
    assert found.ok
    assert found.balances == {"USD": 50.23, "DIEM": 100.5}
    assert found.tier == "paid"
    assert found.next_epoch == datetime(2026, 9, 2, tzinfo=UTC)
    assert found.limits == {"a": {"RPM": 20}}


def test_a_key_without_access_says_why():
    assert not health(accessPermitted=False).ok
    expired = health(keyExpiration="2026-08-01T00:00:00Z")
    assert (expired.ok, expired.reason) == (False, "This key expired on 2026-08-01.")


# Pictures


def picture(kind="PNG", size=(8, 8)) -> bytes:
    file = io.BytesIO()
    Image.effect_noise(size, 50).convert("RGB").save(file, kind)
    return file.getvalue()


def answer(body, **found):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return image_answer(
        data, headers(**found), SENT, asked=SENT["model"], duration_ms=1, now=NOW, scrub=SCRUB
    )


def b64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def test_todays_shape_says_the_seed_in_its_echo():
    said = {
        "id": "generate-1",
        "images": [b64(picture())],
        "request": {"success": True, "data": {"seed": 99}},
        "timing": {"total": 1893},
    }
    found = answer(said, x_venice_model_id="z-image-turbo-2", cf_ray="abc")
    assert (found.seed, found.model, found.mime, found.width) == (
        99,
        "z-image-turbo-2",
        "image/png",
        8,
    )
    assert found.request == SENT
    assert found.response["id"] == "generate-1"
    assert found.response["timing"] == {"total": 1893}
    assert found.response["headers"]["cf-ray"] == "abc"


def test_the_seed_documents_shape_says_seed_and_model_itself():
    found = answer({"images": [b64(picture())], "seed": 5, "model": "fluently-xl"})
    assert (found.seed, found.model) == (5, "fluently-xl")


@pytest.mark.parametrize(
    "request_echo", [None, {}, {"data": None}, {"data": {"seed": True}}, "text"]
)
def test_without_any_echo_the_seed_is_the_one_that_was_sent(request_echo):
    assert answer({"images": [b64(picture())], "request": request_echo}).seed == 7


def test_raw_bytes_are_known_by_the_content_type():
    found = answer(picture("JPEG"), content_type="image/jpeg")
    assert (found.mime, found.seed, found.model) == ("image/jpeg", 7, "z-image-turbo")


@pytest.mark.parametrize(
    ("kind", "mime"), [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/webp")]
)
def test_the_type_is_what_the_bytes_are(kind, mime):
    found = answer({"images": [f"data:image/gif;base64,{b64(picture(kind))}"]})
    assert (found.mime, found.width, found.height) == (mime, 8, 8)


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"images": []},
        {"images": [""]},
        {"images": [None]},
        {"images": "text"},
    ],
)
def test_an_answer_without_a_picture_is_a_bad_answer(said):
    with pytest.raises(BadAnswer, match=r"\. Try again\.") as caught:
        answer(said)
    assert not caught.value.may_be_charged


@pytest.mark.parametrize("text", ["not base64!", b64(b"not a picture")])
def test_work_that_came_damaged_may_have_been_charged(text):
    with pytest.raises(BadAnswer, match="may have been charged") as caught:
        answer({"images": [text]})
    assert caught.value.may_be_charged


@pytest.mark.parametrize("body", [b"", b'{"images": ["AAAA', b"\x00\xff"])
def test_an_answer_that_ends_half_way_may_have_been_charged(body):
    with pytest.raises(BadAnswer, match="may have been charged"):
        json_object(body)


def test_a_web_page_is_nobody_who_worked():
    with pytest.raises(BadAnswer) as caught:
        json_object(b" <html>Sign in to this network</html>")
    assert not caught.value.may_be_charged


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_half_a_picture_is_a_bad_answer(kind):
    whole = picture(kind, (64, 64))
    with pytest.raises(BadAnswer, match="may have been charged") as caught:
        verified(whole[: len(whole) // 2])
    assert caught.value.may_be_charged


@pytest.mark.parametrize("size", [8_000, 11_000, 60_000])
def test_a_picture_of_too_many_pixels_is_refused_before_it_is_unpacked(size):
    content = bytearray(picture())
    content[16:24] = (size).to_bytes(4, "big") * 2
    content[29:33] = zlib.crc32(content[12:29]).to_bytes(4, "big")
    with pytest.raises(BadAnswer, match="too many pixels"):
        verified(bytes(content))


@pytest.mark.parametrize(
    "name",
    [
        "x_venice_is_content_violation",
        "x_venice_contains_minor",
        "x_venice_is_adult_model_content_violation",
    ],
)
def test_a_placeholder_for_a_blocked_picture_is_blocked(name):
    with pytest.raises(Blocked):
        answer({"images": [b64(picture())]}, **{name: "true"})


def test_a_blurred_picture_says_so():
    assert answer({"images": [b64(picture())]}, x_venice_is_blurred="true").blurred
    assert not answer({"images": [b64(picture())]}, x_venice_is_blurred="false").blurred


def test_an_error_in_a_good_answer_is_an_error():
    with pytest.raises(Overloaded):
        answer({"error": {"message": "…", "code": "model_overloaded"}})


# Frames


def reader(reasons=False) -> DeltaReader:
    return DeltaReader(reasons=reasons, scrub=SCRUB, clock=lambda: NOW)


def frame(finish=None, **delta) -> dict:
    return {"model": "m", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


def read_all(frames, *, reasons=False):
    """Return text, reasoning, finish reason and usage of a stream that ends well."""
    stream = reader(reasons)
    deltas = [stream.take(one) for one in frames]
    stream.read("[DONE]")
    deltas = [delta for delta in [*deltas, stream.end()] if delta]
    text = "".join(delta.text for delta in deltas)
    return text, "".join(delta.reasoning for delta in deltas), stream.finish_reason, stream.usage


def test_text_and_reasoning_may_come_in_one_frame():
    found = read_all([frame(content="Hi", reasoning_content="Hm"), frame(finish="stop")])
    assert found[:3] == ("Hi", "Hm", "stop")


def test_usage_counts_with_and_without_choices_and_the_last_one_wins():
    usage = {"prompt_tokens": 500, "completion_tokens": 0}
    last = {
        "prompt_tokens": 500,
        "completion_tokens": 12,
        "prompt_tokens_details": {"cached_tokens": 100},
        "completion_tokens_details": None,
    }
    frames = [
        {"usage": usage},
        frame(content="Hi"),
        {"choices": [], "usage": last, "cost": {"usd": 0.00042, "diem": 0}},
    ]
    used = read_all(frames)[3]
    assert (used.tokens_in, used.tokens_out, used.tokens_cached, used.tokens_reasoning) == (
        500,
        12,
        100,
        0,
    )
    assert (used.cost, used.cost_source) == (420, "response")


def test_tool_calls_and_unheard_of_fields_are_left_out():
    call = {"index": 0, "id": "1", "function": {"name": "f", "arguments": '{"a'}}
    frames = [
        frame(tool_calls=[call]),
        frame(content="Hi", refusal=None),
        frame(tool_calls=[{"index": 0}]),
    ]
    assert read_all(frames)[0] == "Hi"


def test_reasoning_that_nobody_can_read_is_not_shown():
    frames = [
        frame(reasoning_content="[Some reasoning content is encrypted]"),
        frame(reasoning_content="gAAAAB", reasoning_encrypted=True),
        frame(content="Hi"),
    ]
    assert read_all(frames)[:2] == ("Hi", "")


def test_content_may_be_null_or_a_list_of_parts():
    frames = [
        frame(content=None),
        frame(content=[{"type": "text", "text": "Hi"}]),
        frame(content=3),
        frame(),
    ]
    assert read_all(frames)[0] == "Hi"


def test_an_answer_without_any_text_is_a_bad_answer():
    with pytest.raises(BadAnswer, match="empty answer"):
        read_all([frame(content=""), frame(finish="stop")])
    with pytest.raises(BadAnswer, match="empty answer"):
        read_all([frame(reasoning_content="Hm"), frame(finish="stop")])


def test_an_answer_that_ends_in_its_reasoning_for_want_of_tokens_is_kept():
    assert read_all([frame(reasoning_content="Hm"), frame(finish="length")])[1:3] == (
        "Hm",
        "length",
    )


def test_an_empty_answer_of_the_content_filter_is_blocked():
    with pytest.raises(Blocked):
        read_all([frame(finish="content_filter")])


def test_the_end_without_a_word_of_it_is_a_cut():
    stream = reader()
    stream.take(frame(content="Hello wor"))
    with pytest.raises(StreamCut) as caught:
        stream.end()
    assert caught.value.kind == "stream-cut"
    assert caught.value.may_be_charged
    assert stream.counted == 3


def test_a_finish_reason_is_an_end_too():
    stream = reader()
    stream.take(frame(content="Hi", finish="stop"))
    assert stream.end() is None


@pytest.mark.parametrize(
    ("error", "kind", "wait"),
    [
        (
            {"message": "…", "type": "server_error", "code": "model_overloaded", "retry_after": 30},
            Overloaded,
            30,
        ),
        (
            {"message": "…", "type": "content_filter_error", "code": "content_blocked_by_provider"},
            Blocked,
            None,
        ),
        ({"message": "upstream", "code": "upstream_error"}, ServerFault, None),
        ("it broke", ServerFault, None),
    ],
)
def test_an_error_frame_is_raised_as_what_it_means(error, kind, wait):
    with pytest.raises(kind) as caught:
        reader().take({"error": error})
    assert caught.value.retry_at == (None if wait is None else NOW + timedelta(seconds=wait))


@pytest.mark.parametrize(
    "event", ["{", "7", "null", '{"choices": 7}', '{"choices": [7]}', '{"choices": {"a": 1}}']
)
def test_a_frame_that_makes_no_sense_is_a_bad_answer_at_first_and_a_cut_later(event):
    with pytest.raises(BadAnswer):
        reader().read(event)
    stream = reader()
    stream.take(frame(content="Hi"))
    with pytest.raises(StreamCut):
        stream.read(event)


# <think>


def split(text: str, places: list[int], *, anywhere: bool) -> tuple[str, str]:
    marks = [0, *sorted(min(place, len(text)) for place in places), len(text)]
    splitter = ThinkSplitter(anywhere=anywhere)
    parts = [splitter.split(text[a:b]) for a, b in pairwise(marks) if a < b]
    parts.append(splitter.flush())
    return "".join(part[0] for part in parts), "".join(part[1] for part in parts)


@given(st.lists(st.integers(0, 60)), st.booleans())
def test_a_leading_think_block_is_reasoning_however_it_was_cut(places, anywhere):
    text = " <think>2 < 3, so yes</think>\n\nYes: 2 < 3 </b>"
    assert split(text, places, anywhere=anywhere) == (" Yes: 2 < 3 </b>", "2 < 3, so yes")


@given(st.lists(st.integers(0, 60)))
def test_a_later_think_block_counts_only_for_models_that_reason(places):
    text = "Use <think>like this</think> ok"
    assert split(text, places, anywhere=False) == (text, "")
    assert split(text, places, anywhere=True) == ("Use ok", "like this")


@given(st.lists(st.integers(0, 60)))
def test_a_block_that_is_never_closed_is_all_reasoning(places):
    assert split("<think>on and on</thi", places, anywhere=False) == ("", "on and on</thi")


@given(st.text(alphabet="<think>/ a\n", max_size=40), st.lists(st.integers(0, 40)), st.booleans())
def test_where_a_text_is_cut_never_matters(text, places, anywhere):
    assert split(text, places, anywhere=anywhere) == split(text, [], anywhere=anywhere)


def test_tags_are_text_once_reasoning_has_a_field_of_its_own():
    frames = [frame(reasoning_content="Hm"), frame(content="Write <think>so</think>.")]
    assert read_all(frames, reasons=True)[:2] == ("Write <think>so</think>.", "Hm")
