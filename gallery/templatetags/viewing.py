"""What templates need to know of how a person looks at pictures."""

from __future__ import annotations

from base64 import b64encode

from django import template
from django.utils.safestring import SafeString

from gallery import cards
from gallery.grid import Placed
from gallery.models import Image, Viewing
from venice_site.accounts.models import User

register = template.Library()

STAND_IN = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="{0}" height="{1}"><image width="{0}" height="{1}"'
    ' preserveAspectRatio="none" href="data:image/webp;base64,{2}"/></svg>'
)


@register.filter
def stand_in(image: Image) -> str:
    """Return as an address what stands for a picture that is hidden: as large as it, ten dots across."""
    drawn = STAND_IN.format(*image.preview_size, image.placeholder)
    return f"data:image/svg+xml;base64,{b64encode(drawn.encode()).decode()}"


@register.simple_tag
def veils_for(user: User) -> bool:
    """Return whether marked pictures are hidden from a person until they are asked for."""
    return Viewing.objects.veils_for(user)


@register.simple_tag
def veils(user: User) -> str:
    """Return the class under which marked pictures are hidden; empty for who wants to see them at once."""
    return "veils" if Viewing.objects.veils_for(user) else ""


register.filter("is_plain", cards.is_plain)


@register.simple_tag
def hung(item: Placed, context: str, oob: object) -> SafeString:
    """Return the card of a picture."""
    return cards.card(item, context, oob=bool(oob))
