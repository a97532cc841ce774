"""Drafts: the answers to a form of several pages, kept while the person goes and signs in.

A draft is found by a cookie or, once they have signed in, by the person, on any device. The cookie holds a random secret; only
its hash is stored. Signing out deletes the cookie, so that the next user of a shared PC sees nothing, but leaves the draft for
the person's next sign-in. When a session runs out, both stay.
"""

import hashlib
import json
import re
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, transaction
from django.db.models import F, Func, JSONField, Q, QuerySet, Value
from django.http import HttpRequest

from accounts.services import AccountGoneError
from professionals.models import Draft, DraftKind, Person
from professionals.services import lock_person

MERGED_STEPS = {"basket"}  # steps whose answers of two devices are merged
PREREQUISITE_BY_STEP = {"when": "where"}  # step → the step without which it means nothing
# Answers that are most likely about the person who typed them: step → answer → the person's detail.
DETAILS_BY_STEP = {
    "delivery": {"name": "name", "organisation_name": "organisation_name", "postcode": "postcode"},
    "where": {"contact_name": "name", "contact_phone": "phone", "postcode": "postcode", "audience_profession": "profession"},
}
DRAFT_RETENTION_PERIOD = timedelta(hours=48)
FLAGGED_RETENTION_PERIOD = timedelta(hours=2)  # with a text that may be about a child: long enough to finish the form
SECRET_PATTERN = re.compile(r"[A-Za-z0-9_-]{43}")  # what secrets.token_urlsafe(32) makes: 256 bits


def find(request: HttpRequest, kind: str, now: datetime, *, along: Sequence[str] = ()) -> Draft | None:
    """The draft of this kind that the reader is filling in. The person's own counts before one of the cookie alone.

    `along` names related rows to select with it. Without a cookie and a person it costs no statement.
    """
    drafts = _draft_cache(request)
    if kind not in drafts:
        rows = _reader_drafts(request, now)
        if rows is None:
            return None
        rows = rows.filter(kind=kind)
        drafts[kind] = (rows.select_related(*along) if along else rows).first()
    return drafts[kind]


def read_all(request: HttpRequest, now: datetime) -> None:
    """Read the drafts of all kinds in one statement, for a page that shows several. `find` then needs no statement."""
    rows = _reader_drafts(request, now)
    if rows is not None:
        _draft_cache(request).update({**dict.fromkeys(DraftKind.values), **{draft.kind: draft for draft in rows.reverse()}})


def _reader_drafts(request: HttpRequest, now: datetime) -> QuerySet[Draft] | None:
    """The reader's drafts, their own before those of the cookie alone; None without a cookie and a person."""
    secret, person = _secret(request), getattr(request, "person", None)
    if not secret and not person:
        return None
    owner = Q(person=person.pk) if person else Q(pk__in=[])
    if secret:
        owner |= Q(person=None, key_hash=_hash(secret)) if person else Q(key_hash=_hash(secret))
    return Draft.objects.filter(owner, expires_at__gt=now).order_by(F("person").asc(nulls_last=True))


def has_drafts(request: HttpRequest, now: datetime) -> bool:
    """Whether anything typed in this browser, in any form, is stored. Without a cookie it needs no statement."""
    secret = _secret(request)
    return bool(secret) and Draft.objects.filter(key_hash=_hash(secret), expires_at__gt=now).exists()


def _draft_cache(request: HttpRequest) -> dict[str, Draft | None]:
    """The drafts that this request has read, by kind, so that it reads each only once."""
    drafts: dict[str, Draft | None] = request.__dict__.setdefault("_drafts", {})
    return drafts


def save_answers(request: HttpRequest, kind: str, steps: Mapping[str, dict[str, Any]], now: datetime) -> Draft:
    """Save the answers of these pages in the draft of this kind. If there is none, or it is gone, a new one is begun."""
    draft = find(request, kind, now)
    if draft is None or not save_steps(draft, steps, now):
        draft = _start(request, kind, now, steps)
    return _attach_cookie(request, draft)


def find_or_start(request: HttpRequest, kind: str, now: datetime) -> Draft:
    """The draft of this kind, begun if there is none; the cookie goes out with the response."""
    _draft_cache(request).clear()  # what is written next depends on the draft as it is now
    return _attach_cookie(request, find(request, kind, now) or _start(request, kind, now, {}))


def ensure_cookie(request: HttpRequest) -> None:
    """Give this browser its cookie before anything is kept: with the same one it can go back to a page that answered (ADR 5)."""
    if not _secret(request):
        _new_secret(request)


def _attach_cookie(request: HttpRequest, draft: Draft) -> Draft:
    """Give this browser the cookie by which it finds the draft."""
    key_hash = _hash(_send_cookie(request, _secret(request) or _new_secret(request)))
    if draft.key_hash != key_hash:  # so this browser also finds the person's draft after the session has run out
        with suppress(IntegrityError), transaction.atomic():  # this browser may have another draft of the kind
            Draft.objects.filter(pk=draft.pk).update(key_hash=key_hash)
            draft.key_hash = key_hash
    _draft_cache(request)[draft.kind] = draft
    return draft


def save_step(draft: Draft, step: str, answers: dict[str, Any], now: datetime) -> None:
    """Keep the answers of one page, for 48 hours from now. Other pages' answers, saved in another tab, stay as they are."""
    save_steps(draft, {step: answers}, now)


def save_steps(draft: Draft, steps: Mapping[str, dict[str, Any]], now: datetime) -> bool:
    """Save the answers of several pages (see save_step). False if the draft is gone: it was sent off in another tab."""
    entry = _json_values(steps)
    draft.answers = {**draft.answers, **entry}
    draft.expires_at = now + _retention_period(draft.answers)
    merged = Func(F("answers"), Value(entry, JSONField()), template="(%(expressions)s)", arg_joiner=" || ")
    return Draft.objects.filter(pk=draft.pk).update(answers=merged, expires_at=draft.expires_at) == 1


def _json_values(steps: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The answers as they come back from the database: dates as text."""
    stored: dict[str, dict[str, Any]] = json.loads(json.dumps(steps, cls=DjangoJSONEncoder))
    return stored


def _retention_period(answers: Mapping[str, Any]) -> timedelta:
    """How long a draft stays: shorter if one of its texts looks like a child's details (product.md, rule 6)."""
    return (
        FLAGGED_RETENTION_PERIOD
        if any(isinstance(step, dict) and step.get("flagged") for step in answers.values())
        else DRAFT_RETENTION_PERIOD
    )


@transaction.atomic
def claim_drafts(request: HttpRequest, person: Person, now: datetime) -> None:
    """After sign-in: give the person what was typed in this browser, over what they typed on another device.

    A draft that belongs to another person stays theirs, and this browser forgets it. Raises AccountGoneError.
    """
    _draft_cache(request).clear()
    secret = _secret(request)
    if not secret:
        return
    if Person.objects.select_for_update().get(pk=person.pk).erased_at is not None:  # two sign-ins at once take turns
        raise AccountGoneError
    drafts = list(Draft.objects.select_for_update().filter(key_hash=_hash(secret)).order_by("pk"))
    if any(draft.person_id not in (None, person.pk) for draft in drafts):
        _new_secret(request)
    for draft in drafts:
        if draft.person_id is None and draft.answers and draft.expires_at > now:
            _give_to_person(draft, person, now)


def _give_to_person(draft: Draft, person: Person, now: datetime) -> None:
    """Give the draft to the person. If they have one already, that stays, with these answers over its own, under this cookie."""
    existing = Draft.objects.select_for_update().filter(person=person, kind=draft.kind).first()
    if existing is None or existing.expires_at <= now:
        if existing:
            existing.delete()
        draft.person = person
        draft.save(update_fields=["person"])
        return
    # Each page as it was typed last, except that two baskets become one. A page that depends on another goes if that one was
    # answered again: a time was offered for one place.
    newer = draft.answers
    older = {step: answers for step, answers in existing.answers.items() if PREREQUISITE_BY_STEP.get(step) not in newer}
    existing.answers = older | {
        step: {**older.get(step, {}), **answers} if step in MERGED_STEPS else answers for step, answers in newer.items()
    }
    existing.key_hash = draft.key_hash
    existing.expires_at = min(max(existing.expires_at, draft.expires_at), now + _retention_period(existing.answers))
    # Rows of other apps that belong to a draft, such as a held slot: those of the newer one count, if it has any.
    for relation in Draft._meta.related_objects:
        rows = relation.related_model._base_manager
        moved = rows.filter(**{relation.field.name: draft})
        if moved.exists():
            rows.filter(**{relation.field.name: existing}).delete()
            moved.update(**{relation.field.name: existing})
    draft.delete()
    existing.save(update_fields=["answers", "key_hash", "expires_at"])


def typed_details(request: HttpRequest, now: datetime) -> dict[str, str]:
    """What somebody without a Person typed about themselves in this browser, for the details form. The newest draft counts."""
    found: dict[str, str] = {}
    if secret := _secret(request):
        for draft in Draft.objects.filter(person=None, key_hash=_hash(secret), expires_at__gt=now).order_by("expires_at"):
            for step, names in DETAILS_BY_STEP.items():
                answers = draft.answers.get(step, {})
                found |= {detail: answers[name] for name, detail in names.items() if answers.get(name)}
    return found


def finish(draft: Draft) -> None:
    """Delete a draft whose booking, order or change is stored."""
    draft.delete()


def forget_cookie(request: HttpRequest) -> None:
    """Make the response delete the cookie, at sign-out."""
    _send_cookie(request, "")


def digest(answers: dict[str, Any]) -> str:
    """A fingerprint of the answers, the same for the same content in any order."""
    return hashlib.sha256(json.dumps(answers, sort_keys=True, cls=DjangoJSONEncoder).encode()).hexdigest()


def _start(request: HttpRequest, kind: str, now: datetime, steps: Mapping[str, dict[str, Any]]) -> Draft:
    """Begin a draft with these answers under this browser's cookie. If another person has a draft under it, use a new cookie.

    Raises AccountGoneError if the person is erased at this moment.
    """
    person = getattr(request, "person", None) or None
    person_pk = person.pk if person else None
    key_hash = _hash(_secret(request) or _new_secret(request))
    while True:
        answers = _json_values(steps)
        fields = {"answers": answers, "token": secrets.token_urlsafe(32), "expires_at": now + _retention_period(answers)}
        with suppress(IntegrityError), transaction.atomic():
            if person:
                lock_person(person)  # an erasure comes before this or after it
            return Draft.objects.create(kind=kind, person_id=person_pk, key_hash=key_hash, **fields)
        for other in Draft.objects.filter(Q(person=person_pk or 0) | Q(key_hash=key_hash), kind=kind):
            if other.expires_at <= now:
                other.delete()
            elif other.person_id != person_pk:
                key_hash = _hash(_new_secret(request))
            elif not steps or save_steps(other, steps, now):
                return other  # begun in another tab meanwhile


def _secret(request: HttpRequest) -> str:
    """The secret in the cookie: one that this request has set, or the one that the browser sent, if it has the right shape."""
    sent = getattr(request, "draft_cookie", None)
    if sent is None:
        sent = request.COOKIES.get(settings.DRAFT_COOKIE_NAME, "")
    return sent if SECRET_PATTERN.fullmatch(sent) else ""


def _new_secret(request: HttpRequest) -> str:
    return _send_cookie(request, secrets.token_urlsafe(32))


def _send_cookie(request: HttpRequest, secret: str) -> str:
    """Have PersonMiddleware put the cookie on the response. A new cookie finds other drafts."""
    if secret != _secret(request):
        _draft_cache(request).clear()
    request.draft_cookie = secret  # type: ignore[attr-defined]
    return secret


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
