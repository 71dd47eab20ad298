"""The painter: an order becomes an image file, always the same one for the same order."""

from __future__ import annotations

import io
import json
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from random import Random

from PIL import ExifTags, Image, ImageDraw, ImageFont

from .canvas import Canvas
from .finishes import MODEL_FINISHES, TREATMENTS, crisp, finish_for_style
from .heavens import planets
from .landscapes import forest, ridges, sea
from .palettes import choose_palette, words_of
from .patterns import bloom, currents, mosaic
from .skyline import city

# Larger pictures are drawn with so many pixels and enlarged.
LARGEST_DRAWING = 1_200_000
CACHE_BYTES = 64 * 1024 * 1024

type Composition = Callable[[Canvas], None]

FAMILIES = (ridges, sea, city, forest, planets, mosaic, currents, bloom)
FAMILY_WORDS: dict[Composition, str] = {
    ridges: "mountain hill landscape valley sunset sunrise dawn dusk castle dragon canyon desert alp fuji village cabin",
    sea: "ocean sea beach wave harbour harbor lake boat ship island coast river lighthouse water sail",
    city: "city street cyberpunk skyline tower urban neon building night tokyo town robot car future futuristic",
    forest: "forest tree wood jungle fox deer bear wolf winter snow fog mist path owl",
    planets: "space planet galaxy star nebula cosmic astronaut moon rocket orbit universe alien",
    mosaic: "abstract geometric pattern mosaic bauhaus tile quilt logo minimal poster icon cubist",
    currents: "flow flowing curve wind silk dream music smoke paper layer wave texture abstract dune desert aurora",
    bloom: "flower garden blossom rose lotus bloom cherry spring petal mandala bird butterfly floral portrait",
}


@dataclass(frozen=True)
class Order:
    """All that decides what a picture looks like and how it is written to a file."""

    prompt: str
    model: str
    seed: int
    width: int
    height: int
    negative_prompt: str = ""
    style: str = ""
    detail: float = 0.5
    steps: int = 0
    format: str = "png"
    watermark: bool = False
    exif: bool = False
    treatment: str = ""


class Cache:
    """The files painted last, up to a number of bytes; painting is pure, so any may be dropped."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = 0
        self._files: OrderedDict[Order, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, order: Order) -> bytes | None:
        with self._lock:
            if order in self._files:
                self._files.move_to_end(order)
            return self._files.get(order)

    def put(self, order: Order, data: bytes) -> None:
        with self._lock:
            if order not in self._files:
                self._files[order] = data
                self._size += len(data)
            while self._size > self._limit:
                self._size -= len(self._files.popitem(last=False)[1])


_cache = Cache(CACHE_BYTES)


def paint(order: Order) -> bytes:
    """Returns the image file of an order; byte-identical for equal orders."""
    data = _cache.get(order)
    if data is None:
        data = encode(draw(order), order)
        _cache.put(order, data)
    return data


def draw(order: Order) -> Image.Image:
    """Returns the picture of an order at its exact size."""
    scale = min(1.0, (LARGEST_DRAWING / (order.width * order.height)) ** 0.5)
    width, height = max(1, round(order.width * scale)), max(1, round(order.height * scale))
    rng = Random(_fingerprint(order))
    canvas = Canvas(
        width, height, choose_palette(order.prompt, rng), rng, min(1.0, max(0.0, order.detail))
    )
    _composition(order.prompt, rng)(canvas)
    image = MODEL_FINISHES.get(order.model, crisp)(canvas.finish())
    if order.style:
        image = finish_for_style(order.style)(image)
    if order.treatment:
        image = TREATMENTS[order.treatment](image)
    if image.size != (order.width, order.height):
        image = image.resize((order.width, order.height), Image.Resampling.BICUBIC)
    return _watermarked(image) if order.watermark else image


def _composition(prompt: str, rng: Random) -> Composition:
    words = set(words_of(prompt))
    hinted = [
        family for family, hints in FAMILY_WORDS.items() for hint in hints.split() if hint in words
    ]
    return rng.choice(hinted or list(FAMILIES))


def _fingerprint(order: Order) -> int:
    facts = (order.prompt, order.seed, order.model, order.style, order.negative_prompt)
    return int.from_bytes(sha256(json.dumps(facts).encode()).digest()[:8])


def _watermarked(image: Image.Image) -> Image.Image:
    size = max(8, min(image.size) // 42)
    font = ImageFont.load_default(size)
    corner = (image.width - size * 0.8, image.height - size * 0.7)
    pen = ImageDraw.Draw(image, "RGBA")
    pen.text((corner[0] + 1, corner[1] + 1), "Venice", font=font, fill=(0, 0, 0, 120), anchor="rs")
    pen.text(corner, "Venice", font=font, fill=(255, 255, 255, 190), anchor="rs")
    return image


def encode(image: Image.Image, order: Order) -> bytes:
    """Returns the picture as a file of the order's format, with EXIF when the order wants it."""
    out = io.BytesIO()
    exif = _exif(order) if order.exif else Image.Exif()
    if order.format == "jpeg":
        image.save(out, "JPEG", quality=88, exif=exif)
    elif order.format == "webp":
        image.save(out, "WEBP", quality=86, method=0, exif=exif)
    else:
        image.save(out, "PNG", compress_level=2, exif=exif)
    return out.getvalue()


def _exif(order: Order) -> Image.Exif:
    facts = {
        "prompt": order.prompt,
        "negative_prompt": order.negative_prompt,
        "model": order.model,
        "seed": order.seed,
        "steps": order.steps,
        "style_preset": order.style,
        "width": order.width,
        "height": order.height,
    }
    exif = Image.Exif()
    exif[ExifTags.Base.ImageDescription] = order.prompt
    exif[ExifTags.Base.Software] = "Venice.ai"
    exif[ExifTags.Base.Model] = order.model
    text = json.dumps(
        {name: value for name, value in facts.items() if value != ""}, ensure_ascii=True
    )
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.UserComment] = b"ASCII\0\0\0" + text.encode(
        "ascii"
    )
    return exif
