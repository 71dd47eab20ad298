"""Forks: a new conversation that begins as a copy of the way to one message."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from itertools import pairwise

from django.db import transaction
from django.utils import timezone

from chat.models import (
    TEMPORARY_FOR,
    TITLE_LENGTH,
    Attachment,
    Conversation,
    Message,
    Summary,
    TitleSource,
    shortened,
)
from chat.personas import part_of
from venice_site.venice.errors import VeniceError

ENDING = " (fork)"
ONE_CLICK = timedelta(seconds=5)  # a second fork of the same message within this is the same click
A_MINUTE = timedelta(minutes=1)
MOST_A_MINUTE = 20
ROWS_AT_ONCE = 200


class TooManyForks(VeniceError):
    """A person forks faster than anybody reads."""

    kind = "too-many-forks"
    sentence = f"You made {MOST_A_MINUTE} forks in a minute. Wait a minute, then fork again."


def fork(message: Message) -> Conversation:
    """Return a new conversation with the same settings, persona and every turn down to a message, that one included.

    Words, facts and times are the same; attachments are the same files. Nothing is asked and no quota touched.
    Raises `TooManyForks`.
    """
    original, now = message.conversation, timezone.now()
    made = Conversation.objects.visible_to(original.owner).filter(forked_from__isnull=False)
    with transaction.atomic():
        Conversation.objects.select_for_update(no_key=True).get(pk=original.pk)
        if earlier := made.filter(forked_from=message, created_at__gt=now - ONE_CLICK).first():
            return earlier
        if made.filter(created_at__gt=now - A_MINUTE).count() >= MOST_A_MINUTE:
            raise TooManyForks
        new = _conversation(original, message)
        path = original.tree.ancestry(message.pk)
        last = _copy_turns(original.messages.filter(pk__in=path).order_by("pk"), new)
        Conversation.objects.filter(pk=new.pk).update(tip=last)
        _copy_part(original, new)
    return new


def _conversation(original: Conversation, message: Message) -> Conversation:
    new = copy.copy(original)
    new.__dict__.pop("tree", None)
    new.pk, new._state.adding, new.tip, new.forked_from = None, True, None, message
    new.title, new.title_source = _title(original.title), TitleSource.PERSON
    new.created_at = new.updated_at = new.read_at = timezone.now()
    new.pinned_at = new.archived_at = new.shared_at = None
    if original.temporary_until is not None:
        new.temporary_until = timezone.now() + TEMPORARY_FOR
    new.origin = ""
    new.save(force_insert=True)
    return new


def _copy_part(original: Conversation, new: Conversation) -> None:
    """Let the model play in the copy whom it plays in the original; a character is sent by its slug alone."""
    if part := part_of(original):
        twin = copy.copy(part)
        twin.pk, twin._state.adding, twin.conversation = None, True, new
        twin.save(force_insert=True)


def _title(title: str) -> str:
    room = TITLE_LENGTH - len(ENDING)
    kept = title.removesuffix(ENDING)
    return (kept if len(kept) <= room else f"{shortened(kept)[: room - 1].rstrip()}…") + ENDING


def _copy_turns(turns: Iterable[Message], new: Conversation) -> Message:
    """Write the copies, each below the one before; return the last."""
    originals = list(turns)
    copies = [_copy(turn, new) for turn in originals]
    Message.objects.bulk_create(copies, batch_size=ROWS_AT_ONCE)
    for before, after in pairwise(copies):
        after.parent_id = before.pk
    Message.objects.bulk_update(copies[1:], ["parent"], batch_size=ROWS_AT_ONCE)
    places = dict(zip((turn.pk for turn in originals), copies, strict=True))
    attached = Attachment.objects.filter(message__in=places).order_by("pk")
    Attachment.objects.bulk_create(
        one.copied_to(places[one.message_id].pk) for one in attached if one.message_id
    )
    _copy_summaries(places, copies)
    return copies[-1]


def _copy_summaries(places: Mapping[int, Message], copies: Sequence[Message]) -> None:
    """Let the summaries of what was copied hold in the copy, and every reply know its own."""
    twins: dict[int | None, Summary] = {}
    for summary in Summary.objects.filter(until__in=places):
        twin = twins[summary.pk] = copy.copy(summary)
        twin.pk, twin._state.adding = None, True
        twin.until = places[summary.until_id]
        twin.conversation = twin.until.conversation
    Summary.objects.bulk_create(twins.values())
    for turn in copies:
        turn.summary = twins.get(turn.summary_id)
    Message.objects.bulk_update(copies, ["summary"], batch_size=ROWS_AT_ONCE)


def _copy(turn: Message, new: Conversation) -> Message:
    twin = copy.copy(turn)
    twin.pk, twin._state.adding, twin.conversation, twin.parent_id = None, True, new, None
    twin.call = twin.request_id = twin.run_after = None
    twin.claim, twin.column, twin.undecided = 0, 0, False
    return twin
