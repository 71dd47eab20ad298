"""Signing in and out, and what somebody sees who may not."""

import pytest
from django.contrib.auth import BACKEND_SESSION_KEY
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from venice_site.accounts.forms import SUSPENDED, TOO_MANY, WRONG

SIGN_IN = "/accounts/login/"


def sign_in(client: Client, username: str, password: str, **more: str):
    return client.post(SIGN_IN, {"login": username, "password": password, **more})


def test_a_member_signs_in_and_comes_home(client, alice) -> None:
    answer = sign_in(client, "alice", "alice-password")
    assert answer.status_code == 302
    assert answer.url == reverse("home")
    assert client.get("/", follow=True).wsgi_request.user == alice


def test_somebody_who_asked_for_a_page_gets_there_after_signing_in(client, alice) -> None:
    asked = client.get("/usage/")
    assert asked.url == "/accounts/login/?next=/usage/"
    page = client.get(asked.url).content.decode()
    assert 'name="next"' in page
    assert sign_in(client, "alice", "alice-password", next="/usage/").url == "/usage/"


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"]
)
def test_signing_in_never_leads_to_another_site(client, alice, elsewhere: str) -> None:
    assert sign_in(client, "alice", "alice-password", next=elsewhere).url == reverse("home")


def test_a_wrong_password_says_so_and_keeps_the_name(client, alice) -> None:
    page = sign_in(client, "alice", "nonsense").content.decode()
    assert WRONG in page
    assert 'value="alice"' in page
    assert "nonsense" not in page


def test_an_unknown_name_reads_like_a_wrong_password(client, db) -> None:
    assert WRONG in sign_in(client, "nobody", "nonsense").content.decode()


def test_a_suspended_person_with_the_right_password_learns_why(client, alice) -> None:
    alice.is_active = False
    alice.save()
    assert SUSPENDED in sign_in(client, "alice", "alice-password").content.decode()
    assert WRONG in sign_in(client, "alice", "nonsense").content.decode()


def test_suspending_somebody_ends_the_session_at_once(as_alice, alice) -> None:
    alice.is_active = False
    alice.save()
    assert as_alice.get("/usage/").url.startswith(SIGN_IN)


def test_guessing_is_stopped_even_when_the_last_guess_is_right(client, alice) -> None:
    for _ in range(5):
        sign_in(client, "alice", "nonsense")
    assert TOO_MANY in sign_in(client, "alice", "alice-password").content.decode()


def test_hammering_the_sign_in_page_meets_a_designed_refusal(client, db) -> None:
    answers = [sign_in(client, f"name{n}", "nonsense") for n in range(31)]
    assert answers[-1].status_code == 429
    assert "That was too often" in answers[-1].content.decode()


def test_signing_out_takes_a_post(as_alice) -> None:
    assert "Sign out?" in as_alice.get("/accounts/logout/").content.decode()
    assert as_alice.get("/usage/").status_code == 200
    assert as_alice.post("/accounts/logout/").url == reverse("account_login")
    assert as_alice.get("/usage/").url.startswith(SIGN_IN)


def test_nobody_signs_up_unless_that_is_switched_on(client, db) -> None:
    assert client.get("/accounts/signup/").status_code == 404


def test_the_admin_panel_uses_the_same_sign_in(client, administrator) -> None:
    assert client.get("/admin/", follow=True).redirect_chain[-1][0].startswith(SIGN_IN)
    assert client.get("/admin/login/?next=/admin/").url.startswith(SIGN_IN)
    assert sign_in(client, "root", "root-password", next="/admin/").url == "/admin/"
    assert client.get("/admin/").status_code == 200


def test_a_member_who_opens_the_admin_panel_is_told_and_not_asked_again(as_alice) -> None:
    answer = as_alice.get("/admin/", follow=True)
    assert answer.status_code == 403
    assert "administrators" in answer.content.decode()


def test_a_password_is_changed_with_the_old_one(as_alice, alice) -> None:
    address, new = "/accounts/password/change/", "lagoon at dawn"
    words = {"oldpassword": "alice-password", "password1": new, "password2": new}
    assert as_alice.post(address, words | {"oldpassword": "no"}).status_code == 200
    assert as_alice.post(address, words).status_code == 302
    alice.refresh_from_db()
    assert alice.check_password("lagoon at dawn")


def test_an_expired_session_does_not_draw_the_sign_in_page_into_a_fragment(client, db) -> None:
    answer = client.get("/usage/", headers={"HX-Request": "true"})
    assert answer.status_code == 401
    assert answer.content == b""


def test_whoever_signed_in_under_an_earlier_version_stays_signed_in(as_alice):
    session = as_alice.session
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session.save()
    assert as_alice.get("/chat/").status_code == 200


def test_a_session_ends_at_its_time(as_alice):
    Session.objects.update(expire_date=timezone.now())
    assert as_alice.get("/chat/").status_code == 302
