"""The graphs of ComfyUI: nodes whose inputs are values, or links to what other nodes put out.

There is no field for the prompt: it is whatever text the sampler's conditioning is made of.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any

from gallery import recipe
from gallery.recipe import Recipe, parsed

TOOL = "ComfyUI"
MOST_NODES = 5000
MOST_VISITED = 200
TEXTS = ("text", "text_g", "prompt", "positive_prompt", "t5xxl", "clip_l", "string", "value")
NUMBERS = ("seed", "noise_seed", "value", "int", "number")
MODELS = ("ckpt_name", "unet_name", "model_name", "gguf_name", "model_path")
NOT_TEXT = frozenset(
    {"clip", "model", "vae", "image", "control_net", "samples", "latent", "latent_image"}
)

type Nodes = Mapping[str, Mapping[str, Any]]


def read(text: str) -> Recipe | None:
    """Return what a graph tells, None when it is not one or has no sampler."""
    nodes = _nodes(parsed(text))
    sampler = next((one for one in nodes.values() if _samples(one)), None)
    if sampler is None:
        return None
    guide = _target(nodes, sampler.get("guider")) or sampler
    found = Recipe(
        tool=TOOL,
        prompt=_said(nodes, guide.get("positive") or guide.get("conditioning")),
        negative_prompt=_said(nodes, guide.get("negative")),
        seed=recipe.seed(_sought(nodes, sampler, ("seed", "noise_seed"), ("noise",), NUMBERS)),
        width=recipe.side(_latent(nodes, sampler, "width")),
        height=recipe.side(_latent(nodes, sampler, "height")),
        steps=recipe.steps(_sought(nodes, sampler, ("steps",), ("sigmas",), NUMBERS)),
        model=recipe.name(_model(nodes, guide)),
        cfg_scale=recipe.scale(_sought(nodes, guide, ("cfg", "guidance"), (), NUMBERS)),
        sampler=recipe.name(_sought(nodes, sampler, ("sampler_name",), ("sampler",), ())),
        raw=text,
    )
    return found if found.has_settings else None


def _nodes(data: Mapping[str, Any]) -> Nodes:
    """Return the inputs of each node by its id, none when this is no graph."""
    if not data or len(data) > MOST_NODES:
        return {}
    graph = data.get("prompt") if isinstance(data.get("prompt"), Mapping) else data
    return {
        key: node["inputs"]
        for key, node in graph.items()  # type: ignore[union-attr]
        if isinstance(node, Mapping)
        and "class_type" in node
        and isinstance(node.get("inputs"), Mapping)
    }


def _samples(inputs: Mapping[str, Any]) -> bool:
    is_guided = "positive" in inputs or "guider" in inputs or "conditioning" in inputs
    return is_guided and bool({"seed", "noise_seed", "noise"} & inputs.keys())


def _target(nodes: Nodes, value: Any) -> Mapping[str, Any] | None:
    """Return the node that a link leads to; None for a plain value."""
    is_link = isinstance(value, list) and len(value) == 2 and isinstance(value[0], str | int)
    return nodes.get(str(value[0])) if is_link else None


def _said(nodes: Nodes, link: Any) -> str:
    start = _target(nodes, link)
    if start is None:
        return ""
    return recipe.prompt(_nearest(nodes, start, TEXTS, lambda key: key not in NOT_TEXT))


def _latent(nodes: Nodes, sampler: Mapping[str, Any], side: str) -> Any:
    through = ("latent_image", "latent", "samples")
    return _sought(nodes, sampler, (side,), through, NUMBERS)


def _model(nodes: Nodes, guide: Mapping[str, Any]) -> Any:
    return _sought(nodes, guide, MODELS, ("model",), ())


def _sought(
    nodes: Nodes,
    start: Mapping[str, Any],
    names: Iterable[str],
    through: Iterable[str],
    behind: Iterable[str],
) -> Any:
    """Return the nearest value of these names; a link in its place leads to one of those `behind`."""
    named, ways = tuple(names), tuple(through)
    node = start
    for _ in range(MOST_VISITED):
        for key in named:
            if key in node and (target := _target(nodes, node[key])) is not None:
                return _nearest(nodes, target, (*behind, *named), lambda _: True)
            if key in node:
                return node[key]
        following = (_target(nodes, node.get(way)) for way in ways)
        found = next((one for one in following if one is not None), None)
        if found is None:
            return None
        node = found
    return None


def _nearest(
    nodes: Nodes, start: Mapping[str, Any], names: tuple[str, ...], may_follow: Any
) -> Any:
    """Return the value of one of these names that the fewest links lead to; each node is seen once."""
    waiting, seen = deque([start]), {id(start)}
    while waiting:
        node = waiting.popleft()
        for key in names:
            if isinstance(node.get(key), str | int | float) and node[key] != "":
                return node[key]
        for key, value in node.items():
            target = _target(nodes, value) if may_follow(key) else None
            if target is not None and id(target) not in seen and len(seen) < MOST_VISITED:
                seen.add(id(target))
                waiting.append(target)
    return None
