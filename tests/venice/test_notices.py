"""What administrators are told, and when they are not told any more."""

import pytest
from django.urls import reverse

from venice_site.venice import marks, notices
from venice_site.venice.models import KeyState, Notice

pytestmark = pytest.mark.django_db


def open_notices() -> list[str]:
    return list(Notice.objects.filter(settled_at=None).values_list("text", flat=True))


def test_a_matter_is_told_once_until_it_is_settled():
    notices.tell("key:1", "first")
    notices.tell("key:1", "again")
    assert open_notices() == ["first"]
    notices.settle("key:1")
    assert open_notices() == []
    notices.tell("key:1", "back")
    assert open_notices() == ["back"]


def test_a_key_in_trouble_is_told_and_settled_when_it_works_again(key):
    marks.mark(key, KeyState.REFUSED, "Authentication failed")
    assert open_notices() == [f"Venice refuses the key {key}: Authentication failed"]
    marks.mark(key, KeyState.ACTIVE)
    assert open_notices() == []


def test_an_administrator_can_say_that_it_is_dealt_with(as_administrator):
    notices.tell("quota:1:2026-11-24", "Little is left.")
    found = Notice.objects.get()
    address = reverse("admin:venice_notice_changelist")
    assert "Little is left." in as_administrator.get(address).content.decode()
    as_administrator.post(address, {"action": "settle", "_selected_action": [found.pk]})
    assert open_notices() == []
