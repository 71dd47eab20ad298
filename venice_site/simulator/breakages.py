"""Scenarios of a bad road to Venice: answers that are not JSON, and connections that break."""

from __future__ import annotations

from .refusals import made
from .replies import Broken, Reply
from .scenarios import Options

HTML_502 = (
    b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>"
    b"\r\n<hr><center>cloudflare</center>\r\n</body>\r\n</html>\r\n"
)


_JSON = {"content-type": "application/json"}
_SHORT = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 5000\r\n\r\n{"


def _endless(options: Options) -> Broken:
    size = int(options["megabytes"]) * 1024 * 1024
    head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {size}\r\n\r\n"
    return Broken(data=head.encode() + b" " * size, status=200)


def _drip(options: Options) -> Broken:
    return Broken(float(options["seconds"]), drip_seconds=float(options["interval"]), status=200)


made(
    "html-502",
    lambda options: Reply(502, HTML_502, {"content-type": "text/html", "server": "cloudflare"}),
    "502 with an HTML body.",
    28,
)
made("empty-503", lambda options: Reply(503, b""), "503 with an empty body.", 26, 28)
made(
    "html-200",
    lambda options: Reply(200, HTML_502, {"content-type": "text/html; charset=utf-8"}),
    "200 with an HTML body.",
    28,
)
made(
    "broken-json",
    lambda options: Reply(200, b'{"id":"generate-image-1","images":["iVBOR', _JSON),
    "200 with JSON that ends half way.",
    28,
)
made("array-200", lambda options: Reply(200, b'["unexpected"]', _JSON), "200 with an array.", 28)
made(
    "redirect",
    lambda options: Reply(302, b"", {"location": str(options["location"])}),
    "302 to another address.",
    28,
    location="http://127.0.0.1:9/elsewhere",
)
made("connection-reset", lambda options: Broken(reset=True), "A reset instead of an answer.", 29)
made("connection-closed", lambda options: Broken(), "A close instead of an answer.", 29)
made(
    "truncated-body",
    lambda options: Broken(data=_SHORT, status=200),
    "The connection closes before the promised length.",
    29,
)
made("not-http", lambda options: Broken(data=b"220 mail ready\r\n"), "Not HTTP at all.", 29)
made(
    "read-timeout",
    lambda options: Broken(seconds=float(options["seconds"])),
    "Silence of `seconds`, then the connection closes.",
    30,
    seconds=90.0,
)
made(
    "slow-drip",
    _drip,
    "One byte every `interval` seconds, for `seconds`.",
    30,
    seconds=90.0,
    interval=0.5,
)
made("endless-body", _endless, "A JSON body of `megabytes`.", 30, megabytes=200)
