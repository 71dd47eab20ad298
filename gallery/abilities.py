"""What a model makes of what it is told, so that the composer can say it before money is spent (contract 2.1)."""

from __future__ import annotations

from venice_site.venice.types import Model

DROPS_SEED = (
    "gpt-image",
    "grok-imagine",
    "imagineart",
    "luma",
    "muse",
    "nano-banana-pro",
    "recraft",
    "seedream-v5-pro",
)
HONOURS_NEGATIVE = (
    "lustify-",
    "qwen-image-2",
    "qwen-image-3",
    "venice-sd35",
    "wai-illustrious",
    "wan-2-7-",
)


def honours_seed(model_id: str) -> bool:
    """Return whether the same seed makes the same picture again."""
    return not model_id.lower().startswith(DROPS_SEED)


def honours_negative_prompt(model_id: str) -> bool:
    """Return whether the negative prompt changes anything."""
    return model_id.lower().startswith(HONOURS_NEGATIVE)


def ignored(model: Model) -> str:
    """Return a sentence that names what the model ignores; empty when it heeds everything."""
    things = []
    if not honours_seed(model.id):
        things.append("the seed")
    if not honours_negative_prompt(model.id):
        things.append("the negative prompt")
    if not model.uses_steps:
        things.append("steps")
    if not things:
        return ""
    told = f"{', '.join(things[:-1])} and {things[-1]}" if len(things) > 1 else things[0]
    return f"This model ignores {told}."
