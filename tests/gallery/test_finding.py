"""Finding pictures: words and filters, who sees what, pages at any depth, and the counts beside them."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gallery import bounds
from gallery.facets import Facets
from gallery.grid import PAGE_SIZE
from gallery.models import Collection, Image, Mark, SearchDocument, Tag, Tally
from gallery.search import NO_END, Search
from venice_site.venice.models import Call

HTMX = {"HX-Request": "true"}


# --- words ----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "text",
    [
        "heron",
        "HERON",
        "herons fog",
        "her",
        '"in fog"',
        "fog heron",
        "hero* fog",
        "heron -snow",
        "café",
        "cafe",
        "富士山",
        "富士",
        "山",
        "🦊",
        '"heron in" lagoon',
    ],
)
def test_a_picture_is_found_by_its_prompt(hang, found, alice, text: str) -> None:
    hang(alice, "A quiet lake")
    image = hang(alice, "A heron in fog, lagoon. Café 富士山の夕日 🦊")
    assert found(alice, text) == [image.pk]


@pytest.mark.parametrize(
    "text", ["snow", '"fog in"', "heron -fog", "eron", "富山", '"heron fog"', "🐻", "a0", "u1"]
)
def test_a_picture_is_not_found_by_what_its_prompt_does_not_say(
    hang, found, alice, text: str
) -> None:
    hang(alice, "A heron in fog 富士山 🦊")
    assert found(alice, text) == []


HOSTILE = [
    '"',
    "'",
    "\"' OR 1=1 --",
    "NEAR(a b)",
    "AND OR NOT",
    "a AND",
    "words:heron",
    "facts : a0",
    "{a b} : c",
    "^heron",
    "heron*fog*",
    "(((((",
    "-",
    "--",
    "-*",
    "\\",
    "%_%",
    "a:b:c",
    "model:",
    'model:"',
    "seed:٣",
    "size:xx",
    "before:9999-99-99",
    "after:0000",
    "rating:>9",
    "rating:<1",
    "in:*",
    "tag:*",
    "by:*",
    "\x00heron\x00",
    "\u202e\u200b",
    "👩‍👩‍👧‍👦",
    "é" * 10_000,
    "a " * 10_000,
    "(" * 10_000,
    "'a':* & !b <-> c",
    ":*",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_that_is_typed_is_an_error(hang, as_alice, alice, text: str) -> None:
    hang(alice)
    assert as_alice.get("/gallery/", {"q": text}).status_code == 200


@pytest.mark.parametrize(
    "text", ["model:zzz", "in:nothing", "rating:9", "is:odd", "status:x", "by:x"]
)
def test_a_filter_that_means_nothing_finds_nothing_and_says_why(
    hang, as_alice, alice, text: str
) -> None:
    hang(alice)
    page = as_alice.get("/gallery/", {"q": text}).text
    assert "chip--fail" in page
    assert "No picture fits this search." in page


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(max_size=60))
def test_any_text_can_be_looked_for(alice, text: str) -> None:
    Search.of(alice, text).older(None, 5)


# --- filters --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "text",
    [
        "model:lustify",
        "model:LUST*",
        'style:"Film Noir"',
        "style:noir",
        "seed:-47",
        "seed:-4*",
        "size:640x480",
        "size:640x*",
        "size:640*",
        "by:alice",
        "by:me",
        "is:private",
        "is:blurred",
        "is:edited",
        "is:favourite",
        "rating:4",
        "rating:>=3",
        "rating:>3",
        "rating:<5",
        "tag:winter",
        'tag:"two words"',
        "tag:win*",
        "in:Portfolio",
        "in:portfolio",
        "in:Inner",
        "status:succeeded",
        "-model:flux",
        "heron model:lustify tag:winter -in:Other rating:>=3",
    ],
)
def test_a_filter_finds_what_it_names(hang, found, alice, bob, text: str) -> None:
    hang(bob, "A heron", model="flux", style="Anime", seed=47)
    image = hang(
        alice,
        "A heron",
        model="lustify-sdxl",
        style="Film Noir",
        seed=-47,
        width=640,
        height=480,
        visibility="private",
        blurred=True,
        call=Call.objects.create(
            user=alice, kind="upscale", model="upscaler", expires_at=timezone.now()
        ),
    )
    Mark.objects.put(alice, [image.pk], favourite=True, rating=4)
    Tag.objects.put_on([image.pk], alice, ["Winter", "two  words"])
    outer = Collection.objects.create(owner=alice, name="Portfolio")
    Collection.objects.create(owner=alice, name="Inner", parent=outer).put_in([image.pk], alice)
    # Bob's own picture is succeeded as well, and he is not "me".
    expected = [image.pk]
    if text == "status:succeeded":
        expected = list(Image.objects.order_by("-pk").values_list("pk", flat=True))
    assert found(alice, text) == expected


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite needs no bounds")
def test_pictures_without_what_a_filter_asks_for_are_leapt_over(hang, alice, bob) -> None:
    old, _, new, _ = (
        hang(person, model=model).pk
        for person, model in ((alice, "flux"), (bob, "wan"), (alice, "flux"), (bob, "wan"))
    )
    Tag.objects.put_on([old], alice, ["winter"])

    def bounded(text: str, below: int, above: int, *, is_upward: bool = False) -> tuple[int, int]:
        meanings = Search.of(alice, text).meanings.values()
        return bounds.nearer([one.tokens for one in meanings], below, above, is_upward=is_upward)

    assert bounded("model:flux", NO_END, 0) == (new + 1, 0)
    assert bounded("model:flux", new, 0) == (old + 1, 0)
    assert bounded("model:flux", NO_END, old, is_upward=True) == (NO_END, new - 1)
    assert bounded("by:me tag:winter", NO_END, 0) == (old + 1, 0)
    assert bounded("size:1024x768", NO_END, 0) == (NO_END, 0)
    below, above = bounded("by:bob tag:winter", NO_END, new)
    assert below == above  # nothing is in between


def test_dates_are_places_in_the_row_of_pictures(hang, found, alice) -> None:
    days = [datetime(2026, 3, day, 12, tzinfo=UTC) for day in (1, 10, 20)]
    first, second, third = (hang(alice, created_at=day).pk for day in days)
    assert found(alice, "before:2026-03-10") == [first]
    assert found(alice, "after:2026-03-10") == [third]
    assert found(alice, "after:2026-03-01 before:2026-03-20") == [second]
    assert found(alice, "before:2026-04") == [third, second, first]
    assert found(alice, "after:2026") == []
    assert found(alice, "-before:2026-03-10") == [third, second]
    assert found(alice, "-after:2026-03-10") == [second, first]


def test_what_is_said_of_a_picture_is_each_persons_own(hang, found, alice, bob) -> None:
    image = hang(alice)
    Mark.objects.put(bob, [image.pk], favourite=True, rating=5)
    assert found(bob, "is:favourite rating:5") == [image.pk]
    assert found(alice, "is:favourite") == []
    Mark.objects.put(bob, [image.pk], favourite=False)
    assert found(bob, "is:favourite") == []
    assert found(bob, "rating:5") == [image.pk]


# --- who sees what ----------------------------------------------------------------------------------
@pytest.mark.parametrize("text", ["", "heron", "by:alice", "-snow", "is:private", "status:failed"])
def test_private_and_unfinished_pictures_of_others_are_never_found(
    hang, found, alice, bob, text: str
) -> None:
    private = hang(alice, visibility="private")
    failed = hang(alice, status="failed")
    assert not {private.pk, failed.pk} & set(found(bob, text))


def test_what_was_deleted_or_tried_again_is_not_found(hang, found, alice) -> None:
    kept, deleted, replaced = hang(alice), hang(alice), hang(alice, status="failed")
    deleted.delete_softly()
    Image.objects.filter(pk=replaced.pk).update(replaced_by=kept)
    assert found(alice, "heron") == found(alice, "") == [kept.pk]
    deleted.restore()
    assert found(alice, "heron") == [deleted.pk, kept.pk]


def test_a_private_collection_is_not_a_filter_for_others(hang, found, alice, bob) -> None:
    image = hang(alice)
    Collection.objects.create(owner=alice, name="Mine", is_private=True).put_in([image.pk], alice)
    assert found(alice, "in:Mine") == [image.pk]
    assert found(bob, "in:Mine") == []
    assert "You see no collection" in Search.of(bob, "in:Mine").problems.popitem()[1]


def test_a_change_of_visibility_is_seen_at_once(hang, found, alice, bob) -> None:
    image = hang(alice)
    assert found(bob, "heron") == [image.pk]
    Image.objects.filter(pk=image.pk).show_to("private")
    assert found(bob, "heron") == found(bob, "") == []
    image.generation.refresh_from_db()
    assert image.generation.is_private


def test_a_generation_stays_with_the_team_while_one_of_its_images_does(hang, alice) -> None:
    image = hang(alice)
    other = Image.objects.create(generation=image.generation, seed=2)
    Image.objects.filter(pk=image.pk).show_to("private")
    image.generation.refresh_from_db()
    assert not image.generation.is_private
    Image.objects.filter(pk=other.pk).show_to("private")
    image.generation.refresh_from_db()
    assert image.generation.is_private


# --- pages ------------------------------------------------------------------------------------------
@pytest.mark.parametrize("q", ["tag:winter", "is:favourite", "tag:winter by:me heron"])
def test_what_a_table_beside_the_pictures_tells_is_paged_all_the_same(
    hang, alice, bob, q: str
) -> None:
    mine = [hang(alice).pk for _ in range(20)]
    mine.append(hang(alice, visibility="private").pk)
    hidden = [hang(bob, visibility="private").pk, hang(alice, deleted_at=timezone.now()).pk]
    Tag.objects.put_on(mine + hidden, alice, ["winter"])
    Mark.objects.put(alice, mine + hidden, favourite=True)
    search = Search.of(alice, q)
    down, mark = [], None
    while some := search.older(mark, 7):
        down += some
        mark = some[-1]
    assert down == mine[::-1]
    assert search.newer(0, 7) == mine[:7]


@pytest.mark.parametrize("q", ["", "heron", "model:flux", "heron size:1024x768 -snow"])
def test_pages_lead_through_everything_once_down_and_up(hang, alice, bob, q: str) -> None:
    ids = [hang(person).pk for person in (alice, bob, alice, alice, bob) for _ in range(5)]
    search = Search.of(alice, q)
    down, mark = [], None
    while some := search.older(mark, 7):
        down += some
        mark = some[-1]
    assert down == sorted(ids, reverse=True)
    up, mark = [], 0
    while some := search.newer(mark, 7):
        up += some
        mark = some[-1]
    assert up == sorted(ids)


def test_a_page_of_a_search_asks_the_same_number_of_questions_for_one_and_for_sixty(
    hang, as_alice, alice
) -> None:
    hang(alice)
    where = "/gallery/?q=heron+model:flux"
    as_alice.get(where)

    def asked() -> int:
        """Those of the gallery: the catalogue looks at the clock to know whether to ask."""
        with CaptureQueriesContext(connection) as queries:
            as_alice.get(where)
        return sum("gallery_" in one["sql"] for one in queries.captured_queries)

    few = asked()
    for _ in range(PAGE_SIZE):
        hang(alice)
    assert asked() <= few


def test_the_place_in_the_address_shows_that_picture_and_leads_both_ways(
    hang, as_alice, alice
) -> None:
    ids = [hang(alice).pk for _ in range(PAGE_SIZE * 2)]
    middle = ids[PAGE_SIZE]
    page = as_alice.get("/gallery/", {"at": middle, "q": "heron"}).text
    assert f'id="image-{middle}"' in page
    assert "Show newer" in page
    assert f"/gallery/images/{middle}/?q=heron" in page


def test_the_page_of_a_picture_leads_to_its_neighbours_in_the_search(hang, as_alice, alice) -> None:
    first, _, second, _, third = (
        hang(alice, prompt).pk for prompt in ("heron", "fox", "heron", "fox", "heron")
    )
    page = as_alice.get(f"/gallery/images/{second}/?q=heron").text
    assert f'href="/gallery/images/{first}/?q=heron" rel="next"' in page
    assert f'href="/gallery/images/{third}/?q=heron" rel="prev"' in page
    assert f"/gallery/?q=heron&amp;at={second}#open-{second}" in page


def test_the_search_box_gets_the_results_alone(hang, as_alice, alice) -> None:
    image = hang(alice)
    headers = HTMX | {"HX-Target": "results"}
    part = as_alice.get("/gallery/?q=heron", headers=headers).text
    assert f'id="image-{image.pk}"' in part
    assert "<html" not in part
    assert 'id="composer"' not in part


def test_a_chip_takes_its_part_away(hang, as_alice, alice) -> None:
    hang(alice)
    page = as_alice.get("/gallery/", {"q": "heron model:flux"}).text
    assert 'href="/gallery/?q=model%3Aflux"' in page
    assert 'href="/gallery/?q=heron"' in page


def test_words_in_the_box_never_become_markup(hang, as_alice, alice) -> None:
    hang(alice)
    for where in ("/gallery/", "/gallery/filters"):
        page = as_alice.get(where, {"q": '"><script>alert(1)</script> tag:"<b>"'}).text
        assert "<script>alert" not in page
        assert "<b>" not in page


# --- counts -----------------------------------------------------------------------------------------
@pytest.mark.parametrize("q", ["", "heron"])
def test_counts_are_the_same_from_tallies_and_from_the_rows(hang, alice, bob, q: str) -> None:
    hang(alice, model="flux", style="Anime")
    hang(alice, model="flux")
    hang(bob, model="sdxl")
    hang(bob, model="sdxl", visibility="private")
    hang(alice, status="failed")
    facets = Facets.of(Search.of(alice, q))
    assert [(c.name, c.count) for c in facets.models] == [("flux", 2), ("sdxl", 1)]
    assert [(c.name, c.count) for c in facets.styles] == [("Anime", 1)]
    assert [(c.name, c.count) for c in facets.people] == [("alice", 2), ("bob", 1)]
    assert facets.total == 3


def test_tallies_follow_every_change(hang, alice, bob) -> None:
    def told() -> set[tuple]:
        kept = Tally.objects.exclude(pictures=0)
        return set(kept.values_list("user", "visibility", "model", "pictures", "bytes"))

    image, other = hang(alice), hang(alice)
    assert told() == {(alice.pk, "team", "flux", 2, 2000)}
    image.delete_softly()
    assert told() == {(alice.pk, "team", "flux", 1, 1000)}
    image.restore()
    Image.objects.filter(pk=other.pk).show_to("private")
    assert told() == {
        (alice.pk, "team", "flux", 1, 1000),
        (alice.pk, "private", "flux", 1, 1000),
    }
    Image.objects.all().delete()
    assert told() == set()


def test_documents_go_with_their_images(hang, found, alice) -> None:
    hang(alice)
    Image.objects.all().delete()
    assert not SearchDocument.objects.exists()
    assert found(alice, "heron") == []


def test_a_migration_of_the_table_leaves_search_and_counts_whole(hang, found, alice) -> None:
    hang(alice)
    call_command("migrate", "gallery", verbosity=0)
    image = hang(alice, "A fox")
    assert found(alice, "fox") == [image.pk]


def test_filters_are_links_with_counts(hang, as_alice, alice) -> None:
    hang(alice, model="flux", style="Film Noir", created_at=datetime(2026, 2, 3, tzinfo=UTC))
    page = as_alice.get("/gallery/filters", {"q": "heron"}).text
    assert "1 picture" in page
    assert 'href="/gallery/?q=heron+model%3Aflux"' in page
    assert "q=heron+style%3A%22Film+Noir%22" in page
    assert "q=heron&amp;month=2026-02" in page


def test_a_month_in_the_address_begins_with_its_last_picture(hang, as_alice, alice) -> None:
    moment = datetime(2026, 2, 27, 12, tzinfo=UTC)
    ids = [hang(alice, created_at=moment + timedelta(days=n)).pk for n in range(4)]
    page = as_alice.get("/gallery/", {"month": "2026-02"}).text
    assert f'id="image-{ids[1]}"' in page
    assert f'id="image-{ids[2]}"' not in page


# --- saved searches -----------------------------------------------------------------------------------
def test_a_search_is_saved_and_forgotten(hang, as_alice, as_bob, alice) -> None:
    hang(alice)
    as_alice.post("/gallery/searches/", {"q": "heron by:me", "name": "Mine"})
    page = as_alice.get("/gallery/filters").text
    assert "Mine" in page
    assert "/gallery/?q=heron+by%3Ame" in page
    assert "Mine" not in as_bob.get("/gallery/filters").text
    saved = alice.saved_searches.get()
    assert as_bob.post(f"/gallery/searches/{saved.pk}/forget").status_code == 404
    as_alice.post(f"/gallery/searches/{saved.pk}/forget")
    assert not alice.saved_searches.exists()


# --- comparing ----------------------------------------------------------------------------------------
def test_two_pictures_are_compared_by_what_differs(hang, as_alice, alice) -> None:
    one, other = hang(alice, "A heron", seed=1), hang(alice, "A fox", seed=2)
    page = as_alice.get("/gallery/compare", {"image": [one.pk, other.pk]}).text
    assert page.index("comparison__different") < page.rindex("A fox")
    assert "Prompt" in page


def test_only_two_pictures_that_are_seen_are_compared(hang, as_bob, alice, bob) -> None:
    own, private = hang(bob), hang(alice, visibility="private")
    for images in ([own.pk], [own.pk, private.pk], [own.pk, "x"], []):
        assert as_bob.get("/gallery/compare", {"image": images}).status_code == 404


@pytest.mark.django_db
def test_a_picture_that_goes_after_its_tally_leaves_none_behind(hang, alice) -> None:
    picture = hang(alice)
    Tally.objects.all().delete()
    Image.objects.filter(pk=picture.pk).delete()
    assert not Tally.objects.exists()
