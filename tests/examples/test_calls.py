"""Each example, sent as it stands to the stand-in with nothing changed but the address."""

import io

import pytest
import requests
from PIL import Image

from tests.examples.example import DONE, EVENTS, Example, differences
from tests.examples.scripted import frames_of
from tests.examples.streams import STREAMS
from tests.examples.table import EXAMPLES
from venice_site.simulator import Simulator


def call(venice: Simulator, example: Example) -> requests.Response:
    if example.scenario:
        venice.fail(example.scenario)
    key = {"Authorization": f"Bearer {example.key}"} if example.key else {}
    with requests.Session() as session:
        session.trust_env = False
        return session.request(
            example.method, venice.url + example.path, json=example.sent, headers=key, timeout=20
        )


def file_type(data: bytes) -> str:
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        return Image.MIME[image.format]


def check_stream(documented: list, found: list) -> None:
    """Hold that each documented frame comes, in this order, among others of its kind."""
    rest = iter(found)
    for frame in documented:
        assert any(same_frame(frame, one) for one in rest), f"no frame like {frame}"


def same_frame(documented, found) -> bool:
    if DONE in (documented, found):
        return documented == found
    chosen = [one.get("choices", "none") for one in (documented, found)]
    return bool(chosen[0]) == bool(chosen[1]) and not differences(documented, found)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_the_stand_in_answers_as_it_is_documented(venice, example: Example) -> None:
    response = call(venice, example)

    assert response.status_code == 200, response.text
    assert response.headers["content-type"].partition(";")[0] == example.media_type
    assert {name.lower() for name in example.headers} <= {name.lower() for name in response.headers}
    if isinstance(example.answer, bytes):
        assert file_type(response.content) == example.media_type
    elif example.media_type == EVENTS:
        check_stream(example.answer, frames_of(response.text))
    else:
        assert differences(example.answer, response.json()) == []


def test_a_reply_in_the_older_manner_is_cut_within_its_tag(venice) -> None:
    (legacy,) = (one for one in STREAMS if one.name.endswith("legacy_think"))
    deltas = [
        frame["choices"][0]["delta"].get("content")
        for frame in frames_of(call(venice, legacy).text)
        if frame != DONE and frame.get("choices")
    ]
    written = [text for text in deltas if text]

    assert written[0] == "<thi"
    assert "".join(written).startswith("<think>")
    assert "</think>" in written


def test_the_price_of_a_reply_is_told_without_choices_too(venice) -> None:
    (bare,) = (one for one in STREAMS if one.name.endswith("without_choices"))
    frames = [frame for frame in frames_of(call(venice, bare).text) if frame != DONE]

    told = [frame for frame in frames if "usage" in frame]
    assert len(told) == 2
    assert not any("choices" in frame for frame in told)
