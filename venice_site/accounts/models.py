"""The people of the team."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AbstractUser


class User(AbstractUser):
    """A member of the team; an administrator is a member who may open the admin panel."""

    def __str__(self) -> str:
        return self.get_full_name() or self.username

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save the person; the role is one switch, so an administrator holds every permission."""
        self.is_superuser = self.is_staff
        if (names := kwargs.get("update_fields")) is not None and "is_staff" in names:
            kwargs["update_fields"] = {*names, "is_superuser"}
        super().save(*args, **kwargs)

    @property
    def is_administrator(self) -> bool:
        """Return whether this person manages keys, quotas and people."""
        return self.is_staff
