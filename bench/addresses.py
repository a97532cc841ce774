"""`python -m bench.addresses`, in the environment of the application: where each measured page is found there, as JSON.

Of the staff site the page of the newest row, or for a button of a row that has it. What there is none of is left out.
"""

import json
import os
import secrets
from itertools import chain
from typing import Any

import django

from bench.pages import HOST, PERSON, PRESENTER, STAFF, measured

# What a page is asked for that answers nothing without it: the rows of all leaflets, of which there are most; one area.
QUERIES = {
    "staff:reach_rows": "?kind=leaflets&first=2000-01&last=2099-12",
    "staff:reach_invite": "?unit=upper&area=E08000035",
}
LOOKED_THROUGH = 300  # rows of each end of a table: the sample's, of which some are to come, and the newest


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ctac.settings")
    django.setup()
    objects, tokens = objects_of_people(), tokens_of_links()
    found = {asked: address(asked, objects | {"token": tokens.get(asked)}) for asked in measured()}
    print(json.dumps({asked: path for asked, path in found.items() if path}))


def address(asked: str, objects: dict[str, Any]) -> str:
    from django.urls import NoReverseMatch, reverse

    route, _space, slug = asked.partition(" ")
    names = arguments_of(route)
    values = {name: value_of(name, asked, objects) for name in names} | ({"slug": slug} if slug else {})
    if any(value is None for value in values.values()):
        return ""
    try:
        return reverse(route, kwargs=values) + QUERIES.get(route, "")
    except NoReverseMatch as problem:
        raise LookupError(f"{asked}: {values}") from problem


def arguments_of(route: str) -> set[str]:
    """The names in its address."""
    from django.urls import get_resolver

    namespace, _colon, name = route.rpartition(":")
    resolver = get_resolver().namespace_dict[namespace][1] if namespace else get_resolver()
    [(possibilities, *_rest), *_others] = resolver.reverse_dict.getlist(name)
    return set(possibilities[0][1])


def value_of(name: str, asked: str, objects: dict[str, Any]) -> Any:
    if name == "object_id":
        return key_of_row(asked)
    if name == "slug":
        return objects["leaflet" if asked.startswith("leaflet") else "presentation"]
    if name == "reference":
        starts = ("presenter_session", "session", "order", "presenter")
        return objects[next((start for start in starts if asked.startswith(start)), "booking")]
    return objects.get(name)


def key_of_row(asked: str) -> Any:
    """Of the newest row, or of the newest that has this button."""
    from django.apps import apps

    from staff.site import staff_site

    route, _space, slug = asked.partition(" ")
    model = apps.get_model(*route.removeprefix("staff:").split("_")[:2])
    rows = model._default_manager.order_by("-pk")
    if not slug:
        return rows.values_list("pk", flat=True).first()
    buttons = {button.slug: button for button in getattr(staff_site.get_model_admin(model), "object_actions", ())}
    both_ends = chain(rows[:LOOKED_THROUGH], rows.reverse()[:LOOKED_THROUGH])
    return next((row.pk for row in both_ends if buttons[slug].available(row)), None)


def objects_of_people() -> dict[str, Any]:
    """By the name of an argument of an address, or by how the route begins."""
    from accounts.models import Session
    from bookings.feedback.queries import host_key
    from bookings.models import AvailabilityException, Booking, FollowUp, Leave, OpenSession
    from leaflets.models import KeptAddress, Order
    from professionals.models import Merge

    given = Booking.objects.filter(presenter__user__email=STAFF).order_by("-starts_at")
    said = FollowUp.objects.filter(booking__person__email=HOST).first()
    sessions = OpenSession.objects.order_by("starts_at")
    first: dict[str, Any] = {
        "booking": Booking.objects.filter(person__email=HOST).order_by("-starts_at"),
        "presenter": given,
        "presenter_session": sessions.filter(presenter__user__email=PRESENTER),
        "session": sessions.filter(places__person__email=HOST),
        "order": Order.objects.filter(person__email=PERSON).order_by("-created_at"),
    }
    keys: dict[str, Any] = {
        "address_id": KeptAddress.objects.filter(person__email=PERSON),
        "exception_id": AvailabilityException.objects.filter(presenter__user__email=STAFF),
        "leave_id": Leave.objects.filter(presenter__user__email=STAFF).order_by("-pk"),
        "merge_id": Merge.objects.order_by("-pk"),
    }
    return {
        **{name: rows.values_list("reference", flat=True).first() for name, rows in first.items()},
        **{name: rows.values_list("pk", flat=True).first() for name, rows in keys.items()},
        "public_id": Session.objects.filter(user__email=HOST).values_list("public_id", flat=True).first(),
        "leaflet": "health-visitors",
        "presentation": "spotting-the-signs",
        "code": said and said.code,
        "key": said and host_key(said),
        "app_label": "bookings",
        "section": "orders",
        "unit": "upper",
        "area": "E08000035",
        "form": "pdf",
        "source": "home",
        "language": "en-gb",
        "number": 1,
        "kind": "booking-confirmed",
        "audience": "health-visitors",
        "nation": "england",
    }


def tokens_of_links() -> dict[str, str]:
    """By route, what stands in a private link."""
    from django.utils import timezone

    from bookings.booking.services.links import make_booking_links
    from bookings.calendars.views import feed_token, get_or_create_feed
    from bookings.models import Booking, LinkPurpose, PlaceLinkPurpose, SessionPlace
    from bookings.open_sessions.services.places import make_place_links
    from notifications.preferences import token_of as token_of_mail
    from privacy.models import Complaint
    from professionals.models import AddressChange, Person, hash_token
    from professionals.services import OBJECTION_PERIOD
    from reach.models import RoleMailbox

    now, host = timezone.now(), Person.objects.get(email=HOST)
    visit = Booking.objects.filter(person=host, starts_at__gt=now).latest("starts_at")
    place = SessionPlace.objects.filter(person=host).latest("pk")
    links = make_booking_links(booking=visit, address=HOST, purposes=LinkPurpose, now=now)
    places = make_place_links(place=place, purposes=PlaceLinkPurpose, now=now)
    objection, user = secrets.token_urlsafe(32), host.user
    if user is None:
        raise LookupError(HOST)
    changed = {"old": "before@leeds.nhs.uk", "new": HOST, "changed_at": now, "until": now + OBJECTION_PERIOD}
    AddressChange.objects.create(user=user, token_hash=hash_token(objection), **changed)
    return {
        **dict.fromkeys(("link_booking", "link_time"), links[LinkPurpose.CHANGE]),
        "link_cancel": links[LinkPurpose.CANCEL],
        "place_link": places[PlaceLinkPurpose.SEE],
        "place_link_leave": places[PlaceLinkPurpose.LEAVE],
        "mail_choices": token_of_mail(HOST),
        "calendar_feed": feed_token(get_or_create_feed(owner=host, by=user, now=now)),
        "account_address_put_back": objection,
        "complaint_sent": Complaint.objects.latest("pk").submission_token or "",
        "mailbox_objection": RoleMailbox.objects.latest("pk").token,
    }


if __name__ == "__main__":
    main()
