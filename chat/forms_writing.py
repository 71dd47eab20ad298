"""The composer: one model or several, now or after the reply that is being written."""

from __future__ import annotations

from typing import Any

from django import forms

from chat import asking, attaching, queueing
from chat.asking import Asked, Busy
from chat.drafts import Place
from chat.forms import MessageForm
from chat.models import MOST_BESIDE, Conversation, QueuedMessage
from venice_site.venice.errors import QuotaExceeded, VeniceError
from venice_site.venice.types import Model

LATEST_VERSION = 2**53  # of a draft; what a browser counts exactly


class ComposerForm(MessageForm):
    """A message; `beside` are further models that answer it side by side, `draft` its draft's version."""

    beside = forms.MultipleChoiceField(
        label="Ask these too, side by side",
        required=False,
        error_messages={"invalid_choice": "A chosen model is not on offer any more."},
    )
    draft = forms.IntegerField(required=False, max_value=LATEST_VERSION)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["beside"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = lambda: self.models_beside

    @property
    def models_beside(self) -> tuple[tuple[str, str], ...]:
        """Return the id and the name of each further model."""
        return tuple((model.id, model.name) for model in self.models.values())

    @property
    def chosen_beside(self) -> tuple[str, ...]:
        """Return the ids of those that are ticked."""
        return tuple(self["beside"].value() or ())

    @property
    def is_beside_open(self) -> bool:
        """Return whether something about them has to be looked at."""
        return "beside" in self.errors

    def clean_beside(self) -> tuple[Model, ...]:
        """Return the further models. Raises `ValidationError` when there are too many."""
        chosen = dict.fromkeys(self.cleaned_data["beside"])
        further = tuple(self.models[name] for name in chosen if name != self.data.get("model"))
        if len(further) >= MOST_BESIDE:
            raise forms.ValidationError(f"Choose {MOST_BESIDE} models at most.")
        return further

    def clean(self) -> dict[str, Any] | None:
        """Refuse files that one of the models cannot read."""
        cleaned = super().clean()
        if "uploads" not in self.errors:
            for model in self.cleaned_data.get("beside", ()):
                if refusal := attaching.refusal(self.brought, model):
                    self.add_error("beside", refusal)
        return cleaned

    def say(
        self, conversation: Conversation, *, begins: bool = False
    ) -> Asked | QueuedMessage | None:
        """Ask, or wait for the reply that is being written; None with the refusal among the form's errors.

        The draft that was sent is forgotten: the conversation's, or the one for a new conversation.
        """
        draft = Place(None if begins else conversation.pk, self.cleaned_data["draft"] or 0)
        try:
            return self._ask(conversation, draft)
        except VeniceError as error:
            self.add_error(None, self._refusal(error))
            return None

    def _ask(self, conversation: Conversation, draft: Place) -> Asked | QueuedMessage | None:
        with self.question(beside=self.cleaned_data["beside"], draft=draft) as question:
            if queueing.should_wait(conversation):
                return self._wait(conversation, question)
            try:
                return asking.ask(self.venice, conversation, question, self.cleaned_data["after"])
            except Busy:
                return self._wait(conversation, question)

    def _wait(
        self, conversation: Conversation, question: asking.Question
    ) -> Asked | QueuedMessage | None:
        queued = queueing.put(self.venice, conversation, question)
        return queued or asking.asked_before(self.venice.user, question.request_id)

    def _refusal(self, error: VeniceError) -> str:
        if isinstance(error, QuotaExceeded) and (beside := self.cleaned_data["beside"]):
            return f"{1 + len(beside)} models were to answer, so none was asked. {error}"
        return str(error)
