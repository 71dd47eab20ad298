"""Servers that do not know every word of ours are asked in theirs, and then at once."""

import pytest

from venice_site.venice.dialects import OPTIONAL, REMEMBERED, Dialect
from venice_site.venice.errors import InvalidOrder
from venice_site.venice.orders import chat_body
from venice_site.venice.types import ChatMessage, ChatOrder

BODY = chat_body(
    ChatOrder(
        "m",
        (ChatMessage("user", "Why?"),),
        temperature=0.5,
        top_p=0.9,
        frequency_penalty=0.1,
        presence_penalty=0.1,
        max_tokens=8192,
        conversation="c",
        own_system_prompt=True,
        disable_thinking=True,
        reasoning_effort="low",
    )
)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def dialect(clock):
    return Dialect(clock)


def refused(detail: str, status=400) -> InvalidOrder:
    return InvalidOrder(status=status, detail=detail)


@pytest.mark.parametrize("word", [*OPTIONAL, "venice_parameters"])
@pytest.mark.parametrize(
    "says",
    [
        "Unrecognized key(s) in object: '{}'",
        "Unsupported parameter: '{}' is not supported with this model.",
        "body.{}: Extra inputs are not permitted",
        "{} is unknown",
    ],
)
def test_an_optional_word_that_is_not_known_is_left_out(dialect, word, says):
    reworded = dialect.reworded(BODY, refused(says.format(word)))
    assert BODY.keys() - reworded.keys() == {word}


def test_a_field_is_known_when_it_is_written_with_spaces(dialect):
    reworded = dialect.reworded(BODY, refused("stream options: Unexpected field"))
    assert "stream_options" not in reworded


def test_one_word_of_venices_own_can_go_without_the_others(dialect):
    reworded = dialect.reworded(BODY, refused("Unrecognized key(s) in object: 'disable_thinking'"))
    assert reworded["venice_parameters"] == {"include_venice_system_prompt": False}


@pytest.mark.parametrize(
    "wish", [{"character": "ada"}, {"web_search": "on"}, {"web_scraping": True}]
)
def test_what_was_asked_for_is_never_dropped_in_silence(dialect, wish):
    body = chat_body(ChatOrder("m", (ChatMessage("user", "Why?"),), **wish))
    for word in ("venice_parameters", *body["venice_parameters"]):
        reworded = dialect.reworded(body, refused(f"Unrecognized key '{word}'"))
        kept = reworded["venice_parameters"] if reworded else body["venice_parameters"]
        assert kept.keys() & {"character_slug", "enable_web_search", "enable_web_scraping"}


@pytest.mark.parametrize(
    "detail",
    [
        "temperature: Number must be less than or equal to 2",
        "Unrecognized key(s) in object: 'messages'",
        "Unrecognized key(s) in object: 'model'",
        "Unrecognized key(s) in object: 'top_pp'",
        "",
    ],
)
def test_every_other_refusal_stands(dialect, detail):
    assert dialect.reworded(BODY, refused(detail)) is None


def test_only_a_400_is_about_words(dialect):
    assert dialect.reworded(BODY, refused("Unrecognized key 'top_p'", status=413)) is None


def test_the_limit_has_an_older_name(dialect):
    reworded = dialect.reworded(BODY, refused("Unknown field max_completion_tokens"))
    assert reworded["max_tokens"] == 8192
    assert "max_completion_tokens" not in reworded


@pytest.mark.parametrize(("cap", "limit"), [(4096, 4096), (9000, None), (0, None)])
def test_a_limit_above_the_models_is_lowered_to_it(dialect, cap, limit):
    says = f"max_completion_tokens (8192) exceeds the maximum allowed for model 'm' ({cap})"
    reworded = dialect.reworded(BODY, refused(says))
    assert (reworded and reworded["max_completion_tokens"]) == limit


def test_what_was_learned_is_said_at_once_for_a_while(dialect, clock):
    for word in ("stream_options", "max_completion_tokens", "disable_thinking"):
        dialect.reworded(BODY, refused(f"Unrecognized key(s) in object: '{word}'"))
    spoken = dialect.spoken(BODY)
    assert "stream_options" not in spoken
    assert spoken["max_tokens"] == 8192
    assert spoken["venice_parameters"] == {"include_venice_system_prompt": False}
    assert dialect.spoken({**BODY, "model": "another"}) == {**BODY, "model": "another"}
    clock.now = REMEMBERED
    assert dialect.spoken(BODY) == BODY


def test_what_is_spoken_is_a_copy(dialect):
    before = chat_body(ChatOrder("m", (), own_system_prompt=True))
    dialect.reworded(before, refused("Unrecognized key 'include_venice_system_prompt'"))
    assert "venice_parameters" not in dialect.spoken(before)
    assert before["venice_parameters"] == {"include_venice_system_prompt": False}
