"""Conversations with models."""

from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate

from venice_site.sqlite import opened


class ChatConfig(AppConfig):
    """The room where people talk to models."""

    name = "chat"

    def ready(self) -> None:
        """Let SQLite know how words are found in messages, and every migration leave their index in order."""
        opened.connect(_teach, dispatch_uid="chat")
        post_migrate.connect(_keep, sender=self, dispatch_uid="chat")


def _teach(connection: Any, **_: Any) -> None:
    from chat import search_index

    search_index.teach(connection)


def _keep(using: str, **_: Any) -> None:
    from chat import search_index

    connection = connections[using]
    if "chat_search" in connection.introspection.table_names():
        search_index.keep(connection)
