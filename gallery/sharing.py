"""What a link shows: pictures without metadata and names, as far as who shared it may see them now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django import forms
from django.core.files.storage import default_storage
from django.urls import reverse
from django.utils import timezone

from gallery import containers, facts
from gallery.collections import Collection
from gallery.imaging import EXTENSIONS
from gallery.models import Image, ImageQuerySet, Visibility
from gallery.shares import Share, digest_of
from venice_site.accounts.models import User
from venice_site.tokens import new_token
from venice_site.venice.service import Venice

LASTS = {"1": "One day", "7": "A week", "30": "A month", "": "Until I end it"}
MOST_LINKS = 200  # that work, of one person
PICTURES_A_PAGE = 48


class SharingForm(forms.Form):
    """How a link is to be: until when, and what it tells beside the pictures."""

    days = forms.ChoiceField(
        label="The link works",
        choices=list(LASTS.items()),
        required=False,
        initial="7",
        widget=forms.Select(attrs={"class": "field__control"}),
    )
    shows_prompt = forms.BooleanField(label="Show the prompt", required=False)
    with_data = forms.BooleanField(
        label="With generation data",
        required=False,
        help_text="Downloads then carry prompt, seed, model and settings inside the file.",
    )

    def __init__(self, *args: Any, user: User, thing: Image | Collection, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user, self.thing = user, thing

    def clean(self) -> dict[str, Any] | None:
        """Refuse more links than a person can keep in view."""
        if Share.objects.open_at(timezone.now()).filter(owner=self.user).count() >= MOST_LINKS:
            raise forms.ValidationError(
                f"You have {MOST_LINKS} links that work. End some of them first."
            )
        return super().clean()

    def make(self) -> str:
        """Make the link and return its address, which is not kept anywhere. Needs a valid form."""
        token, days = new_token(), self.cleaned_data["days"]
        is_image = isinstance(self.thing, Image)
        Share.objects.create(
            owner=self.user,
            digest=digest_of(token),
            of_private=isinstance(self.thing, Image) and self.thing.is_private,
            shows_prompt=self.cleaned_data["shows_prompt"],
            with_data=self.cleaned_data["with_data"],
            expires_at=timezone.now() + timedelta(days=int(days)) if days else None,
            **{"image" if is_image else "collection": self.thing},
        )
        return reverse("gallery:shared", args=[token])


def sharable(user: User) -> ImageQuerySet:
    """Return the pictures that a person may share: their own and the team's, none of them deleted."""
    return Image.objects.visible_to(user).pictures().filter(deleted_at=None)


def pictures_of(share: Share) -> ImageQuerySet:
    """Return what a link shows at this moment, newest first: what who shared it sees, and no more."""
    seen = sharable(share.owner).filter(mime__in=EXTENSIONS).with_facts().order_by("-pk")
    if share.collection_id is not None:
        return seen.filter(placements__collection=share.collection_id)
    shown = seen.filter(pk=share.image_id or 0)
    return shown if share.of_private else shown.filter(visibility=Visibility.TEAM)


def leads_somewhere(share: Share) -> bool:
    """Return whether there still is something behind a link; a collection may be empty."""
    if share.collection_id is None:
        return pictures_of(share).exists()
    return Collection.objects.visible_to(share.owner).filter(pk=share.collection_id).exists()


@dataclass(frozen=True, slots=True)
class ShownPicture:
    """A picture as somebody with the link sees it, at addresses that only this link knows."""

    image: Image
    share: Share
    token: str

    @property
    def address(self) -> str:
        """Return where it is shown on its own."""
        return self._at("gallery:shared_picture")

    @property
    def thumbnail(self) -> str:
        """Return the address of the small copy."""
        return self._at("gallery:shared_rendition", 512)

    @property
    def preview(self) -> str:
        """Return the address of the large copy."""
        return self._at("gallery:shared_rendition", 1440)

    @property
    def download(self) -> str:
        """Return the address of the file to save."""
        return self._at("gallery:shared_download")

    @property
    def prompt(self) -> str:
        """Return the prompt if it is shared."""
        return self.image.generation.prompt if self.share.shows_prompt else ""

    @property
    def name(self) -> str:
        """Return what the picture is called for those who cannot see it, or do not yet."""
        return self.prompt or "A shared picture"

    def _at(self, name: str, *more: int) -> str:
        return reverse(name, args=[self.token, self.image.sha256, *more])


def file_of(share: Share, image: Image) -> tuple[bytes, str]:
    """Return the original without anything beside the picture, or with generation data; and its name."""
    with default_storage.open(image.file) as file:
        content = containers.bare(file.read())
    if not share.with_data:
        return content, f"picture.{EXTENSIONS[image.mime]}"
    model = Venice(share.owner).model("image", image.asked.model)
    return facts.with_generation_data(image, content, model), facts.file_name(image)
