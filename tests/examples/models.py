"""The examples of lists of models."""

from typing import Any

from tests.examples.example import NOBODY, Example
from venice_site.venice.client import Client
from venice_site.venice.entries import read_model
from venice_site.venice.types import TokenPrices


def dollars(amount: float) -> dict[str, float]:
    return {"usd": amount, "diem": amount}


UPSCALE = {"2x": dollars(0.02), "4x": dollars(0.08)}


def image_row(name: str, label: str, **spec: Any) -> dict[str, Any]:
    pricing = {**spec.pop("pricing"), "upscale": UPSCALE}
    row = {"created": 1764758779, "id": name, "object": "model", "owned_by": "venice.ai"}
    facts = {"name": label, "pricing": pricing, "offline": False, "supportsWebSearch": False}
    return {**row, "type": "image", "model_spec": {**facts, "traits": [], **spec}}


IMAGE_ROWS = [
    image_row(
        "z-image-turbo",
        "Z-Image Turbo",
        pricing={"generation": dollars(0.01)},
        constraints={
            "promptCharacterLimit": 7500,
            "steps": {"default": 8, "max": 8},
            "widthHeightDivisor": 8,
        },
        model_sets=["venice_recommendations"],
        modelSource="https://example.org/z-image-turbo",
        privacy="private",
        traits=["default", "fastest"],
    ),
    image_row(
        "venice-sd35",
        "Venice SD35",
        pricing={"generation": dollars(0.01)},
        constraints={
            "promptCharacterLimit": 1500,
            "steps": {"default": 25, "max": 30},
            "widthHeightDivisor": 16,
        },
        modelSource="https://example.org/venice-sd35",
        privacy="private",
        traits=["eliza-default"],
    ),
    image_row(
        "nano-banana-2",
        "Nano Banana 2",
        pricing={"resolutions": {"1K": dollars(0.1), "2K": dollars(0.14), "4K": dollars(0.19)}},
        constraints={
            "promptCharacterLimit": 32768,
            "defaultResolution": "1K",
            "resolutions": ["1K", "2K", "4K"],
            "aspectRatios": ["1:1", "3:2", "16:9", "21:9", "9:16", "2:3", "3:4", "4:5"],
            "defaultAspectRatio": "1:1",
            "steps": {"default": 20, "max": 50},
            "widthHeightDivisor": 1,
        },
        model_sets=["venice_recommendations"],
        privacy="anonymized",
        supportsWebSearch=True,
    ),
]

ABLE = {
    "optimizedForCode": True,
    "quantization": "fp8",
    "supportsAudioInput": False,
    "supportsFunctionCalling": True,
    "supportsLogProbs": False,
    "supportsMultipleImages": False,
    "supportsReasoning": True,
    "supportsReasoningEffort": True,
    "reasoningEffortOptions": ["none", "high", "max"],
    "defaultReasoningEffort": "max",
    "supportsResponseSchema": True,
    "supportsTeeAttestation": False,
    "supportsE2EE": False,
    "supportsVideoInput": False,
    "supportsVision": False,
    "supportsWebSearch": True,
    "supportsXSearch": False,
}
SEES = {
    **ABLE,
    "supportsMultipleImages": True,
    "supportsVideoInput": True,
    "supportsVision": True,
    "reasoningEffortOptions": ["low", "medium", "high"],
    "defaultReasoningEffort": "low",
}


def text_row(name: str, label: str, context: int, **spec: Any) -> dict[str, Any]:
    row = {"id": name, "type": "text", "created": 1781568000, "object": "model"}
    facts = {"name": label, "availableContextTokens": context, "traits": [], "offline": False}
    place = {"owned_by": "venice.ai", "context_length": context}
    return {**row, **place, "model_spec": {**facts, **spec}}


def token_prices(read: float, cached: float, written: float) -> dict[str, Any]:
    return {"input": dollars(read), "cache_input": dollars(cached), "output": dollars(written)}


TEXT_ROWS = [
    text_row(
        "zai-org-glm-5-2",
        "GLM 5.2",
        1_000_000,
        privacy="private",
        pricing=token_prices(1.4, 0.26, 4.4),
        traits=["default", "function_calling_default"],
        capabilities=ABLE,
        maxCompletionTokens=32_000,
    ),
    text_row(
        "gemini-3-1-pro-preview",
        "Gemini 3.1 Pro Preview",
        1_000_000,
        privacy="anonymized",
        pricing={
            **token_prices(2.5, 0.5, 15),
            "cache_write": dollars(0.5),
            "extended": {
                **token_prices(5, 0.5, 22.5),
                "cache_write": dollars(0.5),
                "context_token_threshold": 200_000,
            },
        },
        capabilities={**SEES, "maxImages": 20},
        maxCompletionTokens=32_768,
    ),
    text_row(
        "stealth-ox-alpha",
        "Ox Alpha",
        1_048_576,
        betaModel=True,
        privacy="anonymized",
        pricing=token_prices(0, 0, 0),
        capabilities={**SEES, "maxImages": 10},
    ),
]


def image_models(client: Client) -> list[Any]:
    models = filter(None, map(read_model, client.models("image")))
    return [
        (
            model.id,
            model.name,
            model.price.image or dict(model.price.by_resolution),
            model.sized_in_pixels,
            model.prompt_limit,
            model.steps_max,
            model.default_aspect_ratio,
            model.traits,
        )
        for model in models
    ]


def text_models(client: Client) -> list[Any]:
    models = filter(None, map(read_model, client.models("text")))
    return [
        (
            model.id,
            model.price.tokens,
            model.price.extended_above,
            model.max_output_tokens,
            model.supports_vision,
            model.max_images,
            model.default_reasoning_effort,
            model.beta,
        )
        for model in models
    ]


MODELS = (
    Example(
        "models_image",
        "/models?type=image",
        key=NOBODY,
        answer={"object": "list", "type": "image", "data": IMAGE_ROWS},
        read=image_models,
        means=[
            ("z-image-turbo", "Z-Image Turbo", 10_000, True, 7500, 8, "", ("default", "fastest")),
            ("venice-sd35", "Venice SD35", 10_000, True, 1500, 30, "", ("eliza-default",)),
            (
                "nano-banana-2",
                "Nano Banana 2",
                {"1K": 100_000, "2K": 140_000, "4K": 190_000},
                False,
                32768,
                50,
                "1:1",
                (),
            ),
        ],
    ),
    Example(
        "models_text",
        "/models?type=text",
        key=NOBODY,
        answer={"object": "list", "type": "text", "data": TEXT_ROWS},
        read=text_models,
        means=[
            (
                "zai-org-glm-5-2",
                TokenPrices(1_400_000, 4_400_000, 260_000),
                None,
                32_000,
                False,
                1,
                "max",
                False,
            ),
            (
                "gemini-3-1-pro-preview",
                TokenPrices(2_500_000, 15_000_000, 500_000, 500_000),
                200_000,
                32_768,
                True,
                20,
                "low",
                False,
            ),
            ("stealth-ox-alpha", TokenPrices(0, 0, 0), None, None, True, 10, "low", True),
        ],
    ),
)
