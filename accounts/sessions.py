"""Sessions in the database (ADR 9), and forms that were sent after their session had ended."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

from allauth.account import signals
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.base import VALID_KEY_CHARS, UpdateError
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.contrib.sessions.exceptions import SessionInterrupted
from django.contrib.sessions.middleware import SessionMiddleware as DjangoSessionMiddleware
from django.db import DatabaseError, transaction
from django.dispatch import Signal, receiver
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.utils.translation import gettext as _, gettext_lazy

from accounts.encryption import decrypt_session_data, encrypt_session_data
from accounts.models import Session, User

# Most browsers name others too, so the order counts: Edge says Chrome and Safari, Chrome says Safari.
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
# An iPad or an Android phone also says Mac OS X or Linux.
SYSTEMS = (
    ("iPhone", gettext_lazy("an iPhone")),
    ("iPad", gettext_lazy("an iPad")),
    ("Android", gettext_lazy("Android")),
    ("CrOS", gettext_lazy("a Chromebook")),
    ("Windows", gettext_lazy("Windows")),
    ("Macintosh", gettext_lazy("a Mac")),
    ("Linux", gettext_lazy("Linux")),
)


def device_of(user_agent: str) -> str:
    """The browser in words that its owner knows, such as "Firefox on Windows", short enough for the column.

    Nothing else of the user agent is stored.
    """
    browser = next((name for mark, name in BROWSERS if mark in user_agent), _("A browser"))
    system = next((name for mark, name in SYSTEMS if mark in user_agent), "")
    return _("%(browser)s on %(system)s") % {"browser": browser, "system": system} if system else browser


SEEN_AT_INTERVAL = timedelta(minutes=5)  # `seen_at` is written no more often


def hash_session_key(key: str) -> str:
    """The hash of the cookie's key, which is what the table holds.

    A key has 165 random bits, so nobody can guess it from the hash.
    """
    return hashlib.sha256(key.encode()).hexdigest()


def mark_used(row: Session, now: datetime) -> Session:
    """Extend the session by the idle limit, but never beyond its end."""
    idle = settings.STAFF_SESSION_IDLE if row.of_staff else settings.SESSION_IDLE
    row.seen_at, row.expire_date = now, min(now + idle, row.ends_at)
    return row


class SessionStore(DatabaseStore):
    """`row` is the session's row, once it has been read. `ended` is the row of a session that was over by then."""

    user_agent = ""
    row: Session | None = None
    ended: Session | None = None

    def _get_session_from_db(self) -> Session | None:
        """The row; or None, and the key is forgotten, so that nobody can choose the key of a later session."""
        row, now = Session.objects.filter(pk=hash_session_key(str(self.session_key))).first(), timezone.now()
        if row is None or row.expire_date <= now:
            self.ended, self._session_key = row, None
            return None
        self.row = row
        if row.seen_at <= now - SEEN_AT_INTERVAL:
            mark_used(row, now)
            # update(), because save() would write again a row that was deleted meanwhile.
            Session.objects.filter(pk=row.pk).update(seen_at=row.seen_at, expire_date=row.expire_date)
        return row

    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session

    def encode(self, session_dict: dict[str, Any]) -> str:
        return super().encode(encrypt_session_data(session_dict))

    def decode(self, session_data: bytes | str) -> dict[str, Any]:
        return decrypt_session_data(super().decode(session_data))

    def exists(self, session_key: str) -> bool:
        return Session.objects.filter(pk=hash_session_key(session_key)).exists()

    def create(self) -> None:
        """Save the session under a new key. There are so many possible keys that no look-up is needed."""
        self._session_key, self.row = get_random_string(32, VALID_KEY_CHARS), None
        self.save(must_create=True)
        self.modified = True

    def save(self, must_create: bool = False) -> None:
        """Raises UpdateError if the session has ended meanwhile: a session that was ended stays ended."""
        data = self._get_session(no_load=must_create)  # type: ignore[attr-defined] # which forgets the key of a session that is not there
        if self.session_key is None:
            self.create()
            return
        try:
            with transaction.atomic():
                user_pk = int(data[SESSION_KEY]) if SESSION_KEY in data else None
                now = timezone.now()
                row = self.row if self.row is not None and self.row.user_id == user_pk else self._new_row(user_pk, now)
                row.session_key, row.session_data = hash_session_key(str(self.session_key)), self.encode(data)
                mark_used(row, now).save(force_insert=must_create, force_update=not must_create)
        except DatabaseError as error:  # raised by save() if there is no such row
            if must_create:
                raise
            raise UpdateError from error
        self.row = row

    def _new_row(self, user_pk: int | None, now: datetime) -> Session:
        """A new row. If the account is closed at the same moment, that waits for this lock, and then ends this session too."""
        row = Session(user_id=user_pk, device=device_of(self.user_agent), started_at=now)
        if user_pk is not None:
            user = User.objects.select_for_update(no_key=True).filter(pk=user_pk, is_active=True).only("is_staff").first()
            if user is None:
                raise UpdateError
            row.of_staff = user.is_staff
        row.ends_at = now + (settings.STAFF_SESSION_LONGEST if row.of_staff else settings.SESSION_LONGEST)
        return row

    def cycle_key(self) -> None:
        """Give the session another key. If it has ended meanwhile, begin a new one in which nobody is signed in."""
        data = self._session  # type: ignore[attr-defined]
        old, new = self.session_key, get_random_string(32, VALID_KEY_CHARS)
        if old is not None and Session.objects.filter(pk=hash_session_key(old)).update(session_key=hash_session_key(new)):
            self._session_key, self.modified = new, True
            return
        self._session_cache = {} if SESSION_KEY in data else data
        self.create()

    def delete(self, session_key: str | None = None) -> None:
        key = self.session_key if session_key is None else session_key
        if key is not None:
            Session.objects.filter(pk=hash_session_key(key)).delete()

    def flush(self) -> None:
        super().flush()
        self.row = None


# A form waits in the session, encrypted, if its session had ended or its sender had to reauthenticate, until its owner sends it
# once more. Forms of several pages keep their answers in drafts; this is for all others, on the staff site too (ADR 9).

UNSUBMITTED_FORM_KEY = "sent_late"
MAX_FORM_LENGTH = 200_000  # characters; the largest form of staff, a packing session of 200 parcels, has about 60,000
KEPT_ACCOUNT_PAGES = ("account_details", "account_email")


@dataclass(frozen=True)
class UnsubmittedForm:
    """A form that waits. `path` is where it was sent to. `files` says whether it had files, which are not kept.

    `asked_again`: its sender was signed in all the time, but had to reauthenticate.
    """

    user_pk: int
    path: str
    fields: list[tuple[str, str]]
    files: bool
    asked_again: bool = False

    @property
    def texts(self) -> list[str]:
        """The answers that people wrote in words of their own, judged by a space in them."""
        return [value for _name, value in self.fields if " " in value.strip()]


def keep_unsubmitted_form(request: HttpRequest, user_pk: int, *, asked_again: bool = False) -> bool:
    """Keep the form in the session. False if it is too large or may not be kept.

    Passwords and codes never are, and the answers in a draft are safe already.
    """
    of_account = request.path.startswith(reverse("account_login").removesuffix("login/"))
    if getattr(request, "draft_cookie", "") or (of_account and request.path not in map(reverse, KEPT_ACCOUNT_PAGES)):
        return False
    pairs = [(name, value) for name, values in request.POST.lists() for value in values if name != "csrfmiddlewaretoken"]
    typed = {"user": user_pk, "path": request.get_full_path(), "fields": pairs, "files": bool(request.FILES)}
    if len(json.dumps(typed)) > MAX_FORM_LENGTH:
        return False
    request.session[UNSUBMITTED_FORM_KEY] = {**typed, "asked_again": asked_again}
    request.form_was_kept = True  # type: ignore[attr-defined]
    return True


def unsubmitted_form(request: HttpRequest) -> UnsubmittedForm | None:
    """The waiting form of the signed-in user. One that somebody else sent from this browser is dropped."""
    waiting = request.session.get(UNSUBMITTED_FORM_KEY)
    if waiting is None:
        return None
    if waiting.get("user") != request.user.pk:
        forget_unsubmitted_form(request)
        return None
    fields = [(name, value) for name, value in waiting["fields"]]
    return UnsubmittedForm(waiting["user"], waiting["path"], fields, waiting["files"], waiting["asked_again"])


def forget_unsubmitted_form(request: HttpRequest) -> None:
    request.session.pop(UNSUBMITTED_FORM_KEY, None)


class SessionMiddleware(DjangoSessionMiddleware):
    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        request.session.user_agent = request.META.get("HTTP_USER_AGENT", "")  # type: ignore[attr-defined]

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """If a session ended in another window meanwhile, the page is shown all the same, and no cookie is touched."""
        if request.method == "POST" and hasattr(request, "session"):
            handle_unsubmitted_form(request, response)
        try:
            return super().process_response(request, response)
        except SessionInterrupted:
            return response


def handle_unsubmitted_form(request: HttpRequest, response: HttpResponse) -> None:
    """Keep a form whose session had ended; forget it once it has been sent again."""
    if SESSION_KEY in request.session:
        waiting = request.session.get(UNSUBMITTED_FORM_KEY, {})
        if waiting.get("path") == request.get_full_path() and not hasattr(request, "form_was_kept"):
            forget_unsubmitted_form(request)
        return
    ended = request.session.ended  # type: ignore[attr-defined]
    if ended is None or ended.user_id is None or response.status_code != 302:
        return
    # The staff site's own sign-in page leads to the same one.
    to_sign_in = urlsplit(response["Location"]).path in {str(settings.LOGIN_URL), reverse("staff:login")}
    if to_sign_in and keep_unsubmitted_form(request, ended.user_id):
        query = urlencode({"next": reverse("account_sent_late")})
        response["Location"] = f"{reverse('account_login')}?{query}"


# Ended sessions are kept this long, to know the owner of a form that was sent too late.
ENDED_SESSION_PERIOD = timedelta(days=1)
CLEAR_BATCH_SIZE = 1_000


def end_sessions(*, user: User, but: str | None = None) -> int:
    """Sign this user out everywhere, but not of the session with the key `but`; a request under way can't bring one back.

    Returns how many there were.
    """
    ended = Session.objects.filter(user=user)
    return (ended.exclude(pk=hash_session_key(but)) if but else ended).delete()[0]


def clear_sessions(*, now: datetime) -> int:
    """Delete sessions that have been over for a day.

    A transaction for each batch, so that nobody's sign-in waits for all of them.
    """
    gone = 0
    while True:
        with transaction.atomic():
            # Sessions in use are left for the next time.
            over = Session.objects.filter(expire_date__lte=now - ENDED_SESSION_PERIOD).select_for_update(skip_locked=True)
            cleared = Session.objects.filter(pk__in=list(over.values_list("pk", flat=True)[:CLEAR_BATCH_SIZE])).delete()[0]
        gone += cleared
        if not cleared:
            return gone


@receiver(signals.authentication_step_completed)
def renew_session_key(request: HttpRequest, user: User, **details: Any) -> None:
    """Change the session's key after reauthentication or the second factor. At sign-in itself it gets a new one anyway."""
    if getattr(request, "user", AnonymousUser()).is_authenticated:
        request.session.cycle_key()


@receiver([signals.password_changed, signals.password_set, signals.email_changed, signals.password_reset])
def end_sessions_after_change(request: HttpRequest, user: User, signal: Signal, **details: Any) -> None:
    """End all other sessions of the user; after the reset of a forgotten password, this one too."""
    end_sessions(user=user, but=None if signal is signals.password_reset else request.session.session_key)
