"""What a page of the chat shows: a stretch of one branch, and at its end perhaps replies side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString, mark_safe

from chat.branches import Siblings, Tree, siblings_among
from chat.citations import Source, sources_for, sources_of
from chat.facts import Fact, facts_of
from chat.models import Attachment, Conversation, Message, Summary
from chat.rendering import render
from venice_site.templatetags.studio import seconds
from venice_site.venice import service

TURNS_A_PAGE = 40
TURNS_ABOVE = 4  # shown above a message that somebody jumps to


@dataclass(frozen=True, slots=True)
class Turn:
    """A message in its place: beside its siblings, and perhaps the last of its branch.

    `is_column`: it stands beside the replies of other models; `is_followed`: the next question follows it.
    `summary` stands for everything down to this message when the model does not get it in full any more.
    """

    message: Message
    siblings: Siblings
    is_last: bool
    attached: Sequence[Attachment] = ()
    is_column: bool = False
    is_followed: bool = False
    forks: Sequence[Conversation] = ()
    summary: Summary | None = None

    @property
    def pictures(self) -> list[Attachment]:
        """Return the attached pictures."""
        return [one for one in self.attached if one.is_picture]

    @property
    def documents(self) -> list[Attachment]:
        """Return the attached documents."""
        return [one for one in self.attached if not one.is_picture]

    @property
    def sources(self) -> Sequence[Source]:
        """Return what a reply cites."""
        return sources_of(self.message)

    @property
    def prose(self) -> SafeString:
        """Return a reply as HTML; `rendering` sanitises last, which is what makes it safe."""
        marks = sources_for(self.message.pk, self.sources)
        return mark_safe(render(self.message.text, marks))  # noqa: S308

    @property
    def thought_for(self) -> str:
        """Return how long the model thought, as it is shown; empty when nobody knows."""
        return seconds(self.message.reasoning_duration)

    @property
    def writer(self) -> str:
        """Return the id of the model that answered, or of the one that was asked."""
        return self.message.served_by or self.message.model

    @property
    def writer_name(self) -> str:
        """Return how that model is called."""
        return service.model_name(self.writer)

    @property
    def facts(self) -> Sequence[Fact]:
        """Return what a reply used."""
        return facts_of(self.message)


@dataclass(frozen=True, slots=True)
class Branch:
    """A stretch of one branch.

    `earlier` and `later` are its first and last message when there is more to show beyond them;
    `last` is the end of the branch, which the next question follows. `columns` are the replies at its end
    when several models answered and none of them is gone on with yet.
    """

    turns: Sequence[Turn] = ()
    columns: Sequence[Turn] = ()
    earlier: int | None = None
    later: int | None = None
    last: int | None = None

    @property
    def is_being_written(self) -> bool:
        """Return whether a reply shown here can still change."""
        return any(turn.message.is_active for turn in self.everything)

    @property
    def everything(self) -> Sequence[Turn]:
        """Return what is shown, columns too."""
        return (*self.turns, *self.columns)


def read_branch(
    conversation: Conversation,
    at: int | None = None,
    before: int | None = None,
    after: int | None = None,
) -> Branch:
    """Return the end of the branch through a message, or what comes before or after one on it.

    A message that is not near the end stands near the beginning of the stretch.
    """
    summaries = conversation.outline.summaries  # with it comes the tree
    tree = conversation.tree
    path = tree.branch(at if at in tree else conversation.tip_id, conversation.tip_id)
    start, end = _stretch(path, at, before, after)
    last = path[-1] if path else None
    turns = _turns(conversation, tree, path[start:end], last, newest_summary(summaries, path))
    columns: Sequence[Turn] = ()
    if len(turns) > 1 and turns[-1].is_last and turns[-2].message.undecided:
        turns, columns = turns[:-1], _columns(turns[-1], last)
    return Branch(
        turns,
        columns,
        earlier=path[start] if 0 < start < len(path) else None,
        later=path[end - 1] if end < len(path) else None,
        last=last,
    )


def read_news(conversation: Conversation, after: int | None) -> Branch:
    """Return what follows a message on the branch that the conversation opens with."""
    path = conversation.tree.branch(conversation.tip_id, conversation.tip_id)
    if after not in path or after == path[-1]:
        return Branch()
    return read_branch(conversation, after=after)


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


def newest_summary(summaries: Sequence[Summary], path: Sequence[int]) -> Summary | None:
    """Return the summary that stands for most of a branch."""
    shown = set(path)
    on_it = [summary for summary in summaries if summary.until_id in shown]
    return max(on_it, key=lambda summary: (summary.until_id, summary.pk), default=None)


def read_turn(message: Message, attached: Sequence[Attachment] = ()) -> Turn:
    """Return one message in its place."""
    tree = message.conversation.tree
    is_last = tree.branch(message.pk)[-1] == message.pk
    turn = Turn(message, tree.siblings(message.pk), is_last, attached)
    if is_last and message.is_reply and message.parent is not None and message.parent.undecided:
        tip = message.conversation.tip_id
        return next(one for one in _columns(turn, tip) if one.message.pk == message.pk)
    return turn


def read_columns(replies: Sequence[Message]) -> Sequence[Turn]:
    """Return replies that were begun just now, side by side; one alone is no column."""
    if len(replies) == 1:
        return ()
    return _columns(read_turn(replies[0]), followed=replies[0].pk)


def _columns(shown_turn: Turn, followed: int | None) -> list[Turn]:
    """Return the newest reply of each model beside one that is shown, which stays in its column."""
    message = shown_turn.message
    conversation = message.conversation
    versions: dict[int, list[Message]] = {}
    for reply in conversation.messages.filter(parent=message.parent_id).order_by("column", "pk"):
        reply.conversation = conversation
        versions.setdefault(reply.column, []).append(reply)
    columns = []
    for some in versions.values():
        shown = next((reply for reply in some if reply.pk == message.pk), some[-1])
        siblings = siblings_among([reply.pk for reply in some], shown.pk)
        is_followed = shown.pk == followed
        columns.append(Turn(shown, siblings, is_last=True, is_column=True, is_followed=is_followed))
    return columns


def _turns(
    conversation: Conversation,
    tree: Tree,
    shown: list[int],
    last: int | None,
    summary: Summary | None,
) -> list[Turn]:
    attached: dict[int | None, list[Attachment]] = {}
    for one in conversation.outline.files:
        attached.setdefault(one.message_id, []).append(one)
    forks: dict[int | None, list[Conversation]] = {}
    made = Conversation.objects.filter(forked_from__in=shown)
    mine = Conversation.objects.visible_to(conversation.owner).filter(pk__in=made.values("pk"))
    for fork in mine.only("title", "forked_from").order_by("pk"):
        forks.setdefault(fork.forked_from_id, []).append(fork)
    turns = []
    for message in Message.objects.filter(pk__in=shown).order_by("pk"):
        message.conversation = conversation
        turns.append(
            Turn(
                message,
                tree.siblings(message.pk),
                message.pk == last,
                attached.get(message.pk, ()),
                forks=forks.get(message.pk, ()),
                summary=summary if summary and summary.until_id == message.pk else None,
            )
        )
    return turns
