"""Sentences of ours, and wordings of them that are written and approved."""

from typing import Any

from django.utils import timezone

from accounts.models import User
from office.texts import services
from office.texts.models import TextVersion
from office.texts.queries import CACHED_WORDINGS, live_wordings
from office.texts.sources import Sentence, get_sentences, sentence_key
from tests.factories import make_staff

ENGLISH, WELSH = "en-gb", "cy"
BOOKED = "Your presentation is booked"  # the heading of the confirmation
WITHOUT_PRESENTER = "We will tell you who your presenter is."  # a paragraph of it
LEAD = "Presentations, leaflets and postage are free for professionals in the UK."  # a paragraph of the home page
SUBJECT = "Your presentation is booked: %(day)s (%(reference)s)"


def sentence(ours: str, language: str = ENGLISH) -> Sentence:
    return get_sentences()[sentence_key(language, ours)]


def write(ours: str | Sentence, text: str, *, by: User | None = None, **more: Any) -> TextVersion:
    """`seen` is the newest, unless the test says otherwise."""
    found = sentence(ours) if isinstance(ours, str) else ours
    seen = TextVersion.objects.filter(key=found.key).count()
    return services.write_text(found, text=text, by=by or make_staff(), now=timezone.now(), **{"seen": seen, **more})


def approve(version: TextVersion, *, by: User | None = None) -> TextVersion:
    services.approve_text(version, by=by or make_staff(), now=timezone.now())
    CACHED_WORDINGS.publish(live_wordings())  # as it does once it is committed
    return version
