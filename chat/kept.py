"""What the pages of things that people keep have in common: of personas, prompts and lists."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.forms import ModelForm
from django.http import HttpResponse
from django.shortcuts import redirect, render

from chat.personas import Persona
from chat.prompts import Prompt
from venice_site.accounts.requests import SignedInRequest


@dataclass(frozen=True, slots=True)
class Kept:
    """A kind of thing that people keep: its word, its form, its list, and what is said once it is saved."""

    word: str
    form: Callable[..., ModelForm[Any]]
    everything: str
    saved: str

    def page(self, request: SignedInRequest, thing: Persona | Prompt | None = None) -> HttpResponse:
        """Show a thing, which its owner changes; without one, make it."""
        shown = {self.word: thing} if thing else {}
        template = f"chat/{self.word}.html"
        if thing and thing.owner_id != request.user.pk:
            return render(request, template, shown)
        form = self.form(posted(request), instance=thing, owner=request.user)
        if form.is_valid():
            messages.success(request, self.saved.format(form.save()))
            return redirect(self.everything)
        if thing:
            thing.refresh_from_db()
        status = 422 if form.errors else 200
        return render(request, template, shown | {"form": form}, status=status)


def posted(request: SignedInRequest) -> Any:
    """Return what was sent to a page that shows its form and takes it; None when it is only shown."""
    return request.POST if request.method == "POST" else None


def words_sought(request: SignedInRequest, longest: int) -> str:
    """Return what a page is searched for, as databases take it."""
    return request.GET.get("q", "").replace("\x00", "").strip()[:longest]
