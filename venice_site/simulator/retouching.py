"""The endpoints that take an image and answer raw bytes: upscale, edit, multi-edit, background-remove."""

from __future__ import annotations

import base64
import io
import re
import time
from dataclasses import dataclass, replace
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import HTTP
from hashlib import sha256
from typing import Any

from PIL import Image, ImageChops, ImageFilter

from .addresses import picture_behind
from .canvas import colour_of
from .catalogue import Model
from .exchange import Exchange, without_markers
from .finishes import black, blurred, finish_for_style, soft_copy, turned_by, vivid
from .images import Picture, damaged
from .palettes import PALETTE_WORDS, PALETTES, words_of
from .replies import Json, Reply, json_reply, refuse
from .schemas import BACKGROUND_REMOVE, EDIT, MULTI_EDIT, UPSCALE
from .seeing import LARGEST_FILE, decode_base64, open_image, too_large, undecodable
from .sizes import check_option, ratio_size
from .validation import Shape, demand, invalid

LEAST_PIXELS = 65_536
MOST_PIXELS = 16_777_216
BACKGROUND_REMOVE_USD = 0.03
_NUMBERS = ("scale", "creativity")
_FLAGS = ("safe_mode", "enhance_prompt", "disable_prompt_optimization_thinking")


@dataclass(frozen=True)
class Upload:
    """The fields of a request and its images, whether they came as JSON or as a form."""

    fields: Json
    images: list[Image.Image]


def upscale(exchange: Exchange) -> Reply:
    """Answers `POST /image/upscale`: a PNG two or four times as large."""
    upload = _read(exchange, UPSCALE, "image", data_urls=False)
    image, scale = upload.images[0], float(upload.fields.get("scale", 2))
    if image.width * image.height < LEAST_PIXELS:
        raise undecodable(f"Image must have at least {LEAST_PIXELS} pixels")
    scale = min(scale, (MOST_PIXELS / (image.width * image.height)) ** 0.5)
    model = exchange.choose_model("upscaler", "upscale")
    price = model.spec["pricing"]["upscale"]["4x" if scale > 2 else "2x"]["usd"]
    size = (round(image.width * scale), round(image.height * scale))
    larger = (
        image.convert("RGB")
        .resize(size, Image.Resampling.LANCZOS)
        .filter(ImageFilter.UnsharpMask(2, 60, 2))
    )
    return _finish(exchange, model, price, larger, "png")


def edit(exchange: Exchange) -> Reply:
    """Answers `POST /image/edit`: the image, changed after the words of the prompt."""
    upload = _read(exchange, EDIT, "image")
    name = upload.fields.get("model") or upload.fields.get("modelId") or "firered-image-edit"
    model = exchange.choose_model(name, "inpaint")
    if "resolution" in upload.fields and "resolutions" not in model.constraints:
        message = f"{model.id} does not support resolution"
        raise invalid([{"code": "custom", "path": ["resolution"], "message": message}])
    check_option(model, upload.fields, "resolution", "resolutions")
    return _edited(exchange, model, upload)


def multi_edit(exchange: Exchange) -> Reply:
    """Answers `POST /image/multi-edit`: the first image with the others laid into it."""
    upload = _read(exchange, MULTI_EDIT, "images")
    model = exchange.choose_model(upload.fields.get("modelId", "firered-image-edit"), "inpaint")
    most = model.constraints.get(
        "maxInputImages", 3 if model.constraints.get("combineImages") else 1
    )
    if len(upload.images) > most:
        raise invalid(
            [
                {
                    "code": "too_big",
                    "path": ["images"],
                    "message": f"At most {most} images",
                    "maximum": most,
                }
            ]
        )
    return _edited(exchange, model, upload)


def remove_background(exchange: Exchange) -> Reply:
    """Answers `POST /image/background-remove`: a PNG whose background is transparent."""
    if _is_form(exchange):
        upload = _read(exchange, BACKGROUND_REMOVE, "image")
    else:
        body = exchange.json_body()
        demand(BACKGROUND_REMOVE, body)
        if len(body) != 1:
            raise invalid(
                [
                    {
                        "code": "custom",
                        "path": [],
                        "message": "Provide exactly one of image or image_url",
                    }
                ]
            )
        (field,) = body
        upload = _read(exchange, BACKGROUND_REMOVE, field)
    model = exchange.choose_model("bria-bg-remover", "image")
    return _finish(exchange, model, BACKGROUND_REMOVE_USD, cut_out(upload.images[0]), "png")


def cut_out(image: Image.Image) -> Image.Image:
    """Returns the image with everything that resembles its border made transparent."""
    rgb = image.convert("RGB")
    border = Image.new("RGB", rgb.size)
    corners = {colour_of(rgb, x, y) for x in (0, rgb.width - 1) for y in (0, rgb.height - 1)}
    mask = Image.new("L", rgb.size, 255)
    for colour in corners:
        border.paste(colour, (0, 0, *rgb.size))
        red, green, blue = ImageChops.difference(rgb, border).split()
        far = ImageChops.lighter(ImageChops.lighter(red, green), blue).point(
            lambda v: min(255, max(0, (v - 24) * 8))
        )
        mask = ImageChops.darker(mask, far)
    rgb.putalpha(mask.filter(ImageFilter.GaussianBlur(1)))
    return rgb


def _edited(exchange: Exchange, model: Model, upload: Upload) -> Reply:
    exchange.model = model
    fields = upload.fields
    price = model.edit_price(fields.get("resolution"), len(upload.images))
    image = _changed(upload.images, without_markers(fields["prompt"]))
    ratio = fields.get("aspect_ratio", "auto")
    resolution = fields.get("resolution", "1K") if "resolutions" in model.constraints else "1K"
    if ratio != "auto":
        image = _cropped(image, ratio_size(ratio, resolution))
    if exchange.has("content-violation"):
        raise refuse(
            422, "Your prompt violates the content policy of Venice.ai or the model provider"
        )
    if exchange.has("blurred"):
        image = blurred(image)
    chosen = fields.get("output_format", "png" if resolution == "1K" else "jpeg")
    return _finish(exchange, model, price, image, "jpeg" if chosen == "jpg" else chosen)


def _changed(images: list[Image.Image], prompt: str) -> Image.Image:
    base = images[0].convert("RGB")
    words = words_of(prompt)
    hinted = next((PALETTE_WORDS[word].split()[0] for word in words if word in PALETTE_WORDS), None)
    if {"black", "monochrome", "grey", "gray"} & set(words):
        base = base.convert("L").convert("RGB")
    elif hinted:
        tint = Image.new("RGB", base.size, PALETTES[hinted].low)
        base = Image.blend(base, ImageChops.multiply(vivid(base), tint), 0.75)
    elif {
        "sketch",
        "watercolor",
        "watercolour",
        "pixel",
        "anime",
        "comic",
        "noir",
        "origami",
    } & set(words):
        base = finish_for_style(prompt)(base)
    else:
        turn = 40 + sha256(prompt.encode()).digest()[0]
        base = Image.blend(turned_by(turn)(base), soft_copy(base, 12), 0.2)
    for index, extra in enumerate(images[1:], 1):
        side = min(base.size) // 4
        small = extra.convert("RGB").resize((side, side))
        base.paste(
            small, (base.width - side * index - side // 8 * index, base.height - side - side // 8)
        )
    return base


def _cropped(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    scale = max(size[0] / image.width, size[1] / image.height)
    across, down = size[0] / scale, size[1] / scale
    left, top = (image.width - across) / 2, (image.height - down) / 2
    return image.resize(size, Image.Resampling.BICUBIC, (left, top, left + across, top + down))


def _finish(
    exchange: Exchange, model: Model, price: float, image: Image.Image, file_type: str
) -> Reply:
    exchange.reserve(model, price)
    exchange.charge(model, price)
    started = time.monotonic()
    if exchange.has("content-violation"):
        image = black(image)
    headers = {
        "x-venice-is-content-violation": str(exchange.has("content-violation")).lower(),
        "x-venice-is-blurred": str(exchange.has("blurred")).lower(),
    }
    picture = damaged(
        exchange, _saved(image, "webp" if exchange.has("webp-instead") else file_type)
    )
    reply = _in_shape(exchange, picture)
    delay = exchange.state.settings.image_ms / 1000 - (time.monotonic() - started)
    return replace(reply, headers={**headers, **reply.headers}, delay=max(0.0, delay))


def _saved(image: Image.Image, file_type: str) -> Picture:
    out = io.BytesIO()
    image.save(
        out, file_type.upper(), **({"compress_level": 2} if file_type == "png" else {"quality": 88})
    )
    return Picture(out.getvalue(), f"image/{file_type}")


def _in_shape(exchange: Exchange, picture: Picture) -> Reply:
    if exchange.has("image-json"):
        return json_reply(200, {"images": [base64.b64encode(picture.data).decode()]})
    octets = exchange.has("octet-stream")
    kind = "application/octet-stream" if octets else picture.media_type
    return Reply(200, picture.data, {"content-type": kind})


def _is_form(exchange: Exchange) -> bool:
    return exchange.request.headers.get("content-type", "").startswith("multipart/form-data")


def _read(exchange: Exchange, shape: Shape, field: str, data_urls: bool = True) -> Upload:
    if _is_form(exchange):
        fields, files = _form(exchange)
        named = {name: "file" for name in (field,) if files}
        listed: Any = ["file"] * len(files) if field == "images" else "file"
        demand(shape, {**fields, **({field: listed} if named else {})})
        return Upload(fields, [open_image(data) for data in files])
    body = exchange.json_body()
    demand(shape, body)
    texts = body[field] if isinstance(body[field], list) else [body[field]]
    return Upload(body, [_image_in(text, data_urls) for text in texts])


def _image_in(text: str, data_urls: bool) -> Image.Image:
    if text.startswith(("http://", "https://")):
        image = picture_behind(text)
        if image is None:
            raise undecodable("The image address could not be fetched")
        return image
    prefix = re.match(r"data:image/[a-z+.-]+;base64,", text)
    if prefix and not data_urls:
        raise undecodable("Image must be base64 without a data: prefix")
    return open_image(decode_base64(text[prefix.end() :] if prefix else text))


def _form(exchange: Exchange) -> tuple[Json, list[bytes]]:
    head = f"Content-Type: {exchange.request.headers['content-type']}\r\n\r\n".encode()
    message = BytesParser(policy=HTTP).parsebytes(head + exchange.request.body)
    if not isinstance(message, EmailMessage) or not message.is_multipart():
        raise undecodable("Malformed multipart body")
    fields: Json = {}
    files: list[bytes] = []
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        payload = part.get_payload(decode=True)
        data = payload if isinstance(payload, bytes) else b""
        if part.get_filename() is not None:
            if len(data) > LARGEST_FILE:
                raise too_large()
            files.append(data)
        else:
            fields[str(name)] = _typed(str(name), data.decode("utf-8", "replace"))
    return fields, files


def _typed(name: str, value: str) -> Any:
    if name in _NUMBERS:
        return float(value) if re.fullmatch(r"-?\d+(\.\d+)?", value) else value
    if name in _FLAGS and value in ("true", "false"):
        return value == "true"
    return value
