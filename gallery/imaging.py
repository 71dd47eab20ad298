"""Bytes in, bytes out: what a picture file is, and its smaller copies. No Django here."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO

from PIL import Image as Pillow

from venice_site.cores import on_every_core

FORMATS = {
    "PNG": ("image/png", "png"),
    "JPEG": ("image/jpeg", "jpg"),
    "WEBP": ("image/webp", "webp"),
}
EXTENSIONS = dict(FORMATS.values())
MAX_BYTES = 64 * 1024 * 1024
MAX_PIXELS = 50_000_000  # a 4K picture of the widest ratio has 21 million
MOST_SCANS = 40  # of a progressive JPEG; each costs as much as decoding it once
ORIENTATION = 0x0112
# What is to be done so that a picture stands upright, by its EXIF orientation.
UPRIGHT = {
    2: Pillow.Transpose.FLIP_LEFT_RIGHT,
    3: Pillow.Transpose.ROTATE_180,
    4: Pillow.Transpose.FLIP_TOP_BOTTOM,
    5: Pillow.Transpose.TRANSPOSE,
    6: Pillow.Transpose.ROTATE_270,
    7: Pillow.Transpose.TRANSVERSE,
    8: Pillow.Transpose.ROTATE_90,
}
LYING = (5, 6, 7, 8)
PREVIEW = 1440
THUMBNAILS = (512, 256)
RENDITIONS = (PREVIEW, *THUMBNAILS)  # longest side in pixels; each is made from the one before
PLACEHOLDER = 10  # pixels of the tiny copy that stands in the row
CAREFUL_QUALITY = 95  # of a copy that Venice works on
SMALLER = 0.8
WEBP_QUALITY, WEBP_METHOD = 80, 2  # methods above 2 cost much and save under 10 %


class NotAPicture(ValueError):
    """These bytes are not a whole PNG, JPEG or WebP picture of a sane size."""


@dataclass(frozen=True, slots=True)
class Picture:
    """What the bytes themselves say, and their copies as WebP by longest side in pixels; all of it upright."""

    mime: str
    width: int
    height: int
    renditions: dict[int, bytes]
    placeholder: bytes

    @property
    def extension(self) -> str:
        """Return the file extension, without the dot."""
        return EXTENSIONS[self.mime]


@on_every_core
def develop(content: bytes, most_pixels: int = MAX_PIXELS) -> Picture:
    """Verify a picture by decoding all of it, and make its smaller copies.

    Raises `NotAPicture` for anything else: other formats, cut files, decompression bombs.
    """
    if len(content) > MAX_BYTES:
        raise NotAPicture("The file is too large.")
    if content.startswith(b"\xff\xd8") and content.count(b"\xff\xda") > MOST_SCANS:
        raise NotAPicture("The picture is made of too many layers.")
    try:
        with Pillow.open(BytesIO(content), formats=tuple(FORMATS)) as opened:
            _refuse_bomb(opened.size, most_pixels)
            mime, _ = FORMATS[opened.format or ""]
            turned = _orientation(opened)
            width, height = opened.size[::-1] if turned in LYING else opened.size
            renditions, placeholder = _copies(opened, turned)
            return Picture(mime, width, height, renditions, placeholder)
    except (OSError, SyntaxError, ValueError, KeyError, EOFError) as error:
        raise NotAPicture(str(error)) from error
    except (Pillow.DecompressionBombError, Pillow.DecompressionBombWarning) as error:
        raise NotAPicture("The picture has too many pixels.") from error


def fitted(width: int, height: int, longest: int) -> tuple[int, int]:
    """Return the size of a rendition: the proportions kept, never enlarged."""
    scale = min(1.0, longest / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


@on_every_core
def within(content: bytes, most_bytes: int, most_pixels: int) -> bytes:
    """Return a verified picture as it is if it fits and stands upright, else a copy of it that does."""
    with Pillow.open(BytesIO(content), formats=tuple(FORMATS)) as opened:
        width, height = opened.size
        scale = min(1.0, (most_pixels / (width * height)) ** 0.5)
        turned = _orientation(opened)
        if scale == 1.0 and turned not in UPRIGHT and len(content) <= most_bytes:
            return content
        mode = "RGBA" if opened.has_transparency_data else "RGB"
        current = _upright(opened.convert(mode), turned)
        width, height = current.size
    while True:
        size = (max(1, int(width * scale)), max(1, int(height * scale)))
        smaller = _webp(current.resize(size, Pillow.Resampling.LANCZOS), None, CAREFUL_QUALITY)
        if len(smaller) <= most_bytes:
            return smaller
        scale *= SMALLER


def _refuse_bomb(size: tuple[int, int], most_pixels: int) -> None:
    if size[0] * size[1] > most_pixels:
        raise NotAPicture("The picture has too many pixels.")


def _orientation(opened: Pillow.Image) -> int:
    return int(opened.getexif().get(ORIENTATION) or 1)


def _upright(image: Pillow.Image, turned: int) -> Pillow.Image:
    return image.transpose(UPRIGHT[turned]) if turned in UPRIGHT else image


def _copies(opened: Pillow.Image, turned: int) -> tuple[dict[int, bytes], bytes]:
    profile = opened.info.get("icc_profile") if opened.mode in ("RGB", "RGBA") else None
    mode = "RGBA" if opened.has_transparency_data else "RGB"
    current: Pillow.Image = opened if opened.mode == mode else opened.convert(mode)
    made = {}
    for longest in RENDITIONS:
        current = _shrunk(current, longest)
        if longest == PREVIEW:
            current = _upright(current, turned)
        made[longest] = _webp(current, profile)
    return made, _placeholder(current)


def _placeholder(image: Pillow.Image) -> bytes:
    """Return about a hundred bytes that show where it is light and dark."""
    out = BytesIO()
    tiny = _shrunk(image.convert("RGB"), PLACEHOLDER)
    tiny.save(out, "WEBP", quality=20, method=6)
    return out.getvalue()


def _shrunk(image: Pillow.Image, longest: int) -> Pillow.Image:
    """`reducing_gap=1` halves by box averages first, which is ten times as fast as resampling."""
    size = fitted(image.width, image.height, longest)
    if size == image.size:
        return image
    return image.resize(size, Pillow.Resampling.BICUBIC, reducing_gap=1.0)


def _webp(image: Pillow.Image, profile: bytes | None, quality: int = WEBP_QUALITY) -> bytes:
    out = BytesIO()
    image.save(out, "WEBP", quality=quality, method=WEBP_METHOD, icc_profile=profile or b"")
    return out.getvalue()
