"""The documented answer of each example, read by the client into its own types."""

import json
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.examples.example import DONE, EVENTS, WRITTEN, Example
from tests.examples.replies import CALL, GLM, asking, meant, question
from tests.examples.scripted import Asked, answering, stream_of
from tests.examples.streams import chunk
from tests.examples.table import EXAMPLES
from venice_site.venice.client import Client
from venice_site.venice.errors import VeniceError
from venice_site.venice.types import ChatOrder, ToolCall

READ = [example for example in EXAMPLES if example.read is not None]
BY_NAME = pytest.mark.parametrize("example", READ, ids=lambda example: example.name)


def body_of(example: Example) -> bytes:
    if isinstance(example.answer, bytes):
        return example.answer
    if example.media_type == EVENTS:
        return stream_of(example.answer)
    return json.dumps(example.answer).encode()


def read(example: Example):
    """Return what the client makes of the answer, and what it asked."""
    headers = {"content-type": example.media_type, **example.headers}
    with answering(200, headers, body_of(example)) as script:
        client = Client(script.url, example.key, timeout=5, deadline=10)
        try:
            found = example.read(client)
        except VeniceError as error:
            found = type(error)
    return found, script.asked


@BY_NAME
def test_the_client_reads_the_answer_and_asks_the_same(example: Example) -> None:
    found, asked = read(example)

    (one,) = asked
    assert found == example.means
    assert (one.method, one.path) == (example.method, urlsplit(example.path).path)
    assert one.headers.get("Authorization", "") == (f"Bearer {example.key}" if example.key else "")
    assert apart(example, one) == example.apart


def apart(example: Example, asked: Asked) -> set[str]:
    """Return the fields of the example that were asked otherwise or not at all."""
    if example.sent is None:
        wanted = dict(parse_qsl(urlsplit(example.path).query))
        return {name for name in wanted if asked.query.get(name) != wanted[name]}
    assert asked.headers["content-type"] == "application/json"
    return {name for name in example.sent if asked.body.get(name) != example.sent[name]}


def test_calls_of_tools_come_in_fragments_too() -> None:
    function = CALL["function"]
    half = len(function["arguments"]) // 2
    head = {**function, "arguments": function["arguments"][:half]}
    rest = {"name": "", "arguments": function["arguments"][half:]}
    streamed = Example(
        "tool calls as a stream",
        "/chat/completions",
        sent={},
        headers=WRITTEN,
        media_type=EVENTS,
        answer=[
            chunk(role="assistant", content=None),
            chunk(tool_calls=[{**CALL, "index": 0, "function": head}]),
            chunk(tool_calls=[{"index": 0, "id": "", "function": rest}]),
            chunk("tool_calls"),
            DONE,
        ],
        read=asking(ChatOrder(GLM, question("What is the weather in Oslo?"))),
    )
    called = ToolCall("call_a", "get_weather", '{"location":"Oslo"}')

    found, _ = read(streamed)

    assert found == meant("", finish="tool_calls", usage=None, calls=(called,))
