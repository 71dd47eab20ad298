"""Where pictures lie: named by what is in them, so that writing one twice is harmless."""

from __future__ import annotations

from hashlib import sha256

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from gallery.imaging import RENDITIONS, Picture


def keep(content: bytes, picture: Picture) -> tuple[str, str]:
    """Write the untouched original and its renditions; return the original's name and sha256."""
    digest = sha256(content).hexdigest()
    for longest, rendition in picture.renditions.items():
        _write(rendition_name(digest, longest), rendition)
    name = original_name(digest, picture.extension)
    _write(name, content)
    return name, digest


def holds(name: str) -> bool:
    """Return whether a file is there."""
    return default_storage.exists(name)


def remove(name: str, digest: str) -> None:
    """Remove an original and its renditions; what is gone already is no trouble."""
    for one in (name, *(rendition_name(digest, longest) for longest in RENDITIONS)):
        default_storage.delete(one)


def original_name(digest: str, extension: str) -> str:
    """Return the storage name of an original."""
    return f"originals/{digest[:2]}/{digest[2:4]}/{digest}.{extension}"


def rendition_name(digest: str, longest: int) -> str:
    """Return the storage name of the WebP copy whose longest side has so many pixels."""
    return f"renditions/{digest[:2]}/{digest[2:4]}/{digest}-{longest}.webp"


def _write(name: str, content: bytes) -> None:
    """Write a file unless it is there in full; a process killed in mid-write may have left a part."""
    if default_storage.exists(name):
        if default_storage.size(name) == len(content):
            return
        default_storage.delete(name)
    written = default_storage.save(name, ContentFile(content))
    if written != name:  # somebody else wrote the same bytes at the same moment
        default_storage.delete(written)
