"""Writes the simulator's answers: Markdown that mentions what was asked, the same for the same conversation."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from hashlib import sha256
from random import Random
from typing import Any

from .documents import Document
from .exchange import last_user_text, text_of, without_markers
from .phrases import CLOSINGS, OPENINGS, POINTS, QUOTES, SENTENCES, STEPS, STOP_WORDS
from .seeing import Sight
from .tokens import pieces

_TITLE = re.compile(
    r"\b(short|concise|brief|words?|conversation|chat)\b.{0,80}\btitle\b"
    r"|\btitle\b.{0,80}\b(short|concise|brief|words?|conversation|chat)\b",
    re.IGNORECASE | re.DOTALL,
)
TOKENS_MARKER = re.compile(r"\[\[tokens:(\d{1,6})\]\]")


@dataclass(frozen=True)
class Conversation:
    """What the writer needs to know of a request."""

    messages: list[dict[str, Any]]
    model_name: str
    sights: tuple[Sight, ...] = ()
    documents: tuple[Document, ...] = ()

    @property
    def question(self) -> str:
        return without_markers(TOKENS_MARKER.sub("", last_user_text(self.messages)))

    @property
    def instructions(self) -> str:
        roles = ("system", "developer")
        return " ".join(
            text_of(message.get("content")) for message in self.messages if message["role"] in roles
        )

    @property
    def wanted_tokens(self) -> int | None:
        found = TOKENS_MARKER.search(last_user_text(self.messages))
        return int(found[1]) if found else None

    @property
    def turns(self) -> int:
        return sum(1 for message in self.messages if message["role"] == "user")

    def source(self) -> Random:
        """Returns a random source that depends on the conversation alone."""
        facts = json.dumps([[m["role"], m.get("content")] for m in self.messages]) + self.model_name
        return Random(int.from_bytes(sha256(facts.encode()).digest()[:8]))


def write(conversation: Conversation) -> str:
    """Returns the answer to a conversation."""
    if asks_for_title(conversation):
        return title(conversation)
    rng = conversation.source()
    wanted = conversation.wanted_tokens
    text = _answer(conversation, rng)
    if wanted is None:
        return text
    while len(pieces(text)) < wanted:
        text += f"\n\n{_paragraph(topic_of(conversation.question), rng)}"
    return "".join(pieces(text)[:wanted])


def reasoning(conversation: Conversation) -> str:
    """Returns what a reasoning model thinks before it answers."""
    topic = topic_of(conversation.question)
    return (
        f"The question is about {topic}. First I will say what matters most, then give the steps in order, "
        "and check that each of them follows from the one before. A short example will help more than a long "
        "definition. I should keep it to the point."
    )


def asks_for_title(conversation: Conversation) -> bool:
    """Says whether the instructions, or the last message, ask for the title of a conversation."""
    return bool(
        _TITLE.search(conversation.instructions) or _TITLE.search(conversation.question[:400])
    )


def title(conversation: Conversation) -> str:
    """Returns a title of at most six words."""
    texts = [text_of(m.get("content")) for m in conversation.messages if m["role"] == "user"]
    text = without_markers(TOKENS_MARKER.sub("", texts[0] if texts else ""))
    if _TITLE.search(text) and ":" in text:
        text = text.split(":", 1)[1]
    text = re.sub(
        r"^\s*(user|assistant|question|answer)\s*:", "", text, flags=re.IGNORECASE | re.MULTILINE
    )
    words = keywords(text)[:6]
    return " ".join(word[:1].upper() + word[1:] for word in words) or "New conversation"


def keywords(text: str) -> list[str]:
    """Returns the words of a text that carry its meaning, in order, each once."""
    found: dict[str, str] = {}
    for word in re.findall(r"[^\W_][\w'\u2019-]*", text):
        if word.lower() not in STOP_WORDS:
            found.setdefault(word.lower(), word)
    return list(found.values())


def topic_of(question: str) -> str:
    """Returns a few words that say what a question is about."""
    words = [
        word if word.isupper() or index else word[:1].lower() + word[1:]
        for index, word in enumerate(keywords(question))
    ]
    return " ".join(words[:4]) or "your message"


def _answer(conversation: Conversation, rng: Random) -> str:
    question, instructions = conversation.question, conversation.instructions.lower()
    topic = topic_of(question)
    parts = [_opening(conversation, topic, rng)]
    parts += [_seen(index, sight) for index, sight in enumerate(conversation.sights, 1)]
    parts += [
        f"I have read “{one.name}” ({one.kind}, {one.words} words)."
        for one in conversation.documents
    ]
    if re.search(r"\b(brief|short|concise|one sentence|terse)\b", instructions):
        return "\n\n".join([*parts, _paragraph(topic, rng)]) + _ending(instructions)
    parts.append(f"## {topic[:1].upper()}{topic[1:]}")
    parts.append(_paragraph(topic, rng))
    parts.append(
        "\n".join(
            f"{n}. **{head}**: {text}" for n, (head, text) in enumerate(rng.sample(STEPS, 3), 1)
        )
    )
    if re.search(
        r"\b(code|python|javascript|function|script|program|sql|css|html|bash|django)\b",
        question.lower(),
    ):
        parts.append(_code(question, topic))
    elif rng.random() < 0.4 or re.search(
        r"\b(table|compare|versus|vs|difference)\b", question.lower()
    ):
        parts.append(_table(topic, rng))
    else:
        parts.append("\n".join(f"- {line.format(topic=topic)}" for line in rng.sample(POINTS, 3)))
    parts.append(f"> {rng.choice(QUOTES)}")
    parts.append(rng.choice(CLOSINGS).format(topic=topic))
    return "\n\n".join(parts) + _ending(instructions)


def _opening(conversation: Conversation, topic: str, rng: Random) -> str:
    instructions = conversation.instructions.lower()
    quoted = conversation.question.replace("\n", " ").strip()
    quoted = quoted if len(quoted) <= 90 else quoted[:87].rstrip() + "…"
    if "pirate" in instructions:
        return f"Ahoy! Ye ask about *{topic}*, and here be what this old sailor knows."
    if re.search(r"\b(formal|professional|lawyer|business)\b", instructions):
        return f"Thank you for your question regarding *{topic}*. The essentials are as follows."
    if re.search(r"\b(friendly|cheerful|warm|kind)\b", instructions):
        return f"What a lovely question! Let us look at *{topic}* together."
    if re.search(r"\b(teacher|tutor|explain)\b", instructions):
        return f"Good question. Let us go through *{topic}* one step at a time."
    if conversation.turns > 1 and rng.random() < 0.5:
        return f"Going on from what we said: you now ask “{quoted}”."
    return rng.choice(OPENINGS).format(quoted=quoted, topic=topic)


def _ending(instructions: str) -> str:
    return "\n\nArr, fair winds to ye!" if "pirate" in instructions else ""


def _seen(index: int, sight: Sight) -> str:
    return (
        f"Image {index} is {sight.width} x {sight.height} pixels ({sight.format}); "
        f"its dominant colour is {sight.colour}."
    )


def _paragraph(topic: str, rng: Random) -> str:
    lines = rng.sample(SENTENCES, rng.randint(3, 4))
    named = next((index for index, line in enumerate(lines) if "{topic}" in line), -1)
    return " ".join(
        line.format(topic=topic if index == named else "it") for index, line in enumerate(lines)
    )


def _code(question: str, topic: str) -> str:
    name = "_".join(re.findall(r"[a-z0-9]+", topic.lower())[:3]) or "answer"
    if re.search(r"\bsql\b", question.lower()):
        return f"```sql\nSELECT name, count(*) AS total\nFROM {name}\nGROUP BY name\nORDER BY total DESC\nLIMIT 10;\n```"
    if re.search(r"\b(javascript|html|css)\b", question.lower()):
        return f"```javascript\nexport function {name}(items) {{\n  return items.filter((item) => item.ready).length;\n}}\n```"
    if re.search(r"\bbash\b", question.lower()):
        return f'```bash\nfor file in *.{name}; do\n  wc -l "$file"\ndone\n```'
    return (
        f"```python\ndef {name}(items: list[str]) -> dict[str, int]:\n"
        '    """Counts how often each item occurs."""\n    counts: dict[str, int] = {}\n'
        "    for item in items:\n        counts[item] = counts.get(item, 0) + 1\n    return counts\n\n\n"
        f'print({name}(["a", "b", "a"]))  # {{\'a\': 2, \'b\': 1}}\n```'
    )


def _table(topic: str, rng: Random) -> str:
    rows = [
        f"| {option} | {rng.randint(2, 9)} days | {rng.choice(('low', 'medium', 'high'))} |"
        for option in ("Start small", "Plan first", "Ask others")
    ]
    return f"| Way into {topic} | Time | Effort |\n|---|---:|---|\n" + "\n".join(rows)
