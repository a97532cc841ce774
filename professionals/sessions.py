"""Sessions in the database: how they are found, how long they last, how they get a new key (ADR 64).

The cookie holds a random key, the table its SHA-256.
"""

import hashlib
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import VALID_KEY_CHARS, UpdateError
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.db import DatabaseError, transaction
from django.utils import timezone
from django.utils.crypto import get_random_string

from professionals.devices import device_of
from professionals.models import Session, User
from professionals.sealed_session import opened, sealed

SEEN_EVERY = timedelta(minutes=5)  # that somebody is there is written no more often


def kept_as(key: str) -> str:
    """What the table holds of the cookie's key: 165 random bits, so nobody finds the one from the other by trying."""
    return hashlib.sha256(key.encode()).hexdigest()


def idle_limit(row: Session) -> timedelta:
    return settings.STAFF_SESSION_IDLE if row.of_staff else settings.SESSION_IDLE


def longest(row: Session) -> timedelta:
    return settings.STAFF_SESSION_LONGEST if row.of_staff else settings.SESSION_LONGEST


def used(row: Session, now: datetime) -> Session:
    """Somebody is there: it lasts for another idle limit, but never beyond its end."""
    row.seen_at, row.expire_date = now, min(now + idle_limit(row), row.ends_at)
    return row


class SessionStore(DatabaseStore):
    """`row` is what the database holds, once it has been read; `ended` the row of a session that was over by then."""

    user_agent = ""
    row: Session | None = None
    ended: Session | None = None

    def _get_session_from_db(self) -> Session | None:
        """The row, or None: then the key is forgotten, so that nobody chooses the key of a session to come."""
        found, now = Session.objects.filter(pk=kept_as(str(self.session_key))).first(), timezone.now()
        if found is None or found.expire_date <= now:
            self.ended, self._session_key = found, None
            return None
        self.row = found
        if found.seen_at <= now - SEEN_EVERY:
            self._touch(used(found, now))
        return found

    def _touch(self, row: Session) -> None:
        """No row is written that has gone meanwhile."""
        Session.objects.filter(pk=row.pk).update(seen_at=row.seen_at, expire_date=row.expire_date)

    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session

    def encode(self, session_dict: dict[str, Any]) -> str:
        return super().encode(sealed(session_dict))

    def decode(self, session_data: bytes | str) -> dict[str, Any]:
        return opened(super().decode(session_data))

    def exists(self, session_key: str) -> bool:
        return Session.objects.filter(pk=kept_as(session_key)).exists()

    def create(self) -> None:
        """Under a key that nobody had: so many are possible that the database need not be asked."""
        self._session_key, self.row = get_random_string(32, VALID_KEY_CHARS), None
        self.save(must_create=True)
        self.modified = True

    def save(self, must_create: bool = False) -> None:
        """Raises UpdateError if the session has ended meanwhile: what was signed out stays signed out."""
        data = self._get_session(no_load=must_create)  # type: ignore[attr-defined] # which forgets the key of a session that is not there
        if self.session_key is None:
            self.create()
            return
        try:
            with transaction.atomic():
                row = self.create_model_instance(data)
                row.save(force_insert=must_create, force_update=not must_create)
        except DatabaseError as error:  # what save() raises when there is no such row
            if must_create:
                raise
            raise UpdateError from error
        self.row = row

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        user_pk = int(data[SESSION_KEY]) if SESSION_KEY in data else None
        now = timezone.now()
        row = self.row if self.row is not None and self.row.user_id == user_pk else self._begun(user_pk, now)
        row.session_key, row.session_data = kept_as(str(self.session_key)), self.encode(data)
        return used(row, now)

    def _begun(self, user_pk: int | None, now: datetime) -> Session:
        """A session that begins now. Whoever closes the account at the same moment waits, and then ends this session too."""
        row = Session(user_id=user_pk, device=device_of(self.user_agent), started_at=now)
        if user_pk is not None:
            user = User.objects.select_for_update(no_key=True).filter(pk=user_pk, is_active=True).only("is_staff").first()
            if user is None:
                raise UpdateError
            row.of_staff = user.is_staff
        row.ends_at = now + longest(row)
        return row

    def cycle_key(self) -> None:
        """The same session under another key; one that has ended meanwhile comes back as nobody's."""
        data = self._session  # type: ignore[attr-defined]
        old, new = self.session_key, get_random_string(32, VALID_KEY_CHARS)
        if old is not None and Session.objects.filter(pk=kept_as(old)).update(session_key=kept_as(new)):
            self._session_key, self.modified = new, True
            return
        self._session_cache = {} if SESSION_KEY in data else data
        self.create()

    def delete(self, session_key: str | None = None) -> None:
        key = self.session_key if session_key is None else session_key
        if key is not None:
            Session.objects.filter(pk=kept_as(key)).delete()

    def flush(self) -> None:
        super().flush()
        self.row = None
