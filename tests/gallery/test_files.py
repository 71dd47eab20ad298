"""Bytes of pictures: verifying, shrinking, and the metadata inside files."""

import struct
import zlib
from datetime import UTC, datetime
from io import BytesIO

import pytest
from PIL import Image as Pillow

from gallery import containers, imaging, metadata
from tests.gallery.conftest import encoded

MOMENT = datetime(2026, 11, 22, 23, 50, 12, tzinfo=UTC)
PROFILE = b"a colour profile, as far as the container cares" * 9


def data(**facts) -> metadata.GenerationData:
    told = {
        "prompt": "A heron in fog",
        "negative_prompt": "rain",
        "seed": 42,
        "width": 64,
        "height": 48,
        "model": "z-image-turbo",
        "image_id": "7",
        "created_at": MOMENT,
        "steps": 8,
        "record": {"seed": 42},
    }
    return metadata.GenerationData(**told | facts)


CONTAINERS = {
    "PNG": encoded("PNG"),
    "PNG with alpha and profile": encoded("PNG", mode="RGBA", icc_profile=PROFILE),
    "PNG palette": encoded("PNG", mode="P"),
    "JPEG": encoded("JPEG"),
    "JPEG progressive with comment": encoded(
        "JPEG", progressive=True, comment=b"old", icc_profile=PROFILE
    ),
    "WebP lossy": encoded("WEBP"),
    "WebP lossless": encoded("WEBP", lossless=True),
    "WebP lossless with alpha": encoded("WEBP", mode="RGBA", lossless=True),
    "WebP with alpha": encoded("WEBP", mode="RGBA"),
    "WebP with profile": encoded("WEBP", icc_profile=PROFILE),
}


def opened(content: bytes) -> tuple[bytes, object, str]:
    with Pillow.open(BytesIO(content)) as picture:
        return picture.tobytes(), picture.info.get("icc_profile"), picture.mode


@pytest.mark.parametrize("content", CONTAINERS.values(), ids=CONTAINERS.keys())
def test_writing_data_changes_no_pixel_and_no_profile(content: bytes) -> None:
    assert opened(metadata.write(content, data())) == opened(content)


@pytest.mark.parametrize("content", CONTAINERS.values(), ids=CONTAINERS.keys())
def test_what_is_written_is_read_back(content: bytes) -> None:
    told = metadata.read(metadata.write(content, data(prompt="Ein Ölbild, ß, 鷺, \U0001f99c")))
    text = told.get("parameters") or told["UserComment"]
    assert text.startswith(
        "Ein Ölbild, ß, 鷺, \U0001f99c\nNegative prompt: rain\nSteps: 8, Sampler: "
    )
    assert "trainedAlgorithmicMedia" in told["XMP"]


@pytest.mark.parametrize("content", CONTAINERS.values(), ids=CONTAINERS.keys())
def test_writing_twice_replaces_what_was_written(content: bytes) -> None:
    once = metadata.write(content, data())
    assert metadata.write(metadata.write(content, data(prompt="Another")), data()) == once


@pytest.mark.parametrize("seed", [-999_999_999, 0, 999_999_999])
def test_the_line_of_facts_has_the_keys_that_readers_need(seed: int) -> None:
    line = metadata.parameters(data(seed=seed, cfg_scale=7.0)).splitlines()[-1]
    assert line.startswith(
        f"Steps: 8, Sampler: Venice, CFG scale: 7, Seed: {seed}, Size: 64x48, Model: z-image-turbo"
    )


@pytest.mark.parametrize(
    ("prompt", "written"),
    [
        ("a\r\nb", "a\nb"),
        ("a Negative prompt: b", "a Negative prompt : b"),
        ("a\nSteps: 1, Seed: 2", "a\nSteps : 1, Seed: 2"),
        ('{"prompt": 1}', '\n{"prompt": 1}'),
        ("a\0b", "ab"),
        ("", ""),
    ],
)
def test_a_prompt_cannot_pass_for_the_facts_behind_it(prompt: str, written: str) -> None:
    text = metadata.parameters(data(prompt=prompt, negative_prompt=""))
    assert text.rpartition("\n")[0] == written


def test_a_model_name_with_separators_is_made_plain() -> None:
    assert "Model: a b c, Image ID" in metadata.parameters(data(model='a, b: "c"'))


def test_the_comment_in_a_jpeg_is_of_the_type_that_readers_take() -> None:
    content = metadata.write(CONTAINERS["JPEG"], data())
    entry = struct.pack(">HH", 0x9286, 7)
    assert entry in content
    assert b"UNICODE\0" + "A heron".encode("utf-16-be") in content


def test_a_prompt_too_long_for_a_jpeg_is_shortened_and_says_so() -> None:
    content = metadata.write(CONTAINERS["JPEG"], data(prompt="\U0001f99c" * 20_000))
    text = metadata.read(content)["UserComment"]
    assert "…" in text
    assert "Truncated: true" in text
    whole = metadata.write(CONTAINERS["WebP lossy"], data(prompt="\U0001f99c" * 20_000))
    assert "Truncated" not in metadata.read(whole)["UserComment"]


def test_signatures_of_others_are_left_out_of_a_changed_file() -> None:
    signed = CONTAINERS["PNG"].replace(
        b"\0\0\0\0IEND", _chunk(b"caBX", b"manifest") + b"\0\0\0\0IEND"
    )
    assert b"caBX" not in metadata.write(signed, data())


def _chunk(kind: bytes, content: bytes) -> bytes:
    return (
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(kind + content))
    )


def test_exif_and_texts_of_others_are_read() -> None:
    exif = Pillow.Exif()
    exif[0x010E] = "A heron\0"
    exif[0x0131] = "Somebody"
    told = metadata.read(encoded("JPEG", exif=exif))
    assert (told["ImageDescription"], told["Software"]) == ("A heron", "Somebody")


def test_a_text_that_inflates_without_end_is_bounded() -> None:
    bomb = _chunk(b"zTXt", b"parameters\0\0" + zlib.compress(b"a" * 50_000_000))
    content = CONTAINERS["PNG"][:33] + bomb + CONTAINERS["PNG"][33:]
    assert len(metadata.read(content)["parameters"]) == containers.TEXT_LIMIT


@pytest.mark.parametrize("content", CONTAINERS.values(), ids=CONTAINERS.keys())
def test_a_cut_file_is_refused_and_never_crashes(content: bytes) -> None:
    for end in range(0, min(len(content), 400), 7):
        try:
            metadata.write(content[:end], data())
            metadata.read(content[:end])
        except containers.Unreadable:
            continue


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"<!doctype html><script>alert(1)</script>",
        CONTAINERS["PNG"][:-60],
        encoded("JPEG", (640, 480))[:2000],
        encoded("GIF", mode="P"),
        encoded("TIFF"),
    ],
)
def test_only_whole_png_jpeg_and_webp_are_pictures(content: bytes) -> None:
    with pytest.raises(imaging.NotAPicture):
        imaging.develop(content)


def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded() -> None:
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    huge = (
        containers.PNG_START + _chunk(b"IHDR", header) + _chunk(b"IDAT", b"") + _chunk(b"IEND", b"")
    )
    with pytest.raises(imaging.NotAPicture, match="pixels"):
        imaging.develop(huge)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P", "LA", "I;16", "1", "CMYK"])
def test_every_mode_gets_its_renditions(mode: str) -> None:
    content = encoded("JPEG" if mode == "CMYK" else "PNG", (900, 300), mode)
    picture = imaging.develop(content)
    with Pillow.open(BytesIO(picture.renditions[512])) as rendition:
        assert rendition.size == (512, 171)


@pytest.mark.parametrize(
    ("size", "longest", "fitted"),
    [((1024, 1024), 512, (512, 512)), ((100, 50), 512, (100, 50)), ((3000, 10), 256, (256, 1))],
)
def test_renditions_keep_proportions_and_never_grow(size, longest, fitted) -> None:
    assert imaging.fitted(*size, longest) == fitted
