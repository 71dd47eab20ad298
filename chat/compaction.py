"""When a conversation does not fit any more: the oldest part goes to the model as a summary, never cut in silence.

What was said stays as it is. A summary belongs to a point of the tree, so other branches are not touched.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from chat.context import Branch, Said, estimate, measure, room, tokens_of
from chat.documents import CHARACTERS_A_TOKEN, is_text, tokens_in
from chat.models import Message, Outline, Summary
from venice_site.venice import quotas
from venice_site.venice.errors import Stopped, VeniceError
from venice_site.venice.models import CallKind
from venice_site.venice.service import Cancel, Venice
from venice_site.venice.types import ChatMessage, ChatOrder, FilePart, Model

log = logging.getLogger("studio.chat")

SURELY_FITS = 5  # tokens for one of ours: no language needs more
KEPT_SHARE = 0.5  # of the room, for the newest messages, so that the next questions fit too
SHORTER = 0.6  # of what Venice found too long
NEWEST_KEPT = 2  # messages before the question that stay as they are if they fit at all
SUMMARY_TOKENS = 1500
ROUNDS_AT_MOST = 24  # calls for one summary
INSTRUCTIONS = (
    "You keep the notes of a long conversation between a person and an assistant. Summarise what follows"
    " so that the assistant can go on without having read it: facts, names, numbers, decisions, open"
    " questions, wishes about style, and the gist of attached documents. Write in the language of the"
    " conversation, in the third person, at most {words} words. Answer with the summary alone."
)
SO_FAR = "The summary so far:\n\n{}\n\nThe conversation goes on:\n\n{}"
TOLD_INSTEAD = "Summary of the first {} messages of this conversation:\n\n{}"


class NotSummarised(VeniceError):
    """The older part of a conversation is too long for the model and could not be summarised."""

    kind = "summary"
    sentence = (
        "The conversation is too long for this model, and its older part could not be summarised."
        " Nothing is lost. Try again, or choose a model that reads more."
    )


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of what was said, as the model that summarises reads it."""

    text: str
    files: tuple[FilePart, ...] = ()
    in_files: int = 0

    @property
    def characters(self) -> int:
        """Return its length with what is in its files, as far as that is known."""
        return len(self.text) + self.in_files


def fitted(
    venice: Venice, reply: Message, order: ChatOrder, cancel: Cancel, *, refused: bool = False
) -> ChatOrder:
    """Return the order so that it fits the model: as it is, or with a summary of its oldest part.

    Asks the model for one when none is there, and keeps it; `cancel` stops that. `refused`: Venice found it
    too long although we did not, so it becomes much shorter than it was. Raises `Stopped` and `VeniceError`.
    """
    model = venice.model("text", order.model)
    most = room(model, order.max_tokens) if model else None
    if model is None or most is None or len(_turns(order)) < 2:
        return order
    if estimate(order) * SURELY_FITS <= most and not refused:
        return order
    outline = Outline.of(reply.conversation_id)
    branch = measure(outline, _path(order), _instructions(order))
    # What is asked now is no part of the branch that was measured.
    beside = sum(tokens_of(m) for m in _turns(order)[len(branch.pieces) :])
    fits, summary = branch.fitting(most - beside)
    if refused:
        most = int(min(most, branch.tokens(summary) + beside) * SHORTER)
        fits, summary = branch.fitting(most - beside)
    if not fits:
        summary = _Summarising(venice, reply, order, model, most, branch, cancel).carry_out(summary)
    if summary is None:
        return order
    Message.objects.filter(pk=reply.pk).update(summary=summary)
    return _with(summary, order, branch.after(summary))


def can_summarise(venice: Venice, order: ChatOrder) -> bool:
    """Return whether a summary could stand for a part of what is sent, and it is known how much may be."""
    model = venice.model("text", order.model)
    return model is not None and model.context_tokens is not None and len(_turns(order)) > 1


def _turns(order: ChatOrder) -> list[ChatMessage]:
    return [message for message in order.messages if message.role != "system"]


def _path(order: ChatOrder) -> list[int]:
    said = (message for message in order.messages if isinstance(message, Said))
    return [message.pk for message in said if message.pk is not None]


def _instructions(order: ChatOrder) -> str:
    return "\n\n".join(m.text for m in order.messages if m.role == "system")


def _with(summary: Summary, order: ChatOrder, after: int) -> ChatOrder:
    """Return the order with a summary in the place of the first messages, among what the model is told."""
    own = [_instructions(order)] if _instructions(order) else []
    told = "\n\n".join([*own, TOLD_INSTEAD.format(summary.count, summary.text)])
    return replace(order, messages=(ChatMessage("system", told), *_turns(order)[after:]))


class _Summarising:
    """One summary on its way: which messages it takes, and the calls that bring it."""

    def __init__(
        self,
        venice: Venice,
        reply: Message,
        order: ChatOrder,
        model: Model,
        most: int,
        branch: Branch,
        cancel: Cancel,
    ) -> None:
        self.venice = venice
        self.reply = reply
        self.order = order
        self.model = model
        self.most = most
        self.branch = branch
        self.cancel = cancel
        self.turns = _turns(order)

    def carry_out(self, earlier: Summary | None) -> Summary:
        """Return a summary of the oldest messages, which goes on from an earlier one; it is kept."""
        start, end = self.branch.after(earlier), self._first_kept()
        if end <= start:
            raise NotSummarised
        text = earlier.text if earlier else ""
        taken = self.turns[start:end]
        log.info(
            "conversation=%s state=summarising messages=%s", self.reply.conversation_id, len(taken)
        )
        for passages in self._rounds(taken):
            text = self._ask(text, passages)
        until = self.branch.pieces[end - 1].pk
        return Summary.objects.create(
            conversation_id=self.reply.conversation_id,
            until_id=until,
            text=text,
            count=end,
            tokens=tokens_in(len(text)),
            model=self.model.id,
        )

    def _first_kept(self) -> int:
        """Return the place of the first message that stays as it is: always a person's, at the latest the last."""
        fixed = self.branch.instructions + SUMMARY_TOKENS
        questions = [
            place
            for place, turn in enumerate(self.turns)
            if turn.role == "user" and isinstance(turn, Said)  # not what makes a model go on
        ]
        kept = questions[-1] if questions else 0  # what was brought in may hold none
        for place in reversed(questions):
            tokens = fixed + self.branch.scale * sum(map(tokens_of, self.turns[place:]))
            newest = len(self.turns) - place <= NEWEST_KEPT + 1
            if tokens > self.most * (1 if newest else KEPT_SHARE):
                break
            kept = place
        return kept

    # --- calls -------------------------------------------------------------------------------------

    def _rounds(self, taken: Sequence[ChatMessage]) -> Iterator[list[Passage]]:
        """Yield what was said in stretches that the model can read at once."""
        free = (self.most - 2 * SUMMARY_TOKENS) * CHARACTERS_A_TOKEN / self.branch.scale
        longest, rounds = max(int(free * 0.8), 2000), 0
        stretch: list[Passage] = []
        for passage in self._passages(taken, longest):
            if stretch and sum(p.characters for p in stretch) + passage.characters > longest:
                rounds += 1
                yield stretch
                stretch = []
            if rounds >= ROUNDS_AT_MOST:
                raise NotSummarised
            stretch.append(passage)
        yield stretch

    def _passages(self, taken: Sequence[ChatMessage], longest: int) -> Iterator[Passage]:
        for turn in taken:
            text = _told(turn)
            for at in range(0, len(text), longest):
                yield Passage(text[at : at + longest])
            files = tuple(part for part in turn.files if not is_text(part.mime))
            inside = max(0, tokens_of(turn) - tokens_in(len(turn.text))) * CHARACTERS_A_TOKEN
            if files and self.model.supports_files and inside <= longest:
                yield Passage("", files, inside)

    def _ask(self, text: str, passages: Sequence[Passage]) -> str:
        said = "\n\n".join(passage.text for passage in passages if passage.text)
        files = tuple(part for passage in passages for part in passage.files)
        asked = SO_FAR.format(text, said) if text else said
        order = ChatOrder(
            model=self.model.id,
            messages=(
                ChatMessage("system", INSTRUCTIONS.format(words=SUMMARY_TOKENS // 2)),
                ChatMessage("user", asked, (), files),
            ),
            max_tokens=SUMMARY_TOKENS * (4 if self.model.supports_reasoning else 1),
            own_system_prompt=True,
            disable_thinking=True,
        )
        try:
            answer = self._answer(order).strip()
        except Stopped:
            raise
        except VeniceError as error:
            raise NotSummarised(
                "The conversation is too long for this model, and its older part could not be"
                f" summarised: {error} Nothing is lost. Try again, or choose a model that reads more."
            ) from error
        if not answer:
            raise NotSummarised
        return answer

    def _answer(self, order: ChatOrder) -> str:
        """Return what the model answers; however it ends, the call is settled."""
        call = self.venice.reserve_reply(order, kind=CallKind.SUMMARY)
        settle = partial(quotas.settle, call.pk)
        stream = self.venice.stream_reply(order, call.pk, settle, cancel=self.cancel)
        try:
            with stream:
                answer = "".join(delta.text for delta in stream)
        except VeniceError as error:
            used = stream.usage if stream.usage.tokens_out else error.usage
            quotas.close(call.pk, used, may_be_charged=error.may_be_charged, error_kind=error.kind)
            raise
        return answer


def _told(turn: ChatMessage) -> str:
    """Return a turn as a passage of a transcript, with the plain text that was attached to it."""
    lines = ["Assistant:" if turn.role == "assistant" else "Person:", turn.text]
    if turn.images:
        lines.append(f"[Attached pictures: {len(turn.images)}]")
    for part in turn.files:
        lines.append(f"[Attached: {part.name}]")
        if is_text(part.mime):
            lines.append(part.content.decode(errors="replace"))
    return "\n".join(lines)
