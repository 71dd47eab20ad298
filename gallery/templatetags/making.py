"""What templates need to show how pictures are made."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import template
from django.template import Context
from django.utils.safestring import SafeString

from gallery import composer_sheet, estimates
from gallery.families import Family
from gallery.line import Line
from gallery.models import Image
from gallery.progress import Progress
from venice_site.accounts.models import User
from venice_site.skeletons import kept

register = template.Library()
register.filter(estimates.roughly)

BOX = 18.0  # the longer side of a drawn shape; its frame is 20


@register.filter
def shape_box(proportion: str) -> dict[str, str] | None:
    """Return the rectangle of a proportion such as "16:9" in a frame of 20, None when it is none."""
    wide, _, high = proportion.partition(":")
    try:
        scale = BOX / max(float(wide), float(high))
        width, height = float(wide) * scale, float(high) * scale
    except (ValueError, ZeroDivisionError):
        return None
    numbers = {
        "x": (20 - width) / 2,
        "y": (20 - height) / 2,
        "width": width,
        "height": height,
    }
    return {name: f"{number:.1f}" for name, number in numbers.items()}


@register.simple_tag(takes_context=True, name="composer_sheet")
def sheet_of_composer(context: Context) -> SafeString:
    """Return the composer, filled in where it can be, or else as the template draws it."""
    composer = context["composer"]
    if composer is not None and composer_sheet.is_plain(composer):
        csrf_token = str(context.get("csrf_token", ""))
        return composer_sheet.sheet(composer, context["user"], csrf_token)
    return _drawn(context, f"{composer_sheet.TEMPLATE}#composer")


def _drawn(context: Context, name: str, **told: Any) -> SafeString:
    """Return what another template draws, the way `{% include %}` does."""
    assert context.template is not None
    template = context.template.engine.get_template(name)
    with context.push(**told):
        return template.render(context)


@register.simple_tag
def paused_since() -> datetime | None:
    """Return since when an administrator lets nothing begin, None while pictures are made."""
    return Line.paused_since()


@register.simple_tag(takes_context=True)
def progress_bar(context: Context, *, oob: bool = False) -> SafeString:
    """Return how far a person's pictures have come; the same for everybody for whom nothing is made."""
    mine, since = Progress(context["user"]), Line.paused_since()
    if not mine.active and since is None:
        return kept("gallery/queue.html#progress", active=0, oob=oob)
    told = {"mine": mine, "active": mine.active, "since": since, "oob": oob}
    return _drawn(context, "gallery/queue.html#progress", **told)


@register.simple_tag
def family_of(image: Image, user: User) -> Family:
    """Return what a picture was made of and what was made of it."""
    return Family.of(image, user)
