"""The shell around every page, the way in, the health check, and the pages for trouble."""

import gzip
import json
import re
from pathlib import Path
from unittest.mock import patch

import pytest
from django.contrib.staticfiles import finders
from django.db import DatabaseError
from django.test import Client
from django.utils import timezone

from venice_site.venice import notices, quotas
from venice_site.venice.models import Announcement, Call, CallKind, Metric, Period, Quota, Who

ROOT = Path(__file__).resolve().parent.parent
BAND = "Running on the local stand-in for Venice"


def page_of(client: Client, address: str = "/") -> str:
    return client.get(address).content.decode()


@pytest.mark.parametrize("address", ["/", "/gallery/", "/chat/", "/usage/"])
def test_no_two_things_of_a_page_have_one_id(as_alice, simulator, address: str) -> None:
    ids = re.findall(r'\sid="([^"]+)"', page_of(as_alice, address))
    assert len(ids) > 10
    assert sorted(ids) == sorted(set(ids))


def test_the_gallery_s_search_box_does_not_draw_the_search_dialog() -> None:
    dialog, box = (
        set(re.findall(r"\.(\w+)", Path(finders.find(f"css/{name}.css")).read_text()))
        for name in ("finder", "gallery-find")
    )
    assert {name for name in dialog & box if not name.startswith("field")} == set()


# --- the rail and the bands -------------------------------------------------------------------------
def test_the_band_says_that_no_key_is_there_and_leaves_with_the_first(as_alice, make_key) -> None:
    assert BAND in page_of(as_alice)
    make_key()
    assert BAND not in page_of(as_alice)


def test_a_key_that_is_switched_off_does_not_count(as_alice, make_key) -> None:
    make_key(enabled=False)
    assert BAND in page_of(as_alice)


def test_the_sign_in_page_says_it_too(client, db) -> None:
    assert BAND in page_of(client, "/accounts/login/")


def test_only_administrators_are_led_to_the_keys_and_the_admin_panel(
    as_alice, as_administrator
) -> None:
    assert "/admin/" not in page_of(as_alice)
    assert 'href="/admin/venice/apikey/add/"' in page_of(as_administrator)


def test_an_announcement_reaches_everybody_as_text(as_alice) -> None:
    Announcement.objects.create(text="Tonight <b>at nine</b> we update")
    Announcement.objects.create(text="An old one", enabled=False)
    page = page_of(as_alice)
    assert "Tonight &lt;b&gt;at nine&lt;/b&gt; we update" in page
    assert "An old one" not in page


@pytest.mark.parametrize("address", ["/usage/"])
def test_the_rail_shows_where_you_are(as_alice, address: str) -> None:
    current = re.findall(r'href="([^"]+)"[^>]*aria-current="page"', page_of(as_alice, address))
    assert address in current


def test_the_meter_tells_what_is_left_of_the_tightest_quota(as_alice, alice) -> None:
    Quota.objects.create(who=Who.EACH, metric=Metric.REQUESTS, period=Period.DAY, limit=100)
    Quota.objects.create(who=Who.EACH, metric=Metric.IMAGES, period=Period.DAY, limit=4)
    quotas.reserve(alice, CallKind.REPLY, "m", quotas.Estimate(images=3))
    page = page_of(as_alice, "/nothing")
    assert "1 image left of 4 images a day, each person" in page
    assert 'stroke-dasharray="75 100"' in page


def test_the_shell_costs_few_queries(as_alice, alice, django_assert_max_num_queries) -> None:
    Quota.objects.create(who=Who.EACH, metric=Metric.IMAGES, period=Period.DAY, limit=4)
    Announcement.objects.create(text="Tonight we update")
    # session, person; stand-in, announcements, quotas, buckets
    with django_assert_max_num_queries(6):
        as_alice.get("/nothing")


def test_a_page_carries_one_of_each_landmark(as_alice) -> None:
    page = page_of(as_alice)
    assert page.count("<main") == page.count("<nav") == page.count("<h1") == 1
    assert page.index("skip-link") < page.index("<nav")


def test_the_first_load_stays_under_100_kb(as_alice) -> None:
    page = page_of(as_alice)
    names = re.findall(r'(?:src|href)="/static/([^"]+)"', page)
    names += [
        f"css/{path.name}"
        for path in (ROOT / "static/css").glob("*.css")
        if f"css/{path.name}" not in names
    ]
    files = [Path(finders.find(name)) for name in names]
    sizes = [len(gzip.compress(file.read_bytes())) for file in files]
    assert len(gzip.compress(page.encode())) + sum(sizes) < 100_000


# --- home -----------------------------------------------------------------------------------------
def test_somebody_new_is_welcomed_with_a_prompt(as_alice) -> None:
    page = page_of(as_alice)
    assert 'action="/gallery/"' in page
    assert 'name="prompt"' in page


@pytest.mark.parametrize(
    ("kind", "room"),
    [(CallKind.IMAGE, "/gallery/"), (CallKind.REPLY, "/chat/"), (CallKind.TITLE, "/chat/")],
)
def test_home_leads_back_to_the_room_used_last(as_alice, alice, kind: str, room: str) -> None:
    Call.objects.create(user=alice, kind=kind, model="m", expires_at=timezone.now())
    assert as_alice.get("/").url == room


# --- health and trouble -----------------------------------------------------------------------------
def test_the_health_check_needs_no_session(client, db) -> None:
    answer = client.get("/healthz")
    assert answer.json() == {"status": "ok", "database": "ok", "venice": "stand-in"}
    assert answer.cookies == {}


def test_the_health_check_knows_of_keys(client, key) -> None:
    assert client.get("/healthz").json()["venice"] == "keys"


def test_the_health_check_fails_without_a_database(client, db) -> None:
    with patch("venice_site.views.connection.cursor", side_effect=DatabaseError("gone")):
        answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["status"] == "failing"


def test_an_address_that_leads_nowhere_says_what_to_do(as_alice) -> None:
    answer = as_alice.get("/nothing")
    assert answer.status_code == 404
    assert "Nothing is here" in answer.content.decode()


def test_a_form_from_a_page_that_is_too_old_says_so(alice) -> None:
    client = Client(enforce_csrf_checks=True)
    answer = client.post("/accounts/login/", {"login": "alice", "password": "alice-password"})
    assert answer.status_code == 403
    assert "This page was too old" in answer.content.decode()


def test_a_failure_of_ours_is_told_even_without_a_database(alice) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(alice, backend="venice_site.accounts.backends.Backend")
    with (
        patch("venice_site.views.last_room", side_effect=RuntimeError("broken")),
        patch("venice_site.shell.on_stand_in", side_effect=DatabaseError("gone")),
    ):
        answer = client.get("/")
    assert answer.status_code == 500
    assert "Something went wrong on our side" in answer.content.decode()


def test_every_page_forbids_inline_code(as_alice) -> None:
    policy = as_alice.get("/").headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy


def test_htmx_is_told_to_evaluate_nothing(as_alice) -> None:
    found = re.search(r"name=\"htmx-config\" content='([^']+)'", page_of(as_alice))
    config = json.loads(found.group(1))
    assert config["allowEval"] is False
    assert config["allowScriptTags"] is False
    assert config["includeIndicatorStyles"] is False


# --- colours --------------------------------------------------------------------------------------
def tokens(theme: int) -> dict[str, str]:
    css = (ROOT / "static/css/base.css").read_text()
    found = re.findall(r"--([a-z-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)", css)
    return {name: pair[theme] for name, *pair in found}


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


GROUNDS = ("ground", "surface", "raised", "hover")
TEXTS = [
    *(
        (text, ground)
        for text in ("text", "muted", "accent-text", "wait", "fail")
        for ground in GROUNDS
    ),
    *(("text", soft) for soft in ("accent-soft", "wait-soft", "fail-soft")),
    ("accent-text", "accent-soft"),
    ("wait", "wait-soft"),
    ("fail", "fail-soft"),
    ("on-accent", "accent"),
    ("on-accent", "accent-strong"),
]
EDGES = [(edge, ground) for edge in ("line-strong", "focus", "accent") for ground in GROUNDS[:3]]


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), TEXTS)
def test_text_can_be_read(theme: int, text: str, ground: str) -> None:
    found = tokens(theme)
    assert contrast(found[text], found[ground]) >= 4.5


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("edge", "ground"), EDGES)
def test_edges_of_controls_can_be_seen(theme: int, edge: str, ground: str) -> None:
    found = tokens(theme)
    assert contrast(found[edge], found[ground]) >= 3


def test_administrators_see_what_they_should_know_and_nobody_else_does(
    as_alice, as_administrator
) -> None:
    notices.tell("key:1", "Venice refuses the key one.")
    assert "Venice refuses the key one." in as_administrator.get("/usage/").content.decode()
    assert "Venice refuses" not in as_alice.get("/usage/").content.decode()
    notices.settle("key:1")
    assert "Venice refuses" not in as_administrator.get("/usage/").content.decode()
