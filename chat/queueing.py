"""Let messages wait while a reply is written, and ask them in their turn, whoever looks.

The reply before must have ended well; else the queue waits for the person. A message is asked in the
transaction that takes it out of the queue, so no crash loses it and none asks it twice.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Exists, Max, OuterRef, Prefetch
from django.dispatch import receiver

from chat import asking, attaching, drafts
from chat.asking import Asked, Busy, Question, Taken
from chat.attaching import CannotAttach
from chat.attachments import delete_files
from chat.models import Attachment, Conversation, Message, QueuedMessage, Role
from chat.replies import ended, writers
from venice_site.statements import Statement, gap
from venice_site.venice.errors import ModelGone, VeniceError
from venice_site.venice.runs import RunStatus
from venice_site.venice.service import Venice
from venice_site.venice.types import Model

log = logging.getLogger("studio.queue")

MOST_QUEUED = 20  # messages that wait in one conversation
WHY_PAUSED = {
    RunStatus.FAILED: "The reply before failed, so these messages wait.",
    RunStatus.CANCELLED: "You stopped the reply before, so these messages wait.",
    RunStatus.INTERRUPTED: "The reply before was interrupted, so these messages wait.",
}
UNDECIDED = "Choose the reply to go on with; then these messages follow."


class QueueFull(VeniceError):
    """A conversation has as many waiting messages as it may have."""

    kind = "queue-full"
    sentence = f"{MOST_QUEUED} messages wait already. Send this one when some of them are done."


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits in a conversation; `pause` says why it does not go on by itself."""

    messages: Sequence[QueuedMessage] = ()
    pause: str = ""
    is_undecided: bool = False
    is_due: bool = False


ANYTHING = Statement(
    lambda: QueuedMessage.objects.filter(conversation=gap("conversation")).values_list("pk")[:1]
)


def read_queue(conversation: Conversation) -> Queue:
    """Return what waits in a conversation, and whether it goes on."""
    if not ANYTHING.first(conversation=conversation.pk):
        return Queue()
    attached = Prefetch("attachments", Attachment.objects.only("queued_id"))
    messages = list(conversation.queue.prefetch_related(attached))
    pause = next((message.refusal for message in messages if message.refusal), "")
    tip = _tip(conversation)
    undecided = tip is not None and tip.parent is not None and tip.parent.undecided
    if not pause and tip is not None:
        pause = UNDECIDED if undecided else WHY_PAUSED.get(RunStatus(tip.status), "")
    runs = conversation.messages.active().exists()
    return Queue(messages, "" if runs else pause, undecided, is_due=not runs and not pause)


def _tip(conversation: Conversation) -> Message | None:
    if conversation.tip_id is None:
        return None
    found = Message.objects.filter(pk=conversation.tip_id).select_related("parent")
    return found.only("status", "parent", "parent__undecided").first()


def put(venice: Venice, conversation: Conversation, question: Question) -> QueuedMessage | None:
    """Let a question wait for its turn; None when it was asked already by another click.

    Raises `QueueFull` and `AttachmentGone`.
    """
    with transaction.atomic():
        queued = _write(venice, conversation, question)
    advance(conversation)  # the reply may have ended in this moment
    return queued


def _write(venice: Venice, conversation: Conversation, question: Question) -> QueuedMessage | None:
    asking.lock(conversation)
    click = {"author": venice.user, "request_id": question.request_id}
    if Message.objects.filter(**click).exists():
        return None
    if earlier := QueuedMessage.objects.filter(**click).first():
        return earlier
    if conversation.queue.count() >= MOST_QUEUED:
        raise QueueFull
    last = conversation.queue.aggregate(last=Max("place"))["last"]
    queued = QueuedMessage.objects.create(
        **click,
        conversation=conversation,
        text=question.text,
        model_ids=[model.id for model in (question.model, *question.beside)],
        place=0 if last is None else last + 1,
    )
    attaching.wait(queued.pk, question.attached)
    drafts.clear(venice.user, question.draft, question.request_id)
    return queued


def should_wait(conversation: Conversation) -> bool:
    """Return whether a new message belongs behind others that are about to be asked."""
    return read_queue(conversation).is_due


def advance(conversation: Conversation) -> Asked | None:
    """Ask what waits longest, unless a reply is being written or the queue waits for its person."""
    if not ANYTHING.first(conversation=conversation.pk):
        return None
    found = Conversation.objects.filter(pk=conversation.pk).select_related("owner", "folder")
    fresh = found.filter(deleted_at=None, owner__is_active=True).first()
    if fresh is None or writers.are_ending or not read_queue(fresh).is_due:
        return None
    return _ask_next(fresh, None)


def go_on(conversation: Conversation, instead: Model) -> Asked | None:
    """Ask what waits longest although the reply before did not end well, on a person's word.

    A message whose model is gone is asked of another one instead.
    """
    conversation.queue.exclude(refusal="").update(refusal="")
    return _ask_next(conversation, instead)


def _ask_next(conversation: Conversation, instead: Model | None) -> Asked | None:
    queued = conversation.queue.first()
    if queued is None:
        return None
    venice = Venice(conversation.owner)
    try:
        question = _question(venice, queued, instead)
        asked = asking.ask(venice, conversation, question, conversation.tip_id)
    except (Busy, Taken):  # somebody else was quicker; what waits stays in its turn
        return None
    except VeniceError as error:
        log.info("conversation=%s queue=paused kind=%s", conversation.pk, error.kind)
        QueuedMessage.objects.filter(pk=queued.pk).update(refusal=str(error)[:500])
        return None
    _remove(queued)  # when another click had asked it already
    return asked


def _question(venice: Venice, queued: QueuedMessage, instead: Model | None) -> Question:
    found = [venice.model("text", name) or instead for name in queued.model_ids]
    models = list({model.id: model for model in found if model is not None}.values())
    if None in found or not models:
        raise ModelGone
    attached = tuple(queued.attachments.all())
    for model in models:
        if refusal := attaching.refusal(attached, model):
            raise CannotAttach(refusal)
    return Question(
        text=queued.text,
        model=models[0],
        beside=tuple(models[1:]),
        attached=attached,
        request_id=queued.request_id,
        queued=queued.pk,
    )


def delete(queued: QueuedMessage) -> None:
    """Take a message out of the queue for good, its files too; those behind it move up."""
    _remove(queued)
    advance(queued.conversation)


def _remove(queued: QueuedMessage) -> None:
    with transaction.atomic():
        asking.lock(queued.conversation)
        files = set(Attachment.objects.filter(queued=queued.pk).values_list("file", flat=True))
        QueuedMessage.objects.filter(pk=queued.pk).delete()
    delete_files(files)


@receiver(ended, dispatch_uid="queueing")
def follow(reply: Message, **_: Any) -> None:
    """Go on after a reply that has ended, by the process that wrote it."""
    advance(reply.conversation)


def advance_all() -> None:
    """Go on in every conversation whose turn came while nobody could see to it: a process was killed."""
    tip_is_well = Message.objects.filter(
        pk=OuterRef("tip"), status=RunStatus.SUCCEEDED, role=Role.ASSISTANT
    )
    waiting = Conversation.objects.filter(
        Exists(QueuedMessage.objects.filter(conversation=OuterRef("pk"))),
        Exists(tip_is_well),
        deleted_at=None,
    )
    for conversation in waiting:
        advance(conversation)
