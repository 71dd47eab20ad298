"""The examples of replies that come whole, and what all replies share."""

import base64
from typing import Any

import pytest

from tests.examples.example import RESET, WRITTEN, Example, picture
from venice_site.venice.client import Client
from venice_site.venice.errors import VeniceError
from venice_site.venice.types import ChatMessage, ChatOrder, Citation, ImagePart, ToolCall, Usage

GLM, PATH = "zai-org-glm-5-1", "/chat/completions"
SEEN = picture(size=(64, 64))
SYSTEM, QUESTION = "You answer briefly.", "What is new about grass?"
PARAMETERS = {
    "enable_web_search": "auto",
    "enable_web_citations": True,
    "include_venice_system_prompt": True,
    "strip_thinking_response": True,
}
ASKED = {
    "model": GLM,
    "messages": [{"role": "system", "content": SYSTEM}, {"role": "user", "content": QUESTION}],
    "temperature": 0.7,
    "max_completion_tokens": 500,
}
ORDER = ChatOrder(
    GLM,
    (ChatMessage("system", SYSTEM), ChatMessage("user", QUESTION)),
    temperature=0.7,
    max_tokens=500,
)
SOURCE = {
    "content": "Leaves take in red &amp; blue light.",
    "date": "2025-04-16T16:55:11",
    "title": "The colour of leaves",
    "url": "https://example.org/leaves",
}
CITATION = Citation(SOURCE["title"], SOURCE["url"], "Leaves take in red & blue light.", SOURCE["date"])  # fmt: skip
USAGE = {
    "prompt_tokens": 612,
    "completion_tokens": 146,
    "total_tokens": 758,
    "prompt_tokens_details": None,
    "completion_tokens_details": None,
}
COST = {"usd": 0.00042, "diem": 0}
USED = Usage(tokens_in=612, tokens_out=146, cost=420, cost_source="response")
ECHO = {
    **PARAMETERS,
    "enable_e2ee": True,
    "enable_web_scraping": False,
    "include_search_results_in_stream": False,
    "return_search_results_as_documents": False,
    "disable_thinking": False,
    "character_slug": "venice",
}


def whole(model: str, finish: str = "stop", **message: Any) -> dict[str, Any]:
    """Return a reply that is no stream."""
    said = {"role": "assistant", "reasoning_content": None, "tool_calls": [], **message}
    choice = {"index": 0, "finish_reason": finish, "logprobs": None, "message": said}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1739928524,
        "model": model,
        "choices": [{**choice, "stop_reason": None}],
        "usage": USAGE,
        "cost": COST,
        "prompt_logprobs": None,
        "venice_parameters": {**ECHO, "web_search_citations": []},
    }


def cited(reply: dict[str, Any]) -> dict[str, Any]:
    """Return the reply with a source."""
    return {**reply, "venice_parameters": {**ECHO, "web_search_citations": [SOURCE]}}


def asking(order: ChatOrder) -> Any:
    """Return a function that asks for this reply and tells what came, in the client's own types."""

    def ask(client: Client) -> dict[str, Any]:
        deltas, failure = [], None
        with client.stream_chat(order) as stream:
            try:
                for delta in stream:
                    deltas.append(delta)  # noqa: PERF402  extend() would keep nothing on failure
            except VeniceError as error:
                failure = type(error)
        return {
            "text": "".join(delta.text for delta in deltas),
            "reasoning": "".join(delta.reasoning for delta in deltas),
            "finish": "".join(delta.finish_reason for delta in deltas),
            "model": stream.model,
            "usage": stream.usage,
            "citations": [delta.citations for delta in deltas if delta.citations],
            "calls": deltas[-1].tool_calls,
            "failure": failure,
            "rate": (stream.rate.limit, stream.rate.remaining, stream.rate.tokens_remaining),
            "reset": stream.rate.reset_at,
        }

    return ask


def meant(text: str, **other: Any) -> dict[str, Any]:
    """Return what a good reply with today's headers means."""
    return {
        "text": text,
        "reasoning": "",
        "finish": "stop",
        "model": GLM,
        "usage": USED,
        "citations": [],
        "calls": (),
        "failure": None,
        "rate": (75, 74, 749242),
        "reset": pytest.approx(int(RESET) / 1000, abs=5),
        **other,
    }


SCHEMA = {
    "type": "object",
    "properties": {"answer": {"type": "string"}},
    "required": ["answer"],
    "additionalProperties": False,
}
TOOL = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Tells the weather of a place",
        "parameters": {
            "type": "object",
            "properties": {"location": {"type": "string"}},
            "required": ["location"],
        },
    },
}
CALL = {
    "id": "call_a",
    "type": "function",
    "function": {"name": "get_weather", "arguments": '{"location":"Oslo"}'},
}
PICTURE = {
    "type": "image_url",
    "image_url": {"url": f"data:image/png;base64,{base64.b64encode(SEEN).decode()}"},
}
STREAMED = frozenset({"stream"})
OURS = frozenset({"venice_parameters"})  # the client asks for sources, and leaves defaults out


def question(text: str, **facts: Any) -> tuple[ChatMessage, ...]:
    return (ChatMessage("user", text, **facts),)


REPLIES = (
    Example(
        "chat_completions",
        PATH,
        sent={**ASKED, "stream": False, "venice_parameters": PARAMETERS},
        headers=WRITTEN,
        answer=cited(whole(GLM, content="Because of chlorophyll.")),
        read=asking(
            ChatOrder(GLM, ORDER.messages, temperature=0.7, max_tokens=500, web_search="auto")
        ),
        means=meant("Because of chlorophyll.", citations=[(CITATION,)]),
        apart=STREAMED | OURS,
    ),
    Example(
        "chat_completions_json_schema",
        PATH,
        sent={
            "model": "venice-uncensored-1-2",
            "messages": [{"role": "user", "content": "Solve 3x + 4 = 19"}],
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "solution", "strict": True, "schema": SCHEMA},
            },
        },
        headers=WRITTEN,
        answer=whole("venice-uncensored-1-2", content='{"answer":"x = 5"}'),
        read=asking(
            ChatOrder(
                "venice-uncensored-1-2",
                question("Solve 3x + 4 = 19"),
                schema=SCHEMA,
                schema_name="solution",
            )
        ),
        means=meant('{"answer":"x = 5"}', model="venice-uncensored-1-2"),
    ),
    Example(
        "chat_completions_tools",
        PATH,
        sent={
            "model": "zai-org-glm-5-2",
            "messages": [{"role": "user", "content": "What is the weather in Oslo?"}],
            "tools": [TOOL],
            "tool_choice": "auto",
        },
        headers=WRITTEN,
        answer=whole(
            "zai-org-glm-5-2",
            "tool_calls",
            content=None,
            reasoning_content="Look it up.",
            tool_calls=[CALL],
        ),
        read=asking(ChatOrder("zai-org-glm-5-2", question("What is the weather in Oslo?"))),
        means=meant(
            "",
            reasoning="Look it up.",
            finish="tool_calls",
            model="zai-org-glm-5-2",
            calls=(ToolCall("call_a", "get_weather", '{"location":"Oslo"}'),),
        ),
        apart=frozenset({"tools", "tool_choice"}),  # the product has no tools of its own
    ),
    Example(
        "chat_completions_vision",
        PATH,
        sent={
            "model": "qwen-3-8-27b",
            "messages": [
                {"role": "user", "content": [{"type": "text", "text": "What is this?"}, PICTURE]}
            ],
        },
        headers=WRITTEN,
        answer=whole("qwen-3-8-27b", content="A grey gradient."),
        read=asking(
            ChatOrder(
                "qwen-3-8-27b",
                question("What is this?", images=(ImagePart(SEEN, "image/png"),)),
            )
        ),
        means=meant("A grey gradient.", model="qwen-3-8-27b"),
    ),
)
