"""What a model costs and can do, in words."""

import pytest

from venice_site.venice import catalogue
from venice_site.venice.labels import abilities_label, dollars, price_label
from venice_site.venice.types import Model

START = catalogue.starting_copy()


@pytest.mark.parametrize(
    ("kind", "model_id", "said"),
    [
        ("image", "wan-2-7-pro-text-to-image", "$0.09375"),
        ("image", "nano-banana-2", "1K $0.10, 2K $0.14, 4K $0.19"),
        ("image", "gpt-image-2", "$0.02 to $0.83"),
        ("inpaint", "flux-2-max-edit", "$0.12, $0.0345 a further picture"),
        ("upscale", "upscaler", "2x $0.02, 4x $0.08"),
        ("text", "zai-org-glm-5-2", "$1.40 in, $4.40 out"),
    ],
)
def test_a_price_is_said_in_the_unit_of_the_model(kind, model_id, said):
    assert price_label(START.models[kind][model_id]) == said


def test_a_price_that_nobody_knows_is_not_said():
    assert price_label(Model("m", "text", "M")) == ""


def test_every_digit_of_a_price_is_said():
    said = [dollars(amount) for amount in (0, 1, 93_750, 10_000, 1_234_500_000)]
    assert said == ["$0.00", "$0.000001", "$0.09375", "$0.01", "$1,234.50"]


def test_what_a_model_can_do_is_said_in_words():
    model = Model("m", "text", "M", supports_vision=True, supports_reasoning=True, max_images=10)
    assert abilities_label(model) == "sees, thinks, 10 pictures"
    assert abilities_label(Model("m", "image", "M")) == ""
