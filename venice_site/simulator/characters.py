"""The characters that models can play: `GET /characters`."""

from __future__ import annotations

from typing import Any

from .exchange import Exchange
from .replies import Reply, json_reply
from .validation import Shape, Text, demand

_QUERY = Shape({"search": Text(), "limit": Text(), "offset": Text()}, strict=False)
_PEOPLE = (
    ("venice", "Venice", "The host of the house.", ("Host",), False),
    ("alan-watts", "Alan Watts", "A speaker on Eastern philosophy.", ("Philosophy", "Zen"), False),
    ("ada", "Ada", "A patient teacher of mathematics.", ("Mathematics", "Teacher"), False),
    ("harbour-master", "Harbour Master", "Knows every tide and every boat.", ("Sea",), False),
    ("night-owl", "Night Owl", "Tells stories for grown-ups.", ("Stories",), True),
)
SLUGS = tuple(slug for slug, *_ in _PEOPLE)


def characters(exchange: Exchange) -> Reply:
    """Answers with the characters whose name, text or tags hold the search, a page of them."""
    query = exchange.request.query
    demand(_QUERY, query)
    wanted = query.get("search", "").lower()
    rows = [_row(*person) for person in _PEOPLE if wanted in " ".join(map(str, person)).lower()]
    offset = _whole(query.get("offset"), 0)
    limit = min(max(_whole(query.get("limit"), 50), 1), 100)
    return json_reply(200, {"data": rows[offset : offset + limit], "object": "list"})


def _whole(text: str | None, default: int) -> int:
    return int(text) if text and text.isascii() and text.isdecimal() else default


def _row(slug: str, name: str, about: str, tags: tuple[str, ...], adult: bool) -> dict[str, Any]:
    return {
        "id": f"character-{slug}",
        "slug": slug,
        "name": name,
        "description": about,
        "author": "stand-in",
        "adult": adult,
        "featured": slug == "venice",
        "webEnabled": not adult,
        "modelId": "venice-uncensored-1-2",
        "photoUrl": f"https://venice.ai/characters/{slug}.png",
        "shareUrl": f"https://venice.ai/c/{slug}",
        "tags": list(tags),
        "stats": {
            "averageRating": 4.5,
            "imports": 10,
            "ratingCount": 2,
            "ratingSum": 9,
            "userRating": None,
        },
        "createdAt": "2025-01-01T00:00:00.000Z",
        "updatedAt": "2026-01-01T00:00:00.000Z",
    }
