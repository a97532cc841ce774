"""The note about a child, in each column of each object where some form can leave one and where it waits for the lead."""

from datetime import datetime

from django.apps import apps
from django.db import DatabaseError, transaction
from django.db.models import Model
from django.utils import timezone

from bookings.models import Booking, BookingEventKind, FollowUp, OpenSession, SessionEventKind, SessionPlace
from professionals.safeguarding import services as safeguarding_services
from professionals.safeguarding.services import key_of, notify_safeguarding_lead
from tests.privacy.test_nothing_leaves import CHECKED
from tests.professionals.child_plants import CHILD, NAME
from tests.professionals.free_text import WRITTEN_BY


def keepable() -> set[str]:
    """The columns where some form leaves a text that its writer kept."""
    never = {f"{form.__name__}.{field}" for form in CHECKED.values() for field in getattr(form, "never_kept", ())}
    return {column for column, boxes in WRITTEN_BY.items() if {box for box in boxes if not box.startswith("(")} - never}


# Not in the sweep: only a report that is closed has it, and then its other pages are gone.
WHY_CLOSED = "leaflets.MissingParcel.reason"
KEEPABLE = keepable() - {WHY_CLOSED}


def has_it(text: str) -> bool:
    return NAME in text or "943 476 5919" in text


def make_histories(now: datetime) -> None:
    """What the world of the routes lacks: something that happened, and answers of a host and of one who came."""
    for booking in Booking.objects.all():
        booking.events.create(kind=BookingEventKind.REASSIGNED, at=now)
    for session in OpenSession.objects.all():
        session.events.create(kind=SessionEventKind.REASSIGNED, at=now)
    for place in SessionPlace.objects.all():
        place.events.create(session=place.session, kind=SessionEventKind.BUMPED, at=now)
    said = {"useful": 5, "clear": 4, "ready": 5, "received_on": now, "comment": "More time", "quotable": True}
    for follow_up in FollowUp.objects.all():
        follow_up.answers.create(token=f"{follow_up.pk}a", **said)
        follow_up.answers.create(token=f"{follow_up.pk}h", by_host=True, arranging=4, **said)


def plant() -> None:
    """The note, in each such column of each object, which waits for the lead."""
    found, now = set[str](), timezone.now()
    make_histories(now)
    for source in safeguarding_services._sources.values():
        for model in source.models:
            for row in {key_of(row, source): row for row in model._base_manager.order_by("-pk")}.values():
                key = key_of(row, source)
                columns = [each for each in KEEPABLE if each.startswith(f"{model._meta.label}.")]
                if key is None or not columns:
                    continue
                found |= {column for column in columns if write(row, column.rpartition(".")[2])}
                notify_safeguarding_lead(about=f"{source.kind}:{key}:canary", reference=f"{source.kind} {key}", now=now)
    for model in apps.get_models():
        if hasattr(model, "flagged_child_details"):
            model._base_manager.update(flagged_child_details=True)
    assert found == KEEPABLE


def write(row: Model, column: str) -> bool:
    """Into the row; of a history that only grows, into one more row."""
    setattr(row, column, CHILD)
    try:
        with transaction.atomic():
            type(row)._base_manager.filter(pk=row.pk).update(**{column: CHILD})
    except DatabaseError:
        with transaction.atomic():
            row.pk = None
            row.save(force_insert=True)
    return True
