"""Ask a model: reserve, write the question and the empty reply, and hand the reply to a writer."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

from django.db import IntegrityError, transaction
from django.utils import timezone

from chat import attaching, replies
from chat.attaching import Carried
from chat.context import MESSAGE_TOKENS, Said, instructions_of, refuse_too_long
from chat.documents import tokens_in
from chat.models import Attachment, Conversation, Message, Role
from venice_site.venice.errors import VeniceError
from venice_site.venice.runs import RunStatus
from venice_site.venice.service import Venice
from venice_site.venice.types import ChatMessage, ChatOrder, Model

GO_ON = "Continue exactly where your last answer stopped. Repeat nothing and add no remark."


class Busy(VeniceError):
    """Another reply of the conversation is still being written."""

    kind = "busy"
    sentence = "A reply is still being written. Wait for it or stop it, then send again."


@dataclass(frozen=True, slots=True)
class Question:
    """What a person wants to ask, validated.

    `attached` are files that wait to be sent, `copied` those of an earlier version of the question.
    """

    text: str
    model: Model
    attached: tuple[Attachment, ...] = ()
    copied: tuple[Attachment, ...] = ()
    request_id: uuid.UUID = field(default_factory=uuid.uuid4)

    @property
    def files(self) -> tuple[Attachment, ...]:
        """Return everything that goes with the question."""
        return (*self.copied, *self.attached)


@dataclass(frozen=True, slots=True)
class Asked:
    """What was written when something was asked: the reply, and the question if it is a new one."""

    reply: Message
    question: Message | None = None
    attached: tuple[Attachment, ...] = ()


def ask(venice: Venice, conversation: Conversation, question: Question, after: int | None) -> Asked:
    """Ask a question after a message (None: as the first); its reply is being written on return.

    Asking twice with one request id gives the first reply. Raises `VeniceError` (a quota, `Busy`,
    `TooLong`) and has then changed nothing.
    """
    history = _history(conversation, after, question.model, question.files)
    order = _order(conversation, question.model, [*history, _as_sent(question)])
    refuse_too_long(order, question.model)
    begin = partial(_begin, venice, conversation, question, order, after)
    try:
        return begin()
    except IntegrityError:
        asked = Message.objects.filter(author=venice.user, request_id=question.request_id).first()
        if asked is not None:
            reply = asked.children.replies().earliest("pk")
            return Asked(reply, asked, tuple(asked.attachments.all()))
        _make_way(conversation)
        return begin()


def try_again(venice: Venice, reply: Message, model: Model) -> Asked:
    """Ask the same question again; the new reply stands beside the old one."""
    conversation = reply.conversation
    history = _history(conversation, reply.parent_id, model)
    order = refuse_too_long(_order(conversation, model, history), model)
    return _begin_sibling(venice, reply, order, text="")


def go_on(venice: Venice, reply: Message, model: Model) -> Asked:
    """Ask the model to go on with a reply that ended early; the new reply begins with its text."""
    conversation = reply.conversation
    history = _history(conversation, reply.pk, model)
    order = _order(conversation, model, [*history, ChatMessage("user", GO_ON)])
    return _begin_sibling(venice, reply, order, text=reply.text)


def stop(reply: Message) -> None:
    """Stop a reply, whoever writes it; what arrived is kept. Stopping twice is stopping once."""
    reply.cancel()
    replies.writers.stop(reply.pk)


def _begin(
    venice: Venice,
    conversation: Conversation,
    question: Question,
    order: ChatOrder,
    after: int | None,
) -> Asked:
    with transaction.atomic():
        message = Message.objects.create(
            conversation=conversation,
            parent_id=after,
            role=Role.USER,
            author=venice.user,
            request_id=question.request_id,
            text=question.text,
            status=RunStatus.SUCCEEDED,
        )
        attaching.join(message.pk, question.attached, question.copied)
        reply = _begin_reply(venice, conversation, message.pk, order)
    conversation.grow(message, reply)
    return Asked(reply, message, tuple(message.attachments.all()) if question.files else ())


def _begin_sibling(venice: Venice, reply: Message, order: ChatOrder, *, text: str) -> Asked:
    conversation = reply.conversation

    def begin() -> Message:
        with transaction.atomic():
            return _begin_reply(venice, conversation, reply.parent_id, order, text=text)

    try:
        new = begin()
    except IntegrityError:
        _make_way(conversation)
        new = begin()
    conversation.grow(new)
    return Asked(new)


def _begin_reply(
    venice: Venice,
    conversation: Conversation,
    question: int | None,
    order: ChatOrder,
    *,
    text: str = "",
) -> Message:
    """Write the reply, already running: its writer is this process, and its heart beats from now on."""
    now = timezone.now()
    reply = Message.objects.create(
        conversation=conversation,
        parent_id=question,
        role=Role.ASSISTANT,
        model=order.model,
        text=text,
        call=venice.reserve_reply(order),
        status=RunStatus.RUNNING,
        claim=1,
        started_at=now,
        heartbeat_at=now,
    )
    conversation.tip_id, conversation.model, conversation.updated_at = reply.pk, order.model, now
    conversation.save(update_fields=["tip", "model", "updated_at"])
    transaction.on_commit(partial(replies.writers.start, reply, order, venice))
    return reply


def _make_way(conversation: Conversation) -> None:
    """Give up the reply in the way if its process is gone. Raises `Busy` when it is alive."""
    for reply in conversation.messages.active():
        if not reply.interrupt_if_stale():
            raise Busy


def _order(conversation: Conversation, model: Model, messages: Sequence[ChatMessage]) -> ChatOrder:
    own = instructions_of(conversation)
    system = [ChatMessage("system", own)] if own else []
    return ChatOrder(
        model=model.id,
        messages=(*system, *messages),
        temperature=conversation.temperature,
        max_tokens=conversation.max_tokens,
        top_p=conversation.top_p,
        frequency_penalty=conversation.frequency_penalty,
        presence_penalty=conversation.presence_penalty,
        conversation=f"conversation-{conversation.pk}",
        own_system_prompt=bool(own),
    )


def _as_sent(question: Question) -> Said:
    carried = attaching.carry(question.files, question.model)
    return _said("user", question.text, carried)


def _history(
    conversation: Conversation, until: int | None, model: Model, beside: Sequence[Attachment] = ()
) -> list[Said]:
    """Return the turns down to a message as Venice gets them; turns without anything in them are left out.

    `beside` are files that go along with what is asked next; they have the first right to the room.
    """
    if until is None:
        return []
    path = conversation.tree.ancestry(until)
    rows = conversation.messages.filter(pk__in=path).only("role", "text").order_by("pk")
    attached = Attachment.objects.filter(message__in=path)
    carried = attaching.carry_by_message(attached, model, beside)
    return [
        _said("assistant" if row.is_reply else "user", row.text, carried.get(row.pk), row.pk)
        for row in rows
        if row.text or row.pk in carried
    ]


def _said(
    role: Literal["user", "assistant"], text: str, carried: Carried | None, pk: int | None = None
) -> Said:
    carried = carried or Carried()
    return Said(
        role,
        "\n\n".join((text, *carried.notes)),
        tuple(carried.images),
        tuple(carried.files),
        pk=pk,
        tokens=tokens_in(len(text)) + carried.tokens + MESSAGE_TOKENS,
    )
