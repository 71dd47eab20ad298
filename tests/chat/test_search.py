"""Search: titles and messages, in any script, for any query, and only one's own."""

# ruff: noqa: RUF001  # letters of other scripts are meant

from copy import copy
from importlib import import_module
from types import SimpleNamespace
from unicodedata import normalize

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chat import search, search_index
from chat.models import Conversation, Message
from chat.search import _pattern, excerpt, find, pieces
from chat.segments import segmented, terms
from tests.chat.hostile import HOSTILE


@pytest.fixture
def talk(alice):
    """Return a function that makes a conversation from a title, a question and an answer."""

    def make(title: str = "Talk", asked: str = "", said: str = "", *, owner=alice, **facts):
        found = Conversation.objects.create(owner=owner, title=title, model="m", **facts)
        question = Message.objects.create(
            conversation=found, role="user", author=owner, text=asked, status="succeeded"
        )
        reply = Message.objects.create(
            conversation=found,
            role="assistant",
            parent=question,
            text=said,
            reasoning="thinking of unicorns",
            status="succeeded",
        )
        Conversation.objects.filter(pk=found.pk).update(tip=reply)
        return found

    return make


def say_often(conversation: Conversation, text: str, times: int) -> None:
    said = Message(conversation=conversation, role="user", text=text, status="succeeded")
    rows = [copy(said) for _ in range(times)]
    Message.objects.bulk_create(rows)


def titles(user, query: str) -> list[str]:
    return [hit.conversation.title for hit in find(user, query)]


def test_words_are_found_in_titles_questions_and_replies_in_this_order(alice, talk) -> None:
    talk("In the reply", "x", "a heron stands " + "here " * 20)
    talk("In the question", "a heron?", "x")
    talk("Heron", "x", "x")
    assert titles(alice, "heron") == ["Heron", "In the question", "In the reply"]


def test_all_words_must_be_there_and_the_last_may_be_unfinished(alice, talk) -> None:
    talk("Both", "the grey heron stands")
    talk("One", "the grey carp swims")
    assert titles(alice, "grey her") == ["Both"]
    assert titles(alice, "gre heron") == []


@pytest.mark.parametrize(
    ("said", "query"),
    [
        ("我喜欢在北京吃烤鸭", "北京"),
        ("我喜欢在北京吃烤鸭", "烤"),
        ("東京タワーに行きたい", "タワー"),
        ("서울에서 만나요", "서울"),
        ("ฉันชอบกินข้าว", "กินข้าว"),
        ("Der Reiher überquert die Straße", "uberquert"),
        ("naïve café", "CAFE"),
        ("use foo_bar.baz() in C++", "foo_bar.baz"),
        ("see https://birds.example/grey-heron?x=1", "heron"),
        ("temperature is -40 degrees", "40"),
        ("Straße", "straße"),
    ],
)
def test_every_script_can_be_found(alice, talk, said: str, query: str) -> None:
    talk("It", said)
    talk("Other", "无关 nothing 関係ない")
    assert titles(alice, query) == ["It"]


MARKED = [
    ("كِتابٌ", "كتاب"),
    ("كتـــاب", "كتاب"),
    ("أحمد", "احمد"),
    ("שָׁלוֹם", "שלום"),
    ("שּׁלום", "\ufb2cלום"),
    ("ज़मीन", "जमीन"),
    ("ಸಾಫ್ಟ್\u200cವೇರ್", "ಸಾಫ್ಟ್ವೇರ್"),
    ("пингви\u0301н", "пингвин"),
    ("naïve", "nai\u0308ve"),
    ("Tiếng", "tieng"),
    ("dampf\u00adschiff", "dampfschiff"),
    ("葛\U000e0100城", "葛城"),
    (normalize("NFD", "서울"), "서울"),
    (normalize("NFD", "ガラス"), "ガラス"),
]


@pytest.mark.parametrize(("said", "query"), [*MARKED, *(pair[::-1] for pair in MARKED)])
def test_words_are_found_and_shown_with_marks_and_without(alice, talk, said, query) -> None:
    talk("It", f"say {said}, and more")
    (hit,) = find(alice, f"{query} more")
    marked = [piece.text for piece in hit.excerpt if piece.is_match]
    assert marked == [normalize("NFC", said), "more"]


@pytest.mark.parametrize(
    ("said", "query", "other"),
    [
        ("हिन्दी भाषा", "हिन्दी", "हानदा"),
        ("एक दिन", "दिन", "दान"),
        ("বাংলা ভাষা", "ভাষা", "ভাষী"),
        ("தமிழ் மொழி", "மொழி", "மொழை"),
        ("ฉันชอบกินข้าว", "ข้าว", "ข่าว"),
        ("ພາສາລາວ", "ລາວ", "ລີວ"),
        ("မြန်မာဘာသာ", "ဘာသာ", "ဘီသာ"),
        ("ភាសាខ្មែរ", "ខ្មែរ", "ខ្មោរ"),
        ("ދިވެހި ބަސް", "ބަސް", "ބިސް"),
    ],
)
def test_vowels_that_are_always_written_tell_words_apart(alice, talk, said, query, other) -> None:
    talk("It", said)
    talk("Other", said.replace(query, other))
    (hit,) = find(alice, query)
    assert hit.conversation.title == "It"
    assert [piece.text for piece in hit.excerpt if piece.is_match] == [query]
    assert titles(alice, query[0]) == ["Other", "It"]


@pytest.mark.parametrize("query", ["می\u200cخواهم", "می خواهم", "خواهم بیا"])
def test_a_non_joiner_parts_persian_words_as_a_space_does(alice, talk, query: str) -> None:
    talk("It", "می\u200cخواهم بیایم")
    assert titles(alice, query) == ["It"]


def test_an_update_writes_the_index_anew(alice, talk) -> None:
    talk("It", "שָׁלוֹם", "كِتاب")
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM chat_search")
    migration = import_module("chat.migrations.0007_words_with_marks").Migration
    migration.operations[0].code(None, SimpleNamespace(connection=connection))
    assert [titles(alice, word) for word in ("שלום", "كتاب")] == [["It"]] * 2


def test_thinking_is_not_searched(alice, talk) -> None:
    talk()
    assert titles(alice, "unicorns") == []


def test_only_one_s_own_undeleted_lasting_conversations_are_found(alice, bob, talk) -> None:
    talk("Mine heron")
    talk("Bob heron", owner=bob, shared_at=timezone.now())
    talk("Gone heron", deleted_at=timezone.now())
    talk("Away heron", archived_at=timezone.now())
    talk("Temporary heron", temporary_until=timezone.now())
    assert sorted(titles(alice, "heron")) == ["Away heron", "Mine heron"]
    assert titles(bob, "heron") == ["Bob heron"]


def test_the_index_follows_every_change(alice, talk) -> None:
    found = talk("Old title", "old words", "old reply")
    found.rename("New title")
    question, reply = found.messages.order_by("pk")
    Message.objects.filter(pk=question.pk).update(text="new words")
    assert titles(alice, "old words") == []
    assert titles(alice, "old title") == []
    assert titles(alice, "new") == ["New title"] * 2
    Message.objects.filter(pk=reply.pk).update(status="running", text="half")
    Message.objects.filter(pk=reply.pk).update(text="half a")
    assert titles(alice, "half") == []
    Message.objects.filter(pk=reply.pk).update(status="interrupted", text="half a reply")
    assert titles(alice, "half") == ["New title"]
    found.delete()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM chat_search")
        assert cursor.fetchone() == (0,)


def test_the_triggers_come_back_when_a_migration_made_the_table_anew(alice, talk) -> None:
    with connection.cursor() as cursor:
        on = "" if connection.vendor == "sqlite" else " ON chat_message"
        cursor.execute(f"DROP TRIGGER chat_search_message_changed{on}")
    search_index.keep(connection)
    found = talk("It", "before")
    found.messages.filter(role="user").update(text="after")
    assert titles(alice, "after") == ["It"]


def test_the_index_can_be_built_from_what_is_there(alice, talk) -> None:
    talk("Herons", "grey", "white")
    search_index.build(connection)
    assert [titles(alice, word) for word in ("herons", "grey", "white")] == [["Herons"]] * 3


HARD = [
    *("", " ", '"', "'", "*", "AND", "OR NOT", "NEAR(a b)", "title:x", "{title}: x", "(", ")))"),
    *(
        "a*b",
        "^x",
        "-x",
        "+",
        "\\",
        "\x00",
        "%",
        "_",
        "a" * 5000,
        "x " * 500,
        "🦩",
        "\u202e",
        "'; DROP",
    ),
    *("owner:u1", "u1", "<->", ":*", "a & b | !c", "\ud800", "北" * 300, "ß", "ǅ", "\u0301"),
]


@pytest.mark.parametrize("query", [*HARD, *HOSTILE])
def test_no_query_is_an_error(simulator, as_alice: Client, talk, query: str) -> None:
    talk("Herons", "a b c u1", "x")
    query = query.encode("utf-8", "replace").decode()
    assert as_alice.get("/chat/search", {"q": query}).status_code == 200


@given(st.text(max_size=60))
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_nothing_that_can_be_typed_is_an_error(alice, query: str) -> None:
    find(alice, query)


def test_nobody_finds_another_s_rows_by_the_word_for_their_owner(alice, bob, talk) -> None:
    talk("Private")
    assert titles(bob, f"u{alice.pk}") == []


def test_an_excerpt_shows_the_match_and_marks_it() -> None:
    pattern = _pattern(terms("grüne heron"))
    text = "word " * 100 + "a Grüne Heron stands" + " word" * 100
    shown = excerpt(text, pattern)
    assert shown.startswith("… ")
    assert shown.endswith(" …")
    assert [p.text for p in pieces(shown, pattern) if p.is_match] == ["Grüne", "Heron"]
    assert "".join(p.text for p in pieces(shown, pattern)) == shown


@given(st.text(), st.text(min_size=1, max_size=5))
@settings(max_examples=200, deadline=None)
def test_the_pieces_of_a_text_are_the_text(text: str, query: str) -> None:
    if wanted := terms(query):
        assert "".join(p.text for p in pieces(text, _pattern(wanted))) == text


def test_spaceless_scripts_are_cut_into_characters() -> None:
    assert terms("北京 ai") == [["北", "京"], ["ai"]]
    assert segmented("abc") == "abc"


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_is_shown_as_text(as_alice: Client, talk, text: str) -> None:
    text = text.replace("\x00", "")  # no database of ours keeps these
    talk(f"heron {text}"[:60], f"heron {text}", f"heron {text}")
    page = as_alice.get("/chat/search?q=heron", headers={"HX-Request": "true"}).content.decode()
    bare = page.replace("<mark>", "").replace("</mark>", "")
    tags = {part.split()[0].split(">")[0].strip("/") for part in bare.split("<")[1:]}
    assert tags <= {"div", "p", "ul", "li", "a", "span", "time"}


def test_a_hit_leads_to_the_message_in_its_branch(simulator, as_alice: Client, alice, talk) -> None:
    found = talk("Birds", "first", "an answer")
    (question, old) = found.messages.order_by("pk")
    Message.objects.filter(pk=old.pk).update(text="the old heron")
    new = Message.objects.create(
        conversation=found, role="assistant", parent=question, text="new", status="succeeded"
    )
    Conversation.objects.filter(pk=found.pk).update(tip=new)
    (hit,) = find(alice, "old heron")
    answer = as_alice.get(hit.address)
    assert answer["Location"] == f"/chat/{found.pk}/?at={old.pk}#message-{old.pk}"
    found.refresh_from_db()
    assert found.tip_id == old.pk
    assert "the old heron" in as_alice.get(f"/chat/{found.pk}/").content.decode()


def test_a_hit_far_up_is_on_the_page_it_leads_to(simulator, as_alice: Client, alice, talk) -> None:
    found = talk("Long", "the needle", "x")
    last = found.messages.latest("pk")
    for number in range(120):
        last = Message.objects.create(
            conversation=found,
            role="user" if number % 2 else "assistant",
            parent=last,
            text=f"number {number}",
            status="succeeded",
        )
    Conversation.objects.filter(pk=found.pk).update(tip=last)
    (hit,) = find(alice, "needle")
    page = as_alice.get(hit.address, follow=True).content.decode()
    assert "the needle" in page
    assert "Show later messages" in page
    assert "Show earlier messages" not in page
    assert f'id="after" value="{last.pk}"' in page
    later = page.split('thread__earlier" href="')[1].split('"')[0].replace("&amp;", "&")
    assert "number 50" in as_alice.get(later, headers={"HX-Request": "true"}).content.decode()


def test_a_conversation_shows_few_of_its_hits(alice, talk) -> None:
    found = talk("It")
    for number in range(10):
        Message.objects.create(
            conversation=found, role="user", text=f"heron {number}", status="succeeded"
        )
    assert len(find(alice, "heron")) == 3


def test_a_long_conversation_hides_no_other_that_matches(alice, talk) -> None:
    for number in range(15):
        talk(f"Other {number}", "a heron stands here " + "in the water " * 10)
    say_often(talk("Long"), "heron", 120)
    found = titles(alice, "heron")
    assert len(found) == 18
    assert len(set(found)) == 16


def test_what_is_found_is_not_only_in_the_newest_conversation(alice, talk, monkeypatch) -> None:
    monkeypatch.setattr(search, "NEWEST_RANKED", (50, 500))
    talk("Old", "a heron")
    say_often(talk("Long"), "heron", 60)
    assert sorted(set(titles(alice, "heron"))) == ["Long", "Old"]


def test_deleted_conversations_hide_none_that_is_left(alice, talk) -> None:
    talk("Left", "here stands, far from all others, a heron " + "in the water " * 10)
    for _ in range(70):
        talk("Heron", deleted_at=timezone.now())
    assert titles(alice, "heron") == ["Left"]
