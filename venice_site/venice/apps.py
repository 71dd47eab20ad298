"""The Venice service: keys, quotas, the ledger and the one door to Venice."""

from django.apps import AppConfig
from django.db.models.signals import post_delete, post_save


class VeniceConfig(AppConfig):
    """The one door to Venice."""

    name = "venice_site.venice"
    label = "venice"
    verbose_name = "Venice"

    def ready(self) -> None:
        """See to it that a quota or a key that is changed here counts here at once."""
        from venice_site.venice import rules, stand_in

        for signal in (post_save, post_delete):
            signal.connect(rules.forget, sender="venice.Quota", dispatch_uid="quota-rules")
            signal.connect(stand_in.forget, sender="venice.ApiKey", dispatch_uid="stand-in")
