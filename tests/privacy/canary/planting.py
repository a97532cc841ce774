"""A person who has done everything here, with a name, an address and a phone number in every field that may hold one."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from allauth.account.models import EmailAddress
from django.apps import apps
from django.db import models
from django.test import Client

from accounts.models import User
from bookings.booking.services.assign import transfer_bookings
from bookings.feedback.services import get_or_create_follow_up
from bookings.models import (
    AnniversaryPrompt,
    Booking,
    BookingEventKind,
    BookingLink,
    BookingState,
    BusyTime,
    ConfidenceFollowUp,
    Feedback,
    PlaceLink,
    PlaceState,
    Presentation,
    Seat,
    SessionEvent,
    SessionEventKind,
    SessionPlace,
)
from bookings.models.booking import record_event
from core.models import Classification, classification
from leaflets.models import MissingParcel, MissingState, Order, StockAlert
from leaflets.orders.services.create import keep_address
from leaflets.orders.services.transitions import dispatch_order, start_packing
from notifications.models import ChoiceSource, MarkedAddress, Notification, NotificationState, ReturnedMail
from notifications.outbox import queue_account_mail
from notifications.preferences import record_choices
from notifications.registry import Topic
from notifications.rendering import Rendered
from privacy.models import Complaint, ContactMethod
from privacy.services import answer_complaint, close_complaint
from professionals.merges.services import merge_people
from professionals.models import (
    AccountRecovery,
    AddressChange,
    Draft,
    FormerAddress,
    Import,
    ImportRow,
    ImportState,
    Note,
    NoteKind,
    Person,
    RowState,
)
from professionals.safeguarding.services import notify_safeguarding_lead
from reach.models import Campaign, CampaignInvite, RoleMailbox
from tests.accounts.factors.proof import grow_old
from tests.bookings.open_sessions.rows import make_place, make_session
from tests.bookings.rows import make_booking, make_presenter
from tests.bookings.seats.scene import make_seat
from tests.factories import make_organisation, make_person, make_staff, sign_in
from tests.leaflets import factories as leaflets
from tests.privacy.rows import make_complaint

NAME, EMAIL, ADDRESS, PHONE = "Quillfinch Zanderby", "quillfinch@leeds.nhs.uk", "17 Quillfinch Lane", "07700 900461"
MOBILE = f"+44{PHONE[1:].replace(' ', '')}"
CANARIES = ("quillfinch", "zanderby", PHONE, PHONE.replace(" ", ""), MOBILE)

# How each model with words in it leads to the person whose they are. None: its rows are not a professional's, and an erasure
# leaves them as they are; beside it why.
THEIRS: dict[str, str | None] = {
    "Person": "pk",
    "Organisation": "people",
    "User": "person",
    "Session": "user__person",
    "AddressChange": "user__person",
    "AccountRecovery": "user__person",
    "FormerAddress": "person",
    "Note": "person",
    "Merge": "person",
    "Draft": "person",
    "Booking": "person",
    "BookingEvent": "booking__person",
    "BookingLink": "booking__person",
    "BusyTime": "booking__person",
    "Hold": "person",
    "Feedback": "follow_up__booking__person",
    "ConfidenceFollowUp": "",  # by the address alone
    "SessionPlace": "person",
    "Seat": "person",
    "SessionEvent": "place__person",
    "PlaceLink": "place__person",
    "Order": "person",
    "OrderEvent": "order__person",
    "Dispatch": "order__person",
    "Parcel": "order__person",
    "MissingParcel": "parcel__order__person",
    "StockMovement": "order_line__order__person",
    "KeptAddress": "person",
    "Complaint": "person",
    "ComplaintEvent": "complaint__person",
    "Notification": "",  # by the address, and by what they are about: all that there are
    "ReturnedMail": "",
    "MarkedAddress": "",
    "MailReader": "",
    "MailChoice": "",
    "CampaignInvite": "person",
    "RoleMailbox": "",  # of a role, until somebody signs up with its address
    "Presenter": None,  # a colleague
    "SavedFilter": None,  # a colleague's, of a list
    "Leave": None,  # a colleague's
    "OpenSession": None,  # why a session was cancelled, said to everybody who had a place
    "SessionSeries": None,  # what staff call sessions that they planned together
    "DutyShift": None,  # which colleagues are on duty
    "JourneyTime": None,  # why a road takes so long
    "Edition": None,  # why an edition was withdrawn
    "Recall": None,  # what was published of it
    "SheetImport": None,  # a list of stock
    "Import": "",  # the file that waits, and its rows
    "ImportRow": "",
    "TextVersion": None,  # staff's wording of a sentence of ours
    "TextStep": None,  # and why a colleague sent it back
    "Breach": None,  # numbers and kinds, no names
    "BreachEvent": None,  # as the breach
}
# Fields of those models that hold no words: chosen from a list, a hash, a code, or an area that stays as a figure.
NO_WORDS = {
    *("Person.profession", "Person.language", "Person.postcode", "Order.postcode", "KeptAddress.postcode", "MailChoice.topic"),
    *("Booking.postcode", "BusyTime.postcode", "Hold.postcode"),
    *("MailChoice.chosen_where", "MailReader.token", "BookingLink.address_hash", "PlaceLink.address_hash", "User.password"),
    *("Merge.kept_values", "ImportRow.matches"),  # keys
}
# Planted as they come about, since nobody can write into them from outside; a copy that the database makes itself.
MADE = {
    *("Session.session_data", "Session.device", "Notification.sealed_body", "Notification.recipient", "Person.searched"),
    "Order.searched",
    "FormerAddress.address",
    "Merge.changes",  # the other row of theirs, as it was
    *("Note.subject", "Note.text"),  # the database keeps the words as they were written
    *("Booking.searched", "Booking.own_joining_link"),
    *("Import.file", "Import.headings", "ImportRow.cells"),
}
TEXTS = (models.CharField, models.TextField, models.JSONField, models.BinaryField)


def fields_with_words() -> dict[str, list[str]]:
    """By model, its fields that may hold a name or words of a person, as they are classified."""
    found = {}
    for app in (
        "office",
        "notifications",
        "accounts",
        "professionals",
        "privacy",
        "guidance",
        "leaflets",
        "bookings",
        "reach",
        "audit",
    ):
        for model in apps.get_app_config(app).get_models():
            texts = [field for field in model._meta.concrete_fields if isinstance(field, TEXTS)]
            found[model.__name__] = [field.name for field in texts if classification(field) != Classification.NONE]
    return {name: fields for name, fields in found.items() if fields}


def planted() -> set[str]:
    """'bookings_booking.notes' of every column in which the canary must be found before it is erased."""
    return {
        f"{model_named(name)._meta.db_table}.{field}"
        for name, fields in fields_with_words().items()
        for field in fields
        if THEIRS[name] is not None and f"{name}.{field}" not in NO_WORDS
    } - {"accounts_session.device"}


def model_named(name: str) -> type[models.Model]:
    return next(model for model in apps.get_models() if model.__name__ == name)


def plant(now: datetime) -> Person:
    """All of it, and everything in it named after the canary."""
    person = make_person(name=NAME, email=EMAIL, phone=PHONE)
    given_away(person, now)
    of_bookings(person, now)
    of_orders(person, now)
    of_account(person, now)
    of_complaints(person, now)
    of_mail(person, now)
    of_invitations(person, now)
    for name, fields in fields_with_words().items():
        path = THEIRS[name]
        if path is None:
            continue
        rows = model_named(name)._base_manager.all()
        rows = rows.filter(**{path: person.pk}) if path else rows
        words = {field: words_for(name, field) for field in fields if f"{name}.{field}" not in NO_WORDS | MADE}
        if words:
            assert rows.update(**words), f"no row of {name} to plant in"
    return person


def words_for(model: str, field: str) -> Any:
    """Of the sort that stands there, as long as the column allows."""
    column = model_named(model)._meta.get_field(field)
    if isinstance(column, models.JSONField):
        return {"note": f"{NAME}, {ADDRESS}, {PHONE}"}
    if isinstance(column, models.EmailField):
        return EMAIL
    if field == "mobile":
        return MOBILE
    if "phone" in field:
        return PHONE
    words = ADDRESS if "address" in field else f"{NAME}, {PHONE}"
    return words[: column.max_length] if column.max_length else words  # type: ignore[attr-defined]


def given_away(person: Person, now: datetime) -> None:
    """What a colleague has now; all that was typed of it names who had it, and so does an email to the team."""
    booking = make_booking(make_presenter(), now + timedelta(days=20), person=person)
    colleague = make_person(organisation=person.organisation)
    transfer_bookings(person=person, to=colleague, by=None, reason=f"{NAME}, {PHONE}", now=now)
    Person.objects.filter(pk=colleague.pk).update(organisation=make_organisation())
    said = f"{words_for('Person', 'name')} ({EMAIL}; {PHONE})"
    words = dict.fromkeys(("notes", "room", "access_needs", "request_reason", "closed_reason"), said)
    Booking.objects.filter(pk=booking.pk).update(contact_name=NAME, contact_phone=PHONE, **words)
    row = {"due_at": now, "created_at": now, "state": NotificationState.SENT, "sent_at": now, "text_body": NAME}
    about = {"about": f"booking:{booking.pk}", "message_id": "<given@t>", "recipient": "team@ctac.example"}
    Notification.objects.create(kind="staff-new-booking", **about, **row)


def of_bookings(person: Person, now: datetime) -> None:
    past = make_booking(
        make_presenter(),
        now - timedelta(days=30),
        person=person,
        state=BookingState.DELIVERED,
        visit_closed=True,
        postcode="LS1 4AP",
    )
    ahead = make_booking(make_presenter(email="presenter@ctac.example"), now + timedelta(days=30), person=person)
    make_booking(
        make_presenter(),
        now - timedelta(days=20),
        person=person,
        state=BookingState.DELIVERED,
        postcode="",
        own_joining_link="https://meet.example/quillfinch",
    )
    for booking in (past, ahead):
        record_event(booking, BookingEventKind.BOOKED, by=None, now=now, reason=NAME)
        days = {"created_at": now, "expires_at": now + timedelta(days=9)}
        BookingLink.objects.create(
            booking=booking, purpose="change", token_hash=f"{booking.pk:064}", address_hash="1" * 64, **days
        )
    marks = dict.fromkeys(("useful", "clear", "ready", "arranging"), 4)
    Feedback.objects.create(
        follow_up=get_or_create_follow_up(given=past, now=now), by_host=True, token="t", received_on=now.date(), **marks
    )
    ConfidenceFollowUp.objects.create(follow_up=past.follow_up, address=EMAIL, due_at=now + timedelta(days=60))
    AnniversaryPrompt.objects.create(booking=past, due_at=now + timedelta(days=300), wished_at=now)
    BusyTime.objects.filter(booking=past).update(live=False)
    attended = make_place(make_session(make_presenter(), now - timedelta(days=9)), PlaceState.ATTENDED, person)
    taken = make_place(make_session(make_presenter(), now + timedelta(days=40)), PlaceState.TAKEN, person)
    for place in (attended, taken):
        SessionEvent.objects.create(session=place.session, place=place, at=now, kind=SessionEventKind.TAKEN, reason=NAME)
        PlaceLink.objects.create(place=place, purpose="see", token_hash=f"{place.pk:064}", address_hash="1" * 64, **days)
    make_seat(make_booking(make_presenter(), now + timedelta(days=50)), person=person)
    assert (Booking.objects.filter(person=person).count(), SessionPlace.objects.filter(person=person).count()) == (3, 2)


def of_orders(person: Person, now: datetime) -> None:
    sent, waits = leaflets.make_order(person, now), leaflets.make_order(person, now)
    start_packing(order=sent, by=None, now=now)
    parcel = dispatch_order(order=sent, by=None, now=now, tracking_number="RM 1")
    MissingParcel.objects.create(parcel=parcel, state=MissingState.CLOSED, reported_at=now, decided_at=now)
    leaflets.make_session(person, now)
    keep_address(person=person, delivery=leaflets.DELIVERY)
    StockAlert.objects.create(person=person, leaflet=waits.lines.get().edition.leaflet, asked_at=now)
    assert Order.objects.filter(person=person).count() == 3


def of_complaints(person: Person, now: datetime) -> None:
    """Done with, and our answer is there, so that its words go at once."""
    complaint, by = make_complaint(person=person, now=now), make_staff()
    answer_complaint(complaint=complaint, told=ContactMethod.EMAIL, on=None, words=NAME, by=by, now=now)
    close_complaint(complaint=complaint, words="", flagged=False, by=by, now=now)
    Notification.objects.filter(kind__startswith="complaint-").update(state=NotificationState.SENT, sent_at=now)


def of_account(person: Person, now: datetime) -> None:
    """Signed in, with a form begun and one sent too late; an old address; moved by staff; words that the lead is to read."""
    assert person.user is not None
    Draft.objects.create(kind="booking", person=person, key_hash="h", token="t", expires_at=now + timedelta(days=2), answers={})
    AddressChange.objects.create(
        user=person.user, old=EMAIL, new=EMAIL, changed_at=now, until=now + timedelta(days=7), token_hash="2" * 64
    )
    browser = grow_old(sign_in(Client(), person))
    assert browser.post("/account/email/", {"email": f"new-{EMAIL}"}).status_code == 302  # asked again; what was typed waits
    session = browser.session
    session["typed"] = NAME
    session.save()
    FormerAddress.objects.create(person=person, address=f"old-{EMAIL}", until=now)
    words = {"subject": f"{NAME}, {PHONE}", "text": f"{NAME} {ADDRESS} {PHONE}"}
    Note.objects.create(person=person, kind=NoteKind.LETTER, at=now, by=make_staff(), **words)
    twin = make_person(name=NAME, email=f"twin-{EMAIL}", phone=PHONE, with_user=False, organisation=person.organisation)
    merge_people(person, other=twin, kept_values={}, by=make_staff(), now=now)
    AccountRecovery.objects.create(user=person.user, by=make_staff(), at=now, old=EMAIL, new=EMAIL, called=NAME, number=PHONE)
    listed = Import.objects.create(
        kind="contacts",
        state=ImportState.CHECKED,
        file=f"{NAME},{EMAIL}".encode(),
        headings=[NAME, EMAIL],  # of a file without any
        uploaded_at=now,
        progressed_at=now,
    )
    match = {"model": "professionals.person", "key": person.pk}
    ImportRow.objects.create(
        parent=listed, number=2, state=RowState.DUPLICATE, cells={"name": NAME, "email": EMAIL}, matches=[match]
    )
    for booking in Booking.objects.filter(person=person):
        notify_safeguarding_lead(about=f"booking:{booking.pk}", reference=booking.reference, now=now)
    assert EmailAddress.objects.filter(user=person.user, email=EMAIL).exists()
    assert User.objects.filter(email=EMAIL).exists()


def to_colleagues(person: Person) -> list[str]:
    """What mail to staff and presenters is about, one of each sort of thing that is a person's."""
    rows = {
        "booking": Booking.objects.filter(person=person),
        "place": SessionPlace.objects.filter(person=person),
        "seat": Seat.objects.filter(person=person),
        "order": Order.objects.filter(person=person),
        "missing": MissingParcel.objects.filter(parcel__order__person=person),
        "complaint": Complaint.objects.filter(person=person),
    }
    return [f"{name}:{key}" for name, found in rows.items() for key in found.values_list("pk", flat=True)]


def of_mail(person: Person, now: datetime) -> None:
    booking = Booking.objects.filter(person=person).first()
    row = {"due_at": now, "created_at": now, "state": NotificationState.SENT, "sent_at": now}
    Notification.objects.create(
        kind="booking-confirmed", about=f"booking:{booking.pk}", message_id="<1@t>", recipient=EMAIL, **row
    )
    Notification.objects.create(kind="booking-confirmed", about="booking:0", message_id="<2@t>", recipient=f"old-{EMAIL}", **row)
    for number, about in enumerate(to_colleagues(person)):  # whose words name the person too
        more = {"about": about, "message_id": f"<{number}@colleagues>", "recipient": "team@ctac.example"}
        Notification.objects.create(kind="order-missing-for-staff", **more, **row)
    theirs = Rendered(NAME, f"{NAME} {ADDRESS}", f"<p>{PHONE}</p>")
    queue_account_mail(kind="account-login-code", to=EMAIL, now=now, expires_at=now + timedelta(minutes=15), mail=theirs)
    told = Notification.objects.get(message_id="<1@t>")
    ReturnedMail.objects.create(
        key="k", address=EMAIL, sort="hard", source="report", notification=told, went_at=now, received_at=now
    )
    MarkedAddress.objects.create(address=EMAIL, sort="hard", marked_at=now, last_at=now)
    record_choices(address=EMAIL, chosen={Topic.REMINDERS: False}, where=ChoiceSource.PAGE, now=now)


def of_invitations(person: Person, now: datetime) -> None:
    campaign = Campaign.objects.create(
        unit="district", areas=["E08000035"], presentation=Presentation.objects.first(), planned_at=now, token=uuid4()
    )
    lasts = (now, now + timedelta(days=90))
    CampaignInvite.objects.create(campaign=campaign, person=person, address=EMAIL, lasts=lasts)
    published = {"source": "https://www.leeds.nhs.uk/team", "postcode": "LS1 4AP"}
    RoleMailbox.objects.create(organisation=make_organisation(), address="team@leeds.nhs.uk", digest="1" * 64, **published)
