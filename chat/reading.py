"""What a page of the chat shows: a stretch of one branch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chat.branches import Siblings, Tree
from chat.models import Attachment, Conversation, Message, Summary

TURNS_A_PAGE = 40
TURNS_ABOVE = 4  # shown above a message that somebody jumps to


@dataclass(frozen=True, slots=True)
class Turn:
    """A message in its place: beside its siblings, and perhaps the last of its branch.

    `summary` stands for everything down to this message when the model does not get it in full any more.
    """

    message: Message
    siblings: Siblings
    is_last: bool
    attached: Sequence[Attachment] = ()
    summary: Summary | None = None

    @property
    def pictures(self) -> list[Attachment]:
        """Return the attached pictures."""
        return [one for one in self.attached if one.is_picture]

    @property
    def documents(self) -> list[Attachment]:
        """Return the attached documents."""
        return [one for one in self.attached if not one.is_picture]


@dataclass(frozen=True, slots=True)
class Branch:
    """A stretch of one branch.

    `earlier` and `later` are its first and last message when there is more to show beyond them;
    `last` is the end of the branch, which the next question follows.
    """

    turns: Sequence[Turn] = ()
    earlier: int | None = None
    later: int | None = None
    last: int | None = None

    @property
    def is_being_written(self) -> bool:
        """Return whether a reply shown here can still change."""
        return any(turn.message.is_active for turn in self.turns)


def read_branch(
    conversation: Conversation,
    at: int | None = None,
    before: int | None = None,
    after: int | None = None,
) -> Branch:
    """Return the end of the branch through a message, or what comes before or after one on it.

    A message that is not near the end stands near the beginning of the stretch.
    """
    tree = conversation.tree
    path = tree.branch(at if at in tree else conversation.tip_id)
    start, end = _stretch(path, at, before, after)
    last = path[-1] if path else None
    turns = _turns(conversation, tree, path[start:end], last, newest_summary(path))
    return Branch(
        turns,
        earlier=path[start] if start else None,
        later=path[end - 1] if end < len(path) else None,
        last=last,
    )


def _stretch(
    path: list[int], at: int | None, before: int | None, after: int | None
) -> tuple[int, int]:
    if before in path:
        end = path.index(before)
        return max(0, end - TURNS_A_PAGE), end
    if after in path:
        start = path.index(after) + 1
        return start, min(len(path), start + TURNS_A_PAGE)
    end = len(path)
    start = max(0, end - TURNS_A_PAGE)
    if at in path and path.index(at) < start:
        start = max(0, path.index(at) - TURNS_ABOVE)
        end = start + TURNS_A_PAGE
    return start, end


def newest_summary(path: Sequence[int]) -> Summary | None:
    """Return the summary that stands for most of a branch."""
    return Summary.objects.filter(until__in=path).order_by("until", "pk").last()


def read_turn(message: Message, attached: Sequence[Attachment] = ()) -> Turn:
    """Return one message in its place."""
    tree = message.conversation.tree
    is_last = tree.branch(message.pk)[-1] == message.pk
    return Turn(message, tree.siblings(message.pk), is_last, attached)


def _turns(
    conversation: Conversation,
    tree: Tree,
    shown: list[int],
    last: int | None,
    summary: Summary | None,
) -> list[Turn]:
    attached: dict[int | None, list[Attachment]] = {}
    for one in Attachment.objects.filter(message__in=shown):
        attached.setdefault(one.message_id, []).append(one)
    turns = []
    for message in Message.objects.filter(pk__in=shown).order_by("pk"):
        message.conversation = conversation
        siblings, found = tree.siblings(message.pk), attached.get(message.pk, ())
        told = summary if summary and summary.until_id == message.pk else None
        turns.append(Turn(message, siblings, message.pk == last, found, told))
    return turns
