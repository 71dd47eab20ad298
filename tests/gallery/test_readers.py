"""What downloads tell, read by readers that we did not write: sd-parsers, and exiftool for what lies beneath."""

import json
import shutil
import subprocess
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image as Pillow
from PIL import ImageCms
from sd_parsers import ParserManager

from gallery import metadata
from tests.gallery.conftest import encoded
from tests.gallery.test_files import data

pytestmark = pytest.mark.xdist_group("exiftool")
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
EXIFTOOL = shutil.which("exiftool")
LABEL = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
FORMS = {
    "PNG": encoded("PNG"),
    "PNG with alpha and profile": encoded("PNG", mode="RGBA", icc_profile=PROFILE),
    "JPEG": encoded("JPEG"),
    "JPEG progressive": encoded("JPEG", progressive=True, icc_profile=PROFILE),
    "WebP": encoded("WEBP"),
    "WebP with alpha": encoded("WEBP", mode="RGBA", lossless=True),
}
PROMPTS = {
    "plain": ("A heron in fog", "rain"),
    "without a negative": ("A heron in fog", ""),
    "of many lines": ("A heron\nin fog,\nearly", "rain\nsnow"),
    "CJK": ("霧の中の鷺、水彩画", "雨"),
    "emoji": ("A heron \U0001f99c\U0001f32b\ufe0f", "\U0001f327\ufe0f"),
    "accents": ("Ein Ölbild, ß Ø Þ ÿ", "Übermaß"),
    "very long": ("heron, " * 1000 + "fog", "rain, " * 800 + "snow"),
    "signs": ("quotes \"a\", 'b'; (weights:1.2) [x] <lora:y:1> 100% \\", "a: b, c: d"),
    "passing for facts": ("a\nSteps: 1, Sampler: Evil, Seed: 666, CFG scale: 1", "x"),
    "passing for a negative": ("a\nNegative prompt: evil", "x\nSteps: 3, Seed: 1"),
    "JSON": ('{"prompt": "evil", "seed": 666, "sui_image_params": {}}', "x"),
    "markup": ("<x:xmpmeta>]]></rdf:RDF> &amp; \" ' <script>", "<!-- -->"),
}
SEEDS = dict(zip(PROMPTS, [42, 0, -999_999_999, 999_999_999, *range(1, 20)], strict=False))
CASES = [(form, case) for form in FORMS for case in PROMPTS]
BARE = [(form, case) for form in FORMS for case in ("plain", "CJK", "markup")]

OPENED = []  # sd-parsers remembers texts by the address of the picture, so that none may be used twice


def written(form: str, case: str) -> bytes:
    prompt, negative = PROMPTS[case]
    record = {"software": "Venice Studio", "order": {"prompt": prompt}}
    told = data(prompt=prompt, negative_prompt=negative, seed=SEEDS[case], record=record)
    return metadata.write(FORMS[form], told)


def harmless(prompt: str) -> str:
    """Return a prompt as it must be written so that no reader takes it for something else."""
    return prompt.replace("Negative prompt:", "Negative prompt :").replace("Steps:", "Steps :")


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """Return what exiftool sees in every file, written and bare, all of them in one process."""
    assert EXIFTOOL, "The readers need exiftool: apt-get install libimage-exiftool-perl"
    folder: Path = tmp_path_factory.mktemp("files")
    for form, case in CASES:
        (folder / f"{form}-{case}.img").write_bytes(written(form, case))
    for form, case in BARE:
        bare = metadata.bare(written(form, case))
        (folder / f"{form}-{case}-bare.img").write_bytes(bare)
    command = [EXIFTOOL, "-json", "-G1", "-a", "-r", "-ext", "img"]
    told = subprocess.run([*command, folder], capture_output=True, check=True, timeout=120)
    return {Path(one["SourceFile"]).stem: one for one in json.loads(told.stdout)}


@pytest.mark.parametrize(("form", "case"), CASES)
def test_a_foreign_parser_reads_prompt_negative_seed_size_and_model(form: str, case: str) -> None:
    image = Pillow.open(BytesIO(written(form, case)))
    OPENED.append(image)
    found = ParserManager().parse(image)
    assert found is not None
    prompt, negative = (harmless(text).strip() for text in PROMPTS[case])
    (sampler,) = found.samplers
    assert "".join(one.value for one in sampler.prompts) == prompt
    assert "".join(one.value for one in sampler.negative_prompts) == negative
    assert sampler.parameters["seed"] == str(SEEDS[case])
    assert sampler.model.name == "z-image-turbo"
    assert found.metadata["Size"] == "64x48"


@pytest.mark.parametrize(("form", "case"), CASES)
def test_exiftool_reads_the_same_text_and_the_label(seen, form: str, case: str) -> None:
    told = seen[f"{form}-{case}"]
    place = "PNG:Parameters" if form.startswith("PNG") else "ExifIFD:UserComment"
    text = told[place]
    prompt, negative = map(harmless, PROMPTS[case])
    assert text.lstrip("\n").startswith(prompt)
    assert (f"\nNegative prompt: {negative}\nSteps: 8, Sampler: Venice" in text) == bool(negative)
    assert f"Seed: {SEEDS[case]}, Size: 64x48, Model: z-image-turbo" in text
    assert told["XMP-iptcExt:DigitalSourceType"] == LABEL
    assert told["XMP-xmp:CreatorTool"] == metadata.SOFTWARE
    assert not {"ExifTool:Warning", "ExifTool:Error"} & told.keys()


@pytest.mark.parametrize(("form", "case"), CASES)
def test_no_pixel_and_no_profile_changes(form: str, case: str) -> None:
    def drawn(content: bytes) -> tuple[bytes, object, str]:
        with Pillow.open(BytesIO(content)) as picture:
            return picture.tobytes(), picture.info.get("icc_profile"), picture.mode

    assert drawn(written(form, case)) == drawn(FORMS[form])
    assert drawn(metadata.bare(written(form, case))) == drawn(FORMS[form])


@pytest.mark.parametrize(("form", "case"), BARE)
def test_without_metadata_nothing_is_left(seen, form: str, case: str) -> None:
    told = seen[f"{form}-{case}-bare"]
    groups = {name.partition(":")[0] for name in told}
    assert not {
        group for group in groups if group.startswith(("XMP", "IFD", "Exif", "IPTC", "Photoshop"))
    } - {"ExifTool"}
    text = json.dumps(told, ensure_ascii=False)
    for word in ("Steps", "Venice", "Parameters", "UserComment", "Comment", PROMPTS[case][0][:20]):
        assert word not in text


def test_without_metadata_nothing_of_a_camera_is_left_but_which_way_is_up(tmp_path: Path) -> None:
    exif = Pillow.Exif()
    exif[0x0112], exif[0x010E] = 6, "At home"
    exif.get_ifd(0x8825)[1] = "N"
    content = encoded("JPEG", exif=exif, comment=b"At home") + b"a film of ten seconds"
    iptc = b"\xff\xed\x00\x18Photoshop 3.0\0At home\0"
    content = content[:2] + iptc + content[2:]
    (tmp_path / "bare.jpg").write_bytes(metadata.bare(content))
    told = subprocess.run([EXIFTOOL, "-json", "-G1", tmp_path], capture_output=True, check=True)
    (found,) = json.loads(told.stdout)
    kept = {name for name in found if name.startswith(("IFD", "Exif", "GPS", "XMP", "Photoshop"))}
    assert kept - {"ExifTool:ExifToolVersion"} == {"IFD0:Orientation"}
    assert "At home" not in told.stdout.decode()
    assert (tmp_path / "bare.jpg").read_bytes().endswith(b"\xff\xd9")
