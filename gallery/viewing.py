"""How one person looks at pictures: whether marked ones are hidden until they are asked for."""

from __future__ import annotations

from django.db import models

from venice_site.accounts.models import User
from venice_site.statements import Statement, gap


class ViewingQuerySet(models.QuerySet["Viewing"]):
    """Preferences by the names people say."""

    def veils_for(self, user: User) -> bool:
        """Return whether marked pictures are hidden from a person; they are until the person says no."""
        return (False,) not in VEILS.all(user=user.pk)

    def choose(self, user: User, *, veils: bool) -> None:
        """Remember what a person prefers."""
        self.update_or_create(user=user, defaults={"veils": veils})


class Viewing(models.Model):
    """What a person prefers while looking at pictures."""

    user = models.OneToOneField(User, models.CASCADE, primary_key=True, related_name="+")
    veils = models.BooleanField("Blur marked pictures", default=True)

    objects = ViewingQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.user} looks at pictures"


VEILS = Statement(lambda: Viewing.objects.filter(user=gap("user")).values_list("veils"))
