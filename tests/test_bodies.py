"""Bodies that are too large are refused before anything of them is read."""

import pytest
from django.urls import reverse

LARGE = 6 * 1024 * 1024  # more than a form needs, less than a file may have
PAGES_WITH_FILES = ["gallery:import", "chat:index", "chat:attachments", "chat:parcels"]


class Unread:
    """A body that nobody may touch."""

    def read(self, *_: object) -> bytes:
        raise AssertionError("it was read")

    readline = read


def send(client, page: str, size: int):
    kind = "multipart/form-data; boundary=x"
    body = {"CONTENT_LENGTH": str(size), "wsgi.input": Unread(), "CONTENT_TYPE": kind}
    return client.post(reverse(page), data=b"", content_type=kind, **body)


@pytest.mark.django_db
@pytest.mark.parametrize("page", ["gallery:index", "usage", "account_login", *PAGES_WITH_FILES])
def test_nobody_sends_more_than_a_page_takes(as_alice, client, page: str) -> None:
    for somebody in (as_alice, client):
        answer = send(somebody, page, 10**9)
        assert answer.status_code == 413
        assert "nothing of it was kept" in answer.text


@pytest.mark.django_db
@pytest.mark.parametrize("page", PAGES_WITH_FILES)
def test_files_come_from_people_who_are_signed_in(as_alice, client, page: str) -> None:
    assert send(client, page, LARGE).status_code == 413
    with pytest.raises(AssertionError, match="it was read"):
        send(as_alice, page, LARGE)
