"""Bytes that a person attached → a picture that is safe to keep and to send. No Django here."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass

from PIL import Image, ImageOps, UnidentifiedImageError

from venice_site.cores import on_every_core

LONGEST_SIDE = 1568  # pixels; models see no more than this (contract 7.5)
SHORTEST_SIDE = 64  # pixels; Venice refuses smaller pictures (contract 7.5)
MOST_BYTES = 20 * 1024 * 1024
MOST_PIXELS = 50_000_000
PIXELS_A_TOKEN = 750
_SIGNATURES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"II*\0", b"MM\0*")
FORMATS = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}


class NotAPicture(ValueError):
    """What was attached cannot be used; `str(error)` is a sentence for the person."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture encoded afresh: no metadata, no larger than a model can see. Sizes in pixels."""

    content: bytes
    mime: str
    width: int
    height: int

    @property
    def tokens(self) -> int:
        """Return roughly how many tokens a model reads in it; it depends on the pixels, not on the bytes."""
        return -(-self.width * self.height // PIXELS_A_TOKEN)


def is_picture(content: bytes) -> bool:
    """Return whether the first bytes are those of a picture, of a format that we take or not."""
    is_webp = content[:4] == b"RIFF" and content[8:12] == b"WEBP"
    return is_webp or content.startswith(_SIGNATURES) or content[4:8] == b"ftyp"


@on_every_core
def prepare(content: bytes) -> Picture:
    """Return the picture upright, made small and encoded afresh. Raises `NotAPicture`."""
    if len(content) > MOST_BYTES:
        raise NotAPicture("A picture may have 20 MB at most. Choose a smaller one.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return _encoded_afresh(content)
    except UnidentifiedImageError:
        raise NotAPicture("This is not a PNG, JPEG or WebP picture.") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise NotAPicture("This picture has too many pixels. Choose a smaller one.") from None
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        if isinstance(error, NotAPicture):
            raise
        # Pillow reports damaged files in all of these ways.
        raise NotAPicture("This picture is damaged and cannot be read.") from error


def _encoded_afresh(content: bytes) -> Picture:
    with Image.open(io.BytesIO(content), formats=list(FORMATS)) as source:
        if source.width * source.height > MOST_PIXELS:
            raise NotAPicture("This picture has too many pixels. Choose a smaller one.")
        if min(source.size) < SHORTEST_SIDE:
            raise NotAPicture("A picture needs at least 64 pixels on each side.")
        form = source.format or "PNG"
        source.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
        picture = ImageOps.exif_transpose(source)
        picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE), reducing_gap=2.0)
        return _encode(picture, form)


def _encode(picture: Image.Image, form: str) -> Picture:
    see_through = picture.has_transparency_data and form != "JPEG"
    plain = picture.convert("RGBA" if see_through else "RGB")
    plain.info.clear()  # what rode along in the file: EXIF, profiles, comments
    target = io.BytesIO()
    options = {"JPEG": {"quality": 88}, "WEBP": {"quality": 88, "method": 2}}
    plain.save(target, form, **options.get(form, {}))
    return Picture(target.getvalue(), FORMATS[form], plain.width, plain.height)
