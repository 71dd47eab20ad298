"""The open registry of scenarios: every way in which Venice, or the road to it, can differ from a plain good answer.

The numbers in `checklist` are those of the test checklist in the contract sheet (section 15).
A scenario is either a *refusal* (this reply instead of the real one), a *breakage* of the
connection, or a *twist* which the endpoint that it concerns looks up by name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .replies import Answer

type Options = Mapping[str, Any]
type Maker = Callable[[Options], Answer]


@dataclass(frozen=True)
class Scenario:
    """One named behaviour; `times` is how often it happens when nobody says otherwise (None: always)."""

    name: str
    about: str
    checklist: tuple[int, ...] = ()
    make: Maker | None = None
    times: int | None = None
    defaults: Mapping[str, Any] = field(default_factory=dict)


class Registry:
    """Scenarios by name; others may be added with `register`."""

    def __init__(self) -> None:
        self._scenarios: dict[str, Scenario] = {}

    def register(self, scenario: Scenario) -> Scenario:
        """Adds a scenario; a name is taken once."""
        if scenario.name in self._scenarios:
            raise ValueError(f"The scenario {scenario.name!r} is registered already.")
        self._scenarios[scenario.name] = scenario
        return scenario

    def __getitem__(self, name: str) -> Scenario:
        try:
            return self._scenarios[name]
        except KeyError:
            known = ", ".join(sorted(self._scenarios))
            raise UnknownScenario(f"Unknown simulator scenario {name!r}. Known: {known}") from None

    def __contains__(self, name: object) -> bool:
        return name in self._scenarios

    def __iter__(self) -> Iterator[Scenario]:
        return iter(self._scenarios.values())

    def named_by(self, key: str) -> Scenario | None:
        """Returns the scenario a key of the form `sim-<scenario>` or `sim-<scenario>-<anything>` asks for."""
        if not key.startswith("sim-"):
            return None
        name = key.removeprefix("sim-")
        while name and name not in self._scenarios:
            name = name.rpartition("-")[0]
        return self._scenarios.get(name)


class UnknownScenario(ValueError):
    """Nobody registered a scenario of this name."""


SCENARIOS = Registry()


def twist(
    name: str, about: str, *checklist: int, times: int | None = None, **defaults: Any
) -> Scenario:
    """Registers a scenario that an endpoint carries out itself."""
    return SCENARIOS.register(Scenario(name, about, checklist, None, times, defaults))


twist("normal", "A plain good answer in today's shape.", 1, 39, 51, 52, 53)
twist("seed-shape", "Answers in the shapes of the seed document.", 2, 51, 52)

# Pictures
twist("binary", "Sends raw image bytes although JSON was asked for.", 3)
twist("webp-instead", "Sends WebP bytes whatever the format says.", 4)
twist("data-uri", "Prefixes the base64 with data:image/…;base64,.", 5)
twist("empty-images", "Answers 200 with an empty list of images.", 6)
twist("invalid-base64", "Answers 200 with an image that is not base64.", 7)
twist("content-violation", "Answers 200 with a black image and the content-violation header.", 8)
twist("blurred", "Answers 200 with a blurred image and the blurred header.", 9)
twist("extra-variants", "Answers three images whatever number was asked for.", 10, count=3)
twist("contains-minor", "Answers 200 with the contains-minor header.", 8)
twist("not-an-image", "Answers 200 with base64 of something that is not an image.", 7)
twist("truncated-image", "Answers 200 with an image file that ends half way.", 7)
twist("oversized-image", "Answers 200 with a PNG whose header claims 60000 by 60000 pixels.", 7)
twist("no-request-echo", "Answers an image with `request: null` and no timing.", 1)
twist("wrong-size", "Answers an image of 512 by 512 whatever was asked for.", 1)
twist("substituted-seed", "Echoes another seed than the one that was sent.", 1, seed=424242)
twist("enhanced-prompt", "Answers with an enhanced prompt that nobody asked for.", 1)
twist("image-json", "Answers an edited image as JSON, as generated ones come.", 3)
twist("octet-stream", "Sends an edited image as application/octet-stream.", 3)

# Streams and replies
twist("stream-usage-without-choices", "Usage frames without a `choices` key.", 40)
twist("stream-crlf", "Frames end with CRLF CRLF.", 41)
twist("stream-error", "An error frame after `after` tokens.", 42, after=5)
twist("stream-error-first", "An error frame before any token.", 42, after=0)
twist(
    "stream-cut",
    "The body ends after `after` tokens, without finish_reason and [DONE].",
    43,
    after=5,
)
twist("stream-reset", "A TCP reset after `after` tokens.", 43, after=5)
twist("stream-reasoning", "Reasoning before the answer, whatever the model.", 44)
twist("stream-split-think", "Reasoning in <think> tags that are split across frames.", 45)
twist("stream-open-think", "A <think> tag that is never closed.", 45)
twist("stream-tool-calls", "Tool calls in fragments.", 46)
twist("stream-utf8-split", "Multi-byte characters split across chunks.", 47)
twist("stream-comments", "Comments and keep-alives between the frames.", 48)
twist(
    "stream-content-filter",
    "Ends with finish_reason content_filter after `after` tokens.",
    49,
    after=5,
)
twist("stream-empty", "An answer without any content.", 50)
twist("stream-stall", "Silence of `seconds` after `after` tokens.", 30, after=5, seconds=90.0)
twist("stream-no-usage", "No usage frame.", 40)
twist("stream-no-done", "All of the answer, but no [DONE].", 43)
twist(
    "stream-unterminated",
    "The usage frame comes last, without a blank line and without [DONE].",
    43,
)
twist("stream-garbage", "A frame that is not JSON after `after` tokens.", 42, after=5)
twist("stream-empty-finish", 'finish_reason is "" on every frame.', 39)
twist("stream-one-chunk", "All frames arrive in one chunk.", 39)
twist("stream-close-delimited", "A body without chunks that ends with the connection.", 39)
twist("stream-gzip", "A gzip-encoded stream.", 39)
twist("stream-citations-first", "Search citations on the first frame.", 39)
twist("unknown-word", "Refuses requests that hold a field of `words`.", 32, words="stream_options")
twist("stream-ignored", "Answers JSON although a stream was asked for.", 39)
twist("null-content", "A reply whose content is null.", 50)
twist("script-injection", "A reply full of HTML and script.", 39)
twist("length", "Ends with finish_reason length after `after` tokens.", 39, after=20)

# Lists
twist("styles-strings", "Styles as a list of strings (today's shape).", 51)
twist("styles-objects", "Styles as objects with id and name.", 51)
twist("styles-bare", "Styles as a bare JSON array.", 51)
twist("models-seed-shape", "Models as {id, name, type} only.", 52)
twist("models-unknown-type", "One more model of a type and privacy nobody knows.", 52)
twist("models-empty", "An empty list of models.", 52)

# Headers and encodings
twist("deprecation-headers", "Headers that announce the end of the model.", 54)
twist("no-balance-headers", "Answers without balance headers.", 55)
twist("no-rate-headers", "Answers without rate-limit headers.", 56)
twist("gzip", "A gzip-encoded JSON body.", 1)
