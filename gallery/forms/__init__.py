"""The composer: strings in, orders out. Its fields follow from what the chosen model can do."""

from gallery.forms.composing import ComposerForm, initial_of, settings_of
from gallery.forms.controls import SEED_LIMIT, STALE

__all__ = ["SEED_LIMIT", "STALE", "ComposerForm", "initial_of", "settings_of"]
