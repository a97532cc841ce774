"""Keeping presenters."""

from django.db import transaction

from bookings.models import Presenter
from bookings.places import look_up


@transaction.atomic
def keep_presenter(*, presenter: Presenter) -> Presenter:
    """Store a presenter, with the coordinates of the base. Raises PlaceUnknown."""
    base = look_up(presenter.base_postcode).place
    presenter.base_latitude, presenter.base_longitude = base.latitude, base.longitude
    presenter.save()
    return presenter
