"""`POST /chat/completions`: checks the request, writes the reply, and answers whole or as a stream."""

from __future__ import annotations

import re
import secrets
import time
from dataclasses import dataclass
from typing import Any

from .catalogue import Model
from .characters import SLUGS
from .documents import read_documents
from .exchange import Exchange, text_of
from .frames import DONE, Envelope
from .refusals import CONTEXT_LENGTH, unrecognized
from .replies import Answer, Json, Piece, Refusal, Reply, Step, Stream, json_reply, refuse
from .schemas import CHAT, EFFORTS
from .searching import SOURCES, price_of, sources_of, with_marks
from .seeing import Sight, look_at
from .streaming import misbehave, reasoning_first, tool_fragments
from .structured import example_of
from .tokens import count_prompt, pieces
from .validation import demand, invalid
from .writing import Conversation, asks_for_title, reasoning, write

SCRIPTED = (
    "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
    "[a link](javascript:alert(1)) <b onclick=alert(1)>bold</b> <iframe src=//example.org></iframe>\n\n"
    "```html\n<script>alert(1)</script>\n```\n\n![image](https://example.org/track.png)"
)
SAMPLE_TOOL: Json = {
    "name": "get_weather",
    "parameters": {"properties": {"location": {"type": "string"}}},
}


@dataclass(frozen=True)
class Written:
    """A reply before it is sent: its tokens and how it ends."""

    content: list[str]
    reasoning: list[str]
    finish: str
    prompt_tokens: int
    tool_calls: list[Json]

    @property
    def completion_tokens(self) -> int:
        return len(self.content) + len(self.reasoning) + 12 * len(self.tool_calls)

    @property
    def usage(self) -> Json:
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "total_tokens": self.prompt_tokens + self.completion_tokens,
            "prompt_tokens_details": {"cached_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": len(self.reasoning)},
        }


def complete(exchange: Exchange) -> Answer:
    """Answers a conversation."""
    body = exchange.json_body()
    demand(CHAT, body)
    _refuse_unknown_words(exchange, body)
    model = exchange.choose_model(body["model"].partition(":")[0], "text")
    sights = _check_capabilities(model, body)
    documents = read_documents(body["messages"])
    prompt_tokens = count_prompt(body["messages"]) + sum(file.words for file in documents)
    _check_lengths(model, body, prompt_tokens)
    exchange.reserve(model, model.token_price(prompt_tokens, 1))
    conversation = Conversation(body["messages"], model.name, sights, documents)
    written = _write(exchange, model, body, conversation, prompt_tokens)
    price = model.token_price(prompt_tokens, written.completion_tokens) + price_of(body)
    exchange.charge(model, price, prompt_tokens + written.completion_tokens)
    envelope = Envelope(f"chatcmpl-{secrets.token_hex(16)}", int(time.time()), model.id)
    if body.get("stream") and not exchange.has("stream-ignored"):
        return _stream(exchange, body, envelope, written, price)
    return _whole(exchange, body, envelope, written, price)


def _refuse_unknown_words(exchange: Exchange, body: Json) -> None:
    sent = {*body, *_parameters(body)}
    for word in exchange.words("unknown-word", "words"):
        if word in sent:
            raise Refusal(json_reply(400, {"error": [unrecognized(word)]}))


def _parameters(body: Json) -> Json:
    return dict(body.get("venice_parameters", {}))


def _check_capabilities(model: Model, body: Json) -> tuple[Sight, ...]:
    parts = [part for message in body["messages"] for part in _parts(message)]
    kinds = {part["type"] for part in parts}
    needs = {
        "image_url": ("supportsVision", "image input"),
        "input_audio": ("supportsAudioInput", "audio input"),
        "video_url": ("supportsVideoInput", "video input"),
    }
    wanted = [needs[kind] for kind in needs if kind in kinds]
    if body.get("tools"):
        wanted.append(("supportsFunctionCalling", "tools"))
    if body.get("response_format", {}).get("type", "text") != "text":
        wanted.append(("supportsResponseSchema", "response_format"))
    if body.get("logprobs"):
        wanted.append(("supportsLogProbs", "logprobs"))
    for capability, feature in wanted:
        if not model.can(capability):
            raise refuse(400, f"{feature} is not supported by {model.id}")
    _check_effort(model, body)
    return tuple(look_at(part["image_url"]["url"]) for part in parts if part["type"] == "image_url")


def _parts(message: Json) -> list[Json]:
    content = message.get("content")
    return content if isinstance(content, list) else []


def _check_effort(model: Model, body: Json) -> None:
    effort = body.get("reasoning_effort") or body.get("reasoning", {}).get("effort")
    options = model.spec.get("capabilities", {}).get("reasoningEffortOptions", list(EFFORTS))
    if effort and effort not in options:
        message = f"Invalid reasoning effort. {model.id} supports: {', '.join(options)}"
        raise invalid([{"code": "custom", "path": ["reasoning_effort"], "message": message}])


def _check_lengths(model: Model, body: Json, prompt_tokens: int) -> None:
    cap = model.spec["maxCompletionTokens"]
    for name in ("max_completion_tokens", "max_tokens"):
        if body.get(name, 0) > cap:
            raise refuse(
                400,
                f"{name} ({body[name]}) exceeds the maximum allowed for model '{model.id}' ({cap})",
            )
    if prompt_tokens > model.spec["availableContextTokens"]:
        raise Refusal(json_reply(400, CONTEXT_LENGTH))
    slug = _parameters(body).get("character_slug")
    if slug not in (None, *SLUGS):
        raise refuse(404, f"Specified character not found: {slug}")


def _write(
    exchange: Exchange, model: Model, body: Json, conversation: Conversation, prompt_tokens: int
) -> Written:
    thoughts = (
        pieces(reasoning(conversation)) if _reasons(exchange, model, body, conversation) else []
    )
    calls = _tool_calls(exchange, body)
    content = [] if calls else pieces(_text(exchange, body, conversation))
    finish = "tool_calls" if calls else "stop"
    limit = body.get("max_completion_tokens") or body.get("max_tokens") or 0
    limit = limit if limit > 0 else model.spec["maxCompletionTokens"]
    if model.thinks_in_tags and thoughts:
        thoughts, content = [], ["<thi", "nk>", *thoughts, "</think>", *content]
    if exchange.has("length"):
        limit = int(exchange.option("length", "after"))
    if len(thoughts) + len(content) > limit:
        finish = "length"
        thoughts, content = thoughts[:limit], content[: max(0, limit - len(thoughts))]
    return Written(content, thoughts, finish, prompt_tokens, calls)


def _reasons(exchange: Exchange, model: Model, body: Json, conversation: Conversation) -> bool:
    if exchange.has("stream-reasoning"):
        return True
    parameters = _parameters(body)
    off = parameters.get("disable_thinking") or parameters.get("strip_thinking_response")
    off = (
        off
        or body.get("reasoning_effort") == "none"
        or body.get("reasoning", {}).get("effort") == "none"
    )
    off = off or body.get("reasoning", {}).get("enabled") is False
    return model.can("supportsReasoning") and not off and not asks_for_title(conversation)


def _text(exchange: Exchange, body: Json, conversation: Conversation) -> str:
    if exchange.has("stream-empty") or exchange.has("null-content"):
        return ""
    if exchange.has("script-injection"):
        return SCRIPTED
    wanted: Json = body.get("response_format", {})
    if wanted.get("type") in ("json_object", "json_schema"):
        return example_of(wanted.get("json_schema", {}).get("schema", {}), conversation.question)
    text = write(conversation)
    if not asks_for_title(conversation):
        text = with_marks(text, body)
    if exchange.has("stream-utf8-split"):
        text = "Grüße aus Zürich, 東京の夜 🌙 €. " + text
    stops = body.get("stop") or []
    ends = [
        text.find(stop)
        for stop in ([stops] if isinstance(stops, str) else stops)
        if stop and stop in text
    ]
    return text[: min(ends)] if ends else text


def _tool_calls(exchange: Exchange, body: Json) -> list[Json]:
    tools = [
        tool["function"]
        for tool in body.get("tools") or []
        if isinstance(tool, dict) and "function" in tool
    ]
    choice = body.get("tool_choice", "auto")
    if choice == "auto":
        tools = [tool for tool in tools if _is_asked_for(tool, body["messages"])]
    if not exchange.has("stream-tool-calls") and (not tools or choice == "none"):
        return []
    tool: Json = tools[0] if tools else SAMPLE_TOOL
    arguments = example_of(
        tool.get("parameters", {}), re.sub(r"\s+", " ", exchange.subject.prompt)[:40]
    )
    call = {
        "id": "call_a",
        "type": "function",
        "function": {"name": tool["name"], "arguments": arguments},
    }
    return [call]


def _is_asked_for(tool: Json, messages: list[Json]) -> bool:
    """Says whether the person who speaks last uses a word of the tool's name: weather → get_weather."""
    if messages[-1]["role"] != "user":
        return False
    words = set(re.findall(r"[a-z]{4,}", text_of(messages[-1]["content"]).lower()))
    return bool(words & set(str(tool["name"]).lower().split("_")))


def _whole(
    exchange: Exchange, body: Json, envelope: Envelope, written: Written, price: float
) -> Reply:
    content: str | None = "".join(written.content)
    if written.tool_calls or exchange.has("null-content"):
        content = None
    elif exchange.has("stream-split-think"):
        content = f"<think>Let me think about it.</think>{content}"
    message: Json = {"role": "assistant", "content": content}
    choice: Json = {"index": 0, "message": message, "finish_reason": _finish(exchange, written)}
    reply: Json = {
        **envelope.common,
        "object": "chat.completion",
        "choices": [choice],
        "usage": written.usage,
    }
    if not exchange.seed_dialect:
        message["reasoning_content"] = "".join(written.reasoning) or None
        message["tool_calls"] = written.tool_calls
        choice |= {"logprobs": None, "stop_reason": None}
        reply |= {"cost": {"usd": price, "diem": 0}, "prompt_logprobs": None}
        reply["venice_parameters"] = _echoed_parameters(body)
    else:
        reply["usage"] = {
            name: value for name, value in written.usage.items() if not name.endswith("details")
        }
    settings = exchange.state.settings
    rate = settings.tokens_per_second
    delay = settings.first_token_ms / 1000 + (written.completion_tokens / rate if rate > 0 else 0)
    exchange.record.tokens_sent = written.completion_tokens
    return Reply(
        200, json_reply(200, reply).body, {"content-type": "application/json; charset=utf-8"}, delay
    )


def _finish(exchange: Exchange, written: Written) -> str:
    return "content_filter" if exchange.has("stream-content-filter") else written.finish


def _echoed_parameters(body: Json) -> Json:
    parameters = _parameters(body)
    defaults = {
        "enable_e2ee": True,
        "enable_web_search": "off",
        "enable_web_scraping": False,
        "enable_web_citations": False,
        "include_venice_system_prompt": True,
        "include_search_results_in_stream": False,
        "return_search_results_as_documents": False,
        "strip_thinking_response": False,
        "disable_thinking": False,
        "character_slug": "venice",
    }
    return {**defaults, **parameters, "web_search_citations": sources_of(body)}


def _stream(
    exchange: Exchange, body: Json, envelope: Envelope, written: Written, price: float
) -> Stream:
    steps: list[Step] = [Piece(envelope.delta({"role": "assistant", "content": ""}))]
    told = bool(_parameters(body).get("include_search_results_in_stream"))
    sources = sources_of(body) or SOURCES
    citations = envelope.frame(
        choices=[], venice_parameters=_echoed_parameters(body) | {"web_search_citations": sources}
    )
    if exchange.has("stream-citations-first"):
        steps.append(Piece(citations))
    steps += reasoning_first(exchange, envelope, written.reasoning)
    finish = '""' if exchange.has("stream-empty-finish") else "null"
    steps += envelope.tokens("content", written.content, finish)
    steps += tool_fragments(envelope, written.tool_calls)
    steps.append(
        Piece(envelope.delta({"content": ""} if not written.tool_calls else {}, written.finish))
    )
    steps += _usage(exchange, envelope, written, price)
    if told and sources_of(body) and not exchange.has("stream-citations-first"):
        steps.append(Piece(citations))
    steps.append(Piece(DONE))
    headers = {"content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache"}
    return Stream(
        misbehave(exchange, envelope, steps),
        headers,
        chunked=not exchange.has("stream-close-delimited"),
        gzipped=exchange.has("stream-gzip"),
    )


def _usage(exchange: Exchange, envelope: Envelope, written: Written, price: float) -> list[Step]:
    if exchange.has("stream-no-usage"):
        return []
    facts: dict[str, Any] = {"usage": written.usage}
    if not exchange.seed_dialect:
        facts["cost"] = {"usd": price, "diem": 0}
    if exchange.has("stream-usage-without-choices"):
        return [Piece(envelope.frame(**facts))]
    return [Piece(envelope.frame(choices=[], **facts))]
