"""The "parameters" text of stable-diffusion-webui, which many tools write, this one too.

Prompt, negative prompt, and one line of facts. Read from left to right, without going back.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from gallery import recipe
from gallery.recipe import Recipe

OURS = "Venice Studio"
NEGATIVE = "Negative prompt:"
STEPS = "Steps:"
MOST_PAIRS = 300
LEAST_PAIRS = 3
LONGEST_NAME = 60
TOOLS = (
    (re.compile(OURS), OURS),
    (re.compile("fooocus", re.IGNORECASE), "Fooocus"),
    (re.compile("comfyui", re.IGNORECASE), "ComfyUI"),
    (re.compile(r"f\d|neo|forge", re.IGNORECASE), "Forge"),
    (re.compile("swarm", re.IGNORECASE), "SwarmUI"),
)
WEBUI = "Stable Diffusion web UI"


def read(text: str) -> Recipe | None:
    """Return the recipe that a text tells, None when it has no line of facts."""
    lines = text.replace("\r\n", "\n").strip("\n").split("\n")
    at = _place_of_facts(lines)
    if at is None:
        return None
    facts = dict(_pairs(lines[at]))
    prompt, negative = _prompts(lines[:at])
    width, height = recipe.sides(facts.get("Size"))
    tool = _tool(facts)
    return Recipe(
        tool=tool,
        prompt=prompt,
        negative_prompt=negative,
        seed=recipe.seed(facts.get("Seed")),
        width=width,
        height=height,
        steps=recipe.steps(facts.get("Steps")),
        model=recipe.name(facts.get("Model")) or _resource(facts),
        style=recipe.name(facts.get("Style preset")),
        cfg_scale=recipe.scale(facts.get("CFG scale")),
        sampler="" if tool == OURS else _sampler(facts),
        raw=text,
        order=_ordered(facts) if tool == OURS else {},
    )


def _place_of_facts(lines: list[str]) -> int | None:
    """Return the last line when it has three facts, else the last one that begins with the steps."""
    last = len(lines) - 1
    names = {key for key, _ in _pairs(lines[last])}
    if len(names) >= LEAST_PAIRS and names & {"Steps", "Seed", "Sampler", "Size"}:
        return last
    begun = (at for at in range(last, -1, -1) if lines[at].lstrip().startswith(STEPS))
    return next(begun, None)


def _prompts(lines: list[str]) -> tuple[str, str]:
    """Return prompt and negative prompt; a line that begins so begins the negative one."""
    starts = (at for at, line in enumerate(lines) if line.lstrip().startswith(NEGATIVE))
    at = next(starts, len(lines))
    negative = "\n".join(lines[at:]).lstrip().removeprefix(NEGATIVE)
    return recipe.prompt("\n".join(lines[:at])), recipe.prompt(negative)


def _pairs(line: str) -> Iterator[tuple[str, Any]]:
    at = 0
    for _ in range(MOST_PAIRS):
        colon = line.find(":", at)
        if colon < 0:
            return
        key = line[max(at, colon - LONGEST_NAME) : colon].rpartition(",")[2].strip()
        value, at = _value(line, colon + 1)
        if key:
            yield key, value


def _value(line: str, at: int) -> tuple[Any, int]:
    """Return the value that begins here, and where the next pair begins; JSON may stand for a value."""
    while at < len(line) and line[at] == " ":
        at += 1
    if line[at : at + 1] in ('"', "{", "["):
        try:
            value, end = json.JSONDecoder().raw_decode(line, at)
            return value, end
        except (ValueError, RecursionError):
            pass  # not JSON after all: it ends at the comma, as others do
    end = line.find(",", at)
    end = len(line) if end < 0 else end
    return line[at:end].strip(), end + 1


def _sampler(facts: dict[str, Any]) -> str:
    schedule = recipe.name(facts.get("Schedule type"))
    sampler = recipe.name(facts.get("Sampler"))
    return f"{sampler} {schedule}" if schedule and schedule not in sampler else sampler


def _resource(facts: dict[str, Any]) -> str:
    """Return the model that Civitai names among its resources."""
    listed = facts.get("Civitai resources")
    for one in listed[:50] if isinstance(listed, list) else []:
        if isinstance(one, dict) and one.get("type", "checkpoint") == "checkpoint":
            return recipe.name(one)
    return ""


def _tool(facts: dict[str, Any]) -> str:
    version = recipe.name(facts.get("Version"))
    if facts.get("Sampler") == "Venice":
        return OURS
    if "Civitai resources" in facts or "Civitai metadata" in facts:
        return "Civitai"
    return next((tool for pattern, tool in TOOLS if pattern.match(version)), WEBUI)


def _ordered(facts: dict[str, Any]) -> dict[str, Any]:
    """Return what only our own line of facts tells."""
    told = {
        "aspect_ratio": recipe.name(facts.get("Aspect ratio")).replace(" ", ":"),
        "resolution": recipe.name(facts.get("Resolution")),
        "quality": recipe.name(facts.get("Quality")),
    }
    return {key: value for key, value in told.items() if value}
