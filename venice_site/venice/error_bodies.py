"""The bodies of Venice's errors: every shape that was ever seen (contract 4.1), read into one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from venice_site.venice.answers import object_of, text_of
from venice_site.venice.headers import number


@dataclass(frozen=True, slots=True)
class Said:
    """What the body of an error said, whatever its shape. All of it is Venice's text."""

    message: str = ""
    code: str = ""
    reasons: tuple[str, ...] = ()
    suggested_prompt: str = ""
    recommended_model: str = ""
    request_id: str = ""
    consent_url: str = ""
    retry_after: float | None = None
    without_key: bool = False
    is_page: bool = False

    @property
    def everything(self) -> str:
        """Return all its words, to be searched."""
        return " ".join((self.code, self.message, *self.reasons))

    @property
    def plain(self) -> str:
        """Return the reasons as people can read them, the message when there are none."""
        return "; ".join(self.reasons) or self.message


def read(body: bytes, media_type: str = "application/json") -> Said:
    """Return what the body of an error says; nothing when it is empty, a web page or broken."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        is_page = media_type == "text/html" or body.lstrip()[:1] == b"<"
        return Said(
            is_page=is_page, message="" if is_page else body.decode("utf-8", "replace").strip()
        )
    return _said(found)


def _said(found: Any) -> Said:
    if isinstance(found, str):
        return Said(message=found)
    body = object_of(found)
    error = body.get("error")
    inner = object_of(error)
    message = error if isinstance(error, str) else _first_text(inner, "message", "error")
    return Said(
        message=message or _first_text(body, "message", "detail", "customMessage"),
        code=" ".join(
            str(part.get(name) or "") for part in (inner, body) for name in ("code", "type")
        ).strip(),
        reasons=tuple(dict.fromkeys(_reasons(body, error))),
        suggested_prompt=_first_text(body, "suggested_prompt")
        or _first_text(inner, "suggested_prompt"),
        recommended_model=_first_text(inner, "recommended_model")
        or _first_text(body, "recommended_model"),
        request_id=_first_text(body, "request_id") or _first_text(inner, "request_id"),
        consent_url=_first_text(object_of(body.get("consent_flow")), "url"),
        retry_after=number(inner.get("retry_after", body.get("retry_after"))),
        without_key="x402Version" in body,
    )


def _first_text(found: Mapping[str, Any], *names: str) -> str:
    return next((text for name in names if (text := text_of(found.get(name)))), "")


def _reasons(body: dict[str, Any], error: Any) -> Iterator[str]:
    for source in (body.get("issues"), error, object_of(error).get("issues")):
        for issue in source if isinstance(source, list) else ():
            yield _reason(object_of(issue).get("path"), text_of(object_of(issue).get("message")))
    if isinstance(body.get("details"), str):
        yield body["details"]
    elif not body.get("issues"):
        yield from _nested(object_of(body.get("details")), ())
    for part in (body, object_of(error)):
        if text_of(part.get("customMessage")):
            yield part["customMessage"]


def _nested(details: dict[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    """Yield the reasons of zod's tree: `{"field": {"_errors": ["why"]}}`, a few levels deep."""
    for name, part in details.items():
        if name == "_errors" and isinstance(part, list):
            yield from (_reason(list(path), text_of(why)) for why in part)
        elif isinstance(part, dict) and len(path) < 5:
            yield from _nested(part, (*path, name))


def _reason(path: Any, why: str) -> str:
    field = " ".join(str(step) for step in path) if isinstance(path, list) else ""
    return f"{field.replace('_', ' ')}: {why}" if field else why
