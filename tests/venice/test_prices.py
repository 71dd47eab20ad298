"""What orders cost at list price, with the real prices of Venice's lists."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venice_site.venice import catalogue, prices
from venice_site.venice.types import (
    ChatMessage,
    ChatOrder,
    EditOrder,
    FilePart,
    ImageOrder,
    ImagePart,
    Model,
    Price,
    TokenPrices,
    Usage,
)

START = catalogue.starting_copy()
WRITER = Model("w", "text", "W", price=Price(tokens=TokenPrices(1_000_000, 4_000_000, 100_000)))
UNKNOWN = Model("u", "text", "U")
PNG = b"\x89PNG"


def priced_image(model_id: str, **wishes) -> int:
    return prices.image_price(
        START.models["image"][model_id], ImageOrder(model_id, "p", 1, **wishes)
    )


def priced_edit(kind: str, model_id: str = "", images: int = 1, **wishes) -> int:
    order = EditOrder(kind, (PNG,) * images, model_id, **wishes)
    model = START.models["inpaint"].get(model_id)
    return prices.edit_price(order, model, START.models["upscale"]["upscaler"])


def asking(text: str, *, images: int = 0, files: tuple[FilePart, ...] = (), **wishes) -> ChatOrder:
    pictures = tuple(ImagePart(PNG, "image/png") for _ in range(images))
    return ChatOrder("w", (ChatMessage("user", text, pictures, files),), **wishes)


def test_amounts_of_fractions_of_a_cent_are_exact():
    assert prices.micro_usd(0.09375) == 93_750
    assert prices.micro_usd("0.0375") == 37_500
    assert prices.micro_usd(0.028060000000000005) == 28_060
    assert prices.micro_usd("free") is None
    assert prices.micro_usd(-1) is None
    assert prices.micro_usd(float("nan")) is None


# --- pictures ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model_id", "wishes", "price"),
    [
        ("z-image-turbo", {}, 10_000),
        ("wan-2-7-pro-text-to-image", {}, 93_750),
        ("z-image-turbo", {"resolution": "4K", "quality": "high"}, 10_000),
        ("nano-banana-2", {}, 100_000),
        ("nano-banana-2", {"resolution": "4k"}, 190_000),
        ("gpt-image-2", {}, 260_000),
        ("gpt-image-2", {"quality": "low"}, 20_000),
        ("gpt-image-2", {"resolution": "4K", "quality": "medium"}, 210_000),
        ("grok-imagine-image-2-0", {}, 70_000),
        ("z-image-turbo", {"enhance_prompt": True}, 50_000),
    ],
)
def test_a_picture_is_priced_by_quality_then_resolution_then_flat(model_id, wishes, price):
    assert priced_image(model_id, **wishes) == price


def test_an_enhanced_prompt_costs_only_when_venice_enhanced_it():
    model, order = START.models["image"]["chroma"], ImageOrder("chroma", "p", 1)
    wished = ImageOrder("chroma", "p", 1, enhance_prompt=True)
    assert prices.made_usage(model, wished, {"enhanced_prompt": "a cat, in oil"}).cost == 50_000
    assert prices.made_usage(model, wished, {"id": "1"}).cost == 10_000
    assert prices.made_usage(model, order, {}) == Usage(images=1, cost=10_000)


def test_a_resolution_without_a_price_costs_what_the_dearest_does():
    price = Price(by_resolution={"1K": 10, "2K": 30}, by_quality={"1K": {"low": 5, "high": 20}})
    model = Model("m", "image", "M", price=price, resolutions=("1K", "8K"))
    assert prices.image_price(model, ImageOrder("m", "p", 1, resolution="8K")) == 30


@pytest.mark.parametrize(
    ("kind", "model_id", "images", "wishes", "price"),
    [
        ("edit", "firered-image-edit", 1, {}, 40_000),
        ("edit", "grok-imagine-edit", 1, {}, 32_300),
        ("edit", "grok-imagine-edit", 1, {"resolution": "2K"}, 42_300),
        ("edit", "gpt-image-2-edit", 1, {"quality": "low"}, 340_000),
        ("combine", "gpt-image-2-edit", 1, {"quality": "low"}, 30_000),
        ("combine", "gpt-image-2-edit", 3, {"resolution": "4K", "quality": "medium"}, 238_400),
        ("combine", "flux-2-max-edit", 3, {}, 189_000),
        ("combine", "grok-imagine-image-2-0-edit", 2, {}, 93_000),
        ("combine", "firered-image-edit", 3, {}, 40_000),
        ("upscale", "", 1, {"scale": 2}, 20_000),
        ("upscale", "", 1, {"scale": 3}, 80_000),
        ("upscale", "", 1, {"scale": 4}, 80_000),
        ("cutout", "", 1, {}, 30_000),
    ],
)
def test_what_is_made_of_pictures_has_its_price(kind, model_id, images, wishes, price):
    assert priced_edit(kind, model_id, images, **wishes) == price


def test_a_cutout_costs_what_the_background_remover_is_listed_with():
    remover = Model("bria-bg-remover", "image", "Remover", price=Price(image=45_000))
    assert prices.edit_price(EditOrder("cutout", (PNG,)), remover, None) == 45_000


def test_a_price_that_nobody_knows_is_never_free():
    assert prices.image_price(UNKNOWN, ImageOrder("u", "p", 1)) > 0
    assert prices.reply_cost(UNKNOWN, Usage(tokens_in=1000, tokens_out=10)) > 0
    for kind in ("edit", "combine", "cutout"):
        assert prices.edit_price(EditOrder(kind, (PNG,)), None, None) > 0
        assert prices.edit_price(EditOrder(kind, (PNG,)), UNKNOWN, UNKNOWN) > 0
    assert prices.edit_price(EditOrder("upscale", (PNG,)), None, None) == 20_000
    assert prices.edit_price(EditOrder("upscale", (PNG,), scale=4), None, UNKNOWN) == 80_000


def test_a_price_of_zero_is_a_price():
    gift = Model("g", "image", "G", price=Price(image=0))
    assert prices.image_price(gift, ImageOrder("g", "p", 1)) == 0


amounts = st.none() | st.integers(0, 10**10)
words = st.sampled_from(["", "1K", "2K", "low", "high"])
image_prices = st.builds(
    Price,
    image=amounts,
    by_resolution=st.dictionaries(words, st.integers(0, 10**10)),
    by_quality=st.dictionaries(words, st.dictionaries(words, st.integers(0, 10**10))),
    upscale=st.dictionaries(st.sampled_from(["2x", "4x", "8x"]), st.integers(0, 10**10)),
    image_more=st.integers(0, 10**10),
    images_included=st.integers(0, 10),
)


@given(image_prices, words, words, st.integers(1, 10), st.integers(2, 4), st.booleans())
def test_no_price_list_makes_a_picture_cost_less_than_nothing(
    price, resolution, quality, images, scale, enhanced
):
    model = Model("m", "image", "M", price=price, resolutions=("1K", "2K"), qualities=("low",))
    order = ImageOrder("m", "p", 1, resolution=resolution, quality=quality, enhance_prompt=enhanced)
    plain = ImageOrder("m", "p", 1, resolution=resolution, quality=quality)
    assert prices.image_price(model, order) >= prices.image_price(model, plain) >= 0
    for kind in ("edit", "combine", "upscale", "cutout"):
        one, more = (
            EditOrder(kind, (PNG,) * count, resolution=resolution, quality=quality, scale=scale)
            for count in (images, images + 1)
        )
        assert prices.edit_price(more, model, model) >= prices.edit_price(one, model, model) >= 0


# --- tokens -----------------------------------------------------------------------------------


def cost(model_id: str, **used: int) -> int:
    return prices.reply_cost(START.models["text"][model_id], Usage(**used))


def test_tokens_cost_what_the_list_says():
    million = 1_000_000
    assert cost("zai-org-glm-5-2", tokens_in=1000, tokens_out=100) == 1400 + 440
    used = {"tokens_in": 10_000, "tokens_cached": 6_000, "tokens_cache_write": 3_000}
    written = 1_000 * 6 + 6_000 * 0.6 + 3_000 * 7.5 + 500 * 30
    assert cost("claude-opus-4-5", **used, tokens_out=500) == written
    assert cost("openai-gpt-55", tokens_in=272_000, tokens_out=1) == 1_700_038
    assert cost("openai-gpt-55", tokens_in=272_001, tokens_out=1) == 3_400_069
    assert cost("openai-gpt-54-pro", tokens_in=million, tokens_out=1000) == 75_337_500


def test_cached_tokens_without_a_price_of_their_own_cost_what_the_others_do():
    used = {"tokens_in": 1000, "tokens_cached": 400, "tokens_cache_write": 400, "tokens_out": 1}
    assert cost("mistral-small-2603", **used) == 188  # 187.5 and 0.75


def test_silence_costs_nothing():
    assert prices.reply_cost(WRITER, Usage(tokens_in=1000)) == 0
    searched = asking("hello", web_search="on")
    assert prices.priced(WRITER, Usage(tokens_in=1000), searched).cost == 0


def test_what_venice_says_it_cost_counts():
    used = Usage(tokens_in=10, tokens_out=10, cost=77, cost_source="response")
    assert prices.priced(WRITER, used, asking("hello", web_search="on")) is used


@pytest.mark.parametrize(
    ("order", "price"),
    [
        (asking("What is new?"), 0),
        (asking("What is new?", web_search="off"), 0),
        (asking("What is new?", web_search="on"), 10_000),
        (asking("What is new?", web_search="auto"), 10_000),
        (asking("What is it?", images=1, web_search="on"), 0),
        (asking("Read https://a.example", web_scraping=True), 10_000),
        (asking("Read https://a.example and HTTP://b.example", web_scraping=True), 20_000),
        (asking("https://a.example " * 9, web_scraping=True, web_search="on"), 50_000),
        (asking("Read nothing", web_scraping=True), 0),
        (asking("Read nothing", web_scraping=True, web_search="on"), 10_000),
    ],
)
def test_looking_into_the_web_is_paid_for(order, price):
    assert prices.web_cost(order) == price
    used = Usage(tokens_in=1000, tokens_out=100)
    assert prices.priced(WRITER, used, order).cost == 1000 + 400 + price


token_prices = st.builds(TokenPrices, amounts, amounts, amounts, amounts)
counts = st.integers(0, 2_000_000)


@given(token_prices, token_prices | st.none(), st.none() | counts, counts, counts, counts, counts)
def test_no_use_of_tokens_costs_less_than_nothing(
    tokens, extended, above, tokens_in, cached, written, out
):
    price = Price(tokens=tokens, extended=extended, extended_above=above)
    used = Usage(
        tokens_in=tokens_in, tokens_cached=cached, tokens_cache_write=written, tokens_out=out
    )
    assert prices.reply_cost(Model("m", "text", "M", price=price), used) >= 0


@given(st.sampled_from([*START.models["text"].values(), UNKNOWN]), counts, counts, counts, counts)
def test_more_tokens_never_cost_less(model, tokens_in, more_in, tokens_out, more_out):
    less = Usage(tokens_in=tokens_in, tokens_out=tokens_out)
    more = Usage(tokens_in=tokens_in + more_in, tokens_out=tokens_out + more_out)
    assert prices.reply_cost(model, less) <= prices.reply_cost(model, more)


# --- estimates --------------------------------------------------------------------------------


def expected(order: ChatOrder, **facts) -> Usage:
    model = Model("w", "text", "W", price=WRITER.price, **facts)
    return prices.reply_estimate(model, order)


def test_an_estimate_holds_more_than_a_reply_is_likely_to_use():
    order = asking("Tell me of the sea. " * 100)
    usage = expected(order)
    assert usage.cost_source == "estimate"
    assert usage.tokens_in >= 500  # four letters a token
    assert usage.tokens_out == prices.REPLY_TOKENS
    assert usage.cost == prices.reply_cost(WRITER, usage)


def test_a_character_of_a_language_without_spaces_is_a_token():
    assert expected(asking("海" * 3000)).tokens_in >= 3000


def test_half_a_character_does_not_stop_an_estimate():
    assert expected(asking("\ud800" * 30)).tokens_in > 0


def test_pictures_and_files_are_counted():
    nothing = expected(asking("What is it?")).tokens_in
    picture = expected(asking("What is it?", images=2)).tokens_in - nothing
    assert picture == 2 * prices.PICTURE_TOKENS
    code = FilePart(b"print(1)\n" * 10_000, "text/x-python", "a.py")
    assert expected(asking("What is it?", files=(code,))).tokens_in - nothing == 30_000
    book = FilePart(b"%PDF-1.7" + b"x" * 60_000, "application/pdf", "a.pdf")
    assert 5_000 < expected(asking("What is it?", files=(book,))).tokens_in < 20_000
    album = FilePart(b"PK\3\4" + b"x" * 20_000_000, "application/zip", "a.docx")
    assert expected(asking("What is it?", files=(album,))).tokens_in - nothing == 100_000


def test_what_is_read_never_exceeds_what_the_model_can_read():
    assert expected(asking("x" * 1_000_000), context_tokens=32_000).tokens_in == 32_000


def test_what_the_web_says_and_a_schema_are_read_as_well():
    nothing = expected(asking("What is new?")).tokens_in
    assert expected(asking("What is new?", web_search="on")).tokens_in == nothing + 4000
    assert expected(asking("What is new?", schema={"type": "object"})).tokens_in > nothing


@pytest.mark.parametrize(
    ("facts", "wishes", "tokens"),
    [
        ({}, {}, 2048),
        ({}, {"reasoning_effort": "max"}, 2048),
        ({"supports_reasoning": True}, {}, 2048 + 8192),
        ({"supports_reasoning": True}, {"disable_thinking": True}, 2048),
        ({"supports_reasoning": True}, {"reasoning_effort": "max"}, 2048 + 65_536),
        ({"supports_reasoning": True}, {"reasoning_effort": "unheard-of"}, 2048 + 8192),
        ({"supports_reasoning": True, "default_reasoning_effort": "none"}, {}, 2048),
        ({"supports_reasoning": True}, {"max_tokens": 300}, 300),
        ({"supports_reasoning": True, "max_output_tokens": 4096}, {}, 4096),
        ({"max_output_tokens": 4096}, {"max_tokens": 9000}, 4096),
        ({}, {"max_tokens": -5}, 2048),
    ],
)
def test_a_model_that_thinks_is_given_room_to_think(facts, wishes, tokens):
    assert expected(asking("Why?", **wishes), **facts).tokens_out == tokens
