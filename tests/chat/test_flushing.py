"""What arrived of all replies of a process goes into their rows in one statement."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from chat.models import Conversation, Message, Role
from chat.replies.live import LiveReply
from chat.replies.threads import flush
from venice_site.accounts.models import User
from venice_site.venice.runs import RunStatus
from venice_site.venice.service import Venice
from venice_site.venice.types import ChatOrder, Delta

pytestmark = pytest.mark.django_db


@pytest.fixture
def live(alice: User) -> list[LiveReply]:
    """Return three replies that this process writes, of which something has arrived."""
    written = [_begun(alice) for _ in range(3)]
    for number, one in enumerate(written):
        one.take(Delta(f"Text {number}", f"thought {number}"))
    return written


def _begun(owner: User) -> LiveReply:
    conversation = Conversation.objects.create(owner=owner, title="Herons", model="m")
    reply = Message.objects.create(
        conversation=conversation, role=Role.ASSISTANT, status=RunStatus.RUNNING, claim=1
    )
    return LiveReply(reply, ChatOrder("m", ()), Venice(owner))


def test_one_statement_writes_them_all(live: list[LiveReply]) -> None:
    with CaptureQueriesContext(connection) as queries:
        flush(live)
    assert sum("UPDATE" in query["sql"] for query in queries) == 1
    for number, one in enumerate(live):
        row = Message.objects.get(pk=one.reply.pk)
        assert (row.text, row.reasoning) == (f"Text {number}", f"thought {number}")
        assert row.heartbeat_at is not None
        assert not one.cancel.is_set()


def test_who_was_stopped_elsewhere_or_is_another_s_now_is_stopped_here(
    live: list[LiveReply],
) -> None:
    stopped, taken, _ = live
    Message.objects.filter(pk=stopped.reply.pk).update(status=RunStatus.CANCELLED)
    Message.objects.filter(pk=taken.reply.pk).update(claim=2)
    flush(live)
    assert [one.cancel.is_set() for one in live] == [True, True, False]
    texts = [Message.objects.get(pk=one.reply.pk).text for one in live]
    assert texts == ["", "", "Text 2"]


def test_nothing_is_written_that_is_written_already(live: list[LiveReply]) -> None:
    flush(live)
    with CaptureQueriesContext(connection) as queries:
        flush(live)
    assert len(queries) == 0
    live[1].take(Delta(" and more"))
    flush(live)
    assert Message.objects.get(pk=live[1].reply.pk).text == "Text 1 and more"
