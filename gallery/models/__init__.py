"""Generations and their images: what was asked, what came back, and who may see it."""

from gallery.archives import Archive
from gallery.batches import Batch
from gallery.collections import Collection, Placement
from gallery.index import SearchDocument, Tally
from gallery.line import Line
from gallery.lineage import Descent
from gallery.marks import Mark
from gallery.models.generations import Generation, ImageKind, wake_up
from gallery.models.image_queries import TEAM_SHELF, ImageQuerySet
from gallery.models.images import Image
from gallery.presets import Preset
from gallery.saved import SavedSearch
from gallery.shares import Share
from gallery.tags import Tag, Tagging
from gallery.viewing import Viewing
from gallery.visibility import Visibility
from gallery.wordlists import WordList

__all__ = [
    "TEAM_SHELF",
    "Archive",
    "Batch",
    "Collection",
    "Descent",
    "Generation",
    "Image",
    "ImageKind",
    "ImageQuerySet",
    "Line",
    "Mark",
    "Placement",
    "Preset",
    "SavedSearch",
    "SearchDocument",
    "Share",
    "Tag",
    "Tagging",
    "Tally",
    "Viewing",
    "Visibility",
    "WordList",
    "wake_up",
]
