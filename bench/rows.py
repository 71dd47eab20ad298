"""What a team has gathered before it is measured; run as a process with the settings of the product.

`python -m bench.rows --conversations 10000 --images 20000` prints what the measurements need to know.
"""

from __future__ import annotations

import argparse
import json
import os
import uuid
from datetime import timedelta
from itertools import batched
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chat.models import Conversation
    from venice_site.accounts.models import User

PEOPLE = 4
PASSWORD = "a-password-for-the-bench"
MODEL = "llama-3.3-70b"  # does not think first, so that its first token is a word of the reply
TALKS = 480  # conversations that wait for the next message
MESSAGES = 4  # in each of the many conversations of one person
LONG = (500, 1000)  # messages of the long conversations
NO_END = 10**15
ANSWER = (
    "The **tide** is the slow rise and fall of the sea.\n\n- The moon pulls.\n- The sun helps.\n\n"
    "It comes twice a day, a little later each time, because the moon moves on while the earth turns."
)


def main() -> None:
    """Prepare the database, fill it, and print the ids that the measurements need."""
    options = _parser().parse_args()
    _set_up()
    from django.core.management import call_command

    from venice_site.accounts.models import User

    call_command("prepare", verbosity=0, stdout=open(os.devnull, "w"))  # noqa: PTH123, SIM115
    if User.objects.filter(username__startswith="member-").exists():
        raise SystemExit("The database of DATABASE_URL is not empty.")
    people = make_people()
    make_quota()
    make_many(people[0], options.conversations)
    talks = make_conversations(people, TALKS)
    made = {
        "people": [person.username for person in people],
        "talks": [[one.owner.username, one.pk] for one in talks],
        "long": [make_long(people[0], length) for length in LONG],
        "gallery": make_images(options.images),
    }
    print(json.dumps(made))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.rows")
    parser.add_argument("--conversations", type=int, default=10_000)
    parser.add_argument("--images", type=int, default=20_000)
    return parser


def _set_up() -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "venice_site.settings")
    django.setup()


def make_people() -> list[User]:
    """Return the members of the team, all with one password, hashed once because that is slow."""
    from django.contrib.auth.hashers import make_password

    from venice_site.accounts.models import User

    hashed = make_password(PASSWORD)
    names = [f"member-{number}" for number in range(PEOPLE)]
    User.objects.bulk_create([User(username=name, password=hashed) for name in names])
    return list(User.objects.filter(username__in=names).order_by("pk"))


def make_quota() -> None:
    """Give the team a quota that never ends, so that every reply takes from one hot bucket."""
    from venice_site.venice.models import Metric, Period, Quota, Who

    Quota.objects.create(who=Who.TEAM, metric=Metric.TOKENS, period=Period.DAY, limit=NO_END)


def make_conversations(people: list[User], number: int) -> list[Conversation]:
    """Return conversations of one question and its answer, the people taking turns."""
    from django.utils import timezone

    from chat.models import Conversation, TitleSource

    now = timezone.now()
    made = [
        Conversation(
            owner=people[index % len(people)],
            title=f"About the tides, part {index}",
            title_source=TitleSource.MODEL,
            model=MODEL,
            created_at=now - timedelta(minutes=number - index),
            updated_at=now - timedelta(minutes=number - index),
        )
        for index in range(number)
    ]
    Conversation.objects.bulk_create(made, batch_size=500)
    for some in batched(made, 500, strict=False):
        _fill(some)
    return made


def _fill(conversations: tuple[Conversation, ...]) -> None:
    from chat.models import Conversation, Message, Role

    questions = Message.objects.bulk_create(
        [
            Message(
                conversation=one,
                role=Role.USER,
                author=one.owner,
                request_id=uuid.uuid4(),
                text="What is a tide?",
                status="succeeded",
            )
            for one in conversations
        ]
    )
    answers = Message.objects.bulk_create(
        [
            Message(
                conversation=question.conversation,
                parent=question,
                role=Role.ASSISTANT,
                model=MODEL,
                text=ANSWER,
                status="succeeded",
            )
            for question in questions
        ]
    )
    for answer in answers:
        answer.conversation.tip = answer
    Conversation.objects.bulk_update(conversations, ["tip"])


def make_many(owner: User, number: int) -> None:
    """Make conversations with words of all kinds, for the list and for search."""
    from chat.seeding import seed

    seed(owner, number, MESSAGES, MODEL)


def make_long(owner: User, length: int) -> int:
    """Return the id of a conversation of so many messages."""
    from chat.seeding import seed

    (conversation,) = seed(owner, 1, length, MODEL)
    return conversation.pk


def make_images(number: int) -> dict[str, str]:
    """Make the gallery of the team and return what the measurements ask it for."""
    from django.db.models import Count
    from django.utils import timezone

    from gallery.models import Image, Placement
    from gallery.seeding import gather_statistics, seed

    seed(number, timezone.now(), lambda made: None)
    gather_statistics()
    shown = Image.objects.pictures().filter(visibility="team", deleted_at=None)
    middle = shown.filter(pk__gt=number // 2).select_related("user").earliest("pk")
    largest = Placement.objects.values_list("collection").annotate(n=Count("pk")).order_by("-n")
    return {
        "middle": str(middle.pk),
        "model": middle.model,
        "person": middle.user.username,
        "month": f"{middle.created_at:%Y-%m}",
        "tag": "winter",
        "collection": "Landscapes",
        "largest": str(largest[0][0]),
    }


if __name__ == "__main__":
    main()
