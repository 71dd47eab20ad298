"""The form of an edit: what shall be made of pictures that exist. Its fields follow from the editing model."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from django import forms
from django.db import transaction

from gallery.fields import PromptField, chips
from gallery.forms import STALE
from gallery.models import Generation, Image
from venice_site.accounts.models import User
from venice_site.venice.errors import VeniceError
from venice_site.venice.service import Venice
from venice_site.venice.types import EditKind, EditOrder, Model

AS_IT_IS = ("", "As it is")


class EditForm(forms.Form):
    """An instruction for one editing model: for each of the pictures, or to make one of all."""

    request_id = forms.UUIDField(
        required=False, widget=forms.HiddenInput, error_messages={"invalid": STALE}
    )
    kind = chips("Make", [("edit", "One of each"), ("combine", "One of all")], "combine")
    prompt = PromptField(
        label="What should change",
        widget=forms.Textarea(attrs={"rows": 4, "placeholder": "Make it snow"}),
        error_messages={"required": "Write what should change."},
    )
    model = forms.ChoiceField(
        label="Model",
        error_messages={"invalid_choice": "This model is not on offer. Choose another one."},
    )
    safe_mode = forms.BooleanField(
        label="Safe mode", required=False, help_text="Venice blurs adult content."
    )

    SETTINGS = ("aspect_ratio", "resolution", "quality")

    def __init__(
        self,
        *args: Any,
        pictures: Sequence[Image],
        model: Model,
        models: Iterable[Model],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.auto_id = "remake-%s"
        self.pictures, self.chosen = pictures, model
        self.fields["model"].choices = [(one.id, one.name) for one in models]  # type: ignore[attr-defined]
        if len(pictures) == 1:
            del self.fields["kind"]
        self.fields |= _setting_fields(model, several=len(pictures) > 1)
        for name in ("prompt", "model"):
            self.fields[name].widget.attrs["class"] = "field__control"

    @property
    def settings(self) -> list[forms.BoundField]:
        """Return the fields that follow from the model."""
        return [self[name] for name in self.SETTINGS if name in self.fields]

    @property
    def general_errors(self) -> list[str]:
        """Return the errors that stand beside no field that can be seen."""
        return [*self.non_field_errors(), *self["request_id"].errors]

    @property
    def combines(self) -> bool:
        """Return whether one picture is to be made of all, as the form stands."""
        return "kind" in self.fields and (self["kind"].value() or "combine") != "edit"

    def price(self, venice: Venice) -> int:
        """Return what the form costs as it stands, in micro-USD; what is not valid is left out."""
        order = EditOrder(
            self._kind,
            (),
            model=self.chosen.id,
            resolution=self._typed("resolution"),
            quality=self._typed("quality"),
        )
        return sum(
            venice.edit_price(replace(order, images=(b"",) * len(group))) for group in self.groups
        )

    @property
    def groups(self) -> list[list[Image]]:
        """Return the pictures that go into each edit."""
        return [list(self.pictures)] if self.combines else [[one] for one in self.pictures]

    def _typed(self, name: str) -> str:
        return str(self[name].value() or "") if name in self.fields else ""

    @property
    def _kind(self) -> EditKind:
        return "combine" if self.combines else "edit"

    def clean(self) -> dict[str, Any]:
        """Keep the limits of the model: the length of the prompt, and how many pictures it takes."""
        data = super().clean() or self.cleaned_data
        limit = self.chosen.prompt_limit
        if len(data.get("prompt") or "") > limit:
            self.add_error("prompt", f"This model takes at most {limit:,} characters.")
        if self.combines and len(self.pictures) > self.chosen.max_images:
            most = self.chosen.max_images
            told = f"{most} picture{'' if most == 1 else 's'}"
            self.add_error("model", f"This model takes at most {told} at once.")
        return data

    def submit(self, user: User) -> list[Generation]:
        """Order the edits, all or nothing; a refusal becomes an error of the form."""
        names = EditOrder.__dataclass_fields__.keys() & self.cleaned_data.keys() - {"kind"}
        told = {name: self.cleaned_data[name] for name in names}
        request_id = str(self.cleaned_data["request_id"] or uuid.uuid4())
        order = EditOrder(self._kind, (), **told)
        try:
            return edit(user, order, self.groups, request_id)
        except VeniceError as error:
            self.add_error(None, str(error))
            return []


def edit(
    user: User, order: EditOrder, groups: Sequence[Sequence[Image]], request_id: str
) -> list[Generation]:
    """Order the same edit of every group of pictures, all or nothing. Raises `QuotaExceeded`."""
    with transaction.atomic():
        return [
            Generation.objects.submit_edit(
                user,
                replace(order, images=(b"",) * len(group)),
                group,
                request_id=f"{request_id}-{number}",
            )
            for number, group in enumerate(groups)
        ]


def _setting_fields(model: Model, *, several: bool) -> dict[str, forms.Field]:
    """A model may refuse an aspect ratio for a single picture; quality is for combining alone."""
    fields: dict[str, forms.Field] = {}
    if model.aspect_ratios and (several or model.single_image_ratio):
        ratios = [(ratio, ratio) for ratio in model.aspect_ratios if ratio != "auto"]
        fields["aspect_ratio"] = chips("Aspect ratio", [AS_IT_IS, *ratios], "")
    if model.resolutions:
        listed = [(one, one) for one in model.resolutions]
        fields["resolution"] = chips("Resolution", listed, model.default_resolution)
    if model.qualities and several:
        listed = [(one, one) for one in model.qualities]
        fields["quality"] = chips("Quality", listed, model.default_quality)
    return fields
