"""A made-up gallery: search, tallies, filters and covers are those of its rows, and pages ask no more for more rows."""

import re
from collections import Counter

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import Count, F, Sum
from django.db.models.functions import Coalesce, TruncMonth
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from gallery import seeding_pictures
from gallery.covers import hung
from gallery.facets import Facets
from gallery.models import Collection, Image, Mark, SearchDocument, Tag, Tally
from gallery.search import Search
from gallery.seeding import seed

IMAGES = 2000
WORD = re.compile(r"\b(heron|herons|herones)\b", re.IGNORECASE)


@pytest.fixture(autouse=True)
def _small_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seeding_pictures, "SIZES", ((64, 64), (96, 48)))


def make(images: int) -> None:
    seed(images, timezone.now(), lambda made: None)


def everything(user, text: str) -> list[int]:
    return Search.of(user, text).older(None, IMAGES * 2)


def told() -> dict[int, tuple[str, set[str]]]:
    rows = SearchDocument.objects.values_list("image", "words", "facts")
    return {image: (words, set(facts.split())) for image, words, facts in rows}


def test_search_tallies_filters_and_covers_are_those_of_the_rows(alice, bob) -> None:
    make(IMAGES)
    assert Image.objects.count() == IMAGES

    seen = Image.objects.shown_to(alice).order_by("-pk")
    herons = [pk for pk, text in seen.values_list("pk", "generation__prompt") if WORD.search(text)]
    model = seen.values_list("model", flat=True).first()
    marked = Mark.objects.filter(user=alice)
    for text, rows in {
        "": seen,
        "heron -zzz": seen.filter(pk__in=herons),
        f"model:{model}": seen.filter(model=model),
        "by:bob": seen.filter(user=bob),
        "is:private": seen.filter(visibility="private"),
        "status:failed": seen.filter(status="failed"),
        "size:96x48": seen.filter(width=96, height=48),
        "tag:winter": seen.filter(taggings__tag=Tag.objects.get(name="winter")),
        "in:Textures": seen.filter(placements__collection__name="Textures"),
        "is:favourite": seen.filter(marks__in=marked.filter(favourite=True)),
        "rating:>=4": seen.filter(marks__in=marked.filter(rating__gte=4)),
    }.items():
        found = everything(alice, text)
        assert found == list(rows.values_list("pk", flat=True)), text
        assert found, text

    counted = (
        Image.objects.pictures()
        .filter(deleted_at=None, replaced_by=None)
        .order_by()
        .annotate(first=TruncMonth("created_at"))
        .values_list("user", "visibility", "model", "style", "first")
        .annotate(number=Count("pk"), size=Coalesce(Sum("byte_size"), 0))
    )
    kept = Tally.objects.values_list(
        "user", "visibility", "model", "style", "month", "pictures", "bytes"
    )
    assert set(kept) == {(*kind, f"{first:%Y-%m}", n, size) for *kind, first, n, size in counted}

    pictures = seen.pictures()
    facets = Facets.of(Search.of(alice, ""))
    assert facets.total == pictures.count()
    names = Counter(pictures.values_list("user__username", flat=True))
    assert {one.name: one.count for one in facets.people} == names

    for cover in hung(alice, Collection.objects.visible_to(alice)):
        inside = pictures.filter(placements__collection=cover.collection)
        assert [image.pk for image in cover.images] == list(inside.values_list("pk", flat=True)[:4])

    before = told()
    Image.objects.update(blurred=F("blurred"))  # the triggers tell every image anew
    assert told() == before


def test_pages_ask_the_same_number_of_questions_of_a_small_and_a_large_gallery(
    alice, as_alice
) -> None:
    def asked() -> dict[str, int]:
        middle = everything(alice, "")[100]
        numbers = {}
        for path in (
            "",
            f"?before={middle}",
            "?q=heron",
            "?q=by:mara+-golden",
            "filters",
            "filters?q=golden",
            f"images/{middle}/",
            "trash/",
            "collections/",
        ):
            as_alice.get(f"/gallery/{path}")
            with CaptureQueriesContext(connection) as queries:
                assert as_alice.get(f"/gallery/{path}").status_code == 200
            # The catalogue and the quotas look at the clock to know whether to ask.
            ours = [one for one in queries.captured_queries if "gallery_" in one["sql"]]
            numbers[re.sub(r"\d+", "", path)] = len(ours)
        return numbers

    make(300)
    few = asked()
    make(IMAGES - 300)
    many = asked()
    assert many == few


@pytest.mark.django_db(transaction=True)  # VACUUM does not run in another one
def test_the_command_leaves_a_gallery_that_is_not_empty_alone(alice, hang, capsys) -> None:
    image = hang(alice, "A fox of its own")
    with pytest.raises(CommandError, match="--beside"):
        call_command("seed_gallery", images=10)
    assert Image.objects.count() == 1
    call_command("seed_gallery", images=10, beside=True)
    assert Image.objects.count() == 11
    assert everything(alice, '"a fox of its own"') == [image.pk]
    assert Image.objects.earliest("created_at") == image
    assert "Made 10 images" in capsys.readouterr().out
