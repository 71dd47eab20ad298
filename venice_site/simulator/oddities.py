"""Scenarios that are rare and cost most when nobody thought of them: torn answers, bombs, wrong clocks."""

from __future__ import annotations

import json
import time
import zlib
from email.utils import formatdate
from functools import cache

from .breakages import HTML_502
from .frames import DONE, Envelope
from .refusals import made
from .replies import Broken, Piece, Reply, Step, Stream, json_reply
from .scenarios import Options
from .wire import chunk

_JSON = {"content-type": "application/json"}
_EVENTS = {"content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache"}
_STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
)
_WORDS = ["Herons ", "stand ", "still ", "for ", "hours, ", "then ", "strike. "]
_ENVELOPE = Envelope("chatcmpl-odd", 1_790_000_000, "")


def _spoken(after: int) -> list[Step]:
    texts = [_WORDS[n % len(_WORDS)] for n in range(after)]
    return [*_ENVELOPE.tokens("content", texts)]


def _torn(options: Options) -> Broken:
    """Whole frames, then the first half of one more chunk."""
    said = b"".join(
        chunk(step.data) for step in _spoken(int(options["after"])) if isinstance(step, Piece)
    )
    return Broken(data=_STREAM_HEAD + said + b'100\r\ndata: {"choices":[{"del', status=200)


def _odd_usage(options: Options) -> Stream:
    """A good answer whose account cannot be true; the options are JSON, for numbers of any size."""
    usage = {
        "prompt_tokens": json.loads(str(options["prompt"])),
        "completion_tokens": json.loads(str(options["completion"])),
    }
    account: dict[str, object] = {"usage": usage}
    if options["usd"] != "":
        account["cost"] = {"usd": json.loads(str(options["usd"])), "diem": 0}
    steps = [
        *_spoken(5),
        Piece(_ENVELOPE.delta({}, "stop")),
        Piece(_ENVELOPE.frame(choices=[], **account)),
        Piece(DONE),
    ]
    return Stream(steps, _EVENTS)


def _limited_by_another_clock(options: Options) -> Reply:
    """A 429 whose reset counts from a server clock that is `ahead` seconds from ours.

    `reset` instead of `seconds` is sent as it is.
    """
    there = time.time() + float(options["ahead"])
    reset = options["reset"] or str(int(there + float(options["seconds"])))
    headers = {
        "Date": formatdate(there, usegmt=True),
        "x-ratelimit-limit-requests": "20",
        "x-ratelimit-remaining-requests": "0",
        "x-ratelimit-reset-requests": str(reset),
    }
    return json_reply(429, {"error": "Rate limit exceeded"}, headers)


@cache
def _bomb(megabytes: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    packed = [packer.compress(b" " * 1024 * 1024) for _ in range(megabytes)]
    return b"".join([*packed, packer.flush()])


made(
    "truncated-headers",
    lambda options: Broken(data=b"HTTP/1.1 200 OK\r\ncontent-type: applica", status=200),
    "The connection closes within the headers of a 200.",
    29,
)
made("empty-200", lambda options: Reply(200, b"", _JSON), "200 with an empty body.", 28)
made(
    "gzip-bomb",
    lambda options: Reply(
        200, _bomb(int(options["megabytes"])), _JSON | {"content-encoding": "gzip"}
    ),
    "A small gzip body that unpacks to `megabytes`.",
    30,
    megabytes=64,
)
made(
    "edge-timeout",
    lambda options: Reply(524, HTML_502, {"content-type": "text/html", "server": "cloudflare"}),
    "524: the edge gave up waiting while the work went on.",
    27,
)
made(
    "redirect-post",
    lambda options: Reply(307, b"", {"location": str(options["location"])}),
    "307 to another address, with the body to be sent again.",
    28,
    location="http://127.0.0.1:9/elsewhere",
)
made(
    "stream-torn", _torn, "The connection closes within a chunk after `after` tokens.", 43, after=5
)
made(
    "stream-clean-end",
    lambda options: Stream(_spoken(int(options["after"])), _EVENTS),
    "The body ends as it should after `after` tokens, without finish_reason and [DONE].",
    43,
    after=5,
)
made(
    "stream-odd-usage",
    _odd_usage,
    "A good answer with an account of `prompt` and `completion` tokens and `usd`, given as JSON.",
    40,
    prompt="-5",
    completion="-5",
    usd="",
)
made(
    "rate-limited-clock",
    _limited_by_another_clock,
    "429 by a clock that is `ahead` of ours; `reset` is sent as it is.",
    20,
    21,
    ahead=0,
    seconds=30,
    reset="",
)
