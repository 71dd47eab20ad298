"""Replies as a whole: text, usage, price, sight, reasoning, tools."""

import base64
import io
import json
import re
from typing import Any

import pytest
from PIL import Image

from venice_site.simulator.tokens import pieces

from .conftest import Asker, frames


def text_of(response) -> str:
    return response.json()["choices"][0]["message"]["content"]


def data_url(size=(80, 64), colour=(200, 30, 30), kind="PNG") -> str:
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, kind)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(out.getvalue()).decode()}"


def seen(*urls: str):
    images = [{"type": "image_url", "image_url": {"url": url}} for url in urls]
    return [{"type": "text", "text": "What is in this image?"}, *images]


def test_answers_in_markdown_about_what_was_asked(ask: Asker) -> None:
    text = text_of(ask.chat("How do lighthouses work?"))

    assert "lighthouses" in text
    assert "\n## " in text
    assert "\n1. **" in text


def test_the_same_conversation_gets_the_same_answer(ask: Asker) -> None:
    assert text_of(ask.chat("one")) == text_of(ask.chat("one"))
    assert text_of(ask.chat("one")) != text_of(ask.chat("two"))


@pytest.mark.parametrize(
    ("question", "sign"),
    [
        ("Show me Python code", "```python"),
        ("An SQL query, please", "```sql"),
        ("compare tea and coffee", "|---|"),
    ],
)
def test_code_and_tables_come_when_they_are_asked_for(ask: Asker, question, sign) -> None:
    assert sign in text_of(ask.chat(question))


def test_the_system_prompt_sets_the_tone(ask: Asker) -> None:
    question = {"role": "user", "content": "How do ships float?"}

    pirate = text_of(
        ask.chat(messages=[{"role": "system", "content": "You are a pirate."}, question])
    )
    brief = text_of(ask.chat(messages=[{"role": "system", "content": "Be brief."}, question]))

    assert pirate.startswith("Ahoy")
    assert "##" not in brief


def test_usage_counts_and_the_price_follows_the_catalogue(ask: Asker) -> None:
    body = ask.chat().json()

    usage = body["usage"]
    assert usage["completion_tokens"] == len(pieces(body["choices"][0]["message"]["content"]))
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    price = (usage["prompt_tokens"] * 0.7 + usage["completion_tokens"] * 2.8) / 1e6
    assert body["cost"]["usd"] == pytest.approx(price)


@pytest.mark.parametrize("field", ["max_completion_tokens", "max_tokens"])
def test_a_limit_of_tokens_ends_the_reply(ask: Asker, field) -> None:
    body = ask.chat(**{field: 12}).json()

    assert body["choices"][0]["finish_reason"] == "length"
    assert body["usage"]["completion_tokens"] == 12


def test_a_marker_sets_the_length(ask: Asker) -> None:
    body = ask.chat("Tell me about rivers [[tokens:800]]").json()

    assert body["usage"]["completion_tokens"] == 800
    assert "[[" not in body["choices"][0]["message"]["content"]


def test_a_stop_word_ends_the_reply(ask: Asker) -> None:
    assert "1." not in text_of(ask.chat(stop="1."))


@pytest.mark.parametrize(
    "messages",
    [
        [
            {"role": "system", "content": "Answer with a short title for this conversation."},
            {"role": "user", "content": "How do I grow tomatoes on a small balcony in Berlin?"},
        ],
        [
            {
                "role": "user",
                "content": "Give a short title for this: how do I grow tomatoes on a balcony?",
            }
        ],
    ],
)
def test_a_title_has_at_most_six_words(ask: Asker, messages) -> None:
    title = text_of(ask.chat(messages=messages, model="default"))

    assert "tomatoes" in title.lower()
    assert "title" not in title.lower()
    assert len(title.split()) <= 6


def test_sees_the_size_and_colour_of_an_image(ask: Asker) -> None:
    text = text_of(
        ask.chat(
            seen(data_url(), data_url((300, 200), (20, 60, 200), "JPEG")), model="qwen-3-8-27b"
        )
    )

    assert "80 x 64" in text
    assert "red" in text
    assert "300 x 200" in text
    assert "blue" in text


@pytest.mark.parametrize(
    "url",
    [
        data_url((63, 64)),
        "data:image/png;base64,###",
        "data:image/png;base64," + base64.b64encode(b"no image").decode(),
        data_url()[:-40],
        "file:///etc/hosts",
        "http://127.0.0.1/x.png",
    ],
)
def test_refuses_an_image_it_cannot_see(ask: Asker, url) -> None:
    response = ask.chat(seen(url), model="qwen-3-8-27b")

    assert response.status_code == 400
    assert isinstance(response.json()["details"], str)


def test_base64_may_be_broken_into_lines_as_some_programs_print_it(ask: Asker) -> None:
    url = data_url((320, 240))
    asked = {"model": "qwen-3-8-27b", "messages": [{"role": "user", "content": seen(url)}]}
    half = len(url) // 2
    body = json.dumps(asked).replace(url, f"{url[:half]}\n{url[half:]}")

    response = ask.session.post(
        ask.simulator.url + "/chat/completions",
        data=body,
        headers=ask.headers | {"Content-Type": "application/json"},
        timeout=5,
    )

    assert "320 x 240" in text_of(response)


def test_sees_what_a_public_address_names(ask: Asker) -> None:
    response = ask.chat(seen("https://example.com/blue%20lake.jpg"), model="qwen-3-8-27b")

    assert "1024 x 768" in text_of(response)


def test_a_model_without_sight_refuses_images(ask: Asker) -> None:
    assert ask.chat(seen(data_url())).status_code == 400


def test_a_reasoning_model_thinks_unless_told_not_to(ask: Asker) -> None:
    thinking = ask.chat(model="kimi-k3").json()
    silent = ask.chat(model="kimi-k3", venice_parameters={"disable_thinking": True}).json()

    assert thinking["choices"][0]["message"]["reasoning_content"]
    assert thinking["usage"]["completion_tokens_details"]["reasoning_tokens"] > 10
    assert silent["choices"][0]["message"]["reasoning_content"] is None


def test_a_web_search_adds_sources_and_its_price(ask: Asker) -> None:
    plain = ask.chat().json()
    searched = ask.chat(venice_parameters={"enable_web_search": "on"}).json()

    assert searched["venice_parameters"]["web_search_citations"][0]["url"].startswith("https://")
    assert searched["cost"]["usd"] == pytest.approx(plain["cost"]["usd"] + 0.01)


@pytest.mark.parametrize(
    ("question", "parameters", "sources"),
    [
        ("What is the news?", {"enable_web_search": "auto"}, 2),
        ("Why is the sky blue?", {"enable_web_search": "auto"}, 0),
        ("Read https://a.test and https://b.test", {"enable_web_scraping": True}, 2),
        ("Read https://a.test", {"enable_web_search": "on", "enable_web_scraping": True}, 1),
        ("Read nothing", {"enable_web_scraping": True}, 0),
    ],
)
def test_it_looks_into_the_web_where_it_was_asked_to(
    ask: Asker, question, parameters, sources
) -> None:
    reply = ask.chat(question, venice_parameters=parameters | {"enable_web_citations": True}).json()

    assert len(reply["venice_parameters"]["web_search_citations"]) == sources
    assert ("^1" in text_of(ask.chat(question, venice_parameters=parameters))) is False
    assert ("^1" in reply["choices"][0]["message"]["content"]) == bool(sources)


def test_a_stream_tells_its_sources_only_where_they_are_wanted(ask: Asker) -> None:
    def told(**more) -> list:
        parameters = {"enable_web_search": "on", **more}
        found = frames(ask.stream("What?", venice_parameters=parameters))
        return [frame for frame in found if "venice_parameters" in frame]

    assert len(told(include_search_results_in_stream=True)) == 1
    assert told() == []


def a_file(data: bytes, name: str) -> list[dict[str, Any]]:
    url = f"data:application/octet-stream;base64,{base64.b64encode(data).decode()}"
    return [{"type": "file", "file": {"file_data": url, "filename": name}}]


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"%PDF-1.7 a page", "page.pdf"),
        (b"PK\x03\x04 a sheet", "sheet.xlsx"),
        (b"a, b, c", "table.csv"),
        (b"print('hello')", "code.py"),
        ("Grüße".encode(), "note"),
    ],
)
def test_a_file_is_read(ask: Asker, data, name) -> None:
    assert f"“{name}”" in text_of(ask.chat(a_file(data, name)))


@pytest.mark.parametrize(
    ("data", "name", "status"),
    [
        (b"not a pdf", "page.pdf", 400),
        (b"\xff\xfe\x00\x01", "blob.bin", 400),
        (b"", "empty.txt", 400),
        (b"a" * (25 * 1024 * 1024 + 3), "long.txt", 413),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(ask: Asker, data, name, status) -> None:
    assert ask.chat(a_file(data, name)).status_code == status


def test_a_message_holds_five_files_and_ten_images(ask: Asker) -> None:
    one = a_file(b"text", "a.txt")

    assert ask.chat(one * 5).status_code == 200
    assert ask.chat(one * 6).status_code == 400
    assert ask.chat(seen(*[data_url()] * 11), model="qwen-3-8-27b").status_code == 400


def test_the_words_of_a_file_are_paid_for(ask: Asker) -> None:
    plain = ask.chat("Sum it up").json()["usage"]["prompt_tokens"]
    filed = ask.chat([{"type": "text", "text": "Sum it up"}, *a_file(b"word " * 500, "a.txt")])

    assert filed.json()["usage"]["prompt_tokens"] > plain + 500


def test_a_forced_tool_is_called_with_arguments_of_its_schema(ask: Asker) -> None:
    parameters = {
        "type": "object",
        "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
    }
    tools = [{"type": "function", "function": {"name": "forecast", "parameters": parameters}}]

    choice = ask.chat(tools=tools, tool_choice="required").json()["choices"][0]

    call = choice["message"]["tool_calls"][0]["function"]
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"]["content"] is None
    assert call["name"] == "forecast"
    assert json.loads(call["arguments"]).keys() == {"city", "days"}


WEATHER = {"type": "function", "function": {"name": "get_weather", "parameters": {}}}


@pytest.mark.parametrize(
    ("question", "choice", "calls"),
    [
        ("What is the weather in Oslo?", {}, 1),
        ("What is the weather in Oslo?", {"tool_choice": "auto"}, 1),
        ("What is the weather in Oslo?", {"tool_choice": "none"}, 0),
        ("Who painted this?", {"tool_choice": "auto"}, 0),
    ],
)
def test_a_tool_is_called_when_its_name_is_spoken_of(ask: Asker, question, choice, calls) -> None:
    message = ask.chat(question, tools=[WEATHER], **choice).json()["choices"][0]["message"]

    assert len(message["tool_calls"]) == calls
    assert (message["content"] is None) == bool(calls)


def test_the_result_of_a_tool_is_answered_in_words(ask: Asker) -> None:
    asked = {"role": "user", "content": "What is the weather in Oslo?"}
    called = ask.chat(asked["content"], tools=[WEATHER]).json()["choices"][0]["message"]
    told = {
        "role": "tool",
        "tool_call_id": called["tool_calls"][0]["id"],
        "content": "Rain, 4 degrees.",
    }

    reply = ask.chat(messages=[asked, called, told], tools=[WEATHER])

    assert reply.json()["choices"][0]["finish_reason"] == "stop"
    assert text_of(reply)


def test_a_model_of_the_older_manner_thinks_in_its_text(ask: Asker) -> None:
    body = ask.chat(model="legacy-think-model").json()
    ids = [row["id"] for row in ask.get("/models?type=text").json()["data"]]

    assert re.match(r"<think>.+</think>.+", body["choices"][0]["message"]["content"], re.DOTALL)
    assert "legacy-think-model" not in ids


def test_a_schema_is_obeyed(ask: Asker) -> None:
    schema = {
        "type": "object",
        "properties": {"names": {"type": "array", "items": {"type": "string"}}},
    }
    wanted = {"type": "json_schema", "json_schema": {"name": "n", "schema": schema}}

    text = text_of(ask.chat(model="mistral-small-3-2-24b-instruct", response_format=wanted))

    assert isinstance(json.loads(text)["names"], list)
