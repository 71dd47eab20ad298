"""Conversations as files: JSON that comes back as it was, Markdown to read, HTML that stands alone."""

from __future__ import annotations

import html
import json
import re
import unicodedata
import zipfile
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from hashlib import sha256
from pathlib import PurePosixPath
from typing import IO, Any

from django.utils import timezone

from chat.citations import Source, sources_for, sources_of
from chat.models import Attachment, Conversation, Message
from chat.personas import Part, part_of
from chat.rendering import render
from venice_site.accounts.models import User
from venice_site.venice.runs import RunStatus

FORMAT = "venice-studio-conversation"
VERSION = 1
SETTINGS = (
    *("system_prompt", "temperature", "max_tokens", "top_p"),
    *("frequency_penalty", "presence_penalty"),
    *("reasoning_effort", "web_search", "answer_schema"),
)
FACTS = (
    *("text", "reasoning", "reasoning_ms", "model", "served_by", "fallback_reason"),
    *("finish_reason", "error", "error_kind", "first_token_ms", "tokens_in", "tokens_out"),
    *("tokens_cached", "tokens_reasoning", "cost", "cost_source", "column", "undecided"),
)
TIMES = ("created_at", "started_at", "finished_at")

STYLE = """
:root { color-scheme: light dark; }
body { max-width: 46rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.6 system-ui, sans-serif; overflow-wrap: break-word; }
.question { margin: 2rem 0 1rem; padding: .5rem 1rem; border-radius: 9px; background: light-dark(#edebe6, #2f2d29); white-space: pre-wrap; }
pre { overflow-x: auto; padding: .75rem; border: 1px solid light-dark(#e1ded7, #3a3733); border-radius: 9px; white-space: pre-wrap; }
button { display: none; }
table { border-collapse: collapse; } th, td { padding: .25rem .75rem; border: 1px solid #8b867c; text-align: start; }
.facts, .host, .code__label { color: light-dark(#635f57, #aaa59c); font-size: .8rem; }
"""


def export(conversation: Conversation, form: str) -> tuple[bytes, str]:
    """Return a conversation as a file, and its type; `form` is md, html or json."""
    if form == "json":
        return as_json(conversation), "application/json"
    if form == "md":
        return as_markdown(conversation).encode(), "text/markdown; charset=utf-8"
    return as_html(conversation).encode(), "text/html; charset=utf-8"


def file_name(conversation: Conversation, form: str) -> str:
    """Return what the file is called: words of the title that every system can write."""
    plain = unicodedata.normalize("NFKD", conversation.title).encode("ascii", "ignore").decode()
    words = "-".join(re.findall(r"[a-z0-9]+", plain.lower()))[:40].strip("-")
    return f"{words or 'conversation'}.{form}"


# --- JSON ------------------------------------------------------------------------------------------


def as_json(conversation: Conversation) -> bytes:
    """Return everything that is kept of a conversation, all its branches too; attached files by name."""
    return json.dumps(facts_of(conversation), ensure_ascii=False, indent=1).encode(errors="replace")


def facts_of(conversation: Conversation) -> dict[str, Any]:
    """Return a conversation as JSON; messages are numbered from 1 in the order they were written."""
    messages = list(conversation.messages.order_by("pk"))
    numbers = {message.pk: number for number, message in enumerate(messages, 1)}
    attached = _attached(conversation)
    return {
        "format": FORMAT,
        "version": VERSION,
        "title": conversation.title,
        "model": conversation.model,
        "settings": {name: getattr(conversation, name) for name in SETTINGS},
        "persona": _persona(part_of(conversation)),
        "folder": conversation.folder.name if conversation.folder else "",
        "folder_instructions": conversation.folder.instructions if conversation.folder else "",
        "pinned": conversation.pinned_at is not None,
        "archived": conversation.archived_at is not None,
        "created_at": _moment(conversation.created_at),
        "updated_at": _moment(conversation.updated_at),
        "tip": numbers.get(conversation.tip_id or 0),
        "messages": [_message(one, numbers, attached.get(one.pk, ())) for one in messages],
    }


def _persona(part: Part | None) -> dict[str, str] | None:
    if part is None:
        return None
    return {name: getattr(part, name) for name in ("name", "letters", "colour", "character")}


def _message(
    message: Message, numbers: dict[int, int], attached: Iterable[Attachment]
) -> dict[str, Any]:
    status = RunStatus.INTERRUPTED if message.is_active else message.status
    return {
        "id": numbers[message.pk],
        "parent": numbers.get(message.parent_id or 0),
        "role": message.role,
        "status": str(status),
        **{name: getattr(message, name) for name in FACTS},
        **{name: _moment(getattr(message, name)) for name in TIMES},
        "sources": [source.as_dict() for source in sources_of(message)],
        "pictures": [
            _file(one) | {"width": one.width, "height": one.height}
            for one in attached
            if one.is_picture
        ],
        "documents": [_file(one) for one in attached if not one.is_picture],
    }


def _file(attachment: Attachment) -> dict[str, Any]:
    return {"name": name_in_parcel(attachment), "called": attachment.name}


def _moment(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _attached(conversation: Conversation) -> dict[int | None, list[Attachment]]:
    found: dict[int | None, list[Attachment]] = {}
    for one in Attachment.objects.filter(message__conversation=conversation):
        found.setdefault(one.message_id, []).append(one)
    return found


def name_in_parcel(attachment: Attachment) -> str:
    """Return the name of an attached file in an export; it tells nothing of how we keep it."""
    stored = PurePosixPath(str(attachment.file.name))
    return f"{sha256(stored.stem.encode()).hexdigest()[:32]}{stored.suffix}"


# --- Markdown and HTML: the branch that the conversation opens with ----------------------------------


def as_markdown(conversation: Conversation) -> str:
    """Return what was said as Markdown, attached files by name; thinking is left out."""
    parts = [f"# {conversation.title}"]
    attached = _attached(conversation)
    for message in _branch(conversation, attached):
        who = message.served_by or message.model if message.is_reply else "You"
        parts.append(f"## {who}")
        if message.text:
            parts.append(message.text)
        if files := attached.get(message.pk):
            parts.append("\n".join(f"- `{_called(one).replace('`', "'")}`" for one in files))
        if cited := sources_of(message):
            parts.append("\n".join(f"{n}. {_cited(one)}" for n, one in enumerate(cited, 1)))
    return "\n\n".join(parts) + "\n"


def _cited(source: Source) -> str:
    title = re.sub(r"[\[\]\n\r]", " ", source.title)
    return f"[{title}](<{source.url}>)" if source.url else title


def as_html(conversation: Conversation) -> str:
    """Return what was said as a page that needs nothing else and may load nothing else."""
    attached = _attached(conversation)
    branch = _branch(conversation, attached)
    turns = "\n".join(_turn(message, attached.get(message.pk, ())) for message in branch)
    title = html.escape(conversation.title)
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
<style>{STYLE}</style>
<h1 dir="auto">{title}</h1>
{turns}
</html>
"""


def _turn(message: Message, attached: Iterable[Attachment]) -> str:
    names = "".join(f"<li>{html.escape(_called(one))}</li>" for one in attached)
    files = f'<ul class="facts">{names}</ul>' if names else ""
    if not message.is_reply:
        return f'<div class="question" dir="auto">{html.escape(message.text)}{files}</div>'
    cited = sources_of(message)
    body = render(message.text, sources_for(message.pk, cited))
    listed = "".join(_listed(message, number, one) for number, one in enumerate(cited, 1))
    sources = f"<ol>{listed}</ol>" if listed else ""
    who = html.escape(message.served_by or message.model)
    return f'<div dir="auto">{body}</div>{files}{sources}<p class="facts">{who}</p>'


def _listed(message: Message, number: int, source: Source) -> str:
    anchor, title = f"source-{message.pk}-{number}", html.escape(source.title)
    if not source.url:
        return f'<li id="{anchor}">{title}</li>'
    return f'<li id="{anchor}"><a href="{html.escape(source.url)}" rel="noopener noreferrer nofollow">{title}</a></li>'


def _called(attachment: Attachment) -> str:
    """Return what people call an attached file; a picture may have no name."""
    return attachment.name or ("Picture" if attachment.is_picture else "Document")


def _branch(
    conversation: Conversation, attached: Mapping[int | None, list[Attachment]]
) -> list[Message]:
    """Return what was said in the branch; a question may be nothing but files."""
    path = set(conversation.tree.branch(conversation.tip_id))
    said = conversation.messages.order_by("pk").defer("reasoning")
    return [one for one in said if one.pk in path and (one.text or one.pk in attached)]


# --- everything ------------------------------------------------------------------------------------


def write_all(user: User, target: IO[bytes], progress: Callable[[int], bool]) -> int:
    """Write all conversations of a person into a ZIP, one after the other, and return how many.

    `progress` is told how many are written and answers whether the rest is still wanted.
    """
    lasting = Conversation.objects.visible_to(user).filter(temporary_until=None)
    ids = list(lasting.order_by("pk").values_list("pk", flat=True))
    written: set[str] = set()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as parcel:
        for count, pk in enumerate(ids, 1):
            found = Conversation.objects.select_related("folder").filter(pk=pk).first()
            if found is None:  # deleted for good meanwhile
                continue
            _write_one(parcel, found, count, written)
            if count % 20 == 0 and not progress(count):
                break
    return len(ids)


def _write_one(
    parcel: zipfile.ZipFile, conversation: Conversation, number: int, written: set[str]
) -> None:
    for form in ("json", "md"):
        name = f"conversations/{number:05}-{file_name(conversation, form)}"
        parcel.writestr(_entry(name), export(conversation, form)[0])
    for attached in _attached(conversation).values():
        for one in attached:
            folder = "pictures" if one.is_picture else "documents"
            name = f"{folder}/{name_in_parcel(one)}"
            if name not in written:
                written.add(name)
                _copy(parcel, one, name)


def _copy(parcel: zipfile.ZipFile, attachment: Attachment, name: str) -> None:
    try:
        parcel.writestr(_entry(name), attachment.content(), zipfile.ZIP_STORED)
    except FileNotFoundError:  # a file that is lost costs nobody the rest of the export
        return


def _entry(name: str) -> zipfile.ZipInfo:
    now = timezone.localtime()
    entry = zipfile.ZipInfo(name, now.timetuple()[:6])
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry
