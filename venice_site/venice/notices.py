"""What administrators should know, told once for each matter until it is settled."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from venice_site.venice.models import Notice

FORGET_AFTER = timedelta(days=30)


def tell(subject: str, text: str) -> None:
    """Tell of a matter, unless it is known already; one that was settled before is open again."""
    now = timezone.now()
    facts = {"text": text[:400], "created_at": now, "settled_at": None}
    Notice.objects.bulk_create([Notice(subject=subject[:120], **facts)], ignore_conflicts=True)
    again = Notice.objects.filter(subject=subject[:120], settled_at__lt=now)
    again.update(**facts)


def tell_once(subject: str, text: str) -> None:
    """Tell of a matter that is over by itself, such as a window of time; never twice."""
    new = Notice(subject=subject[:120], text=text[:400])
    Notice.objects.bulk_create([new], ignore_conflicts=True)


def settle(subject: str) -> None:
    """Say that a matter is over."""
    Notice.objects.filter(subject=subject, settled_at=None).update(settled_at=timezone.now())


def prune() -> None:
    """Forget what was settled long ago."""
    Notice.objects.filter(settled_at__lt=timezone.now() - FORGET_AFTER).delete()
