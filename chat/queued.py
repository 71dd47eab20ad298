"""Messages that wait in a conversation until the reply before them has ended; the row is the truth."""

from __future__ import annotations

from django.db import models, transaction
from django.db.models import Min
from django.utils import timezone

from chat.attachments import Attachment
from venice_site.accounts.models import User


class QueuedMessageQuerySet(models.QuerySet["QueuedMessage"]):
    """Waiting messages by the names people say."""

    def visible_to(self, user: User) -> QueuedMessageQuerySet:
        """Return the messages that wait in the conversations of a person."""
        return self.filter(conversation__owner=user, conversation__deleted_at=None)

    def take(self, pk: int) -> bool:
        """Take a message out because it is being asked; return whether we are the one who got it.

        Its files are as if they were attached just now; the message that is asked takes them along.
        """
        Attachment.objects.filter(queued=pk).update(queued=None)
        return bool(self.filter(pk=pk).delete()[0])


class QueuedMessage(models.Model):
    """A message that waits for its turn.

    `model_ids` are the models that will be asked, several when side by side. `refusal` says why it was not
    asked when its turn came; the queue then waits for the person. `request_id` is the page's, as a message's.
    """

    conversation = models.ForeignKey(
        "Conversation", models.CASCADE, related_name="queue", editable=False
    )
    author = models.ForeignKey(User, models.PROTECT, related_name="+", editable=False)
    request_id = models.UUIDField(editable=False)
    text = models.TextField("Message", max_length=100_000)
    model_ids: models.JSONField[list[str], list[str]] = models.JSONField(
        default=list, editable=False
    )
    place = models.IntegerField(default=0, editable=False)
    refusal = models.CharField(max_length=500, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = QueuedMessageQuerySet.as_manager()

    class Meta:
        ordering = ("place", "pk")
        constraints = [
            models.UniqueConstraint(
                fields=("author", "request_id"), name="one_queued_message_a_click"
            )
        ]
        indexes = [models.Index(fields=("conversation", "place", "id"), name="queued_message_turn")]

    def __str__(self) -> str:
        return f"Queued message {self.pk}"

    def reword(self, text: str) -> bool:
        """Change the words; False when it was asked or deleted meanwhile."""
        return bool(QueuedMessage.objects.filter(pk=self.pk).update(text=text))

    def move_to_front(self) -> None:
        """Let this message be the next one."""
        mine = QueuedMessage.objects.filter(conversation=self.conversation_id)
        with transaction.atomic():
            first = mine.aggregate(first=Min("place"))["first"]
            if first is not None:
                QueuedMessage.objects.filter(pk=self.pk).update(place=first - 1)
