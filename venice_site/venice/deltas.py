"""The frames of a streaming reply, turned into deltas (contract 7.3)."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from venice_site.venice.answers import UNREADABLE, may_be_charged, object_of, text_of
from venice_site.venice.errors import BadAnswer, Blocked, StreamCut, VeniceError
from venice_site.venice.headers import number
from venice_site.venice.refusals import Scrub, in_band
from venice_site.venice.texts import Halves
from venice_site.venice.tools import ToolCalls, read_citations
from venice_site.venice.types import MICRO, Citation, Delta, Usage

decoded = json.JSONDecoder().decode
CHARACTERS_A_TOKEN = 4  # the estimate where Venice reports no usage
MOST_TOKENS = 50_000_000  # of one reply; no model has a window like that
MOST_DOLLARS = 1000
_OPEN, _CLOSE = "<think>", "</think>"
ENCRYPTED = "[Some reasoning content is encrypted]"
EMPTY = "Venice sent an empty answer. Try again, or choose another model."
EMPTY_AND_CHARGED = (
    "Venice sent an empty answer and charged for it. Try again, or choose another model."
)
BLOCKED_AND_CHARGED = (
    "Venice blocked its answer as a violation of its content policy, and charged for it."
)


class ThinkSplitter:
    """Takes reasoning in `<think>` tags out of the text, wherever the tags were cut on the way.

    `anywhere` is for models known to reason; for others only a tag at the very beginning counts, so that
    people can talk about tags.
    """

    def __init__(self, *, anywhere: bool) -> None:
        self._anywhere = anywhere
        self._held = ""
        self.inside = False
        self._begun = (
            False  # something other than white space came; a leading tag is no longer possible
        )
        self._after_tag = False  # white space between the tag and the answer is dropped

    def split(self, text: str) -> tuple[str, str]:
        """Return the text and the reasoning of this piece; what may be half a tag waits for the next one."""
        if not self._held and not self.inside and not self._after_tag and "<" not in text:
            if self._begun:
                return text, ""
            self._begun = not text.isspace()
            return text, ""
        rest, self._held = self._held + text, ""
        spoken: list[str] = []
        thought: list[str] = []
        while rest:
            rest = self._step(rest, thought if self.inside else spoken)
        return "".join(spoken), "".join(thought)

    def flush(self) -> tuple[str, str]:
        """Return what was held back when the stream ends."""
        held, self._held = self._held, ""
        return ("", held) if self.inside else (held, "")

    def _step(self, rest: str, out: list[str]) -> str:
        """Move the text before the next tag to `out` and return what is behind that tag."""
        if self._after_tag and not self.inside:
            rest = rest.lstrip()
            self._after_tag = not rest
        tag = _CLOSE if self.inside else _OPEN
        if not self.inside and not self._tag_may_open(rest):
            out.append(rest)
            self._begun = True
            return ""
        before, found, behind = rest.partition(tag)
        if found:
            out.append(before)
            self._after_tag = self.inside
            self.inside = not self.inside
            self._begun = True
            return behind
        keep = _half_tag(rest, tag)
        self._held = rest[len(rest) - keep :]
        out.append(rest[: len(rest) - keep])
        self._begun = self._begun or bool(out[-1].strip())
        return ""

    def _tag_may_open(self, rest: str) -> bool:
        if self._anywhere:
            return True
        start = rest.lstrip()
        return not self._begun and (start.startswith(_OPEN) or _OPEN.startswith(start))


def _half_tag(text: str, tag: str) -> int:
    """Return how many characters at the end of the text may be the beginning of the tag."""
    longest = min(len(tag) - 1, len(text))
    return next((size for size in range(longest, 0, -1) if tag.startswith(text[-size:])), 0)


class DeltaReader:
    """Turns the events of one stream into deltas and keeps account of what was used."""

    def __init__(self, *, reasons: bool, scrub: Scrub, clock: Callable[[], datetime]) -> None:
        self._thoughts = ThinkSplitter(anywhere=reasons)
        self._spoken, self._thought = Halves(), Halves()
        self._tagged = True  # until reasoning comes in its own field: then tags are just text
        self._scrub = scrub
        self._clock = clock
        self._cost: tuple[int, str] = (0, "catalogue")
        self._tokens: dict[str, Any] | None = None
        self.model = ""
        self.finish_reason = ""
        self.done = False
        self.characters = 0
        self._spoke = False
        self._citations: tuple[Citation, ...] = ()
        self._calls = ToolCalls()

    @property
    def counted(self) -> int:
        """Return our own estimate of the output tokens so far."""
        return -(-self.characters // CHARACTERS_A_TOKEN)

    @property
    def usage(self) -> Usage | None:
        """Return what Venice reported last, if anything. `cost` counts only when `cost_source` is "response"."""
        if self._tokens is None:
            return None
        tokens = self._tokens
        prompt = object_of(tokens.get("prompt_tokens_details"))
        completion = object_of(tokens.get("completion_tokens_details"))
        cost, source = self._cost
        return Usage(
            tokens_in=_natural(tokens.get("prompt_tokens")),
            tokens_out=_natural(tokens.get("completion_tokens")),
            tokens_cached=_natural(
                prompt.get("cached_tokens", tokens.get("cache_read_input_tokens"))
            ),
            tokens_cache_write=_natural(prompt.get("cache_creation_input_tokens")),
            tokens_reasoning=_natural(completion.get("reasoning_tokens")),
            cost=cost,
            cost_source=source,
        )

    def read(self, event: str) -> Delta | None:
        """Return what one event adds, if anything. Raises the error that an error frame means."""
        if event == "[DONE]":
            self.done = True
            return None
        try:
            frame = decoded(event)
        except (ValueError, RecursionError):
            frame = None
        if not isinstance(frame, dict):
            raise self.broken("a frame that is not a JSON object")
        return self.take(frame)

    def take(self, frame: dict[str, Any]) -> Delta | None:
        """Return what one frame, or a whole completion, adds."""
        if frame.get("error"):
            raise self._told(frame["error"])
        if frame.get("usage") or frame.get("cost"):
            self._account(frame)
        if not self.model:
            self.model = self._scrub(text_of(frame.get("model")))
        cited = self._cited(frame) if "venice_parameters" in frame else None
        choices = frame.get("choices")
        if not choices:
            return cited
        try:
            choice = choices[0]
            delta = choice.get("delta") or choice.get("message") or {}
            return _joined(self._delta(delta, choice.get("finish_reason")), cited)
        except (AttributeError, KeyError, TypeError):
            raise self.broken("a frame of an unknown shape") from None

    def end(self) -> Delta | None:
        """Return what is left when the stream has ended well: held text and the usage.

        Raises `StreamCut` when it ended before Venice said so, `Blocked` or `BadAnswer` when it said nothing.
        """
        text, reasoning = self._thoughts.flush()
        text += self._spoken.flush()
        reasoning += self._thought.flush()
        self._count(text, reasoning)
        if not self.done and not self.finish_reason:
            raise self.cut()
        calls = self._calls.whole()
        said_something = self._spoke or self._thoughts.inside or calls
        if not (said_something or self.finish_reason == "length"):
            raise self._charged(self._nothing())
        usage = self.usage
        if not (text or reasoning or usage or calls):
            return None
        return Delta(text, reasoning, usage=usage, tool_calls=calls)

    def cut(self, detail: str = "") -> StreamCut:
        """Return the error of a stream that broke off; Venice may charge for what it wrote."""
        sentence = (
            "" if self.characters else "Venice's answer broke off before it began. Try again."
        )
        return StreamCut(sentence, detail=detail, may_be_charged=True)

    def broken(self, detail: str) -> StreamCut | BadAnswer:
        """Return the error of a stream that cannot be understood any further."""
        return self.cut(detail) if self.characters else may_be_charged(UNREADABLE, detail)

    def _told(self, error: Any) -> VeniceError:
        """Return the error that a frame tells of; a reply that had used tokens by then is charged for."""
        return self._charged(in_band(error, now=self._clock(), scrub=self._scrub))

    def _nothing(self) -> Blocked | BadAnswer:
        """Return the error of an answer without a word; Venice may have charged for it all the same."""
        blocked = self.finish_reason == "content_filter"
        if self._was_charged:
            sentence = BLOCKED_AND_CHARGED if blocked else EMPTY_AND_CHARGED
        else:
            sentence = Blocked.sentence if blocked else EMPTY
        kind, detail = (Blocked, "finish_reason content_filter") if blocked else (BadAnswer, "")
        return kind(sentence, status=200, detail=detail)

    @property
    def _was_charged(self) -> bool:
        usage = self.usage
        return usage is not None and (usage.tokens_out > 0 or usage.cost > 0)

    def _charged[E: VeniceError](self, error: E) -> E:
        """Return an error that says what Venice charged for before it."""
        error.may_be_charged = self._was_charged
        error.usage = self.usage if self._was_charged else None
        return error

    def _cited(self, frame: dict[str, Any]) -> Delta | None:
        """Return the sources when they are told for the first time (contract 7.3)."""
        told = object_of(frame.get("venice_parameters")).get("web_search_citations")
        citations = read_citations(told) if told and not self._citations else ()
        self._citations = self._citations or citations
        return Delta(citations=citations) if citations else None

    def _delta(self, delta: dict[str, Any], finish_reason: Any) -> Delta | None:
        if "tool_calls" in delta:
            self._calls.add(delta["tool_calls"])
        text = self._spoken.join(_content(delta.get("content")))
        reasoning = self._thought.join(_reasoning(delta))
        if reasoning:
            self._tagged = False
        if text and self._tagged:
            text, thought = self._thoughts.split(text)
            reasoning += thought
        finish = text_of(finish_reason)
        if finish:
            self.finish_reason = finish
        if not (text or reasoning or finish):
            return None
        self._count(text, reasoning)
        return Delta(text, reasoning, finish)

    def _count(self, text: str, reasoning: str) -> None:
        self.characters += len(text) + len(reasoning)
        if text:
            self._spoke = True

    def _account(self, frame: dict[str, Any]) -> None:
        if isinstance(frame.get("usage"), dict):
            self._tokens = frame["usage"]
        cost = object_of(frame.get("cost"))
        amounts = [number(cost.get(name)) for name in ("usd", "diem")]  # both are worth a dollar
        known = [amount for amount in amounts if amount is not None]
        if known and min(known) >= 0 and sum(known) <= MOST_DOLLARS:
            self._cost = (round(sum(known) * MICRO), "response")


def _joined(delta: Delta | None, cited: Delta | None) -> Delta | None:
    if delta is None or cited is None:
        return delta or cited
    return replace(delta, citations=cited.citations)


def _content(value: Any) -> str:
    """Return the text of a content that is text, null, or a list of parts."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        texts = (object_of(part).get("text") for part in value)
        return "".join(text for text in texts if isinstance(text, str))
    return ""


def _reasoning(delta: dict[str, Any]) -> str:
    """Return the reasoning that people can read; some comes encrypted (contract 7.3)."""
    reasoning = _content(delta.get("reasoning_content"))
    return "" if delta.get("reasoning_encrypted") or reasoning.strip() == ENCRYPTED else reasoning


def _natural(value: Any) -> int:
    """Return a number of tokens; what no request can have used is not believed."""
    amount = number(value)
    return int(amount) if amount is not None and 0 < amount <= MOST_TOKENS else 0
