"""Pictures behind web addresses. Nothing is fetched: the words of an address are painted."""

from __future__ import annotations

import re
from ipaddress import ip_address
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from PIL import Image

from .painting import Order, draw

SIZE = (1024, 768)
_OF_ONE_NETWORK = (".local", ".localhost", ".internal")


def picture_behind(url: str) -> Image.Image | None:
    """Returns the picture of a public address, always the same one; None where no picture can be fetched."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not _is_public(host):
        return None
    name = unquote(PurePosixPath(parts.path).stem)
    words = " ".join(re.findall(r"[^\W\d_]+", name))
    return draw(Order(prompt=words, model="", seed=1, width=SIZE[0], height=SIZE[1]))


def _is_public(host: str) -> bool:
    try:
        return ip_address(host).is_global
    except ValueError:
        return "." in host and not host.endswith(_OF_ONE_NETWORK)
