"""The control port: another process arms failures, reads the journal and changes the pace.

It lies on the same port as the simulator and answers loopback addresses only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from ipaddress import ip_address
from typing import Any

from .exchange import State
from .failures import Match
from .keys import KeyRecord
from .replies import Refusal, Reply, json_reply
from .scenarios import SCENARIOS, UnknownScenario
from .validation import Anything, Choice, Flag, Nullable, Number, Shape, Text, demand
from .wire import Request

_FAIL = Shape(
    {
        "scenario": Text(1),
        "times": Nullable(Number(1, whole=True)),
        "key": Nullable(Text()),
        "path": Nullable(Text()),
        "model": Nullable(Text()),
        "prompt_contains": Nullable(Text()),
        "options": Anything(),
    },
    frozenset({"scenario"}),
)
_SETTINGS = Shape(
    {
        "first_token_ms": Number(0),
        "tokens_per_second": Number(0),
        "image_ms": Number(0),
        "dialect": Choice("today", "seed"),
    }
)
_KEY = Shape(
    {
        "secret": Text(1),
        "enabled": Flag(),
        "admin": Flag(),
        "account": Text(),
        "metered": Flag(),
        "balance_usd": Number(),
        "balance_diem": Number(),
        "spend_limit_usd": Nullable(Number(0)),
        "request_limit": Nullable(Number(0, whole=True)),
        "window": Number(above=0),
        "error_budget": Nullable(Number(0, whole=True)),
    },
    frozenset({"secret"}),
)


def control(state: State, request: Request, body: Any, peer: str) -> Reply:
    """Answers one request to the control port."""
    if not ip_address(peer).is_loopback:
        return json_reply(403, {"error": "The control port answers loopback addresses only."})
    action = ACTIONS.get((request.method, request.path.removeprefix("/_control/")))
    if action is None:
        return json_reply(404, {"error": f"No such control: {request.method} {request.path}"})
    # A page in a browser on this machine cannot send this type unasked.
    if request.body and not request.headers.get("content-type", "").startswith("application/json"):
        return json_reply(415, {"error": "'Content-Type' must be 'application/json'"})
    try:
        return json_reply(200, action(state, body))
    except Refusal as refusal:
        return refusal.reply
    except UnknownScenario as error:
        return json_reply(400, {"error": str(error)})


def _fail(state: State, body: Any) -> Any:
    demand(_FAIL, body)
    match = Match(body.get("path"), body.get("key"), body.get("model"), body.get("prompt_contains"))
    state.failures.arm(body["scenario"], body.get("times"), match, body.get("options", {}))
    return {"armed": body["scenario"]}


def clear(state: State, body: Any = None) -> Any:
    """Disarms failures, opens gates, forgets the journal and what keys did."""
    state.failures.clear()
    state.gates.release()
    state.journal.clear()
    state.keys.forget()
    return {"cleared": True}


def _release(state: State, body: Any) -> Any:
    state.gates.release()
    return {"released": True}


def _requests(state: State, body: Any) -> Any:
    return {"requests": [record.as_json() for record in state.journal.snapshot()]}


def _change_settings(state: State, body: Any) -> Any:
    demand(_SETTINGS, body)
    for name, value in body.items():
        setattr(state.settings, name, value)
    return asdict(state.settings)


def _settings(state: State, body: Any) -> Any:
    return asdict(state.settings)


def _put_key(state: State, body: Any) -> Any:
    demand(_KEY, body)
    state.keys[body["secret"]] = KeyRecord(**body)
    return asdict(state.keys[body["secret"]])


def _keys(state: State, body: Any) -> Any:
    return {"keys": [asdict(record) for record in state.keys.values()]}


def _scenarios(state: State, body: Any) -> Any:
    return {
        "scenarios": [
            {
                "name": one.name,
                "about": one.about,
                "checklist": one.checklist,
                "times": one.times,
                "options": one.defaults,
            }
            for one in SCENARIOS
        ]
    }


ACTIONS: dict[tuple[str, str], Callable[[State, Any], Any]] = {
    ("POST", "fail"): _fail,
    ("POST", "clear"): clear,
    ("POST", "release"): _release,
    ("GET", "requests"): _requests,
    ("GET", "settings"): _settings,
    ("POST", "settings"): _change_settings,
    ("GET", "keys"): _keys,
    ("POST", "keys"): _put_key,
    ("GET", "scenarios"): _scenarios,
}
