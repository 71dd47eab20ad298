"""What another tool's settings become here: what our models can do, and in words what they cannot."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from gallery import dynamic
from gallery.abilities import honours_negative_prompt
from gallery.dialects.parameters import OURS
from gallery.fields import MAX_SIDE
from gallery.forms import SEED_LIMIT
from gallery.importing import recipe_of
from gallery.models import Image
from gallery.recipe import Recipe
from venice_site.accounts.models import User
from venice_site.venice.service import Venice
from venice_site.venice.types import Model

ADAPTER = re.compile(r"<(?:lora|lyco|hypernet):[^<>\n]{1,200}>", re.IGNORECASE)
SUFFIXES = (".safetensors", ".ckpt", ".gguf", ".pt")
CFG_RANGE = (0.1, 20.0)


@dataclass(frozen=True, slots=True)
class Translation:
    """Initial values of the composer, and what was left out or changed, each in a few words."""

    values: dict[str, Any]
    changes: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """Return what was left out or changed as a sentence; empty when nothing was."""
        return f"Not as in the file: {'; '.join(self.changes)}." if self.changes else ""


def of(user: User, image: Image) -> Translation:
    """Return what the settings of an imported picture become for this person."""
    recipe, venice = recipe_of(image), Venice(user)
    models = venice.image_models()
    if recipe is None or not models:
        return Translation({})
    if "model" in recipe.order and "prompt" in recipe.order:
        return _restored(recipe)
    model = meant(recipe.model, models)
    chosen = model or venice.catalogue.default("image")
    return translated(recipe, model, chosen, venice.styles())


def translated(
    recipe: Recipe, model: Model | None, chosen: Model, styles: Iterable[str]
) -> Translation:
    """Return what a recipe becomes for the chosen model; `model` is the one that it means, if there is one."""
    values: dict[str, Any] = {"model": chosen.id, "format": "png", **recipe.order}
    changes: list[str] = []
    if recipe.model and model is None:
        changes.append(f"the model is {chosen.name}, because Venice has no {recipe.model}")
    steps: tuple[Callable[..., None], ...] = (_prompts, _seed, _shape, _tuning)
    for step in steps:
        step(recipe, chosen, values, changes)
    _style(recipe, styles, values, changes)
    if recipe.sampler:
        changes.append(f"the sampler {recipe.sampler} is left out")
    return Translation(values, tuple(changes))


def meant(name: str, models: Sequence[Model]) -> Model | None:
    """Return the model of Venice that a name or a file name means, None when there is none."""
    plain = _plain(name)
    named = ((model, {_plain(model.id), _plain(model.name)}) for model in models)
    return next((model for model, names in named if plain and plain in names), None)


def _restored(recipe: Recipe) -> Translation:
    """Return our own order as it was; a model that is gone is told of by the catalogue."""
    values = {"steps": None, **recipe.order, "seed_mode": "fixed"}
    values["prompt"] = dynamic.literal(str(values["prompt"]))
    if recipe.seed is not None:
        values["seed"] = recipe.seed
    return Translation(values)


def _plain(name: str) -> str:
    last = PurePosixPath(name.replace("\\", "/")).name.casefold()
    for suffix in SUFFIXES:
        last = last.removesuffix(suffix)
    return "".join(letter for letter in last if letter.isalnum())


def _prompts(recipe: Recipe, model: Model, values: dict[str, Any], changes: list[str]) -> None:
    prompt = ADAPTER.sub("", recipe.prompt).strip()
    if prompt != recipe.prompt:
        changes.append("LoRAs are left out")
    values |= {"prompt": dynamic.literal(prompt), "negative_prompt": recipe.negative_prompt}
    if recipe.negative_prompt and not honours_negative_prompt(model.id):
        changes.append("this model ignores the negative prompt")


def _seed(recipe: Recipe, model: Model, values: dict[str, Any], changes: list[str]) -> None:
    if recipe.seed is None:
        return
    if abs(recipe.seed) > SEED_LIMIT:
        changes.append(f"the seed {recipe.seed} is left out, because Venice takes nine digits")
        return
    values |= {"seed": recipe.seed, "seed_mode": "fixed"}
    if recipe.tool != OURS:
        changes.append("the same seed makes another picture here")


def _shape(recipe: Recipe, model: Model, values: dict[str, Any], changes: list[str]) -> None:
    width, height = recipe.width, recipe.height
    if not width or not height or "aspect_ratio" in recipe.order:
        return
    size = f"{width} \N{MULTIPLICATION SIGN} {height}"
    if not model.sized_in_pixels:
        values["aspect_ratio"] = _nearest(width / height, model.aspect_ratios)
        changes.append(f"the size {size} is the aspect ratio {values['aspect_ratio']}")
        return
    scale = min(1.0, MAX_SIDE / max(width, height))
    values |= {"width": round(width * scale), "height": round(height * scale)}
    if scale < 1 or width % model.size_divisor or height % model.size_divisor:
        changes.append(f"the size is the nearest to {size} that this model takes")


def _nearest(proportion: float, ratios: Iterable[str]) -> str:
    """Return the ratio that is closest, by how much one side would have to be stretched."""

    def stretch(ratio: str) -> float:
        wide, _, high = ratio.partition(":")
        if not (wide.isdecimal() and high.isdecimal() and int(wide) and int(high)):
            return float("inf")  # such as "auto"
        found = int(wide) / int(high)
        return max(found / proportion, proportion / found)

    return min(ratios, key=stretch)


def _tuning(recipe: Recipe, model: Model, values: dict[str, Any], changes: list[str]) -> None:
    most = model.steps_max or 0
    if recipe.steps is not None and recipe.tool != OURS:
        if not model.uses_steps:
            changes.append("this model has no steps to set")
        elif recipe.steps > most:
            changes.append(f"{most} steps instead of {recipe.steps}")
    if recipe.steps is not None and model.uses_steps:
        values["steps"] = min(recipe.steps, most)
    if recipe.cfg_scale is None:
        return
    if model.uses_steps and CFG_RANGE[0] <= recipe.cfg_scale <= CFG_RANGE[1]:
        values["cfg_scale"] = recipe.cfg_scale
    else:
        changes.append(f"the CFG scale {recipe.cfg_scale:g} is left out")


def _style(
    recipe: Recipe, styles: Iterable[str], values: dict[str, Any], changes: list[str]
) -> None:
    if not recipe.style:
        return
    found = {style.casefold(): style for style in styles}.get(recipe.style.casefold())
    if found:
        values["style_preset"] = found
    else:
        changes.append(f"the style {recipe.style} is left out")
