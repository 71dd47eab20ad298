"""What made-up prompts are made of: some hundred words, and the names of a team and what it gathers. No Django here."""

from __future__ import annotations

import random


def _listed(text: str, between: str = " ") -> list[str]:
    return text.split(between)


PEOPLE = ("mara", "jonas", "ines", "tomek", "aiko", "samuel", "leila", "bruno")
SUBJECTS = _listed(
    "heron fox lighthouse harbour otter violinist astronaut dragon tram greenhouse robot wolf castle orchard"
    " baker submarine cathedral owl market bridge glacier waterfall horse knight typewriter teapot balloon"
    " library windmill sailor dancer mermaid fisherman piano beetle whale observatory caravan desert canyon"
    " monastery clockmaker gardener tiger raven cottage skyscraper ferry vineyard volcano temple statue"
    " bicycle locomotive portrait chessboard telescope carousel umbrella forest island village staircase"
)
LOOKS = _listed(
    "old quiet golden broken enormous tiny weathered luminous crooked mossy frozen glass copper wooden"
    " forgotten proud sleepy curious striped velvet translucent rusty marble paper ivory scarlet emerald"
    " cobalt amber silver pale dusty floating ancient modern baroque gentle fierce lonely joyful spectral"
)
PLACES = _listed(
    "in fog|at dawn|in a winter storm|under northern lights|beside a lagoon|above the clouds|in heavy rain"
    "|on wet cobblestones|in tall grass|in a crowded bazaar|at the edge of the sea|in falling snow"
    "|inside a cave of crystals|on a salt flat|in an empty museum|under a red moon|along a canal at night"
    "|in a field of poppies|on the last tram home|behind a waterfall|in the attic|on a rooftop in summer",
    "|",
)
LIGHT = _listed(
    "soft window light|rim light|harsh noon sun|candle light|neon glow|volumetric beams|golden hour|overcast sky"
    "|moonlight|backlit silhouette|studio softbox|firelight|bioluminescence|long shadows|high contrast",
    "|",
)
MEDIA = _listed(
    "oil on canvas|35 mm film|ink and watercolour|charcoal sketch|linocut print|gouache illustration"
    "|pencil drawing|macro photograph|isometric render|stained glass|wide angle photograph|claymation still"
    "|art nouveau poster|pixel art|embroidery|double exposure|cyanotype|fresco|paper collage|matte painting",
    "|",
)
DETAILS = _listed(
    "intricate|muted palette|film grain|shallow depth of field|symmetrical composition|negative space"
    "|visible brush strokes|fine linework|pastel tones|dramatic perspective|hand lettered sign|reflections"
    "|drifting smoke|scattered petals|patterned tiles|gold leaf|close up|full body|from below|seen from afar"
    "|two figures in the distance|a flock of birds|a small dog|torn edges|halftone dots|deep blue water"
    "|cracked plaster|hanging lanterns|a single lit window|autumn leaves|tangled roots|brass instruments",
    "|",
)
REFUSED = ("blurry, low quality", "text, watermark", "extra fingers", "people", "frame, border")
TAGS = _listed(
    "winter summer poster draft final client print portrait landscape mood night water animals city texture"
    " cover banner icon storyboard character prop background reject favourite-light retouch series-a series-b"
    " spring autumn sky macro pattern logo album book game pitch"
)
# Names of collections, each with the place in this list of the one that it lies in; private ones have a lock.
COLLECTIONS: tuple[tuple[str, int | None, bool], ...] = (
    ("Campaign", None, False),
    ("Posters", 0, False),
    ("Poster drafts", 1, False),
    ("Rejected drafts", 2, True),
    ("Characters", None, False),
    ("Heroes", 4, False),
    ("Villains", 4, False),
    ("Landscapes", None, False),
    ("Coast", 7, False),
    ("Storms", 8, False),
    ("Mountains", 7, False),
    ("Textures", None, False),
    ("Book covers", None, False),
    ("Shortlist", 12, False),
    ("Mood boards", None, False),
    ("Night city", 14, False),
    ("Private studies", None, True),
    ("Portraits", None, False),
    ("Animals", None, False),
    ("Birds", 18, False),
)


def prompt(chance: random.Random) -> str:
    """Return a prompt of ten to fifty words."""
    look, other = chance.sample(LOOKS, 2)
    subject, companion = chance.sample(SUBJECTS, 2)
    parts = [f"A {look} {subject} {chance.choice(PLACES)}"]
    if chance.random() < 0.5:
        parts[0] += f" with a {other} {companion}"
    parts += [chance.choice(LIGHT), chance.choice(MEDIA)]
    parts += chance.sample(DETAILS, chance.randint(1, 9))
    return ", ".join(parts)
