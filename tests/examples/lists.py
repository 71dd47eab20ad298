"""The examples of lists: names of models, styles, characters, what a key and an account may do."""

from datetime import UTC, datetime
from typing import Any

from tests.examples.example import ADMIN, COMMON, NOBODY, Example
from venice_site.venice.answers import Balance
from venice_site.venice.client import KeyHealth
from venice_site.venice.types import Character

TRAITS = {
    "default": "zai-org-glm-5-2",
    "default_code": "deepseek-v4-pro-0813",
    "default_reasoning": "kimi-k3",
    "default_vision": "qwen-3-8-27b",
    "function_calling_default": "zai-org-glm-5-2",
    "most_intelligent": "grok-4-6",
    "most_uncensored": "venice-uncensored-1-2",
}
PERSON = {
    "id": "0b7c",
    "slug": "alan-watts",
    "name": "Alan Watts",
    "description": "Speaks of the East to the West.",
    "author": "somebody",
    "adult": False,
    "featured": False,
    "webEnabled": True,
    "modelId": "venice-uncensored-1-2",
    "photoUrl": "https://example.org/photo",
    "shareUrl": "https://example.org/share",
    "tags": ["Philosophy"],
    "stats": {
        "averageRating": 4.7,
        "imports": 112,
        "ratingCount": 24,
        "ratingSum": 113,
        "userRating": None,
    },
    "createdAt": "2024-12-20T21:28:08.934Z",
    "updatedAt": "2025-02-09T03:23:53.708Z",
}


def listed(**body: Any) -> dict[str, Any]:
    return {"object": "list", **body}


LISTS = (
    Example(
        "models_traits",
        "/models/traits?type=text",
        key=NOBODY,
        answer=listed(type="text", data=TRAITS),
        read=lambda client: client.traits("text"),
        means=TRAITS,
    ),
    Example(
        "models_compatibility_mapping",
        "/models/compatibility_mapping?type=text",
        key=NOBODY,
        answer=listed(type="text", data={"gpt-4o": "zai-org-glm-5-1"}),
        read=lambda client: client.compatibility("text"),
        means={"gpt-4o": "zai-org-glm-5-1"},
    ),
    Example(
        "image_styles",
        "/image/styles",
        key=NOBODY,
        answer=listed(data=["3D Model", "Analog Film", "Anime"]),
        read=lambda client: client.styles(),
        means=["3D Model", "Analog Film", "Anime"],
    ),
    Example(
        "characters_list",
        "/characters?search=philosophy&limit=5",
        answer=listed(data=[PERSON]),
        read=lambda client: client.characters("philosophy", limit=5),
        means=[
            Character(
                "alan-watts",
                "Alan Watts",
                "Speaks of the East to the West.",
                "somebody",
                ("Philosophy",),
                "venice-uncensored-1-2",
                web_enabled=True,
            )
        ],
    ),
    Example(
        "billing_balance",
        "/billing/balance",
        key=ADMIN,
        answer={
            "canConsume": True,
            "consumptionCurrency": "DIEM",
            "balances": {"diem": 90.5, "usd": 25},
            "diemEpochAllocation": 100,
        },
        read=lambda client: client.balance(),
        means=Balance(True, "DIEM", {"diem": 90.5, "usd": 25.0}),
    ),
    Example(
        "api_keys_rate_limits",
        "/api_keys/rate_limits",
        answer={
            "data": {
                "accessPermitted": True,
                "apiTier": {"id": "paid", "isCharged": True},
                "balances": {"USD": 50.23, "DIEM": 100.023},
                "keyExpiration": None,
                "nextEpochBegins": "2025-05-07T00:00:00.000Z",
                "rateLimits": [
                    {
                        "apiModelId": "zai-org-glm-5-1",
                        "rateLimits": [
                            {"amount": 100, "type": "RPM"},
                            {"amount": 2_000_000, "type": "TPM"},
                        ],
                    },
                    {
                        "apiModelId": "z-image-turbo",
                        "rateLimits": [{"amount": 20, "type": "RPM"}],
                    },
                ],
            }
        },
        headers=COMMON,
        read=lambda client: client.rate_limits(),
        means=KeyHealth(
            ok=True,
            balances={"USD": 50.23, "DIEM": 100.023},
            tier="paid",
            next_epoch=datetime(2025, 5, 7, tzinfo=UTC),
            limits={
                "zai-org-glm-5-1": {"RPM": 100, "TPM": 2_000_000},
                "z-image-turbo": {"RPM": 20},
            },
        ),
    ),
)
