"""People: members and administrators."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """The people of the team."""

    name = "venice_site.accounts"
    label = "accounts"
    verbose_name = "People"
