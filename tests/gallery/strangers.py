"""Files as other tools write them, made here byte for byte after what each of them is known to write."""

import json
import struct
import zlib

from PIL import Image as Pillow

from gallery import containers
from tests.gallery.conftest import encoded

PNG, JPEG, WEBP = encoded("PNG"), encoded("JPEG"), encoded("WEBP")


def chunk(kind: bytes, content: bytes) -> bytes:
    return (
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(kind + content))
    )


def with_chunks(*chunks: bytes) -> bytes:
    return PNG[:33] + b"".join(chunks) + PNG[33:]


def png(**texts: str) -> bytes:
    return with_chunks(
        *(text_chunk(keyword.replace("__", "-"), text) for keyword, text in texts.items())
    )


def text_chunk(keyword: str, text: str) -> bytes:
    """Raw UTF-8 in tEXt, as some write it: it must be read as well as latin-1."""
    return chunk(b"tEXt", keyword.encode() + b"\0" + text.encode("utf-8", "surrogatepass"))


def with_exif(form: str, tags: dict[int, object]) -> bytes:
    exif = Pillow.Exif()
    for tag, value in tags.items():
        exif[tag] = value
    return encoded(form, exif=exif)


def with_comment(comment: bytes, content: bytes = JPEG, order: str = ">") -> bytes:
    """UserComment of type UNDEFINED in the EXIF directory, in either byte order."""
    mark = b"MM\0*" if order == ">" else b"II*\0"
    main = struct.pack(f"{order}HHHIII", 1, 0x8769, 4, 1, 26, 0)
    deeper = struct.pack(f"{order}HHHIII", 1, 0x9286, 7, len(comment), 44, 0)
    block = mark + struct.pack(f"{order}I", 8) + main + deeper + comment
    return containers.replace(content, containers.Blocks(exif=block))


def with_xmp(inside: str, content: bytes = PNG) -> bytes:
    packet = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF>{inside}</rdf:RDF></x:xmpmeta>'
    return containers.replace(content, containers.Blocks(xmp=packet.encode()))


WEBUI_TEXT = (
    "A heron in fog,\nmany (words:1.2) <lora:ink:0.8>\nNegative prompt: rain,\nsnow\n"
    "Steps: 30, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7.5, Seed: 6952411511246973023, "
    'Size: 512x768, Model hash: abc, Model: juggernaut, Lora hashes: "ink: 12, other: 3", Version: {}'
)
COMFY = {
    "3": {
        "class_type": "KSampler",
        "inputs": {
            "seed": ["9", 0],
            "steps": 20,
            "cfg": 8.0,
            "sampler_name": "euler",
            "scheduler": "normal",
            "model": ["10", 0],
            "positive": ["6", 0],
            "negative": ["7", 0],
            "latent_image": ["5", 0],
        },
    },
    "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "v1-5.safetensors"}},
    "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 512, "height": 768}},
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": ["11", 0], "clip": ["4", 1]}},
    "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "rain", "clip": ["4", 1]}},
    "9": {"class_type": "PrimitiveInt", "inputs": {"value": 42}},
    "10": {"class_type": "LoraLoader", "inputs": {"model": ["4", 0], "lora_name": "ink"}},
    "11": {"class_type": "StringConstant", "inputs": {"string": "A heron in fog"}},
    "12": {"class_type": "Note", "inputs": {"odd": float("nan")}},
}
FLUX = {
    "1": {
        "class_type": "SamplerCustomAdvanced",
        "inputs": {
            "noise": ["2", 0],
            "guider": ["3", 0],
            "sampler": ["4", 0],
            "sigmas": ["5", 0],
            "latent_image": ["6", 0],
        },
    },
    "2": {"class_type": "RandomNoise", "inputs": {"noise_seed": 42}},
    "3": {"class_type": "BasicGuider", "inputs": {"model": ["7", 0], "conditioning": ["8", 0]}},
    "4": {"class_type": "KSamplerSelect", "inputs": {"sampler_name": "euler"}},
    "5": {"class_type": "BasicScheduler", "inputs": {"steps": 20, "model": ["7", 0]}},
    "6": {"class_type": "EmptySD3LatentImage", "inputs": {"width": 512, "height": 768}},
    "7": {"class_type": "UNETLoader", "inputs": {"unet_name": "flux1-dev.safetensors"}},
    "8": {"class_type": "FluxGuidance", "inputs": {"guidance": 3.5, "conditioning": ["9", 0]}},
    "9": {"class_type": "CLIPTextEncode", "inputs": {"text": "A heron in fog", "clip": ["7", 1]}},
}
INVOKE = {
    "generation_mode": "txt2img",
    "positive_prompt": "A heron in fog",
    "negative_prompt": "rain",
    "width": 512,
    "height": 768,
    "seed": 42,
    "cfg_scale": 7.5,
    "steps": 30,
    "scheduler": "euler",
    "model": {"key": "1", "name": "juggernaut", "base": "sdxl"},
    "app_version": "6.0",
}
INVOKE_BEFORE = {
    "model_weights": "stable-diffusion-1.5",
    "image": {
        "prompt": [{"prompt": "A heron in fog", "weight": 1}],
        "seed": 42,
        "steps": 30,
        "cfg_scale": 7.5,
        "sampler": "k_euler",
        "width": 512,
        "height": 768,
    },
}
SWARM = {
    "sui_image_params": {
        "prompt": "A heron in fog",
        "negativeprompt": "rain",
        "model": "juggernaut",
        "seed": 42,
        "steps": 30,
        "cfgscale": 7.5,
        "width": 512,
        "height": 768,
        "sampler": "euler",
        "swarm_version": "0.9",
    },
    "sui_models": [],
}
FOOOCUS = {
    "prompt": "A heron in fog",
    "negative_prompt": "rain",
    "full_prompt": ["A heron in fog", "cinematic"],
    "steps": 30,
    "resolution": "(512, 768)",
    "guidance_scale": 7.5,
    "seed": "42",
    "base_model": "juggernaut",
    "sampler": "euler",
    "styles": ["Fooocus V2", "Sharp"],
    "version": "Fooocus v2.5",
}
RUINED = {
    "software": "RuinedFooocus",
    "Prompt": "A heron in fog",
    "Negative": "rain",
    "seed": 42,
    "steps": 30,
    "cfg": 7.5,
    "width": 512,
    "height": 768,
    "base_model_name": "juggernaut",
    "sampler_name": "euler",
}
NOVEL = {
    "prompt": "A heron in fog",
    "uc": "rain",
    "seed": 42,
    "steps": 30,
    "scale": 7.5,
    "sampler": "k_euler",
    "width": 512,
    "height": 768,
    "request_type": "PromptGenerateRequest",
}
TENSOR = {
    "prompt": "A heron in fog",
    "negativePrompt": "rain",
    "seed": "42",
    "steps": 30,
    "cfgScale": 7.5,
    "width": 512,
    "height": 768,
    "baseModel": {"modelFileName": "juggernaut"},
    "samplerName": "euler",
}
MATRIX = {
    "PositivePrompt": "A heron in fog",
    "NegativePrompt": "rain",
    "Seed": 42,
    "Steps": 30,
    "CfgScale": 7.5,
    "Width": 512,
    "Height": 768,
    "ModelName": "juggernaut",
    "Sampler": "Euler",
}
DRAWN = '{"c":"A heron in fog","uc":"rain","seed":42,"steps":30,"scale":7.5,"size":"512x768","model":"juggernaut","sampler":"Euler"}'
HUGGING = {
    "prompt": "A heron in fog",
    "negative_prompt": "rain",
    "resolution": "512 x 768",
    "seed": 42,
    "guidance_scale": 7.5,
    "num_inference_steps": 30,
    "model": "juggernaut",
    "sampler": "Euler",
}
EASY = {
    "prompt": "A heron in fog",
    "negative_prompt": "rain",
    "seed": "42",
    "num_inference_steps": "30",
    "guidance_scale": "7.5",
    "width": "512",
    "height": "768",
    "sampler_name": "euler",
    "use_stable_diffusion_model": "juggernaut",
}
CIVITAI_TEXT = (
    "A heron in fog\nNegative prompt: rain\nSteps: 30, Sampler: Euler a, CFG scale: 7.5, Seed: 42, "
    'Size: 512x768, Civitai resources: [{"type":"checkpoint","modelName":"juggernaut"}], Civitai metadata: {}'
)
ZERO_IN = b"UNICODE\0"

# What the tool is called, and its file.
FILES: dict[str, tuple[str, bytes]] = {
    "web UI, PNG": ("Stable Diffusion web UI", png(parameters=WEBUI_TEXT.format("v1.10.1"))),
    "web UI, zTXt": (
        "Stable Diffusion web UI",
        with_chunks(
            chunk(b"zTXt", b"parameters\0\0" + zlib.compress(WEBUI_TEXT.format("v1.9").encode()))
        ),
    ),
    "web UI, iTXt compressed": (
        "Stable Diffusion web UI",
        with_chunks(
            chunk(
                b"iTXt",
                b"parameters\0\1\0\0\0" + zlib.compress(WEBUI_TEXT.format("v1.9").encode()),
            )
        ),
    ),
    "web UI, JPEG": (
        "Stable Diffusion web UI",
        with_comment(ZERO_IN + WEBUI_TEXT.format("v1.10.1").encode("utf-16-be")),
    ),
    "web UI, WebP": (
        "Stable Diffusion web UI",
        with_comment(ZERO_IN + WEBUI_TEXT.format("v1.10.1").encode("utf-16-be"), WEBP),
    ),
    "Forge": ("Forge", png(parameters=WEBUI_TEXT.format("f2.0.1v1.10.1"))),
    "Civitai": ("Civitai", with_comment(ZERO_IN + CIVITAI_TEXT.encode("utf-16-be"))),
    "ComfyUI, PNG": ("ComfyUI", png(prompt=json.dumps(COMFY), workflow="{}")),
    "ComfyUI, Flux": ("ComfyUI", png(prompt=json.dumps(FLUX))),
    "ComfyUI, WebP": ("ComfyUI", with_exif("WEBP", {0x0110: f"prompt:{json.dumps(COMFY)}"})),
    "ComfyUI, a saver's JPEG": (
        "ComfyUI",
        with_exif("JPEG", {0x010F: f"Prompt: {json.dumps(COMFY)}"}),
    ),
    "InvokeAI": ("InvokeAI", png(invokeai_metadata=json.dumps(INVOKE))),
    "InvokeAI 2": ("InvokeAI", png(sd__metadata=json.dumps(INVOKE_BEFORE))),
    "InvokeAI 1": (
        "InvokeAI",
        png(Dream='"A heron in fog" -s 30 -S 42 -W512 -H768 -C 7.5 -A k_euler'),
    ),
    "SwarmUI, PNG": ("SwarmUI", png(parameters=json.dumps(SWARM))),
    "SwarmUI, JPEG": (
        "SwarmUI",
        with_comment(ZERO_IN + json.dumps(SWARM).encode("utf-16-le"), JPEG, "<"),
    ),
    "Fooocus, PNG": ("Fooocus", png(parameters=json.dumps(FOOOCUS), fooocus_scheme="fooocus")),
    "Fooocus, JPEG": ("Fooocus", with_exif("JPEG", {0x9286: json.dumps(FOOOCUS)})),
    "Fooocus, COM": ("Fooocus", encoded("JPEG", comment=json.dumps(FOOOCUS).encode())),
    "RuinedFooocus": ("RuinedFooocus", png(parameters=json.dumps(RUINED))),
    "NovelAI, PNG": (
        "NovelAI",
        png(
            Title="NovelAI generated image",
            Description="A heron in fog",
            Software="NovelAI",
            Source="NovelAI Diffusion V4",
            Comment=json.dumps(NOVEL),
        ),
    ),
    "NovelAI, WebP": (
        "NovelAI",
        with_comment(
            b"ASCII\0\0\0"
            + json.dumps(
                {
                    "Software": "NovelAI",
                    "Source": "NovelAI Diffusion V4",
                    "Description": "A heron in fog",
                    "Comment": json.dumps(NOVEL),
                }
            ).encode(),
            WEBP,
        ),
    ),
    "TensorArt": ("TensorArt", png(generation_data=json.dumps(TENSOR) + "\0")),
    "StabilityMatrix": ("StabilityMatrix", png(parameters__json=json.dumps(MATRIX))),
    "Draw Things": (
        "Draw Things",
        with_xmp(
            "<rdf:Description><exif:UserComment><rdf:Alt><rdf:li xml:lang='x-default'>"
            + DRAWN.replace('"', "&quot;")
            + "</rdf:li></rdf:Alt></exif:UserComment></rdf:Description>"
        ),
    ),
    "Hugging Face": ("Hugging Face", png(parameters=json.dumps(HUGGING))),
    "Easy Diffusion, PNG": ("Easy Diffusion", png(**EASY)),
    "Easy Diffusion, JPEG": (
        "Easy Diffusion",
        with_comment(ZERO_IN + json.dumps(EASY).encode("utf-16-be")),
    ),
}
