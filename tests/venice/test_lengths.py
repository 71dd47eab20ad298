"""What is left out of a conversation that is too long, and what must stay."""

from dataclasses import replace

import pytest

from venice_site.venice import lengths, prices
from venice_site.venice.types import ChatMessage, ChatOrder, Model

READER = Model("m", "text", "Reader", context_tokens=4000, max_output_tokens=1000)
RULES = ChatMessage("system", "Be brief.")


def talk(turns: int, words: int = 100) -> ChatOrder:
    roles = ("user", "assistant")
    said = (ChatMessage(roles[n % 2], f"{n} " + "word " * words) for n in range(2 * turns + 1))
    return ChatOrder("m", (RULES, *said))


def test_instructions_and_the_last_messages_stay():
    order = talk(2, 10_000)
    shorter = lengths.shortened(order, READER)
    assert shorter.messages == (RULES, *order.messages[-3:])
    assert lengths.left_out(order, shorter) == (
        "The oldest 2 messages were left out: the whole conversation is too long for this model."
    )


@pytest.mark.parametrize("turns", [0, 1])
def test_a_short_talk_has_nothing_to_leave_out(turns):
    assert lengths.shortened(talk(turns, 50_000), READER) is None


@pytest.mark.parametrize("context", [4000, None])
def test_half_goes_at_the_least_and_what_is_left_begins_with_a_question(context):
    order, model = talk(20), replace(READER, context_tokens=context)
    shorter = lengths.shortened(order, model)
    assert prices.input_tokens(shorter) <= prices.input_tokens(order) // 2
    assert shorter.messages[1].role == "user"
    assert len(shorter.messages) > 4


def test_one_message_less_is_said_as_one():
    order = talk(1)
    assert lengths.left_out(order, replace(order, messages=order.messages[1:])).startswith(
        "The oldest message was left out"
    )
    assert lengths.left_out(order, order) == ""
