"""Give a person many made-up conversations."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from chat.seeding import seed
from venice_site.accounts.models import User
from venice_site.venice.service import Venice


class Command(BaseCommand):
    """For measuring, and for seeing what a full list looks like; never for a team's own database."""

    help = "Gives a person many made-up conversations, to measure or to try the chat with."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take how many of what, and whose."""
        parser.add_argument("--conversations", type=int, default=10_000)
        parser.add_argument("--messages", type=int, default=4, help="in each conversation")
        parser.add_argument("--user", required=True, help="the username of the person")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make them and say how many."""
        owner = User.objects.filter(username=options["user"]).first()
        if owner is None:
            raise CommandError(f"Nobody is called {options['user']}.")
        model = Venice(owner).default_model("text").id
        made = seed(owner, options["conversations"], options["messages"], model)
        self.stdout.write(f"{owner} has {len(made)} conversations more.")
