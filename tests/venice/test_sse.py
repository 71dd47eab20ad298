"""Bytes to events, however the bytes were chopped up."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from venice_site.venice.sse import EventSplitter

STREAM = (
    ": hello\n\n"
    'data: {"text": "Grüße aus 東京 🌙"}\r\n\r\n'
    "event: message\nid: 7\ndata: one\ndata:two\n\n"
    ": keep-alive\n\n\n"
    "data\n\n"
    "data:  spaces around go \n\n"
    "data: [DONE]\n\n"
).encode()
EVENTS = ['{"text": "Grüße aus 東京 🌙"}', "one\ntwo", "spaces around go", "[DONE]"]


def events_of(pieces: list[bytes]) -> list[str]:
    splitter = EventSplitter()
    return [event for piece in pieces for event in splitter.feed(piece)] + splitter.flush()


def cut(data: bytes, places: list[int]) -> list[bytes]:
    marks = [0, *sorted(places), len(data)]
    return [data[start:end] for start, end in pairwise(marks)]


def test_comments_and_other_fields_are_left_out():
    assert events_of([STREAM]) == EVENTS


def test_one_byte_at_a_time_gives_the_same_events():
    assert events_of([bytes([byte]) for byte in STREAM]) == EVENTS


@given(st.lists(st.integers(0, len(STREAM))))
def test_any_split_gives_the_same_events(places):
    assert events_of(cut(STREAM, places)) == EVENTS


@given(st.binary(max_size=300), st.lists(st.integers(0, 300)))
def test_any_split_of_any_bytes_gives_the_same_events(data, places):
    places = [min(place, len(data)) for place in places]
    assert events_of(cut(data, places)) == events_of([data])


def test_crlf_split_between_its_two_bytes_is_one_line_end():
    assert events_of([b"data: a\r", b"\n\r", b"\ndata: b\r\n\r\n"]) == ["a", "b"]


def test_an_unterminated_last_event_is_flushed():
    splitter = EventSplitter()
    assert splitter.feed(b"data: a\n\ndata: the usa") == ["a"]
    assert splitter.feed(b"ge") == []
    assert splitter.flush() == ["the usage"]
    assert splitter.flush() == []


def test_an_event_is_given_as_soon_as_it_is_whole():
    splitter = EventSplitter()
    assert splitter.feed(b"data: a\n") == []
    assert splitter.feed(b"\n") == ["a"]
