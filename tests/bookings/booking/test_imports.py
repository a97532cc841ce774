"""Old bookings from a list: what is made of them, what they must not disturb, and that an undo leaves nothing behind."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.urls import reverse

from bookings.booking.services.undo import take_back_delivered
from bookings.errors import TransitionNotAllowed
from bookings.feedback.services import record_attendance
from bookings.models import Attendance, Booking, BookingChannel, BookingEvent, BookingState, BusyTime, Format, Presenter
from bookings.privacy import bookings_ended_before
from notifications.models import Notification
from privacy.services import export_person
from professionals.models import DuplicateChoice, ImportedCount, ImportedObject, ImportState, Organisation, Person, RowState
from professionals.services import with_last_contact
from tests import importing
from tests.bookings.rows import NOW, make_booking, make_presentation, make_presenter
from tests.factories import make_organisation, make_person, make_staff, sign_in, sign_in_staff

pytestmark = [pytest.mark.django_db, pytest.mark.tuesday]

EXAMPLE = "bookings/booking/old_bookings.csv"
ONE = {
    "day": "3/4/2026",
    "clock": "1:30pm",
    "presentation": "Spotting the signs",
    "format": "Visit",
    "name": "Asha Patel",
    "email": "asha@leeds.example",
    "phone": "0113 496 0001",
    "profession": "Health visitor",
    "organisation_name": "Leeds Trust",
    "postcode": "LS1 4AP",
    "audience": "Midwife",
    "expected": "15",
    "came": "12",
    "presenter": "Tom Adeyemi",
    "state": "Delivered",
}


@pytest.fixture(autouse=True)
def presenter() -> Presenter:
    make_presentation(slug="signs")
    make_presentation(slug="after-a-concern", title="After a concern: from a worry to a safe next step", active=False)
    return make_presenter(name="Tom Adeyemi")


def rows(*changes):
    """A list with one row for each of these changes of ONE."""
    cells = [importing.row_of("bookings", **(ONE | change)) for change in changes]
    return importing.as_csv(importing.headings_of("bookings"), *cells)


def check(*changes):
    return importing.checked("bookings", rows(*changes), NOW)


def bring_in(*changes):
    return importing.ran(check(*changes), NOW)


def test_a_delivered_visit_is_history(presenter):
    done = bring_in({})
    assert (done.state, importing.states(done)) == (ImportState.DONE, {2: RowState.MADE})
    booking = Booking.objects.get()
    assert (booking.state, booking.format, booking.channel) == (BookingState.DELIVERED, Format.WORKPLACE, BookingChannel.LIST)
    assert booking.starts_at == datetime(2026, 4, 3, 12, 30, tzinfo=UTC)
    assert booking.ends_at - booking.starts_at == booking.presentation.length
    assert (booking.postcode, booking.nation, booking.local_authority) == ("LS1 4AP", "england", "E08000035")
    assert (booking.contact_name, booking.contact_phone, booking.presenter) == ("Asha Patel", "0113 496 0001", presenter)
    assert (booking.audience_size, booking.audience_profession) == (15, "midwife")
    assert list(booking.attendance.counts.values_list("profession", "people")) == [("midwife", 12)]
    assert booking.person.organisation.name == "Leeds Trust"
    assert booking.visit_closed
    assert not Booking.objects.open().exists()
    assert not Booking.objects.overdue(NOW).exists()
    assert not Booking.objects.visits_under_way(NOW).exists()


def test_nobody_is_told_and_nothing_is_claimed():
    bring_in({}, {"state": "Cancelled", "day": "4/4/2026"})
    assert not Notification.objects.exists()
    assert not BookingEvent.objects.exists()
    assert not BusyTime.objects.exists()
    assert not hasattr(Booking.objects.filter(state=BookingState.DELIVERED).get(), "follow_up")
    assert Person.objects.get().user is None


def test_without_a_time_it_has_only_its_day(presenter, client):
    bring_in({"clock": ""})
    booking = Booking.objects.get()
    assert booking.when == "Friday 3 April 2026"
    staff = sign_in_staff(client, make_staff())
    page = staff.get(reverse("staff:bookings_booking_change", args=[booking.pk])).content.decode()
    assert "Friday 3 April 2026" in page
    assert "midnight" not in page
    assert "Imported from a list" in page
    assert "Take back" not in page
    assert "midnight" not in staff.get(reverse("staff:bookings_booking_changelist")).content.decode()


@pytest.mark.parametrize(
    ("change", "name", "says"),
    [
        ({"day": "13/1/2027"}, "day", "This day is not over yet. Book it here instead"),
        ({"day": "12/1/2027"}, "day", "This day is not over yet. Book it here instead"),
        ({"day": "1/1/2999"}, "day", "This day is not over yet. Book it here instead"),
        ({"day": "1/1/1900"}, "day", "This is before"),
        ({"day": "4/13/2026"}, "day", "Enter a real day with its year"),
        ({"day": ""}, "day", "Fill this in."),
        ({"day": "29/3/2026", "clock": "1:30am"}, "clock", "The clocks go forward then"),
        ({"presentation": "Something else"}, "presentation", "We have no presentation of this name."),
        ({"postcode": ""}, "postcode", "Add the postcode of the workplace"),
        ({"postcode": "BX9 1AS"}, "postcode", "We don’t know this postcode."),
        ({"came": "", "expected": ""}, "came", "Say how many people came"),
        ({"came": "0", "expected": "0"}, "came", "Say how many people came"),
        ({"came": "100000"}, "came", "Enter how many people, from 0 to 5,000."),
        ({"audience": "Astronaut"}, "audience", "We don’t know this profession."),
        ({"format": "By post"}, "format", "Write “Visit” or “Online”."),
        ({"state": "Perhaps"}, "state", "Write “Delivered” or “Cancelled”."),
        (
            {"format": "Online", "email": "", "phone": "", "organisation_name": "", "postcode": ""},
            "",
            "Fill in an email address, a phone number, an organisation or a postcode.",
        ),
        ({"day": "3/4/2020", "state": "Cancelled"}, "state", "This is too old to keep."),
    ],
)
def test_what_is_wrong_is_said_by_row(change, name, says):
    import_job = check({}, change)
    [[where, sentence]] = importing.problems(import_job)[3]
    assert where == name
    assert sentence.startswith(says)
    assert importing.states(import_job) == {2: RowState.NEW, 3: RowState.WRONG}


def test_what_may_be_left_out(presenter):
    bring_in({"format": "Online", "postcode": "", "audience": "mixed", "expected": "about 12", "came": "", "presenter": "Nobody"})
    booking = Booking.objects.get()
    assert (booking.format, booking.postcode, booking.nation, booking.presenter) == (Format.ONLINE, "", "", None)
    assert (booking.audience_size, booking.audience_profession) == (12, "")
    assert not Attendance.objects.exists()


def test_a_presentation_goes_by_its_short_name_too_and_need_not_be_offered():
    bring_in({"presentation": " AFTER-a-concern "})
    assert Booking.objects.get().presentation.slug == "after-a-concern"


def test_of_two_presenters_of_one_name_it_is_neither():
    make_presenter(name="Tom Adeyemi")
    bring_in({})
    assert Booking.objects.get().presenter is None


# Who it was.


def test_one_person_for_all_rows_of_the_same():
    by_email = [{"day": f"{day}/4/2026"} for day in (1, 2, 3)]
    by_phone = [
        {"day": f"{day}/4/2026", "name": "Ben Okoro", "email": "", "phone": phone}
        for day, phone in enumerate(("0113 496 0009", "+44 113 496 0009", "01134960009"), start=1)
    ]
    by_place = [{"day": f"{day}/4/2026", "name": "Cara Lewis", "email": "", "phone": ""} for day in (1, 2)]
    done = bring_in(*by_email, *by_phone, *by_place)
    assert set(importing.states(done).values()) == {RowState.MADE}
    assert sorted(Person.objects.values_list("name", flat=True)) == ["Asha Patel", "Ben Okoro", "Cara Lewis"]
    assert Booking.objects.count() == 8
    assert Organisation.objects.count() == 1


def test_one_person_over_several_batches(monkeypatch):
    monkeypatch.setattr("professionals.imports.services.BATCH_SIZE", 2)
    bring_in(*({"day": f"{day}/4/2026", "email": ""} for day in range(1, 8)))
    assert Person.objects.count() == 1
    assert Booking.objects.count() == 7


def test_two_colleagues_on_one_line_are_two():
    bring_in({"email": ""}, {"email": "", "name": "Ben Okoro"})
    assert Person.objects.count() == 2


def test_whom_we_know_by_email_is_taken_without_asking():
    known = make_person(email="asha@leeds.example", name="A. Patel")
    import_job = check({})
    assert importing.states(import_job) == {2: RowState.NEW}
    importing.ran(import_job, NOW)
    known.refresh_from_db()
    assert (Booking.objects.get().person, known.name) == (known, "A. Patel")


@pytest.mark.parametrize(
    ("choice", "people", "bookings"), [(DuplicateChoice.LINK, 1, 1), (DuplicateChoice.MAKE, 2, 1), (DuplicateChoice.SKIP, 1, 0)]
)
def test_whom_it_may_be_is_asked(choice, people, bookings):
    known = make_person(with_user=False, name="Asha Patel", email="", phone="+44 113 496 0001")
    import_job = check({})
    assert importing.states(import_job) == {2: RowState.DUPLICATE}
    import_job.choice = choice
    import_job.save()
    importing.ran(import_job, NOW)
    assert (Person.objects.count(), Booking.objects.count()) == (people, bookings)
    if choice == DuplicateChoice.LINK:
        assert Booking.objects.get().person == known


@pytest.mark.parametrize(
    ("choice", "bookings"), [(DuplicateChoice.LINK, 1), (DuplicateChoice.MAKE, 2), (DuplicateChoice.SKIP, 1)]
)
def test_a_booking_that_is_here_already_is_asked_about(presenter, choice, bookings):
    person = make_person(email="asha@leeds.example")
    here = make_booking(presenter, datetime(2026, 4, 3, 12, 30, tzinfo=UTC), person=person, state=BookingState.DELIVERED)
    import_job = check({"presentation": here.presentation.slug})
    assert importing.states(import_job) == {2: RowState.DUPLICATE}
    import_job.choice = choice
    import_job.save()
    done = importing.ran(import_job, NOW)
    assert Booking.objects.count() == bookings
    if choice == DuplicateChoice.LINK:
        assert list(ImportedObject.objects.filter(parent=done).values_list("model", "key", "made")) == [
            ("bookings.booking", here.pk, False)
        ]


def test_another_time_of_the_day_is_another_booking(presenter):
    person = make_person(email="asha@leeds.example")
    here = make_booking(presenter, datetime(2026, 4, 3, 8, tzinfo=UTC), person=person, state=BookingState.DELIVERED)
    assert importing.states(check({"presentation": here.presentation.slug})) == {2: RowState.NEW}


# What counts, for how long.


def test_rows_past_retention_come_in_as_counts():
    before = importing.without_import(importing.everything())
    done = bring_in(
        {"day": "3/4/2021"}, {"day": "20/4/2021", "email": "b@leeds.example"}, {"day": "5/4/2021", "postcode": "CF10 3NQ"}
    )
    assert importing.problems(done) == {}
    assert importing.states(done) == dict.fromkeys((2, 3, 4), RowState.COUNTED)
    counted = ImportedCount.objects.values_list("month", "nation", "authority", "profession", "rows", "people")
    assert set(counted) == {
        (date(2021, 4, 1), "england", "E08000035", "midwife", 2, 24),
        (date(2021, 4, 1), "wales", "W06000015", "midwife", 1, 12),
    }
    assert importing.without_import(importing.everything()) == before


def test_the_months_that_staff_have_set_decide(change_settings):
    change_settings(keep_bookings_months=6)
    done = bring_in({"day": "3/4/2026"}, {"day": "3/10/2026"})
    assert importing.states(done) == {2: RowState.COUNTED, 3: RowState.MADE}


def test_what_came_in_is_not_due_for_retention_before_its_day():
    bring_in({"day": "13/1/2025"}, {"day": "3/10/2026"})
    assert Booking.objects.count() == 2
    assert list(bookings_ended_before(NOW - timedelta(days=400))) == [Booking.objects.earliest("starts_at")]


def test_it_counts_as_the_last_contact_and_where_they_work():
    organisation = make_organisation("Leeds Trust")
    bring_in({})
    [person] = with_last_contact(Person.objects.all())
    assert person.organisation == organisation
    assert person.last_contact == Booking.objects.get().starts_at
    assert person.created_at == Booking.objects.get().starts_at


def test_the_page_of_the_organisation_and_of_the_person_say_it(client):
    bring_in({})
    staff, person = sign_in_staff(client, make_staff()), Person.objects.get()
    page = staff.get(reverse("staff:professionals_organisation_change", args=[person.organisation_id])).content.decode()
    assert "1 presentation given" in page
    assert "12 people came to them" in page
    page = staff.get(reverse("staff:professionals_person_change", args=[person.pk])).content.decode()
    assert "Imported from a list" in page
    assert Booking.objects.get().reference in page


def test_its_owner_sees_it_and_gets_no_more_of_it(client):
    person = make_person(email="asha@leeds.example")
    bring_in({"clock": ""})
    page = sign_in(client, person).get(Booking.objects.get().get_absolute_url()).content.decode()
    assert "Friday 3 April 2026" in page
    assert "Book this again" not in page
    assert "We added this from our earlier records." in page
    assert [row["channel"] for row in export_person(person)["bookings"]] == ["list"]


def test_delivered_is_not_taken_back():
    bring_in({})
    with pytest.raises(TransitionNotAllowed):
        take_back_delivered(Booking.objects.get(), reason="A slip.", by=make_staff(), now=NOW)


# Undone as a whole.


def test_an_undo_leaves_everything_as_it_was(presenter):
    make_booking(presenter, datetime(2026, 4, 3, 12, 30, tzinfo=UTC), person=make_person(email="asha@leeds.example"))
    before = importing.everything()
    done = importing.ran(importing.checked("bookings", example_here(), NOW), NOW)
    assert Booking.objects.count() == 25
    assert importing.everything() != before
    importing.undone(done, NOW)
    assert importing.everything() == before


def example_here() -> bytes:
    """Whose first presentation is called otherwise here."""
    return importing.example(EXAMPLE).replace(b"Spotting the signs of child trafficking", b"Spotting the signs")


def test_what_was_used_since_stays_and_is_listed():
    done = bring_in({}, {"day": "4/4/2026", "email": "b@leeds.example", "name": "Ben Okoro"})
    kept = Booking.objects.get(person__name="Asha Patel")
    record_attendance(given=kept, counts={"gp": 9}, expected=0, by=make_staff(), now=NOW + timedelta(hours=1))
    done = importing.undone(done, NOW)
    assert done.state == ImportState.UNDONE
    assert list(Booking.objects.all()) == [kept]
    assert list(Person.objects.all()) == [kept.person]
    listed = dict(ImportedObject.objects.values_list("model", "kept"))
    assert set(listed) == {"bookings.booking", "professionals.person", "professionals.organisation"}
    assert "another number of people who came" in listed["bookings.booking"]


# Whatever is in a cell.


def test_nothing_in_any_cell_breaks_anything():
    importing.assert_nothing_breaks("bookings", ONE, NOW)


def test_batches_take_as_many_statements_whatever_is_in_them(django_assert_max_num_queries):
    import_job = check(*({"day": f"{n % 28 + 1}/{n // 28 + 1}/2026", "email": f"p{n}@leeds.example"} for n in range(100)))
    with django_assert_max_num_queries(60):
        importing.ran(import_job, NOW)
    assert Booking.objects.count() == 100
