"""What people type, turned into questions and settings."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from django import forms
from django.utils.safestring import SafeString

from chat import asking, attaching, context
from chat.attaching import Prepared
from chat.drafts import Place
from chat.folders import Folder
from chat.models import Attachment, Conversation, Message
from chat.picker import SchemaField
from venice_site.accounts.models import User
from venice_site.venice.errors import VeniceError
from venice_site.venice.service import Venice
from venice_site.venice.types import Model

LONGEST_QUESTION = 100_000  # characters


class OfferedField(forms.ChoiceField):
    """One of the models on offer; they are many, so one is looked up and the choices wait to be drawn."""

    offered: Mapping[str, Model] = {}

    def offer(self, models: Mapping[str, Model]) -> None:
        """Let one of these models be chosen."""
        self.offered = models
        self.choices = lambda: [(model.id, model.name) for model in models.values()]

    def valid_value(self, value: Any) -> bool:
        """Return whether a model of this id is on offer."""
        return value in self.offered


class ModelForm(forms.Form):
    """Which model is asked, out of those on offer now."""

    model = OfferedField(
        label="Model", widget=forms.Select(attrs={"class": "field__control composer__model"})
    )

    def __init__(self, *args: Any, user: User, chosen: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.venice = Venice(user)
        self.models = {model.id: model for model in self.venice.text_models()}
        chosen = self.venice.catalogue.resolve("text", chosen)[0].id
        field = self.fields["model"]
        assert isinstance(field, OfferedField)
        field.offer(self.models)
        field.initial = chosen
        field.error_messages["invalid_choice"] = (
            "This model is not on offer any more. Choose another one."
        )

    def clean_model(self) -> Model:
        """Return the chosen model."""
        return self.models[self.cleaned_data["model"]]

    @property
    def model_shown(self) -> Model | None:
        """Return the model that is chosen as the page opens."""
        return self.models.get(self["model"].value())

    @property
    def facts(self) -> SafeString:
        """Return as JSON, for an attribute, what the composer needs to know of the models on offer."""
        return context.facts(self.models.values())


class MessageForm(ModelForm):
    """The composer."""

    text = forms.CharField(
        label="Message",
        max_length=LONGEST_QUESTION,
        error_messages={
            "required": "Write a message first.",
            "max_length": "This message is too long: 100,000 characters at most.",
        },
        widget=forms.Textarea(
            attrs={
                "class": "composer__text",
                "rows": 1,
                "placeholder": "Ask a model",
                "dir": "auto",
            }
        ),
    )
    uploads = attaching.FilesField(label="Attach files")
    attached = attaching.AttachedField(required=False)
    request_id = forms.UUIDField(
        initial=uuid.uuid4, error_messages={"invalid": "Load the page again."}
    )
    after = forms.IntegerField(required=False)

    def clean_text(self) -> str:
        """Return the message with the line ends that the database and Markdown know."""
        return str(self.cleaned_data["text"]).replace("\r\n", "\n").strip()

    def clean(self) -> dict[str, Any] | None:
        """Refuse files that cannot go together, or not to this model."""
        ids, request_id = self.cleaned_data.get("attached", ()), self.cleaned_data.get("request_id")
        model = self.cleaned_data.get("model")
        try:
            self.waiting = attaching.chosen(self.venice.user, ids, request_id)
        except VeniceError as error:
            raise forms.ValidationError(str(error)) from error
        if model and (refusal := attaching.refusal(self.brought, model)):
            self.add_error("uploads", refusal)
        return super().clean()

    @property
    def brought(self) -> Sequence[Attachment | Prepared]:
        """Return everything that is to go with the message."""
        return (*self.waiting, *self.cleaned_data.get("uploads", ()))

    def send(
        self, conversation: Conversation, copied: Sequence[Attachment] = ()
    ) -> asking.Asked | None:
        """Ask, and return what was written; None with the refusal among the form's errors."""
        try:
            with self.question(copied) as question:
                return asking.ask(self.venice, conversation, question, self.cleaned_data["after"])
        except VeniceError as error:
            self.add_error(None, str(error))
            return None

    @contextmanager
    def question(
        self,
        copied: Sequence[Attachment] = (),
        beside: Sequence[Model] = (),
        draft: Place | None = None,
    ) -> Iterator[asking.Question]:
        """Give what is asked; uploaded files that did not go with it in the end are removed."""
        with attaching.keeping(self.venice.user, self.cleaned_data["uploads"]) as kept:
            yield asking.Question(
                text=self.cleaned_data["text"],
                model=self.cleaned_data["model"],
                attached=(*self.waiting, *kept),
                copied=tuple(copied),
                request_id=self.cleaned_data["request_id"],
                beside=tuple(beside),
                draft=draft,
            )


class TryAgainForm(ModelForm):
    """Try again, or go on; with another model when one is named."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["model"].required = False

    def clean_model(self) -> Model:
        """Return the chosen model, else the one that the conversation uses."""
        return self.models[self.cleaned_data["model"] or self.fields["model"].initial]

    def try_again(self, reply: Message) -> asking.Asked | None:
        """Ask the same question again; None with the refusal among the form's errors."""
        return self._ask(reply, go_on=False)

    def go_on(self, reply: Message) -> asking.Asked | None:
        """Ask the model to go on; None with the refusal among the form's errors."""
        return self._ask(reply, go_on=True)

    def _ask(self, reply: Message, *, go_on: bool) -> asking.Asked | None:
        ask = asking.go_on if go_on else asking.try_again
        try:
            return ask(self.venice, reply, self.cleaned_data["model"])
        except VeniceError as error:
            self.add_error(None, str(error))
            return None


class RenameForm(forms.Form):
    """A person's title for a conversation."""

    title = forms.CharField(
        label="Title",
        max_length=60,
        error_messages={"required": "A conversation needs a title."},
        widget=forms.TextInput(attrs={"class": "field__control", "dir": "auto"}),
    )


def number(**attributes: str) -> forms.NumberInput:
    """Return an input for a number."""
    return forms.NumberInput(attrs={"class": "field__control", **attributes})


class SettingsForm(forms.ModelForm[Conversation]):
    """What is sent with every question; empty fields are left to the model."""

    answer_schema = SchemaField(
        label="JSON schema of the answer",
        required=False,
        help_text='The answer is JSON that follows it: {"type": "object", "properties": …}.',
        widget=forms.Textarea(
            attrs={"class": "field__control schema", "rows": 3, "spellcheck": "false"}
        ),
    )

    class Meta:
        model = Conversation
        fields = (
            "system_prompt",
            "temperature",
            "max_tokens",
            "top_p",
            "frequency_penalty",
            "presence_penalty",
            "answer_schema",
        )
        widgets = {
            "system_prompt": forms.Textarea(attrs={"class": "field__control", "rows": 3}),
            "temperature": number(step="0.1", placeholder="0.7"),
            "max_tokens": number(placeholder="no limit"),
            "top_p": number(step="0.05", placeholder="1"),
            "frequency_penalty": number(step="0.1", placeholder="0"),
            "presence_penalty": number(step="0.1", placeholder="0"),
        }
        help_texts = {
            "system_prompt": "What the model is told before every question.",
            "temperature": "0 to 2. Higher is more surprising.",
            "max_tokens": "In tokens, thinking included.",
            "top_p": "0 to 1.",
            "frequency_penalty": "-2 to 2.",
            "presence_penalty": "-2 to 2.",
        }


class FolderForm(forms.ModelForm[Folder]):
    """A folder: its name, and what the model is told in it."""

    class Meta:
        model = Folder
        fields = ("name", "instructions")
        widgets = {
            "name": forms.TextInput(attrs={"class": "field__control", "dir": "auto"}),
            "instructions": forms.Textarea(
                attrs={"class": "field__control", "rows": 4, "dir": "auto"}
            ),
        }
        help_texts = {
            "instructions": "What the model is told before every question in this folder."
        }
        error_messages = {"name": {"required": "A folder needs a name."}}

    def __init__(self, *args: Any, owner: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.instance.owner = owner

    def clean_name(self) -> str:
        """Return the name on one line. Raises `ValidationError` when another folder has it."""
        name = " ".join(str(self.cleaned_data["name"]).split())
        others = Folder.objects.visible_to(self.instance.owner).exclude(pk=self.instance.pk)
        if others.filter(name__iexact=name).exists():
            raise forms.ValidationError("You have a folder of this name already.")
        return name
