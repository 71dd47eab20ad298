"""Pictures over the wire: shapes, formats, sizes, seeds, metadata."""

import base64
import io
import json

import pytest
from PIL import ExifTags, Image

from .conftest import Asker


def bytes_of(response, index: int = 0) -> bytes:
    return base64.b64decode(response.json()["images"][index], validate=True)


def picture_of(response, index: int = 0) -> Image.Image:
    return Image.open(io.BytesIO(bytes_of(response, index)))


def test_answers_todays_shape_without_seed_and_model_at_the_top(ask: Asker) -> None:
    response = ask.image("a hill", format="png", steps=4)

    body = response.json()
    assert response.status_code == 200
    assert set(body) == {"id", "images", "request", "timing"}
    assert body["request"]["success"] is True
    assert body["request"]["data"]["seed"] == 7
    assert body["request"]["data"]["hide_watermark"] is False
    assert set(body["timing"]) == {
        "inferenceDuration",
        "inferencePreprocessingTime",
        "inferenceQueueTime",
        "total",
    }


def test_carries_the_headers_of_today(ask: Asker) -> None:
    headers = ask.image().headers

    assert headers["x-venice-model-id"] == "z-image-turbo"
    assert headers["x-ratelimit-limit-requests"] == "20"
    assert headers["x-ratelimit-remaining-requests"] == "19"
    assert len(headers["x-ratelimit-reset-requests"]) == 13
    assert headers["x-venice-balance-usd"] == "25"
    assert headers["x-venice-is-blurred"] == "false"
    assert headers["x-venice-is-content-violation"] == "false"
    assert headers["cf-ray"].endswith("-FRA")


@pytest.mark.parametrize(
    ("asked", "found"), [("png", "PNG"), ("jpeg", "JPEG"), ("webp", "WEBP"), (..., "WEBP")]
)
def test_honours_the_format_and_takes_webp_for_none(ask: Asker, asked, found) -> None:
    assert picture_of(ask.image(format=asked)).format == found


@pytest.mark.parametrize(
    ("fields", "size"),
    [
        ({"width": 512, "height": 768}, (512, 768)),
        ({"width": 1280, "height": 8}, (1280, 8)),
        ({"width": ..., "height": ...}, (1024, 1024)),
        ({"model": "venice-sd35", "width": 640, "height": 400}, (640, 400)),
        ({"model": "fluently-xl", "width": 1024, "height": 768}, (1024, 768)),
        ({"model": "flux-2-pro", "aspect_ratio": "16:9"}, (1360, 768)),
        ({"model": "flux-2-pro", "aspect_ratio": "nonsense"}, (1024, 1024)),
        ({"model": "nano-banana-2", "aspect_ratio": "1:1", "resolution": "2K"}, (2048, 2048)),
        ({"model": "gpt-image-2", "aspect_ratio": "3:2", "quality": "low"}, (1248, 832)),
        ({"model": "grok-imagine-image", "aspect_ratio": "auto"}, (1024, 1024)),
    ],
)
def test_makes_exactly_the_size(ask: Asker, fields, size) -> None:
    assert picture_of(ask.image(**fields)).size == size


def test_the_same_order_gives_the_same_bytes_and_another_seed_another_picture(ask: Asker) -> None:
    first = bytes_of(ask.image("a hill", format="png"))

    assert bytes_of(ask.image("a hill", format="png")) == first
    assert bytes_of(ask.image("a hill", format="png", seed=8)) != first


@pytest.mark.parametrize(
    "change",
    [
        {"model": "chroma"},
        {"negative_prompt": "people"},
        {"style_preset": "Monochrome"},
        {"prompt": "a hill at night"},
        {"steps": 1},
        {"hide_watermark": True},
    ],
)
def test_everything_that_matters_changes_the_picture(ask: Asker, change) -> None:
    plain = bytes_of(ask.image("a hill", format="png", width=256, height=256))
    other = {"prompt": "a hill", "format": "png", "width": 256, "height": 256} | change

    assert bytes_of(ask.image(**other)) != plain


def test_a_picture_without_a_seed_is_another_every_time(ask: Asker) -> None:
    assert bytes_of(ask.image(seed=...)) != bytes_of(ask.image(seed=...))


def test_only_the_first_variant_follows_the_seed(ask: Asker) -> None:
    single = bytes_of(ask.image(format="png"))
    response = ask.image(format="png", variants=3)

    assert len(response.json()["images"]) == 3
    assert bytes_of(response, 0) == single
    assert len({bytes_of(response, index) for index in range(3)}) == 3


def test_answers_bytes_when_asked_for_them(ask: Asker) -> None:
    response = ask.image(format="jpeg", return_binary=True)

    assert response.headers["content-type"] == "image/jpeg"
    assert Image.open(io.BytesIO(response.content)).size == (64, 64)


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp"])
def test_writes_exif_when_asked(ask: Asker, kind: str) -> None:
    exif = picture_of(ask.image("a café", format=kind, embed_exif_metadata=True)).getexif()
    comment = exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.UserComment]

    assert exif[ExifTags.Base.Software] == "Venice.ai"
    assert json.loads(comment.removeprefix(b"ASCII\0\0\0"))["prompt"] == "a café"
    assert json.loads(comment.removeprefix(b"ASCII\0\0\0"))["seed"] == 7


def test_writes_no_exif_when_not_asked(ask: Asker) -> None:
    assert not dict(picture_of(ask.image(format="jpeg")).getexif())


def test_grok_sends_its_own_format(ask: Asker) -> None:
    response = ask.image(model="grok-imagine-image", format="png", width=..., height=...)

    assert picture_of(response).format == "JPEG"


def test_an_enhanced_prompt_comes_in_a_header(ask: Asker) -> None:
    assert ask.image(enhance_prompt=True).headers["x-venice-enhanced-prompt"].startswith("a%20hill")


def test_markers_do_not_reach_the_picture(ask: Asker) -> None:
    plain = bytes_of(ask.image("a hill", format="png"))

    assert bytes_of(ask.image("a hill [[sim:normal]]", format="png")) == plain
