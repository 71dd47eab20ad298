"""Work in the background: titles, replies whose process is gone, conversations deleted for good."""

from __future__ import annotations

import logging
import re

from django.tasks import task
from django.utils import timezone
from steady_queue.recurring_task import recurring

from chat.models import UNDO_FOR, Conversation, Message, Role, TitleSource
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


@recurring(schedule="*/5 * * * *", key="prune_deleted_conversations")  # type: ignore[untyped-decorator]
@task()
def prune_deleted_conversations() -> None:
    """Delete for good what was deleted long enough ago, files too."""
    gone = Conversation.objects.filter(deleted_at__lt=timezone.now() - UNDO_FOR)
    for conversation in gone[:PRUNED_AT_ONCE]:
        conversation.prune()


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
        with venice.stream_reply(order, call.pk) as stream:
            answer = "".join(delta.text for delta in stream)
    except VeniceError as error:
        quotas.close(call.pk, None, may_be_charged=error.may_be_charged, error_kind=error.kind)
        log.info("conversation=%s title=failed kind=%s", conversation.pk, error.kind)
        return ""
    quotas.settle(call.pk, stream.usage)
    return answer


def _excerpt(conversation: Conversation) -> str:
    first = conversation.messages.exclude(text="").order_by("pk").values_list("role", "text")[:2]
    names = {Role.USER: "Question", Role.ASSISTANT: "Answer"}
    return "\n\n".join(f"{names[Role(role)]}: {text[:EXCERPT]}" for role, text in first)
