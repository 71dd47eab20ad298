"""What is read of one entry of Venice's lists."""

from hypothesis import given
from hypothesis import strategies as st

from venice_site.venice.entries import read_model
from venice_site.venice.types import Model, TokenPrices

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
WORDS = [
    "name", "pricing", "constraints", "capabilities", "deprecation", "traits", "offline", "generation",
    "resolutions", "quality", "usd", "1K", "high", "inputImages", "included", "additional", "extended",
    "upscale", "steps", "default", "max", "aspectRatios", "qualities", "temperature", "removesAt",
    "date", "reasoningEffortOptions", "maxImages", "supportsMultipleImages", "combineImages",
    "maxInputImages", "availableContextTokens", "privacy",
]  # fmt: skip
lookalikes = st.recursive(
    json_values,
    lambda inner: st.dictionaries(st.sampled_from(WORDS), inner, max_size=4),
    max_leaves=12,
)


@given(json_values)
def test_no_value_breaks_the_reading(raw):
    assert read_model(raw) is None or isinstance(raw, dict)


@given(st.sampled_from(["image", "text", "inpaint", "upscale"]), lookalikes)
def test_no_facts_break_the_reading_of_a_model(kind, spec):
    model = read_model({"id": "m", "type": kind, "model_spec": spec})
    assert model is not None
    assert (model.id, model.kind) == ("m", kind)
    assert model.max_images >= 1
    assert model.prompt_limit > 0
    amounts = [*model.price.by_resolution.values(), *model.price.upscale.values()]
    assert all(amount >= 0 for amount in [*amounts, model.price.image_more])


def test_an_entry_without_an_id_that_can_be_sent_is_no_model():
    for nonsense in [None, "", " ", "a\nb", "x" * 121, 7, "\ud800", ["a"], " padded "]:
        assert read_model({"id": nonsense, "type": "image"}) is None
    assert read_model(["id"]) is None


def read(kind: str, **spec) -> Model:
    model = read_model({"id": "m", "type": kind, "model_spec": spec})
    assert model is not None
    return model


def test_the_facts_of_a_writing_model_are_read():
    model = read(
        "text",
        privacy="telepathic",
        uncensored=True,
        availableContextTokens=198000,
        maxCompletionTokens=32000.0,
        capabilities={
            "supportsVision": True,
            "supportsMultipleImages": True,
            "maxImages": 20,
            "supportsReasoning": True,
            "supportsReasoningEffort": True,
            "reasoningEffortOptions": ["low", "medium", "high"],
            "defaultReasoningEffort": "low",
            "supportsResponseSchema": True,
            "supportsFunctionCalling": True,
            "supportsWebSearch": True,
        },
        constraints={"temperature": {"default": 0.15}, "top_p": {"default": 0.9}},
    )
    assert model.privacy == "telepathic"
    assert model.uncensored
    assert (model.context_tokens, model.max_output_tokens) == (198_000, 32_000)
    assert (model.supports_vision, model.max_images) == (True, 20)
    assert (model.supports_reasoning, model.supports_reasoning_effort) == (True, True)
    assert model.reasoning_efforts == ("low", "medium", "high")
    assert model.default_reasoning_effort == "low"
    assert (model.supports_schema, model.supports_functions) == (True, True)
    assert model.supports_web_search
    assert (model.default_temperature, model.default_top_p) == (0.15, 0.9)


def test_what_a_model_does_not_say_it_cannot_do():
    model = read("text", capabilities={"supportsVision": "yes", "maxImages": 5})
    assert not model.supports_vision
    assert model.max_images == 1
    assert model.default_temperature is None


def test_a_model_that_takes_several_pictures_without_a_number_takes_what_a_message_may_hold():
    model = read("text", capabilities={"supportsMultipleImages": True})
    assert model.max_images == 10


def test_an_editing_model_takes_as_many_pictures_as_it_combines():
    assert read("inpaint").max_images == 1
    assert read("inpaint", constraints={"maxInputImages": 14}).max_images == 1
    assert read("inpaint", constraints={"combineImages": True}).max_images == 3
    combined = {"combineImages": True, "maxInputImages": 14}
    assert read("inpaint", constraints=combined).max_images == 14


def test_an_editing_model_may_keep_the_shape_of_a_single_picture():
    assert read("inpaint").single_image_ratio
    assert not read("inpaint", constraints={"singleImageAspectRatio": False}).single_image_ratio


def test_the_prices_of_an_editing_model_are_read():
    more = {"included": 0, "additional": {"usd": 0.0023000000000000004}}
    price = read("inpaint", pricing={"inpaint": {"usd": 0.03}, "inputImages": more}).price
    assert (price.image, price.image_more, price.images_included) == (30_000, 2_300, 0)


def test_the_prices_of_long_requests_are_read_and_completed():
    pricing = {
        "input": {"usd": 37.5},
        "output": {"usd": 225},
        "cache_input": {"usd": 3},
        "extended": {"context_token_threshold": 272000, "input": {"usd": 75}},
    }
    price = read("text", pricing=pricing).price
    assert price.tokens == TokenPrices(37_500_000, 225_000_000, 3_000_000)
    assert price.extended == TokenPrices(75_000_000, 225_000_000)
    assert price.extended_above == 272_000


def test_amounts_that_are_no_prices_are_not_known():
    for nonsense in [True, "free", -1, None, float("nan"), float("inf"), 10**30, {}, []]:
        assert read("image", pricing={"generation": {"usd": nonsense}}).price.image is None
    assert read("image", pricing={"generation": {"usd": 0}}).price.image == 0


def test_a_quality_that_nobody_names_is_the_dearest():
    row = {"low": {"usd": 0.02}, "high": {"usd": 0.26}, "medium": {"usd": 0.07}}
    model = read("image", pricing={"resolutions": {"1K": {"usd": 1}}, "quality": {"1K": row}})
    assert model.qualities == ("low", "high", "medium")
    assert (model.default_resolution, model.default_quality) == ("1K", "high")


def test_the_day_on_which_a_model_leaves_is_read():
    model = read(
        "text",
        deprecation={
            "date": "2026-12-31T00:00:00.000Z",
            "startsAt": "2026-11-01T00:00:00.000Z",
            "removesAt": "2026-12-01T01:00:00.000+02:00",
            "autoRemap": True,
            "replacementModelId": "glm",
        },
    )
    assert (model.warns_from, model.retires_on) == ("2026-11-01", "2026-11-30")
    assert (model.replacement, model.replaced_by_venice) == ("glm", True)


def test_a_day_that_is_none_retires_nothing():
    for nonsense in ["soon", "0", 7, None, ["2026-01-01"]]:
        assert read("text", deprecation={"date": nonsense, "removesAt": nonsense}).retires_on == ""
