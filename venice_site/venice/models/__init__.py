"""Keys, quotas, the ledger and the catalogue as rows. Money is integer micro-USD everywhere."""

from venice_site.venice.models.keys import ApiKey, ApiKeyQuerySet, Cooldown, KeySource, KeyState
from venice_site.venice.models.ledger import (
    Attempt,
    Call,
    CallKind,
    CallState,
    Hold,
)
from venice_site.venice.models.notices import Announcement, CatalogueEntry, Notice
from venice_site.venice.models.quotas import Metric, Period, Quota, QuotaBucket, Who

__all__ = [
    "Announcement",
    "ApiKey",
    "ApiKeyQuerySet",
    "Attempt",
    "Call",
    "CallKind",
    "CallState",
    "CatalogueEntry",
    "Cooldown",
    "Hold",
    "KeySource",
    "KeyState",
    "Metric",
    "Notice",
    "Period",
    "Quota",
    "QuotaBucket",
    "Who",
]
