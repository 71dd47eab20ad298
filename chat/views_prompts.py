"""The library of prompts: found by name, tag and text, filled in, put into the composer."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from chat.kept import Kept, posted, words_sought
from chat.library import FillForm, PromptForm
from chat.prompts import Prompt
from chat.views_picker import FILLED
from venice_site.accounts.requests import SignedInRequest

LONGEST_QUERY = 100
MOST_OFFERED = 8  # beside what is typed
MOST_SHOWN = 200
KEPT = Kept(word="prompt", form=PromptForm, everything="chat:prompts", saved="{} is saved.")


@require_GET
def prompts(request: SignedInRequest) -> HttpResponse:
    """Show the prompts that a person can use."""
    query = words_sought(request, LONGEST_QUERY)
    found = Prompt.objects.visible_to(request.user).found_by(query)[:MOST_SHOWN]
    return render(request, "chat/prompts.html", {"prompts": found, "query": query})


@require_GET
def like(request: SignedInRequest) -> HttpResponse:
    """Show the few prompts whose names fit what is typed after a slash."""
    name = words_sought(request, LONGEST_QUERY)
    found = Prompt.objects.visible_to(request.user).named_like(name)[:MOST_OFFERED]
    return render(request, "chat/prompts.html#options", {"prompts": found})


def new_prompt(request: SignedInRequest) -> HttpResponse:
    """Keep a prompt."""
    return KEPT.page(request)


def prompt(request: SignedInRequest, prompt_id: int) -> HttpResponse:
    """Show a prompt; its owner changes it."""
    return KEPT.page(request, _visible(request, prompt_id))


@require_POST
def delete_prompt(request: SignedInRequest, prompt_id: int) -> HttpResponse:
    """Delete a prompt."""
    get_object_or_404(Prompt.objects.editable_by(request.user), pk=prompt_id).delete()
    messages.success(request, "The prompt is deleted.")
    return redirect("chat:prompts")


def fill(request: SignedInRequest, prompt_id: int) -> HttpResponse:
    """Ask for what belongs into the places of a prompt; then put it into the composer."""
    found = _visible(request, prompt_id)
    form = FillForm(posted(request), prompt=found)
    if form.is_valid():
        text = form.cleaned_data["text"]
        if request.htmx:
            return HttpResponse(text, content_type="text/plain; charset=utf-8")
        request.session[FILLED] = text
        return redirect("chat:index")
    page = "chat/fill.html#fill" if request.htmx else "chat/fill.html"
    status = 422 if form.errors else 200
    return render(request, page, {"prompt": found, "form": form}, status=status)


def _visible(request: SignedInRequest, prompt_id: int) -> Prompt:
    return get_object_or_404(Prompt.objects.visible_to(request.user), pk=prompt_id)
