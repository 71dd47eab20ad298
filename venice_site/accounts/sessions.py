"""Sessions in the database, as Django keeps them; read by every request, and so by a ready statement."""

from __future__ import annotations

import copy
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY
from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.db.models import DateTimeField
from django.utils import timezone

from venice_site.statements import Statement, gap

DATA = Statement(
    lambda: Session.objects.filter(
        session_key=gap("key"), expire_date__gt=gap("now", DateTimeField())
    ).values_list("session_data")
)


class SessionStore(db.SessionStore):
    """One session."""

    def load(self) -> dict[str, Any]:
        """Return what is in the session; whoever signed in by an earlier backend stays signed in."""
        found = DATA.first(key=self.session_key, now=timezone.now())
        if found is None:
            self._session_key = None
            return {}
        held = copy.deepcopy(_decoded(found[0]))
        if BACKEND_SESSION_KEY in held:
            (held[BACKEND_SESSION_KEY],) = settings.AUTHENTICATION_BACKENDS
        return held


@lru_cache(maxsize=1024)
def _decoded(data: str) -> dict[str, Any]:
    """Return what signed data says; every request of a session brings the same."""
    return dict(SessionStore().decode(data))
