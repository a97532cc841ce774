"""How tests press the buttons of the staff pages of bookings, and what they read there."""

import re

from django.http import HttpResponse
from django.test import Client

from bookings.models import Booking
from notifications.models import Notification
from tests.face.page import Page

BOOKINGS = "/staff/bookings/booking/"
LEAVE = "/staff/bookings/leave/"
ABOUT_A_CHILD = "The child is Ana Pop, born 12/03/2014, NHS number 943 476 5919"
KEPT = {"keep_what_i_wrote": "on"}


def text(response: HttpResponse) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def values(response: HttpResponse, name: str) -> list[str]:
    boxes = Page(response.content.decode()).all("input")
    return [box.attrs.get("value", "") for box in boxes if box.attrs.get("name") == name]


def checked(response: HttpResponse, name: str) -> list[str]:
    boxes = Page(response.content.decode()).all("input")
    return [box.attrs["value"] for box in boxes if box.attrs.get("name") == name and "checked" in box.attrs]


def do(desk: Client, booking: Booking, slug: str, **answers: object) -> HttpResponse:
    response: HttpResponse = desk.post(f"{BOOKINGS}{booking.pk}/do/{slug}/", {"sent": "1", **answers}, follow=True)
    booking.refresh_from_db()
    return response


def told_lead() -> int:
    return Notification.objects.filter(kind="safeguarding-flag").count()
