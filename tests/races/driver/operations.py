"""What a client can do about bookings: some through the pages, for the public and for staff; most by the services that they call.

The other modules that `client.subjects` names do the same for their own subjects. Each lists its operations with how often
they are drawn.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.db import transaction

from bookings.booking.services import assign, create, request as request_services, reschedule as services_reschedule, transitions
from bookings.models import Booking, BusyTime, Format, Hold, Presenter
from bookings.schedule import holds
from bookings.schedule.forms import slot_value
from bookings.schedule.slots import SlotQuery
from bookings.travel import find_place
from leaflets.models import CopiesToBring
from professionals import drafts
from professionals.models import Draft, DraftKind
from tests.bookings.rows import unsaved_booking, visit_address
from tests.live.clients import Answer
from tests.races.driver.client import Actor
from tests.races.driver.world import PLACES

DETAILS = {"audience_size": 8, "contact_name": "Jo Green", "contact_phone": "01856 888 001"}
WORKPLACE = {"format": "workplace", "address_line_1": "1 Broad Street", "town": "Kirkwall"}
TYPED = {"audience_size": "8", "contact_name": "Jo Green", "contact_phone": "01856 888 001"}
WEIGHTS = {
    "hold_page": 30,
    "book_page": 50,
    "press_check_page_again": 15,
    "cancel_booking_page": 15,
    "staff_booking_page": 25,
    "hold": 110,
    "hold_runs_out": 15,
    "extend_hold": 30,
    "book": 140,
    "book_for_caller": 30,
    "cancel_booking": 90,
    "confirm": 30,
    "decline": 20,
    "reassign": 70,
    "reschedule": 110,
    "reschedule_page": 20,
    "change_details": 40,
}


class PageSaysNo(Exception):
    """A page that has no such form any more, or answers politely that it can't be done."""


@contextmanager
def polite() -> Iterator[None]:
    """A page without the form that was looked for is an answer too: somebody else was first."""
    try:
        yield
    except AssertionError as missing:
        raise PageSaysNo(str(missing)) from missing


def went_on(answer: Answer, end: str = "") -> bool:
    return answer.status == 302 and answer.location.endswith(end)


# Bookings, on the pages


def hold_page(actor: Actor) -> bool:
    return went_on(choose(actor, actor.page_of(actor.person()), actor.chance.choice(actor.presentations)), "/check/")


def choose(actor: Actor, page: Any, presentation: Any) -> Answer:
    path = f"/book/{presentation.slug}"
    with polite():
        page.post_form(f"{path}/where/", postcode=actor.chance.choice(PLACES), **WORKPLACE, **TYPED)
        form = page.get(f"{path}/when/").form("start")
        return page.send(f"{path}/when/", form, start=actor.chance.choice(form.options["start"]))


def book_page(actor: Actor) -> bool:
    page, presentation = actor.page_of(actor.person()), actor.chance.choice(actor.presentations)
    path = f"/book/{presentation.slug}"
    if not went_on(choose(actor, page, presentation), "/check/"):
        return False
    with polite():
        return went_on(page.send(f"{path}/check/", page.get(f"{path}/check/").form("token")), "/placed/")


def press_check_page_again(actor: Actor) -> bool:
    """The back button: a check page whose booking may have been placed, or whose answers may have changed."""
    booking = actor.one_of(Booking.objects.filter(person__in=actor.people, submission_token__isnull=False, channel="web"))
    page, path = actor.page_of(booking.person), f"/book/{booking.presentation.slug}/where/"
    with polite():
        form = page.get(path).form("csrfmiddlewaretoken")
    form.fields |= {"token": booking.submission_token, "digest": booking.submission_digest}
    form.action = ""
    return went_on(page.send(f"/book/{booking.presentation.slug}/check/", form), f"{booking.reference}/placed/")


def cancel_booking_page(actor: Actor) -> bool:
    booking = actor.one_of(Booking.objects.filter(person__in=actor.people).open().select_related("person"))
    page, path = actor.page_of(booking.person), f"/bookings/{booking.reference}/cancel/"
    with polite():
        return went_on(page.send(path, page.get(path).form("reason")))


def staff_booking_page(actor: Actor) -> bool:
    booking = actor.one_of(Booking.objects.filter(person__in=actor.people).open())
    slug = actor.chance.choice(["confirm", "decline", "cancel", "reassign"])
    typed = {"decline": {"reason": "No"}, "cancel": {"reason": "No"}, "reassign": {"presenter": str(actor.presenter().pk)}}
    return staff_action(actor, f"/staff/bookings/booking/{booking.pk}/do/{slug}/", typed.get(slug, {}))


def staff_action(actor: Actor, path: str, typed: dict[str, str]) -> bool:
    page = actor.staff_page()
    with polite():
        return went_on(page.send(path, page.get(path).form(*typed), **typed))


# Bookings, by their services


def place_of(actor: Actor) -> tuple[str, Any]:
    """Format and address; one in five online."""
    if actor.chance.random() < 0.2:
        return Format.ONLINE, None
    return Format.WORKPLACE, visit_address("1 Broad Street", "Kirkwall", actor.chance.choice(PLACES))


def draft_of(actor: Actor, person: Any) -> Draft:
    fresh = {
        "key_hash": secrets.token_hex(32),
        "token": secrets.token_urlsafe(32),
        "expires_at": actor.now + drafts.DRAFT_RETENTION_PERIOD,
    }
    return Draft.objects.get_or_create(person=person, kind=DraftKind.BOOKING, defaults=fresh)[0]


def hold(actor: Actor) -> None:
    """As the page of times does it: hold, then keep the answer."""
    person, presentation, start = actor.person(), actor.chance.choice(actor.presentations), actor.start()
    how, address = place_of(actor)
    slot_query = SlotQuery(presentation, how, find_place(address["postcode"]) if address else None)
    draft = draft_of(actor, person)
    holds.hold_slot(draft=draft, person=person, slot_query=slot_query, start=start, now=actor.now)
    where = {"presentation": presentation.slug, "format": how, "address_line_1": "", "address_line_2": "", "town": "", **DETAILS}
    drafts.save_step(draft, "where", {**where, "postcode": address["postcode"] if address else ""}, actor.now)
    drafts.save_step(draft, "when", {"start": slot_value(start)}, actor.now)


def extend_hold(actor: Actor) -> None:
    held = actor.one_of(Hold.objects.filter(draft__person__in=actor.people).select_related("draft"))
    holds.extend_hold(draft=held.draft, now=actor.now)


def hold_runs_out(actor: Actor) -> None:
    with transaction.atomic():
        presenter = Presenter.objects.select_for_update(no_key=True).get(pk=actor.presenter().pk)
        past = actor.now - timedelta(seconds=1)
        Hold.objects.filter(presenter=presenter).update(expires_at=past)
        BusyTime.objects.filter(presenter=presenter, kind="hold").update(expires_at=past)


def book(actor: Actor) -> None:
    """Half of them what a draft holds, half a time that nobody held."""
    person, how, address = actor.person(), *place_of(actor)
    presentation, start, submission = actor.chance.choice(actor.presentations), actor.start(), (None, "")
    held = Hold.objects.filter(person=person).select_related("draft", "presentation").first()
    if held and actor.chance.random() < 0.7:
        presentation, start, how = held.presentation, held.start, held.format
        address = visit_address("1 Broad Street", "Kirkwall", held.postcode) if held.postcode else None
        submission = (held.draft.token, "0" * 64)
    where = {"presentation": presentation, "format": how, "address": address, "details": DETAILS}
    asked: dict[str, Any] = {"booking": unsaved_booking(person, start, submission=submission, **where)}
    if actor.chance.random() < 0.5:
        asked["leaflets"] = [CopiesToBring(leaflet.slug, leaflet.title, copies) for leaflet, copies in actor.basket().items()]
    create.place_booking(by=person.user, now=actor.now, **asked)


def book_for_caller(actor: Actor) -> None:
    """Anybody may be on the phone: somebody with an account too. Any time, with a reason."""
    person, (how, address) = actor.person(), place_of(actor)
    caller = {"name": person.name, "phone": person.phone, "profession": person.profession, "postcode": person.postcode}
    where = {"presentation": actor.chance.choice(actor.presentations), "format": how, "address": address, "details": DETAILS}
    request_services.book_for_caller(
        booking=unsaved_booking(person, actor.start(), channel="phone", **where),
        caller={**caller, "organisation_name": person.organisation.name, "email": person.email},
        by=actor.staff(),
        now=actor.now,
        presenter=actor.presenter() if actor.chance.random() < 0.5 else None,
        override_reason="They asked for it",
    )


def any_booking(actor: Actor, **which: str) -> Booking:
    """Mostly one that is open; now and then one that has moved since."""
    rows = Booking.objects.filter(person__in=actor.people, **which)
    return actor.one_of((rows.open() if actor.chance.random() < 0.9 else rows).select_related("person__user"))


def cancel_booking(actor: Actor) -> None:
    booking = any_booking(actor)
    transitions.cancel_booking(booking=booking, by=actor.chance.choice([booking.person.user, actor.staff()]), now=actor.now)


def confirm(actor: Actor) -> None:
    transitions.confirm_booking(booking=any_booking(actor, state="requested"), by=actor.staff(), now=actor.now)


def decline(actor: Actor) -> None:
    transitions.decline_booking(booking=any_booking(actor, state="requested"), reason="Sorry", by=actor.staff(), now=actor.now)


def reassign(actor: Actor) -> None:
    reason = actor.chance.choice(["", "They know the place"])
    who = {"presenter": actor.presenter(), "by": actor.staff()}
    assign.reassign(booking=any_booking(actor), now=actor.now, override_reason=reason, **who)


def reschedule(actor: Actor) -> None:
    """By its owner, by staff for a reason, by a link; one in five from a page that may be too old."""
    booking = any_booking(actor)
    who = actor.chance.choice([{"by": booking.person.user}, {"by": actor.staff()}, {"by": None, "by_link": True}])
    more = {"override_reason": "They asked for it"} if getattr(who["by"], "is_staff", False) else {}
    if more and actor.chance.random() < 0.5:
        more["presenter"] = actor.presenter()
    expected = booking.version if actor.chance.random() < 0.8 else "confirmed-0-0"
    services_reschedule.reschedule(booking=booking, start=actor.start(), expected=expected, now=actor.now, **who, **more)


def reschedule_page(actor: Actor) -> bool:
    booking = actor.one_of(Booking.objects.filter(person__in=actor.people).open().select_related("person"))
    page, path = actor.page_of(booking.person), f"/bookings/{booking.reference}/time/"
    with polite():
        form = page.get(path).form("start")
        check = page.send(path, form, start=actor.chance.choice(form.options["start"])).location
        return went_on(page.send(f"{path}check/", page.get(check).form("version")), f"/bookings/{booking.reference}/")


def change_details(actor: Actor) -> None:
    """Another number or room; staff now and then another address."""
    booking, chance = any_booking(actor), actor.chance
    answers = {**DETAILS, "audience_size": chance.randint(5, 9), "room": chance.choice(["", "Second floor"])}
    by = chance.choice([booking.person.user, actor.staff()])
    if by.is_staff and booking.postcode and chance.random() < 0.5:
        answers |= visit_address("1 Broad Street", "Kirkwall", chance.choice(PLACES))
    services_reschedule.change_details(
        booking=booking,
        answers=answers,
        expected=booking.version,
        by=by,
        now=actor.now,
        override_reason="They asked for it" if by.is_staff else "",
    )
