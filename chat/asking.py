"""Ask a model: reserve, write the question and the empty reply, and hand the reply to a writer."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from django.utils import timezone

from chat import replies
from chat.folders import instructions_for
from chat.models import Attachment, Conversation, Message, Role, picture_name
from chat.personas import character_of
from chat.pictures import Picture
from venice_site.venice.errors import VeniceError
from venice_site.venice.runs import RunStatus
from venice_site.venice.service import Venice
from venice_site.venice.types import ChatMessage, ChatOrder, ImagePart, Model

MOST_PICTURES_SENT = 10  # contract 7.5; the newest ones
GO_ON = "Continue exactly where your last answer stopped. Repeat nothing and add no remark."


class Busy(VeniceError):
    """Another reply of the conversation is still being written."""

    kind = "busy"
    sentence = "A reply is still being written. Wait for it or stop it, then send again."


@dataclass(frozen=True, slots=True)
class Question:
    """What a person wants to ask, validated; `copied` are pictures kept from an earlier version."""

    text: str
    model: Model
    pictures: tuple[Picture, ...] = ()
    copied: tuple[Attachment, ...] = ()
    request_id: uuid.UUID = field(default_factory=uuid.uuid4)


@dataclass(frozen=True, slots=True)
class Asked:
    """What was written when something was asked: the reply, and the question if it is a new one."""

    reply: Message
    question: Message | None = None
    pictures: tuple[Attachment, ...] = ()


def ask(venice: Venice, conversation: Conversation, question: Question, after: int | None) -> Asked:
    """Ask a question after a message (None: as the first); its reply is being written on return.

    Asking twice with one request id gives the first reply. Raises `VeniceError` (a quota, `Busy`) and
    has then changed nothing.
    """
    history = _history(conversation, after, question.model)
    order = _order(conversation, question.model, [*history, _as_sent(question)])
    begin = partial(_begin, venice, conversation, question, order, after)
    try:
        return begin()
    except IntegrityError:
        asked = Message.objects.filter(author=venice.user, request_id=question.request_id).first()
        if asked is not None:
            return Asked(asked.children.replies().earliest("pk"), asked)
        _make_way(conversation)
        return begin()


def try_again(venice: Venice, reply: Message, model: Model) -> Asked:
    """Ask the same question again; the new reply stands beside the old one."""
    conversation = reply.conversation
    history = _history(conversation, reply.parent_id, model)
    return _begin_sibling(venice, reply, _order(conversation, model, history))


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


def _begin(
    venice: Venice,
    conversation: Conversation,
    question: Question,
    order: ChatOrder,
    after: int | None,
) -> Asked:
    files = [_kept_file(picture) for picture in question.pictures]
    try:
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
            pictures = _attach(message, question, files)
            reply = _begin_reply(venice, conversation, message.pk, order)
    except (
        Exception
    ):  # whatever it was, it goes on to the caller; nothing points to the files any more
        for name in files:
            default_storage.delete(name)
        raise
    conversation.grow(message, reply)
    return Asked(reply, message, pictures)


def _kept_file(picture: Picture) -> str:
    return default_storage.save(picture_name(picture.mime), ContentFile(picture.content))


def _attach(message: Message, question: Question, files: list[str]) -> tuple[Attachment, ...]:
    kept = [_attachment(message, picture, str(picture.file.name)) for picture in question.copied]
    new = zip(question.pictures, files, strict=True)
    found = (*kept, *(_attachment(message, picture, name) for picture, name in new))
    return tuple(Attachment.objects.bulk_create(found)) if found else ()


def _attachment(message: Message, picture: Picture | Attachment, name: str) -> Attachment:
    return Attachment(
        message=message, file=name, mime=picture.mime, width=picture.width, height=picture.height
    )


def _begin_sibling(venice: Venice, reply: Message, order: ChatOrder, **kept: Any) -> Asked:
    conversation = reply.conversation

    def begin() -> Message:
        with transaction.atomic():
            return _begin_reply(venice, conversation, reply.parent_id, order, **kept)

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
    **kept: Any,
) -> Message:
    """Write the reply, already running: its writer is this process, and its heart beats from now on.

    `kept` are facts that it takes over from the reply that it goes on with.
    """
    now = timezone.now()
    reply = Message.objects.create(
        conversation=conversation,
        parent_id=question,
        role=Role.ASSISTANT,
        model=order.model,
        call=venice.reserve_reply(order),
        status=RunStatus.RUNNING,
        claim=1,
        started_at=now,
        heartbeat_at=now,
        **kept,
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
    told = (instructions_for(conversation), conversation.system_prompt.strip())
    own = "\n\n".join(filter(None, told))
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


def _as_sent(question: Question) -> ChatMessage:
    kept = (ImagePart(_content(a), a.mime) for a in question.copied)
    new = (ImagePart(p.content, p.mime) for p in question.pictures)
    return ChatMessage("user", question.text, (*kept, *new))


def _history(conversation: Conversation, until: int | None, model: Model) -> list[ChatMessage]:
    """Return the turns down to a message as Venice gets them; turns without any text are left out."""
    if until is None:
        return []
    path = conversation.tree.ancestry(until)
    rows = conversation.messages.filter(pk__in=path).only("role", "text").order_by("pk")
    pictures = _pictures(path) if model.supports_vision else {}
    return [
        ChatMessage(
            "assistant" if row.is_reply else "user", row.text, tuple(pictures.get(row.pk, ()))
        )
        for row in rows
        if row.text or row.pk in pictures
    ]


def _pictures(path: list[int]) -> dict[int, list[ImagePart]]:
    newest = Attachment.objects.filter(message__in=path).order_by("-pk")[:MOST_PICTURES_SENT]
    found: dict[int, list[ImagePart]] = {}
    for attachment in reversed(newest):
        part = ImagePart(_content(attachment), attachment.mime)
        found.setdefault(attachment.message_id, []).append(part)
    return found


def _content(attachment: Attachment) -> bytes:
    with attachment.file.open("rb") as file:
        return bytes(file.read())
