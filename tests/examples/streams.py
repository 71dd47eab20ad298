"""The examples of replies that come as streams."""

from typing import Any

from tests.examples.example import DONE, EVENTS, WRITTEN, Example
from tests.examples.replies import (
    ASKED,
    CITATION,
    COST,
    GLM,
    ORDER,
    OURS,
    PARAMETERS,
    PATH,
    SOURCE,
    USAGE,
    asking,
    meant,
    question,
)
from venice_site.venice.errors import Overloaded
from venice_site.venice.types import ChatOrder, Usage


def chunk(finish: str | None = None, **delta: Any) -> dict[str, Any]:
    """Return one frame of a stream."""
    return frame(choices=[{"index": 0, "delta": delta, "finish_reason": finish}])


def frame(**facts: Any) -> dict[str, Any]:
    head = {"id": "chatcmpl-2", "object": "chat.completion.chunk", "created": 1739928524}
    return {**head, "model": GLM, **facts}


STREAMS = (
    Example(
        "chat_completions_stream",
        PATH,
        sent={
            **ASKED,
            "stream": True,
            "venice_parameters": {
                "enable_web_search": "on",
                "include_search_results_in_stream": True,
            },
            "stream_options": {"include_usage": True},
        },
        headers=WRITTEN,
        media_type=EVENTS,
        answer=[
            chunk(role="assistant", content=""),
            chunk(reasoning_content="Plants and light. "),
            chunk(content="Because of "),
            chunk(content="chlorophyll."),
            chunk("stop", content=""),
            frame(
                choices=[],
                usage={
                    **USAGE,
                    "prompt_tokens_details": {"cached_tokens": 0},
                    "completion_tokens_details": {"reasoning_tokens": 33},
                },
                cost=COST,
            ),
            frame(
                choices=[],
                venice_parameters={"enable_web_search": "on", "web_search_citations": [SOURCE]},
            ),
            DONE,
        ],
        read=asking(
            ChatOrder(GLM, ORDER.messages, temperature=0.7, max_tokens=500, web_search="on")
        ),
        means=meant(
            "Because of chlorophyll.",
            reasoning="Plants and light. ",
            usage=Usage(
                tokens_in=612,
                tokens_out=146,
                tokens_reasoning=33,
                cost=420,
                cost_source="response",
            ),
            citations=[(CITATION,)],
        ),
        apart=OURS,
    ),
    Example(
        "chat_completions_stream_error",
        PATH,
        sent={**ASKED, "stream": True, "venice_parameters": PARAMETERS},
        headers=WRITTEN,
        media_type=EVENTS,
        answer=[
            chunk(role="assistant", content="Because "),
            {
                "error": {
                    "message": "The model has no capacity: overloaded.",
                    "type": "server_error",
                    "code": "model_overloaded",
                    "param": None,
                    "retry_after": 30,
                }
            },
            DONE,
        ],
        scenario="stream-error",
        read=asking(ORDER),
        means=meant("Because ", finish="", usage=None, failure=Overloaded),
        apart=OURS,
    ),
    Example(
        "chat_completions_stream_legacy_think",
        PATH,
        sent={
            "model": "legacy-think-model",
            "messages": [{"role": "user", "content": "What is 3+4?"}],
            "stream": True,
        },
        headers=WRITTEN,
        media_type=EVENTS,
        answer=[
            chunk(role="assistant", content="<thi"),
            chunk(content="nk>three and four"),
            chunk(content="</think>"),
            chunk(content="7"),
            chunk("stop"),
            DONE,
        ],
        read=asking(ChatOrder("legacy-think-model", question("What is 3+4?"))),
        means=meant("7", reasoning="three and four", usage=None),
    ),
    Example(
        "chat_completions_stream_usage_without_choices",
        PATH,
        sent={**ASKED, "stream": True, "venice_parameters": PARAMETERS},
        headers=WRITTEN,
        media_type=EVENTS,
        answer=[
            {
                "id": "chatcmpl-2",
                "usage": {"prompt_tokens": 500, "completion_tokens": 0},
                "model": GLM,
            },
            chunk(content="Hm"),
            chunk("stop"),
            {
                "id": "chatcmpl-2",
                "usage": {"prompt_tokens": 500, "completion_tokens": 1, "total_tokens": 501},
                "cost": {"usd": 0.00001073, "diem": 0},
            },
            DONE,
        ],
        scenario="stream-usage-without-choices",
        read=asking(ORDER),
        means=meant(
            "Hm",
            usage=Usage(tokens_in=500, tokens_out=1, cost=11, cost_source="response"),
        ),
        apart=OURS,
    ),
)
