"""Writing: what waits in the queue, drafts, forks, and replies side by side."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from chat import asking, beside, drafts, forks, queueing
from chat.asking import Taken
from chat.forms import LONGEST_QUESTION, TryAgainForm
from chat.forms_writing import LATEST_VERSION
from chat.models import Message, QueuedMessage
from chat.reading import read_branch
from chat.views import PAGE, show_news
from chat.visible import found_or_404, visible_one
from venice_site.accounts.requests import SignedInRequest
from venice_site.venice.errors import VeniceError


class RewordForm(forms.Form):
    """Other words for a message that waits."""

    text = forms.CharField(
        max_length=LONGEST_QUESTION,
        error_messages={
            "required": "Write a message first.",
            "max_length": "This message is too long: 100,000 characters at most.",
        },
    )

    def clean_text(self) -> str:
        """Return the message with the line ends that the database and Markdown know."""
        return str(self.cleaned_data["text"]).replace("\r\n", "\n").strip()


class DraftForm(forms.Form):
    """What is in a composer: the version it began with, and the text since."""

    text = forms.CharField(max_length=LONGEST_QUESTION, required=False, strip=False)
    version = forms.IntegerField(min_value=0, max_value=LATEST_VERSION)
    request_id = forms.UUIDField()


@require_GET
def news(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show what waits, and what was said since the page was drawn."""
    found = visible_one(request, pk)
    if not request.htmx:
        return redirect(found)
    return show_news(request, found)


@require_POST
def go_on_with_queue(request: SignedInRequest, pk: int) -> HttpResponse:
    """Let the queue go on although the reply before it did not end well."""
    found = visible_one(request, pk)
    form = TryAgainForm(request.POST, user=request.user, chosen=found.model)
    if form.is_valid():
        queueing.go_on(found, form.cleaned_data["model"])
    return _queue_shown(request, pk)


@require_POST
def reword(request: SignedInRequest, pk: int, queued_id: int) -> HttpResponse:
    """Change the words of a message that waits."""
    found = visible_one(request, pk)
    form = RewordForm(request.POST)
    if form.is_valid():
        waiting = QueuedMessage.objects.visible_to(request.user)
        queued = waiting.filter(conversation=pk, pk=queued_id).first()
        if queued is not None and queued.reword(form.cleaned_data["text"]):
            return _queue_shown(request, pk)
        form.add_error(None, f"{Taken.sentence} Your words are still in the field.")
    if not request.htmx:
        messages.error(request, " ".join(str(e) for some in form.errors.values() for e in some))
        return redirect(found)
    response = render(request, f"{PAGE}#refusal", {"form": form}, status=422)
    response["HX-Retarget"], response["HX-Reswap"] = "#refusal", "outerHTML"
    return response


@require_POST
def move_to_front(request: SignedInRequest, pk: int, queued_id: int) -> HttpResponse:
    """Let a message that waits be the next one."""
    _queued(request, pk, queued_id).move_to_front()
    return _queue_shown(request, pk)


@require_POST
def delete_queued(request: SignedInRequest, pk: int, queued_id: int) -> HttpResponse:
    """Take a message out of the queue."""
    queueing.delete(_queued(request, pk, queued_id))
    return _queue_shown(request, pk)


@require_POST
def draft(request: SignedInRequest, pk: int | None = None) -> HttpResponse:
    """Keep what was typed; 409 with the newer text when another browser has kept one since."""
    if pk is not None:
        visible_one(request, pk)
    form = DraftForm(request.POST)
    if not form.is_valid():
        return HttpResponse(status=422)
    typed = form.cleaned_data
    kept = drafts.keep(request.user, pk, typed["text"], typed["version"], typed["request_id"])
    if kept.is_ours:
        return JsonResponse({"version": kept.version})
    return JsonResponse({"version": kept.version, "text": kept.text}, status=409)


@require_POST
def fork(request: SignedInRequest, pk: int, message_id: int) -> HttpResponse:
    """Begin a new conversation with everything said down to a message."""
    said = Message.objects.visible_to(request.user).filter(conversation=pk)
    ended = said.exclude(pk__in=said.active()).select_related("conversation__owner")
    found = get_object_or_404(ended, pk=message_id)
    try:
        return redirect(forks.fork(found))
    except VeniceError as error:
        messages.error(request, str(error))
        return redirect(found.conversation)


@require_POST
def stop_reply(request: SignedInRequest, pk: int, reply_id: int) -> HttpResponse:
    """Stop one of several replies that are being written."""
    found = _reply(request, pk, reply_id)
    asking.stop(found)
    return HttpResponse(status=204) if request.htmx else redirect(found.conversation)


@require_POST
def go_on_with_reply(request: SignedInRequest, pk: int, reply_id: int) -> HttpResponse:
    """Go on with one of several replies; the others stay as its versions."""
    found = _reply(request, pk, reply_id)
    found_or_404(found.parent)  # one that was brought in may answer nothing
    beside.go_on_with(found)
    if not request.htmx:
        return redirect(found.conversation)
    branch = read_branch(found.conversation, found.pk)
    return render(request, f"{PAGE}#thread", {"conversation": found.conversation, "branch": branch})


def _queued(request: SignedInRequest, pk: int, queued_id: int) -> QueuedMessage:
    mine = QueuedMessage.objects.visible_to(request.user).filter(conversation=pk)
    return get_object_or_404(mine.select_related("conversation__owner"), pk=queued_id)


def _reply(request: SignedInRequest, pk: int, reply_id: int) -> Message:
    mine = Message.objects.visible_to(request.user).filter(conversation=pk).replies()
    return get_object_or_404(mine.select_related("conversation__owner", "parent"), pk=reply_id)


def _queue_shown(request: SignedInRequest, pk: int) -> HttpResponse:
    found = visible_one(request, pk)  # anew: the queue may have gone on
    return show_news(request, found) if request.htmx else redirect(found)
