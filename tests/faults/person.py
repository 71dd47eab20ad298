"""Somebody without a browser, and what the database of a product holds meanwhile."""

import re
import sqlite3
import uuid
from contextlib import closing
from typing import Any

import requests

from tests.product import Product

MODEL = "google-gemma-3-27b-it"


class Person:
    """The administrator, by plain requests."""

    def __init__(self, product: Product) -> None:
        self.product, self.session = product, requests.Session()
        self.post("/accounts/login/", login=product.username, password=product.password)

    def get(self, path: str, **headers: str) -> str:
        """Open a page and return it."""
        return self.session.get(f"{self.product.url}{path}", headers=headers, timeout=30).text

    def post(self, path: str, **fields: object) -> requests.Response:
        """Send a form as a browser without scripts does."""
        page = self.get("/accounts/login/")
        found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        token = found.group(1) if found else self.session.cookies["csrftoken"]
        answer = self.session.post(
            f"{self.product.url}{path}", {"csrfmiddlewaretoken": token, **fields}, timeout=60
        )
        assert answer.status_code == 200, answer.text[:500]
        return answer

    def say(self, path: str, text: str) -> str:
        """Send a message and return the path of its conversation."""
        answer = self.post(path, text=text, model=MODEL, request_id=str(uuid.uuid4()))
        return re.sub(r"^.*?(/chat/\d+/).*$", r"\1", answer.url)


def rows(product: Product, query: str, *values: object) -> list[tuple[Any, ...]]:
    """Ask the product's own database, as another process does."""
    path = f"file:{product.data / 'studio.sqlite3'}?mode=ro"
    with closing(sqlite3.connect(path, uri=True, timeout=20)) as database:
        return database.execute(query, values).fetchall()
