"""Ask a model: reserve, write the question and the empty reply, and hand the reply to a writer."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal, NamedTuple

from django.db import IntegrityError, connection, transaction
from django.db.models import Exists, QuerySet
from django.utils import timezone

from chat import attaching, drafts, replies
from chat.attaching import Carried
from chat.context import MESSAGE_TOKENS, Said, instructions_of, refuse_too_long, refuse_unasked
from chat.documents import tokens_in
from chat.models import MOST_BESIDE, Attachment, Conversation, Message, QueuedMessage, Role
from chat.personas import character_of
from venice_site import statements
from venice_site.accounts.models import User
from venice_site.statements import Statement, gap
from venice_site.venice.errors import VeniceError
from venice_site.venice.runs import RunStatus
from venice_site.venice.service import Venice
from venice_site.venice.types import ChatMessage, ChatOrder, Model

GO_ON = "Continue exactly where your last answer stopped. Repeat nothing and add no remark."

LOCK = Statement(
    lambda: (
        Conversation.objects.select_for_update(no_key=True)
        .filter(pk=gap("conversation"))
        .values_list("pk")
    )
)
STANDING = Statement(
    lambda: Conversation.objects.filter(pk=gap("conversation")).values_list(
        "tip",
        Exists(Message.objects.filter(conversation=gap("conversation")).active()),
        Exists(Message.objects.filter(pk=gap("before"), undecided=True)),
    )
)
ACTIVE = Statement(lambda: Message.objects.filter(conversation=gap("conversation")).active())
TEXTS = Statement(lambda: _texts(gap("conversation")))
FILES = Statement(lambda: Attachment.objects.filter(message__conversation=gap("conversation")))


class Busy(VeniceError):
    """Another reply of the conversation is still being written."""

    kind = "busy"
    sentence = "A reply is still being written. Wait for it or stop it, then send again."


class Taken(VeniceError):
    """The message waits in the queue no more: it was asked or deleted meanwhile."""

    kind = "taken"
    sentence = "This message has been sent or deleted already."


@dataclass(frozen=True, slots=True)
class Question:
    """What a person wants to ask, validated.

    `attached` are files that wait to be sent, `copied` those of an earlier version of the question. `beside`
    are further models, asked the same at the same time. `queued` is the row of the queue that the question
    waited in, `draft` the draft that it was written in; they go as the question is asked.
    """

    text: str
    model: Model
    attached: tuple[Attachment, ...] = ()
    copied: tuple[Attachment, ...] = ()
    request_id: uuid.UUID = field(default_factory=uuid.uuid4)
    beside: tuple[Model, ...] = ()
    queued: int | None = None
    draft: drafts.Place | None = None

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
    beside: tuple[Message, ...] = ()


class Standing(NamedTuple):
    """How a conversation stands: its newest end, whether it is answered now, and whether a choice is due."""

    tip: int | None = None
    is_busy: bool = False
    is_undecided: bool = False


def ask(venice: Venice, conversation: Conversation, question: Question, after: int | None) -> Asked:
    """Ask a question after a message (None: as the first); its replies are being written on return.

    Asking twice with one request id gives the first replies. Raises `VeniceError` (a quota, `Busy`,
    `TooLong`) and has then changed nothing, however many models were to be asked.
    """
    try:
        orders = [
            _order_for(conversation, question, model, after)
            for model in (question.model, *question.beside)
        ]
        return _begin(venice, conversation, question, orders, after)
    except (IntegrityError, Busy):
        if asked := asked_before(venice.user, question.request_id):
            return asked
        raise


def try_again(venice: Venice, reply: Message, model: Model) -> Asked:
    """Ask the same question again; the new reply stands beside the old one. Raises `VeniceError`."""
    conversation = reply.conversation
    history = refuse_unasked(_history(conversation, reply.parent_id, model), reply.parent_id)
    order = refuse_too_long(_order(conversation, model, history), model)
    return _begin_sibling(venice, reply, order)


def go_on(venice: Venice, reply: Message, model: Model) -> Asked:
    """Ask the model to go on with a reply that ended early; the new reply begins with its text."""
    conversation = reply.conversation
    history = _history(conversation, reply.pk, model)
    order = _order(conversation, model, [*history, ChatMessage("user", GO_ON)])
    return _begin_sibling(venice, reply, order, text=reply.text, citations=reply.citations)


def stop(reply: Message) -> None:
    """Stop a reply, whoever writes it; what arrived is kept. Stopping twice is stopping once."""
    reply.cancel()
    replies.writers.stop(reply.pk)


def asked_before(user: User, request_id: uuid.UUID) -> Asked | None:
    """Return what an earlier click of the same page has asked."""
    message = Message.objects.filter(author=user, request_id=request_id).first()
    if message is None:
        return None
    first, *beside = message.children.replies().order_by("pk")[
        : MOST_BESIDE if message.undecided else 1
    ]
    return Asked(first, message, tuple(message.attachments.all()), tuple(beside))


def _begin(
    venice: Venice,
    conversation: Conversation,
    question: Question,
    orders: Sequence[ChatOrder],
    after: int | None,
) -> Asked:
    with transaction.atomic():
        question_before = conversation.tree.parent(after)
        standing = _make_way(conversation, question_before)
        if question.queued is not None:
            _take(question.queued, is_next=standing.tip == after)
        if standing.is_undecided:
            statements.update(Message, {"pk": question_before}, {"undecided": False})
        message = statements.insert(
            Message(
                conversation=conversation,
                parent_id=after,
                role=Role.USER,
                author=venice.user,
                request_id=question.request_id,
                text=question.text,
                status=RunStatus.SUCCEEDED,
                undecided=bool(question.beside),
            )
        )
        attaching.join(message.pk, question.attached, question.copied)
        drafts.clear(venice.user, question.draft, question.request_id)
        replies_begun = [
            _begin_reply(venice, conversation, message, order, column=column)
            for column, order in enumerate(orders)
        ]
        _lead_to(conversation, replies_begun[0])
    replies.writers.let_ask(replies_begun)
    conversation.grow(message, *replies_begun)
    reply, *beside = replies_begun
    attached = tuple(message.attachments.all()) if question.files else ()
    return Asked(reply, message, attached, tuple(beside))


def _take(queued: int, *, is_next: bool) -> None:
    """Take the question out of the queue. Raises `Taken` when somebody else was quicker."""
    if not is_next or not QueuedMessage.objects.take(queued):
        raise Taken


def _begin_sibling(venice: Venice, reply: Message, order: ChatOrder, **kept: Any) -> Asked:
    conversation = reply.conversation
    with transaction.atomic():
        _make_way(conversation, again=reply)
        new = _begin_reply(venice, conversation, reply.parent, order, column=reply.column, **kept)
        _lead_to(conversation, new)
    replies.writers.let_ask([new])
    conversation.grow(new)
    return Asked(new)


def _begin_reply(
    venice: Venice,
    conversation: Conversation,
    question: Message | None,
    order: ChatOrder,
    **kept: Any,
) -> Message:
    """Write the reply, already running: its writer is this process, and its heart beats from now on.

    `kept` are facts that it takes over from the reply that it goes on with.
    """
    now = timezone.now()
    reply = statements.insert(
        Message(
            conversation=conversation,
            parent=question,
            role=Role.ASSISTANT,
            model=order.model,
            call=venice.reserve_reply(order),
            status=RunStatus.RUNNING,
            claim=1,
            started_at=now,
            heartbeat_at=now,
            **kept,
        )
    )
    transaction.on_commit(partial(replies.writers.start, reply, order, venice))
    return reply


def _lead_to(conversation: Conversation, reply: Message) -> None:
    """Let the conversation open with a reply."""
    conversation.tip_id, conversation.model = reply.pk, reply.model
    conversation.updated_at = reply.created_at
    facts = {"tip": reply.pk, "model": reply.model, "updated_at": reply.created_at}
    statements.update(Conversation, {"pk": conversation.pk}, facts)


def lock(conversation: Conversation) -> None:
    """Keep others from asking or queueing in a conversation until the transaction ends."""
    if connection.features.has_select_for_update:  # SQLite has but one writer anyway
        LOCK.first(conversation=conversation.pk)


def _make_way(
    conversation: Conversation, question_before: int | None = None, *, again: Message | None = None
) -> Standing:
    """Let only one ask here at a time; return how things stand. Raises `Busy` when a reply is in the way.

    A reply whose process is gone is given up; those beside the one that is asked for again may go on.
    """
    lock(conversation)
    # A statement of its own: PostgreSQL would answer for the moment before it waited for the lock.
    found = STANDING.first(conversation=conversation.pk, before=question_before)
    standing = Standing(*found) if found else Standing()
    for reply in ACTIVE.all(conversation=conversation.pk) if standing.is_busy else ():
        beside = (
            again is not None
            and reply.parent_id == again.parent_id
            and reply.column != again.column
        )
        if not beside and not reply.interrupt_if_stale():
            raise Busy
    return standing


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
        reasoning_effort=conversation.reasoning_effort,
        web_search=conversation.web_search,
        character=character_of(conversation),
        schema=conversation.answer_schema,
    )


def _order_for(
    conversation: Conversation, question: Question, model: Model, after: int | None
) -> ChatOrder:
    """Return what one of the models is asked. Raises `TooLong` when it could not read even that alone."""
    history = _history(conversation, after, model, question.files)
    sent = _said("user", question.text, attaching.carry(question.files, model))
    return refuse_too_long(_order(conversation, model, [*history, sent]), model)


def _history(
    conversation: Conversation, until: int | None, model: Model, beside: Sequence[Attachment] = ()
) -> list[Said]:
    """Return the turns down to a message as Venice gets them; turns without anything in them are left out.

    `beside` are files that go along with what is asked next; they have the first right to the room.
    """
    if until is None:
        return []
    path = set(conversation.tree.ancestry(until))
    if len(path) * 2 < len(conversation.tree):  # a thread of many: rather name what is read
        rows = list(_texts(conversation.pk).filter(pk__in=path))
    else:
        rows = TEXTS.all(conversation=conversation.pk)
    files = FILES.all(conversation=conversation.pk)
    attached = [one for one in files if one.message_id in path]
    carried = attaching.carry_by_message(attached, model, beside)
    return [
        _said("assistant" if role == Role.ASSISTANT else "user", text, carried.get(pk), pk)
        for pk, role, text in rows
        if pk in path and (text or pk in carried)
    ]


def _texts(conversation: Any) -> QuerySet[Message, tuple[int, str, str]]:
    rows = Message.objects.filter(conversation=conversation).order_by("pk")
    return rows.values_list("pk", "role", "text")


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
