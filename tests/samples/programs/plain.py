"""Sends one request as plain HTTP over a socket and prints all that comes back: METHOD PATH [BODY]."""

import os
import socket
import sys
from urllib.parse import urlsplit

method, path, body = (*sys.argv[1:], "")[:3]
base = urlsplit(os.environ["BASE_URL"])
lines = [
    f"{method} {base.path}{path} HTTP/1.1",
    f"Host: {base.netloc}",
    f"Authorization: Bearer {os.environ['API_KEY']}",
    "Content-Type: application/json",
    f"Content-Length: {len(body.encode())}",
    "Connection: close",
]
with socket.create_connection((base.hostname, base.port or 80), timeout=60) as connection:
    connection.sendall("\r\n".join([*lines, "", body]).encode())
    while piece := connection.recv(65536):
        sys.stdout.buffer.write(piece)
