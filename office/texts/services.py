"""Writing a wording, approving it, and going back. What was written or decided never changes; steps are only added."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError
from office.texts.markup import MAX_SENTENCE_WORDS, discouraged_words, long_sentences, plain_text, readable_text, uses_word
from office.texts.models import StepKind, TextStep, TextVersion
from office.texts.queries import CACHED_WORDINGS, live_wordings
from office.texts.sources import Sentence, get_sentences, wording_error

NOT_LIVE_MESSAGE = _("Readers don’t get this wording any more. Open the page again.")
PHONE_NUMBER_PATTERN = re.compile(r"\b999\b|\+?\d[\d ()-]{7,}\d")
Guard = Callable[[str], bool]
_guards: list[tuple[Guard, str | Promise]] = []


def register_guard(guard: Guard, warning: str | Promise) -> None:
    """Add a check of texts that a higher app knows, such as of a child's details. Called in AppConfig.ready()."""
    if (guard, warning) not in _guards:
        _guards.append((guard, warning))


def guard_warnings(text: str) -> list[str]:
    return [str(warning) for guard, warning in _guards if guard(text)]


class NewerWordingError(DomainError):
    """Two colleagues wrote at the same time. The second must read the first one's wording before they save."""

    message = _(
        "Somebody has written a new wording since you opened this page. Read it below, then save yours if it is still needed."
    )
    passing = True


def normalise_text(text: str) -> str:
    """The text on one line, as a sentence stands."""
    return " ".join(text.split())


def text_warnings(sentence: Sentence, text: str) -> list[str]:
    """Warnings that the author must read, and may answer with a reason."""
    words = readable_text(plain_text(text))
    found = guard_warnings(text)
    if len(PHONE_NUMBER_PATTERN.findall(text)) > len(PHONE_NUMBER_PATTERN.findall(sentence.editable)):
        found.append(
            str(_("It has a phone number. When that changes in the settings, this sentence will still have the old one."))
        )
    if long := long_sentences(words):
        found.append(
            str(_("It has a sentence of more than %(most)s words: “%(part)s”")) % {"most": MAX_SENTENCE_WORDS, "part": long[0]}
        )
    if sentence.language.startswith("en"):
        for word, instead in discouraged_words().items():
            if uses_word(words, word):
                found.append(
                    str(_("We don’t use “%(word)s”. We say: %(instead)s.")) % {"word": word, "instead": instead.rstrip(".")}
                )
    return found


@transaction.atomic
def write_text(sentence: Sentence, *, text: str, seen: int, by: Any, now: datetime, reason: str = "") -> TextVersion:
    """Save a new version, which waits until somebody else approves it. `seen` is the newest version that its author had read.

    Raises NewerWordingError, and DomainError if the wording is not allowed or needs a reason.
    """
    if fault := wording_error(sentence, text):
        raise DomainError(fault)
    if not reason and text_warnings(sentence, text):
        raise DomainError(_("Say why this wording is right all the same, or change it."))
    newest = TextVersion.objects.filter(key=sentence.key).aggregate(newest=Max("number"))["newest"] or 0
    if newest != seen:
        raise NewerWordingError
    try:
        with transaction.atomic():
            return TextVersion.objects.create(
                key=sentence.key,
                number=newest + 1,
                language=sentence.language,
                ours=sentence.ours,
                text=text,
                reason=reason,
                author=by,
                at=now,
            )
    except IntegrityError:
        raise NewerWordingError from None


@transaction.atomic
def approve_text(version: TextVersion, *, by: Any, now: datetime) -> TextStep:
    """Give readers this wording. Its author can't approve it: the database refuses that too (office/sql/texts.sql)."""
    if version.author_id is None:
        raise DomainError(_("The author’s account is gone. Write the wording again, so that two people have seen it."))
    if version.author_id == by.pk:
        raise DomainError(_("You can’t approve your own wording. Ask a colleague to read it."))
    sentence = get_sentences().get(version.key)
    if sentence is None or wording_error(sentence, version.text):
        raise DomainError(
            _("Our own wording has changed since this was written. Send it back, and write it again if it is needed.")
        )
    return record_decision(version, kind=StepKind.APPROVED, live=version, by=by, now=now)


@transaction.atomic
def send_back_text(version: TextVersion, *, reason: str, by: Any, now: datetime) -> TextStep:
    return record_decision(version, kind=StepKind.SENT_BACK, reason=reason, by=by, now=now)


def record_decision(version: TextVersion, *, kind: StepKind, by: Any, now: datetime, **more: Any) -> TextStep:
    """Record a decision. Each wording gets only one, and only the newest can get it: an older one is replaced."""
    refusal = _("Somebody has decided on this wording, or written a newer one. Open the page again.")
    lock_versions(version, among=TextVersion.objects.waiting(), refusal=refusal)
    return add_step(version, kind=kind, by=by, now=now, **more)


@transaction.atomic
def take_back_text(version: TextVersion, *, by: Any, now: datetime) -> TextStep:
    """Back to the wording that readers had before this one, which somebody approved then; if there was none, to ours."""
    lock_versions(version, among=TextVersion.objects.live(), refusal=NOT_LIVE_MESSAGE)
    lived: list[TextVersion] = []  # the wordings that readers have had, one after the other, since they last had ours
    for step in TextStep.objects.filter(key=version.key).exclude(kind=StepKind.SENT_BACK).select_related("live").order_by("pk"):
        if step.kind == StepKind.TAKEN_BACK:
            lived.pop()
        elif step.live:
            lived.append(step.live)
        else:
            lived.clear()
    return add_step(version, kind=StepKind.TAKEN_BACK, live=lived[-2] if len(lived) > 1 else None, by=by, now=now)


@transaction.atomic
def restore_default_wording(version: TextVersion, *, by: Any, now: datetime) -> TextStep:
    lock_versions(version, among=TextVersion.objects.live(), refusal=NOT_LIVE_MESSAGE)
    return add_step(version, kind=StepKind.OURS, by=by, now=now)


def lock_versions(version: TextVersion, *, among: QuerySet[TextVersion], refusal: str | Promise) -> None:
    """Locks all versions of its sentence, in order of their keys. Raises DomainError if it is not among these any more."""
    list(TextVersion.objects.filter(key=version.key).order_by("pk").select_for_update().values_list("pk"))
    if not among.filter(pk=version.pk).exists():
        raise DomainError(refusal)


def add_step(version: TextVersion, *, kind: StepKind, by: Any, now: datetime, **more: Any) -> TextStep:
    step = TextStep.objects.create(
        version=version, key=version.key, author_id=version.author_id, kind=kind, by=by, at=now, **more
    )
    if kind != StepKind.SENT_BACK:
        transaction.on_commit(lambda: CACHED_WORDINGS.publish(live_wordings()), robust=True)
    return step
