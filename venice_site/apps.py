"""The project itself as an application: shell, commands and checks."""

from django.apps import AppConfig


class VeniceSiteConfig(AppConfig):
    """Registers the project's own templates, commands and tags."""

    name = "venice_site"
    label = "site_shell"
    verbose_name = "Venice Studio"

    def ready(self) -> None:
        """Register the checks."""
        from venice_site import checks  # noqa: F401
