"""Where the nearest image lies of which a filter is true, by plain indexes; PostgreSQL has to be told.

It reads a page by walking back from the newest image and leaving out what does not fit. Past a year in which
nobody used a model that would be a walk of a quarter of a second among 1,000,000 images.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import connection

IMAGES = (
    "select {image} from {table} where {column} = %s and {image} < %s and {image} > %s"
    " order by {image} {order} limit %s"
)
# By the letter of the token, where an index leads from the value to the images in their order.
KEPT = {
    "m": ("gallery_image", "id", "model"),
    "y": ("gallery_image", "id", "style"),
    "u": ("gallery_image", "id", "user_id"),
    "t": ("gallery_tagging", "image_id", "tag_id"),
    "c": ("gallery_placement", "image_id", "collection_id"),
    "f": ("gallery_mark", "image_id", "user_id"),
}
NAMES = ("m", "y")  # are in hexadecimal, the others are ids
SELDOM = ("t", "c", "f")  # of so few images that these are better looked through than all of them
FOR_EACH = 5  # so many are looked through for each that is wanted


def nearer(
    filters: Iterable[Sequence[str]], below: int, above: int, *, is_upward: bool
) -> tuple[int, int]:
    """Return bounds between which every image lies of which all the filters are true.

    A filter is true when any of its tokens is. Bounds with nothing in between mean that there is none.
    """
    known = [tokens for tokens in filters if tokens and all(one[0] in KEPT for one in tokens)]
    if not known:
        return below, above
    nearest_of = "least" if is_upward else "greatest"
    asked: list[str] = []
    told: list[str | int] = []
    for tokens in known:
        queries = [_images(one, below, above, 1, is_upward) for one in tokens]
        asked.append(f"{nearest_of}({', '.join(f'({query})' for query, _ in queries)})")
        told += [part for _, parts in queries for part in parts]
    with connection.cursor() as cursor:
        cursor.execute(f"select {', '.join(asked)}", told)
        nearest: list[int | None] = list(cursor.fetchone())
    found = [one for one in nearest if one is not None]
    if len(found) < len(nearest):
        return above, above
    return (below, max(found) - 1) if is_upward else (min(found) + 1, above)


def few(
    filters: Iterable[Sequence[str]], below: int, above: int, number: int, *, is_upward: bool
) -> tuple[str, list[str | int]] | None:
    """Return a query for the nearest images among which so many may fit the filters, and its parameters.

    None when no filter has a table of its own that tells them.
    """
    for tokens in filters:
        if len(tokens) == 1 and tokens[0][0] in SELDOM:
            return _images(tokens[0], below, above, FOR_EACH * number, is_upward)
    return None


def _images(
    token: str, below: int, above: int, number: int, is_upward: bool
) -> tuple[str, list[str | int]]:
    """Return the query for so many images nearest that have a token, and its parameters."""
    table, image, column = KEPT[token[0]]
    order = "asc" if is_upward else "desc"
    value = bytes.fromhex(token[1:]).decode() if token[0] in NAMES else int(token[1:])
    query = IMAGES.format(table=table, image=image, column=column, order=order)
    return query, [value, below, above, number]
