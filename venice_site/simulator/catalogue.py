"""The models and styles the simulator offers, read from `catalogue.json`, and what they cost."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

DATA = Path(__file__).with_name("catalogue.json")
NOTICE = timedelta(days=14)
WEB_SEARCH_USD = 0.01
ENHANCE_USD = 0.04


@dataclass(frozen=True)
class Model:
    """A row of the catalogue; `spec` is what `/models` shows as `model_spec`.

    An `unlisted` model answers whoever names it. `thinks_in_tags` is the manner of older models, whose
    reasoning stands in the text.
    """

    id: str
    type: str
    created: int
    spec: dict[str, Any]
    seed_document: bool = False
    refuses_pixels: bool = False
    ignores_seed: bool = False
    ignores_format: str | None = None
    deprecated_for: str | None = None
    unlisted: bool = False
    thinks_in_tags: bool = False

    @property
    def name(self) -> str:
        return str(self.spec["name"])

    @property
    def constraints(self) -> dict[str, Any]:
        return dict(self.spec.get("constraints", {}))

    @property
    def sized_in_pixels(self) -> bool:
        return "aspectRatios" not in self.constraints

    def can(self, capability: str) -> bool:
        """Says whether the model has a capability such as `supportsVision`."""
        return bool(self.spec.get("capabilities", {}).get(capability))

    def row(self) -> dict[str, Any]:
        """Returns the model in today's shape of `/models`."""
        row: dict[str, Any] = {"created": self.created, "id": self.id, "model_spec": self.spec}
        row |= {"object": "model", "owned_by": "venice.ai", "type": self.type}
        if "availableContextTokens" in self.spec:
            row["context_length"] = self.spec["availableContextTokens"]
        return row

    def seed_row(self) -> dict[str, str]:
        """Returns the model in the shape of the seed document."""
        return {"id": self.id, "name": self.name, "type": self.type}

    def image_price(self, resolution: str | None, quality: str | None) -> float:
        """Returns the price of one image in USD: quality, then resolution, then flat."""
        pricing, constraints = self.spec["pricing"], self.constraints
        resolution = resolution or constraints.get("defaultResolution")
        quality = quality or constraints.get("defaultQuality")
        if "quality" in pricing and resolution and quality:
            return float(pricing["quality"][resolution][quality]["usd"])
        if "resolutions" in pricing and resolution:
            return float(pricing["resolutions"][resolution]["usd"])
        return float(pricing["generation"]["usd"])

    def edit_price(self, resolution: str | None, images: int) -> float:
        """Returns the price of one edit of `images` input images in USD."""
        pricing = self.spec["pricing"]
        price = pricing.get("resolutions", {}).get(resolution, pricing["inpaint"])["usd"]
        inputs = pricing.get("inputImages")
        extra = max(0, images - inputs["included"]) * inputs["additional"]["usd"] if inputs else 0.0
        return float(price + extra)

    def token_price(self, prompt: int, completion: int) -> float:
        """Returns the price of a reply in USD; zero when nothing was written."""
        pricing = self.spec["pricing"]
        extended = pricing.get("extended")
        if extended and prompt > extended["context_token_threshold"]:
            pricing = extended
        if not completion:
            return 0.0
        return float(
            (prompt * pricing["input"]["usd"] + completion * pricing["output"]["usd"]) / 1e6
        )


class Catalogue:
    """What can be asked for; `seed_models` False takes the ids of the seed document out, as Venice did."""

    def __init__(self, seed_models: bool = True, now: datetime | None = None) -> None:
        data = json.loads(DATA.read_text())
        models = [_model(row, now or datetime.now(UTC)) for row in data["models"]]
        self.models = {
            model.id: model for model in models if seed_models or not model.seed_document
        }
        self.styles: list[str] = data["styles"]
        self._compatibility: dict[str, dict[str, str]] = data["compatibility"]

    def of_type(self, kind: str) -> list[Model]:
        """Returns the listed models of a type; `all` and `code` as Venice understands them."""
        listed = [model for model in self.models.values() if not model.unlisted]
        if kind == "code":
            return [model for model in listed if model.can("optimizedForCode")]
        return [model for model in listed if kind in ("all", model.type)]

    def traits(self, kind: str) -> dict[str, str]:
        """Returns which model has which trait."""
        return {
            trait: model.id
            for model in self.of_type(kind)
            for trait in model.spec.get("traits", [])
        }

    def compatibility(self, kind: str) -> dict[str, str]:
        """Returns the foreign names that work as model ids."""
        return self._compatibility.get(kind, {})

    def find(self, name: str, types: Iterable[str]) -> Model | None:
        """Returns the model of an id, else of a trait or a compatible name (case counts)."""
        for kind in types:
            wanted = self.traits(kind).get(name) or self.compatibility(kind).get(name) or name
            model = self.models.get(wanted)
            if model and model.type == kind:
                return model
        return None


def _model(row: dict[str, Any], now: datetime) -> Model:
    spec = dict(row.pop("model_spec"))
    model = Model(spec=spec, **row)
    if model.deprecated_for:
        end = (now + NOTICE).strftime("%Y-%m-%dT%H:00:00.000Z")
        spec["deprecation"] = {
            "date": end,
            "removesAt": end,
            "autoRemap": False,
            "replacementModelId": model.deprecated_for,
        }
    return model
