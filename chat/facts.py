"""What a reply used: its model, tokens, cost and times, as a person reads them."""

from __future__ import annotations

from typing import NamedTuple

from django.utils.safestring import SafeString

from chat.models import Message
from venice_site.templatetags.studio import ago, seconds, usd

SOURCES_OF_COST = {"estimate": " (estimate)", "catalogue": " (list price)"}


class Fact(NamedTuple):
    """One line: what it is, and how much; `is_number` lets its digits stand below each other."""

    term: str
    value: str | SafeString
    is_number: bool = True


def facts_of(message: Message) -> list[Fact]:
    """Return what is known of a reply; what Venice did not tell is left out."""
    writer = message.served_by or message.model
    facts = [Fact("Model", writer, is_number=False)]
    if writer != message.model:
        facts.append(Fact("Asked for", message.model, is_number=False))
    if message.tokens_in or message.tokens_out:
        cached = f", {message.tokens_cached:,} from the cache" if message.tokens_cached else ""
        thought = f", {message.tokens_reasoning:,} to think" if message.tokens_reasoning else ""
        facts += (
            Fact("Tokens in", f"{message.tokens_in:,}{cached}"),
            Fact("Tokens out", f"{message.tokens_out:,}{thought}"),
            Fact("Cost", usd(message.cost) + SOURCES_OF_COST.get(message.cost_source, "")),
        )
    if message.first_token_ms is not None:
        facts.append(Fact("First word after", f"{message.first_token_ms:,} ms"))
    if message.elapsed:
        facts.append(Fact("Took", seconds(message.elapsed)))
    if message.citations:
        facts.append(Fact("Sources", str(len(message.citations))))
    return [*facts, Fact("Written", ago(message.created_at), is_number=False)]
