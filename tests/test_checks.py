"""What the product says of its settings before it starts."""

import pytest

from venice_site.checks import check_settings

LONG = "a secret that is long enough for anybody to be happy"


def complaints(settings, **changes: object) -> set[str]:
    calm = {
        "SECRET_KEY": LONG,
        "ENCRYPTION_KEYS": [LONG],
        "PUBLIC_URL": "",
        "HOST": "127.0.0.1",
        "DEBUG": False,
        "STREAM_LIMIT": 192,
        "WEB_THREADS": 256,
    }
    for name, value in (calm | changes).items():
        setattr(settings, name, value)
    return {str(complaint.id) for complaint in check_settings()} - {"studio.E001"}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, set()),
        ({"ENCRYPTION_KEYS": [LONG, "short"]}, {"studio.W002"}),
        ({"PUBLIC_URL": "studio.example.com"}, {"studio.E002"}),
        ({"PUBLIC_URL": "http://studio.example.com"}, {"studio.W003"}),
        ({"PUBLIC_URL": "http://localhost:8000"}, set()),
        ({"PUBLIC_URL": "https://studio.example.com"}, set()),
        ({"DEBUG": True, "HOST": "0.0.0.0"}, {"studio.E003"}),
        ({"STREAM_LIMIT": 256}, {"studio.W004"}),
    ],
)
def test_each_risky_setting_is_named(
    settings, changes: dict[str, object], expected: set[str]
) -> None:
    assert complaints(settings, **changes) == expected
