"""The stand-in for Venice as a command: `manage.py simulator`."""

from __future__ import annotations

import sys

from django.core.management.base import BaseCommand

from venice_site.simulator.__main__ import main


class Command(BaseCommand):
    """Passes every option on to the stand-in, which needs no Django."""

    help = "Run the stand-in for Venice."

    def run_from_argv(self, argv: list[str]) -> None:
        """Leave the reading of options to the stand-in itself."""
        sys.exit(main(argv[2:]))
