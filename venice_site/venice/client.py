"""One method for each endpoint of Venice, one attempt each; every failure is of the one error tree.

Nothing here retries, rotates keys or falls back: the policy decides that, the service does it.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from venice_site.venice import answers
from venice_site.venice.answers import Balance, KeyHealth
from venice_site.venice.deltas import DeltaReader
from venice_site.venice.dialects import Dialect
from venice_site.venice.edits import PATHS, edit_body, kept_request
from venice_site.venice.errors import InvalidOrder, KeyRefused
from venice_site.venice.exchange import Cancel, Exchange
from venice_site.venice.headers import content_type
from venice_site.venice.orders import chat_body, image_body
from venice_site.venice.pictures import ImageAnswer, image_answer, refuse_blocked
from venice_site.venice.refusals import Scrub, refusal
from venice_site.venice.streams import ChatStream
from venice_site.venice.transport import Reply, Wire
from venice_site.venice.types import Character, ChatOrder, EditOrder, ImageOrder, Model

__all__ = ["Cancel", "ChatStream", "Client", "ImageAnswer", "KeyHealth", "chat_body", "image_body"]

MEGABYTE = 1024 * 1024
LARGEST_IMAGE_ANSWER = 60 * MEGABYTE
LARGEST_LIST = 8 * MEGABYTE
LARGEST_ERROR = 64 * 1024
ERROR_WITHIN = 5.0  # seconds for the body of an error; its status says most
REWORDINGS = 3


class Client:
    """Talks to one Venice with one secret. Safe to share between threads.

    `timeout` bounds each silence (`image_timeout` those of pictures, as `timeout` if None), `deadline` a whole
    call, `stream_deadline` a whole streaming reply, in seconds.
    """

    def __init__(
        self,
        base_url: str,
        secret: str,
        *,
        timeout: float = 60,
        image_timeout: float | None = None,
        deadline: float = 180,
        stream_deadline: float = 600,
    ) -> None:
        self._base_url = base_url
        self._secret = secret
        self._scrub = Scrub(secret)
        self._wire = Wire(base_url, secret)
        self._dialect = Dialect()
        self._timeout = timeout
        self._image_timeout = timeout if image_timeout is None else image_timeout
        self._deadline = deadline
        self._stream_deadline = stream_deadline

    def __repr__(self) -> str:
        return f"<Client of {self._base_url}>"

    def generate_image(
        self, order: ImageOrder, model: Model | None = None, *, cancel: Cancel | None = None
    ) -> ImageAnswer:
        """Ask for one picture and return it verified. Blocks until it is made."""
        sent = image_body(order, model)
        return self._picture("/image/generate", sent, sent, order.model, cancel)

    def edit_image(
        self, order: EditOrder, model: Model | None = None, *, cancel: Cancel | None = None
    ) -> ImageAnswer:
        """Ask for one picture made of others and return it verified. Blocks until it is made.

        The request that is kept holds the fingerprints of the pictures. Raises `InvalidOrder` for pictures
        that no request can hold.
        """
        sent, kept = edit_body(order, model), kept_request(order, model)
        return self._picture(PATHS[order.kind], sent, kept, order.model, cancel)

    def stream_chat(
        self, order: ChatOrder, model: Model | None = None, *, cancel: Cancel | None = None
    ) -> ChatStream:
        """Ask for one reply; return once its headers are there, to be iterated for its deltas.

        A server that does not know a word like `stream_options` is asked once more in its own words, and
        from then on at once: that is a matter of dialect, not a retry.
        """
        body = self._dialect.spoken(chat_body(order, model))
        started = time.monotonic()
        for _ in range(REWORDINGS):
            try:
                return self._stream(body, order, model, cancel, since=started)
            except InvalidOrder as refused:
                reworded = self._dialect.reworded(body, refused)
                if reworded is None:
                    raise
                body = reworded
        return self._stream(body, order, model, cancel, since=started)

    def models(self, kind: str) -> list[dict[str, Any]]:
        """Return the models of a kind ("image", "text", …) as Venice lists them, in one shape."""
        return answers.model_entries(self._get("/models", type=kind), kind)

    def traits(self, kind: str) -> dict[str, str]:
        """Return the model of each trait ("default", "fastest", …) of a kind."""
        return answers.trait_map(self._get("/models/traits", type=kind))

    def styles(self) -> list[str]:
        """Return the styles, each as it must be sent back."""
        return answers.style_labels(self._get("/image/styles"))

    def compatibility(self, kind: str) -> dict[str, str]:
        """Return the model that answers to each foreign name of a kind ("gpt-4o", …)."""
        return answers.trait_map(self._get("/models/compatibility_mapping", type=kind))

    def characters(self, search: str = "", *, limit: int = 50, offset: int = 0) -> list[Character]:
        """Return characters that models can play, a page at a time; fewer than `limit` are the last."""
        asked = {
            "limit": str(limit),
            "offset": str(offset),
            **({"search": search} if search else {}),
        }
        return answers.characters(self._get("/characters", **asked))

    def balance(self) -> Balance:
        """Return what the account may spend. Only an admin key may ask; others raise `NotEntitled`."""
        return answers.balance(self._get("/billing/balance"))

    def rate_limits(self) -> KeyHealth:
        """Return what Venice says of this key: the check that costs nothing and works with any key."""
        return answers.key_health(self._get("/api_keys/rate_limits"), _now())

    def _picture(
        self,
        path: str,
        sent: dict[str, Any],
        kept: dict[str, Any],
        asked: str,
        cancel: Cancel | None,
    ) -> ImageAnswer:
        exchange = Exchange(
            cancel or Cancel(), idle=self._image_timeout, deadline=self._deadline, paid=True
        )
        reply = self._open("POST", path, exchange, json=sent)
        try:
            refuse_blocked(reply.headers)
            body = reply.body(LARGEST_IMAGE_ANSWER)
        finally:
            reply.close()
        return image_answer(
            body,
            reply.headers,
            kept,
            asked=asked,
            duration_ms=exchange.duration_ms,
            now=_now(),
            scrub=self._scrub,
        )

    def _stream(
        self,
        body: dict[str, Any],
        order: ChatOrder,
        model: Model | None,
        cancel: Cancel | None,
        *,
        since: float,
    ) -> ChatStream:
        spent = time.monotonic() - since
        exchange = Exchange(
            cancel or Cancel(), idle=self._timeout, deadline=self._deadline - spent, paid=True
        )
        reply = self._open("POST", "/chat/completions", exchange, json=body, encoding="identity")
        if content_type(reply.headers) != "application/json":
            exchange.end_after(self._stream_deadline)
        reader = DeltaReader(
            reasons=model is not None and model.supports_reasoning, scrub=self._scrub, clock=_now
        )
        answering = self._scrub(reply.headers.get("x-venice-model-id") or "")
        return ChatStream(reply, reader, asked=order.model, answering=answering, now=_now())

    def _get(self, path: str, **params: str) -> Any:
        exchange = Exchange(Cancel(), idle=self._timeout, deadline=self._deadline, paid=False)
        reply = self._open("GET", path, exchange, params=params)
        return answers.json_value(reply.body(LARGEST_LIST))

    def _open(
        self,
        method: str,
        path: str,
        exchange: Exchange,
        *,
        json: Any = None,
        params: dict[str, str] | None = None,
        encoding: str = "gzip",
    ) -> Reply:
        """Send one request and return its answer if it is not a refusal; raise what it means otherwise."""
        if not (self._secret.isascii() and self._secret.isprintable()):
            raise KeyRefused(
                "This key holds characters that no Venice key has. An administrator can replace it.",
                status=401,
            )
        reply = self._wire.open(method, path, exchange, json=json, params=params, encoding=encoding)
        if 200 <= reply.status < 300:
            return reply
        raise refusal(
            reply.status,
            reply.headers,
            reply.beginning(LARGEST_ERROR, ERROR_WITHIN),
            now=_now(),
            ordered=_names_model(json),
            scrub=self._scrub,
        )


def _names_model(body: dict[str, Any] | None) -> bool:
    return body is not None and not body.keys().isdisjoint(("model", "modelId"))


def _now() -> datetime:
    return datetime.now(UTC)
