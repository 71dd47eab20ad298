"""Who is signed in: asked by every request, and so by a ready statement."""

from __future__ import annotations

from django.contrib.auth.backends import ModelBackend

from venice_site.accounts.models import User
from venice_site.statements import Statement, gap

PERSON = Statement(lambda: User.objects.filter(pk=gap("pk")))


class Backend(ModelBackend):
    """People with a name and a password, as Django knows them."""

    def get_user(self, user_id: int) -> User | None:
        """Return the person of a session, None when they may not sign in any more."""
        found = PERSON.first(pk=user_id)
        return found if found is not None and self.user_can_authenticate(found) else None
