"""Pictures: generations, images and how they are shown."""

from django.apps import AppConfig


class GalleryConfig(AppConfig):
    """The room where pictures are made and kept."""

    name = "gallery"
