"""One of each record that a rule of retention is about, of which what counts was at a given moment."""

from datetime import datetime, timedelta
from uuid import uuid4

from django.db.models import QuerySet

from accounts.models import User
from bookings.models import Booking, BookingState, Leave, SessionPlace, Visit
from leaflets.models import Order, OrderState
from notifications.models import MarkedAddress, Notification, NotificationState
from privacy import retention as privacy_retention
from privacy.models import Complaint, DataAction, DataActionKind, DataActionReason
from privacy.retention import WARNING_EMAIL_KIND, WARNING_PERIOD
from professionals.models import FlaggedEvent, FlaggedText, Note, NoteKind, Person
from reach.invitations.services import add_mailbox
from reach.models import MIN_INVITATION_INTERVAL, Campaign, CampaignInvite, RoleMailbox
from tests.bookings.open_sessions.rows import make_place, make_session
from tests.bookings.rows import NOW, make_booking, make_leave, make_presentation, make_presenter
from tests.factories import make_organisation, make_person, make_staff, make_user
from tests.leaflets.factories import make_order
from tests.privacy.rows import make_complaint

WORDS = "Ask for Canary Wharton"


def over(rule: str, now: datetime = NOW) -> datetime:
    """The moment at which a record of this rule has been kept for exactly as long as it may be."""
    return next(each for each in privacy_retention.registered_rules() if each.name == rule).cutoff(now)


def booking_at(moment: datetime) -> None:
    booking = make_booking(
        make_presenter(),
        moment - timedelta(hours=1),
        state=BookingState.DELIVERED,
        visit_closed=True,
        notes=WORDS,
        created_at=moment,
    )
    assert booking.ends_at == moment


def session_at(moment: datetime) -> None:
    session = make_session(make_presenter(), moment - timedelta(hours=1), state="delivered")
    make_place(session, access_needs=WORDS)


def leave_at(moment: datetime) -> None:
    leave = make_leave(make_presenter(), moment - timedelta(days=1), moment).leave
    assert leave is not None
    Leave.objects.filter(pk=leave.pk).update(reason=WORDS)


def order_at(moment: datetime) -> None:
    order = make_order(make_person(), moment)
    Order.objects.filter(pk=order.pk).update(state=OrderState.DISPATCHED, name=WORDS)


def message_at(moment: datetime) -> None:
    Notification.objects.create(
        kind="booking-confirmed",
        about="booking:1",
        recipient="canary@leeds.nhs.uk",
        state=NotificationState.SENT,
        sent_at=moment,
        created_at=moment,
        due_at=moment,
        message_id="<1@test>",
        text_body=WORDS,
    )


def note_at(moment: datetime) -> None:
    Note.objects.create(person=make_person(), kind=NoteKind.RANG_US, text=WORDS, at=moment)


def address_at(moment: datetime) -> None:
    MarkedAddress.objects.create(address="canary@leeds.nhs.uk", sort="hard", marked_at=moment, last_at=moment, said=WORDS)


def complaint_at(moment: datetime) -> None:
    complaint = make_complaint(description=WORDS)
    Complaint.objects.filter(pk=complaint.pk).update(state="closed", closed_at=moment)
    Notification.objects.all().delete()


def sign_in_at(moment: datetime) -> None:
    make_user("canary@leeds.nhs.uk", date_joined=moment, last_login=moment)


def person_at(moment: datetime) -> None:
    person = make_person(name=WORDS, email="canary@leeds.nhs.uk")
    Person.objects.filter(pk=person.pk).update(created_at=moment)
    User.objects.filter(pk=person.user_id).update(date_joined=moment, last_login=moment)


def warned(person: Person, at: datetime = NOW - WARNING_PERIOD) -> Notification:
    """They were told by email, at that moment, that they go."""
    sent = {"state": NotificationState.SENT, "sent_at": at, "created_at": at, "due_at": at, "version": at.toordinal()}
    about = {"about": f"person:{person.pk}", "message_id": f"<{person.pk}-{at}@warned>", "recipient": person.email}
    return Notification.objects.create(kind=WARNING_EMAIL_KIND, **about, **sent)


def warned_person_at(moment: datetime) -> None:
    person_at(moment)
    warned(Person.objects.get(name=WORDS))


def not_warned() -> QuerySet[Person]:
    return Person.objects.filter(name=WORDS).exclude(
        email__in=Notification.objects.filter(kind=WARNING_EMAIL_KIND).values("recipient")
    )


def visit_at(moment: datetime) -> None:
    presenter = make_presenter()
    start = moment - timedelta(hours=1)
    booking = make_booking(presenter, start, state=BookingState.DELIVERED, visit_closed=True, created_at=NOW)
    Visit.objects.create(booking=booking, presenter=presenter, checked_in_at=start, checked_out_at=moment)


def decided_at(moment: datetime) -> None:
    text = FlaggedText.objects.create(about="booking:1", reference="BK-1", flagged_at=moment, read_at=moment, decision="cleared")
    FlaggedEvent.objects.create(flagged=text, kind="cleared", by=make_staff(), at=moment)


def given_at(moment: datetime) -> None:
    DataAction.objects.create(
        person=make_person(), done=DataActionKind.GIVEN, reason=DataActionReason.ASKED, by=make_staff(), at=moment
    )


def invitation_at(moment: datetime) -> None:
    where = {"unit": "district", "areas": ["E08000035"], "presentation": make_presentation()}
    campaign = Campaign.objects.create(**where, planned_at=moment, token=uuid4())
    to = {"person": make_person(), "address": "canary@leeds.nhs.uk", "lasts": (moment, moment + MIN_INVITATION_INTERVAL)}
    CampaignInvite.objects.create(campaign=campaign, **to)


def mailbox_at(moment: datetime) -> None:
    published = {"source": "https://www.leeds.gov.uk/team", "basis": "published", "postcode": "LS1 4AP"}
    add_mailbox(make_organisation(), address="team@leeds.gov.uk", **published, by=None, now=moment)


RECORDS = {
    "bookings": (booking_at, lambda: Booking.objects.filter(notes=WORDS)),
    "sessions": (session_at, lambda: SessionPlace.objects.filter(access_needs=WORDS)),
    "visits": (visit_at, Visit.objects.all),
    "readers": (decided_at, lambda: FlaggedEvent.objects.exclude(by=None)),
    "copies": (given_at, DataAction.objects.all),
    "leave": (leave_at, lambda: Leave.objects.filter(reason=WORDS)),
    "invitations": (invitation_at, CampaignInvite.objects.all),
    "role_mailboxes": (mailbox_at, RoleMailbox.objects.all),
    "orders": (order_at, lambda: Order.objects.filter(name=WORDS)),
    "messages": (message_at, lambda: Notification.objects.filter(recipient="canary@leeds.nhs.uk", text_body=WORDS)),
    "notes": (note_at, lambda: Note.objects.filter(text=WORDS)),
    "returned": (address_at, lambda: MarkedAddress.objects.filter(said=WORDS)),
    "complaints": (complaint_at, lambda: Complaint.objects.filter(description=WORDS)),
    "sign-ins": (sign_in_at, lambda: User.objects.filter(email="canary@leeds.nhs.uk")),
    "warnings": (person_at, not_warned),
    "people": (warned_person_at, lambda: Person.objects.filter(name=WORDS, email="canary@leeds.nhs.uk")),
}
