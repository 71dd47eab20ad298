"""Conversations with models."""

from django.apps import AppConfig


class ChatConfig(AppConfig):
    """The room where people talk to models."""

    name = "chat"
