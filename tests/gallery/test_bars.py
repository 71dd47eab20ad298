"""Bars that are filled in are those that the templates draw, for whoever stands before them."""

import pytest
from django.db import connection
from django.template.loader import render_to_string
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.safestring import SafeString

from gallery import bars
from gallery.collections import Collection
from gallery.finder import Finder
from gallery.grid import Page
from gallery.models import Image, Viewing
from gallery.tags import Tag

pytestmark = pytest.mark.django_db
HOSTILE = """<script>alert('1')</script> {{ pk }} "quoted" & 'single' \\1 鷺"""
PLACE = bars.Place("/gallery/?q=%22<>", "token")


@pytest.mark.parametrize("veils", [True, False])
@pytest.mark.parametrize("q", ["", "heron", HOSTILE, "model:flux -snow"])
def test_the_search_bar_that_is_filled_in_is_the_one_that_is_drawn(alice, q, veils) -> None:
    Viewing.objects.choose(alice, veils=veils)
    told = {"page": Page.told_by(alice, {"q": q}), "finder": Finder(alice)}
    drawn = render_to_string("gallery/finding.html#bar", told | PLACE._asdict())
    assert bars.finding(told["page"], told["finder"], PLACE) == drawn
    assert f'aria-pressed="{str(veils).lower()}"' in drawn


@pytest.mark.parametrize("has_collections", [True, False])
@pytest.mark.parametrize("q", [None, "", HOSTILE])
def test_the_bar_for_selected_pictures_is_the_one_that_is_drawn(alice, q, has_collections) -> None:
    if has_collections:
        Collection.objects.create(owner=alice, name="Birds")
    page = None if q is None else Page.told_by(alice, {"q": q})
    options = [f'<option value="{one.pk}">Birds</option>' for one in Collection.objects.all()]
    told = {
        "is_of_search": page is not None,
        "query": page.search.query if page else "",
        "collections": SafeString("".join(options)),
        "tags": "",
    }
    drawn = render_to_string("gallery/organise.html#selection", told | PLACE._asdict())
    assert bars.selection(page, Finder(alice), PLACE) == drawn


def test_each_chooses_among_what_is_theirs_to_see(alice, bob) -> None:
    outer = Collection.objects.create(owner=alice, name="Birds <b>")
    inner = Collection.objects.create(owner=alice, name="Herons", parent=outer, is_private=True)
    Tag.objects.create(name='fog "<b>')
    hers, his = (bars.selection(None, Finder(user), PLACE) for user in (alice, bob))
    outside = f'<option value="{outer.pk}">Birds &lt;b&gt;</option>'
    inside = f'<option value="{inner.pk}">\N{EN DASH} Herons</option>'
    assert outside + inside in hers
    assert outside in his
    assert "Herons" not in his
    assert all('<option value="fog &quot;&lt;b&gt;"></option>' in bar for bar in (hers, his))


def test_the_gallery_asks_for_nothing_twice(as_alice, alice, hang) -> None:
    hang(alice, finished_at=timezone.now())
    with CaptureQueriesContext(connection) as asked:
        as_alice.get("/gallery/")
    ours = [query["sql"] for query in asked if "gallery_" in query["sql"]]
    assert len(ours) == len(set(ours)) <= 9


@pytest.mark.parametrize("status", ["queued", "running", "failed", "cancelled", "interrupted"])
def test_what_has_become_of_pictures_is_told_without_a_query_for_each(
    as_alice, alice, hang, status: str, django_assert_max_num_queries
) -> None:
    for _ in range(8):
        image = hang(alice)
        Image.objects.filter(pk=image.pk).update(
            status=status, error="No.", started_at=image.created_at, order={"steps": 3}
        )
    as_alice.get("/gallery/")
    with django_assert_max_num_queries(18):
        assert as_alice.get("/gallery/").text.count(f'data-status="{status}"') == 8
