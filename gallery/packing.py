"""Writing an archive: the pictures with generation data in them, and `metadata.jsonl` beside them."""

from __future__ import annotations

import json
import tempfile
import zipfile
from collections.abc import Iterator
from threading import Event
from typing import Any

from django.core.files import File
from django.core.files.storage import default_storage

from gallery import facts
from gallery.archives import Archive
from gallery.models import Image
from venice_site.venice.types import Usage

BATCH = 50
METADATA = "metadata.jsonl"


def pack(archive: Archive, lost: Event) -> None:
    """Make the file of an archive that was begun, and finish it; stops when the archive is lost."""
    with tempfile.TemporaryFile() as scratch:
        with zipfile.ZipFile(scratch, "w", zipfile.ZIP_STORED) as file:
            lines = list(_put_pictures(archive, file, lost))
            text = "".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines)
            file.writestr(METADATA, text, zipfile.ZIP_DEFLATED)
        size = scratch.tell()
        if lost.is_set():
            return
        scratch.seek(0)
        name = default_storage.save(archive.new_name(), File(scratch))
    if not archive.succeed(Usage(), file=name, byte_size=size, done=len(lines)):
        default_storage.delete(name)


def _put_pictures(archive: Archive, file: zipfile.ZipFile, lost: Event) -> Iterator[dict[str, Any]]:
    for start in range(0, len(archive.images), BATCH):
        if lost.is_set() or not archive.checkpoint(done=start):
            lost.set()
            return
        wanted = archive.images[start : start + BATCH]
        # What was deleted or made private since is left out.
        seen = Image.objects.visible_to(archive.user).pictures().filter(deleted_at=None)
        for image in (
            seen.filter(pk__in=wanted)
            .select_related("generation__user")
            .prefetch_related("taggings__tag")
        ):
            name = f"{image.pk}-{facts.file_name(image)}"
            with default_storage.open(image.file) as original:
                content = original.read()
            file.writestr(name, facts.with_generation_data(image, content, None))
            yield _line(image, name)


def _line(image: Image, name: str) -> dict[str, Any]:
    return {
        "file": name,
        "prompt": image.generation.prompt,
        "negative_prompt": image.generation.negative_prompt,
        "by": str(image.generation.user),
        "tags": sorted(tagging.tag.name for tagging in image.taggings.all()),
        **facts.record(image),
    }
