"""The pages and fragments of the chat; every object is fetched as the person may see it."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.csrf import get_token
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from chat import asking, drafts, folders, temporary, turns
from chat.asking import Asked
from chat.attaching import MOST_BYTES_BROUGHT
from chat.forms import MessageForm, SettingsForm, TryAgainForm
from chat.forms_writing import ComposerForm
from chat.gallery_files import model_for, with_gallery_files
from chat.gauges import gauge_of
from chat.models import Conversation, Message, QueuedMessage, shortened
from chat.opening import OpeningForm
from chat.picker import tune_by
from chat.queueing import read_queue
from chat.reading import Branch, read_branch, read_columns, read_news, read_turn
from chat.shelves import read_entries
from chat.streaming import Stream, served
from chat.views_list import deleted_just_now, entries_asked_for, shelf_asked_for
from chat.views_picker import before_sending, opened
from chat.visible import found_or_404, number_in, visible_one
from venice_site.accounts.requests import SignedInRequest
from venice_site.bodies import takes_up_to
from venice_site.line import in_line
from venice_site.statements import Statement, gap

PAGE = "chat/conversation.html"

REPLY: Statement[Message] = Statement(
    lambda: _visible_messages(gap("owner"), gap("conversation")).replies().filter(pk=gap("pk"))
)
IS_REPLY = Statement(
    lambda: (
        Message.objects.visible_to(gap("owner"))
        .replies()
        .filter(pk=gap("pk"), conversation=gap("conversation"))
        .values_list("pk")
    )
)
WRITTEN = Statement(
    lambda: Message.objects.filter(pk=gap("pk")).select_related("conversation__part", "parent")
)


@in_line
@takes_up_to(MOST_BYTES_BROUGHT)
@never_cache  # on the way back a browser would show what was sent or brought back since as it was before
def index(request: SignedInRequest) -> HttpResponseBase:
    """Show the list beside an empty composer; begin a conversation with its first message."""
    if request.method == "POST":
        return _begin(request)
    entries = entries_asked_for(request)
    if request.htmx and "after" in request.GET:
        return render(request, "chat/list.html#entries", {"entries": entries})
    return show_page(request, entries=entries, deleted=deleted_just_now(request), **opened(request))


def _begin(request: SignedInRequest) -> HttpResponse:
    form = ComposerForm(request.POST, with_gallery_files(request), user=request.user)
    settings_form = SettingsForm(request.POST)
    opening = OpeningForm(request.POST, user=request.user)
    if all([form.is_valid(), settings_form.is_valid(), opening.is_valid()]):
        begun = settings_form.save(commit=False)
        opening.prepare(begun)
        begun.owner, begun.title = request.user, shortened(form.cleaned_data["text"])
        begun.model = form.cleaned_data["model"].id
        begun.folder = shelf_asked_for(request).folder
        temporary.begin(begun, request.POST)
        begun.save()
        opening.begin(begun)
        asked = form.say(begun, begins=True)
        if not isinstance(asked, Asked) or asked.reply.conversation_id != begun.pk:
            begun.delete()  # refused, or a second click on the button that began another one
        if isinstance(asked, Asked):
            return go_to(request, asked.reply.conversation)
    opening.tell(form)
    return _refused(request, form, None, settings_form=settings_form, part=opening.part)


@in_line
@takes_up_to(MOST_BYTES_BROUGHT)
def conversation(request: SignedInRequest, pk: int) -> HttpResponseBase:
    """Show a conversation; send the next message."""
    found = visible_one(request, pk)
    found.stay()
    if request.method == "POST":
        return _send(request, found)
    found.mark_read()
    places = (number_in(request.GET, name) for name in ("at", "before", "after"))
    branch = read_branch(found, *places)
    if request.htmx and {"before", "after"} & set(request.GET):
        return render(request, f"{PAGE}#stretch", {"conversation": found, "branch": branch})
    return show_page(request, found, branch)


def _send(request: SignedInRequest, found: Conversation) -> HttpResponse:
    files = with_gallery_files(request)
    form = ComposerForm(request.POST, files, user=request.user, chosen=found.model)
    if not form.is_valid():
        return _refused(request, form, found)
    found.keep(tune_by(request.POST, found, form.models.values()))
    seen = form.cleaned_data["after"]
    is_known = seen in found.tree
    after = found.tree.end(seen if is_known else found.tip_id, found.tip_id)
    form.cleaned_data["after"] = after
    lacks_some = is_known and after != seen  # another window has gone on meanwhile
    said = form.say(found)
    if said is None:
        return _refused(request, form, found)
    if not request.htmx:
        return redirect(found)
    if lacks_some or isinstance(said, QueuedMessage):
        response = show_news(request, found, sent=True)
        response["HX-Retarget"], response["HX-Reswap"] = "#queue", "outerHTML"
        return response
    columns = read_columns((said.reply, *said.beside))
    question = [read_turn(said.question, said.attached)] if said.question else []
    branch = Branch(question if columns else [*question, read_turn(said.reply)], columns)
    context = {"conversation": found, "branch": branch, "after": said.reply.pk}
    return render(request, f"{PAGE}#sent", context | {"request_id": uuid.uuid4()})


def show_news(request: SignedInRequest, found: Conversation, *, sent: bool = False) -> HttpResponse:
    """Show what waits in the queue, and what was said after the last message that the page has."""
    queue = read_queue(found)
    # Read after the queue, so that what left it is among the news.
    found = visible_one(request, found.pk)
    branch = read_news(found, number_in(request.POST or request.GET, "after"))
    context = {"conversation": found, "queue": queue, "branch": branch}
    if sent:
        context["request_id"] = uuid.uuid4()
    return render(request, "chat/queue.html#news", context)


@require_GET
def entry(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show a conversation's line in the list, and its title above the messages."""
    found = Conversation.objects.visible_to(request.user).newest_first()
    context = {
        "conversation": get_object_or_404(found, pk=pk),
        "current": pk if "current" in request.GET else None,
    }
    return render(request, "chat/list.html#entry", context)


@require_POST
def stop(request: SignedInRequest, pk: int) -> HttpResponse:
    """Stop the reply that is being written, if there still is one."""
    found = visible_one(request, pk)
    for reply in found.messages.active():
        asking.stop(reply)
    return HttpResponse(status=204) if request.htmx else redirect(found)


@in_line
@require_POST
def try_again(request: SignedInRequest, pk: int, reply_id: int) -> HttpResponse:
    """Ask the same question again; the new reply stands beside the old one."""
    found = _reply(request, pk, reply_id)
    form = _again_form(request, found)
    return _answered(request, found, form, form.is_valid() and form.try_again(found))


@in_line
@require_POST
def go_on(request: SignedInRequest, pk: int, reply_id: int) -> HttpResponse:
    """Ask the model to go on with a reply that ended early."""
    found = _reply(request, pk, reply_id)
    form = _again_form(request, found)
    return _answered(request, found, form, form.is_valid() and form.go_on(found))


@in_line
@require_POST
def edit(request: SignedInRequest, pk: int, message_id: int) -> HttpResponse:
    """Ask a question in other words; the old wording stays beside it, its files are kept."""
    found = get_object_or_404(_messages(request, pk), pk=message_id, role="user")
    data = {
        "text": request.POST.get("text", ""),
        "model": request.POST.get("model") or found.conversation.model,
        "request_id": request.POST.get("request_id") or uuid.uuid4(),
        "after": found.parent_id,
    }
    form = MessageForm(data, user=request.user, chosen=found.conversation.model)
    asked = form.is_valid() and form.send(found.conversation, found.attachments.all())
    return _answered(request, found, form, asked)


@require_GET
def source(request: SignedInRequest, pk: int, message_id: int) -> HttpResponse:
    """Show a message as it was written, for copying; thinking is left out."""
    found = get_object_or_404(_messages(request, pk), pk=message_id)
    return HttpResponse(found.text, content_type="text/plain; charset=utf-8")


@require_GET
def reply(request: SignedInRequest, pk: int, reply_id: int) -> HttpResponse:
    """Show one reply as it is now, for viewers that ask each second."""
    found = _reply(request, pk, reply_id)
    if not request.htmx:
        return redirect(found.conversation)
    if found.interrupt_if_stale():
        found.refresh_from_db()
    if not found.is_active:
        found.conversation.mark_read()
    return render(request, f"{PAGE}#message", _turn_context(found))


@require_GET
def stream(request: SignedInRequest, pk: int, reply_id: int) -> HttpResponseBase:
    """Stream one reply as server-sent events; 204 when every place is taken."""
    found_or_404(IS_REPLY.first(pk=reply_id, conversation=pk, owner=request.user.pk))

    def finished() -> str:
        final = found_or_404(WRITTEN.first(pk=reply_id))
        final.conversation.mark_read()
        turn = read_turn(final)
        if turns.is_plain(turn):
            return turns.plain(turn, final.conversation, get_token(request))
        return render_to_string(f"{PAGE}#message", _turn_context(final), request)

    return served(Stream.begin(reply_id, finished))


def _messages(request: SignedInRequest, pk: int) -> Any:
    return _visible_messages(request.user.pk, pk)


def _visible_messages(owner: Any, conversation: Any) -> Any:
    visible = Message.objects.visible_to(owner).filter(conversation=conversation)
    return visible.select_related(
        "conversation__owner", "conversation__folder", "conversation__part"
    )


def _reply(request: SignedInRequest, pk: int, reply_id: int) -> Message:
    return found_or_404(REPLY.first(pk=reply_id, conversation=pk, owner=request.user.pk))


def _again_form(request: SignedInRequest, found: Message) -> TryAgainForm:
    return TryAgainForm(request.POST, user=request.user, chosen=found.conversation.model)


def _turn_context(message: Message) -> dict[str, Any]:
    return {"conversation": message.conversation, "turn": read_turn(message)}


def show_page(
    request: SignedInRequest,
    found: Conversation | None = None,
    branch: Branch | None = None,
    *,
    status: int = 200,
    **forms: Any,
) -> HttpResponse:
    """Show a conversation, or an empty one, beside the list; `forms` take the place of those of the page."""
    context: dict[str, Any] = {
        "conversation": found,
        "branch": branch or Branch(),
        "current": found.pk if found else None,
        "entries": forms.pop("entries", None) or read_entries(request.user),
        "folders": folders.names_of(request.user),
        "queue": read_queue(found) if found else None,
        "composer": _composer(request, found, branch),
    } | forms
    composer: MessageForm = context["composer"]
    context["gauge"] = gauge_of(found, branch.last if branch else None, composer.model_shown)
    return render(request, PAGE, context | before_sending(request, found, context), status=status)


def _composer(
    request: SignedInRequest, found: Conversation | None, branch: Branch | None
) -> ComposerForm:
    """Return the composer with the draft in it."""
    draft = drafts.read(request.user, found.pk if found else None)
    return ComposerForm(
        user=request.user,
        chosen=model_for(request, found.model if found else ""),
        initial={
            "after": branch.last if branch else None,
            "text": draft.text,
            "draft": draft.version,
        },
    )


def go_to(request: SignedInRequest, found: Conversation) -> HttpResponse:
    """Lead to a conversation."""
    if request.htmx:
        return HttpResponse(headers={"HX-Redirect": found.get_absolute_url()})
    return redirect(found)


def _answered(
    request: SignedInRequest, message: Message, form: Any, asked: Asked | bool | None
) -> HttpResponse:
    """Show the branch with the new reply, or say why there is none."""
    found = message.conversation
    if not isinstance(asked, Asked):
        return _refused(request, form, found, composer=None)
    if not request.htmx:
        return redirect(found)
    branch = read_branch(found, asked.reply.pk)
    return render(request, f"{PAGE}#thread", {"conversation": found, "branch": branch})


def _refused(
    request: SignedInRequest, form: Any, found: Conversation | None, **forms: Any
) -> HttpResponse:
    """Say why not. What was typed stays: the fragment leaves the form alone, the page repeats it."""
    if request.htmx:
        settings_form = forms.get("settings_form")
        context = {"form": form, "settings_form": settings_form}
        response = render(request, f"{PAGE}#refusal", context, status=422)
        response["HX-Retarget"], response["HX-Reswap"] = "#refusal", "outerHTML"
        return response
    branch = read_branch(found) if found else None
    shown = {"composer": form, "refusal_form": form} | forms
    if shown["composer"] is None:
        del shown["composer"]
    return show_page(request, found, branch, status=422, **shown)
