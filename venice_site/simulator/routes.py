"""Takes a request from the wire to its endpoint and the answer back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from . import chats, generations, images, listings, retouching
from .characters import characters
from .control import control
from .delivery import deliver
from .exchange import Exchange, State, parse_body, subject_of
from .headers import dress, seed_error
from .journal import RecordedRequest
from .keys import KeyRecord
from .replies import Answer, Broken, Refusal, Reply, json_reply, refuse
from .scenarios import UnknownScenario
from .wire import BadRequest, Connection, Request, head

BASE = "/api/v1"
CONTROL = "/_control/"


@dataclass(frozen=True)
class Route:
    """An endpoint; `public` ones answer without a key, `admin` ones want an admin key."""

    endpoint: Callable[[Exchange], Answer]
    public: bool = False
    admin: bool = False


ROUTES: dict[tuple[str, str], Route] = {
    ("POST", "/image/generate"): Route(images.generate),
    ("POST", "/images/generations"): Route(generations.generate),
    ("POST", "/image/upscale"): Route(retouching.upscale),
    ("POST", "/image/edit"): Route(retouching.edit),
    ("POST", "/image/multi-edit"): Route(retouching.multi_edit),
    ("POST", "/image/background-remove"): Route(retouching.remove_background),
    ("GET", "/image/styles"): Route(listings.styles, public=True),
    ("POST", "/chat/completions"): Route(chats.complete),
    ("GET", "/models"): Route(listings.models, public=True),
    ("GET", "/models/traits"): Route(listings.traits, public=True),
    ("GET", "/models/compatibility_mapping"): Route(listings.compatibility, public=True),
    ("GET", "/api_keys/rate_limits"): Route(listings.rate_limits),
    ("GET", "/characters"): Route(characters),
    ("GET", "/billing/usage"): Route(listings.retired_usage, public=True),
    ("GET", "/billing/balance"): Route(listings.balance, admin=True),
}


def serve(state: State, connection: Connection, peer: str) -> None:
    """Answers the requests of one connection, one after another, until either side ends it."""
    while True:
        try:
            request = connection.read_request()
        except BadRequest as error:
            reply = json_reply(error.status, {"error": str(error)})
            connection.send(
                head(
                    reply.status,
                    reply.headers,
                    f"content-length: {len(reply.body)}",
                    "connection: close",
                )
                + reply.body
            )
            return
        if request is None or not _carry_out(state, connection, request, peer):
            return


def _carry_out(state: State, connection: Connection, request: Request, peer: str) -> bool:
    exchange = _open(state, connection, request)
    if request.path.startswith(CONTROL):
        return deliver(exchange, control(state, request, exchange.record.body, peer))
    state.journal.add(exchange.record)
    try:
        answer = _answer(exchange)
        if answer is None:
            return False
        exchange.record.status = answer.status
        return deliver(exchange, answer if isinstance(answer, Broken) else dress(answer, exchange))
    finally:
        exchange.record.finish()
        if state.log:
            state.log(exchange.record)


def _open(state: State, connection: Connection, request: Request) -> Exchange:
    path = request.path.removeprefix(BASE) if request.path.startswith(BASE + "/") else request.path
    secret = request.headers.get("authorization", "").partition(" ")[2].strip()
    body = parse_body(request)
    record = RecordedRequest(request.method, path, request.query, request.headers, secret, body)
    subject = subject_of(request, path, secret, body)
    return Exchange(state, connection, request, path, record, subject, KeyRecord(""))


def _answer(exchange: Exchange) -> Answer | None:
    """Returns the answer, or None when the client left at a gate."""
    try:
        answer = _decide(exchange)
    except Refusal as refusal:
        answer = refusal.reply
    except UnknownScenario as error:
        answer = json_reply(400, {"error": str(error)})
    if isinstance(answer, Reply) and answer.failed:
        if answer.status < 500 and answer.status != 429:
            exchange.state.keys.count_failure(exchange.key)
        if exchange.seed_dialect:
            answer = seed_error(answer)
    return answer


def _decide(exchange: Exchange) -> Answer | None:
    route = ROUTES.get((exchange.request.method, exchange.path))
    if route is None or not exchange.request.path.startswith(BASE + "/"):
        raise refuse(404, f"Route not found: {exchange.request.method} {exchange.request.path}")
    exchange.active = exchange.state.failures.choose(exchange.subject)
    exchange.record.scenario = ",".join(active.scenario.name for active in exchange.active) or None
    _authorise(exchange, route)
    before, exchange.gates = exchange.state.gates.take(exchange.subject)
    for gate in before:
        if gate.pass_through(exchange.connection):
            exchange.record.closed_by_client = True
            return None
    for active in exchange.active:
        if active.scenario.make is not None:
            return active.scenario.make(active.options)
    return route.endpoint(exchange)


def _authorise(exchange: Exchange, route: Route) -> None:
    authorization = exchange.request.headers.get("authorization")
    if route.public:
        if authorization and exchange.record.key in exchange.state.keys:
            exchange.key = exchange.state.keys[exchange.record.key]
        return
    exchange.key = exchange.state.keys.admit(authorization)
    exchange.state.keys.check_error_budget(exchange.key)
    if route.admin and not exchange.key.admin:
        raise refuse(401, "Admin API key required")
