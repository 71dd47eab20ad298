"""What is done with several conversations at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.db.models import F
from django.utils import timezone

from chat.folders import Folder
from chat.models import Conversation, ConversationQuerySet
from venice_site.accounts.models import User

MOST_AT_ONCE = 200


def pin(chosen: ConversationQuerySet) -> int:
    """Keep conversations at the top of the list."""
    return chosen.filter(temporary_until=None).update(pinned_at=timezone.now())


def unpin(chosen: ConversationQuerySet) -> int:
    """Let conversations go back among the others."""
    return chosen.update(pinned_at=None)


def archive(chosen: ConversationQuerySet) -> int:
    """Put conversations away; search still finds nothing the less of them."""
    return chosen.filter(temporary_until=None).update(archived_at=timezone.now(), pinned_at=None)


def unarchive(chosen: ConversationQuerySet) -> int:
    """Bring conversations back into the list."""
    return chosen.update(archived_at=None)


def mark_read(chosen: ConversationQuerySet) -> int:
    """Know that their newest replies have been seen."""
    return chosen.filter(tip__finished_at__gt=F("read_at")).update(read_at=timezone.now())


def delete(chosen: ConversationQuerySet) -> int:
    """Delete conversations so that they can be brought back for a while."""
    for conversation in chosen:
        conversation.delete_softly()
    return len(chosen)


ACTIONS: dict[str, tuple[Callable[[ConversationQuerySet], int], str]] = {
    "pin": (pin, "pinned"),
    "unpin": (unpin, "no longer pinned"),
    "archive": (archive, "in the archive"),
    "unarchive": (unarchive, "back in the list"),
    "read": (mark_read, "read"),
    "delete": (delete, "deleted"),
    "move": (lambda chosen: 0, "moved"),
}


class SelectionForm(forms.Form):
    """Which conversations, and what is to be done with them."""

    action = forms.ChoiceField(choices=[(name, word) for name, (_, word) in ACTIONS.items()])
    conversation = forms.ModelMultipleChoiceField(
        Conversation.objects.none(),
        error_messages={"required": "Choose a conversation first."},
    )
    folder = forms.ModelChoiceField(Folder.objects.none(), required=False)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["conversation"].queryset = Conversation.objects.visible_to(user)
        fields["folder"].queryset = Folder.objects.visible_to(user)

    def clean_conversation(self) -> ConversationQuerySet:
        """Return the conversations. Raises `ValidationError` for too many."""
        chosen: ConversationQuerySet = self.cleaned_data["conversation"]
        if len(chosen) > MOST_AT_ONCE:
            raise forms.ValidationError(f"Choose {MOST_AT_ONCE} conversations at most.")
        return chosen

    def carry_out(self) -> str:
        """Do it and return a sentence that says so."""
        name, chosen = self.cleaned_data["action"], self.cleaned_data["conversation"]
        act, word = ACTIONS[name]
        if name == "move":
            folder = self.cleaned_data["folder"]
            chosen.filter(temporary_until=None).update(folder=folder)
            word = f"in {folder}" if folder else "in no folder"
        act(chosen)
        count = len(chosen)
        return f"{count} conversations are {word}." if count != 1 else f"It is {word}."
