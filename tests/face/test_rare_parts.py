"""Parts of pages that are seldom there, and in none of the states of which tests/snapshots has a page."""

from datetime import datetime

import pytest
from django.test import Client
from django.urls import reverse

from tests.bookings.rows import at, make_booking, make_presenter
from tests.face.page import Page
from tests.factories import make_person, make_staff, sign_in, sign_in_staff
from tests.leaflets.factories import make_edition, make_order
from tests.leaflets.orders.changes.order import ADDRESS, change, version

pytestmark = pytest.mark.django_db


def test_an_order_that_was_changed_meanwhile_is_read_out(now: datetime) -> None:
    leaflet = make_edition(now, stock=50).leaflet
    order = make_order(make_person(), now, {leaflet: 5})
    sent = {**ADDRESS, "version": version(order), f"copies-{leaflet.slug}": "4"}
    change(order, now, **{leaflet.slug: 3})
    answer = sign_in(Client(), order.person).post(reverse("order_change", args=[order.reference]), sent)
    box = Page(answer.content.decode()).one("div", "govuk-inset-text")
    assert (box.attrs.get("role"), "This order has changed since you opened this page" in box.text) == ("alert", True)


@pytest.mark.tuesday
def test_a_presenter_sees_what_is_booked_outside_their_hours() -> None:
    presenter = make_presenter(user=make_staff("asha@ctac.example", role="presenter"))
    booking = make_booking(presenter, at("19:00"))
    phone = sign_in_staff(Client(), presenter.user)
    page = Page(phone.get(reverse("presenter_availability")).content.decode())
    box = page.one("div", "outside")
    assert (box.attrs.get("role"), booking.reference in box.text) == ("alert", True)
