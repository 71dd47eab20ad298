"""Which cheaper model may answer, and how an order keeps its shape."""

import pytest

from venice_site.venice import fallback
from venice_site.venice.types import (
    ChatMessage,
    ChatOrder,
    ImageOrder,
    ImagePart,
    Model,
    Price,
    TokenPrices,
)

DEAR = Model("d", "text", "D", price=Price(tokens=TokenPrices(1_000_000, 4_000_000)))
CHEAP = {"price": Price(tokens=TokenPrices(1, 1))}
HELLO = ChatMessage("user", "hi")
PICTURE = ChatMessage("user", "what is it?", (ImagePart(b"x", "image/png"),))


@pytest.mark.parametrize(
    ("order", "able"),
    [
        (ChatOrder("d", (HELLO,)), {}),
        (ChatOrder("d", (PICTURE,)), {"supports_vision": True}),
        (ChatOrder("d", (HELLO,), schema={}), {"supports_schema": True}),
        (ChatOrder("d", (HELLO,), web_search="on"), {"supports_web_search": True}),
    ],
)
def test_a_cheaper_writer_must_be_able_to_do_all_that_was_asked(order, able):
    assert fallback.suits_reply(order, DEAR, Model("c", "text", "C", **CHEAP, **able))
    if able:
        assert not fallback.suits_reply(order, DEAR, Model("c", "text", "C", **CHEAP))


def test_a_cheaper_writer_must_have_room_for_the_conversation():
    long = ChatOrder("d", (ChatMessage("user", "word " * 10_000),))
    assert not fallback.suits_reply(
        long, DEAR, Model("c", "text", "C", **CHEAP, context_tokens=8000)
    )


def test_a_dearer_model_is_no_way_out():
    assert not fallback.suits_reply(
        ChatOrder("d", (HELLO,)), Model("c", "text", "C", **CHEAP), DEAR
    )


def test_an_order_keeps_its_shape_with_another_model():
    pixels = Model("p", "image", "P")
    ratios = Model("r", "image", "R", aspect_ratios=("1:1", "16:9", "9:16"))
    wide = ImageOrder("r", "p", 1, aspect_ratio="16:9", resolution="2K")
    found = fallback.image_order_for(wide, pixels)
    assert (found.model, found.resolution, found.aspect_ratio) == ("p", "", "")
    assert found.width == 1280
    assert found.height == 720
    tall = ImageOrder("p", "p", 1, width=720, height=1280)
    assert fallback.image_order_for(tall, ratios).aspect_ratio == "9:16"
    square = fallback.image_order_for(ImageOrder("r", "p", 1, aspect_ratio="auto"), pixels)
    assert square.width == 1024
