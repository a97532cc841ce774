"""Invitations go to those who asked, work there and can be reached: at most one in 90 days, with times that are really free."""

import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from audit.models import Entry
from bookings.models import Attendance, AttendanceCount, Booking, BookingState, Presentation, Presenter
from core.errors import DomainError
from notifications.bounces.services import forget_address
from notifications.delivery.services import deliver
from notifications.models import BounceType, ChoiceSource, MarkedAddress, Notification, NotificationState
from notifications.preferences import record_choices, token_of
from notifications.registry import Topic
from professionals.models import Person
from reach.areas import Area, Unit, areas_of
from reach.invitations.emails import MailboxInvitation, VisitInvitation
from reach.invitations.queries import central_place, free_times, get_campaign_outcome, still_free_times, subscribers_in_areas
from reach.invitations.services import add_mailbox, invite_area
from reach.models import MIN_INVITATION_INTERVAL, Campaign, CampaignInvite
from tests.bookings.rows import LEEDS, NOW, at, make_booking, make_presentation, make_presenter
from tests.factories import make_organisation, make_person, make_staff, sign_in, sign_in_staff
from tests.professionals.test_imports import checked, ran

pytestmark = pytest.mark.django_db
LEEDS_CODE = "E08000035"
DAY = timedelta(days=1)
TIMES = [at("10:00") + 7 * DAY, at("14:00") + 8 * DAY]


@pytest.fixture
def leeds() -> Area:
    return areas_of(Unit.DISTRICT)[LEEDS_CODE]


@pytest.fixture
def presenter() -> Presenter:
    return make_presenter()


@pytest.fixture
def presentation(presenter: Presenter) -> Presentation:
    return make_presentation(slug="signs", title="Spotting the signs")


def make_reader(*, wanted: bool | None = True, **fields: Any) -> Person:
    person = make_person(**fields)
    if wanted is not None:
        record_choices(address=person.email, chosen={Topic.VISITS: wanted}, where=ChoiceSource.PAGE, now=NOW)
    return person


def invite(area: Area, presentation: Presentation, *, now: datetime = NOW, **more: Any) -> Campaign:
    asked = {"times": TIMES, "by": None, "token": uuid.uuid4(), **more}
    return invite_area(areas=[area], presentation=presentation, now=now, **asked)


def invited(campaign: Campaign) -> list[str]:
    return list(campaign.invites.order_by("pk").values_list("address", flat=True))


def attended(booking: Booking, people: int) -> None:
    attendance = Attendance.objects.create(booking=booking, people=people, recorded_at=NOW, changed_at=NOW)
    AttendanceCount.objects.create(attendance=attendance, profession="midwife", people=people)


def test_only_those_who_asked_and_work_there_are_invited(leeds: Area, presentation: Presentation) -> None:
    asked = make_reader()
    make_reader(wanted=False), make_reader(wanted=None)
    make_reader(postcode="SE1 7PB")
    make_reader(postcode="")
    record_choices(address=make_person().email, chosen={Topic.INVITATIONS: True}, where=ChoiceSource.PAGE, now=NOW)
    assert list(subscribers_in_areas([leeds])) == [asked]
    campaign = invite(leeds, presentation)
    assert invited(campaign) == [asked.email]
    [row] = Notification.objects.all()
    assert (row.kind, row.recipient, row.about) == (VisitInvitation.name, asked.email, f"campaign:{campaign.pk}")


def test_nobody_whom_a_list_brought_has_asked(leeds: Area, presentation: Presentation) -> None:
    ran(checked(["Asha Rao", "asha@leeds.example.nhs.uk", "", "Midwife", "", "LS1 4AP", "1/1/2026"]))
    assert Person.objects.get().postcode == "LS1 4AP"
    assert list(subscribers_in_areas([leeds])) == []


def test_nobody_is_invited_twice_in_90_days(leeds: Area, presentation: Presentation) -> None:
    reader = make_reader()
    invite(leeds, presentation)
    with pytest.raises(DomainError, match="nobody to invite"):
        invite(leeds, presentation, now=NOW + MIN_INVITATION_INTERVAL - timedelta(seconds=1))
    assert Campaign.objects.count() == 1
    assert invited(invite(leeds, presentation, now=NOW + MIN_INVITATION_INTERVAL)) == [reader.email]


def test_the_database_takes_no_second_invitation_to_an_address(leeds: Area, presentation: Presentation) -> None:
    reader = make_reader()
    campaign = invite(leeds, presentation)
    lasts = (NOW + 89 * DAY, NOW + 120 * DAY)
    with pytest.raises(IntegrityError, match="campaigninvite_one_in_90_days"), transaction.atomic():
        CampaignInvite.objects.create(campaign=campaign, person=reader, address=reader.email, lasts=lasts)


def test_whoever_changed_their_address_is_not_invited_again(leeds: Area, presentation: Presentation) -> None:
    reader = make_reader()
    invite(leeds, presentation)
    Person.objects.filter(pk=reader.pk).update(email="sam.new@leeds.example.nhs.uk")
    record_choices(address="sam.new@leeds.example.nhs.uk", chosen={Topic.VISITS: True}, where=ChoiceSource.PAGE, now=NOW)
    with pytest.raises(DomainError):
        invite(leeds, presentation, now=NOW + DAY)


def test_a_second_press_gives_the_same_campaign(leeds: Area, presentation: Presentation) -> None:
    make_reader()
    token = uuid.uuid4()
    first = invite(leeds, presentation, token=token)
    assert invite(leeds, presentation, token=token) == first
    assert Notification.objects.count() == 1


def test_whoever_has_a_booking_ahead_or_an_address_that_mail_comes_back_from_is_left_out(
    leeds: Area, presentation: Presentation, presenter: Presenter
) -> None:
    reader, booked, requested, marked, complained = (make_reader() for _number in range(5))
    make_booking(presenter, at("10:00"), person=booked)
    make_booking(None, at("15:00"), person=requested, state=BookingState.REQUESTED)
    make_booking(presenter, at("10:00") - 30 * DAY, person=reader, state=BookingState.DELIVERED, claim=False)
    hard = {"sort": BounceType.HARD, "last_at": NOW}
    MarkedAddress.objects.create(address=marked.email, marked_at=NOW, **hard)
    MarkedAddress.objects.create(address=complained.email, complained_at=NOW, **hard)
    assert invited(invite(leeds, presentation)) == [reader.email]
    forget_address(marked.email)
    assert invited(invite(leeds, presentation, now=NOW + DAY)) == [marked.email]


def test_times_are_those_that_the_public_could_book(leeds: Area, presentation: Presentation, presenter: Presenter) -> None:
    place = central_place([leeds])
    assert place is not None
    assert place.postcode.startswith("LS")
    times = free_times(presentation, place, NOW)
    assert len(times) == 6
    assert len({start.date() for start in times}) == 6
    assert min(times).date() >= (NOW + 7 * DAY).date()
    assert still_free_times(Campaign(presentation=presentation, times=times), place, NOW + 7 * DAY) == times
    make_booking(presenter, times[0])
    assert times[0] not in free_times(presentation, place, NOW)
    Presenter.objects.update(active=False)
    assert free_times(presentation, place, NOW) == []


@pytest.fixture
def sent(leeds: Area, presentation: Presentation) -> Any:
    """`sent()`: the email to one reader, as it would be written now."""
    reader = make_reader()
    invite(leeds, presentation)
    return lambda: VisitInvitation(Notification.objects.get(recipient=reader.email))


def test_the_email_lists_only_times_that_are_still_free(sent: Any, presenter: Presenter) -> None:
    assert sent().times == TIMES
    make_booking(presenter, TIMES[0])
    assert sent().times == TIMES[1:]
    assert sent().is_still_due()
    make_booking(presenter, TIMES[1])
    assert not sent().is_still_due()


def test_it_is_not_sent_to_who_has_booked_since_or_has_gone(sent: Any, presenter: Presenter) -> None:
    reader = Person.objects.get(email=sent().notification.recipient)
    booking = make_booking(presenter, at("10:00"), person=reader)
    assert not sent().is_still_due()
    booking.delete()
    assert sent().is_still_due()
    Presentation.objects.update(active=False)
    assert not sent().is_still_due()
    Presentation.objects.update(active=True)
    Person.objects.update(email="")
    assert not sent().is_still_due()


def test_each_email_has_a_way_out(sent: Any, client: Client) -> None:
    row = sent().notification
    token = token_of(row.recipient)
    assert client.post(f"/mail/{token}/stop/visits/", {"List-Unsubscribe": "One-Click"}).status_code == 200
    deliver(row.pk, clock=lambda: NOW)
    row.refresh_from_db()
    assert (row.state, row.last_error) == (NotificationState.EXPIRED, "The person it was for chose not to get it.")
    assert list(subscribers_in_areas([areas_of(Unit.DISTRICT)[LEEDS_CODE]])) == []


def test_it_is_chosen_on_the_page_of_choices_and_nothing_else(client: Client) -> None:
    reader = make_person()
    sign_in(client, reader)
    page = client.get("/my/mail/").content.decode()
    assert "Invitations to book a visit near me" in page
    assert 'value="visits" checked' not in page
    client.post("/my/mail/", {"wanted": ["reminders", "visits"]})
    assert list(subscribers_in_areas([areas_of(Unit.DISTRICT)[LEEDS_CODE]])) == [reader]


def test_what_came_of_it_is_counted_from_rows(leeds: Area, presentation: Presentation, presenter: Presenter) -> None:
    reader, other = make_reader(), make_reader()
    campaign = invite(leeds, presentation)
    Notification.objects.filter(recipient=reader.email).update(state=NotificationState.SENT, sent_at=NOW)
    first = make_booking(presenter, TIMES[0], person=reader, created_at=NOW + DAY, state=BookingState.DELIVERED)
    make_booking(presenter, TIMES[1], person=other, created_at=NOW + MIN_INVITATION_INTERVAL)
    make_booking(None, TIMES[1], person=other, created_at=NOW - DAY, state=BookingState.CANCELLED)
    make_booking(None, TIMES[1], created_at=NOW + DAY)
    attended(first, 12)
    outcome = get_campaign_outcome(campaign)
    assert (outcome.invited, outcome.sent, outcome.booked, outcome.people) == (2, 1, 1, 12)


# For staff.

PAGE = "/staff/reach/invite/"
ASKED = {"unit": "district", "area": LEEDS_CODE}


def desk(role: str) -> Client:
    return sign_in_staff(Client(), make_staff(role=role))


def test_the_page_says_how_many_and_which_times_and_no_names(presentation: Presentation) -> None:
    reader = make_reader(name="Zebedee Quince")
    page = desk("coordinator").get(PAGE, ASKED).content.decode()
    assert "Invite 1 person" in page
    assert "A presenter can come to where you work at these times:" in page
    assert reader.name not in page
    assert reader.email not in page
    assert Notification.objects.count() == Campaign.objects.count() == 0


def test_its_button_sends_once(presentation: Presentation) -> None:
    reader, client = make_reader(), desk("manager")
    data = {**ASKED, "presentation": presentation.pk, "token": uuid.uuid4()}
    first = client.post(PAGE, data)
    campaign = Campaign.objects.get()
    assert first["Location"] == f"/staff/reach/campaign/{campaign.pk}/change/"
    assert client.post(PAGE, data)["Location"] == first["Location"]
    assert invited(campaign) == [reader.email]
    assert len(campaign.times) == 6
    assert Entry.objects.filter(act="added", kind="reach.campaign", key=campaign.pk).exists()
    page = client.get(first["Location"]).content.decode()
    assert "Leeds" in page
    assert "0 of 1" in page
    assert "1 invitation is on its way." in page
    again = client.post(PAGE, {**data, "token": uuid.uuid4()})
    assert "There is nobody to invite there now" in again.content.decode()


@pytest.mark.parametrize("role", ["read-only", "presenter", "fulfilment"])
def test_others_may_not_invite(presentation: Presentation, role: str) -> None:
    make_reader()
    client = desk(role)
    assert client.get(PAGE, ASKED).status_code == 403
    assert client.post(PAGE, {**ASKED, "presentation": presentation.pk, "token": uuid.uuid4()}).status_code == 403
    assert client.get("/staff/reach/campaign/").status_code == 403
    assert not Campaign.objects.exists()


def test_where_nobody_asked_or_nobody_is_free_it_says_so(presentation: Presentation) -> None:
    client = desk("coordinator")
    assert "Nobody there has asked for invitations" in client.get(PAGE, ASKED).content.decode()
    Presenter.objects.update(active=False)
    page = client.get(PAGE, ASKED).content.decode()
    assert "No presenter is free for a visit there" in page
    assert "Choose an area of this unit." in client.get(PAGE, {"unit": "nonsense", "area": "x"}).content.decode()
    assert "Choose an area of this unit." not in client.get(PAGE).content.decode()


def test_the_page_asks_as_often_for_many_as_for_one(presentation: Presentation) -> None:
    client = desk("coordinator")
    for _number in range(3):
        make_reader()
    client.get(PAGE, ASKED)
    with CaptureQueriesContext(connection) as asked:
        client.get(PAGE, ASKED)
    assert len(asked) <= 20


def test_a_role_mailbox_gets_it_only_if_staff_tick_it(leeds: Area, presentation: Presentation) -> None:
    published = {"source": "https://www.leeds.gov.uk/safeguarding", "basis": "published", "postcode": LEEDS}
    mailbox = add_mailbox(make_organisation(), address="Safeguarding.Team@leeds.gov.uk", **published, by=None, now=NOW)
    make_reader()
    assert len(invited(invite(leeds, presentation))) == 1
    campaign = invite(leeds, presentation, to_mailboxes=True)
    assert invited(campaign) == [mailbox.address] == ["safeguarding.team@leeds.gov.uk"]
    row = Notification.objects.get(about=f"campaign:{campaign.pk}")
    assert row.kind == MailboxInvitation.name
    assert MailboxInvitation(row).is_still_due()
    with pytest.raises(DomainError):
        invite(leeds, presentation, now=NOW + 89 * DAY, to_mailboxes=True)
