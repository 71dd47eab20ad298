"""Pictures asked for in OpenAI's words."""

import base64
import io

import pytest
from PIL import Image

from .conftest import Asker


def generated(ask: Asker, **fields):
    body = {"model": "z-image-turbo", "prompt": "a hill", "size": "256x256"} | fields
    return ask.post("/images/generations", body)


def picture_in(encoded: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(encoded, validate=True)))


@pytest.mark.parametrize(
    ("fields", "kind", "size"),
    [
        ({}, "PNG", (256, 256)),
        ({"output_format": "jpeg", "size": "1024x1536"}, "JPEG", (1024, 1536)),
        ({"model": "qwen-image-2", "size": "auto", "style": None}, "PNG", (1024, 1024)),
    ],
)
def test_a_picture_comes_as_base64_in_the_size_asked_for(ask: Asker, fields, kind, size) -> None:
    body = generated(ask, **fields).json()

    image = picture_in(body["data"][0]["b64_json"])
    assert body.keys() == {"created", "data"}
    assert (image.format, image.size) == (kind, size)


def test_an_address_is_a_data_url(ask: Asker) -> None:
    (row,) = generated(ask, response_format="url").json()["data"]

    head, _, encoded = row["url"].partition(",")
    assert head == "data:image/png;base64"
    assert picture_in(encoded).format == "PNG"


def test_a_model_nobody_knows_is_the_default_one(ask: Asker) -> None:
    assert generated(ask, model="gpt-image-1").headers["x-venice-model-id"] == "z-image-turbo"


@pytest.mark.parametrize(
    "fields",
    [{"safe_mode": True}, {"n": 2}, {"size": "64x64"}, {"prompt": "x" * 1501}, {"seed": 7}],
)
def test_what_openai_has_no_word_for_is_refused(ask: Asker, fields) -> None:
    assert generated(ask, **fields).status_code == 400
