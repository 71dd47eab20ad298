"""What can be unusual about a stream: reasoning in other places, tool calls in fragments, and every way to go wrong."""

from __future__ import annotations

from collections.abc import Callable

from .exchange import Exchange
from .frames import (
    CLOSED,
    DONE,
    RESET,
    Envelope,
    cut_after,
    each_piece,
    encode,
    insert_after,
    merged,
    split_inside_characters,
    with_comments,
)
from .refusals import OVERLOADED
from .replies import Json, Pause, Piece, Step

ERROR_FRAME = encode(
    {
        "error": {
            "message": OVERLOADED,
            "type": "server_error",
            "code": "model_overloaded",
            "param": None,
            "retry_after": 30,
        }
    }
)


def reasoning_first(exchange: Exchange, envelope: Envelope, thoughts: list[str]) -> list[Step]:
    """Returns the frames before the answer: reasoning as a field of its own, or in split <think> tags."""
    if exchange.has("stream-split-think"):
        texts = ["<thi", "nk>two ", "plus ", "two</th", "ink>", "\n"]
        return envelope.tokens("content", texts)
    if exchange.has("stream-open-think"):
        return envelope.tokens("content", ["<think>", "this never ", "ends "])
    return envelope.tokens("reasoning_content", thoughts)


def tool_fragments(envelope: Envelope, calls: list[Json]) -> list[Step]:
    """Returns tool calls the way they are streamed: a head, then the arguments in pieces."""
    steps: list[Step] = []
    for index, call in enumerate(calls):
        head = {**call, "index": index, "function": {**call["function"], "arguments": ""}}
        steps.append(Piece(envelope.delta({"tool_calls": [head]}), 1))
        arguments = call["function"]["arguments"]
        for start in range(0, len(arguments), 6):
            part = {"index": index, "function": {"arguments": arguments[start : start + 6]}}
            steps.append(Piece(envelope.delta({"tool_calls": [part]}), 1))
    return steps


def misbehave(exchange: Exchange, envelope: Envelope, steps: list[Step]) -> list[Step]:
    """Returns the steps as changed by the scenarios of this exchange."""
    for active in exchange.active:
        change = CHANGES.get(active.scenario.name)
        if change:
            steps = change(steps, envelope, active.options)
    return steps


type Change = Callable[[list[Step], Envelope, Json], list[Step]]


def _error(steps: list[Step], envelope: Envelope, options: Json) -> list[Step]:
    return cut_after(steps, int(options["after"]), Piece(ERROR_FRAME), Piece(DONE))


def _cut(steps: list[Step], envelope: Envelope, options: Json) -> list[Step]:
    return cut_after(steps, int(options["after"]), CLOSED)


def _reset(steps: list[Step], envelope: Envelope, options: Json) -> list[Step]:
    return cut_after(steps, int(options["after"]), RESET)


def _content_filter(steps: list[Step], envelope: Envelope, options: Json) -> list[Step]:
    end = Piece(envelope.delta({}, "content_filter"))
    return cut_after(steps, int(options["after"]), end, Piece(DONE))


def _stall(steps: list[Step], envelope: Envelope, options: Json) -> list[Step]:
    return insert_after(steps, int(options["after"]), Pause(float(options["seconds"])))


def _garbage(steps: list[Step], envelope: Envelope, options: Json) -> list[Step]:
    return insert_after(
        steps, int(options["after"]), Piece(b'data: {"choices": [{"delta": {"con\n\n')
    )


def _crlf(steps: list[Step], envelope: Envelope, options: Json) -> list[Step]:
    return each_piece(steps, lambda data: data.replace(b"\n", b"\r\n"))


def _no_done(steps: list[Step], envelope: Envelope, options: Json) -> list[Step]:
    return [step for step in steps if not (isinstance(step, Piece) and step.data == DONE)]


def _unterminated(steps: list[Step], envelope: Envelope, options: Json) -> list[Step]:
    kept = _no_done(steps, envelope, options)
    last = kept[-1]
    return [*kept[:-1], Piece(last.data.rstrip(b"\n"))] if isinstance(last, Piece) else kept


def _usage_without_choices(steps: list[Step], envelope: Envelope, options: Json) -> list[Step]:
    early = {"prompt_tokens": 1, "completion_tokens": 0, "total_tokens": 1}
    return insert_after(steps, 1, Piece(envelope.frame(usage=early)))


CHANGES: dict[str, Change] = {
    "stream-error": _error,
    "stream-error-first": _error,
    "stream-cut": _cut,
    "stream-reset": _reset,
    "stream-content-filter": _content_filter,
    "stream-stall": _stall,
    "stream-garbage": _garbage,
    "stream-crlf": _crlf,
    "stream-no-done": _no_done,
    "stream-unterminated": _unterminated,
    "stream-usage-without-choices": _usage_without_choices,
    "stream-utf8-split": lambda steps, envelope, options: split_inside_characters(steps),
    "stream-comments": lambda steps, envelope, options: with_comments(steps),
    "stream-one-chunk": lambda steps, envelope, options: merged(steps),
}
