"""Drafts: what someone has typed in a form of several pages, kept while they go and sign in.

A draft is found by a cookie, and once they have signed in by the person, on any device. The cookie holds a random secret of
which only a hash is stored. Signing out takes the cookie away (the next user of a shared PC sees nothing) and leaves the
draft for the person's next sign-in; a session that ran out keeps both.
"""

import hashlib
import json
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, TypeVar

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, connection, transaction
from django.db.models import F, Model, Q, QuerySet
from django.http import HttpRequest

from ctac.compiled import Compiled, Insert, Together
from professionals.models import Draft, Person
from professionals.services.locking import AccountGoneError, refuse_if_erased

M = TypeVar("M", bound=Model)
ADDED_UP = {"basket"}  # steps whose answers of two devices are added up
RESTS_ON = {"when": "where"}  # step → the step that it means nothing without
KEPT_FOR = timedelta(hours=48)
FLAGGED_FOR = timedelta(hours=2)  # with a text that may be about a child: long enough to finish the form
SAVE_STEP = "UPDATE professionals_draft SET answers = answers || %s::jsonb, expires_at = %s WHERE id = %s"
SECRET = re.compile(r"[A-Za-z0-9_-]{43}")  # what secrets.token_urlsafe(32) makes: 256 bits


def find(request: HttpRequest, kind: str, now: datetime, *, along: str = "") -> Draft | None:
    """The draft of this kind that whoever asks is filling in. The person's own counts before one of the cookie alone.

    `along`: the row of another app that belongs to it, by the name of its one-to-one relation, read with it.
    """
    found = _found(request)
    if kind not in found:
        asked = _question(request, kind, now, along)
        found[kind] = asked.question.first(**asked.values) if asked else None
    return found[kind]


def find_beside(
    request: HttpRequest, kind: str, now: datetime, question: Compiled[M], values: dict[str, Any], *, along: str = ""
) -> tuple[Draft | None, M | None]:
    """The same, and the first row of another question, in one statement."""
    found = _found(request)
    asked = None if kind in found else _question(request, kind, now, along)
    if asked is None:
        return found.setdefault(kind, None), question.first(**values)
    found[kind], row = _both(asked.question, question).first(asked.values, values)
    return found[kind], row


@dataclass(frozen=True)
class _Asked:
    """Which question finds the draft, and what is known."""

    question: Compiled[Draft]
    values: dict[str, Any]


def _question(request: HttpRequest, kind: str, now: datetime, along: str) -> _Asked | None:
    """None for whoever has no cookie and is nobody we know: they have no draft."""
    secret, person = _secret(request), getattr(request, "person", None)
    whose = ({"person": person.pk} if person else {}) | ({"key_hash": _hash(secret)} if secret else {})
    return _Asked(_of(tuple(whose), along), {**whose, "kind": kind, "now": now}) if whose else None


@cache
def _of(whose: tuple[str, ...], along: str) -> Compiled[Draft]:
    """Found by the person, by the cookie, or by both: then the person's own before that of the cookie alone."""
    return Compiled({("person",): _of_person, ("key_hash",): _of_cookie, ("person", "key_hash"): _of_either}[whose](along))


@cache
def _both(draft: Compiled[Draft], other: Compiled[Any]) -> Together:
    return Together(draft, other)


Question = Callable[..., QuerySet[Draft]]


def _of_person(along: str) -> Question:
    return lambda person, kind, now: _unexpired(kind, now, along).filter(person_id=person)


def _of_cookie(along: str) -> Question:
    return lambda key_hash, kind, now: _unexpired(kind, now, along).filter(key_hash=key_hash)


def _of_either(along: str) -> Question:
    return lambda person, key_hash, kind, now: (
        _unexpired(kind, now, along)
        .filter(Q(person_id=person) | Q(person=None, key_hash=key_hash))
        .order_by(F("person").asc(nulls_last=True))[:1]
    )


def _unexpired(kind: object, now: object, along: str) -> QuerySet[Draft]:
    rows = Draft.objects.filter(kind=kind, expires_at__gt=now)
    return rows.select_related(along) if along else rows


_in_the_way = Compiled(lambda person, key_hash, kind: Draft.objects.filter(Q(person_id=person) | Q(key_hash=key_hash), kind=kind))
_begin = Insert(Draft, "ON CONFLICT DO NOTHING")
# The person is locked as by any row that points to them: whoever erases them comes before or after.
NOT_ERASED = "(SELECT TRUE FROM professionals_person WHERE id = %(person_id)s AND erased_at IS NULL FOR KEY SHARE)"
_begin_of_person = Insert(Draft, "ON CONFLICT DO NOTHING", only_if=NOT_ERASED)


def _found(request: HttpRequest) -> dict[str, Draft | None]:
    """What this request has found so far, by kind: it asks the database once."""
    found: dict[str, Draft | None] = request.__dict__.setdefault("_found_drafts", {})
    return found


def keep(request: HttpRequest, kind: str, steps: Mapping[str, dict[str, Any]], now: datetime) -> Draft:
    """Keep the answers of these pages in the draft of this kind, begun if there is none, or none any more."""
    draft = find(request, kind, now)
    if draft is None or not save_steps(draft, steps, now):
        draft = _start(request, kind, now, steps)
    return _send(request, draft)


def find_or_start(request: HttpRequest, kind: str, now: datetime) -> Draft:
    """The draft of this kind, begun if there is none; the cookie goes out with the response."""
    _forget_found(request)  # what is about to be written rests on the draft as it is now
    return _send(request, find(request, kind, now) or _start(request, kind, now, {}))


def _send(request: HttpRequest, draft: Draft) -> Draft:
    """Give this browser the cookie that finds it."""
    secret = _send_cookie(request, _secret(request) or _new_secret(request))
    _bind(draft, _hash(secret))
    _found(request)[draft.kind] = draft
    return draft


def _forget_found(request: HttpRequest) -> None:
    request.__dict__.pop("_found_drafts", None)


def save_step(draft: Draft, step: str, answers: dict[str, Any], now: datetime) -> None:
    """Keep the answers of one page, for 48 hours from now. Other pages' answers, saved in another tab, stay as they are."""
    save_steps(draft, {step: answers}, now)


def save_steps(draft: Draft, steps: Mapping[str, dict[str, Any]], now: datetime) -> bool:
    """The same for several pages. False if the draft is gone: it was placed in another tab."""
    entry = json.dumps(steps, cls=DjangoJSONEncoder)
    draft.answers = {**draft.answers, **json.loads(entry)}  # as they come back from the database: dates as text
    draft.expires_at = now + _kept_for(draft.answers)
    with connection.cursor() as cursor:
        cursor.execute(SAVE_STEP, [entry, draft.expires_at, draft.pk])
        return cursor.rowcount == 1


def _kept_for(answers: Mapping[str, Any]) -> timedelta:
    """A text that its writer kept though it looked like a child's details (product.md, rule 6) makes the draft short-lived."""
    return FLAGGED_FOR if any(isinstance(step, dict) and step.get("flagged") for step in answers.values()) else KEPT_FOR


@transaction.atomic
def adopt(request: HttpRequest, person: Person, now: datetime) -> None:
    """After sign-in: what was typed with this browser becomes the person's, laid over what they typed on another device.

    A draft that another person has made theirs stays theirs, and this browser forgets it. Raises AccountGoneError.
    """
    _forget_found(request)
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
            _give(draft, person, now)


def _give(draft: Draft, person: Person, now: datetime) -> None:
    """Make it the person's. A draft that they have already stays, with these answers over its own and under this cookie."""
    theirs = Draft.objects.select_for_update().filter(person=person, kind=draft.kind).first()
    if theirs and theirs.expires_at > now:
        theirs.answers = _laid_over(theirs.answers, draft.answers)
        theirs.key_hash = draft.key_hash
        theirs.expires_at = min(max(theirs.expires_at, draft.expires_at), now + _kept_for(theirs.answers))
        _hand_over_what_is_bound(draft, theirs)
        draft.delete()
        theirs.save(update_fields=["answers", "key_hash", "expires_at"])
        return
    if theirs:
        theirs.delete()
    draft.person = person
    draft.save(update_fields=["person"])


def _laid_over(older: dict[str, Any], newer: dict[str, Any]) -> dict[str, Any]:
    """Both drafts' answers: each page whole as it was typed last, but two baskets become one.

    A page that rests on another goes when that one was answered anew: a time was offered for a place.
    """
    kept = {step: answers for step, answers in older.items() if RESTS_ON.get(step) not in newer}
    return kept | {step: {**kept.get(step, {}), **answers} if step in ADDED_UP else answers for step, answers in newer.items()}


def _hand_over_what_is_bound(draft: Draft, to: Draft) -> None:
    """Rows of other apps that belong to a draft, such as a slot that is kept: those of the newer one count, if it has any."""
    for relation in Draft._meta.related_objects:
        rows = relation.related_model._base_manager
        newer = rows.filter(**{relation.field.name: draft})
        if newer.exists():
            rows.filter(**{relation.field.name: to}).delete()
            newer.update(**{relation.field.name: to})


def finish(draft: Draft) -> None:
    """Forget the draft: what it was for is stored."""
    Draft.objects.filter(pk=draft.pk).delete()


def forget_cookie(request: HttpRequest) -> None:
    """At sign-out: the response takes the cookie away."""
    _send_cookie(request, "")


def digest(answers: dict[str, Any]) -> str:
    """A fingerprint of the answers, the same for the same content in any order."""
    return hashlib.sha256(json.dumps(answers, sort_keys=True, cls=DjangoJSONEncoder).encode()).hexdigest()


def _start(request: HttpRequest, kind: str, now: datetime, steps: Mapping[str, dict[str, Any]]) -> Draft:
    """Begin a draft under this cookie with these answers; another person's under it gets this browser a new cookie.

    Raises AccountGoneError for who is erased at this moment.
    """
    person = getattr(request, "person", None) or None
    person_pk = person.pk if person else None
    begin = _begin_of_person if person else _begin
    key_hash = _hash(_secret(request) or _new_secret(request))
    while True:
        answers = json.loads(json.dumps(steps, cls=DjangoJSONEncoder))
        fields = {"answers": answers, "token": secrets.token_urlsafe(32), "expires_at": now + _kept_for(answers)}
        draft = Draft(kind=kind, person_id=person_pk, key_hash=key_hash, **fields)
        if begin(draft):
            return draft
        in_the_way = _in_the_way.all(person=person_pk or 0, key_hash=key_hash, kind=kind)
        if person and not in_the_way:
            refuse_if_erased(person)
        for other in in_the_way:
            if other.expires_at <= now:
                other.delete()
            elif other.person_id != person_pk:
                key_hash = _hash(_new_secret(request))
            elif not steps or save_steps(other, steps, now):
                return other  # begun in another tab meanwhile


def _bind(draft: Draft, key_hash: str) -> None:
    """Let the browser in use find the person's draft also when the session has run out."""
    if draft.key_hash == key_hash:
        return
    try:
        with transaction.atomic():
            Draft.objects.filter(pk=draft.pk).update(key_hash=key_hash)
    except IntegrityError:
        return  # this browser already has another draft of the kind
    draft.key_hash = key_hash


def _secret(request: HttpRequest) -> str:
    """The cookie's secret: one given in this very request, else what the browser sent, if it has the right shape."""
    sent = getattr(request, "draft_cookie", None)
    if sent is None:
        sent = request.COOKIES.get(settings.DRAFT_COOKIE_NAME, "")
    return sent if SECRET.fullmatch(sent) else ""


def _new_secret(request: HttpRequest) -> str:
    return _send_cookie(request, secrets.token_urlsafe(32))


def _send_cookie(request: HttpRequest, secret: str) -> str:
    """PersonMiddleware puts it on the response. Another cookie finds other drafts."""
    if secret != _secret(request):
        _forget_found(request)
    request.draft_cookie = secret  # type: ignore[attr-defined]
    return secret


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
