"""What templates need to know of how a person looks at pictures."""

from __future__ import annotations

from django import template

from gallery.models import Viewing
from venice_site.accounts.models import User

register = template.Library()


@register.simple_tag
def veils_for(user: User) -> bool:
    """Return whether marked pictures are hidden from a person until they are asked for."""
    return Viewing.objects.veils_for(user)


@register.simple_tag
def veils(user: User) -> str:
    """Return the class under which marked pictures are hidden; empty for who wants to see them at once."""
    return "veils" if Viewing.objects.veils_for(user) else ""
