"""The controls of the composer; they follow from what the chosen model can do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import copy
from functools import lru_cache
from typing import Any, Self

from django import forms

from gallery import axes
from gallery.fields import (
    Abilities,
    PromptField,
    WholeField,
    abilities_of,
    chips,
    model_with,
    shape_fields,
    tuning_fields,
)
from venice_site.venice.types import Model

SEED_LIMIT = 999_999_999
MOST_VARIANTS = 20
FORMATS = [("png", "PNG"), ("jpeg", "JPEG"), ("webp", "WebP")]
SEED_MODES = [("random", "Random"), ("fixed", "Fixed"), ("count", "Counting up")]
EXPANSIONS = [("all", "Every combination"), ("random", "One at random a picture")]
STALE = "This form cannot be used any more. Reload the page."


class ComposerControls(forms.Form):
    """What a person may say about pictures, for one model, in the groups that the page shows."""

    request_id = forms.UUIDField(
        required=False, widget=forms.HiddenInput, error_messages={"invalid": STALE}
    )
    from_message = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=2**63 - 1,
        widget=forms.HiddenInput,
        error_messages={"invalid": STALE, "min_value": STALE, "max_value": STALE},
    )
    prompt = PromptField(
        label="Prompt",
        widget=forms.Textarea(attrs={"rows": 5, "placeholder": "What do you want to see?"}),
        error_messages={"required": "Write what you want to see."},
    )
    template = PromptField(
        label="Around the prompt",
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 2, "placeholder": "{prompt}, soft window light"}),
        help_text="{prompt} stands for what you wrote.",
    )
    negative_prompt = PromptField(
        label="Negative prompt",
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="What should not appear.",
    )
    model = forms.ChoiceField(
        label="Model",
        error_messages={"invalid_choice": "This model is not on offer. Choose another one."},
    )
    seed_mode = chips("Seeds", SEED_MODES, "random")
    seed = WholeField(
        label="Seed",
        required=False,
        min_value=-SEED_LIMIT,
        max_value=SEED_LIMIT,
        help_text="Empty: a new one each time.",
    )
    style_preset = chips("Style", [], "")
    variants = WholeField(
        label="Variants", required=False, min_value=1, max_value=MOST_VARIANTS, initial=1
    )
    expand = chips("Choices in the prompt", EXPANSIONS, "all")
    format = chips("Format", FORMATS, "png")
    x_axis = forms.ChoiceField(label="Across", required=False, choices=axes.CHOICES)
    x_values = forms.CharField(
        label="Values across", required=False, widget=forms.Textarea(attrs={"rows": 1})
    )
    y_axis = forms.ChoiceField(label="Down", required=False, choices=axes.CHOICES)
    y_values = forms.CharField(
        label="Values down", required=False, widget=forms.Textarea(attrs={"rows": 1})
    )
    enhance_prompt = forms.BooleanField(
        label="Enhance prompt",
        required=False,
        help_text="Venice writes it out further. $0.04 more a picture, and about 30 seconds.",
    )
    hide_watermark = forms.BooleanField(label="Hide watermark", required=False)
    safe_mode = forms.BooleanField(
        label="Safe mode", required=False, help_text="Venice blurs adult content."
    )
    embed_exif_metadata = forms.BooleanField(
        label="Embed EXIF", required=False, help_text="Venice writes into the file how it was made."
    )
    private = forms.BooleanField(
        label="Private", required=False, help_text="Only you see these pictures."
    )

    SHAPE = ("width", "height", "aspect_ratio", "resolution", "quality")
    TUNING = ("steps", "cfg_scale")
    GRID = ("x_axis", "x_values", "y_axis", "y_values")
    SWITCHES = (
        "enhance_prompt",
        "hide_watermark",
        "safe_mode",
        "embed_exif_metadata",
        "private",
    )
    UNSEEN = ("request_id", "from_message")
    OF_THE_MOMENT = (*UNSEEN, *GRID, "prompt", "seed", "seed_mode", "private")

    def __init__(
        self,
        *args: Any,
        model: Model,
        models: Iterable[Model],
        styles: Iterable[str],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.auto_id = "composer-%s"
        self.chosen, self.models, self.styles = model, list(models), list(styles)
        self.fields["model"].choices = [(one.id, one.name) for one in self.models]  # type: ignore[attr-defined]
        self.fields["style_preset"].choices = [  # type: ignore[attr-defined]
            ("", "None"),
            *((style, style) for style in self.styles),
        ]
        self.fields |= shape_fields(model) | tuning_fields(model)
        for name, field in self.fields.items():
            if name not in self.SWITCHES and not isinstance(field.widget, forms.RadioSelect):
                field.widget.attrs["class"] = "field__control"

    @classmethod
    def unsent(
        cls, initial: Mapping[str, Any], *, model: Model, models: list[Model], styles: list[str]
    ) -> Self:
        """Return a form that nobody has sent yet; it shares its fields with others of the same choices.

        Django would copy every field for every form, although nothing is changed in them.
        """
        choices = tuple((one.id, one.name) for one in models)
        form: Self = copy(_unsent(cls, abilities_of(model), choices, tuple(styles)))
        form.initial = dict(initial)
        form._bound_fields_cache = {}  # type: ignore[attr-defined]  # else shared as well
        form.chosen, form.models = model, models
        return form

    @property
    def shape(self) -> list[forms.BoundField]:
        """Return the fields that say how large and in which proportions."""
        return self._bound(self.SHAPE)

    @property
    def tuning(self) -> list[forms.BoundField]:
        """Return the fields that only some models understand."""
        return self._bound(self.TUNING)

    @property
    def switches(self) -> list[forms.BoundField]:
        """Return the fields that are on or off."""
        return self._bound(self.SWITCHES)

    @property
    def unseen(self) -> list[forms.BoundField]:
        """Return the fields that nobody types into."""
        return self._bound(self.UNSEEN)

    @property
    def general_errors(self) -> list[str]:
        """Return the errors that stand beside no field that can be seen."""
        unseen = [error for name in self.UNSEEN for error in self[name].errors]
        return [*self.non_field_errors(), *unseen]

    @property
    def is_more_wrong(self) -> bool:
        """Return whether a field that is folded away has an error."""
        near = {"prompt", "model", *self.SHAPE, *self.UNSEEN}
        return any(name not in near for name in self.errors if name != "__all__")

    @property
    def has_axes(self) -> bool:
        """Return whether a grid is asked for, whatever its values are."""
        return bool(self["x_axis"].value() or self["y_axis"].value())

    def settings(self) -> dict[str, Any]:
        """Return what a preset keeps of a bound form: every sound setting that is not of the moment."""
        kept = [name for name in self.fields if name not in self.OF_THE_MOMENT]
        values = {name: self[name].value() for name in kept if name not in self.errors}
        return {name: value for name, value in values.items() if value not in (None, "")}

    def _bound(self, names: Iterable[str]) -> list[forms.BoundField]:
        return [self[name] for name in names if name in self.fields]


@lru_cache(maxsize=100)
def _unsent[Form: ComposerControls](
    form: type[Form],
    abilities: Abilities,
    models: tuple[tuple[str, str], ...],
    styles: tuple[str, ...],
) -> Form:
    known = [Model(id=value, kind="image", name=name) for value, name in models]
    return form(model=model_with(abilities), models=known, styles=styles)
