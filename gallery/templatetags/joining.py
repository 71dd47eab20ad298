"""What templates show of the chat."""

from __future__ import annotations

from django import template

from gallery.joining import Talks
from gallery.models import Image
from venice_site.accounts.models import User

register = template.Library()


@register.simple_tag
def talks_of(image: Image, user: User) -> Talks:
    """Return where in the chat a picture comes from, and which of the person's conversations asked about it."""
    return Talks.of(image, user)
