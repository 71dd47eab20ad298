"""The fault injections of other gateways (section 5 of their study) as a table, one row a scenario.

Where the design decided otherwise the row follows the design: a 429 moves on to another account at once,
and an outage is waited out 1, 2 and 4 s where no other model may answer.
"""

from django.utils import timezone

from tests.scenarios.stage import (
    ANSWERED,
    CHEAP,
    CHEAP_WRITER,
    DEAR,
    DONE,
    EXACT,
    FAILED,
    NOTHING,
    OBSERVED,
    PICTURE,
    REPLY,
    SUSPECTED,
    WRITER,
    Row,
    fail,
)
from venice_site.venice.models import Cooldown

IMPATIENT = {"VENICE_TIMEOUT": 0.2}
SHORT = {"VENICE_DEADLINE": 0.4}
FALLS_BACK = {"VENICE_FALLBACK_TEXT_MODEL": CHEAP_WRITER}
NOBODY_KNOWS = {"VENICE_BASE_URL": "http://venice.invalid/api/v1"}
NOBODY_LISTENS = {"VENICE_BASE_URL": "http://127.0.0.1:9/api/v1"}


def rests_for(least: float, most: float) -> bool:
    """Return whether the one rest that was laid lasts so many seconds from now."""
    left = (Cooldown.objects.get().until - timezone.now()).total_seconds()
    return least <= left <= most


# fmt: off
FAULTS = (
    # number, what happens, what is asked for, what the stand-in does, how it ends, what is said, attempts, charged, calls
    Row(1, "401 on key 1, key 2 is fine", PICTURE, [fail("unauthorized", key="one")], DONE, "", "key-refused ok", EXACT, 2, keys="one two", states="refused active", asked="one two", waits=[]),
    Row(2, "401 on all keys", REPLY, [fail("unauthorized")], FAILED, "administrator", "key-refused " * 4, NOTHING, 4, keys="a b@b c@c d@d", states="refused " * 4, waits=[]),
    Row(3, "401 for Pro users, another account is Pro", PICTURE, [fail("unauthorized-pro-only", key="free")], DONE, "", "not-entitled ok", EXACT, 2, keys="free pro@pro", asked="free pro", rests=("account:main not-entitled",), waits=[]),
    Row(3, "403 for a private key, the next key of the account may", PICTURE, [fail("forbidden-privacy", key="one")], DONE, "", "not-entitled ok", EXACT, 2, keys="one two", asked="one two", rests=("key:one not-entitled",), waits=[]),
    Row(4, "429 with a reset in 20 s, another account answers", REPLY, [fail("rate-limited-ms", key="one", seconds=20)], DONE, "", "rate-limited ok", EXACT, 2, keys="one two other@other", asked="one other", rests=("account:main rate-limited",), waits=[], also=lambda m: rests_for(15, 20.5)),
    Row(5, "429 without a hint, another account answers", PICTURE, [fail("rate-limited-bare", key="one")], DONE, "", "rate-limited ok", EXACT, 2, keys="one other@other", asked="one other", rests=("account:main rate-limited",), waits=[], also=lambda i: rests_for(-5, 1)),
    Row(6, "429 on all keys, for ever", REPLY, [fail("rate-limited-bare")], FAILED, "limiting the team's requests", "rate-limited " * 7, NOTHING, 7, keys="one other@other", asked="one other one other one other one", waits=[1, 2, 4], rests=("account:main rate-limited", "account:other rate-limited")),
    Row(6, "429 on all keys, with a long reset", REPLY, [fail("rate-limited-ms", seconds=300)], FAILED, "limiting the team's requests", "rate-limited rate-limited", NOTHING, 2, keys="one other@other", waits=[], rests=("account:main rate-limited", "account:other rate-limited")),
    Row(7, "429 of the account, its other key is left alone", PICTURE, [fail("rate-limited-ms", seconds=20, times=1)], DONE, "", "rate-limited ok", EXACT, 2, keys="one two", asked="one one", pauses=1),
    Row(8, "429 of an overloaded model, another model answers", PICTURE, [fail("rate-limited-retry-after", model=DEAR, seconds=2)], DONE, "was overloaded", "overloaded ok", EXACT, 2, keys="one two", model=DEAR, rests=("everyone overloaded",), also=lambda i: (i.fallback_from, i.cost) == (DEAR, 10_000)),
    Row(9, "429: too many failures", REPLY, [fail("error-budget")], FAILED, "too many failures", "failure-budget " * 4, NOTHING, 4, waits=[30, 30, 30], rests=("account:main failure-budget",)),
    Row(10, "500, then 200", PICTURE, [fail("server-error", times=1)], DONE, "", "server-fault ok", EXACT, 2, keys="one two", asked="one one", waits=[1]),
    Row(11, "500 for ever", PICTURE, [fail("server-error")], FAILED, "internal error", "server-fault " * 4, NOTHING, 4, waits=[1, 2, 4]),
    Row(11, "500 for ever", REPLY, [fail("server-error")], FAILED, "internal error", "server-fault " * 4, NOTHING, 4, waits=[1, 2, 4]),
    Row(12, "503: offline, another model answers", REPLY, [fail("model-offline", model=WRITER)], DONE, "was overloaded", "overloaded overloaded ok", EXACT, 3, settings=FALLS_BACK, waits=[1], rests=("everyone overloaded",)),
    Row(13, "402 of the account, the cheaper model answers once", PICTURE, [fail("payment-balance", model=DEAR)], DONE, "credit does not cover", "out-of-credit ok", EXACT, 2, keys="one two", model=DEAR, states="out-of-credit active", waits=[], rests=("account:main out-of-credit",), also=lambda i: (i.call.model, i.call.served_by) == (DEAR, CHEAP)),
    Row(14, "402 of one key, until its limit begins again", PICTURE, [fail("payment-spend-limit", key="one")], DONE, "", "spend-limit ok", EXACT, 2, keys="one two", states="spend-capped active", waits=[], rests=("key:one spend-limit",), also=lambda i: rests_for(3500, 3601)),
    Row(15, "402, and there is nothing cheaper", PICTURE, [fail("payment-balance")], FAILED, "credit is used up", "out-of-credit", NOTHING, 1, keys="one two", states="out-of-credit active", waits=[], rests=("account:main out-of-credit",)),
    Row(15, "402 of the cheaper model too", REPLY, [fail("payment-balance")], FAILED, "credit is used up", "out-of-credit out-of-credit", NOTHING, 2, settings=FALLS_BACK, states="out-of-credit", waits=[], rests=("account:main out-of-credit",)),
    Row(16, "422 of the provider", PICTURE, [fail("content-policy-provider")], FAILED, "content policy", "blocked", NOTHING, 1, keys="one two", waits=[]),
    Row(17, "a reset before the headers", REPLY, [fail("connection-reset", times=1)], DONE, "", "connection-lost ok", EXACT, 2, keys="one two"),
    Row(17, "a close before the headers", PICTURE, [fail("connection-closed")], FAILED, "broke before the answer arrived. The work may have been charged", "connection-lost", SUSPECTED, 1, keys="one two"),
    Row(18, "a close within the JSON", PICTURE, [fail("truncated-body")], FAILED, "may have been charged", "connection-lost", SUSPECTED, 1),
    Row(18, "a close within the JSON", REPLY, [fail("truncated-body", times=1)], DONE, "", "connection-lost ok", EXACT, 2),
    Row(20, "headers that end half way", PICTURE, [fail("truncated-headers")], FAILED, "may have been charged", "connection-lost", SUSPECTED, 1),
    Row(20, "headers that end half way", REPLY, [fail("truncated-headers", times=1)], DONE, "", "connection-lost ok", EXACT, 2),
    Row(21, "a byte now and then", PICTURE, [fail("slow-drip", interval=0.05)], FAILED, "within 0.4 seconds. The work may have been charged", "timeout", SUSPECTED, 1, settings=SHORT),
    Row(22, "silence before the headers", PICTURE, [fail("read-timeout")], FAILED, "within 0.2 seconds. The work may have been charged", "timeout", SUSPECTED, 1, settings=IMPATIENT),
    Row(22, "silence before the headers, for ever", REPLY, [fail("read-timeout")], FAILED, "may have been charged", "timeout timeout", SUSPECTED, 2, settings=IMPATIENT),
    Row(23, "a name that nobody knows", PICTURE, [], FAILED, "cannot be reached. Nothing was charged", "unreachable " * 4, NOTHING, 0, settings=NOBODY_KNOWS, waits=[1, 2, 4]),
    Row(23, "a name that nobody knows", REPLY, [], FAILED, "cannot be reached. Nothing was charged", "unreachable " * 4, NOTHING, 0, settings=NOBODY_KNOWS, waits=[1, 2, 4]),
    Row(24, "a port on which nobody listens", PICTURE, [], FAILED, "cannot be reached. Nothing was charged", "unreachable " * 4, NOTHING, 0, settings=NOBODY_LISTENS, waits=[1, 2, 4]),
    Row(26, "a web page with 200", PICTURE, [fail("html-200")], FAILED, "could not be read", "bad-answer", NOTHING, 1, keys="one two"),
    Row(26, "a web page with 200", REPLY, [fail("html-200")], FAILED, "could not be read", "bad-answer", NOTHING, 1),
    Row(27, "no image with 200", PICTURE, [fail("empty-images")], FAILED, "without a picture", "bad-answer", NOTHING, 1),
    Row(31, "a cut within a chunk", REPLY, [fail("stream-torn")], FAILED, "broke off. What arrived is kept", "stream-cut", OBSERVED, 1, keys="one two", also=lambda m: m.text.startswith("Herons stand still") and m.can_continue),
    Row(32, "a clean end without [DONE] and finish_reason", REPLY, [fail("stream-clean-end")], FAILED, "broke off. What arrived is kept", "stream-cut", OBSERVED, 1, keys="one two", also=lambda m: m.text and m.can_continue),
    Row(32, "a clean end before anything was said", REPLY, [fail("stream-clean-end", after=0, times=1)], DONE, "", "stream-cut ok", EXACT, 2),
    Row(33, "an error as the first event", REPLY, [fail("stream-error-first", times=1)], DONE, "", "overloaded ok", ANSWERED, 2, waits=[30]),
    Row(33, "an error after content", REPLY, [fail("stream-error", after=5)], FAILED, "overloaded", "overloaded", OBSERVED, 1, rests=("everyone overloaded",), also=lambda m: m.text),
    Row(33, "a frame that nobody understands", REPLY, [fail("stream-garbage", after=5)], FAILED, "broke off", "stream-cut", OBSERVED, 1, also=lambda m: m.text),
    Row(34, "no usage", REPLY, [fail("stream-no-usage")], DONE, "", "ok", OBSERVED, 1),
    Row(34, "usage below zero", REPLY, [fail("stream-odd-usage")], DONE, "", "ok", OBSERVED, 1),
    Row(34, "absurd usage", REPLY, [fail("stream-odd-usage", prompt="20", completion="1000000000000000")], DONE, "", "ok", OBSERVED, 1, also=lambda m: m.tokens_out < 100),
    Row(34, "usage beyond any column", REPLY, [fail("stream-odd-usage", prompt="20", completion="1e30")], DONE, "", "ok", OBSERVED, 1, also=lambda m: m.tokens_out < 100),
    Row(34, "an absurd cost", REPLY, [fail("stream-odd-usage", prompt="20", completion="7", usd="1e9")], DONE, "", "ok", ANSWERED, 1, also=lambda m: m.cost < 1_000),
    Row(35, "a clock ten minutes ahead", REPLY, [fail("rate-limited-clock", ahead=600, times=1)], DONE, "", "rate-limited ok", EXACT, 2, waits=[30]),
    Row(35, "our own clock an hour behind", REPLY, [fail("rate-limited-clock", ahead=3600, times=1)], DONE, "", "rate-limited ok", EXACT, 2, waits=[30]),
    Row(35, "a reset in the year 2090", REPLY, [fail("rate-limited-clock", reset="3786912000")], FAILED, "limiting the team's requests", "rate-limited", NOTHING, 1, waits=[], rests=("account:main used-up",), also=lambda m: rests_for(590, 600)),
    Row(35, "a reset that is a word", REPLY, [fail("rate-limited-clock", reset="abc", times=1)], DONE, "", "rate-limited ok", EXACT, 2, waits=[1]),
    Row(37, "307 to another host", PICTURE, [fail("redirect-post")], FAILED, "another address, which is not followed", "bad-answer", NOTHING, 1, keys="one two"),
    Row(37, "302 to another host", REPLY, [fail("redirect")], FAILED, "another address, which is not followed", "bad-answer", NOTHING, 1),
    Row(38, "a content violation with 200", PICTURE, [fail("content-violation")], FAILED, "content policy. Nothing was charged", "blocked", NOTHING, 1),
    Row(39, "a date on which the model ends", PICTURE, [fail("deprecation-headers")], DONE, "", "ok", EXACT, 1, also=lambda i: i.response["headers"]["x-venice-model-deprecation-date"]),
    Row(8, "429 of an overloaded model with the usual Retry-After", PICTURE, [fail("rate-limited-retry-after", model=DEAR, seconds=30)], DONE, "was overloaded", "overloaded ok", EXACT, 2, model=DEAR, rests=("everyone overloaded",), also=lambda i: i.model_used == CHEAP),
    Row(6, "429 on all keys, and when it ends", REPLY, [fail("rate-limited-ms", seconds=300)], FAILED, r"again (at|in) \d", "rate-limited", NOTHING, 1, waits=[], rests=("account:main rate-limited",)),
    Row(19, "JSON that ends half way", PICTURE, [fail("broken-json")], FAILED, "may have been charged", "bad-answer", SUSPECTED, 1),
    Row(19, "JSON that ends half way", REPLY, [fail("broken-json")], FAILED, "may have been charged", "bad-answer", SUSPECTED, 1),
    Row(20, "an empty 200", PICTURE, [fail("empty-200")], FAILED, "may have been charged", "bad-answer", SUSPECTED, 1),
    Row(29, "bytes that are no picture", PICTURE, [fail("not-an-image")], FAILED, "may have been charged", "bad-answer", SUSPECTED, 1),
    Row(29, "half of a picture", PICTURE, [fail("truncated-image")], FAILED, "may have been charged", "bad-answer", SUSPECTED, 1),
    Row(30, "a gigantic body", PICTURE, [fail("endless-body", megabytes=80)], FAILED, "too large.*may have been charged", "bad-answer", SUSPECTED, 1),
    Row(30, "a bomb", PICTURE, [fail("gzip-bomb")], FAILED, "too large.*may have been charged", "bad-answer", SUSPECTED, 1),
    Row(30, "a picture with far too many pixels", PICTURE, [fail("oversized-image")], FAILED, "too many pixels.*may have been charged", "bad-answer", SUSPECTED, 1),
    Row(34, "a cost below zero", REPLY, [fail("stream-odd-usage", prompt="20", completion="7", usd="-3")], DONE, "", "ok", ANSWERED, 1, also=lambda m: (m.cost_source, m.tokens_out) == ("catalogue", 7)),
    Row(33, "a first frame that nobody understands", REPLY, [fail("stream-garbage", after=0)], FAILED, "could not be read. The work may have been charged", "bad-answer", SUSPECTED, 1, keys="one two"),
    Row(33, "an error as the first event, for ever", REPLY, [fail("stream-error-first")], FAILED, "overloaded", "overloaded " * 4, NOTHING, 4, rests=("everyone overloaded",)),
)
# fmt: on
