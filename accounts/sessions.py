"""Sessions in the database, what is encrypted in them (ADR 9), and forms that came after theirs had ended."""

import hashlib
import json
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode, urlsplit

from allauth.account import signals
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.base import VALID_KEY_CHARS, UpdateError
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.contrib.sessions.exceptions import SessionInterrupted
from django.contrib.sessions.middleware import SessionMiddleware as DjangoSessionMiddleware
from django.db import DatabaseError, transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Session, User

# Second-factor secrets, and what sessions hold of the kind, are encrypted: a copy of the database opens no account.


class DecryptionError(Exception):
    """None of the keys that we have opens it."""


def encrypt(text: str) -> str:
    return _fernet(settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS).encrypt(text.encode()).decode()


def decrypt(locked: str) -> str:
    """Raises DecryptionError."""
    try:
        return _fernet(settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS).decrypt(locked.encode()).decode()
    except InvalidToken as error:
        raise DecryptionError from error


@lru_cache(maxsize=4)
def _fernet(*secrets: str) -> MultiFernet:
    return MultiFernet([Fernet(_fernet_key(secret)) for secret in secrets])


def _fernet_key(secret: str) -> bytes:
    """A key for this use only (RFC 5869)."""
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"professionals: second factor").derive(secret.encode())
    return urlsafe_b64encode(derived)


# What a session holds that would open an account, or that somebody typed, is encrypted in the table (ADR 9).
#
# Django only signs a session. A copy of the table would give away codes that still work and secrets of authenticator apps.

ENCRYPTED_ITEM = "sealed"
# Codes that wait to be typed in: of a sign-in, of an address, of a forgotten password, of whoever is asked again.
CODE_KEYS = ("account_login", "account_email_verification_code", "account_password_reset_verification", "code_again")
# The key of an app before it is enrolled; what was sent in the moment that somebody was asked who they are; who signs up.
ENCRYPTED_KEYS = frozenset({*CODE_KEYS, "mfa.totp.secret", "account_reauthentication_state", "sent_late", "sign_up_details"})


def encrypt_items(data: dict[str, Any]) -> dict[str, Any]:
    """As it is stored. Most sessions hold nothing of the kind, and stay as they are."""
    secret = {name: value for name, value in data.items() if name in ENCRYPTED_KEYS}
    if not secret:
        return data
    rest = {name: value for name, value in data.items() if name not in ENCRYPTED_KEYS}
    return {**rest, ENCRYPTED_ITEM: encrypt(json.dumps(secret))}


# A browser in words that its owner knows it by, read from what it says of itself: "Firefox on Windows".

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
    """Never longer than the column of a session; nothing of what was sent but the names above is kept."""
    browser = next((name for mark, name in BROWSERS if mark in user_agent), _("A browser"))
    system = next((name for mark, name in SYSTEMS if mark in user_agent), "")
    return _("%(browser)s on %(system)s") % {"browser": browser, "system": system} if system else browser


# Sessions in the database: how they are found, how long they last, how they get a new key (ADR 9).
#
# The cookie holds a random key, the table its SHA-256.

SEEN_EVERY = timedelta(minutes=5)  # that somebody is there is written no more often


def hash_session_key(key: str) -> str:
    """What the table holds of the cookie's key: 165 random bits, so nobody finds the one from the other by trying."""
    return hashlib.sha256(key.encode()).hexdigest()


def mark_used(row: Session, now: datetime) -> Session:
    """Somebody is there: it lasts for another idle limit, but never beyond its end."""
    row.seen_at, row.expire_date = (
        now,
        min(now + (settings.STAFF_SESSION_IDLE if row.of_staff else settings.SESSION_IDLE), row.ends_at),
    )
    return row


class SessionStore(DatabaseStore):
    """`row` is what the database holds, once it has been read; `ended` the row of a session that was over by then."""

    user_agent = ""
    row: Session | None = None
    ended: Session | None = None

    def _get_session_from_db(self) -> Session | None:
        """The row, or None: then the key is forgotten, so that nobody chooses the key of a session to come."""
        found, now = Session.objects.filter(pk=hash_session_key(str(self.session_key))).first(), timezone.now()
        if found is None or found.expire_date <= now:
            self.ended, self._session_key = found, None
            return None
        self.row = found
        if found.seen_at <= now - SEEN_EVERY:
            # No row is written that has gone meanwhile.
            row = mark_used(found, now)
            Session.objects.filter(pk=row.pk).update(seen_at=row.seen_at, expire_date=row.expire_date)
        return found

    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session

    def encode(self, session_dict: dict[str, Any]) -> str:
        return super().encode(encrypt_items(session_dict))

    def decode(self, session_data: bytes | str) -> dict[str, Any]:
        # As it is used. What none of our keys opens is as if it had not been begun.
        data = super().decode(session_data)
        if ENCRYPTED_ITEM not in data:
            return data
        rest = {name: value for name, value in data.items() if name != ENCRYPTED_ITEM}
        try:
            secret: dict[str, Any] = json.loads(decrypt(data[ENCRYPTED_ITEM]))
        except DecryptionError:
            return rest
        return rest | secret

    def exists(self, session_key: str) -> bool:
        return Session.objects.filter(pk=hash_session_key(session_key)).exists()

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
                user_pk = int(data[SESSION_KEY]) if SESSION_KEY in data else None
                now = timezone.now()
                row = self.row if self.row is not None and self.row.user_id == user_pk else self._begun(user_pk, now)
                row.session_key, row.session_data = hash_session_key(str(self.session_key)), self.encode(data)
                row = mark_used(row, now)
                row.save(force_insert=must_create, force_update=not must_create)
        except DatabaseError as error:  # what save() raises when there is no such row
            if must_create:
                raise
            raise UpdateError from error
        self.row = row

    def _begun(self, user_pk: int | None, now: datetime) -> Session:
        """A session that begins now. Whoever closes the account at the same moment waits, and then ends this session too."""
        row = Session(user_id=user_pk, device=device_of(self.user_agent), started_at=now)
        if user_pk is not None:
            user = User.objects.select_for_update(no_key=True).filter(pk=user_pk, is_active=True).only("is_staff").first()
            if user is None:
                raise UpdateError
            row.of_staff = user.is_staff
        row.ends_at = now + (settings.STAFF_SESSION_LONGEST if row.of_staff else settings.SESSION_LONGEST)
        return row

    def cycle_key(self) -> None:
        """The same session under another key; one that has ended meanwhile comes back as nobody's."""
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


# A form that was sent after its session had ended: kept until its owner has signed in again, who then sends it once more.
#
# The same for one whose sender was asked again who they are (ADR 9).
#
# Forms of several pages keep their answers in drafts. This is for all others, on the staff site too. What was typed waits in
# the session in which they sign in, where it is encrypted with its address (ADR 9), and is shown to nobody but them (ADR 9).

UNSUBMITTED_FORM_KEY = "sent_late"
LARGEST_FORM = 200_000  # characters; the largest form of staff, a packing session of 200 parcels, has about 60,000
KEPT_ACCOUNT_PAGES = ("account_details", "account_email")


@dataclass(frozen=True)
class UnsubmittedForm:
    """`path` is where it was sent to; `files` says that it had some, which are not kept.

    `asked_again`: its sender was signed in all the time, and was asked who they are.
    """

    user_pk: int
    path: str
    fields: list[tuple[str, str]]
    files: bool
    asked_again: bool = False

    @property
    def written(self) -> list[str]:
        """What somebody wrote in words of their own, as far as that can be told: it has a space in it."""
        return [value for _name, value in self.fields if " " in value.strip()]


def may_keep_form(request: HttpRequest) -> bool:
    """Never passwords and codes; and what is in a draft is safe already."""
    of_account = request.path.startswith(reverse("account_login").removesuffix("login/"))
    return not getattr(request, "draft_cookie", "") and (not of_account or request.path in map(reverse, KEPT_ACCOUNT_PAGES))


def keep_unsubmitted_form(request: HttpRequest, user_pk: int, *, asked_again: bool = False) -> bool:
    """False if it may not be kept, or is too much."""
    pairs = [(name, value) for name, values in request.POST.lists() for value in values if name != "csrfmiddlewaretoken"]
    typed = {"user": user_pk, "path": request.get_full_path(), "fields": pairs, "files": bool(request.FILES)}
    if not may_keep_form(request) or len(json.dumps(typed)) > LARGEST_FORM:
        return False
    request.session[UNSUBMITTED_FORM_KEY] = {**typed, "asked_again": asked_again}
    request.kept_just_now = True  # type: ignore[attr-defined]
    return True


def unsubmitted_form(request: HttpRequest) -> UnsubmittedForm | None:
    """What waits for whoever is signed in. What another person sent from this browser goes at once."""
    found = request.session.get(UNSUBMITTED_FORM_KEY)
    if found is None:
        return None
    if found.get("user") != request.user.pk:
        forget_unsubmitted_form(request)
        return None
    fields = [(name, value) for name, value in found["fields"]]
    return UnsubmittedForm(found["user"], found["path"], fields, found["files"], found["asked_again"])


def forget_unsubmitted_form(request: HttpRequest) -> None:
    request.session.pop(UNSUBMITTED_FORM_KEY, None)


def was_resubmitted(request: HttpRequest) -> bool:
    again = request.session.get(UNSUBMITTED_FORM_KEY, {}).get("path") == request.get_full_path() and not hasattr(
        request, "kept_just_now"
    )
    return request.method == "POST" and again


# Django's session middleware, and what becomes of a form when its session has ended.


class SessionMiddleware(DjangoSessionMiddleware):
    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        request.session.user_agent = request.META.get("HTTP_USER_AGENT", "")  # type: ignore[attr-defined]

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Signed out, or signed in anew, in another window while this page was made: it is shown, and no cookie is touched."""
        if request.method == "POST" and hasattr(request, "session"):
            handle_unsubmitted_form(request, response)
        try:
            return super().process_response(request, response)
        except SessionInterrupted:
            return response


def handle_unsubmitted_form(request: HttpRequest, response: HttpResponse) -> None:
    """Keep what was sent too late; forget it once it has been sent again."""
    signed_in = SESSION_KEY in request.session
    if signed_in and was_resubmitted(request):
        forget_unsubmitted_form(request)
    ended = request.session.ended  # type: ignore[attr-defined]
    if signed_in or ended is None or ended.user_id is None or not leads_to_sign_in(response):
        return
    if keep_unsubmitted_form(request, ended.user_id):
        afterwards = urlencode({"next": reverse("account_sent_late")})
        response["Location"] = f"{reverse('account_login')}?{afterwards}"


def leads_to_sign_in(response: HttpResponse) -> bool:
    """The sign-in page, or the door of the staff site, which leads there."""
    doors = (str(settings.LOGIN_URL), reverse("staff:login"))
    return response.status_code == 302 and urlsplit(response["Location"]).path in doors


# Ending sessions. What is written here is gone at once: a request that is under way can't bring it back.

# Kept so long after it is over, so that a form sent too late is known to be its owner's (accounts/sessions.py).
KEPT_AFTER_END = timedelta(days=1)
CLEARED_AT_ONCE = 1_000


def end_sessions(*, user: User, but: str | None = None) -> int:
    """Sign this user out everywhere, but not of the session with the key `but`. How many there were."""
    ended = Session.objects.filter(user=user)
    return (ended.exclude(pk=hash_session_key(but)) if but else ended).delete()[0]


def clear_sessions(*, now: datetime) -> int:
    """Remove sessions that have been over for a day, a batch a transaction, so that nobody's sign-in waits for all of them."""
    gone = 0
    while cleared := _clear_batch(now - KEPT_AFTER_END):
        gone += cleared
    return gone


@transaction.atomic
def _clear_batch(before: datetime) -> int:
    """Those that are in use just now are left to the next time."""
    keys = Session.objects.expired(before).select_for_update(skip_locked=True).values_list("pk", flat=True)[:CLEARED_AT_ONCE]
    return Session.objects.filter(pk__in=list(keys)).delete()[0]


# What allauth tells us, and what it means for sessions: a new key for this one, an end for the others.


def connect_session_signals() -> None:
    signals.authentication_step_completed.connect(renew_session_key, dispatch_uid="sessions: new key")
    for changed in (signals.password_changed, signals.password_set, signals.email_changed):
        changed.connect(end_sessions_elsewhere, dispatch_uid="sessions: end others")
    signals.password_reset.connect(end_all_sessions, dispatch_uid="sessions: end all")


def renew_session_key(request: HttpRequest, user: User, **details: Any) -> None:
    """Who has shown again who they are, or passed the second factor, gets a key that nobody had before.

    Not at sign-in itself: there the session gets its key when it becomes theirs.
    """
    if getattr(request, "user", AnonymousUser()).is_authenticated:
        request.session.cycle_key()


def end_sessions_elsewhere(request: HttpRequest, user: User, **details: Any) -> None:
    end_sessions(user=user, but=request.session.session_key)


def end_all_sessions(request: HttpRequest, user: User, **details: Any) -> None:
    end_sessions(user=user)
