"""The page where pictures are brought in; the gallery sends there what is dropped on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.datastructures import MultiValueDict

from gallery import facts, translation
from gallery.facts import Fact
from gallery.grid import Placed, placed
from gallery.importing import MOST_BYTES, MOST_FILES, Outcome, bring
from gallery.models import Image, Visibility
from venice_site.accounts.models import User
from venice_site.accounts.requests import SignedInRequest
from venice_site.bodies import takes_up_to

MOST_AT_ALL = MOST_FILES * MOST_BYTES + 1024 * 1024  # bytes of one request


class PicturesInput(forms.FileInput):
    """A file input for several files."""

    allow_multiple_selected = True

    def value_from_datadict(
        self, data: Any, files: MultiValueDict[str, UploadedFile[bytes]], name: str
    ) -> Any:
        """Return all files."""
        return files.getlist(name)


class PicturesField(forms.FileField):
    """Several files, none of which has been looked at."""

    widget = PicturesInput

    def clean(self, data: Any, initial: Any = None) -> Sequence[UploadedFile[bytes]]:
        """Return the files. Raises `ValidationError` when there is none."""
        if not data:
            raise forms.ValidationError("Choose at least one picture.")
        return list(data)


class ImportForm(forms.Form):
    """The pictures that a person brings, and who shall see them."""

    pictures = PicturesField(
        label="Pictures",
        widget=PicturesInput(attrs={"accept": "image/png,image/jpeg,image/webp"}),
        help_text=f"PNG, JPEG or WebP, up to {MOST_BYTES // 1024**2} MB each, {MOST_FILES} at once.",
    )
    share = forms.BooleanField(
        label="Show them to the team", required=False, help_text="Otherwise only you see them."
    )

    @property
    def visibility(self) -> Visibility:
        """Return who shall see the pictures. Needs a valid form."""
        return Visibility.TEAM if self.cleaned_data["share"] else Visibility.PRIVATE


@dataclass(frozen=True, slots=True)
class Found:
    """What became of a file, what it says of how it was made, and what that becomes here."""

    outcome: Outcome
    facts: list[Fact]
    changes: tuple[str, ...] = ()

    @classmethod
    def of(cls, user: User, outcome: Outcome) -> Found:
        """Return what is to be told of a file."""
        image = outcome.image
        if image is None or not image.is_import:
            return cls(outcome, facts.facts(image)[:4] if image else [])
        told = [fact for fact in facts.brought(image) if fact.value not in (None, "")]
        return cls(outcome, told, translation.of(user, image).changes)


@takes_up_to(MOST_AT_ALL)
def index(request: SignedInRequest) -> HttpResponse:
    """Show the page; take pictures on POST."""
    if request.method != "POST":
        return render(request, "gallery/import.html", {"form": ImportForm()})
    form = ImportForm(request.POST, request.FILES)
    if not form.is_valid():
        return _answer(request, {"form": form, "problem": form.errors["pictures"][0]}, status=422)
    outcomes = bring(request.user, form.cleaned_data["pictures"], form.visibility)
    found = [Found.of(request.user, outcome) for outcome in outcomes]
    return _answer(request, {"form": ImportForm(), "found": found, "items": _new(outcomes)})


def _answer(request: SignedInRequest, shown: dict[str, Any], status: int = 200) -> HttpResponse:
    part = "#results" if request.htmx else ""
    here = reverse("gallery:import") in (request.htmx.current_url_abs_path or "")
    shown |= {"page_is_gallery": bool(request.htmx) and not here}
    return render(request, f"gallery/import.html{part}", shown, status=status)


def _new(outcomes: Sequence[Outcome]) -> list[Placed[Image]]:
    """Return the pictures that were not there before, as cards, the newest first."""
    new = [one.image for one in outcomes if one.image is not None and not one.is_known]
    return placed(reversed(new))
