"""Bringing pictures in: a file is looked at, read, and hung in the person's gallery with what it says of itself.

Nothing is ordered and nothing is charged. The file stays as it is, byte for byte; the same file hangs once.
"""

from __future__ import annotations

import threading
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any

from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.utils import timezone

from gallery import files, imaging, metadata, reading
from gallery.containers import Unreadable
from gallery.imaging import NotAPicture, Picture
from gallery.models import Generation, Image, ImageKind, Visibility
from gallery.reading import Reading
from gallery.recipe import NAME_LIMIT, Recipe, clean
from venice_site.accounts.models import User
from venice_site.venice.runs import RunStatus

MOST_FILES = 20
MOST_BYTES = 25 * 1024 * 1024
MOST_PIXELS = 33_177_600  # as many as Venice takes of a picture to edit
AT_ONCE = threading.BoundedSemaphore(2)  # a large picture takes 150 MB while it is decoded

NOT_KNOWN = "This is no PNG, JPEG or WebP picture. Nothing was stored."
TOO_LARGE = f"This is larger than {MOST_BYTES // 1024**2} MB. Nothing was stored."
TOO_MANY = f"At most {MOST_FILES} files are taken at once. Bring this one with the next."
EMPTY = "This file is empty."
TRASHED = "You have this picture in your trash. Take it out of there to see it again."
PROBLEMS = {
    "The picture has too many pixels.": "This has more than 33 million pixels. Nothing was stored.",
    "The picture is made of too many layers.": "This cannot be drawn in reasonable time. Nothing was stored.",
}
BROKEN = "This file is damaged, and the picture in it cannot be drawn. Nothing was stored."


class Refused(ValueError):
    """A file that is not taken; the message is a sentence for the person who brought it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file: the picture that now hangs, or hung before, or why it was refused."""

    name: str
    image: Image | None = None
    is_known: bool = False
    problem: str = ""


def bring(
    user: User, brought: Iterable[UploadedFile[bytes]], visibility: Visibility
) -> list[Outcome]:
    """Take each file, and tell of each what became of it."""
    outcomes = []
    for number, file in enumerate(brought):
        name = clean(" ".join((file.name or "").split()), NAME_LIMIT) or "picture"
        try:
            content = _content(file, number)
            outcomes.append(take(user, name, content, visibility))
        except Refused as error:
            outcomes.append(Outcome(name, problem=str(error)))
    return outcomes


def take(user: User, name: str, content: bytes, visibility: Visibility) -> Outcome:
    """Hang one file in the person's gallery, or find it there. Raises `Refused`."""
    digest = sha256(content).hexdigest()
    if (known := _same_file(user, digest)) is not None:
        return Outcome(name, known, is_known=True)
    try:
        read = reading.read(content)
        plain = metadata.bare(content)
    except Unreadable as error:
        raise Refused(NOT_KNOWN if "Not a" in str(error) else BROKEN) from error
    if (known := _same_picture(user, plain, read.recipe)) is not None:
        return Outcome(name, known, is_known=True)
    picture = _developed(plain)
    file, _ = files.keep(content, picture)
    try:
        image = _hung(user, name, digest, read, visibility, _facts(content, picture, read, file))
    except IntegrityError:  # the same file at the same moment
        if (known := _same_file(user, digest)) is None:
            raise
        return Outcome(name, known, is_known=True)
    if not files.holds(file):  # pruned meanwhile with the last row that had the same bytes
        files.keep(content, picture)
    return Outcome(name, image)


def recipe_of(image: Image) -> Recipe | None:
    """Return what an imported picture's file says of how it was made."""
    if not image.recipe:
        return None
    kept = {key: image.recipe[key] for key in Recipe.__dataclass_fields__ if key in image.recipe}
    seed = int(image.seed_said) if image.seed_said else None
    return Recipe(**{**kept, "seed": seed})


def _content(file: UploadedFile[bytes], number: int) -> bytes:
    if number >= MOST_FILES:
        raise Refused(TOO_MANY)
    if not file.size:
        raise Refused(EMPTY)
    if file.size > MOST_BYTES:
        raise Refused(TOO_LARGE)
    return bytes(file.read())


def _same_file(user: User, digest: str) -> Image | None:
    """Return the picture that has these very bytes. Raises `Refused` when it lies in the person's trash."""
    found = Image.objects.visible_to(user).pictures().filter(sha256=digest).with_facts()
    image = found.filter(deleted_at=None).order_by("pk").first()
    if image is None and found.exists():
        raise Refused(TRASHED)
    return image


def _same_picture(user: User, plain: bytes, recipe: Recipe | None) -> Image | None:
    """Return the picture that a file was downloaded from. What the file says is checked: anybody can write it."""
    if recipe is None or not recipe.original:
        return None
    image = _same_file(user, recipe.original)
    if image is None:
        return None
    with default_storage.open(image.file) as file:
        original = bytes(file.read())
    try:
        return image if metadata.bare(original) == plain else None
    except Unreadable:
        return None


def _developed(plain: bytes) -> Picture:
    """Return the verified picture. The decoder gets nothing but the picture: no text, no EXIF to choke on."""
    try:
        with AT_ONCE:
            return imaging.develop(plain, MOST_PIXELS)
    except NotAPicture as error:
        raise Refused(PROBLEMS.get(str(error), BROKEN)) from error


def _facts(content: bytes, picture: Picture, read: Reading, file: str) -> dict[str, Any]:
    recipe = read.recipe
    return {
        "file": file,
        "mime": picture.mime,
        "width": picture.width,
        "height": picture.height,
        "byte_size": len(content),
        "placeholder": b64encode(picture.placeholder).decode(),
        "exif": dict(read.told),
        "recipe": _kept(recipe) if recipe else {},
        "seed_said": str(recipe.seed) if recipe and recipe.seed is not None else "",
    }


def _kept(recipe: Recipe) -> dict[str, Any]:
    """Return the recipe as plain data; its raw text stands among what the file says already."""
    return asdict(recipe) | {"seed": None, "raw": "", "order": dict(recipe.order)}


def _hung(
    user: User,
    name: str,
    digest: str,
    read: Reading,
    visibility: Visibility,
    facts: dict[str, Any],
) -> Image:
    recipe = read.recipe or Recipe(tool="")
    with transaction.atomic():
        generation = Generation.objects.create(
            user=user,
            request_id=f"import-{digest[:32]}",
            kind=ImageKind.IMPORT,
            name=name,
            prompt=recipe.prompt,
            negative_prompt=recipe.negative_prompt,
            model=recipe.model,
            style=recipe.style,
            visibility=visibility,
        )
        return Image.objects.create(
            generation=generation,
            status=RunStatus.SUCCEEDED,
            finished_at=timezone.now(),
            sha256=digest,
            **facts,
        )
