"""How a conversation begins: with a persona or one of Venice's characters, and with which settings."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django import forms

from chat.models import Conversation
from chat.personas import Part, Persona, WebSearch
from venice_site.accounts.models import User
from venice_site.venice.service import Venice

GONE = "This persona is not there any more. Begin again without it."


class OpeningForm(forms.Form):
    """What the first message, or an address, says about the conversation that begins."""

    persona = forms.ModelChoiceField(
        Persona.objects.none(), required=False, error_messages={"invalid_choice": GONE}
    )
    character = forms.CharField(required=False, max_length=120)
    reasoning_effort = forms.RegexField(r"^[a-z]{1,20}$", required=False)
    web_search = forms.ChoiceField(required=False, choices=[("", ""), *WebSearch.choices])

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.venice = Venice(user)
        personas = self.fields["persona"]
        assert isinstance(personas, forms.ModelChoiceField)
        personas.queryset = Persona.objects.visible_to(user)

    def clean_character(self) -> Any:
        """Return the character. Raises `ValidationError` when nobody knows it."""
        slug = self.cleaned_data["character"]
        found = self.venice.character(slug) if slug else None
        if slug and found is None:
            raise forms.ValidationError(GONE)
        return found

    @cached_property
    def part(self) -> Part | None:
        """Return who the model plays, None without anybody."""
        if persona := self.cleaned_data.get("persona"):
            return Part.of_persona(persona)
        if character := self.cleaned_data.get("character"):
            return Part.of_character(character.slug, character.name)
        return None

    def tell(self, form: forms.Form) -> None:
        """Put what is wrong among the errors of another form."""
        for errors in self.errors.values():
            form.add_error(None, list(errors))

    def suggest(self, conversation: Conversation) -> None:
        """Give a conversation that is about to begin what its persona brings along."""
        if persona := self.cleaned_data["persona"]:
            persona.prepare(conversation)
        elif character := self.cleaned_data["character"]:
            conversation.model = character.model

    def prepare(self, conversation: Conversation) -> None:
        """Give a conversation that begins what its first message sets beside the model."""
        conversation.reasoning_effort = self.cleaned_data["reasoning_effort"]
        conversation.web_search = self.cleaned_data["web_search"]

    def begin(self, conversation: Conversation) -> None:
        """Keep with whom a conversation is held."""
        if self.part is not None:
            self.part.conversation = conversation
            self.part.save()
