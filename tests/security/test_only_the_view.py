"""What no form checks but the view that takes the POST: whose row a number in it leads to, and how much of it is kept."""

from datetime import datetime

import pytest
from django.test import Client
from django.urls import reverse

from bookings.open_sessions.views import PlaceForm
from leaflets.models import Advice, Edition, Recall, RecallHolder, RecallReplacement
from leaflets.orders.services.transitions import dispatch_order, start_packing
from leaflets.recalls.services import RecallRequest, recall_edition
from professionals.models import Draft
from tests.bookings.open_sessions.rows import make_session
from tests.bookings.rows import at, make_booking, make_presenter
from tests.factories import make_person, make_staff, sign_in_staff
from tests.leaflets.factories import make_edition, make_order

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("active", [True, False])
def test_only_who_gives_presentations_now_stands_in(active: bool) -> None:
    booking, presenter = make_booking(None, at("10:00")), make_presenter(active=active)
    desk = sign_in_staff(Client(), make_staff())
    desk.post(reverse("staff:bookings_booking_stand_ins"), {"booking": booking.pk, "presenter": presenter.pk})
    booking.refresh_from_db()
    assert booking.presenter == (presenter if active else None)


def test_of_a_recall_only_its_own_people_are_ticked(now: datetime) -> None:
    ours, anothers = recall_of(make_edition(now, stock=9), now), recall_of(make_edition(now, stock=9, slug="other"), now)
    desk = sign_in_staff(Client(), make_staff())
    for holder, ticked in ((anothers.holders.get(), False), (ours.holders.get(), True)):
        desk.post(reverse("staff:leaflets_recall_action", args=[ours.pk, "reached"]), {"person": holder.pk})
        assert RecallHolder.objects.filter(pk=holder.pk, reached_at__isnull=False).exists() == ticked


def recall_of(edition: Edition, now: datetime) -> Recall:
    order = make_order(make_person(), now, {edition.leaflet: 1})
    start_packing(order=order, by=None, now=now)
    dispatch_order(order=order, by=None, now=now)
    recall_request = RecallRequest(why="The number is wrong.", advice=Advice.RECYCLE, instead=RecallReplacement.CANCEL)
    return recall_edition(edition=edition, request=recall_request, by=None, now=now)


def test_what_is_kept_over_a_sign_in_is_no_longer_than_its_box() -> None:
    session = make_session(make_presenter(), at("10:00"))
    most = PlaceForm.base_fields["access_needs"].max_length  # type: ignore[attr-defined]
    Client().post(reverse("session_place", args=[session.reference]), {"access_needs": "x" * (most + 1)})
    assert Draft.objects.get().answers == {session.reference: {"access_needs": "x" * most}}
