"""The composer: strings in, an order out. Its fields follow from what the chosen model can do."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.core.validators import MaxLengthValidator

from gallery.models import Generation, Image, Visibility
from venice_site.accounts.models import User
from venice_site.venice.errors import VeniceError
from venice_site.venice.types import SEED_RANGE, ImageOrder, Model

MAX_SIDE = 1280  # pixels; Venice refuses more (contract 2.1)
MIN_SIDE = 64
SEED_LIMIT = 999_999_999
MOST_VARIANTS = 4
DEFAULT_SIDE = 1024
DEFAULT_STEPS = 30
FORMATS = (("png", "PNG"), ("jpeg", "JPEG"), ("webp", "WebP"))


class PromptField(forms.CharField):
    """Long text; browsers send line ends as CR LF, prompts have LF."""

    def to_python(self, value: Any) -> str:
        """Return the text with plain line ends."""
        return str(super().to_python(value)).replace("\r\n", "\n")


class WholeField(forms.IntegerField):
    """A whole number between two limits, refused in plain words."""

    def __init__(self, *, unit: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.error_messages |= {
            "invalid": "Write a whole number.",
            "min_value": f"Use at least {self.min_value}{unit}.",
            "max_value": f"Use at most {self.max_value}{unit}.",
            "step_size": f"Use a multiple of {self.step_size}.",
        }


class ComposerForm(forms.Form):
    """What a person may say about a picture, for one model."""

    request_id = forms.UUIDField(
        required=False,
        widget=forms.HiddenInput,
        error_messages={"invalid": "This form cannot be used any more. Reload the page."},
    )
    prompt = PromptField(
        label="Prompt",
        widget=forms.Textarea(attrs={"rows": 5, "placeholder": "What do you want to see?"}),
        error_messages={"required": "Write what you want to see."},
    )
    negative_prompt = PromptField(
        label="Negative prompt",
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="What should not appear. Some models ignore it.",
    )
    model = forms.ChoiceField(
        label="Model",
        error_messages={"invalid_choice": "This model is not on offer. Choose another one."},
    )
    seed = WholeField(
        label="Seed",
        required=False,
        min_value=-SEED_LIMIT,
        max_value=SEED_LIMIT,
        help_text="Empty: a new one each time.",
    )
    style_preset = forms.ChoiceField(label="Style", required=False)
    variants = WholeField(
        label="Variants", required=False, min_value=1, max_value=MOST_VARIANTS, initial=1
    )
    format = forms.ChoiceField(label="Format", required=False, choices=FORMATS, initial="png")
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
    CHOICES = ("seed", "variants", "style_preset", "format")
    SWITCHES = ("hide_watermark", "safe_mode", "embed_exif_metadata", "private")

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
        self.chosen = model
        self.fields["model"].choices = [(one.id, one.name) for one in models]  # type: ignore[attr-defined]
        self.fields["style_preset"].choices = [  # type: ignore[attr-defined]
            ("", "None"),
            *((style, style) for style in styles),
        ]
        self._limit_prompts(model.prompt_limit)
        self.fields |= _shape_fields(model) | _tuning_fields(model)
        for name, field in self.fields.items():
            if name not in self.SWITCHES:
                field.widget.attrs["class"] = "field__control"

    @property
    def shape(self) -> list[forms.BoundField]:
        """Return the fields that say how large and in which proportions."""
        return self._bound(self.SHAPE)

    @property
    def tuning(self) -> list[forms.BoundField]:
        """Return the fields that only some models understand."""
        return self._bound(self.TUNING)

    @property
    def choices(self) -> list[forms.BoundField]:
        """Return the fields that every model understands."""
        return self._bound(self.CHOICES)

    @property
    def switches(self) -> list[forms.BoundField]:
        """Return the fields that are on or off."""
        return self._bound(self.SWITCHES)

    @property
    def general_errors(self) -> list[str]:
        """Return the errors that stand beside no field that can be seen."""
        return [*self.non_field_errors(), *self["request_id"].errors]

    @property
    def is_more_wrong(self) -> bool:
        """Return whether a field that is folded away has an error."""
        folded = ("negative_prompt", *self.TUNING, *self.CHOICES, *self.SWITCHES)
        return any(name in self.errors for name in folded)

    def order(self) -> ImageOrder:
        """Return the order; an empty seed is drawn now. Needs a valid form."""
        told = {name: value for name, value in self.cleaned_data.items() if value not in (None, "")}
        names = ImageOrder.__dataclass_fields__.keys() & told.keys()
        return ImageOrder(**{"seed": self._draw_seed()} | {name: told[name] for name in names})

    @property
    def count(self) -> int:
        """Return how many pictures are asked for. Needs a valid form."""
        return int(self.cleaned_data["variants"] or 1)

    @property
    def visibility(self) -> Visibility:
        """Return who may see the pictures. Needs a valid form."""
        return Visibility.PRIVATE if self.cleaned_data["private"] else Visibility.TEAM

    def submit(self, user: User) -> Generation | None:
        """Submit what the form says; a refusal becomes an error of the form. Needs a valid form."""
        try:
            return Generation.objects.submit(
                user,
                self.order(),
                self.count,
                request_id=str(self.cleaned_data["request_id"] or uuid.uuid4()),
                visibility=self.visibility,
            )
        except VeniceError as error:
            self.add_error(None, str(error))
            return None

    def priced_order(self) -> tuple[ImageOrder, int]:
        """Return an order that costs what the form costs as it stands, and how many times.

        What was typed need not be valid: unknown values are left out.
        """
        listed = {"resolution": self.chosen.resolutions, "quality": self.chosen.qualities}
        typed = {name: str(self[name].value() or "") for name in listed if name in self.fields}
        told: dict[str, Any] = {n: value for n, value in typed.items() if value in listed[n]}
        count = str(self["variants"].value() or 1)
        variants = int(count) if count in {"1", "2", "3", "4"} else 1
        return ImageOrder(model=self.chosen.id, prompt="", seed=1, **told), variants

    def clean(self) -> dict[str, Any]:
        """Fill in what was left out, and keep every variant's seed within Venice's range."""
        data = super().clean() or self.cleaned_data
        for name in self.SHAPE:
            if name in self.fields and data.get(name) in (None, ""):
                data[name] = self.fields[name].initial
        seed, variants = data.get("seed"), data.get("variants") or 1
        if seed is not None and seed + variants - 1 > SEED_LIMIT:
            self.add_error(
                "seed", f"With {variants} variants, use at most {SEED_LIMIT - variants + 1}."
            )
        data["format"] = data.get("format") or "png"
        return data

    def _limit_prompts(self, limit: int) -> None:
        """No maxlength on the control: it would cut a pasted prompt without a word."""
        told = MaxLengthValidator(limit, f"This model takes at most {limit:,} characters.")
        for name in ("prompt", "negative_prompt"):
            self.fields[name].validators.append(told)

    def _bound(self, names: Iterable[str]) -> list[forms.BoundField]:
        return [self[name] for name in names if name in self.fields]

    def _draw_seed(self) -> int:
        first, last = SEED_RANGE
        return random.randint(first, last - self.count + 1)


def initial_of(image: Image) -> dict[str, Any]:
    """Return the settings of an image as initial values of a form."""
    told = {name: value for name, value in image.order.items() if value not in (None, "")}
    return told | {"private": image.is_private}


def adapted(initial: Mapping[str, Any], model: Model) -> dict[str, Any]:
    """Return initial values that this model can take: sizes snapped, steps limited, the rest dropped."""
    fitting = dict(initial) | {"model": model.id, "request_id": uuid.uuid4()}
    for side in ("width", "height"):
        if (pixels := _whole(fitting.pop(side, None))) is not None:
            fitting[side] = snapped(pixels, model.size_divisor)
    if (steps := _whole(fitting.pop("steps", None))) is not None and model.steps_max:
        fitting["steps"] = min(steps, model.steps_max)
    for name, listed in (
        ("aspect_ratio", model.aspect_ratios),
        ("resolution", model.resolutions),
        ("quality", model.qualities),
    ):
        if fitting.get(name) not in listed:
            fitting.pop(name, None)
    return fitting


def snapped(pixels: int, divisor: int) -> int:
    """Return the nearest size that the model takes."""
    largest = MAX_SIDE - MAX_SIDE % divisor
    return min(max(round(pixels / divisor) * divisor, MIN_SIDE), largest)


def _whole(value: Any) -> int | None:
    try:
        return int(value)
    except (TypeError, ValueError):
        return None


def _shape_fields(model: Model) -> dict[str, forms.Field]:
    if model.sized_in_pixels:
        divisor = model.size_divisor
        return {
            name: WholeField(
                label=name.capitalize(),
                required=False,
                initial=snapped(DEFAULT_SIDE, divisor),
                min_value=MIN_SIDE,
                max_value=MAX_SIDE - MAX_SIDE % divisor,
                step_size=divisor,
                unit=" pixels",
            )
            for name in ("width", "height")
        }
    fields: dict[str, forms.Field] = {
        "aspect_ratio": _listed("Aspect ratio", model.aspect_ratios, model.default_aspect_ratio)
    }
    if model.resolutions:
        fields["resolution"] = _listed("Resolution", model.resolutions, model.default_resolution)
    if model.qualities:
        fields["quality"] = _listed("Quality", model.qualities, model.default_quality)
    return fields


def _listed(label: str, values: tuple[str, ...], default: str) -> forms.ChoiceField:
    initial = default if default in values else values[0]
    return forms.ChoiceField(
        label=label, required=False, choices=[(value, value) for value in values], initial=initial
    )


def _tuning_fields(model: Model) -> dict[str, forms.Field]:
    if not model.uses_steps or model.steps_max is None:
        return {}
    return {
        "steps": WholeField(
            label="Steps",
            required=False,
            min_value=1,
            max_value=model.steps_max,
            initial=min(DEFAULT_STEPS, model.steps_max),
            help_text=f"1 to {model.steps_max}.",
        ),
        "cfg_scale": forms.FloatField(
            label="CFG scale",
            required=False,
            min_value=0.1,
            max_value=20,
            widget=forms.NumberInput(attrs={"step": "any"}),
            help_text="Up to 20. Empty: as the model likes.",
            error_messages={
                "invalid": "Write a number.",
                "min_value": "Use at least 0.1.",
                "max_value": "Use at most 20.",
            },
        ),
    }
