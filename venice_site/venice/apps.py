"""The Venice service: keys, quotas, the ledger and the one door to Venice."""

from django.apps import AppConfig


class VeniceConfig(AppConfig):
    """The one door to Venice."""

    name = "venice_site.venice"
    label = "venice"
    verbose_name = "Venice"
