"""What templates of the chat show of the gallery."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django import template
from django.template import RequestContext

from chat import joining
from chat.gallery_files import seen
from chat.joining import MadePicture
from chat.reading import Turn
from venice_site.accounts.models import User

register = template.Library()


@register.simple_tag
def made_from(turns: Iterable[Turn], user: User) -> Mapping[int, Sequence[MadePicture]]:
    """Return the pictures that were made from the replies among turns, by the reply."""
    return joining.made_from(user, turns)


@register.filter
def of(made: Mapping[int, Sequence[MadePicture]] | str, message: int) -> Sequence[MadePicture]:
    """Return the pictures made from one reply; none where nobody has asked for them."""
    return made.get(message, ()) if isinstance(made, Mapping) else ()


@register.inclusion_tag("chat/gallery_pictures.html", takes_context=True)
def gallery_pictures(context: RequestContext) -> dict[str, Any]:
    """Show the pictures of the gallery that the address, or a form that was refused, names."""
    images, is_one_gone = seen(context["request"])
    return {"images": images, "is_one_gone": is_one_gone}
