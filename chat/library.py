"""What people keep to begin with: the forms of personas and of prompts."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db import models

from chat.forms import LONGEST_QUESTION
from chat.personas import Persona, WebSearch
from chat.picker import known_efforts
from chat.prompts import (
    LONGEST_PROMPT,
    LONGEST_TAG,
    MOST_TAGS,
    MOST_VARIABLES,
    Prompt,
    read_tags,
    variables_of,
)
from venice_site.accounts.models import User
from venice_site.venice.service import Venice

TEXT = {"class": "field__control", "dir": "auto"}
CHOICE = {"class": "field__control"}


def free_name(typed: str, instance: models.Model, mine: models.QuerySet[Any], what: str) -> str:
    """Return a name on one line. Raises `ValidationError` when another thing of this person has it."""
    name = " ".join(typed.split())
    if mine.exclude(pk=instance.pk).filter(name__iexact=name).exists():
        raise forms.ValidationError(f"You have a {what} of this name already.")
    return name


class PersonaForm(forms.ModelForm[Persona]):
    """A persona: how it looks, what the model is told, which model and settings."""

    model = forms.ChoiceField(required=False, widget=forms.Select(attrs=CHOICE))
    reasoning_effort = forms.ChoiceField(
        label="Thinking", required=False, widget=forms.Select(attrs=CHOICE)
    )

    class Meta:
        model = Persona
        fields = (
            *("name", "letters", "colour", "about", "system_prompt", "model", "web_search"),
            *("reasoning_effort", "temperature", "max_tokens", "top_p", "shared"),
        )
        widgets = {
            "name": forms.TextInput(attrs=TEXT),
            "letters": forms.TextInput(attrs=TEXT),
            "colour": forms.Select(attrs=CHOICE),
            "about": forms.TextInput(attrs=TEXT),
            "system_prompt": forms.Textarea(attrs=TEXT | {"rows": 8}),
            "web_search": forms.Select(attrs=CHOICE),
            "temperature": forms.NumberInput(attrs=CHOICE | {"step": "0.1"}),
            "max_tokens": forms.NumberInput(attrs=CHOICE),
            "top_p": forms.NumberInput(attrs=CHOICE | {"step": "0.05"}),
        }
        error_messages = {
            "name": {"required": "A persona needs a name."},
            "system_prompt": {"required": "Say what the model is told."},
        }

    def __init__(self, *args: Any, owner: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.instance.owner = owner
        offered = Venice(owner).text_models()
        self._offer("model", "The one that is chosen", [(m.id, m.name) for m in offered])
        efforts = known_efforts(offered)
        self._offer("reasoning_effort", "As usual", [(effort, effort) for effort in efforts])
        search = self.fields["web_search"]
        assert isinstance(search, forms.ChoiceField)
        search.choices = [("", "Never"), *WebSearch.choices]

    def _offer(self, name: str, nothing: str, choices: list[tuple[str, str]]) -> None:
        """Offer choices and the present one, also when it is not on offer any more."""
        field, kept = self.fields[name], getattr(self.instance, name)
        assert isinstance(field, forms.ChoiceField)
        if kept and kept not in dict(choices):
            choices.append((kept, f"{kept} (not on offer any more)"))
        field.choices = [("", nothing), *choices]

    def clean_name(self) -> str:
        """Return the name. Raises `ValidationError` when another persona has it."""
        mine = Persona.objects.editable_by(self.instance.owner)
        return free_name(self.cleaned_data["name"], self.instance, mine, "persona")


class PromptForm(forms.ModelForm[Prompt]):
    """A prompt: its name, its text, and by which words it is found."""

    class Meta:
        model = Prompt
        fields = ("name", "text", "tags", "shared")
        widgets = {
            "name": forms.TextInput(attrs=TEXT),
            "text": forms.Textarea(attrs=TEXT | {"rows": 8}),
            "tags": forms.TextInput(attrs=TEXT),
        }
        error_messages = {
            "name": {"required": "A prompt needs a name."},
            "text": {"required": "Write the text of the prompt."},
        }

    def __init__(self, *args: Any, owner: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.instance.owner = owner

    def clean_name(self) -> str:
        """Return the name. Raises `ValidationError` when another prompt has it."""
        mine = Prompt.objects.editable_by(self.instance.owner)
        return free_name(self.cleaned_data["name"], self.instance, mine, "prompt")

    def clean_text(self) -> str:
        """Return the text with the line ends that we know. Raises `ValidationError` for too many places."""
        text = str(self.cleaned_data["text"]).replace("\r\n", "\n")
        if len(variables_of(text)) > MOST_VARIABLES:
            raise forms.ValidationError(f"A prompt has {MOST_VARIABLES} places to fill in at most.")
        return text

    def clean_tags(self) -> str:
        """Return the tags. Raises `ValidationError` for too many, and for one that is too long."""
        tags = read_tags(self.cleaned_data["tags"])
        if len(tags) > MOST_TAGS:
            raise forms.ValidationError(f"A prompt has {MOST_TAGS} tags at most.")
        if any(len(tag) > LONGEST_TAG for tag in tags):
            raise forms.ValidationError(f"A tag has {LONGEST_TAG} characters at most.")
        return " ".join(tags)


class FillForm(forms.Form):
    """The places of a prompt, one field each."""

    def __init__(self, *args: Any, prompt: Prompt, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.prompt = prompt
        for number, name in enumerate(prompt.variables):
            self.fields[f"place{number}"] = forms.CharField(
                label=name,
                max_length=LONGEST_PROMPT,
                error_messages={"required": f"Fill in {name}."},
                widget=forms.Textarea(attrs=TEXT | {"rows": 1}),
            )

    def clean(self) -> dict[str, Any]:
        """Add the prompt with its places filled in. Raises `ValidationError` for more than a message holds."""
        values = {
            name: self.cleaned_data.get(f"place{number}", "").replace("\r\n", "\n")
            for number, name in enumerate(self.prompt.variables)
        }
        text = self.prompt.filled(values)
        if len(text) > LONGEST_QUESTION:
            raise forms.ValidationError(
                f"With this the message is too long: {LONGEST_QUESTION:,} characters at most."
            )
        return {**self.cleaned_data, "text": text}
