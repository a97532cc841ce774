"""Keeping presenters."""

from collections.abc import Callable
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from bookings.models import Presenter
from bookings.places import look_up
from notifications.services.bouncing import moved
from professionals.models import User

# Who tells those who join by a presenter's link that it is another now; registered in apps.py.
LINK_CHANGED: list[Callable[..., None]] = []


@transaction.atomic
def keep_presenter(*, presenter: Presenter, by: User | None = None, now: datetime | None = None) -> Presenter:
    """Store a presenter, with the coordinates of the base; a changed joining link is told to those who join by it.
    What waited for a better address goes to the changed one.

    Raises PlaceUnknown.
    """
    before = Presenter.objects.select_for_update(no_key=True).filter(pk=presenter.pk).first()
    base = look_up(presenter.base_postcode).place
    presenter.base_latitude, presenter.base_longitude, presenter.base_zone = base.latitude, base.longitude, base.zone
    presenter.save()
    if before is not None and before.email.lower() != presenter.email.lower():
        moved(before=before.email, to=presenter.email, by=by, now=now or timezone.now())
    if before is not None and before.joining_link != presenter.joining_link:
        moment = now or timezone.now()
        for tell in LINK_CHANGED:
            tell(presenter=presenter, before=before.joining_link, by=by, now=moment)
    return presenter
