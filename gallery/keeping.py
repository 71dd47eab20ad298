"""What people keep for later orders: presets of their own and of the team, and the team's word lists."""

from __future__ import annotations

from dataclasses import replace

from django import forms
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST
from django_htmx.http import trigger_client_event

from gallery import composer
from gallery.models import Preset, WordList
from gallery.wordlists import MOST_LINES
from venice_site.accounts.requests import SignedInRequest


class NameForm(forms.ModelForm[Preset]):
    """The name of a preset, and whose it is."""

    class Meta:
        model = Preset
        fields = ("name", "shared")


class WordListForm(forms.ModelForm[WordList]):
    """A word list as it is written: one choice a line."""

    class Meta:
        model = WordList
        fields = ("name", "text")
        widgets = {"text": forms.Textarea(attrs={"rows": 12, "class": "field__control"})}
        labels = {"text": "Choices"}

    name = forms.CharField(
        max_length=40,
        widget=forms.TextInput(attrs={"class": "field__control", "autocomplete": "off"}),
        help_text="Small letters, digits and hyphens.",
    )

    def clean_name(self) -> str:
        """Return the name as prompts spell it."""
        return str(self.cleaned_data["name"]).lower()

    def clean_text(self) -> str:
        """Refuse more lines than one can look through, and a list without any."""
        text = str(self.cleaned_data["text"]).replace("\r\n", "\n")
        lines = WordList(text=text).lines
        if not lines:
            raise forms.ValidationError("Write at least one choice.")
        if len(lines) > MOST_LINES:
            raise forms.ValidationError(f"Write at most {MOST_LINES} choices.")
        return "\n".join(lines)


def presets(request: SignedInRequest) -> HttpResponse:
    """List the presets; keep the composer's settings as one on POST."""
    return keep(request) if request.method == "POST" else _presets(request)


def _presets(request: SignedInRequest, problem: str = "", status: int = 200) -> HttpResponse:
    found = Preset.objects.visible_to(request.user).select_related("user")
    shown = {"presets": found, "problem": problem}
    return render(request, "gallery/presets.html", shown, status=status)


@require_POST
def keep(request: SignedInRequest) -> HttpResponse:
    """Keep the composer's settings under a name; the same name again replaces them."""
    filled = composer.filled(request.user, request.POST)
    naming = NameForm(
        {
            "name": request.POST.get("preset_name", ""),
            "shared": request.POST.get("preset_shared", ""),
        }
    )
    if filled is None or not naming.is_valid():
        return _not_kept(request, "Give the preset a name of at most 60 characters.")
    preset, _ = Preset.objects.update_or_create(
        user=request.user,
        name=naming.cleaned_data["name"],
        defaults={"shared": naming.cleaned_data["shared"], "settings": filled.form.settings()},
    )
    if not request.htmx:
        return redirect("gallery:presets")
    shown = replace(filled, preset=preset)
    response = render(request, "gallery/composer.html#presets", {"composer": shown})
    return _told(response, f"Saved as {preset.name}.", "done")


def _not_kept(request: SignedInRequest, problem: str) -> HttpResponse:
    if request.htmx:
        return _told(HttpResponse(status=204), problem, "fail")
    return _presets(request, problem, status=422)


def _told(response: HttpResponse, text: str, kind: str) -> HttpResponse:
    return trigger_client_event(response, "toast", {"text": text, "kind": kind})


@require_POST
def delete_preset(request: SignedInRequest, preset_id: int) -> HttpResponse:
    """Forget a preset of one's own."""
    get_object_or_404(Preset.objects.editable_by(request.user), pk=preset_id).delete()
    return redirect("gallery:presets")


def wordlists(request: SignedInRequest) -> HttpResponse:
    """List the team's word lists; add one on POST."""
    form = WordListForm(request.POST if request.method == "POST" else None)
    return _wordlists(request, form)


def wordlist(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show one word list to be changed; change it on POST."""
    found = get_object_or_404(WordList.objects.editable_by(request.user), pk=pk)
    form = WordListForm(request.POST if request.method == "POST" else None, instance=found)
    return _wordlists(request, form)


def _wordlists(request: SignedInRequest, form: WordListForm) -> HttpResponse:
    if form.is_bound and form.is_valid():
        form.instance.changed_by, form.instance.changed_at = request.user, timezone.now()
        form.save()
        return redirect("gallery:wordlists")
    lists = WordList.objects.visible_to(request.user).select_related("changed_by")
    shown = {"lists": lists, "form": form}
    status = 422 if form.is_bound else 200
    return render(request, "gallery/wordlists.html", shown, status=status)


@require_POST
def delete_wordlist(request: SignedInRequest, pk: int) -> HttpResponse:
    """Forget a word list."""
    get_object_or_404(WordList.objects.editable_by(request.user), pk=pk).delete()
    return redirect("gallery:wordlists")
