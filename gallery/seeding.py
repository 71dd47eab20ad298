"""A team's gallery made up in great number, always much the same one: to measure, and to try what much looks like."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection

from gallery import seeding_pictures, triggers
from gallery.bulk import Rows
from gallery.models import Collection, Generation, Image, Mark, Placement, Tag, Tagging, Visibility
from gallery.seeding_pictures import Drawn
from gallery.seeding_words import COLLECTIONS, PEOPLE, REFUSED, TAGS, prompt
from gallery.words import words
from venice_site.accounts.models import User
from venice_site.venice.runs import RunStatus
from venice_site.venice.service import Venice
from venice_site.venice.types import ImageOrder

LASTS = timedelta(days=3 * 365)
WRITTEN_AT_ONCE = 5000  # images
GROWTH = 0.7  # of how many pictures are made as time goes on; 1 is evenly many
IN_FASHION = 6  # models at a time; the others are not yet there, or out of use
SEASONS = 12
STYLES_EACH = 6
VARIANTS = (1, 1, 1, 2, 2, 4, 4, 4)
TROUBLES = {
    RunStatus.FAILED: ("timeout", "Venice did not answer within 60 seconds. Nothing was charged."),
    RunStatus.INTERRUPTED: ("interrupted", "The work was cut off. It may have been charged."),
    RunStatus.CANCELLED: ("", ""),
}
ENDS = (RunStatus.SUCCEEDED, *TROUBLES)
ODDS = (0.95, 0.03, 0.005, 0.015)  # of these ends
TABLES = ("generation", "image", "searchdocument", "tally", "mark", "tagging", "placement")
PRICES = (10_000, 20_000, 40_000)  # micro-USD
MARKS = ((5, True), (5, True), (4, False), (4, False), (3, False), (2, False), (0, True))


def seed(images: int, now: datetime, tell: Callable[[int], None]) -> None:
    """Make so many images, of the last three years or since the newest there is; `tell` hears how many are made.

    Everybody who is there takes part, and some who are made up and cannot sign in. All or nothing.
    """
    newest = Image.objects.order_by("-created_at").first()
    begins = max(now - LASTS, newest.created_at if newest else now - LASTS)  # ids grow with time
    chance = random.Random(f"{images} after {newest.pk if newest else 0}")
    pictures = seeding_pictures.hang(images, chance)
    with triggers.set_aside():
        team = Team.gather(chance)
        gallery = Gallery(team, pictures, now, chance)
        while gallery.made < images:
            progress = (gallery.made / images) ** GROWTH
            left = images - gallery.made
            gallery.add(begins + (now - begins) * progress, progress, left)
            if gallery.collected >= WRITTEN_AT_ONCE:
                gallery.write()
                tell(gallery.made)
        gallery.write()
        gallery.close()
        tell(images)


def gather_statistics() -> None:
    """Tell PostgreSQL what is in the tables now, as autovacuum would some minutes later; SQLite needs none.

    Without it the planner takes what every tenth picture has for rare, and a page takes ten times as long.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"vacuum (analyze) {', '.join(f'gallery_{name}' for name in TABLES)}")


@dataclass
class Team:
    """Who makes pictures here, with what, and where they are put."""

    people: list[User]
    models: list[str]
    styles: list[str]
    collections: list[Collection]
    tags: list[Tag]
    chance: random.Random

    @classmethod
    def gather(cls, chance: random.Random) -> Team:
        """Return those who are there with some more, their collections and tags."""
        people = list(User.objects.filter(is_active=True).order_by("pk")[: len(PEOPLE)])
        names = [name for name in PEOPLE if not User.objects.filter(username=name).exists()]
        missing = names[: len(PEOPLE) - len(people)]
        people += [User.objects.create_user(username=name) for name in missing]
        venice = Venice(people[0])
        models, styles = {model.id for model in venice.image_models()}, set(venice.styles())
        collections, tags = _collections(people), Tag.objects.named(TAGS)
        return cls(people, sorted(models), sorted(styles), collections, tags, chance)

    def person(self) -> int:
        """Return the id of somebody; the first make the most."""
        return self._one_of_the_first(self.people).pk

    def collection(self) -> int:
        """Return the id of a collection; the first are the largest."""
        return self._one_of_the_first(self.collections).pk

    def model(self, progress: float) -> str:
        """Return a model that was in use when so much (0 to 1) of the time had gone by."""
        season = int(progress * SEASONS)
        return self.models[(season + self.chance.randrange(IN_FASHION)) % len(self.models)]

    def style(self, person: int) -> str:
        """Return one of the few styles that a person likes, mostly none."""
        if self.chance.random() > 0.35:
            return ""
        place = person * STYLES_EACH + self.chance.randrange(STYLES_EACH)
        return self.styles[place % len(self.styles)]

    def some_tags(self) -> list[int]:
        """Return the ids of one to three tags."""
        return [tag.pk for tag in self.chance.sample(self.tags, self.chance.randint(1, 3))]

    def _one_of_the_first[T](self, things: list[T]) -> T:
        return things[min(int(self.chance.expovariate(4 / len(things))), len(things) - 1)]


def _collections(people: list[User]) -> list[Collection]:
    made: list[Collection] = []
    for number, (name, parent, is_private) in enumerate(COLLECTIONS):
        facts = {"parent": None if parent is None else made[parent], "is_private": is_private}
        owner = people[number % 3 % len(people)]
        one, _ = Collection.objects.get_or_create(owner=owner, name=name, defaults=facts)
        made.append(one)
    return made


class Gallery:
    """The rows of generations, their images, and what people say of them."""

    def __init__(
        self, team: Team, pictures: list[Drawn], now: datetime, chance: random.Random
    ) -> None:
        self.team, self.pictures, self.now, self.chance = team, pictures, now, chance
        self.generations, self.images = Rows(Generation), Rows(Image)
        self.marks, self.taggings, self.placements = Rows(Mark), Rows(Tagging), Rows(Placement)
        self.made = self.collected = 0

    @property
    def _tables(self) -> Iterator[Rows]:
        yield from (self.generations, self.images, self.marks, self.taggings, self.placements)

    def write(self) -> None:
        """Write what was collected, those first whose ids the others need."""
        for rows in self._tables:
            rows.write()
        self.collected = 0

    def close(self) -> None:
        """Let the database count on."""
        for rows in self._tables:
            rows.close()

    def add(self, moment: datetime, progress: float, most: int) -> None:
        """Add a generation with one to four images, but never more than so many."""
        chance, person = self.chance, self.team.person()
        text = prompt(chance)
        asked = {
            "model": self.team.model(progress),
            "style": self.team.style(person),
            "visibility": Visibility.PRIVATE if chance.random() < 0.1 else Visibility.TEAM,
        }
        refused = chance.choice(REFUSED) if chance.random() < 0.2 else ""
        generation = self.generations.add(
            user_id=person,
            request_id=uuid.UUID(int=chance.getrandbits(128)).hex,
            prompt=text,
            words=" ".join(words(text)),
            negative_prompt=refused,
            created_at=moment,
            **asked,
        )
        picture = chance.choice(self.pictures)
        order = ImageOrder(
            asked["model"],
            text,
            chance.randint(1, 999_999_000),
            refused,
            picture.width,
            picture.height,
            style_preset=asked["style"],
            format=picture.mime.partition("/")[2],
        ).as_dict()
        facts = {"generation_id": generation, "user_id": person, "claim": 1, **asked}
        kept = []
        for position in range(min(most, chance.choice(VARIANTS))):
            seed = order["seed"] + position
            facts |= {"position": position, "seed": seed, "order": order | {"seed": seed}}
            pk = self._add_image(facts, picture, moment + timedelta(milliseconds=position))
            kept += [pk] if pk else []
        self._say(kept, person, is_private=asked["visibility"] == Visibility.PRIVATE)

    def _add_image(self, facts: dict[str, Any], picture: Drawn, moment: datetime) -> int | None:
        """Add an image, now and then after one that failed; return its id if it hangs in the grid."""
        (status,) = self.chance.choices(ENDS, ODDS)
        took = self.chance.randint(1500, 30_000)
        end = moment + timedelta(milliseconds=took)
        facts = facts | {
            "created_at": moment,
            "started_at": moment,
            "heartbeat_at": moment,
            "finished_at": end,
        }
        deleted_at = self._deletion(end) if self.chance.random() < 0.012 else None
        self.made, self.collected = self.made + 1, self.collected + 1
        if status == RunStatus.SUCCEEDED:
            told = self._told(facts["order"], picture, took)
            pk = self.images.add(status=status, deleted_at=deleted_at, **facts | told)
            return None if deleted_at else pk
        kind, sentence = TROUBLES[status]
        self.images.add(
            status=status, error_kind=kind, error=sentence, deleted_at=deleted_at, **facts
        )
        return None

    def _told(self, order: dict[str, Any], picture: Drawn, took: int) -> dict[str, Any]:
        """Return what is known of an image that came out well."""
        return {
            "file": picture.file,
            "sha256": picture.sha256,
            "mime": picture.mime,
            "width": picture.width,
            "height": picture.height,
            "byte_size": picture.byte_size,
            "placeholder": picture.placeholder,
            "seed_used": order["seed"],
            "model_used": order["model"],
            "request": {name: value for name, value in order.items() if value not in (None, "")},
            "response": {"id": f"generate-image-{order['seed']}", "timing": {"total": took}},
            "blurred": self.chance.random() < 0.004,
            "duration_ms": took,
            "cost": self.chance.choice(PRICES),
        }

    def _deletion(self, end: datetime) -> datetime:
        """Return a moment so late that the trash keeps the image for some days."""
        within = timedelta(days=max(settings.TRASH_DAYS - 2, 0))
        return max(end, self.now - within * self.chance.random())

    def _say(self, images: list[int], person: int, *, is_private: bool) -> None:
        """Let people tag, collect, rate and love some images; private ones their owner alone."""
        chance, team = self.chance, self.team
        tags = team.some_tags() if chance.random() < 0.1 else []
        collection = team.collection() if chance.random() < 0.12 and not is_private else None
        for image in images:
            for tag in tags:
                self.taggings.add(tag_id=tag, image_id=image, by_id=person)
            if collection:
                self.placements.add(collection_id=collection, image_id=image, by_id=person)
            fans = {person} if chance.random() < 0.06 else set()
            fans |= {team.person()} if chance.random() < 0.03 and not is_private else set()
            for fan in fans:
                rating, favourite = chance.choice(MARKS)
                self.marks.add(user_id=fan, image_id=image, rating=rating, favourite=favourite)
