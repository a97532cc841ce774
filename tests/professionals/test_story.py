"""One story of a person, an organisation, a booking, a session and an order; notes, letters and worries handed over."""

import json
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from bookings.feedback.services import get_or_create_follow_up, record_attendance
from bookings.models import BookingEvent, BookingEventKind, BookingState, Feedback, PlaceState, SessionEvent
from bookings.models.booking import record_event
from core.errors import DomainError
from notifications.delivery.services import deliver
from notifications.models import MarkedAddress, Notification, NotificationState
from privacy import services as privacy_services
from professionals.merges.services import merge_organisations
from professionals.models import AccountRecovery, FormerAddress, Note, NoteKind, Organisation, Person
from professionals.services import add_note, delete_unused_organisations, write_letter
from tests.bookings.admin.desk import ABOUT_A_CHILD, KEPT, text
from tests.bookings.open_sessions.rows import make_place, make_session
from tests.bookings.rows import NOW, make_booking, make_presenter
from tests.factories import make_organisation, make_person, make_staff, sign_in_staff
from tests.leaflets.factories import make_order
from tests.notifications.conftest import mail_server  # noqa: F401 - a fixture

pytestmark = pytest.mark.django_db

PEOPLE, ORGANISATIONS = "/staff/professionals/person", "/staff/professionals/organisation"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def staff() -> User:
    return make_staff("pat@ctac.example")


@pytest.fixture
def desk(staff: User) -> Client:
    return sign_in_staff(Client(), staff)


def as_role(role: str) -> Client:
    return sign_in_staff(Client(), make_staff(superuser=False, role=role))


def page_of(row: object) -> str:
    return f"/staff/{row._meta.app_label}/{row._meta.model_name}/{row.pk}/change/"  # type: ignore[attr-defined]


def do(desk: Client, row: object, slug: str, **typed: object):
    return desk.post(page_of(row).replace("/change/", f"/do/{slug}/"), typed, follow=True)


def told(client: Client, row: object, query: str = "") -> list[str]:
    return [f"{entry.link} {entry.what}".strip() for entry in client.get(page_of(row) + query).context["story"]["entries"]]


def mail_to(address: str, at, **fields: object) -> Notification:
    row = {
        "kind": "booking-confirmed",
        "about": "booking:0",
        "state": NotificationState.SENT,
        "sent_at": at,
        "due_at": at,
        "created_at": at,
    }
    return Notification.objects.create(**{**row, "recipient": address, "message_id": f"<{address}{at}@t>", **fields})


def a_story(person: Person, staff: User) -> dict[str, object]:
    """Something of each kind, a minute after the other."""
    booking = make_booking(
        make_presenter(), NOW - timedelta(days=3), person=person, state=BookingState.DELIVERED, visit_closed=True
    )
    record_event(booking, BookingEventKind.BOOKED, by=staff, now=NOW)
    order = make_order(person, NOW + MINUTE)
    session = make_session(make_presenter(), NOW + timedelta(days=9))
    place = make_place(session, person=person)
    SessionEvent.objects.create(session=session, place=place, at=NOW + 2 * MINUTE, kind="taken")
    mail_to(person.email, NOW + 3 * MINUTE, reference=booking.reference, subject="Booked", text_body="See you on Monday.")
    add_note(
        person=person,
        kind=NoteKind.RANG_US,
        text="Asks for parking.",
        reference=booking.reference,
        by=staff,
        now=NOW + 4 * MINUTE,
    )
    FormerAddress.objects.create(person=person, address="before@leeds.nhs.uk", until=NOW + 5 * MINUTE)
    moved = {"old": "a@leeds.nhs.uk", "new": "b@leeds.nhs.uk", "called": "Ruth Adeyemi", "number": "0113 496 0009"}
    AccountRecovery.objects.create(user=person.user, by=staff, at=NOW + 6 * MINUTE, **moved)
    return {"booking": booking, "order": order, "session": session}


def test_a_persons_story_has_all_of_it_the_newest_first(desk: Client, staff: User) -> None:
    person = make_person(email="asha@leeds.nhs.uk")
    of = a_story(person, staff)
    assert told(desk, person) == [
        "Account moved to a new address by staff",
        "Email address changed",
        f"They rang us ({of['booking'].reference})",
        "Email Booking confirmed",
        f"{of['session'].reference} Place taken",
        "Email Order received",
        f"{of['order'].reference} Order received",
        f"{of['booking'].reference} Booked",
    ]
    page = text(desk.get(page_of(person)))
    assert all(
        words in page for words in ("Asks for parking.", "Before: before@leeds.nhs.uk", "See you on Monday.", "Ruth Adeyemi")
    )


def test_bookings_orders_and_sessions_tell_what_is_theirs(desk: Client, staff: User) -> None:
    of = a_story(make_person(email="asha@leeds.nhs.uk"), staff)
    assert [line for line in told(desk, of["booking"]) if "Email to staff" not in line] == [
        f"They rang us ({of['booking'].reference})",
        "Email Booking confirmed",
        "Booked",
    ]
    assert told(desk, of["order"])[0] == "Order received"
    assert told(desk, of["session"])[0].startswith("Place taken")


def test_nobody_reads_what_they_may_not(staff: User) -> None:
    person = make_person(email="asha@leeds.nhs.uk")
    of = a_story(person, staff)
    fulfilment = as_role("fulfilment")
    add_note(person=person, kind=NoteKind.WE_RANG, text="Told them.", reference=of["order"].reference, by=staff, now=NOW)
    lines = told(fulfilment, of["order"])
    assert ("Order received" in lines, [line for line in lines if "We rang" in line or "Email" in line]) == (True, [])
    read_only = as_role("read-only")
    assert told(read_only, of["booking"]) == ["Booked"]
    page = text(read_only.get(page_of(of["booking"])))
    assert ("Add a note" in page, "See you on Monday." in page) == (False, False)
    assert read_only.get(page_of(of["booking"]).replace("change", "do/note")).status_code == 403
    coordinator = as_role("coordinator")
    assert f"They rang us ({of['booking'].reference})" in told(coordinator, person)


def test_mail_of_somebody_who_had_the_address_before_is_not_theirs(desk: Client) -> None:
    person, other = make_person(email="shared@leeds.nhs.uk"), make_person()
    FormerAddress.objects.create(person=other, address="shared@leeds.nhs.uk", until=NOW)
    mail_to("shared@leeds.nhs.uk", NOW - MINUTE)
    mail_to("shared@leeds.nhs.uk", NOW + MINUTE, message_id="<2@t>", about="booking:1")
    assert (told(desk, person).count("Email Booking confirmed"), told(desk, other).count("Email Booking confirmed")) == (1, 1)


def test_older_pages_leave_out_nothing_and_repeat_nothing(desk: Client, staff: User) -> None:
    """Also where a page ends in the middle of a moment."""
    person = make_person()
    booking = make_booking(make_presenter(), NOW + timedelta(days=5), person=person)
    BookingEvent.objects.bulk_create(
        BookingEvent(booking=booking, kind=BookingEventKind.BOOKED, at=NOW + MINUTE * (n // 70), by=staff) for n in range(140)
    )
    Note.objects.bulk_create(
        Note(person=person, kind=NoteKind.ARRANGEMENT, text=str(n), at=NOW + MINUTE * (n // 35)) for n in range(70)
    )
    seen: list[tuple[object, str]] = []
    query = ""
    while True:
        story = desk.get(page_of(person) + query).context["story"]
        seen += [(entry.at, entry.why or str(entry.what)) for entry in story["entries"]]
        if not story["older"]:
            break
        query = story["older"]
    assert len(seen) == 210
    assert [at for at, _what in seen] == sorted((at for at, _what in seen), reverse=True)
    assert {why for _at, why in seen} >= {str(n) for n in range(70)}
    assert told(desk, person, "?before=nonsense") == told(desk, person)


@pytest.mark.parametrize("of", ["person", "organisation", "booking", "session", "order"])
def test_a_page_takes_few_statements_however_much_there_is(desk: Client, staff: User, of: str) -> None:
    person = make_person(email="asha@leeds.nhs.uk")
    rows = {**a_story(person, staff), "person": person, "organisation": person.organisation}
    desk.get(page_of(rows[of]))  # what is read once a process
    counts = []
    for size in (0, 60):
        for n in range(size):
            at = NOW + MINUTE * n
            Note.objects.create(
                person=person, kind=NoteKind.WE_RANG, text="Again", at=at, by=staff, reference=rows["booking"].reference
            )
            mail_to(
                person.email,
                at,
                message_id=f"<{n}@m>",
                about=f"booking:{n + 1}",
                reference=rows[of].reference if hasattr(rows[of], "reference") else "",
            )
            record_event(rows["booking"], BookingEventKind.BOOKED, by=staff, now=at)
        with CaptureQueriesContext(connection) as statements:
            desk.get(page_of(rows[of]))
        counts.append(len(statements))
    assert counts[0] == counts[1]
    assert max(counts) <= 20, [each["sql"][:150] for each in statements.captured_queries]


def test_places_count_among_what_is_theirs(desk: Client) -> None:
    person = make_person()
    session = make_session(make_presenter())
    make_place(session, person=person)
    make_session(make_presenter())
    page = desk.get(page_of(person))
    assert "Open sessions (1)" in text(page)
    listed = desk.get(next(each["href"] for each in page.context["lists"] if "Open sessions" in each["label"]))
    assert list(listed.context["cl"].result_list) == [session]


def test_a_note_is_stored_as_it_was_written_and_the_page_says_who_may_read_it(desk: Client, staff: User) -> None:
    booking = make_booking(make_presenter(), NOW + timedelta(days=5), person=make_person())
    asked = text(desk.get(page_of(booking).replace("change", "do/note")))
    assert asked.find("They can ask to read this.") < asked.find("Add a note", asked.find("What happened?"))
    do(desk, booking, "note", kind="arrangement", text="Enter by the yard.")
    note = Note.objects.get()
    assert (note.person, note.reference, note.by, note.text) == (booking.person, booking.reference, staff, "Enter by the yard.")
    assert "This is already in the story" in text(do(desk, booking, "note", kind="arrangement", text="Enter by the yard."))
    refused = text(do(desk, booking, "note", kind="arrangement", text="x" * 301))
    assert (Note.objects.count(), "300" in refused) == (1, True)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Note.objects.update(text="Another")
    assert not Person.objects.filter(searched__icontains="yard").exists()


def test_a_note_of_a_person_may_be_about_one_of_their_bookings(desk: Client) -> None:
    person = make_person()
    booking, others = (
        make_booking(make_presenter(), NOW + timedelta(days=5), person=person),
        make_booking(make_presenter(), NOW + timedelta(days=5)),
    )
    do(desk, person, "note", kind="rang-us", text="Will be ten more.", reference=others.reference)
    assert not Note.objects.exists()
    do(desk, person, "note", kind="rang-us", text="Will be ten more.", reference=booking.reference)
    assert f"They rang us ({booking.reference})" in told(desk, booking)


@pytest.mark.parametrize("slug", ["note", "write"])
def test_a_childs_details_are_refused_without_a_way_to_keep_them(desk: Client, slug: str) -> None:
    typed = {"kind": "rang-us", "subject": "Your call", "text": ABOUT_A_CHILD, **KEPT}
    page = do(desk, make_person(), slug, **typed)
    said = text(page)
    assert (Note.objects.count(), Notification.objects.count()) == (0, 0)
    assert ABOUT_A_CHILD in said  # what was typed is still in the box
    assert "This looks like details of a child." in said
    assert ("keep_what_i_wrote" in page.content.decode(), "Use the case system" in said) == (False, True)


def test_a_worry_that_was_handed_over_says_to_whom_and_nothing_else(desk: Client) -> None:
    person, colleague = make_person(), make_staff("lead@ctac.example")
    page = desk.get(page_of(person).replace("change", "do/case")).content.decode()
    assert "<textarea" not in page
    do(desk, person, "case", to=colleague.pk, text=ABOUT_A_CHILD)
    note = Note.objects.get()
    assert (note.kind, note.to, note.text, note.subject) == (NoteKind.CASE, colleague, "", "")
    assert "Worry about a child handed over to lead@ctac.example" in told(desk, person)
    with pytest.raises(DatabaseError), transaction.atomic():
        Note.objects.create(person=person, kind=NoteKind.CASE, text="Words", at=NOW)


def test_an_email_to_a_person_is_sent_and_stands_in_the_story(desk: Client, staff: User, change_settings, mail_server) -> None:  # noqa: F811
    change_settings(team_email="team@ctac.example")
    person = make_person(name="Asha Patel", email="asha@leeds.nhs.uk")
    inbox = mail_server()
    do(desk, person, "write", subject="100% of your leaflets", text="They are on their way.")
    row = Notification.objects.get()
    deliver(row.pk, clock=lambda: row.due_at)
    message = inbox.messages[0].decode()
    assert inbox.recipients == ["asha@leeds.nhs.uk"]
    assert ("Reply-To: team@ctac.example" in message, "Subject: 100% of your leaflets" in message) == (True, True)
    assert ("Dear Asha Patel" in message, "They are on their way." in message) == (True, True)
    page = desk.get(page_of(person))
    [entry] = page.context["story"]["entries"]
    assert (str(entry.what), entry.by, "They are on their way." in text(page)) == ("Email from a colleague", staff, True)
    again = text(do(desk, person, "write", subject="100% of your leaflets", text="They are on their way."))
    assert ("This is already in the story" in again, Notification.objects.count()) == (True, 1)


def test_nobody_writes_to_an_address_that_mail_comes_back_from(desk: Client) -> None:
    person = make_person(email="Gone@leeds.nhs.uk")
    MarkedAddress.objects.create(address="gone@leeds.nhs.uk", sort="hard", marked_at=NOW, last_at=NOW)
    said = text(do(desk, person, "write", subject="Your call", text="Please ring us."))
    assert ("Emails to this address come back to us." in said, "Please ring us." in said) == (True, True)
    assert (Note.objects.count(), Notification.objects.count()) == (0, 0)
    nowhere = make_person(email="", with_user=False)
    assert "Write an email" not in text(desk.get(page_of(nowhere)))


def test_a_letter_to_an_address_that_is_no_longer_theirs_is_not_sent(staff: User, mail_server) -> None:  # noqa: F811
    person = make_person(email="asha@leeds.nhs.uk")
    inbox = mail_server()
    write_letter(person=person, subject="Hello", text="Words", by=staff, now=NOW)
    Person.objects.update(email="other@leeds.nhs.uk")
    row = Notification.objects.get()
    deliver(row.pk, clock=lambda: NOW)
    assert inbox.messages == []


def test_a_copy_has_them_and_an_erasure_takes_them(staff: User) -> None:
    person, other = make_person(), make_person()
    for each in (person, other):
        add_note(person=each, kind=NoteKind.RANG_US, text=f"Asks {each.pk}", by=staff, now=NOW)
    copy = json.dumps(privacy_services.export_person(person), default=str)
    assert (f"Asks {person.pk}" in copy, "They rang us" in copy, f"Asks {other.pk}" in copy) == (True, True, False)
    privacy_services.erase_person(person, by=staff, now=NOW)
    assert list(Note.objects.values_list("person", flat=True)) == [other.pk]
    with pytest.raises(DomainError):
        add_note(person=person, kind=NoteKind.RANG_US, text="Again", by=staff, now=NOW)


def test_a_note_holds_no_organisation_and_moves_with_it(staff: User) -> None:
    keep, goes, alone = (make_organisation(name) for name in ("Keep", "Goes", "Alone"))
    for each in (goes, alone):
        add_note(organisation=each, kind=NoteKind.WE_RANG, text="Ask for Jo at the desk.", by=staff, now=NOW)
    merge_organisations(keep=keep, others=[goes], by=staff, now=NOW)
    assert keep.notes.count() == 1
    with transaction.atomic():
        delete_unused_organisations([alone.pk])
    assert (Organisation.objects.filter(pk=alone.pk).exists(), Note.objects.count()) == (False, 1)


def test_an_organisations_page_says_who_works_there_what_was_reached_and_when_we_last_heard(desk: Client, staff: User) -> None:
    organisation = make_organisation("Leeds Health Visiting")
    people = [make_person(name=f"Person {n:02}", organisation=organisation) for n in range(12)]
    of = a_story(people[0], staff)
    record_attendance(given=of["booking"], counts={"health-visitor": 1}, by=staff, now=NOW)
    Feedback.objects.create(
        follow_up=get_or_create_follow_up(given=of["booking"], now=NOW),
        useful=4,
        clear=4,
        ready=4,
        token="t",
        received_on=NOW.date(),
    )
    make_place(make_session(make_presenter()), PlaceState.ATTENDED, person=people[1])
    page = desk.get(page_of(organisation))
    lists = {str(each["heading"]): [row.text for row in each["rows"]] for each in page.context["related"]}
    assert len(lists["Its people"]) == 10
    assert lists["Newest bookings"] == [of["booking"].reference]
    assert lists["Newest orders"] == [of["order"].reference]
    assert lists["What we reached there"] == [
        "1 presentation given",
        "1 person came to them",
        "1 person came to an open session",
    ]
    said = text(page)
    assert "Last contact: Tuesday 12 January 2027, 10:04am. They rang us" in said
    assert any("1 person gave feedback" in line for line in told(desk, organisation))
    rest = next(each["rest"] for each in page.context["related"] if each["heading"] == "Its people")
    make_person(name="Somebody else")
    listed = desk.get(rest).context["cl"].result_list
    assert [person.name for person in listed] == [f"Person {n:02}" for n in range(12)]
