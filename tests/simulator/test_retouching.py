"""Upscale, edit, multi-edit and background-remove answer raw bytes of really changed images."""

import base64
import io

import pytest
from PIL import Image, ImageDraw

from .conftest import Asker


def png(size=(256, 256), colour=(90, 160, 90)) -> bytes:
    image = Image.new("RGB", size, colour)
    ImageDraw.Draw(image).ellipse(
        (size[0] // 4, size[1] // 4, size[0] * 3 // 4, size[1] * 3 // 4), (220, 30, 40)
    )
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def opened(response) -> Image.Image:
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].startswith("image/")
    return Image.open(io.BytesIO(response.content))


@pytest.mark.parametrize(("scale", "size"), [(2, (512, 512)), (4, (1024, 1024)), (2.5, (640, 640))])
def test_upscales(ask: Asker, scale, size) -> None:
    image = opened(ask.post("/image/upscale", {"image": b64(png()), "scale": scale}))

    assert image.size == size
    assert image.format == "PNG"


@pytest.mark.parametrize(
    "body",
    [
        {"image": b64(png()), "scale": 1},
        {"image": b64(png((64, 64)))},
        {"image": "data:image/png;base64," + b64(png())},
        {"image": "not base64!"},
        {"image": b64(b"not an image")},
        {"scale": 2},
    ],
)
def test_refuses_to_upscale(ask: Asker, body) -> None:
    assert ask.post("/image/upscale", body).status_code == 400


def test_edits_after_the_prompt_and_keeps_the_size(ask: Asker) -> None:
    body = {"image": b64(png()), "prompt": "make it night"}

    response = ask.post("/image/edit", body)

    assert opened(response).size == (256, 256)
    assert response.content != png()
    assert response.content == ask.post("/image/edit", body).content
    assert response.headers["x-venice-model-id"] == "firered-image-edit"


@pytest.mark.parametrize(
    ("fields", "kind", "size"),
    [
        ({"output_format": "jpg"}, "JPEG", (256, 256)),
        ({"output_format": "webp", "aspect_ratio": "16:9"}, "WEBP", (1360, 768)),
        (
            {"model": "nano-banana-2-edit", "resolution": "2K", "aspect_ratio": "1:1"},
            "JPEG",
            (2048, 2048),
        ),
        ({"image": "data:image/png;base64," + b64(png())}, "PNG", (256, 256)),
    ],
)
def test_edit_honours_format_and_size(ask: Asker, fields, kind, size) -> None:
    image = opened(ask.post("/image/edit", {"image": b64(png()), "prompt": "brighter"} | fields))

    assert (image.format, image.size) == (kind, size)


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"quality": "high"}, 400),
        ({"resolution": "2K"}, 400),
        ({"aspect_ratio": "5:1"}, 400),
        ({"model": "z-image-turbo"}, 404),
        ({"prompt": ""}, 400),
        ({"image": "http://127.0.0.1/a.png"}, 400),
    ],
)
def test_refuses_to_edit(ask: Asker, fields, status) -> None:
    assert (
        ask.post("/image/edit", {"image": b64(png()), "prompt": "x"} | fields).status_code == status
    )


def test_a_violation_while_editing_is_422(ask: Asker) -> None:
    body = {"image": b64(png()), "prompt": "x [[sim:content-violation]]"}

    assert ask.post("/image/edit", body).status_code == 422


def test_several_images_become_one(ask: Asker) -> None:
    other = png((300, 200), (20, 20, 200))

    alone = opened(ask.post("/image/multi-edit", {"images": [b64(png())], "prompt": "x"}))
    together = opened(
        ask.post("/image/multi-edit", {"images": [b64(png()), b64(other)], "prompt": "x"})
    )

    assert together.size == (256, 256)
    assert together.tobytes() != alone.tobytes()
    assert ask.post("/image/multi-edit", {"images": [], "prompt": "x"}).status_code == 400
    assert (
        ask.post("/image/multi-edit", {"images": [b64(png())] * 4, "prompt": "x"}).status_code
        == 400
    )
    assert (
        ask.post(
            "/image/multi-edit", {"images": [b64(png())], "prompt": "x", "model": "m"}
        ).status_code
        == 400
    )


def test_the_background_becomes_transparent(ask: Asker) -> None:
    image = opened(ask.post("/image/background-remove", {"image": b64(png())}))

    assert image.mode == "RGBA"
    alpha = image.getchannel("A")
    assert alpha.getpixel((2, 2)) == 0
    assert alpha.getpixel((128, 128)) == 255


def test_a_picture_at_a_public_address_is_painted_after_its_name(ask: Asker) -> None:
    cut = opened(
        ask.post("/image/background-remove", {"image_url": "https://example.com/a/red%20boat.jpg"})
    )
    body = {"image": "https://example.com/beach.jpg", "prompt": "blue"}
    beach, again = (ask.post("/image/edit", body).content for _ in range(2))
    other = ask.post("/image/edit", body | {"image": "https://example.com/forest.jpg"}).content

    assert cut.mode == "RGBA"
    assert beach == again != other


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost/a.png",
        "https://192.168.0.4/a.png",
        "https://[::1]/a.png",
        "https://[/a.png",
        "https://printer.local/a.png",
        "ftp://example.com/a.png",
    ],
)
def test_only_public_addresses_are_looked_at(ask: Asker, url) -> None:
    assert ask.post("/image/background-remove", {"image_url": url}).status_code == 400


@pytest.mark.parametrize(
    "body", [{}, {"image": "x", "image_url": "y"}, {"image": b64(png()), "model": "m"}]
)
def test_refuses_to_remove_the_background(ask: Asker, body) -> None:
    assert ask.post("/image/background-remove", body).status_code == 400


@pytest.mark.parametrize(
    ("path", "fields", "name"),
    [
        ("/image/upscale", {"scale": "2"}, "image"),
        ("/image/edit", {"prompt": "blue", "safe_mode": "false"}, "image"),
        ("/image/multi-edit", {"prompt": "blue"}, "images"),
        ("/image/background-remove", {}, "image"),
    ],
)
def test_forms_are_read_too(ask: Asker, path, fields, name) -> None:
    response = ask.session.post(
        ask.simulator.url + path,
        data=fields,
        files=[(name, ("a.png", png(), "image/png"))],
        headers=ask.headers,
        timeout=10,
    )

    assert opened(response).width in (256, 512)
