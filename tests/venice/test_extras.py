"""What an order can ask for beside text, and what a reply can bring: files, sources, characters, tool calls."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venice_site.simulator import KeyRecord
from venice_site.venice import errors
from venice_site.venice.answers import characters
from venice_site.venice.client import Client
from venice_site.venice.deltas import MOST_TOKENS, DeltaReader
from venice_site.venice.models import ApiKey, Call
from venice_site.venice.orders import MOST_PICTURES, TOO_MANY, UNSEEN, chat_body
from venice_site.venice.refusals import Scrub
from venice_site.venice.service import Venice
from venice_site.venice.sse import EventSplitter
from venice_site.venice.types import (
    ChatMessage,
    ChatOrder,
    Delta,
    FilePart,
    ImagePart,
    Model,
    ToolCall,
)

WRITER = "zai-org-glm-5-2"
PDF = FilePart(b"%PDF-1.7 a page", "application/pdf", "page.pdf")
SEES = Model("m", "text", "M", supports_vision=True, max_images=2)


def ask(text="Say hello.", *, files=(), images=(), **facts) -> ChatOrder:
    return ChatOrder(WRITER, (ChatMessage("user", text, images, files),), **facts)


@pytest.fixture
def client(simulator) -> Client:
    return Client(simulator.url, "key-one", timeout=5)


# --- what is asked ----------------------------------------------------------------------------


def test_a_document_is_sent_as_a_part_of_its_message(client, simulator):
    with client.stream_chat(ask("Sum this up.", files=(PDF,))) as stream:
        assert "".join(delta.text for delta in stream)
    (text, file) = simulator.requests[-1].body["messages"][0]["content"]
    assert text == {"type": "text", "text": "Sum this up."}
    assert file["file"]["filename"] == "page.pdf"
    assert file["file"]["file_data"].startswith("data:application/pdf;base64,JVBERi0x")


def test_a_document_alone_is_a_message():
    assert len(chat_body(ask("", files=(PDF,)))["messages"]) == 1


def test_the_newest_pictures_are_shown_as_far_as_the_model_looks():
    one, two, three = (ImagePart(bytes([n]), "image/png") for n in range(3))
    messages = (ChatMessage("user", "old", (one,)), ChatMessage("user", "new", (two, three)))
    old, new = chat_body(ChatOrder("m", messages), SEES)["messages"]
    assert old["content"] == f"old\n\n{TOO_MANY}"
    assert [part["type"] for part in new["content"]] == ["text", "image_url", "image_url"]
    blind = chat_body(ChatOrder("m", messages), Model("m", "text", "M"))["messages"]
    assert blind[0]["content"] == f"old\n\n{UNSEEN}"


def test_more_pictures_than_any_request_holds_are_left_out():
    pictures = tuple(ImagePart(bytes([n]), "image/png") for n in range(30))
    order = ChatOrder("m", (ChatMessage("user", "look", pictures),))
    (turn,) = chat_body(order, replace(SEES, max_images=20))["messages"]
    assert sum(part["type"] == "image_url" for part in turn["content"]) == MOST_PICTURES


def test_what_the_model_does_not_accept_is_not_sent():
    order = ask(reasoning_effort="high", web_search="on", schema={"type": "object"})
    assert chat_body(order, Model(WRITER, "text", "M")).keys() == {
        "model", "messages", "stream", "stream_options",
    }  # fmt: skip


def test_what_the_model_accepts_is_sent_in_venices_words():
    able = Model(
        WRITER,
        "text",
        "M",
        supports_web_search=True,
        supports_schema=True,
        reasoning_efforts=("low", "high"),
    )
    order = ask(
        reasoning_effort="high",
        web_search="auto",
        character="ada",
        own_system_prompt=True,
        disable_thinking=True,
        schema={"type": "object"},
        schema_name="verdict",
    )
    body = chat_body(order, able)
    assert body["reasoning_effort"] == "high"
    assert body["venice_parameters"] == {
        "include_venice_system_prompt": False,
        "disable_thinking": True,
        "enable_web_search": "auto",
        "enable_web_citations": True,
        "include_search_results_in_stream": True,
        "character_slug": "ada",
    }
    assert body["response_format"]["json_schema"] == {
        "name": "verdict",
        "strict": True,
        "schema": {"type": "object"},
    }


def test_a_reply_after_a_schema_is_json_of_it(client):
    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    with client.stream_chat(ask("Where?", schema=schema)) as stream:
        assert "city" in json.loads("".join(delta.text for delta in stream))


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("venice_parameters", {"own_system_prompt": True}),
        ("prompt_cache_key", {"conversation": "c1"}),
        ("stream_options", {}),
    ],
)
def test_a_word_that_a_server_does_not_know_is_left_out(name, facts, client, simulator):
    simulator.fail("unknown-word", words=name)
    for _ in range(2):
        with client.stream_chat(ask(**facts)) as stream:
            assert "".join(delta.text for delta in stream)
    assert [name in request.body for request in simulator.requests] == [True, False, False]


def test_a_server_that_knows_hardly_a_word_is_given_up(client, simulator):
    order = ask(temperature=0.5, top_p=0.9, conversation="c", own_system_prompt=True)
    words = "stream_options,prompt_cache_key,top_p,temperature,venice_parameters"
    simulator.fail("unknown-word", words=words)
    with pytest.raises(errors.InvalidOrder):
        client.stream_chat(order)
    assert len(simulator.requests) == 4


# --- what comes back --------------------------------------------------------------------------


@pytest.mark.parametrize("scenario", ["normal", "stream-citations-first"])
def test_sources_come_once(scenario, client, simulator):
    simulator.fail(scenario)
    with client.stream_chat(ask("What is new?", web_search="on")) as stream:
        deltas = list(stream)
    (told,) = [delta.citations for delta in deltas if delta.citations]
    assert all(source.url.startswith("http") and source.title for source in told)


def test_tool_calls_come_whole_with_the_last_piece(client, simulator):
    simulator.fail("stream-tool-calls")
    with client.stream_chat(ask("What is the weather?")) as stream:
        deltas = list(stream)
    (call,) = deltas[-1].tool_calls
    assert call.name
    assert json.loads(call.arguments)


def reader() -> DeltaReader:
    return DeltaReader(reasons=True, scrub=Scrub("key-one"), clock=lambda: datetime.now(UTC))


def frame(**delta) -> dict:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]}


def test_an_empty_name_on_a_later_fragment_means_nothing():
    found = reader()
    for index, function in (
        (0, {"name": "look", "arguments": '{"at"'}),
        (1, {"name": "listen", "arguments": "{}"}),
        (0, {"name": "", "arguments": ': "sea"}'}),
    ):
        fragment = {"index": index, "id": f"c{index}" if "name" in function else "", "function": function}  # fmt: skip
        found.take(frame(tool_calls=[fragment]))
    found.take({"choices": [{"delta": {}, "finish_reason": "tool_calls"}]})
    assert found.end().tool_calls == (
        ToolCall("c0", "look", '{"at": "sea"}'),
        ToolCall("c1", "listen", "{}"),
    )


@pytest.mark.parametrize(("written", "charged"), [(0, False), (40, True)])
def test_an_error_frame_before_content_is_charged_for_when_tokens_were_used(written, charged):
    found = reader()
    found.take({"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": written}})
    with pytest.raises(errors.ServerFault) as raised:
        found.take({"error": {"message": "Inference failed", "type": "server_error"}})
    assert raised.value.may_be_charged == charged


def test_reasoning_and_text_in_one_frame_are_told_apart():
    assert reader().take(frame(content="yes", reasoning_content="hm")) == Delta("yes", "hm")


@pytest.mark.parametrize("tokens", [-5, 0, MOST_TOKENS + 1, 10**30, "many", None, True, [1]])
def test_numbers_of_tokens_that_cannot_be_are_not_believed(tokens):
    found = reader()
    found.take({"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": tokens}})
    assert (found.usage.tokens_in, found.usage.tokens_out) == (7, 0)


@pytest.mark.parametrize("cost", [{"usd": 1e12}, {"usd": -3, "diem": 0}, {"diem": "-0.5"}])
def test_a_price_that_cannot_be_is_not_believed(cost):
    found = reader()
    found.take({"choices": [], "usage": {"prompt_tokens": 1}, "cost": cost})
    assert found.usage.cost_source == "catalogue"


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@given(junk, junk)
def test_odd_sources_and_odd_calls_break_nothing(sources, calls):
    found = reader()
    found.take({**frame(tool_calls=calls, content="x"), "venice_parameters": {"web_search_citations": sources}})  # fmt: skip
    found.take({"choices": [{"delta": {}, "finish_reason": "stop"}]})
    found.end()


STREAM = (
    "".join(
        f"data: {json.dumps(part, ensure_ascii=False)}\r\n\r\n"
        for part in [
            frame(reasoning_content="Grüße 東京"),
            frame(content="<think>leise</think>Hallo 🌙"),
            {
                "choices": [],
                "venice_parameters": {
                    "web_search_citations": [{"title": "T", "url": "https://e.test"}]
                },
            },
            frame(
                tool_calls=[{"index": 0, "id": "c", "function": {"name": "f", "arguments": "{}"}}]
            ),
            {"choices": [{"delta": {}, "finish_reason": "stop"}]},
            {"usage": {"prompt_tokens": 3, "completion_tokens": 4}, "cost": {"usd": 0.001}},
        ]
    ).encode()
    + b"data: [DONE]\n\n"
)


def whole_of(pieces: list[bytes]) -> tuple:
    splitter, found = EventSplitter(), reader()
    deltas = [found.read(event) for piece in pieces for event in splitter.feed(piece)]
    deltas += [found.read(event) for event in splitter.flush()]
    said = [delta for delta in [*deltas, found.end()] if delta]
    return (
        "".join(delta.text for delta in said),
        "".join(delta.reasoning for delta in said),
        [delta.citations for delta in said if delta.citations],
        said[-1].tool_calls,
        said[-1].usage,
    )


@given(st.lists(st.integers(0, len(STREAM))))
def test_a_stream_cut_anywhere_is_the_same_reply(places):
    pieces = [STREAM[a:b] for a, b in pairwise([0, *sorted(places), len(STREAM)])]
    assert whole_of(pieces) == whole_of([STREAM])


# --- what can be asked beside replies ---------------------------------------------------------


def test_characters_are_found_by_what_they_are(client):
    (found,) = client.characters("philosophy")
    assert (found.slug, found.name) == ("alan-watts", "Alan Watts")
    assert len(client.characters(limit=2)) == 2
    assert client.characters(limit=2, offset=4)[0].adult


def test_a_character_without_a_slug_is_none():
    rows = [{"name": "x"}, {"slug": "a"}, 7, None, {"slug": 5}]
    assert [(one.slug, one.name) for one in characters({"data": rows})] == [("a", "a")]


def test_a_reply_of_a_character(client, simulator):
    with client.stream_chat(ask(character="ada")) as stream:
        assert "".join(delta.text for delta in stream)
    with pytest.raises(errors.InvalidOrder, match="does not know this character"):
        client.stream_chat(ask(character="nobody"))


def test_foreign_names_of_models_can_be_asked(client):
    assert client.compatibility("text")


def test_only_an_admin_key_learns_the_balance(client, simulator):
    with pytest.raises(errors.NotEntitled):
        client.balance()
    simulator.keys["admin-key"] = KeyRecord("admin-key", admin=True, balance_usd=3.5)
    found = Client(simulator.url, "admin-key").balance()
    assert found.can_spend
    assert found.amounts["usd"] == 3.5


def test_the_door_lists_characters_with_any_key_and_writes_no_line(alice, key, simulator):
    assert [one.slug for one in Venice(alice).characters("ada")] == ["ada"]
    assert simulator.requests[-1].key == "key-one"
    assert not Call.objects.exists()


def test_a_refused_key_hides_no_characters(alice, make_key, simulator):
    make_key("key-one", priority=1)
    make_key("key-two")
    simulator.fail("unauthorized", key="key-one")
    assert Venice(alice).characters("ada")
    simulator.fail("unauthorized", key="key-two")
    with pytest.raises(errors.KeyRefused):
        Venice(alice).characters()


def test_a_reply_of_tool_calls_alone_arrives_and_is_paid_for(alice, key, simulator):
    simulator.fail("stream-tool-calls")
    venice = Venice(alice)
    order = ask("What is the weather?")
    with venice.stream_reply(order, venice.reserve_reply(order).pk) as stream:
        deltas = list(stream)
    assert deltas[-1].tool_calls
    assert stream.usage.cost_source == "response"
    assert stream.usage.tokens_out > 0


def test_without_a_key_that_can_be_asked_the_door_says_so(alice, make_key, simulator):
    make_key()
    ApiKey.objects.update(state="refused")
    with pytest.raises(errors.NoKey):
        Venice(alice).characters()
