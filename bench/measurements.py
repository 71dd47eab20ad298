"""What is measured, each as a function from a run to its figures; the targets are those of the design."""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from bench.figures import Figure, p50, p95
from bench.processes import Meter, megabytes
from bench.sides import (
    FIRST_PAGE,
    Floor,
    Side,
    Studio,
    Upstream,
    run_module,
    serve,
    studio_settings,
)
from bench.streams import Outcome, Script, play

FIRST_TOKEN_MS = 150
RATE = 50  # tokens a second
FIFTY = 50
SHORT = 10  # tokens
BRIEF = 60  # tokens; few, so that making up the replies costs the upstream little
PATIENCE = 30.0  # seconds that replies may take longer than the upstream needs
SETTLES_IN = 3.0  # seconds until a program that has just started rests


@dataclass(frozen=True, slots=True)
class Load:
    """Replies that were asked for together: what the persons saw, and the processor time it took."""

    outcomes: Sequence[Outcome]
    tokens: int
    cpu: float
    share: float

    @property
    def firsts(self) -> list[float]:
        """Return the milliseconds to the first words, of those who saw any."""
        return [one.first * 1000 for one in self.outcomes if one.first]

    @property
    def gaps(self) -> list[float]:
        """Return the milliseconds between words, of all streams together."""
        return [gap * 1000 for one in self.outcomes for gap in one.gaps]


@dataclass
class Run:
    """One run of the bench: its processes, started when first needed, and what went wrong."""

    stack: ExitStack
    folder: Path
    is_quick: bool
    pictures: int | None = None
    replies: int = 0
    troubles: list[str] = field(default_factory=list)

    @cached_property
    def upstream(self) -> Upstream:
        """Return the stand-in for Venice."""
        return Upstream.start(self.stack, self.folder, FIRST_TOKEN_MS, RATE)

    @cached_property
    def floor(self) -> Floor:
        """Return the bare relay."""
        return Floor.start(self.stack, self.folder, self.upstream.base_url)

    @cached_property
    def studio(self) -> Studio:
        """Return the product."""
        return Studio.start(
            self.stack,
            self.folder / "studio",
            self.upstream.base_url,
            conversations=self.conversations,
            images=self.images,
        )

    @property
    def sides(self) -> tuple[Side, Side, Side]:
        """Return all three, in the order in which they are measured."""
        return self.upstream, self.floor, self.studio

    @property
    def conversations(self) -> int:
        """Return how many conversations one person has."""
        return 1000 if self.is_quick else 10_000

    @property
    def images(self) -> int:
        """Return how many pictures the team has."""
        return self.pictures or (1000 if self.is_quick else 20_000)

    def load(self, side: Side, number: int, tokens: int, apart: float = 0.0) -> Load:
        """Ask a side for replies, so many seconds apart, and read all of them to their ends."""
        scripts = [side.script(tokens, place * apart) for place in range(number)]
        lasts = number * apart + FIRST_TOKEN_MS / 1000 + tokens / RATE
        with Meter(side.web()) as meter:
            outcomes = play(scripts, lasts + PATIENCE)
            time.sleep(0.3)  # what comes after the last word belongs to the work
        self.note(side, outcomes, tokens)
        return Load(outcomes, tokens, meter.used, meter.share(lasts * 0.25, lasts * 0.75))

    def one_by_one(self, side: Side, ask: Callable[[], Script], number: int) -> Load:
        """Ask a side for one short reply after the other; the first two warm it up."""
        outcomes = [play([ask()], PATIENCE)[0] for _ in range(number + 2)]
        self.note(side, outcomes, SHORT)
        return Load(outcomes[2:], SHORT, 0.0, 0.0)

    def note(self, side: Side, outcomes: list[Outcome], tokens: int) -> None:
        """Keep in mind what went wrong, and count the product's replies."""
        self.troubles += [f"{side.name}: {trouble}" for trouble in side.check(outcomes, tokens)]
        if side is self.studio:
            self.replies += len(outcomes)


def start(run: Run) -> Iterator[Figure]:
    """Measure how soon the first page is served."""
    yield Figure(
        "Start to the first page", run.studio.starts_in, "s", target=2.0, floor=run.floor.starts_in
    )
    if not (run.is_quick or "DATABASE_URL" in run.studio.settings):
        yield Figure("Very first start, with an empty folder", _very_first_start(run), "s")


def _very_first_start(run: Run) -> float:
    data = run.folder / "empty"
    data.mkdir()
    settings = studio_settings(data, run.upstream.base_url)
    with ExitStack() as stack:
        return serve(stack, settings).wait_for(FIRST_PAGE)


def memory(run: Run) -> Iterator[Figure]:
    """Measure the memory of processes that rest, after they have served a few pages."""
    floor, program = run.floor, run.studio.program
    time.sleep(SETTLES_IN)
    web, everyone = run.studio.web(), program.family()
    bare = megabytes(floor.web())
    parts = {"worker": megabytes(program.family("steady_queue"))}
    yield Figure("Idle memory: web", megabytes(web), "MB", target=120, floor=bare)
    yield Figure("Idle memory: web and worker", megabytes(everyone), "MB", target=250, facts=parts)


def pages(run: Run) -> Iterator[Figure]:
    """Measure how long the server takes for whole pages."""
    floor = page_times(run.floor.program.address, "/page", {})
    long, longer = run.studio.long
    search = f"Chat, search in {run.conversations:,} conversations"
    for name, path, target in (
        (f"Chat, list of {run.conversations:,} conversations", "/chat/", 15.0),
        (f"{search}: a rare word", "/chat/search?q=cormorant", 50.0),
        (f"{search}: a word of every reply", "/chat/search?q=tide", 50.0),
        (f"{search}: two words, one unfinished", "/chat/search?q=water+lagu", 50.0),
        (f"{search}: a Chinese word", "/chat/search?q=%E5%8C%97%E4%BA%AC", 50.0),
        ("Conversation of 500 messages", f"/chat/{long}/", 60.0),
        ("Conversation of 1,000 messages", f"/chat/{longer}/", 60.0),
    ):
        times = page_times(run.studio.program.address, path, run.studio.visitor.headers)
        yield Figure(name, p50(times), "ms", target=target, floor=p50(floor), p95=p95(times))


def page_times(
    address: tuple[str, int], path: str, headers: dict[str, str], number: int = 40
) -> list[float]:
    """Return the milliseconds of so many answers on one connection, after three that warm it up."""
    connection = http.client.HTTPConnection(*address, timeout=30)
    times = []
    for _ in range(number + 3):
        began = time.perf_counter()
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        answer.read()
        times.append((time.perf_counter() - began) * 1000)
        if answer.status != 200:
            raise RuntimeError(f"{path} answered with status {answer.status}")
    connection.close()
    return times[3:]


def quota(run: Run) -> Iterator[Figure]:
    """Measure how often a second a hot bucket can be taken from."""
    seconds = "1" if run.is_quick else "4"
    rates = run_module("bench.buckets", "--seconds", seconds, settings=run.studio.settings)
    yield Figure(
        "Reserve and settle on one hot bucket",
        rates["product"],
        "/s",
        target=200,
        floor=rates["floor"],
        at_least=True,
    )


def first_token(run: Run) -> Iterator[Figure]:
    """Measure what the way through the page adds to the upstream's own first token."""
    number = 3 if run.is_quick else 15
    singles = [
        run.one_by_one(side, lambda side=side: side.script(SHORT), number)  # type: ignore[misc]
        for side in run.sides
    ]
    yield _added("First token added, 1 stream", singles, 10.0)
    begun = run.one_by_one(run.studio, lambda: run.studio.first_message(SHORT), number)
    yield _added("… as the first message, page opened", [*singles[:2], begun], None)
    tokens, apart = (60, 0.04) if run.is_quick else (300, 0.1)
    staggered = [run.load(side, FIFTY, tokens, apart) for side in run.sides]
    yield _added("First token added, 50 one after another", staggered, 20.0)
    at_once = [run.load(side, FIFTY, BRIEF) for side in run.sides]
    yield _added("First token added, 50 at once", at_once, 250.0)


def _added(name: str, loads: Sequence[Load], target: float | None) -> Figure:
    upstream, floor, product = (load.firsts for load in loads)
    return Figure(
        name,
        p50(product) - p50(upstream),
        "ms",
        target=target,
        floor=p50(floor) - p50(upstream),
        p95=p95(product) - p50(upstream),
        facts={"upstream_p50_ms": p50(upstream), "upstream_p95_ms": p95(upstream)},
    )


def cpu(run: Run) -> Iterator[Figure]:
    """Measure the processor time of the web processes for 1,000 tokens of fifty streams."""
    tokens = 120 if run.is_quick else 500
    floor, product = (run.load(side, FIFTY, tokens) for side in (run.floor, run.studio))
    thousands = FIFTY * product.tokens / 1000
    a_second = FIFTY * RATE / 1000
    yield Figure(
        "CPU per 1,000 tokens, 50 streams",
        product.cpu / thousands,
        "s",
        target=0.25,
        floor=floor.cpu / thousands,
    )
    yield Figure(
        "… once all of them stream",
        product.share / a_second,
        "s",
        floor=floor.share / a_second,
        facts={"cores": product.share},
    )


def streams(run: Run) -> Iterator[Figure]:
    """Measure how evenly words come while many streams are open."""
    loads = ((100, 100, 0.02),) if run.is_quick else ((100, 500, 0.05), (200, 800, 0.05))
    for number, tokens, apart in loads:
        yield from _held(number, [run.load(side, number, tokens, apart) for side in run.sides])


def _held(number: int, loads: Sequence[Load]) -> Iterator[Figure]:
    upstream, floor, product = loads
    own = p95(upstream.gaps)
    yield Figure(
        f"{number} streams: p95 gap, to the upstream's",
        p95(product.gaps) / own,
        "x",
        target=2.0,
        floor=p95(floor.gaps) / own,
        facts={
            "upstream_gap_ms": own,
            "floor_gap_ms": p95(floor.gaps),
            "product_gap_ms": p95(product.gaps),
            "product_cores": product.share,
            "floor_cores": floor.share,
        },
    )
    yield Figure(
        f"{number} streams: first token",
        p50(product.firsts),
        "ms",
        target=1000.0,
        floor=p50(floor.firsts),
        p95=p95(product.firsts),
        facts={"seen": len(product.firsts), "upstream_p50_ms": p50(upstream.firsts)},
    )
