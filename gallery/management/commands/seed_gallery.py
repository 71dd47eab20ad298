"""Give the team a made-up gallery."""

from __future__ import annotations

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from gallery.models import Image
from gallery.seeding import gather_statistics, seed

TOLD_EVERY = 50_000  # images


class Command(BaseCommand):
    """For measuring, and for seeing what a full gallery looks like; never for a team's own database."""

    help = "Makes up a team's gallery of three years, to measure or to try what much looks like."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take how many, and whether pictures that are there may stay."""
        parser.add_argument("--images", type=int, default=10_000)
        parser.add_argument(
            "--beside", action="store_true", help="although the gallery has pictures already"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Make them, tell how far it is, and how long it took."""
        if options["images"] < 1:
            raise CommandError("At least one image can be made.")
        if Image.objects.exists() and not options["beside"]:
            raise CommandError(
                "The gallery is not empty. Use an empty one, or --beside to put the made-up pictures after its own."
            )
        self.images, self.began, self.next = options["images"], time.monotonic(), TOLD_EVERY
        seed(self.images, timezone.now(), self._tell)
        gather_statistics()
        self.stdout.write(f"Made {self.images:,} images in {self._seconds} s.")

    def _tell(self, made: int) -> None:
        if made >= self.images:
            self.stdout.write("Every image is made. Now search and counts are written.")
        elif made >= self.next:
            self.next += TOLD_EVERY
            self.stdout.write(f"{made:,} of {self.images:,} images after {self._seconds} s")
        self.stdout.flush()

    @property
    def _seconds(self) -> int:
        return round(time.monotonic() - self.began)
