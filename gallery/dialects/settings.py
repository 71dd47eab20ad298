"""Settings written as JSON: InvokeAI, SwarmUI, Fooocus, NovelAI, TensorArt, StabilityMatrix and their like.

They differ in where the settings lie and in how they name them, not in what they say.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

from gallery import recipe
from gallery.recipe import Recipe, parsed

PROMPT = ("positive_prompt", "prompt", "Prompt", "PositivePrompt", "c")
NEGATIVE = (
    "negative_prompt",
    "negativeprompt",
    "negativePrompt",
    "Negative Prompt",
    "NegativePrompt",
    "Negative",
    "uc",
)
SEED = ("seed", "Seed")
STEPS = ("steps", "Steps", "num_inference_steps", "Performance steps")
CFG = (
    "cfg_scale",
    "cfgscale",
    "cfgScale",
    "CfgScale",
    "guidance_scale",
    "Guidance Scale",
    "cfg",
    "scale",
)
SAMPLER = ("sampler_name", "sampler", "Sampler", "scheduler", "Scheduler")
MODEL = (
    "model",
    "base_model_name",
    "base_model",
    "baseModel",
    "ModelName",
    "Model",
    "use_stable_diffusion_model",
    "Stable Diffusion model",
    "model_weights",
)
STYLE = ("style", "styles", "style_preset")
SIZE = ("size", "resolution", "Size", "Resolution")
LONGEST_COMMAND = 16_000
OPTIONS = {"-s": "steps", "-S": "seed", "-W": "width", "-H": "height", "-C": "cfg", "-A": "sampler"}


def gathered(tool: str, data: Mapping[str, Any], raw: str) -> Recipe | None:
    """Return what a mapping tells under the names that tools use, None when it tells nothing."""
    width, height = recipe.sides(recipe.first(data, SIZE))
    found = Recipe(
        tool=tool,
        prompt=recipe.prompt(recipe.first(data, PROMPT)),
        negative_prompt=recipe.prompt(recipe.first(data, NEGATIVE)),
        seed=recipe.seed(recipe.first(data, SEED)),
        width=recipe.side(recipe.first(data, ("width", "Width", "W"))) or width,
        height=recipe.side(recipe.first(data, ("height", "Height", "H"))) or height,
        steps=recipe.steps(recipe.first(data, STEPS)),
        model=recipe.name(recipe.first(data, MODEL)),
        style=_style(recipe.first(data, STYLE)),
        cfg_scale=recipe.scale(recipe.first(data, CFG)),
        sampler=recipe.name(recipe.first(data, SAMPLER)),
        raw=raw,
    )
    return found if found.has_settings else None


def read(text: str) -> Recipe | None:
    """Return what a JSON text tells that does not say by its place who wrote it."""
    data = parsed(text)
    for tool, is_its, inside in SIGNATURES:
        if is_its(data):
            return gathered(tool, inside(data), text)
    return gathered("Unknown tool", data, text)


def invoke(text: str) -> Recipe | None:
    """Return what InvokeAI tells."""
    return gathered("InvokeAI", parsed(text), text)


def invoke_before(text: str) -> Recipe | None:
    """Return what InvokeAI told before its version 3."""
    data = parsed(text)
    return gathered(
        "InvokeAI", {"model": data.get("model_weights"), **_inside(data, "image")}, text
    )


def dream(text: str) -> Recipe | None:
    """Return what InvokeAI told at first: a command with options."""
    try:
        words = shlex.split(text[:LONGEST_COMMAND])
    except ValueError:
        return None
    if not words:
        return None
    told: dict[str, Any] = {"prompt": words[0]}
    for option, value in pairwise(words[1:]):
        if option in OPTIONS:
            told[OPTIONS[option]] = value
        elif option[:2] in OPTIONS:
            told[OPTIONS[option[:2]]] = option[2:]
    return gathered("InvokeAI", told, text)


def tensor_art(text: str) -> Recipe | None:
    """Return what TensorArt tells."""
    return gathered("TensorArt", parsed(text), text)


def stability_matrix(text: str) -> Recipe | None:
    """Return what StabilityMatrix tells."""
    return gathered("StabilityMatrix", parsed(text), text)


def draw_things(text: str) -> Recipe | None:
    """Return what Draw Things tells."""
    return gathered("Draw Things", parsed(text), text)


def novel_ai(texts: Mapping[str, Any]) -> Recipe | None:
    """Return what NovelAI tells in the texts of a PNG."""
    if texts.get("Software") != "NovelAI":
        return None
    comment = str(texts.get("Comment", ""))
    told = {"prompt": texts.get("Description"), "model": texts.get("Source"), **parsed(comment)}
    return gathered("NovelAI", told, comment)


def easy_diffusion(texts: Mapping[str, Any]) -> Recipe | None:
    """Return what Easy Diffusion tells in the texts of a PNG, one for each setting."""
    if not ({"prompt", "Prompt"} & texts.keys() and {"seed", "Seed"} & texts.keys()):
        return None
    told = {key: value for key, value in texts.items() if isinstance(value, str)}
    raw = "\n".join(f"{key}: {value}" for key, value in told.items() if key != "XMP")
    return gathered("Easy Diffusion", told, raw)


def midjourney(texts: Mapping[str, Any]) -> Recipe | None:
    """Return what Midjourney tells: the prompt with its options, and the number of the job."""
    text = texts.get("Description")
    if not isinstance(text, str) or "Job ID:" not in text:
        return None
    words, _, _ = text.partition("Job ID:")
    prompt, _, options = words.partition(" --")
    told = dict(pairwise(options.replace("--", "").split()))
    return gathered("Midjourney", {"prompt": prompt, "seed": told.get("seed")}, text)


def _style(value: Any) -> str:
    if isinstance(value, list):
        value = ", ".join(one for one in value[:20] if isinstance(one, str))
    return recipe.name(value)


def _inside(data: Mapping[str, Any], *names: str) -> dict[str, Any]:
    found: Any = data
    for one in names:
        found = found.get(one) if isinstance(found, Mapping) else None
    return dict(found) if isinstance(found, Mapping) else {}


def _commented(data: Mapping[str, Any]) -> dict[str, Any]:
    """NovelAI puts its JSON as text into another one, in WebP."""
    comment = data.get("Comment")
    told = {"prompt": data.get("Description"), "model": data.get("Source")}
    return told | (parsed(comment) if isinstance(comment, str) else dict(data))


type Signature = tuple[
    str, Callable[[Mapping[str, Any]], bool], Callable[[Mapping[str, Any]], Mapping[str, Any]]
]
SIGNATURES: tuple[Signature, ...] = (
    (
        "SwarmUI",
        lambda data: "sui_image_params" in data,
        lambda data: _inside(data, "sui_image_params"),
    ),
    ("RuinedFooocus", lambda data: data.get("software") == "RuinedFooocus", dict),
    ("NovelAI", lambda data: data.get("Software") == "NovelAI" or "v4_prompt" in data, _commented),
    ("NovelAI", lambda data: "uc" in data and "request_type" in data, dict),
    ("Fooocus", lambda data: "full_prompt" in data or "metadata_scheme" in data, dict),
    ("Fooocus", lambda data: "base_model" in data and "guidance_scale" in data, dict),
    ("StabilityMatrix", lambda data: "PositivePrompt" in data, dict),
    ("InvokeAI", lambda data: "positive_prompt" in data and "app_version" in data, dict),
    ("Easy Diffusion", lambda data: "use_stable_diffusion_model" in data, dict),
    ("Hugging Face", lambda data: "prompt" in data and "resolution" in data, dict),
)
