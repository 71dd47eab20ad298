"""Work in the background: titles, replies whose process is gone, conversations deleted for good."""

from __future__ import annotations

import logging
import re
from functools import partial

from django.db.models import Q
from django.tasks import task
from django.utils import timezone
from steady_queue.recurring_task import recurring

from chat import attaching
from chat.models import UNDO_FOR, Attachment, Conversation, Message, Role, TitleSource
from chat.moving import carry
from chat.parcels import GIVEN_UP_AFTER, KEPT_FOR, UNFINISHED, Parcel
from venice_site.venice import quotas
from venice_site.venice.errors import VeniceError
from venice_site.venice.models import CallKind
from venice_site.venice.service import Venice
from venice_site.venice.types import ChatMessage, ChatOrder

log = logging.getLogger("studio.chat")

EXCERPT = 1500  # characters of question and answer that a title is drawn from
TITLE_TOKENS = 400  # room for a model that thinks first
PRUNED_AT_ONCE = 50
ASK_FOR_TITLE = (
    "Write a short title of at most six words for the conversation that follows, in its language."
    " Answer with the title alone: no quotes, no full stop."
)


@task()
def write_title(conversation_id: int) -> None:
    """Ask a model for the title of a conversation that has none but its first words."""
    conversation = (
        Conversation.objects.filter(pk=conversation_id, title_source=TitleSource.QUESTION)
        .select_related("owner")
        .first()
    )
    if conversation is not None:
        conversation.rename(title_from(_answer(conversation)), TitleSource.MODEL)


@recurring(schedule="*/10 * * * * * *", key="interrupt_stale_replies")  # type: ignore[untyped-decorator]
@task()
def interrupt_stale_replies() -> None:
    """Say of each reply whose process is gone that it was interrupted."""
    for reply in Message.objects.stale(timezone.now()):
        reply.interrupt_if_stale()


@recurring(schedule="*/10 * * * * * *", key="advance_queues")  # type: ignore[untyped-decorator]
@task()
def advance_queues() -> None:
    """Ask the messages whose turn came while a process was being killed."""
    from chat import queueing

    queueing.advance_all()


@recurring(schedule="* * * * *", key="prune_deleted_conversations")  # type: ignore[untyped-decorator]
@task()
def prune_deleted_conversations() -> None:
    """Delete for good, files too: what was deleted long enough ago, and temporary conversations at their end."""
    now = timezone.now()
    deleted, over = Q(deleted_at__lt=now - UNDO_FOR), Q(temporary_until__lt=now)
    for gone in (deleted, over):
        for conversation in Conversation.objects.filter(gone)[:PRUNED_AT_ONCE]:
            conversation.prune()


@recurring(schedule="17 * * * *", key="prune_forgotten_attachments")  # type: ignore[untyped-decorator]
@task()
def prune_forgotten_attachments() -> None:
    """Remove what somebody attached a day ago and never sent."""
    attaching.discard(Attachment.objects.forgotten(timezone.now())[:PRUNED_AT_ONCE])


@task()
def carry_parcel(parcel_id: int) -> None:
    """Write an export, or read an import."""
    if parcel := Parcel.objects.filter(pk=parcel_id).select_related("owner").first():
        carry(parcel)


@recurring(schedule="*/10 * * * *", key="prune_parcels")  # type: ignore[untyped-decorator]
@task()
def prune_parcels() -> None:
    """Forget parcels that are a day old, and give up those whose process is gone."""
    now = timezone.now()
    for parcel in Parcel.objects.filter(status__in=UNFINISHED, created_at__lt=now - GIVEN_UP_AFTER):
        parcel.fail("This was interrupted. Try again.")
    for parcel in Parcel.objects.filter(created_at__lt=now - KEPT_FOR):
        parcel.prune()


def title_from(answer: str) -> str:
    """Return a model's answer as a title: its first line, bare of Markdown and quotes."""
    lines = (re.sub(r"^[\s#>*\-]+", "", line) for line in answer.splitlines())
    line = next((line for line in lines if line.strip()), "")
    return re.sub(r"^(title|titel)\s*:\s*", "", line, flags=re.IGNORECASE).strip(" \t*_`\"'“”„«».")


def _answer(conversation: Conversation) -> str:
    """Return what the model proposes; empty when it does not, which costs nobody more than a title."""
    venice = Venice(conversation.owner)
    order = ChatOrder(
        model=conversation.model,
        messages=(
            ChatMessage("system", ASK_FOR_TITLE),
            ChatMessage("user", _excerpt(conversation)),
        ),
        max_tokens=TITLE_TOKENS,
        own_system_prompt=True,
    )
    try:
        call = venice.reserve_reply(order, kind=CallKind.TITLE)
    except VeniceError as error:
        log.info("conversation=%s title=refused kind=%s", conversation.pk, error.kind)
        return ""
    try:
        with venice.stream_reply(order, call.pk, partial(quotas.settle, call.pk)) as stream:
            return "".join(delta.text for delta in stream)
    except VeniceError as error:
        usage, charged = error.usage, error.may_be_charged
        quotas.close(call.pk, usage, may_be_charged=charged, error_kind=error.kind)
        log.info("conversation=%s title=failed kind=%s", conversation.pk, error.kind)
        return ""


def _excerpt(conversation: Conversation) -> str:
    first = conversation.messages.exclude(text="").order_by("pk").values_list("role", "text")[:2]
    names = {Role.USER: "Question", Role.ASSISTANT: "Answer"}
    return "\n\n".join(f"{names[Role(role)]}: {text[:EXCERPT]}" for role, text in first)
