"""Reading files of a dozen tools, and files that were made to do harm."""

import json
import struct
import time
import tracemalloc
import zlib

import pytest

from gallery import containers, metadata, reading
from gallery.recipe import PROMPT_LIMIT, Recipe
from tests.gallery import strangers
from tests.gallery.conftest import encoded
from tests.gallery.strangers import (
    FILES,
    chunk,
    png,
    text_chunk,
    with_chunks,
    with_comment,
    with_xmp,
)
from tests.gallery.test_files import CONTAINERS, data

ORDER = {
    "model": "z-image-turbo",
    "prompt": 'Ein "Ölbild"\nSteps: 3, Negative prompt: {x|y} \U0001f99c',
    "negative_prompt": "rain",
    "seed": 42,
    "width": 512,
    "height": 768,
    "hide_watermark": True,
    "format": "webp",
}
RECORD = {"software": "Venice Studio 0.1", "order": ORDER, "seed": 42, "size": [512, 768]}


def recipe_of(content: bytes) -> Recipe:
    found = reading.read(content).recipe
    assert found is not None
    return found


@pytest.mark.parametrize(("tool", "content"), FILES.values(), ids=FILES.keys())
def test_the_files_of_other_tools_are_read(tool: str, content: bytes) -> None:
    found = recipe_of(content)
    assert found.tool == tool
    assert found.prompt.startswith("A heron in fog")
    assert (found.width, found.height) == (512, 768)
    assert found.seed in (42, 6952411511246973023)
    assert found.steps in (20, 30)
    assert found.raw


@pytest.mark.parametrize(
    "name", [name for name in FILES if name not in ("InvokeAI 1", "InvokeAI 2")]
)
def test_all_but_the_oldest_name_model_scale_and_sampler(name: str) -> None:
    found = recipe_of(FILES[name][1])
    assert found.model
    assert found.cfg_scale in (3.5, 7.5, 8.0) or name == "ComfyUI, Flux"
    assert found.sampler or name == "TensorArt"
    assert found.negative_prompt.startswith("rain") or name == "ComfyUI, Flux"


def test_the_text_of_the_web_ui_keeps_lines_and_quoted_values_apart() -> None:
    found = recipe_of(FILES["web UI, PNG"][1])
    assert found.prompt == "A heron in fog,\nmany (words:1.2) <lora:ink:0.8>"
    assert found.negative_prompt == "rain,\nsnow"
    assert (found.sampler, found.cfg_scale) == ("DPM++ 2M Karras", 7.5)


def test_styles_of_fooocus_are_named() -> None:
    assert recipe_of(FILES["Fooocus, PNG"][1]).style == "Fooocus V2, Sharp"


@pytest.mark.parametrize("content", CONTAINERS.values(), ids=CONTAINERS.keys())
def test_our_own_files_give_back_the_very_order(content: bytes) -> None:
    found = recipe_of(metadata.write(content, data(prompt=ORDER["prompt"], record=RECORD)))
    assert (found.tool, dict(found.order)) == ("Venice Studio", ORDER)
    assert found.prompt == ORDER["prompt"]


def test_our_own_text_is_understood_without_the_record() -> None:
    text = metadata.parameters(data(extras={"Aspect ratio": "16:9", "Resolution": "2K"}))
    found = recipe_of(png(parameters=text))
    assert (found.tool, found.seed, found.model) == ("Venice Studio", 42, "z-image-turbo")
    assert found.order == {"aspect_ratio": "16:9", "resolution": "2K"}


@pytest.mark.parametrize(
    "order",
    [
        {"prompt": 7, "width": "wide", "steps": True, "hide_watermark": "yes", "seed": "1e9"},
        {"prompt": None, "width": -5, "height": 10**30, "cfg_scale": float("nan"), "model": {}},
        [],
        "order",
    ],
)
def test_a_forged_record_brings_in_nothing_of_the_wrong_kind(order: object) -> None:
    content = png(venice_metadata=json.dumps({**RECORD, "order": order}))
    found = reading.read(content).recipe
    assert found is None or found.order == {}


def test_an_edit_of_our_own_tells_its_words_but_is_no_order_of_a_picture() -> None:
    order = {"kind": "edit", "prompt": "Make it snow", "model": "qwen-edit"}
    found = recipe_of(png(venice_metadata=json.dumps({**RECORD, "order": order})))
    assert (found.prompt, found.order) == ("Make it snow", {})


@pytest.mark.parametrize(
    ("kind", "label"), [(b"caBX", b"c2pa.created trainedAlgorithmicMedia ... GPT-4o, OpenAI API")]
)
def test_a_signed_picture_of_an_ai_names_its_maker(kind: bytes, label: bytes) -> None:
    found = reading.read(with_chunks(chunk(kind, label)))
    assert (found.is_signed, found.is_labelled) == (True, True)
    assert found.recipe == Recipe(tool="OpenAI")
    photo = reading.read(with_chunks(chunk(kind, b"c2pa.created digitalCapture Google")))
    assert (photo.is_signed, photo.is_labelled, photo.recipe) == (True, False, None)


def test_a_label_in_xmp_is_seen() -> None:
    label = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
    found = reading.read(
        with_xmp(
            f'<rdf:Description xmp:CreatorTool="Adobe Firefly" a:DigitalSourceType="{label}"/>'
        )
    )
    assert found.is_labelled
    assert found.recipe == Recipe(tool="Adobe Firefly")


@pytest.mark.parametrize("content", CONTAINERS.values(), ids=CONTAINERS.keys())
def test_a_picture_that_says_nothing_has_no_recipe(content: bytes) -> None:
    assert reading.read(content).recipe is None


def test_a_cut_prompt_a_nul_and_a_lone_surrogate_can_be_stored() -> None:
    told = json.dumps(FILES and strangers.SWARM).replace("fog", "f\\ud800\\u0000og " * 30_000)
    prompt = recipe_of(png(parameters=told)).prompt
    assert len(prompt) <= PROMPT_LIMIT
    assert "\0" not in prompt
    assert prompt.encode().startswith(b"A heron in f?og")


# --- files that were made to do harm ------------------------------------------------------------
def tiff(entries: int, at: int, size: int) -> bytes:
    """A block with many tags, all of which claim the same bytes."""
    tags = b"".join(struct.pack(">HHII", 0x9000 + n, 7, size, at) for n in range(entries))
    return b"MM\0*" + struct.pack(">IH", 8, entries) + tags + b"\0" * size


def looped() -> bytes:
    return b"MM\0*" + struct.pack(">IHHHIII", 8, 1, 0x8769, 4, 1, 8, 8)


DEEP = '{"a":' * 150_000
FACTS = "Steps: 5, Sampler: Euler, Seed: 1, Size: 8x8"
HARM = {
    "a text that inflates without end": with_chunks(
        chunk(b"zTXt", b"parameters\0\0" + zlib.compress(b"a" * 80_000_000))
    ),
    "many texts that inflate": with_chunks(
        *([chunk(b"zTXt", b"parameters\0\0" + zlib.compress(b"a" * 1_000_000))] * 3000)
    ),
    "50,000 commas": png(parameters="x, " * 50_000 + "Steps: 5"),
    "commas and colons": png(parameters="x:, " * 200_000 + FACTS),
    "quotes that do not end": png(parameters=f'{FACTS}, A: "' + '\\"' * 400_000),
    "brackets that do not end": png(parameters=f"{FACTS}, A: " + "[" * 900_000),
    "lines without end": png(parameters="\n" * 900_000 + FACTS),
    "negative prompts without end": png(parameters="Negative prompt: " * 60_000 + "\n" + FACTS),
    "JSON without end": png(parameters=DEEP, prompt=f'{DEEP}"class_type"', invokeai_metadata=DEEP),
    "a number of a million digits": png(parameters='{"prompt":"a","seed":' + "9" * 1_000_000 + "}"),
    "a graph that bites its tail": png(
        prompt=json.dumps(
            {
                "1": {"class_type": "K", "inputs": {"seed": ["2", 0], "positive": ["2", 0]}},
                "2": {"class_type": "K", "inputs": {"a": ["1", 0], "b": ["2", 0]}},
            }
        )
    ),
    "a graph of many nodes": png(
        prompt=json.dumps(
            {
                str(n): {
                    "class_type": "K",
                    "inputs": {"seed": [str(n + 1), 0], "positive": ["1", 0]},
                }
                for n in range(9000)
            }
        )
    ),
    "quotes of a command": png(Dream='"' * 900_000),
    "EXIF of one block many times": containers.replace(
        strangers.WEBP, containers.Blocks(exif=tiff(5000, 60_010, 8_000_000))
    ),
    "EXIF that leads to itself": containers.replace(
        strangers.PNG, containers.Blocks(exif=looped())
    ),
    "EXIF that claims 4 GB": containers.replace(
        strangers.JPEG, containers.Blocks(exif=tiff(3, 0, 10)[:20] + b"\xff" * 60)
    ),
    "a comment of 60 KB of zeros": with_comment(b"UNICODE\0" + b"\0" * 60_000),
    "XMP of entities": with_xmp(
        '<!DOCTYPE a [<!ENTITY a "aaaa">]><exif:UserComment>'
        + "&a;" * 200_000
        + "</exif:UserComment>"
    ),
    "two million chunks": with_chunks(chunk(b"teXt", b"") * 300_000),
    "empty chunks of a WebP": b"RIFF"
    + struct.pack("<I", 8_000_004)
    + b"WEBP"
    + b"JUNK\0\0\0\0" * 999_999,
    "a PNG that is cut": png(parameters=FACTS)[:-40],
    "a chunk longer than the file": strangers.PNG[:33] + b"\x7f\xff\xff\xfftEXtparameters\0",
    "an SVG": b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
    "a page": b"<!doctype html><script>alert(1)</script>",
    "a GIF": encoded("GIF", mode="P"),
    "nothing": b"",
    "a keyword without end": with_chunks(chunk(b"tEXt", b"k" * 2_000_000)),
    "latin-1 letters": with_chunks(chunk(b"tEXt", b"parameters\0" + b"\xe4" * 3_000_000)),
}


@pytest.mark.parametrize("content", HARM.values(), ids=HARM.keys())
def test_a_hostile_file_is_read_or_refused_at_once(content: bytes) -> None:
    tracemalloc.start()
    began = time.process_time()
    try:
        found = reading.read(content)
        json.dumps(found.told).encode()
        assert sum(map(len, map(str, found.told.values()))) < 70_000_000
    except containers.Unreadable as error:
        assert str(error).endswith(".")  # noqa: PT017 (either is fine, but it is said in a sentence)
    finally:
        used = time.process_time() - began
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert used < 3  # a second, with the slow counting of memory
    assert peak < 200_000_000


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_any_tool_that_is_cut_anywhere_never_crashes(name: str) -> None:
    content = FILES[name][1]
    for end in range(1, len(content), max(1, len(content) // 60)):
        try:
            reading.read(content[:end])
        except containers.Unreadable:
            continue


def test_texts_after_the_first_few_are_passed_over() -> None:
    many = with_chunks(*(text_chunk(f"k{n}", "a") for n in range(500)))
    assert len(reading.read(many).told) == containers.MOST_TEXTS
