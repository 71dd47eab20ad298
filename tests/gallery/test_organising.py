"""Organising pictures: favourites, ratings, tags, collections, and deeds on many at once."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from gallery import selection as selections
from gallery import views_collections
from gallery.models import Collection, Image, Mark, Tag
from gallery.tasks import do_with_selection
from venice_site.accounts.models import User

HTMX = {"HX-Request": "true"}


@pytest.fixture
def chosen(as_alice):
    """Return a function by which Alice does something with pictures that she selected."""

    def do(verb: str, images: list[Image], client=as_alice, *, htmx: bool = False, **more):
        data = {"verb": verb, "image": [image.pk for image in images]} | more
        return client.post("/gallery/selection", data, headers=HTMX if htmx else {}, follow=True)

    return do


# --- one picture ------------------------------------------------------------------------------------
def test_a_favourite_is_one_click_and_each_persons_own(hang, as_alice, as_bob, alice) -> None:
    image = hang(alice)
    where = f"/gallery/images/{image.pk}/favourite"
    heart = as_bob.post(where, {"on": "1"}, headers=HTMX).text
    assert 'aria-pressed="true"' in heart
    given = 'aria-pressed="true" aria-label="Favourite"'
    assert given in as_bob.get("/gallery/").text
    assert given not in as_alice.get("/gallery/").text
    assert 'aria-pressed="false"' in as_bob.post(where, {"on": "0"}, headers=HTMX).text


def test_without_scripts_a_favourite_leads_back(hang, as_alice, alice) -> None:
    where = f"/gallery/images/{hang(alice).pk}/favourite"
    assert as_alice.post(where, {"on": "1", "next": "/gallery/?q=x"}).url == "/gallery/?q=x"
    for foreign in ("//evil.example/gallery/", "https://evil.example/", "javascript:alert(1)"):
        assert as_alice.post(where, {"on": "1", "next": foreign}).url.startswith("/gallery/images/")


@pytest.mark.parametrize(("verb", "stars"), [("rate:4", 4), ("rate:0", 0), ("rate:5", 5)])
def test_a_picture_is_rated(hang, as_alice, alice, verb: str, stars: int) -> None:
    image = hang(alice)
    shelf = as_alice.post(f"/gallery/images/{image.pk}/organise", {"verb": verb}, headers=HTMX).text
    assert Mark.objects.get(user=alice, image=image).rating == stars
    given = [part for part in shelf.split("stars__star")[1:] if 'aria-pressed="true"' in part]
    assert len(given) == stars


@pytest.mark.parametrize(
    "verb", ["rate:6", "rate:x", "rate:-1", "tag", "collect:0", "nonsense", ""]
)
def test_nonsense_is_refused_in_words(hang, as_alice, alice, verb: str) -> None:
    image = hang(alice)
    shelf = as_alice.post(f"/gallery/images/{image.pk}/organise", {"verb": verb}, headers=HTMX).text
    assert 'role="alert"' in shelf
    assert not Mark.objects.filter(image=image).exists()


def test_tags_are_the_teams_and_tidy(hang, as_alice, as_bob, alice) -> None:
    image = hang(alice)
    where = f"/gallery/images/{image.pk}/organise"
    as_bob.post(where, {"verb": "tag", "tag": " Winter,  Deep   Sea, winter,, \x00"})
    assert list(Tag.objects.values_list("name", flat=True)) == ["deep sea", "winter"]
    assert "deep sea" in as_alice.get(f"/gallery/images/{image.pk}/").text
    as_alice.post(where, {"verb": "untag:winter"})
    assert list(Tag.objects.values_list("name", flat=True)) == ["deep sea"]


def test_what_a_picture_is_called_never_becomes_markup(hang, as_alice, alice) -> None:
    image = hang(alice)
    Tag.objects.put_on([image.pk], alice, ["<b>x</b>"])
    Collection.objects.create(owner=alice, name="<i>y</i>").put_in([image.pk], alice)
    for where in (f"/gallery/images/{image.pk}/", "/gallery/", "/gallery/collections/"):
        page = as_alice.get(where).text
        assert "<b>x" not in page
        assert "<i>y" not in page


# --- many pictures ----------------------------------------------------------------------------------
def test_many_are_tagged_marked_and_collected(hang, chosen, alice) -> None:
    images = [hang(alice) for _ in range(3)]
    collection = Collection.objects.create(owner=alice, name="Best")
    assert "2 pictures tagged." in chosen("tag", images[:2], tag="winter").text
    chosen("favourite", images[:2])
    chosen("collect", images[1:], collect=collection.pk)
    assert Tag.objects.get().taggings.count() == 2
    assert Mark.objects.filter(favourite=True).count() == 2
    assert collection.placements.count() == 2
    chosen("collect", images, collect=collection.pk)
    assert collection.placements.count() == 3


def test_everything_that_a_search_finds_is_meant(hang, chosen, alice) -> None:
    herons = [hang(alice, "A heron") for _ in range(3)]
    hang(alice, "A fox")
    chosen("tag", [], everything="1", q="heron", tag="bird")
    tagged = Tag.objects.get().taggings.values_list("image", flat=True)
    assert set(tagged) == {image.pk for image in herons}


def test_a_selection_is_edited_together(hang, chosen, alice) -> None:
    images = [hang(alice), hang(alice)]
    page = chosen("remake", images)
    assert "Edit 2 pictures" in page.text
    assert page.redirect_chain[-1][0].endswith(f"?image={images[0].pk}&image={images[1].pk}")
    assert "Select 1 to 50 pictures to edit." in chosen("remake", images, everything="1").text


def test_only_own_pictures_are_deleted_or_hidden(hang, chosen, alice, bob) -> None:
    own, others = hang(alice), hang(bob)
    assert "1 picture made private." in chosen("hide", [own, others]).text
    assert "1 picture moved to the trash." in chosen("delete", [own, others]).text
    others.refresh_from_db()
    assert (others.deleted_at, others.visibility) == (None, "team")
    assert "No picture was changed" in chosen("delete", [others]).text


def test_private_pictures_of_others_are_out_of_reach(hang, chosen, as_bob, alice) -> None:
    image = hang(alice, visibility="private")
    for verb in ("favourite", "delete", "share"):
        chosen(verb, [image], as_bob)
    chosen("tag", [image], as_bob, tag="mine")
    assert not Mark.objects.exists()
    assert not Tag.objects.filter(taggings__image=image).exists()
    image.refresh_from_db()
    assert (image.deleted_at, image.visibility) == (None, "private")


def test_a_selection_answers_its_cards_and_one_undo(hang, chosen, as_alice, alice) -> None:
    images = [hang(alice) for _ in range(3)]
    answer = chosen("delete", images[:2], htmx=True).text
    assert answer.count('hx-swap-oob="true"') == 2
    assert "2 pictures moved to the trash." in answer
    moment = answer.split('name="moment" value="')[1].split('"')[0].replace("&#x2B;", "+")
    assert (
        "2 pictures restored."
        in as_alice.post("/gallery/trash/restore", {"moment": moment}, follow=True).text
    )
    assert not Image.objects.filter(deleted_at__isnull=False).exists()


def test_without_scripts_a_deletion_can_be_undone(hang, chosen, as_alice, alice) -> None:
    page = chosen("delete", [hang(alice)]).text
    assert 'action="/gallery/trash/restore"' in page
    assert 'name="moment"' in page


def test_deleting_what_waits_cancels_it(ordered, chosen) -> None:
    image = ordered()[0]
    chosen("delete", [image])
    image.refresh_from_db()
    assert (image.status, image.deleted_at is None) == ("cancelled", False)


def test_a_selection_costs_the_same_number_of_questions_for_one_and_for_many(
    hang, chosen, alice, django_assert_max_num_queries
) -> None:
    images = [hang(alice) for _ in range(21)]
    chosen("tag", images[:1], htmx=True, tag="warm")
    with CaptureQueriesContext(connection) as few:
        chosen("tag", images[:1], htmx=True, tag="one")
    with django_assert_max_num_queries(len(few)):
        chosen("tag", images[1:], htmx=True, tag="one")


def test_a_lot_is_done_in_the_background(hang, chosen, alice, monkeypatch) -> None:
    images = [hang(alice) for _ in range(4)]
    monkeypatch.setattr(selections, "AT_ONCE", 2)
    monkeypatch.setattr(selections, "BATCH", 2)
    assert "in the background" in chosen("tag", [], everything="1", q="", tag="all").text
    assert not Tag.objects.exists()
    chosen_then = selections.Selection(query="", below=images[-1].pk + 1)
    late = hang(alice)
    for _ in range(2):  # each task may run twice
        do_with_selection.func(
            alice.pk, chosen_then.as_dict(), selections.Deed("tag", "all").as_dict()
        )
    tagged = Tag.objects.get().taggings.values_list("image", flat=True)
    assert set(tagged) == {image.pk for image in images}
    assert late.pk not in tagged


# --- collections ------------------------------------------------------------------------------------
def test_a_collection_is_made_filled_renamed_and_removed(hang, as_alice, alice) -> None:
    image = hang(alice)
    page = as_alice.post("/gallery/collections/", {"name": "Best  of"}, follow=True).text
    assert "Best of" in page
    collection = Collection.objects.get()
    collection.put_in([image.pk], alice)
    assert "Show 1 picture" in as_alice.get(collection.get_absolute_url()).text
    as_alice.post(f"{collection.get_absolute_url()}edit", {"name": "Worst", "is_private": "on"})
    collection.refresh_from_db()
    assert (collection.name, collection.is_private) == ("Worst", True)
    as_alice.post(f"{collection.get_absolute_url()}remove")
    assert not Collection.objects.exists()
    assert Image.objects.filter(pk=image.pk).exists()


def test_a_team_mate_fills_a_collection_but_does_not_rename_it(hang, as_bob, alice) -> None:
    image, collection = hang(alice), Collection.objects.create(owner=alice, name="Ours")
    where = f"/gallery/images/{image.pk}/organise"
    as_bob.post(where, {"verb": f"collect:{collection.pk}"})
    assert collection.placements.get().by.username == "bob"
    for verb in ("edit", "remove"):
        answer = as_bob.post(f"{collection.get_absolute_url()}{verb}", {"name": "Mine"})
        assert answer.status_code == 404


def test_a_private_picture_in_a_team_collection_stays_private(hang, as_bob, alice) -> None:
    collection = Collection.objects.create(owner=alice, name="Ours")
    image = hang(alice, visibility="private")
    collection.put_in([image.pk], alice)
    assert "Show 0 pictures" in as_bob.get(collection.get_absolute_url()).text
    assert f"/gallery/images/{image.pk}/" not in as_bob.get("/gallery/collections/").text


def test_a_large_collection_is_counted_only_so_far(hang, as_alice, alice, monkeypatch) -> None:
    monkeypatch.setattr(views_collections, "MOST_COUNTED", 2)
    collection = Collection.objects.create(owner=alice, name="Birds")
    for shown in ("Show 1 picture<", "Show 2 pictures", "Show more than 2 pictures"):
        collection.placements.create(image=hang(alice), by=alice)
        assert shown in as_alice.get(collection.get_absolute_url()).text


def test_collections_lie_in_one_another_but_never_in_themselves(as_alice, alice) -> None:
    outer = Collection.objects.create(owner=alice, name="Outer")
    inner = Collection.objects.create(owner=alice, name="Inner", parent=outer)
    answer = as_alice.post(f"{outer.get_absolute_url()}edit", {"name": "Outer", "parent": inner.pk})
    assert answer.status_code == 422
    assert "cannot lie inside itself" in answer.text


@pytest.mark.parametrize("data", [{"name": ""}, {"name": "x" * 81}, {"name": "Taken"}])
def test_a_collection_without_a_good_name_is_refused(as_alice, alice, data) -> None:
    Collection.objects.create(owner=alice, name="Taken")
    assert as_alice.post("/gallery/collections/", data).status_code == 422


def test_the_list_of_collections_asks_the_same_number_of_questions_for_one_and_for_many(
    hang, as_alice, alice, django_assert_max_num_queries
) -> None:
    def make(name: str) -> None:
        Collection.objects.create(owner=alice, name=name).put_in([hang(alice).pk], alice)

    make("one")
    as_alice.get("/gallery/collections/")
    with CaptureQueriesContext(connection) as few:
        as_alice.get("/gallery/collections/")
    for number in range(5):
        make(f"more {number}")
    with django_assert_max_num_queries(len(few)):
        as_alice.get("/gallery/collections/")


def test_people_who_own_collections_cannot_vanish(alice) -> None:
    Collection.objects.create(owner=alice, name="Ours")
    with pytest.raises(Exception, match="protected"):
        User.objects.get(pk=alice.pk).delete()
