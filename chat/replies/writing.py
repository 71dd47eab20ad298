"""One reply from Venice into its row; however it ends, what arrived is kept and settled."""

from __future__ import annotations

from functools import partial
from typing import Any

from chat import compaction
from chat.models import Message
from chat.replies.live import LiveReply
from venice_site.venice.errors import BadAnswer, Stopped, TooLong, VeniceError
from venice_site.venice.types import Usage


def write_reply(live: LiveReply) -> None:
    """Stream one reply from Venice into its row; however it ends, what arrived is kept and settled.

    A conversation that has grown too long for its model is summarised first.
    """
    if not _write(live):
        _write(live, refused=True)


def _write(live: LiveReply, *, refused: bool = False) -> bool:
    """Return False when Venice counts more tokens than we do, and more has to be summarised.

    Where no summary helps, or none can be made, the oldest turns are left out, and the reply says so.
    """
    reply, stream = live.reply, None
    call = reply.call_id
    assert call is not None  # every reply is reserved before it is written
    can_summarise = not refused and compaction.can_summarise(live.venice, live.order)
    try:
        order = compaction.fitted(live.venice, reply, live.order, live.cancel, refused=refused)
        end_well = partial(_end_well, live)
        stream = live.venice.stream_reply(
            order, call, end_well, may_shorten=not can_summarise, cancel=live.cancel
        )
        with stream:
            for delta in stream:
                live.take(delta)
    except Stopped:
        _end_stopped(live, stream.usage if stream else None)
    except VeniceError as error:
        if isinstance(error, TooLong) and can_summarise:
            return False
        usage = stream.usage if stream and live.has_content else error.usage
        _end(live, reply.fail(error, usage=usage, **_facts(live, usage)), usage)
    return True


def _end_well(live: LiveReply, usage: Usage) -> None:
    reply, facts = live.reply, _facts(live, usage)
    if facts["text"].strip():
        _end(live, reply.succeed(usage, **facts), usage)
        return
    cut = facts.get("finish_reason") == "length"
    _end(live, reply.fail(_nothing_said(cut), usage=usage, **facts), usage)


def _end(live: LiveReply, ended: bool, usage: Usage | None) -> None:
    """Settle all the same when somebody stopped the reply in the very moment it ended."""
    if not ended:
        _end_stopped(live, usage)


def _end_stopped(live: LiveReply, usage: Usage | None) -> None:
    reply, facts = live.reply, _facts(live, usage)
    facts.setdefault("finish_reason", "stopped")
    known = usage if usage and usage.tokens else None
    if live.given_up and reply.interrupt(usage=known, **facts):
        return
    reply.keep(**facts)
    reply.close_cancelled(known)


def _facts(live: LiveReply, usage: Usage | None) -> dict[str, Any]:
    return live.facts | live.so_far() | Message.used(usage)


def _nothing_said(cut: bool) -> VeniceError:
    if cut:
        return BadAnswer(
            "The model reached the longest reply before it said anything. Allow more and try again."
        )
    return BadAnswer("The model sent an empty answer. Try again.")
