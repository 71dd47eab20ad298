"""Claims of one key, as an operation makes them."""

from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

from venice_site.venice import policy, pool
from venice_site.venice.decisions import OrderFacts, TryKey
from venice_site.venice.models import ApiKey, Call


def claimed(call: Call, key: ApiKey, now: datetime, model: str = "m") -> pool.Lease | None:
    """Return a lease of this key for a call, None when the policy would not take it now."""
    facts = OrderFacts("image", model, now + timedelta(minutes=3), 5.0)
    with pool.turn():
        seen = pool.view(call.pk, now)
        if key.pk not in seen.rows:
            return None
        alone = replace(seen.pool, keys=(seen.facts(key.pk),))
        decision = policy.decide(alone, facts, (), now, Random(1))
        if not isinstance(decision, TryKey):
            return None
        return pool.claim(call.pk, seen, decision, now, waited_ms=0)
