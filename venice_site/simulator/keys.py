"""Keys: who may ask, how often, and with how much money."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, MutableMapping
from dataclasses import dataclass, field

from .refusals import (
    INSUFFICIENT_BALANCE,
    SPEND_LIMIT,
    error_budget_spent,
    payment_required,
    rate_limited,
)
from .replies import Refusal, refuse

WINDOW = 60.0
FAILURE_WINDOW = 30.0
DEFAULT_LIMITS = {"image": 20, "inpaint": 20, "upscale": 20, "text": 75}
TOKEN_LIMIT = 750_000


@dataclass
class KeyRecord:
    """One API key.

    `request_limit` per `window` seconds and model switches real 429s on; `metered` makes calls cost
    balance; `spend_limit_usd` and `error_budget` (failures in 30 s) are off while None. Money is in USD.
    """

    secret: str
    enabled: bool = True
    admin: bool = False
    account: str = "main"
    balance_usd: float = 25.0
    balance_diem: float = 90.5
    metered: bool = False
    spend_limit_usd: float | None = None
    spent_usd: float = 0.0
    request_limit: int | None = None
    window: float = WINDOW
    error_budget: int | None = None


@dataclass
class Window:
    """A fixed window of one account and model."""

    ends: float
    requests: int = 0
    tokens: int = 0


@dataclass
class Keys(MutableMapping[str, KeyRecord]):
    """The keys by secret; without a list of known keys any key is accepted and recorded when it first comes."""

    open_to_all: bool = True
    clock: Callable[[], float] = time.time
    _records: dict[str, KeyRecord] = field(default_factory=dict)
    _windows: dict[tuple[str, str], Window] = field(default_factory=dict)
    _failures: dict[str, deque[float]] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def __getitem__(self, secret: str) -> KeyRecord:
        with self._lock:
            if secret not in self._records and self.open_to_all:
                self._records[secret] = KeyRecord(secret, admin="ADMIN" in secret.upper())
            return self._records[secret]

    def __setitem__(self, secret: str, record: KeyRecord) -> None:
        with self._lock:
            self._records[secret] = record

    def __delitem__(self, secret: str) -> None:
        with self._lock:
            del self._records[secret]

    def __iter__(self) -> Iterator[str]:
        with self._lock:
            return iter(list(self._records))

    def __len__(self) -> int:
        return len(self._records)

    def __contains__(self, secret: object) -> bool:
        return secret in self._records

    def forget(self) -> None:
        """Forgets windows and failures, and the keys themselves where any key is accepted."""
        with self._lock:
            self._windows.clear()
            self._failures.clear()
            if self.open_to_all:
                self._records.clear()

    def admit(self, authorization: str | None) -> KeyRecord:
        """Returns the key of an Authorization header; raises the refusal Venice answers otherwise."""
        scheme, _, secret = (authorization or "").strip().partition(" ")
        secret = secret.strip()
        if scheme.lower() != "bearer" or not secret:
            raise Refusal(payment_required())
        with self._lock:
            if secret.startswith("sim-") and secret not in self._records:
                self._records[secret] = KeyRecord(secret)
        try:
            record = self[secret]
        except KeyError:
            raise refuse(401, "Authentication failed") from None
        if not record.enabled:
            raise refuse(401, "Authentication failed")
        return record

    def check_error_budget(self, record: KeyRecord) -> None:
        """Raises the 429 of the abuse rule once a key has failed too often in 30 seconds."""
        if record.error_budget is None:
            return
        with self._lock:
            failed = self._recent_failures(record.secret)
            if len(failed) > record.error_budget:
                raise Refusal(
                    error_budget_spent(
                        failed[-1] + FAILURE_WINDOW - self.clock(), record.error_budget
                    )
                )

    def count_failure(self, record: KeyRecord) -> None:
        """Counts a 4xx other than 429 against the error budget."""
        with self._lock:
            self._recent_failures(record.secret).append(self.clock())

    def check_rate(self, record: KeyRecord, model: str) -> None:
        """Counts a request; raises 429 when the key has a limit and its window is full."""
        with self._lock:
            window = self.window(record, model)
            if record.request_limit is not None and window.requests >= record.request_limit:
                raise Refusal(rate_limited(window.ends - self.clock(), record.request_limit))
            window.requests += 1

    def check_funds(self, record: KeyRecord, price_usd: float) -> None:
        """Raises the 402 of a key or account that cannot pay `price_usd`."""
        limit = record.spend_limit_usd
        if limit is not None and record.spent_usd + price_usd > limit:
            raise refuse(402, SPEND_LIMIT)
        if record.metered and record.balance_usd + record.balance_diem < price_usd:
            raise refuse(402, INSUFFICIENT_BALANCE)

    def charge(self, record: KeyRecord, model: str, price_usd: float, tokens: int = 0) -> None:
        """Takes `price_usd` from the key (DIEM first) and counts its tokens."""
        with self._lock:
            self.window(record, model).tokens += tokens
            record.spent_usd += price_usd
            if record.metered:
                from_diem = min(record.balance_diem, price_usd)
                record.balance_diem -= from_diem
                record.balance_usd -= price_usd - from_diem

    def window(self, record: KeyRecord, model: str) -> Window:
        """Returns the window that is open now for this key's account and model."""
        with self._lock:
            now = self.clock()
            name = (record.account if record.request_limit is None else record.secret, model)
            window = self._windows.get(name)
            if window is None or window.ends <= now:
                window = self._windows[name] = Window(ends=now + record.window)
            return window

    def _recent_failures(self, secret: str) -> deque[float]:
        failures = self._failures.setdefault(secret, deque())
        while failures and failures[0] < self.clock() - FAILURE_WINDOW:
            failures.popleft()
        return failures
