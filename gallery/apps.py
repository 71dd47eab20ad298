"""Pictures: generations, images and how they are shown."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate


class GalleryConfig(AppConfig):
    """The room where pictures are made and kept."""

    name = "gallery"

    def ready(self) -> None:
        """Keep the triggers of search and tallies in place around migrations."""
        from gallery import triggers

        pre_migrate.connect(triggers.take_away, sender=self)
        post_migrate.connect(triggers.put_back, sender=self)
