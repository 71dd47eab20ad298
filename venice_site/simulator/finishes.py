"""What models and styles do to a picture once it is drawn: each its own visible treatment."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256

from PIL import Image, ImageChops, ImageEnhance, ImageFilter, ImageOps

type Finish = Callable[[Image.Image], Image.Image]

BICUBIC = Image.Resampling.BICUBIC


def soft_copy(image: Image.Image, scale: int) -> Image.Image:
    """Returns a cheap blur: the image reduced and enlarged again."""
    small = image.resize(
        (max(1, image.width // scale), max(1, image.height // scale)), Image.Resampling.BOX
    )
    return small.filter(ImageFilter.GaussianBlur(1.2)).resize(image.size, BICUBIC)


def crisp(image: Image.Image) -> Image.Image:
    """A little contrast, darker corners."""
    return vignette(curve(image, lambda v: v + 0.06 * (v - 0.5)), 0.22)


def vivid(image: Image.Image) -> Image.Image:
    """Strong colours."""
    return vignette(ImageEnhance.Color(image).enhance(1.45), 0.2)


def glowing(image: Image.Image) -> Image.Image:
    """Lights that bloom."""
    return Image.blend(image, ImageChops.screen(image, soft_copy(image, 24)), 0.45)


def dreamy(image: Image.Image) -> Image.Image:
    """Soft focus and lifted shadows."""
    soft = Image.blend(image, soft_copy(image, 10), 0.5)
    return curve(
        Image.blend(soft, ImageChops.screen(soft, soft_copy(image, 30)), 0.4),
        lambda v: 0.07 + 0.93 * v,
    )


def cinematic(image: Image.Image) -> Image.Image:
    """Teal shadows, warm lights, dark corners."""
    red, green, blue = image.split()
    red = red.point(lambda v: min(255, round(v * 1.07 - 6)))
    green = green.point(lambda v: round(v * 0.99))
    blue = blue.point(lambda v: round(22 + v * 0.86))
    return vignette(
        curve(Image.merge("RGB", (red, green, blue)), lambda v: v + 0.12 * (v - 0.5)), 0.45
    )


def inked(image: Image.Image) -> Image.Image:
    """Flat colours inside dark outlines."""
    flat = ImageEnhance.Color(ImageOps.posterize(image, 4)).enhance(1.25)
    flat = curve(flat, lambda v: min(1.0, v * 1.06 + 0.02))
    lines = (
        image.convert("L")
        .filter(ImageFilter.FIND_EDGES)
        .point(lambda v: 255 if v < 14 else max(30, 255 - v * 9))
    )
    return ImageChops.multiply(flat, Image.merge("RGB", (lines, lines, lines)))


def flat(image: Image.Image) -> Image.Image:
    """A dozen flat colours, like a vector drawing."""
    small = image.resize(
        (max(1, image.width // 4), max(1, image.height // 4)), Image.Resampling.BOX
    )
    palette = small.quantize(14, Image.Quantize.MEDIANCUT)
    return image.quantize(palette=palette, dither=Image.Dither.NONE).convert("RGB")


def print_on_paper(image: Image.Image) -> Image.Image:
    """An art print: the picture inside a paper border with a thin line."""
    side = min(image.size)
    margin, line = max(2, side // 16), max(1, side // 400)
    paper = Image.new("RGB", image.size, (245, 240, 229))
    inner = image.resize(
        (image.width - 2 * margin, image.height - 2 * margin), Image.Resampling.BOX
    )
    paper.paste(
        (40, 38, 36),
        (
            margin - 2 * line,
            margin - 2 * line,
            image.width - margin + 2 * line,
            image.height - margin + 2 * line,
        ),
    )
    paper.paste(
        (245, 240, 229),
        (margin - line, margin - line, image.width - margin + line, image.height - margin + line),
    )
    paper.paste(inner, (margin, margin))
    return paper


def moody(image: Image.Image) -> Image.Image:
    """Deep shadows, few colours."""
    return vignette(curve(ImageEnhance.Color(image).enhance(0.7), lambda v: v**1.45 * 1.08), 0.6)


def warm(image: Image.Image) -> Image.Image:
    """Cream in the lights."""
    return ImageChops.multiply(
        curve(image, lambda v: 0.06 + 0.94 * v), Image.new("RGB", image.size, (255, 243, 222))
    )


def cool(image: Image.Image) -> Image.Image:
    """A cold cast and a leak of light from one corner."""
    leak = (
        Image.radial_gradient("L").crop((128, 128, 256, 256)).point(lambda v: max(0, 70 - v // 2))
    )
    leak = leak.resize(image.size, BICUBIC)
    cold = ImageChops.multiply(image, Image.new("RGB", image.size, (226, 240, 255)))
    return ImageChops.screen(cold, Image.merge("RGB", (leak, leak, leak)))


def tilt_shift(image: Image.Image) -> Image.Image:
    """Sharp across the middle, soft above and below."""
    half = Image.linear_gradient("L").point(lambda v: min(255, max(0, 255 - v * 3)))
    mask = Image.new("L", (256, 512))
    mask.paste(half, (0, 0))
    mask.paste(ImageOps.flip(half), (0, 256))
    return Image.composite(
        soft_copy(image, 8),
        ImageEnhance.Color(image).enhance(1.25),
        mask.resize(image.size, BICUBIC),
    )


def watercolour(image: Image.Image) -> Image.Image:
    """Pale washes that fade into white paper at the edges."""
    washed = curve(Image.blend(image, soft_copy(image, 5), 0.6), lambda v: 0.2 + 0.8 * v)
    mask = (
        Image.radial_gradient("L")
        .resize(image.size, BICUBIC)
        .point(lambda v: min(255, max(0, (v - 120) * 3)))
    )
    return Image.composite(Image.new("RGB", image.size, (250, 247, 240)), washed, mask)


def grain(image: Image.Image) -> Image.Image:
    """Film grain over faded colours."""
    tile = _NOISE
    noise = Image.new("L", image.size)
    for x in range(0, image.width, tile.width):
        for y in range(0, image.height, tile.height):
            noise.paste(tile, (x, y))
    faded = curve(ImageEnhance.Color(image).enhance(0.82), lambda v: 0.06 + 0.88 * v)
    return ImageChops.add(faded, Image.merge("RGB", (noise, noise, noise)), 1, -12)


def monochrome(image: Image.Image) -> Image.Image:
    """Black and white."""
    return curve(image.convert("L").convert("RGB"), lambda v: v + 0.1 * (v - 0.5))


def noir(image: Image.Image) -> Image.Image:
    """Black and white with hard light."""
    return vignette(curve(image.convert("L").convert("RGB"), lambda v: v + 0.5 * (v - 0.45)), 0.6)


def line_art(image: Image.Image) -> Image.Image:
    """Dark lines on paper."""
    edges = image.convert("L").filter(ImageFilter.FIND_EDGES)
    edges = edges.point(lambda v: 255 if v < 8 else max(20, 255 - v * 8))
    return ImageOps.colorize(edges, (28, 27, 38), (250, 248, 242))


def pixels(image: Image.Image) -> Image.Image:
    """Large square pixels of few colours."""
    scale = max(2, min(image.size) // 112)
    small = image.resize(
        (max(1, image.width // scale), max(1, image.height // scale)), Image.Resampling.BOX
    )
    return small.quantize(28).convert("RGB").resize(image.size, Image.Resampling.NEAREST)


def neon(image: Image.Image) -> Image.Image:
    """Glowing outlines in the dark, pink above and blue below."""
    edges = image.convert("L").filter(ImageFilter.FIND_EDGES)
    edges = edges.point(lambda v: 0 if v < 10 else min(255, 60 + v * 5))
    tint = ImageOps.colorize(Image.linear_gradient("L"), (255, 50, 160), (30, 220, 255))
    dark = curve(image, lambda v: v * 0.22)
    lines = Image.composite(tint.resize(image.size, BICUBIC), Image.new("RGB", image.size), edges)
    haze = soft_copy(lines, 12)
    return ImageChops.screen(ImageChops.screen(dark, lines), ImageChops.add(haze, haze))


def halftone(image: Image.Image) -> Image.Image:
    """Printed dots over flat colours, with outlines."""
    size = max(4, min(image.size) // 128)
    dot = Image.radial_gradient("L").resize((size, size)).point(lambda v: 255 if v > 120 else 215)
    dots = Image.new("L", image.size, 255)
    for x in range(0, image.width, size):
        for y in range(0, image.height, size):
            dots.paste(dot, (x, y))
    return ImageChops.multiply(inked(image), Image.merge("RGB", (dots, dots, dots)))


def sepia(image: Image.Image) -> Image.Image:
    """Brown like an old print."""
    return vignette(ImageOps.colorize(image.convert("L"), (38, 24, 16), (250, 236, 205)), 0.35)


def faded(image: Image.Image) -> Image.Image:
    """A touch of brown, as in an old magazine."""
    return Image.blend(image, sepia(image), 0.4)


def embossed(image: Image.Image) -> Image.Image:
    """Relief, as if cut from thick paper."""
    relief = image.convert("L").filter(ImageFilter.EMBOSS)
    return ImageChops.overlay(flat(image), Image.merge("RGB", (relief, relief, relief)))


def turned_by(degrees: int) -> Finish:
    """Returns a finish that turns every hue."""

    def turn(image: Image.Image) -> Image.Image:
        hue, saturation, value = image.convert("HSV").split()
        shift = degrees * 256 // 360
        return Image.merge(
            "HSV", (hue.point(lambda v: (v + shift) % 256), saturation, value)
        ).convert("RGB")

    return turn


def curve(image: Image.Image, tone: Callable[[float], float]) -> Image.Image:
    """Maps every channel through a tone curve on 0 to 1."""
    table = [min(255, max(0, round(tone(v / 255) * 255))) for v in range(256)]
    return image.point(table * 3)


def vignette(image: Image.Image, strength: float) -> Image.Image:
    """Darkens the corners."""
    mask = Image.radial_gradient("L").resize(image.size, BICUBIC)
    mask = mask.point(lambda v: round(255 * (1 - strength * max(0.0, (v - 90) / 165) ** 1.6)))
    return ImageChops.multiply(image, Image.merge("RGB", (mask, mask, mask)))


def black(image: Image.Image) -> Image.Image:
    """What Venice sends instead of a refused picture."""
    return Image.new("RGB", image.size)


def blurred(image: Image.Image) -> Image.Image:
    """What safe mode makes of a picture."""
    return soft_copy(image, 40)


def _noise() -> Image.Image:
    # Pillow's effect_noise cannot be seeded; a hash keeps pictures the same from run to run.
    data = b"".join(sha256(bytes([n % 256, n // 256])).digest() for n in range(512))
    return Image.frombytes("L", (128, 128), data).point(lambda v: v // 10)


_NOISE = _noise()

MODEL_FINISHES: dict[str, Finish] = {
    "z-image-turbo": crisp,
    "venice-sd35": glowing,
    "chroma": vivid,
    "wai-Illustrious": inked,
    "qwen-image": print_on_paper,
    "flux-2-pro": cinematic,
    "qwen-image-2": cool,
    "recraft-v4": flat,
    "nano-banana-2": warm,
    "grok-imagine-image": moody,
    "gpt-image-2": faded,
    "hidream": tilt_shift,
    "fluently-xl": dreamy,
    "stable-diffusion-3": watercolour,
}
TREATMENTS: dict[str, Finish] = {"black": black, "blurred": blurred}
_STYLES: tuple[tuple[str, Finish], ...] = (
    ("monochrome,silhouette,minimalist,zentangle", monochrome),
    ("film noir,neon noir,horror,gothic,dystopian", noir),
    ("line art,typography,tribal", line_art),
    ("pixel art,minecraft,super mario,retro arcade,retro game,gta", pixels),
    ("neon punk,disco,techwear,alien", neon),
    ("comic book,pop art,street fighter,fighting game,graffiti", halftone),
    ("anime,pokemon,legend of zelda,rpg fantasy", inked),
    ("watercolor,impressionist,fairy tale,dreamscape", watercolour),
    ("analog film,grunge,long exposure,pointillism", grain),
    ("lowpoly,flat papercut,isometric,strategy,cubist,stained", flat),
    ("origami,kirigami,paper,papercut,craft clay,3d model,collage", embossed),
    ("cinematic,photographic,advertising", cinematic),
    ("tilt-shift,real estate,architectural", tilt_shift),
    ("fantasy art,digital art,enhance,space,surrealist", glowing),
    ("hdr,hyperrealism,food", vivid),
    ("steampunk,renaissance", sepia),
    ("psychedelic,abstract", turned_by(140)),
)


def finish_for_style(label: str) -> Finish:
    """Returns what a style preset does; a label without a treatment of its own turns the hues."""
    lowered = label.lower()
    for names, finish in _STYLES:
        if any(lowered.startswith(name) or name in lowered for name in names.split(",")):
            return finish
    return turned_by(40 + sum(lowered.encode()) % 280)
