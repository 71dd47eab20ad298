"""Several replies to one question, side by side: go on with one of them, and it is a conversation again."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from chat import asking, queueing
from chat.models import Conversation, Message


def go_on_with(reply: Message) -> None:
    """Let the conversation follow one reply; those beside it are stopped, kept and found as versions."""
    conversation, question = reply.conversation, reply.parent
    assert question is not None  # the view looks for it
    with transaction.atomic():
        asking.lock(conversation)
        Message.objects.filter(pk=question.pk, undecided=True).update(undecided=False)
        Conversation.objects.filter(pk=conversation.pk).update(
            tip=reply, model=reply.model, updated_at=timezone.now()
        )
    conversation.tip_id, conversation.model = reply.pk, reply.model
    for other in conversation.messages.active().filter(parent=question).exclude(pk=reply.pk):
        asking.stop(other)
    queueing.advance(conversation)
