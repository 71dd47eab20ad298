"""Colours of the painted pictures, and the words of a prompt that call for them."""

from __future__ import annotations

import colorsys
import re
from dataclasses import dataclass
from random import Random

type Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Palette:
    """A sky (top to low), a light, layers from far to near, and accents."""

    name: str
    top: Colour
    low: Colour
    light: Colour
    far: Colour
    near: Colour
    accents: tuple[Colour, ...]

    @property
    def dark(self) -> bool:
        """Says whether the sky is a night sky."""
        return brightness(self.top) < 70

    @property
    def all(self) -> list[Colour]:
        return [self.top, self.low, self.light, self.far, self.near, *self.accents]


def brightness(colour: Colour) -> float:
    """Returns perceived brightness, 0 to 255."""
    return 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2]


def mix(a: Colour, b: Colour, share: float) -> Colour:
    """Returns the colour `share` of the way from a to b."""
    share = min(1.0, max(0.0, share))
    red, green, blue = (round(x + (y - x) * share) for x, y in zip(a, b, strict=True))
    return red, green, blue


def turned(colour: Colour, degrees: float, lighter: float = 0.0) -> Colour:
    """Returns the colour with its hue turned and its lightness changed (share of the range)."""
    hue, lightness, saturation = colorsys.rgb_to_hls(*(part / 255 for part in colour))
    lightness = min(1.0, max(0.0, lightness + lighter))
    red, green, blue = colorsys.hls_to_rgb((hue + degrees / 360) % 1.0, lightness, saturation)
    return round(red * 255), round(green * 255), round(blue * 255)


def _palette(name: str, colours: str) -> Palette:
    top, low, light, far, near, *accents = (_hex(colour) for colour in colours.split())
    return Palette(name, top, low, light, far, near, tuple(accents))


def _hex(text: str) -> Colour:
    return int(text[0:2], 16), int(text[2:4], 16), int(text[4:6], 16)


PALETTES: dict[str, Palette] = {
    palette.name: palette
    for palette in (
        #                     top    low    light  far    near   accents
        _palette("ember", "3b2a5c f58a4b ffe2a0 c4577a 1f1530 ff6b5e ffb35c 7a3b78"),
        _palette("rose", "7d86c4 fbc4b0 fff1d6 c98fa9 3a2c4f f0717f f9d27a 6f6aa8"),
        _palette("peach", "f7b58c fde7c4 fff8e6 e08a75 5b2f45 f25c54 f7b267 b56576"),
        _palette("gold", "e9a03b fbe3a1 fff7d9 b9702f 3c2416 d9572b f2c14e 7a4a20"),
        _palette("indigo", "0b1033 35467f f4efd2 2d3f7a 060a1c 8fa7ff f7c66b 5a4fb0"),
        _palette("aurora", "04121f 11575f d7fff0 15505a 02090f 48e5b3 7ef0ff 9a6bff"),
        _palette("neon", "120726 5b1a73 ffd9f5 3a1560 08030f ff3d9a 27e1ff ffb13d"),
        _palette("midnight", "0a1620 27455c e8f1f5 2b475c 060d13 f2b56b 8ec3d9 d96b5b"),
        _palette("moss", "b9cfa8 eef1cf fffbe0 8fae86 1e3a2a d9a441 6b9b6a 3f6b4f"),
        _palette("spruce", "8fb0ad dfe8df fbfff5 7fa19b 10302d c9784a 4d7f74 e3c77b"),
        _palette("autumn", "e8c08a f8e8c5 fffae6 c98a4e 3a1e16 c8452d e98b2a 7d5a2f"),
        _palette("lagoon", "5cc3d6 d8f3e6 fffdf0 3a9bb0 0d3b52 ff7f66 ffd166 2a7f9e"),
        _palette("deep", "1d5a86 9fd3de fdf6dc 2e7396 07243a f4a259 4fb3bf 8cd0d6"),
        _palette("nordic", "9db7c9 e9eef0 ffffff 7f9db2 1f3345 d1603d 4f7690 c7d3db"),
        _palette("frost", "a9c6e8 f3f8fd ffffff 9ab5d6 34507a 6f8fc4 d8e6f7 f0a6b5"),
        _palette("terracotta", "e3b28d f7e3cb fff6e6 c9774f 4a1f1a 9c3d2a e9a15b 2f6f73"),
        _palette("cherry", "f4c6d4 fdeee9 fffafa e394ad 5a2a46 d94f7c f9a8bb 7fa67a"),
        _palette("crimson", "5c0f1f d9483b ffd9b8 9c1f2e 21060c ff6a4d f2a65a 7a1230"),
        _palette("violet", "4a3b8f c9a3e0 fdf0ff 7b5fb8 1b1238 f08fc0 8fd0f5 f5c86b"),
        _palette("ink", "c9c7c1 f3f1ea ffffff 98958e 1b1b1d c0392b 5c5a57 e4ded2"),
    )
}

PALETTE_WORDS: dict[str, str] = {
    "sunset": "ember rose peach crimson",
    "dusk": "rose ember violet",
    "dawn": "rose peach lagoon",
    "sunrise": "peach rose gold",
    "morning": "peach lagoon moss",
    "golden": "gold autumn peach",
    "gold": "gold",
    "sun": "gold peach ember",
    "night": "indigo midnight aurora",
    "moon": "indigo midnight",
    "stars": "indigo midnight aurora",
    "dark": "midnight crimson indigo",
    "space": "indigo aurora violet neon",
    "galaxy": "violet aurora neon",
    "aurora": "aurora",
    "neon": "neon",
    "cyberpunk": "neon",
    "city": "neon midnight ember",
    "forest": "moss spruce aurora",
    "tree": "moss spruce autumn",
    "jungle": "moss",
    "green": "moss spruce aurora",
    "garden": "cherry moss",
    "spring": "cherry moss lagoon",
    "cherry": "cherry",
    "blossom": "cherry",
    "flower": "cherry violet",
    "pink": "cherry rose",
    "autumn": "autumn gold",
    "fall": "autumn",
    "ocean": "lagoon deep nordic",
    "sea": "deep lagoon nordic",
    "beach": "lagoon peach",
    "lake": "deep nordic spruce",
    "river": "deep moss",
    "water": "deep lagoon",
    "harbour": "deep rose nordic",
    "harbor": "deep rose nordic",
    "blue": "deep lagoon frost",
    "winter": "frost nordic",
    "snow": "frost nordic",
    "ice": "frost aurora",
    "desert": "terracotta gold",
    "canyon": "terracotta",
    "orange": "ember autumn terracotta",
    "red": "crimson terracotta",
    "fire": "crimson ember",
    "purple": "violet",
    "lavender": "violet",
    "storm": "midnight nordic",
    "rain": "midnight nordic spruce",
    "black": "ink midnight",
    "white": "frost ink",
    "monochrome": "ink",
    "minimal": "ink frost terracotta",
    "fog": "nordic spruce",
    "mist": "nordic spruce",
}


COLOUR_WORDS = frozenset(
    {"red", "blue", "green", "gold", "golden", "purple", "pink", "white", "black", "orange"}
)


def words_of(prompt: str) -> list[str]:
    """Returns the words of a prompt in lower case, with plurals cut."""
    return [
        word.removesuffix("s") if len(word) > 4 else word
        for word in re.findall(r"[a-z]+", prompt.lower())
    ]


def choose_palette(prompt: str, rng: Random) -> Palette:
    """Returns a palette the words hint at (any, when they hint at none), a little turned in hue."""
    words = words_of(prompt)
    hints = {word: _hint(word).split() for word in words if _hint(word)}
    # A colour that is named outweighs what the rest of the words suggest.
    named = [name for word, names in hints.items() if word in COLOUR_WORDS for name in names]
    hinted = named or [name for names in hints.values() for name in names]
    palette = PALETTES[rng.choice(hinted or list(PALETTES))]
    return _varied(palette, rng.uniform(-14, 14), rng.uniform(-0.025, 0.025))


def _hint(word: str) -> str:
    return PALETTE_WORDS.get(word) or PALETTE_WORDS.get(word + "s") or ""


def _varied(palette: Palette, degrees: float, lighter: float) -> Palette:
    def vary(colour: Colour) -> Colour:
        return turned(colour, degrees, lighter)

    accents = tuple(vary(accent) for accent in palette.accents)
    return Palette(
        palette.name,
        vary(palette.top),
        vary(palette.low),
        vary(palette.light),
        vary(palette.far),
        vary(palette.near),
        accents,
    )
