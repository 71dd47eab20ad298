"""Edits of pictures through the client: what each kind sends, and what is made of the answers."""

import base64
import io
import json
from hashlib import sha256

import pytest
from PIL import Image

from venice_site.simulator import Simulator
from venice_site.venice import errors
from venice_site.venice.client import Client
from venice_site.venice.edits import edit_body
from venice_site.venice.types import EditOrder, Model

EDITOR = "firered-image-edit"


def picture(colour="green", size=(256, 256), kind="PNG") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, kind)
    return out.getvalue()


ONE, TWO = picture(), picture("red")
EDIT = EditOrder("edit", (ONE,), model=EDITOR, prompt="make it night")
COMBINE = EditOrder("combine", (ONE, TWO), model=EDITOR, prompt="put one into the other")
UPSCALE = EditOrder("upscale", (ONE,), scale=2)
CUTOUT = EditOrder("cutout", (ONE,))
EVERY_KIND = pytest.mark.parametrize("order", [EDIT, COMBINE, UPSCALE, CUTOUT])


@pytest.fixture
def venice():
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def client(venice):
    return Client(venice.url, "key-one", timeout=5, deadline=10)


def editor(**facts) -> Model:
    return Model(**{"id": EDITOR, "kind": "inpaint", "name": "Editor"} | facts)


def b64(content: bytes) -> str:
    return base64.b64encode(content).decode()


@EVERY_KIND
def test_every_kind_brings_a_whole_picture_without_a_seed(client, order):
    made = client.edit_image(order)
    assert Image.open(io.BytesIO(made.content)).size == (made.width, made.height)
    assert made.content not in order.images
    assert made.seed is None
    assert made.mime == "image/png"
    assert made.rate.remaining is not None
    assert made.response["headers"]["cf-ray"]


def test_an_enlargement_is_as_much_larger_as_was_asked(client):
    assert client.edit_image(UPSCALE).width == 512
    assert client.edit_image(EditOrder("upscale", (ONE,), scale=4, creativity=0.5)).width == 1024


def test_a_cutout_is_transparent_where_the_background_was(client):
    made = client.edit_image(CUTOUT)
    assert Image.open(io.BytesIO(made.content)).mode == "RGBA"
    assert made.model == "bria-bg-remover"


def test_the_answer_names_the_model(client):
    assert client.edit_image(EDIT).model == EDITOR
    assert client.edit_image(UPSCALE).model == "upscaler"


def test_each_endpoint_gets_its_own_words(venice, client):
    for order in (EDIT, COMBINE, UPSCALE, CUTOUT):
        client.edit_image(order)
    paths = [(request.path, sorted(request.body)) for request in venice.requests]
    assert paths == [
        ("/image/edit", ["image", "model", "output_format", "prompt", "safe_mode"]),
        ("/image/multi-edit", ["images", "modelId", "output_format", "prompt", "safe_mode"]),
        ("/image/upscale", ["image", "scale"]),
        ("/image/background-remove", ["image"]),
    ]
    assert venice.requests[1].body["images"] == [b64(ONE), b64(TWO)]


def test_only_what_the_model_lists_is_sent_and_an_edit_has_no_quality():
    wishes = {"aspect_ratio": "16:9", "resolution": "2k", "quality": "High", "format": "webp"}
    lists = editor(aspect_ratios=("1:1", "16:9"), resolutions=("1K", "2K"), qualities=("high",))
    one = EditOrder("edit", (ONE,), model=EDITOR, prompt="p", **wishes)
    both = EditOrder("combine", (ONE, TWO), model=EDITOR, prompt="p", **wishes)
    assert edit_body(one, lists) == {
        "model": EDITOR,
        "prompt": "p",
        "image": b64(ONE),
        "aspect_ratio": "16:9",
        "resolution": "2K",
        "output_format": "webp",
        "safe_mode": False,
    }
    assert edit_body(both, lists)["quality"] == "high"
    assert not {"aspect_ratio", "resolution", "quality"} & set(edit_body(both, editor()))


def test_an_editor_that_keeps_the_shape_of_one_picture_gets_no_ratio():
    keeps = editor(aspect_ratios=("1:1",), single_image_ratio=False)
    one = EditOrder("edit", (ONE,), model=EDITOR, prompt="p", aspect_ratio="1:1")
    assert "aspect_ratio" not in edit_body(one, keeps)
    assert edit_body(EditOrder("combine", (ONE, TWO), EDITOR, "p", "1:1"), keeps)["aspect_ratio"]


def test_numbers_stay_within_what_venice_takes():
    wild = EditOrder("upscale", (ONE,), scale=9, creativity=1.0)
    assert edit_body(wild) == {"image": b64(ONE), "scale": 4, "creativity": 0.02}


@EVERY_KIND
def test_what_is_kept_of_the_request_holds_no_picture(client, order):
    kept = client.edit_image(order).request
    prints = [{"sha256": sha256(image).hexdigest(), "bytes": len(image)} for image in order.images]
    assert kept.get("images", [kept.get("image")]) == prints
    assert not any(b64(image) in json.dumps(kept) for image in order.images)


@pytest.mark.parametrize("images", [(), (b"x" * 14_000_000, b"x" * 14_000_000)])
def test_what_no_request_can_hold_is_not_sent(venice, client, images):
    with pytest.raises(errors.InvalidOrder):
        client.edit_image(EditOrder("combine", images, model=EDITOR, prompt="p"))
    assert venice.requests == []


@EVERY_KIND
def test_a_blocked_edit_is_no_picture(venice, client, order):
    venice.fail("content-violation")
    with pytest.raises(errors.Blocked):
        client.edit_image(order)


@pytest.mark.parametrize("scenario", ["image-json", "octet-stream", "webp-instead", "gzip"])
@EVERY_KIND
def test_a_picture_is_found_in_every_shape(venice, client, order, scenario):
    venice.fail(scenario)
    assert client.edit_image(order).width >= 256


@pytest.mark.parametrize("scenario", ["not-an-image", "truncated-image", "oversized-image"])
@EVERY_KIND
def test_what_is_no_whole_picture_is_a_bad_answer(venice, client, order, scenario):
    venice.fail(scenario)
    with pytest.raises(errors.BadAnswer):
        client.edit_image(order)


def test_a_blurred_edit_says_so(venice, client):
    venice.fail("blurred")
    assert client.edit_image(EDIT).blurred


def test_an_unknown_editor_is_gone_and_a_missing_endpoint_is_no_model_that_is_gone(venice, client):
    with pytest.raises(errors.ModelGone):
        client.edit_image(EditOrder("edit", (ONE,), model="Firered-Image-Edit", prompt="p"))
    elsewhere = Client(venice.origin, "key-one", timeout=5, deadline=10)
    with pytest.raises(errors.Refusal) as refused:
        elsewhere.edit_image(CUTOUT)
    assert not isinstance(refused.value, errors.ModelGone)
