"""Sessions in the database, as Django keeps them. Every page of someone signed in asks for one: that query is compiled once."""

from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.contrib.sessions.models import Session
from django.utils import timezone

from ctac.compiled import Compiled

session_by_key = Compiled(lambda key, now: Session.objects.filter(session_key=key, expire_date__gt=now))


class SessionStore(DatabaseStore):
    def _get_session_from_db(self) -> Session | None:
        """The row, or None: then the key is forgotten, so that nobody chooses the key of a session to come."""
        found = session_by_key.first(key=self.session_key, now=timezone.now())
        if found is None:
            self._session_key = None
        return found
