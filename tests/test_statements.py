"""Ready statements do what the queries they stand for do."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import DateTimeField, Exists, OuterRef
from django.utils import timezone

from chat.models import Conversation, Folder, Message
from venice_site.statements import Statement, filling, gap, gaps, insert, update


@pytest.fixture
def conversation(alice):
    folder = Folder.objects.create(owner=alice, name="Birds")
    return Conversation.objects.create(owner=alice, title="Herons", model="m", folder=folder)


def a_message(conversation, **facts) -> Message:
    said = {"role": "user", "text": "What?", "status": "succeeded"}
    return Message(**{"conversation": conversation} | said | facts)


def values_of(row) -> dict:
    return {name: value for name, value in vars(row).items() if name != "_state"}


def test_a_row_is_what_the_query_makes_of_it(conversation):
    def written(pk):
        return Message.objects.filter(pk=pk).select_related("conversation__folder", "author")

    message = a_message(conversation, citations=[{"title": "A"}], request_id=None)
    message.save()

    found = Statement(lambda: written(gap("pk"))).first(pk=message.pk)

    usual = written(message.pk).get()
    assert found == usual
    assert values_of(found) == values_of(usual)
    assert values_of(found.conversation) == values_of(usual.conversation)
    assert found.conversation.folder.name == "Birds"
    assert found.author is None


def test_what_was_found_is_asked_for_no_more(conversation, django_assert_num_queries):
    named = Statement(
        lambda: Conversation.objects.filter(pk=gap("pk")).select_related("owner", "folder", "part")
    )
    with django_assert_num_queries(1):
        found = named.first(pk=conversation.pk)
        assert (found.owner.username, found.folder.name) == ("alice", "Birds")
        assert not hasattr(found, "part")


def test_values_come_as_tuples_in_the_order_of_the_query(conversation):
    first, second = (insert(a_message(conversation, text=text)) for text in "ab")
    pairs = Statement(
        lambda: (
            Message.objects.filter(conversation=gap("conversation"))
            .order_by("-pk")
            .values_list("text", "created_at")
        )
    )
    assert pairs.all(conversation=conversation.pk) == [
        ("b", second.created_at),
        ("a", first.created_at),
    ]
    assert pairs.all(conversation=0) == []


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_list_may_be_shorter_than_there_are_gaps(conversation, number):
    ids = [insert(a_message(conversation, text=text)).pk for text in "abc"]
    those = Statement(
        lambda: (
            Message.objects.filter(pk__in=gaps("id", 3), conversation=gap("conversation"))
            .order_by("pk")
            .values_list("pk")
        )
    )
    asked = filling("id", ids[:number], 3)
    assert [pk for (pk,) in those.all(conversation=conversation.pk, **asked)] == ids[:number]


@pytest.mark.parametrize("number", [0, 4])
def test_a_list_that_does_not_fit_into_the_gaps_is_refused(number):
    with pytest.raises(ValueError, match=f"{number} values for 3 gaps"):
        filling("id", list(range(number)), 3)


def test_what_a_query_adds_to_a_model_is_there(conversation):
    said = Message.objects.filter(conversation=OuterRef("pk"))
    marked = Statement(lambda: Conversation.objects.filter(pk=gap("pk")).annotate(any=Exists(said)))
    assert marked.first(pk=conversation.pk).any is False
    insert(a_message(conversation))
    assert marked.first(pk=conversation.pk).any is True


def test_moments_are_compared_as_moments(conversation):
    before = Statement(
        lambda: Conversation.objects.filter(created_at__lt=gap("moment", DateTimeField()))
    )
    assert before.first(moment=conversation.created_at) is None
    assert before.first(moment=conversation.created_at + timedelta(microseconds=1)) == conversation


@pytest.mark.parametrize("pk", [2**63, 10**18 * 10, -(2**63) - 1])
def test_a_number_larger_than_any_key_finds_nothing(conversation, pk):
    assert Statement(lambda: Conversation.objects.filter(pk=gap("pk"))).first(pk=pk) is None


@pytest.mark.django_db(transaction=True)
def test_a_statement_goes_on_when_the_thread_that_used_it_first_is_gone(alice):
    by_name = Statement(lambda: type(alice).objects.filter(username=gap("name")))
    found = []

    def ask() -> None:
        found.append(by_name.first(name="alice"))
        connection.close()

    for _ in range(2):
        thread = threading.Thread(target=ask)
        thread.start()
        thread.join()

    assert found == [alice, alice]
    assert found[1].date_joined == alice.date_joined


def test_a_new_row_is_the_one_that_saving_writes(conversation):
    facts = {"citations": [{"n": 1}], "started_at": timezone.now(), "text": "ünï\n"}
    new, usual = a_message(conversation, **facts), a_message(conversation, **facts)
    usual.created_at = new.created_at
    usual.save()

    assert insert(new) is new

    assert new.pk > usual.pk
    new_row, usual_row = (Message.objects.filter(pk=one.pk).values().get() for one in (new, usual))
    assert new_row | {"id": 0} == usual_row | {"id": 0}
    new.text = "later"
    new.save()  # as an existing row
    assert Message.objects.filter(conversation=conversation).count() == 2


def test_only_rows_with_these_values_are_written(conversation):
    one, other = (insert(a_message(conversation, text=text)) for text in "ab")
    where = {"pk": one.pk, "status": ("queued", "succeeded"), "parent": None}

    assert update(Message, where, {"status": "failed", "finished_at": timezone.now()}) == 1
    assert update(Message, where, {"status": "cancelled"}) == 0
    assert update(Message, {"conversation": conversation.pk}, {"parent_id": None}) == 2

    one.refresh_from_db()
    other.refresh_from_db()
    assert (one.status, other.status) == ("failed", "succeeded")
    assert one.finished_at is not None
