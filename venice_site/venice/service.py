"""The door to Venice for gallery and chat: orders in, pictures and replies out, sentences when it fails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import cached_property
from typing import Literal

from django.conf import settings

from venice_site.accounts.models import User
from venice_site.venice import (
    allowances,
    catalogue,
    characters,
    fallback,
    lengths,
    notices,
    prices,
    quotas,
)
from venice_site.venice.catalogue import Catalogue, model_name
from venice_site.venice.client import Cancel, ImageAnswer
from venice_site.venice.clients import client_of
from venice_site.venice.decisions import FellBack, OrderFacts
from venice_site.venice.edits import TOOLS, edited_by
from venice_site.venice.errors import KeyRefused, ModelGone, NoKey, NotEntitled, VeniceError
from venice_site.venice.health import check_key
from venice_site.venice.models import ApiKey, Call, CallKind
from venice_site.venice.operations import Clock, Operation
from venice_site.venice.policy import FALLBACK_REASONS
from venice_site.venice.pool import ASKABLE, Lease
from venice_site.venice.quotas import Estimate
from venice_site.venice.reply_stream import ReplyStream
from venice_site.venice.retirement import deprecation_notice
from venice_site.venice.stand_in import on_stand_in
from venice_site.venice.types import (
    Character,
    ChatOrder,
    EditKind,
    EditOrder,
    GeneratedImage,
    ImageOrder,
    Model,
    Usage,
)

__all__ = ["Cancel", "ReplyStream", "Venice", "check_key", "model_name", "on_stand_in"]

Kind = Literal["image", "inpaint", "text"]
CHARACTERS_ASK = 3  # keys at the most, to find one that Venice does not refuse
# Seconds of the longest single wait: a picture goes back to the queue, a person waits for a reply.
PATIENCE: dict[Literal["image", "text"], float] = {"image": 5.0, "text": 35.0}
EDIT_KINDS: dict[EditKind, CallKind] = {
    "edit": CallKind.EDIT,
    "combine": CallKind.EDIT,
    "upscale": CallKind.UPSCALE,
    "cutout": CallKind.CUTOUT,
}


class Venice:
    """What one person may ask of Venice."""

    def __init__(self, user: User, clock: Clock | None = None) -> None:
        self.user = user
        self.clock = clock or Clock()

    @cached_property
    def simulated(self) -> bool:
        """Return whether the local stand-in answers this person now."""
        return on_stand_in()

    @property
    def catalogue(self) -> Catalogue:
        """Return what is on offer, from cached rows."""
        return catalogue.current(simulated=self.simulated)

    def image_models(self) -> list[Model]:
        """Return the models that make pictures."""
        return self.catalogue.offered("image")

    def text_models(self) -> list[Model]:
        """Return the models that write replies."""
        return self.catalogue.offered("text")

    def model(self, kind: str, model_id: str) -> Model | None:
        """Return a model that can be chosen, None when there is none of this id."""
        return self.catalogue.find(kind, model_id)

    def default_model(self, kind: str) -> Model:
        """Return the model to begin with. Raises `ModelGone` when there is none at all."""
        return self.catalogue.default(kind)

    def styles(self) -> list[str]:
        """Return the labels of the styles."""
        return list(self.catalogue.styles)

    def known_characters(self, search: str = "") -> list[Character]:
        """Return the characters of Venice that fit a search, from cached rows."""
        return characters.cached(search, simulated=self.simulated)

    def character(self, slug: str) -> Character | None:
        """Return a character that is known, None when there is none of this slug."""
        return characters.find(slug, simulated=self.simulated)

    def look_for_characters(self, search: str = "") -> list[Character]:
        """Ask Venice for characters that fit a search, and know them from then on. Raises `VeniceError`."""
        found = self.characters(search)
        characters.keep(found, self.clock.now(), simulated=self.simulated)
        return found

    def characters(self, search: str = "") -> list[Character]:
        """Return the characters of Venice that fit a search; asks Venice, at no cost. Raises `VeniceError`."""
        keys = ApiKey.objects.enabled().filter(state__in=ASKABLE).order_by("-priority", "pk")
        refused: VeniceError = NoKey()
        for key in [None] if self.simulated else keys[:CHARACTERS_ASK]:
            try:
                if client := client_of(key):
                    return client.characters(search)
            except (KeyRefused, NotEntitled) as error:
                refused = error
        raise refused

    def allowances(self) -> list[allowances.Allowance]:
        """Return what this person may use under each quota that applies."""
        return allowances.allowances(self.user)

    def image_price(self, order: ImageOrder) -> int:
        """Return the list price of one picture in micro-USD."""
        return prices.image_price(self._known("image", order.model), order)

    def reserve_image(self, order: ImageOrder) -> Call:
        """Write the ledger line of one picture and hold its quota. Raises `QuotaExceeded`."""
        estimate = self._image_estimate(order)
        return quotas.reserve(
            self.user, CallKind.IMAGE, order.model, estimate, simulated=self.simulated
        )

    def edit_price(self, order: EditOrder) -> int:
        """Return the list price of one edit in micro-USD."""
        model = self._listed("image" if order.kind == "cutout" else "inpaint", edited_by(order))
        return prices.edit_price(order, model, self._listed("upscale", edited_by(order)))

    def reserve_edit(self, order: EditOrder) -> Call:
        """Write the ledger line of one edit and hold its quota. Raises `QuotaExceeded`."""
        order = self._with_model(order)
        estimate = self._edit_estimate(order)
        kind = EDIT_KINDS[order.kind]
        return quotas.reserve(self.user, kind, order.model, estimate, simulated=self.simulated)

    def reserve_reply(self, order: ChatOrder, *, kind: CallKind = CallKind.REPLY) -> Call:
        """Write the ledger line of one reply and hold an estimate. Raises `QuotaExceeded`."""
        estimate = self._reply_estimate(order)
        return quotas.reserve(self.user, kind, order.model, estimate, simulated=self.simulated)

    def reply_estimate(self, order: ChatOrder) -> Usage:
        """Return the most that a reply is expected to use, which is what asking for it reserves."""
        return prices.reply_estimate(self._known("text", order.model), order)

    def generate_image(
        self, order: ImageOrder, call_id: int, *, stopped: Callable[[], bool]
    ) -> GeneratedImage:
        """Have one picture made, however many attempts it takes. Blocks for minutes at the most.

        The caller settles with the picture's usage. Raises `VeniceError`, and `Stopped` when the
        person stopped it between two attempts.
        """
        cheaper = self._cheaper_image_model(order)

        def asked_of(model: str) -> ImageOrder:
            known = self._known("image", model)
            return order if model == order.model else fallback.image_order_for(order, known)

        def estimate(model: str) -> Estimate:
            return self._image_estimate(asked_of(model))

        def attempt(lease: Lease) -> ImageAnswer:
            model = self._known("image", lease.model)
            return lease.client.generate_image(asked_of(lease.model), model)

        operation = self._operation("image", order.model, cheaper, call_id, stopped, estimate)

        answer, lease, _ = operation.carry_out(attempt)
        _end_well(operation, lease, answer)
        usage = prices.made_usage(self._known("image", lease.model), order, answer.response)
        return _generated(answer, lease.model, usage, order.model, operation.fallback)

    def edit_image(
        self, order: EditOrder, call_id: int, *, stopped: Callable[[], bool]
    ) -> GeneratedImage:
        """Have one picture made of others, however many attempts it takes; no other model answers for less.

        The caller settles with the picture's usage. Raises `VeniceError`, and `Stopped` when the
        person stopped it between two attempts.
        """
        order = self._with_model(order)
        operation = self._edit_operation(order, call_id, stopped)

        def attempt(lease: Lease) -> ImageAnswer:
            asked = replace(order, model=lease.model)
            return lease.client.edit_image(asked, self._listed("inpaint", lease.model))

        answer, lease, _ = operation.carry_out(attempt)
        _end_well(operation, lease, answer)
        usage = Usage(images=1, cost=self.edit_price(replace(order, model=lease.model)))
        return _generated(answer, lease.model, usage, order.model, operation.fallback)

    def stream_reply(
        self,
        order: ChatOrder,
        call_id: int,
        conclude: Callable[[Usage], None] = lambda usage: None,
        *,
        may_shorten: bool = False,
        cancel: Cancel | None = None,
    ) -> ReplyStream:
        """Return the stream of one reply; nothing is sent before its first delta is asked for.

        `conclude` writes what was made of a reply that came whole, in one transaction with what is recorded of
        it; it is called again when the database was busy. `may_shorten`: when Venice says that it is too long,
        its oldest turns are left out, once. `cancel` stops it as `close()` does, and can be had before.
        """

        def estimate(model: str) -> Estimate:
            return self._reply_estimate(replace(order, model=model))

        def start(stopped: Callable[[], bool]) -> Operation:
            cheaper = self._cheaper_text_model(order)
            operation = self._operation("text", order.model, cheaper, call_id, stopped, estimate)
            can_shorten = may_shorten and lengths.can_shorten(order)
            operation.facts = replace(operation.facts, can_shorten=can_shorten)
            return operation

        return ReplyStream(
            order,
            start,
            lambda model_id: self._known("text", model_id),
            conclude,
            cancel or Cancel(),
        )

    def _known(self, kind: Kind, model_id: str) -> Model:
        """Return a model of the catalogue, or one of which nothing but its name is known."""
        return self._listed(kind, model_id) or Model(id=model_id, kind=kind, name=model_id)

    def _operation(
        self,
        kind: Kind,
        model: str,
        cheaper: Model | None,
        call_id: int,
        stopped: Callable[[], bool],
        estimate: Callable[[str], Estimate],
    ) -> Operation:
        """Return the operation of an order; a model that is retired gives way to its successor.

        Raises `ModelGone` when it has none.
        """
        successor = self.catalogue.successor(kind, model)
        facts = self._facts(kind, model, cheaper, successor)
        operation = Operation(call_id, facts, estimate, stopped, self.clock)
        if self.model(kind, model) is None:
            if successor is None:
                raise ModelGone
            operation.fall_back(successor.id, FALLBACK_REASONS[ModelGone.kind])
        return operation

    def _facts(
        self, kind: Kind, model: str, cheaper: Model | None = None, successor: Model | None = None
    ) -> OrderFacts:
        charged: Literal["image", "text"] = "text" if kind == "text" else "image"
        return OrderFacts(
            kind=charged,
            model=model,
            deadline=self.clock.now() + timedelta(seconds=settings.VENICE_DEADLINE),
            patience=PATIENCE[charged],
            fallback=cheaper.id if cheaper else "",
            replacement=successor.id if successor else "",
        )

    def _edit_operation(
        self, order: EditOrder, call_id: int, stopped: Callable[[], bool]
    ) -> Operation:
        def estimate(model: str) -> Estimate:
            return self._edit_estimate(replace(order, model=model))

        if order.kind in TOOLS:
            facts = self._facts("image", order.model)
            return Operation(call_id, facts, estimate, stopped, self.clock)
        return self._operation("inpaint", order.model, None, call_id, stopped, estimate)

    def _image_estimate(self, order: ImageOrder) -> Estimate:
        return Estimate(images=1, cost=self.image_price(order))

    def _edit_estimate(self, order: EditOrder) -> Estimate:
        return Estimate(images=1, cost=self.edit_price(order))

    def _reply_estimate(self, order: ChatOrder) -> Estimate:
        expected = self.reply_estimate(order)
        return Estimate(tokens=expected.tokens, cost=expected.cost)

    def _with_model(self, order: EditOrder) -> EditOrder:
        """Return the order with the model that carries it out named. Raises `ModelGone` when there is none."""
        return replace(order, model=edited_by(order) or self.default_model("inpaint").id)

    def _listed(self, kind: str, model_id: str) -> Model | None:
        return self.catalogue.models.get(kind, {}).get(model_id)

    def _cheaper_image_model(self, order: ImageOrder) -> Model | None:
        other = self.model("image", settings.VENICE_FALLBACK_IMAGE_MODEL)
        chosen = self._known("image", order.model)
        return other if other and fallback.suits_image(order, chosen, other) else None

    def _cheaper_text_model(self, order: ChatOrder) -> Model | None:
        other = self.model("text", settings.VENICE_FALLBACK_TEXT_MODEL)
        chosen = self._known("text", order.model)
        return other if other and fallback.suits_reply(order, chosen, other) else None


def _end_well(operation: Operation, lease: Lease, answer: ImageAnswer) -> None:
    """Record who answered, and tell administrators when that model is about to leave."""
    headers = answer.response.get("headers", {})
    operation.end_well(lease, answer.rate, headers.get("cf-ray", ""))
    if sentence := deprecation_notice(headers):
        notices.tell(f"model:{lease.model}", sentence)


def _generated(
    answer: ImageAnswer, model: str, usage: Usage, asked: str, instead: FellBack | None
) -> GeneratedImage:
    return GeneratedImage(
        content=answer.content,
        mime=answer.mime,
        width=answer.width,
        height=answer.height,
        seed=answer.seed,
        model=answer.model or model,
        request=answer.request,
        response=answer.response,
        duration_ms=answer.duration_ms,
        usage=usage,
        blurred=answer.blurred,
        fallback_from=asked if instead else "",
        fallback_reason=instead.reason if instead else "",
    )
