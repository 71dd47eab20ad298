"""The queue: who waits, at which place and for how long; to cancel, to try again, and to let it stand still."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from gallery import progress
from gallery.models import Image, Line, wake_up
from gallery.progress import MOST_AGAIN, Progress
from gallery.waiters import waiters
from venice_site.accounts.requests import SignedInRequest
from venice_site.venice.errors import VeniceError


@require_safe
def queue(request: SignedInRequest) -> HttpResponse:
    """Show everybody who waits; what others wait for is theirs to know."""
    ended = progress.failed(request.user).aggregate(
        all=Count("pk"),
        blocked=Count("pk", filter=progress.blocked()),
        doubtful=Count("pk", filter=progress.doubtful()),
    )
    return render(
        request,
        "gallery/queue.html",
        {
            "waiters": waiters(),
            "progress": Progress(request.user),
            "failed": ended["all"] - ended["doubtful"],
            "blocked": ended["blocked"],
            "doubtful": ended["doubtful"],
        },
    )


@require_safe
def news(request: SignedInRequest) -> HttpResponse:
    """Show how far the person's own pictures have come."""
    return render(request, "gallery/queue.html#news")


@require_POST
def cancel_all(request: SignedInRequest) -> HttpResponse:
    """Stop everything of this person that waits or runs."""
    mine = Image.objects.unfinished().filter(user=request.user).order_by("-pk")
    stopped = sum(image.cancel() for image in mine)
    messages.success(request, f"Cancelled {_pictures(stopped)}.")
    return redirect("gallery:queue")


@require_POST
def again_all(request: SignedInRequest) -> HttpResponse:
    """Try all again that failed of late, or all that may have been charged; as far as quotas allow."""
    failed = progress.failed(request.user).select_related("generation__user")
    wanted = (
        failed.filter(progress.doubtful())
        if request.POST.get("which") == "doubtful"
        else failed.exclude(progress.doubtful())
    )
    tried = 0
    try:
        for image in wanted[:MOST_AGAIN]:
            image.try_again()
            tried += 1
    except VeniceError as error:
        messages.error(request, str(error))
    messages.success(request, f"Trying {_pictures(tried)} again.")
    return redirect("gallery:queue")


def _pictures(number: int) -> str:
    return "1 picture" if number == 1 else f"{number} pictures"


@require_POST
def pause(request: SignedInRequest) -> HttpResponse:
    """Let nothing more begin; administrators alone."""
    _administrators(request)
    Line.pause(request.user)
    return redirect("gallery:queue")


@require_POST
def move_on(request: SignedInRequest) -> HttpResponse:
    """Let pictures be made again; administrators alone."""
    _administrators(request)
    with transaction.atomic():
        Line.move_on()
        for _ in range(settings.WORKER_THREADS):
            transaction.on_commit(wake_up)
    return redirect("gallery:queue")


def _administrators(request: SignedInRequest) -> None:
    if not request.user.is_administrator:
        raise PermissionDenied
