"""Which model is asked: what each can do and costs in a few words, and the settings that follow it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from django import forms
from django.utils import timezone

from chat.models import Conversation
from chat.personas import WebSearch
from chat.schemas import NoSchema, read_schema
from venice_site.venice.labels import price_label
from venice_site.venice.retirement import retirement_notice
from venice_site.venice.types import Model

EFFORTS = (
    "none",
    "minimal",
    "low",
    "medium",
    "high",
    "xhigh",
    "max",
)  # contract 7.1, in this order
PRIVACY = {"private": "Private", "anonymized": "Anonymised"}


@dataclass(frozen=True, slots=True)
class Offer:
    """A model as it is chosen from a list."""

    model: Model
    abilities: tuple[str, ...]
    privacy: str
    price: str
    context: str
    leaves: str

    @property
    def words(self) -> str:
        """Return everything by which it is found."""
        said = (self.model.name, self.model.id, *self.abilities, self.privacy)
        return " ".join(said).lower()


def offers(models: Iterable[Model]) -> list[Offer]:
    """Return models with what is said about them."""
    today = timezone.now().date()
    return [
        Offer(
            model,
            abilities(model),
            PRIVACY.get(model.privacy, model.privacy.capitalize()),
            price_label(model),
            in_thousands(model.context_tokens),
            retirement_notice(model, today),
        )
        for model in models
    ]


def abilities(model: Model) -> tuple[str, ...]:
    """Return what a text model can do; Venice reads documents out to any of them (contract 7.5)."""
    can = {
        "Sees pictures": model.supports_vision,
        "Files": True,
        "Thinks": model.supports_reasoning,
        "Web search": model.supports_web_search,
        "JSON": model.supports_schema,
        "Functions": model.supports_functions,
        "Uncensored": model.uncensored,
    }
    return tuple(name for name, able in can.items() if able)


def in_thousands(tokens: int | None) -> str:
    """Return a number of tokens as people say it: "128k", "1M"."""
    if not tokens:
        return ""
    if tokens >= 1_000_000:
        return f"{tokens / 1_000_000:.1f}".removesuffix(".0") + "M"
    return f"{round(tokens / 1000)}k" if tokens >= 1000 else str(tokens)


# --- settings that follow the model -------------------------------------------------------------


WEB_SEARCHES = (
    ("", "No web search"),
    *((value, f"Web: {label.lower()}") for value, label in WebSearch.choices),
)


def known_efforts(models: Iterable[Model]) -> list[str]:
    """Return how hard some model can be told to think, from least to most."""
    found = {effort for model in models for effort in model.reasoning_efforts}
    return sorted(found, key=lambda effort: (_place(effort), effort))


def _place(effort: str) -> int:
    return EFFORTS.index(effort) if effort in EFFORTS else len(EFFORTS)


class Tuning(NamedTuple):
    """Something that is set beside the model; each choice has its value and its words."""

    name: str
    label: str
    value: str
    choices: tuple[tuple[str, str], ...]


def tunings(model: Model, asked: Conversation) -> tuple[Tuning, ...]:
    """Return what can be set beside a model, as far as it can do that or it is set already."""
    shown = []
    if model.supports_web_search or asked.web_search:
        shown.append(Tuning("web_search", "Web search", asked.web_search, WEB_SEARCHES))
    efforts = list(model.reasoning_efforts)
    if (chosen := asked.reasoning_effort) and chosen not in efforts:
        efforts.append(chosen)
    if efforts:
        usual = f" ({model.default_reasoning_effort})" if model.default_reasoning_effort else ""
        choices = (("", f"as usual{usual}"), *((effort, effort) for effort in efforts))
        said = tuple((value, f"Thinking: {words}") for value, words in choices)
        shown.append(Tuning("reasoning_effort", "Thinking", chosen, said))
    return tuple(shown)


def tune_by(
    told: Mapping[str, str], conversation: Conversation, models: Iterable[Model]
) -> dict[str, str]:
    """Set in a conversation, unsaved, what a page shows beside the model.

    Returns what is another value than before; nonsense is none.
    """
    allowed = {
        "web_search": {"", *WebSearch.values},
        "reasoning_effort": {"", *known_efforts(models)},
    }
    changed = {
        name: told[name]
        for name, values in allowed.items()
        if told.get(name) in values and told[name] != getattr(conversation, name)
    }
    for name, value in changed.items():
        setattr(conversation, name, value)
    return changed


class SchemaField(forms.CharField):
    """A JSON schema, kept as what it says."""

    widget = forms.Textarea

    def to_python(self, value: Any) -> Any:
        """Return the schema, None without any. Raises `ValidationError` with a sentence for the person."""
        typed = super().to_python(value)
        if not typed:
            return None
        try:
            return read_schema(typed)
        except NoSchema as error:
            raise forms.ValidationError(str(error)) from error

    def prepare_value(self, value: Any) -> Any:
        """Return a schema as it is typed."""
        return json.dumps(value, indent=1, ensure_ascii=False) if isinstance(value, dict) else value


# --- what a model will not do -------------------------------------------------------------------


def remarks(
    model: Model, asked: Conversation, *, pictures: int = 0, before: Model | None = None
) -> list[str]:
    """Return what is not sent to a model although it is set, and what else is worth knowing.

    `pictures` are in the conversation already; `before` is the model that answered so far.
    """
    said = {
        f"{model.name} cannot see pictures: those in this conversation are not sent.": pictures
        and not model.supports_vision,
        f"{model.name} does not search the web: that setting is not sent.": asked.web_search
        and not model.supports_web_search,
        f"{model.name} cannot be told to think “{asked.reasoning_effort}”: it thinks as usual.": asked.reasoning_effort
        and asked.reasoning_effort not in model.reasoning_efforts,
        f"{model.name} does not follow a schema: it answers in its own form.": asked.answer_schema
        and not model.supports_schema,
        f"{model.name} writes {model.max_output_tokens or 0:,} tokens at most.": (
            asked.max_tokens or 0
        )
        > (model.max_output_tokens or asked.max_tokens or 0),
        f"{model.name} is not private: its maker gets what is said, without your name.": before
        and (before.privacy, model.privacy) == ("private", "anonymized"),
    }
    told = [sentence for sentence, holds in said.items() if holds]
    if notice := retirement_notice(model, timezone.now().date()):
        told.append(f"{model.name}: {notice}")
    return told
