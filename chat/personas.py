"""Personas: who a model plays. What a conversation took of one stays as it was when it began."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import timezone

from venice_site.accounts.models import User

if TYPE_CHECKING:
    from chat.models import Conversation

LONGEST_PROMPT = 20_000  # characters
COPIED = (
    *("system_prompt", "model", "temperature", "max_tokens", "top_p"),
    *("reasoning_effort", "web_search"),
)


class WebSearch(models.TextChoices):
    """Whether Venice looks into the web before a model answers; nothing chosen is never."""

    AUTO = "auto", "When it helps"
    ON = "on", "Always"


class Colour(models.TextChoices):
    """The colour behind a persona's letters."""

    LAGOON = "lagoon", "Lagoon"
    AMBER = "amber", "Amber"
    ROSE = "rose", "Rose"
    VIOLET = "violet", "Violet"
    MOSS = "moss", "Moss"
    SLATE = "slate", "Slate"


class Face(models.Model):
    """How a persona is recognised."""

    name = models.CharField("Name", max_length=60)
    letters = models.CharField(
        "Letters", max_length=2, blank=True, help_text="One or two; else the first of the name."
    )
    colour = models.CharField("Colour", max_length=8, choices=Colour, default=Colour.LAGOON)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name

    @property
    def avatar(self) -> str:
        """Return the letters to show."""
        return self.letters or self.name[:1]


class PersonaQuerySet(models.QuerySet["Persona"]):
    """Personas by the names people say."""

    def visible_to(self, user: User) -> PersonaQuerySet:
        """Return the personas that a person may talk to: their own, and those shared with the team."""
        return self.filter(Q(owner=user) | Q(shared=True)).select_related("owner")

    def editable_by(self, user: User) -> PersonaQuerySet:
        """Return the personas that a person may change: their own."""
        return self.filter(owner=user)


class Persona(Face):
    """A person's or the team's own character: what the model is told, which model, which settings."""

    owner = models.ForeignKey(User, models.CASCADE, related_name="personas")
    about = models.CharField(
        "About", max_length=200, blank=True, help_text="One line for those who choose."
    )
    system_prompt = models.TextField(
        "System prompt",
        max_length=LONGEST_PROMPT,
        help_text="What the model is told before every question.",
    )
    model = models.CharField("Model", max_length=120, blank=True)
    temperature = models.FloatField(
        "Temperature",
        null=True,
        blank=True,
        validators=[MinValueValidator(0), MaxValueValidator(2)],
    )
    max_tokens = models.PositiveIntegerField(
        "Longest reply", null=True, blank=True, validators=[MinValueValidator(1)]
    )
    top_p = models.FloatField(
        "Top P", null=True, blank=True, validators=[MinValueValidator(0), MaxValueValidator(1)]
    )
    reasoning_effort = models.CharField("Thinking", max_length=20, blank=True)
    web_search = models.CharField("Web search", max_length=4, choices=WebSearch, blank=True)
    shared = models.BooleanField(
        "Shared with the team",
        default=False,
        help_text="Everybody can talk to it; only you can change it.",
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = PersonaQuerySet.as_manager()

    class Meta:
        ordering = (Lower("name"), "pk")
        constraints = [
            models.UniqueConstraint("owner", Lower("name"), name="one_persona_a_name"),
        ]

    def get_absolute_url(self) -> str:
        """Return the address where a persona is looked at, and changed by its owner."""
        return reverse("chat:persona", args=[self.pk])

    @property
    def begins_at(self) -> str:
        """Return the address where a conversation with it begins."""
        return reverse("chat:index", query={"persona": self.pk})

    def prepare(self, conversation: Conversation) -> None:
        """Give a conversation that is about to begin the settings of this persona."""
        for name in COPIED:
            setattr(conversation, name, getattr(self, name))


class Part(Face):
    """The persona that a model plays in one conversation, as it was when the conversation began.

    What the persona told and set is in the conversation's own settings; `character` is the slug of one of
    Venice's characters, whose words Venice adds itself.
    """

    conversation = models.OneToOneField("Conversation", models.CASCADE, related_name="part")
    persona = models.ForeignKey(Persona, models.SET_NULL, null=True, related_name="+")
    character = models.CharField(max_length=120, blank=True)

    @classmethod
    def of_persona(cls, persona: Persona) -> Part:
        """Return the part of a persona as it is now."""
        face = {name: getattr(persona, name) for name in ("name", "letters", "colour")}
        return cls(persona=persona, **face)

    @classmethod
    def of_character(cls, slug: str, name: str) -> Part:
        """Return the part of one of Venice's characters."""
        return cls(character=slug, name=name[:60], colour=Colour.SLATE)

    @classmethod
    def told(cls, conversation: Conversation, face: Mapping[str, str]) -> Part:
        """Return the part that a file tells of a conversation; the colour only if we have it."""
        colour = face["colour"] if face["colour"] in Colour.values else Colour.SLATE
        return cls(conversation=conversation, **{**face, "colour": colour})


def part_of(conversation: Conversation) -> Part | None:
    """Return the persona that a conversation is held with, None without any."""
    return getattr(conversation, "part", None)


def character_of(conversation: Conversation) -> str:
    """Return the slug of Venice's character that a conversation is held with, empty without any."""
    part = part_of(conversation)
    return part.character if part else ""
