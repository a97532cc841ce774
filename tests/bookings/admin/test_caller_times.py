"""Book for a caller: free times week by week, and dates of the caller's own; whatever was typed stays."""

import pytest
from django.test import Client

from bookings.models import Booking, DateOption, Presentation, Presenter
from notifications.models import Notification
from professionals.areas import get_outward_code
from professionals.models import Person
from tests.bookings.admin.desk import ABOUT_A_CHILD, BOOKINGS, checked, text, told_lead, values
from tests.bookings.admin.test_for_caller import caller_form
from tests.bookings.rows import YORK, at, make_booking, make_presentation, make_presenter
from tests.factories import make_organisation
from tests.leaflets.statements import statements

pytestmark = pytest.mark.django_db
ADD = f"{BOOKINGS}add/"
TEN, LATER = "2027-01-25T10:00Z", "2027-02-02T14:30Z"


@pytest.fixture
def presentation(presenter: Presenter) -> Presentation:
    return make_presentation()


def without_a_time(presentation: Presentation, **more: str) -> dict[str, str]:
    form = caller_form(presentation)
    return {**{name: value for name, value in form.items() if not name.startswith("time-")}, **more}


def dates(presentation: Presentation, **more: str) -> dict[str, str]:
    typed = {"dates-reason": "They meet on Mondays", "dates-day_1": "25 1 2027", "dates-part_1": "time", "dates-clock_1": "10am"}
    return without_a_time(presentation, way="dates", **{**typed, **more})


def test_free_times_are_shown_before_anything_else_is_asked(desk: Client, presentation: Presentation) -> None:
    some = {"what-presentation": str(presentation.pk), "where-format": "workplace", "where-postcode": "LS1 4AP"}
    page = desk.post(ADD, {"look": "?week=2027-01-25", "caller-name": "Pat Brown", **some})
    assert ("There is a problem" in text(page), "Week of Monday 25 January 2027" in text(page)) == (False, True)
    assert (TEN in values(page, "time-start"), values(page, "caller-name")) == (True, ["Pat Brown"])
    assert not Booking.objects.exists()


def test_what_is_needed_to_know_them_is_said_and_nothing_more(desk: Client, presentation: Presentation) -> None:
    page = desk.post(ADD, {"look": "?", "where-format": "workplace"})
    errors = {name for form in (page.context["form"].what, page.context["form"].where) for name in form.errors}
    assert (errors, page.context["form"].caller.errors) == ({"presentation", "postcode"}, {})


def test_a_time_stays_chosen_in_another_week_and_is_booked_from_there(desk: Client, presentation: Presentation) -> None:
    form = without_a_time(presentation, **{"time-start": TEN, "where-audience_profession": "midwife"})
    page = desk.post(ADD, {**form, "look": "?week=2027-02-01&part=afternoon"})
    assert (checked(page, "time-start"), LATER in values(page, "time-start")) == ([TEN], True)
    assert ("2027-02-02T09:00Z" in values(page, "time-start"), "Monday 25 January 2027 (already chosen)" in text(page)) == (
        False,
        True,
    )
    desk.post(ADD, {**form, "shown": values(page, "shown")[0]})
    booking = Booking.objects.get()
    assert (booking.starts_at, booking.audience_profession) == (at("10:00"), "midwife")


def test_free_times_are_those_of_the_presenter_who_is_chosen(desk: Client, presentation: Presentation) -> None:
    other = make_presenter()
    make_booking(other, at("10:00"), presentation=presentation)
    form = without_a_time(presentation, look="?week=2027-01-25")
    assert TEN in values(desk.post(ADD, form), "time-start")
    named = values(desk.post(ADD, {**form, "time-presenter": str(other.pk)}), "time-start")
    assert (TEN in named, "2027-01-25T13:00Z" in named) == (False, True)


def test_a_time_that_has_gone_meanwhile_is_said_beside_the_times(
    desk: Client, presentation: Presentation, presenter: Presenter
) -> None:
    make_booking(presenter, at("10:00"), presentation=presentation)
    typed_before = {"time-day": "26 1 2027", "time-clock": "3"}
    page = desk.post(ADD, without_a_time(presentation, **{"time-start": TEN, **typed_before}))
    assert [(name, said[0][:25]) for name, said in page.context["form"].when.errors.items()] == [
        ("start", "No presenter is free then")
    ]
    assert (checked(page, "time-start"), "Who can give it then" in text(page)) == ([TEN], True)


def test_another_time_is_still_typed_with_a_reason(desk: Client, presentation: Presentation) -> None:
    typed = {"time-start": "other", "time-day": "25 1 2027", "time-clock": "7pm"}
    page = desk.post(ADD, without_a_time(presentation, **typed))
    assert "get back to their base after their usual time. If you still want to go ahead, give a reason" in text(page)
    desk.post(ADD, without_a_time(presentation, **typed, **{"time-override_reason": "Night shift"}))
    assert Booking.objects.get().starts_at == at("19:00")


@pytest.mark.parametrize("typed", [{"time-start": "other"}, {"time-start": "nonsense"}, {"time-start": "9999-99-99T00:00Z"}])
def test_no_time_is_no_booking(desk: Client, presentation: Presentation, typed: dict[str, str]) -> None:
    assert desk.post(ADD, without_a_time(presentation, **typed)).context["form"].when.errors
    assert not Booking.objects.exists()


def test_what_was_typed_in_the_one_way_is_there_after_a_look_at_the_other(desk: Client, presentation: Presentation) -> None:
    time = {"time-start": "other", "time-day": "25 1 2027", "time-clock": "7pm", "time-override_reason": "Night shift"}
    there = desk.post(ADD, {**without_a_time(presentation, **time), "way": "time", "switch": "dates"})
    assert ("There is a problem" in text(there), "Send this request" in text(there)) == (False, True)
    assert {name: values(there, name)[0] for name in time} == time
    back = desk.post(ADD, {**dates(presentation), **time, "switch": "time"})
    assert (values(back, "dates-reason"), values(back, "dates-day_1")) == (["They meet on Mondays"], ["25 1 2027"])
    assert (values(back, "time-clock"), checked(back, "time-start")) == (["7pm"], ["other"])
    assert not Booking.objects.exists()


def test_dates_of_their_own_are_the_same_request_as_on_the_web(desk: Client, presentation: Presentation) -> None:
    page = desk.post(ADD, dates(presentation, **{"dates-day_2": "26 1 2027", "dates-clock_2": "7pm"}), follow=True)
    booking = Booking.objects.get()
    assert (booking.state, booking.channel, booking.request_reason) == ("requested", "phone", "They meet on Mondays")
    assert [option.kept_from for option in booking.options.all()] == [at("10:00"), None]
    said = text(page)
    assert f"Request {booking.reference} is placed." in said
    assert "Kept: Monday 25 January 2027, 10am to 11am, with Asha Patel, until Thursday 14 January 2027, 5pm." in said
    assert "Not kept: Tuesday 26 January 2027, 7pm to 8pm. It was outside the hours, the area" in said
    assert list(Notification.objects.filter(kind="booking-requested").values_list("recipient", flat=True)) == [
        "pat@unknown.example"
    ]


def test_why_no_time_suits_is_asked_only_where_there_are_times(desk: Client, presentation: Presentation) -> None:
    typed = dates(presentation, **{"dates-reason": ""})
    assert "Write why our times don’t suit them." in text(desk.post(ADD, typed))
    desk.post(ADD, {**typed, "where-postcode": "ZE1 0AA"})
    assert Booking.objects.get().request_reason == ""


def test_without_an_address_nobody_is_mailed_and_staff_read_so(desk: Client, presentation: Presentation) -> None:
    page = desk.post(ADD, dates(presentation, **{"caller-email": ""}), follow=True)
    assert "please call them with our answer" in text(page)
    assert not Notification.objects.filter(kind="booking-requested").exists()


def test_a_request_is_sent_once_and_its_mistakes_are_said(desk: Client, presentation: Presentation) -> None:
    page = desk.post(ADD, dates(presentation, **{"dates-day_1": "1 1 2020", "dates-reason": ""}))
    assert set(page.context["form"].dates.errors) == {"day_1", "reason"}
    page = desk.post(ADD, dates(presentation, **{"dates-day_1": "", "dates-clock_1": ""}))
    assert "Enter a day that would suit them" in text(page)
    assert not Person.objects.filter(name="Pat Brown").exists()
    assert {desk.post(ADD, dates(presentation)).url for _twice in range(2)} == {f"{BOOKINGS}{Booking.objects.get().pk}/change/"}
    assert DateOption.objects.count() == 1


def test_a_reason_for_dates_asks_about_a_childs_details(desk: Client, presentation: Presentation) -> None:
    form = dates(presentation, **{"dates-reason": ABOUT_A_CHILD})
    assert "This looks like details of a child." in text(desk.post(ADD, form))
    desk.post(ADD, {**form, "dates-keep_what_i_wrote": "on"})
    assert (Booking.objects.get().flagged_child_details, told_lead()) == (True, 1)


def test_looking_booking_and_asking_take_few_statements_however_much_there_is(desk: Client, presentation: Presentation) -> None:
    """Also for a caller and an organisation that are new."""

    def taken(number: int) -> tuple[int, int, int]:
        new = {
            "token": str(number) * 43,
            "caller-name": f"Pat Brown {number}",
            "caller-email": f"new{number}@leeds.nhs.uk",
            "caller-phone": f"0113 496 001{number}",
            "caller-organisation_name": f"New {number}",
        }
        other = {"caller-name": f"Kim Lee {number}", "caller-email": "", "caller-phone": f"0113 496 000{number}"}
        asked = {**new, **other, "token": str(number + 5) * 43}
        form = without_a_time(presentation, **new, **{"time-start": TEN if number == 1 else LATER})
        day = {"dates-day_1": "25 1 2027" if number == 1 else "2 2 2027", "dates-clock_1": "2pm" if number == 1 else "10am"}
        look = {**without_a_time(presentation), "look": "?week=2027-02-08"}
        looking = len(statements(lambda: desk.post(ADD, look)))
        return looking, placed(desk, form), placed(desk, dates(presentation, **asked, **day))

    few = taken(1)
    for hour in ("09:00", "13:00", "16:00"):
        make_booking(make_presenter(base_postcode=YORK), at(hour), presentation=presentation)
        make_organisation()
    many = taken(2)
    assert (max(few[0], many[0]) <= 13, few[1:] == many[1:], max(few) <= 30 + AUDITED + SIMILAR) == (True, True, True), (
        few,
        many,
    )


AUDITED = 1  # what staff do is one statement more than what a professional does
SIMILAR = 1  # nobody is entered whom we may know, unless staff say so


def placed(desk: Client, form: dict[str, str]) -> int:
    before = Booking.objects.count()
    get_outward_code.cache_clear()
    count = len(statements(lambda: desk.post(ADD, form)))
    assert Booking.objects.count() == before + 1
    return count
