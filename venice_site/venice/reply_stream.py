"""A reply on its way through the service: the stream of the attempt that brought it, and what it used."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import replace
from functools import partial
from typing import Self

from venice_site.venice import lengths, prices
from venice_site.venice.client import Cancel, ChatStream
from venice_site.venice.decisions import FellBack
from venice_site.venice.errors import Stopped, TooLong, VeniceError
from venice_site.venice.operations import Operation
from venice_site.venice.pool import Lease
from venice_site.venice.types import ChatOrder, Delta, Model, Usage


class ReplyStream:
    """A reply as it is written: iterate over its deltas; `close()` from any thread, at any moment.

    The first `next` does the sending, with retries, rotation and fallback; after the first content
    only an error can follow. Iteration raises `VeniceError`, `Stopped` after `close()`.
    """

    def __init__(
        self,
        order: ChatOrder,
        start: Callable[[Callable[[], bool]], Operation],
        model_of: Callable[[str], Model],
        conclude: Callable[[Usage], None],
        cancel: Cancel,
    ) -> None:
        self._order = order
        self._sent = order
        self._start = start
        self._model_of = model_of
        self._conclude = conclude
        self._cancel = cancel
        self._stream: ChatStream | None = None
        self._served_by = order.model
        self._deltas = self._read()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._deltas.close()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Delta:
        return next(self._deltas)

    def close(self) -> None:
        """Stop, also before the first byte: the socket is shut."""
        self._cancel.set()

    @property
    def usage(self) -> Usage:
        """Return what was used so far: as Venice reported it, else estimated; empty before any answer."""
        if self._stream is None:
            return Usage()
        model = self._model_of(self._served_by)
        reported = self._stream.usage
        if reported is not None and reported.tokens_out:
            return prices.priced(model, reported, self._sent)
        counted = Usage(
            tokens_in=prices.input_tokens(self._sent),
            tokens_out=self._stream.counted,
            cost_source="estimate",
        )
        return prices.priced(model, counted, self._sent)

    def _read(self) -> Generator[Delta]:
        order = self._order
        operation = self._start(self._cancel.is_set)
        attempt = partial(self._attempt, operation)
        (stream, prelude), lease, seen = operation.carry_out(attempt)
        self._stream, self._served_by = stream, lease.model
        with stream:
            try:
                operation.note_answer(lease, stream.rate)
                note = lengths.left_out(order, self._sent)
                yield from _announced(prelude, order, operation.fallback, note)
                yield from stream
            except (Stopped, GeneratorExit):
                operation.end_stopped(lease)
                raise
            except VeniceError as error:
                self._price(error, self._model_of(lease.model))
                operation.end_badly(lease, seen, error)
                raise
            operation.end_well(
                lease, stream.rate, stream.request_id, also=lambda: self._conclude(self.usage)
            )

    def _attempt(self, operation: Operation, lease: Lease) -> tuple[ChatStream, list[Delta]]:
        """Open the stream and read as far as the first content: until then another try is possible."""
        model = self._model_of(lease.model)
        asked = replace(self._order, model=lease.model)
        if operation.is_shortened:
            asked = lengths.shortened(asked, model) or asked
        self._sent = asked
        try:
            return self._opened(lease.client.stream_chat(asked, model, cancel=self._cancel))
        except TooLong as error:
            error.args = (lengths.too_long(model),)
            raise
        except VeniceError as error:
            self._price(error, model)
            raise

    def _price(self, error: VeniceError, model: Model) -> None:
        """Let an error that tells of what was charged tell what it cost as well."""
        if error.usage is not None:
            error.usage = prices.priced(model, error.usage, self._sent)

    def _opened(self, stream: ChatStream) -> tuple[ChatStream, list[Delta]]:
        prelude: list[Delta] = []
        try:
            for delta in stream:
                prelude.append(delta)
                if delta.text or delta.reasoning:
                    break
        except BaseException:  # whatever ends the attempt ends the connection, and goes on
            stream.__exit__()
            raise
        return stream, prelude


def _announced(
    prelude: list[Delta], order: ChatOrder, instead: FellBack | None, note: str
) -> list[Delta]:
    """Say on the first delta that another model answers than the one that was asked, and what is left out."""
    if not prelude:
        return prelude
    first = replace(prelude[0], note=note)
    if instead is not None:
        first = replace(first, fallback_from=order.model, fallback_reason=instead.reason)
    return [first, *prelude[1:]]
