"""The form of a collection."""

from __future__ import annotations

from typing import Any

from django import forms

from gallery.collections import DEEPEST, Collection, tree, with_all_inside
from venice_site.accounts.models import User


class CollectionForm(forms.ModelForm[Collection]):
    """Name, place and who sees it."""

    class Meta:
        model = Collection
        fields = ("name", "parent", "is_private")
        labels = {"name": "Name", "parent": "Inside", "is_private": "Private"}
        help_texts = {"is_private": "Only you see it."}

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.auto_id = "collection-%s"
        if not self.instance.pk:
            self.instance.owner = user
        parent = self.fields["parent"]
        parent.queryset = Collection.objects.visible_to(user)  # type: ignore[attr-defined]
        parent.empty_label = "Nothing"  # type: ignore[attr-defined]
        for name in ("name", "parent"):
            self.fields[name].widget.attrs["class"] = "field__control"

    def clean_name(self) -> str:
        """Refuse a name that the person uses already, and what the search box could not name."""
        name = " ".join(str(self.cleaned_data["name"]).replace('"', "'").split())
        others = Collection.objects.filter(owner=self.instance.owner).exclude(pk=self.instance.pk)
        if others.filter(name=name).exists():
            raise forms.ValidationError("You have a collection of this name already.")
        return name

    def clean_parent(self) -> Collection | None:
        """Refuse a place inside of itself, and one too deep."""
        parent: Collection | None = self.cleaned_data["parent"]
        if parent is None:
            return None
        everything = list(Collection.objects.all())
        if self.instance.pk and parent.pk in with_all_inside([self.instance], everything):
            raise forms.ValidationError("A collection cannot lie inside itself.")
        depths = {one.pk: depth for depth, one in tree(everything)}
        if depths[parent.pk] + 1 >= DEEPEST:
            raise forms.ValidationError(f"Collections lie at most {DEEPEST} deep.")
        return parent
