"""Booking through the pages, as a browser does it: signed out until the last page, with nothing typed lost."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import time_machine
from django.conf import settings
from django.test import Client

from bookings.models import Booking, BookingState, BusyTime, Hold, Presentation
from notifications.models import Notification
from professionals.models import Draft, Person
from tests.bookings.flow import TEN, WHERE, confirm, fill_in, hidden, text
from tests.bookings.rows import LEEDS, LEEDS_TOO, MONDAY, NOW, at, make_booking, make_presentation
from tests.factories import make_person, sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def test_a_booking_from_the_first_page_to_the_confirmation(client: Client, presentation: Presentation, person: Person) -> None:
    fill_in(client)
    sent_to_sign_in = client.get("/book/signs/check/")
    assert sent_to_sign_in.url == "/account/login/?next=%2Fbook%2Fsigns%2Fcheck%2F"
    sign_in(client, person)
    page = client.get("/book/signs/check/")
    for words in (
        "St James Leeds LS1 4AP",
        "Monday 25 January 2027, 10am to 11am",
        "12",
        "Jo Green",
        "Hearing loop",
        "until 10:15am",
    ):
        assert words in text(page)
    placed = client.post("/book/signs/check/", hidden(page))
    booking = Booking.objects.get()
    assert placed.url == f"/bookings/{booking.reference}/placed/"
    confirmation = text(client.get(placed.url))
    assert booking.reference in confirmation
    for step in (
        "We will email these details to sam@leeds.nhs.uk, with an entry for your calendar.",
        "Monday 18 January 2027, 9am We will email you a reminder, and another one the day before.",
        "Monday 25 January 2027 Our presenter will ask for Jo Green at reception.",
    ):
        assert step in confirmation
    assert (booking.person, booking.state, booking.starts_at, booking.postcode) == (
        person,
        BookingState.CONFIRMED,
        at("10:00"),
        LEEDS,
    )
    assert (booking.audience_size, booking.access_needs, booking.channel) == (12, "Hearing loop", "web")
    assert not Draft.objects.exists()
    assert not Hold.objects.exists()


def test_a_request_says_that_it_waits(client: Client, presentation: Presentation) -> None:
    sign_in(client, make_person(email="sam@unknown.example"))
    fill_in(client)
    page = text(client.get(confirm(client).url))
    assert "We have your request" in page
    assert "Your request is not confirmed yet." in page
    assert "Nobody else can book it." in page
    assert "We will email our answer to sam@unknown.example." in page
    assert "Add it to your calendar" not in page


@pytest.mark.parametrize(
    ("email", "where", "is_request"),
    [
        ("sam@unknown.example", WHERE, True),
        ("sam@unknown.example", {**WHERE, "format": "online"}, False),
        ("sam@leeds.nhs.uk", WHERE, False),
    ],
    ids=["unknown workplace", "unknown, online", "known workplace"],
)
def test_what_will_be_a_request_says_so_before_it_is_sent(
    client: Client, presentation: Presentation, email: str, where: dict[str, str], is_request: bool
) -> None:
    sign_in(client, make_person(email=email))
    fill_in(client, where=where)
    page = client.get("/book/signs/check/")
    for words in ("Check your request", "This is a request, because", "Send this request"):
        assert (words in text(page)) is is_request, words
    for words in ("Check your answers", "Confirm this booking"):
        assert (words in text(page)) is not is_request, words
    [heading], [title] = (re.findall(f"<{tag}[^>]*>([^<]+)<", page.content.decode()) for tag in ("h1", "title"))
    assert title.strip() == f"{heading} – CTAC"
    confirm(client)
    assert (Booking.objects.get().state == BookingState.REQUESTED) is is_request


def test_the_check_page_says_what_we_know_of_the_person_and_where_to_change_it(
    client: Client, presentation: Presentation, person: Person
) -> None:
    sign_in(client, person)
    fill_in(client)
    *_others, you = client.get("/book/signs/check/").context["sections"]
    assert you["change_url"] == "/account/details/?next=/book/signs/check/"
    assert [(row["label"], row["value"]) for row in you["rows"]] == [
        ("Name", "Sam Taylor"),
        ("Organisation", person.organisation.name),
        ("Email", "sam@leeds.nhs.uk"),
        ("Phone", person.phone),
    ]


def test_the_workplace_comes_first_whatever_the_order_of_the_formats(client: Client, presentation: Presentation) -> None:
    Presentation.objects.update(formats=["online", "workplace"])
    page = client.get("/book/signs/where/")
    assert [value for value, _label in page.context["form"].fields["format"].choices] == ["workplace", "online"]
    assert "60 minutes · At your workplace or online" in text(client.get("/presentations/"))


@pytest.mark.parametrize(("formats", "words"), [(["online"], "Online"), (["workplace"], "At your workplace")])
def test_a_presentation_of_one_format_says_only_that(
    client: Client, presentation: Presentation, formats: list[str], words: str
) -> None:
    Presentation.objects.update(formats=formats)
    assert f"60 minutes · {words} " in text(client.get("/presentations/"))


def test_nobody_types_again_where_their_last_visit_was(client: Client, presentation: Presentation, person: Person) -> None:
    sign_in(client, person)
    as_contact = {"contact_name": person.name, "contact_phone": person.phone, "leaflets": False}
    assert client.get("/book/signs/where/").context["form"].initial == {"postcode": person.postcode, **as_contact}
    fill_in(client, where={**WHERE, "address_line_2": "Third floor", "postcode": LEEDS_TOO})
    confirm(client)
    was_there = {"address_line_1": "St James", "address_line_2": "Third floor", "town": "Leeds", "postcode": LEEDS_TOO}
    page = client.get("/book/signs/where/")
    assert page.context["form"].initial == was_there | as_contact
    assert 'value="Third floor"' in page.content.decode()
    sign_in(client, make_person(postcode=LEEDS))
    assert client.get("/book/signs/where/").context["form"].initial.items() >= {"postcode": LEEDS}.items()


def test_online_asks_for_no_address(client: Client, presentation: Presentation, person: Person) -> None:
    sign_in(client, person)
    fill_in(client, where={"format": "online", "postcode": "nonsense"})
    confirm(client)
    assert (Booking.objects.get().format, Booking.objects.get().postcode) == ("online", "")


def test_a_street_and_its_postcode_are_enough(client: Client, presentation: Presentation, person: Person) -> None:
    sign_in(client, person)
    fill_in(client, where={**WHERE, "town": " "})
    confirm(client)
    assert Booking.objects.get().address_lines == ["St James", "LS1 4AP"]


@pytest.mark.parametrize(
    ("change", "field", "message"),
    [
        ({"format": ""}, "format", "Choose where you would like the presentation."),
        ({"format": "moon"}, "format", "Choose one of the answers."),
        ({"address_line_1": ""}, "address_line_1", "Enter the building and street."),
        ({"postcode": ""}, "postcode", "Enter the postcode."),
        ({"postcode": "Leeds"}, "postcode", "Enter a full UK postcode"),
        ({"postcode": "EL1 1AA"}, "postcode", "Did you mean E11 1AA?"),
        ({"postcode": "BFPO 57"}, "postcode", "We can’t send a presenter to this postcode."),
        ({"town": "x" * 81}, "town", "at most 80 characters"),
        ({"town": "Le\0eds"}, "town", "Null characters"),
        ({"audience_profession": "wizard"}, "audience_profession", "Choose one of the answers."),
    ],
)
def test_bad_places_are_explained_beside_the_field_and_kept(
    client: Client, presentation: Presentation, change: dict[str, str], field: str, message: str
) -> None:
    page = client.post("/book/signs/where/", {**WHERE, **change})
    assert message in str(page.context["form"].errors[field])
    assert page.context["form"]["address_line_1"].value() == change.get("address_line_1", "St James")
    assert not Draft.objects.exists()


def test_a_corrected_postcode_is_named_on_the_next_page_and_booked(
    client: Client, presentation: Presentation, person: Person
) -> None:
    sign_in(client, person)
    client.post("/book/signs/where/", {**WHERE, "postcode": "LSI 4AP"})
    assert "We read “LSI 4AP” as LS1 4AP." in text(client.get("/book/signs/when/"))
    client.post("/book/signs/when/", {"start": TEN})
    page = text(client.get("/book/signs/check/"))
    assert ("St James Leeds LS1 4AP" in page, "We read" in page) == (True, False)
    confirm(client)
    assert Booking.objects.get().postcode == LEEDS


def test_the_first_page_gives_the_cookie_so_that_one_can_go_back_to_it(client: Client, presentation: Presentation) -> None:
    """With another cookie the browser would not show again what was typed (ADR 5)."""
    cookies = []
    for sent in (None, {**WHERE, "town": ""}, WHERE):
        client.get("/book/signs/where/") if sent is None else client.post("/book/signs/where/", sent)
        cookies.append(client.cookies[settings.DRAFT_COOKIE_NAME].value)
    assert len(set(cookies)) == 1
    assert Draft.objects.count() == 1


@pytest.mark.parametrize("start", ["", "nonsense", "2027-01-25", "2027-13-45T10:00Z", "9999-12-31T23:59Z", "0001-01-01T00:00Z"])
def test_bad_times_are_explained(client: Client, presentation: Presentation, start: str) -> None:
    client.post("/book/signs/where/", WHERE)
    page = client.post("/book/signs/when/", {"start": start})
    assert page.status_code == 200
    assert page.context["form"].errors["start"]
    assert not Hold.objects.exists()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"audience_size": "many"}, "audience_size"),
        ({"audience_size": "0"}, "audience_size"),
        ({"audience_size": "99999"}, "audience_size"),
        ({"contact_name": ""}, "contact_name"),
        ({"contact_phone": "12"}, "contact_phone"),
    ],
)
def test_bad_details_are_explained_and_kept(
    client: Client, presentation: Presentation, change: dict[str, str], field: str
) -> None:
    page = client.post("/book/signs/where/", {**WHERE, **change})
    assert list(page.context["form"].errors) == [field]
    assert page.context["form"]["access_needs"].value() == "Hearing loop"
    assert not Draft.objects.exists()


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        *[
            (typed, 12)
            for typed in ("about 12", "c. 12", "c12", "~12", "12 people", "12-ish", "12+", "Twelve", "12.0", "approx. 12")
        ],
        *[
            (typed, 15)
            for typed in ("12-15", "12 – 15", "12 to 15", "about 12 or 15 staff", "between twelve and fifteen", "15-12")
        ],
        *[
            (typed, None)
            for typed in ("many", "12.5", "12-15-20", "-12", "12 or many", "a few", "1 2", "12 rooms", "²", "0", "8-9999")
        ],
    ],
)
def test_a_guess_is_taken_where_we_say_that_it_is_fine(
    client: Client, presentation: Presentation, typed: str, kept: int | None
) -> None:
    page = client.post("/book/signs/where/", {**WHERE, "audience_size": typed})
    if kept is None:
        assert (list(page.context["form"].errors), page.context["form"]["audience_size"].value()) == (["audience_size"], typed)
    else:
        assert Draft.objects.get().answers["where"]["audience_size"] == kept


def test_of_a_range_the_check_page_says_which_number_we_keep(client: Client, presentation: Presentation, person: Person) -> None:
    sign_in(client, person)
    fill_in(client, where={**WHERE, "audience_size": "12 to 15"})
    assert "People coming 15 You wrote 12–15, so we will plan for 15." in text(client.get("/book/signs/check/"))
    confirm(client)
    assert Booking.objects.get().audience_size == 15


def test_a_childs_details_stop_the_form_once_and_are_flagged_if_kept(
    client: Client, presentation: Presentation, person: Person
) -> None:
    sign_in(client, person)
    fill_in(client)
    notes = {**WHERE, "notes": "The child is Ana Pop, born 12/03/2014, NHS number 943 476 5919"}
    page = client.post("/book/signs/where/?change=1", notes)
    assert "notes" in page.context["form"].errors
    assert "notes" not in str(Draft.objects.get().answers).replace("'notes': ''", "")
    assert client.post("/book/signs/where/?change=1", {**notes, "keep_what_i_wrote": "on"}).url == "/book/signs/check/"
    confirm(client)
    assert Booking.objects.get().flagged_child_details
    assert Notification.objects.filter(kind="safeguarding-flag").count() == 1


def test_pages_that_need_an_earlier_answer_send_back_for_it(client: Client, presentation: Presentation, person: Person) -> None:
    sign_in(client, person)
    for page in ("when", "dates", "leaflets"):
        assert client.get(f"/book/signs/{page}/").url == "/book/signs/where/"
    client.post("/book/signs/where/", {**WHERE, "leaflets": "on"})
    assert client.get("/book/signs/leaflets/").url == "/book/signs/when/"
    assert client.get("/book/signs/check/").url == "/book/signs/when/"
    assert client.get("/book/signs/").url == "/book/signs/where/"
    client.post("/book/signs/when/", {"start": TEN})
    assert client.get("/book/signs/check/").url == "/book/signs/leaflets/"


def test_the_old_page_of_details_leads_to_the_first_page(client: Client, presentation: Presentation) -> None:
    assert client.get("/book/signs/details/").url == "/book/signs/where/"
    assert client.get("/book/signs/details/?change=1").url == "/book/signs/where/?change=1"
    assert client.post("/book/signs/details/", WHERE).status_code == 405


def test_a_draft_from_before_a_question_was_asked_goes_back_to_it(
    client: Client, presentation: Presentation, person: Person
) -> None:
    fill_in(client)
    sign_in(client, person)
    sent = hidden(client.get("/book/signs/check/"))
    draft = Draft.objects.get()
    del draft.answers["where"]["audience_size"]
    draft.save()

    assert client.get("/book/signs/check/").url.startswith("/book/signs/where/")
    assert client.post("/book/signs/check/", sent).url.startswith("/book/signs/where/")
    assert "Jo Green" in client.get("/book/signs/where/").text
    assert not Booking.objects.exists()


def test_what_was_typed_about_the_day_is_kept_when_the_draft_has_gone(client: Client, presentation: Presentation) -> None:
    client.post("/book/signs/where/", WHERE)
    client.post("/book/signs/when/", {"start": TEN})
    Draft.objects.all().delete()
    wrong = client.post("/book/signs/where/?change=1", {**WHERE, "audience_size": ""})
    assert wrong.context["form"]["access_needs"].value() == "Hearing loop"
    assert client.post("/book/signs/where/?change=1", WHERE).url == "/book/signs/when/"
    page = client.get("/book/signs/where/")
    assert (page.context["form"]["access_needs"].value(), page.context["kept"]) == ("Hearing loop", None)


def test_answers_come_back_when_a_page_is_opened_again(client: Client, presentation: Presentation) -> None:
    fill_in(client)
    assert client.get("/book/signs/where/").context["form"]["town"].value() == "Leeds"
    assert client.get("/book/signs/when/").context["form"]["start"].value() == TEN
    assert client.get("/book/signs/where/").context["form"]["contact_name"].value() == "Jo Green"


def test_a_change_link_comes_back_to_the_check_page(client: Client, presentation: Presentation) -> None:
    fill_in(client)
    assert client.post("/book/signs/where/?change=1", {**WHERE, "audience_size": "30"}).url == "/book/signs/check/"
    assert client.post("/book/signs/where/?change=1", {**WHERE, "town": "Leeds 1"}).url == "/book/signs/check/"
    assert Hold.objects.get().start == at("10:00")
    assert client.post("/book/signs/when/", {"start": "2027-01-25T10:30Z"}).url == "/book/signs/check/"


def test_another_place_gives_the_time_back_and_asks_for_another(client: Client, presentation: Presentation) -> None:
    fill_in(client)
    assert client.post("/book/signs/where/?change=1", {**WHERE, "postcode": LEEDS_TOO}).url == "/book/signs/when/"
    assert not Hold.objects.exists()
    assert not BusyTime.objects.exists()


def test_another_presentation_starts_with_its_own_place_and_keeps_the_details(client: Client, presentation: Presentation) -> None:
    fill_in(client)
    make_presentation(slug="other")
    assert client.get("/book/other/when/").url == "/book/other/where/"
    assert client.get("/book/other/where/").context["form"]["contact_name"].value() == "Jo Green"
    client.post("/book/other/where/", WHERE)
    assert not Hold.objects.exists()
    assert client.get("/book/signs/check/").status_code == 302


# --- Twice, in two tabs, by the back button ---


def test_sent_twice_it_is_booked_once_and_shows_the_same_confirmation(
    client: Client, presentation: Presentation, person: Person
) -> None:
    sign_in(client, person)
    fill_in(client)
    answers = hidden(client.get("/book/signs/check/"))
    first, second = client.post("/book/signs/check/", answers), client.post("/book/signs/check/", answers)
    assert first.url == second.url
    assert Booking.objects.count() == 1


def test_the_same_token_with_other_answers_says_that_it_is_placed_already(
    client: Client, presentation: Presentation, person: Person
) -> None:
    sign_in(client, person)
    fill_in(client)
    answers = hidden(client.get("/book/signs/check/"))
    client.post("/book/signs/check/", answers)
    page = client.post("/book/signs/check/", {**answers, "digest": "0" * 64})
    assert page.status_code == 200
    assert Booking.objects.get().reference in text(page)
    assert Booking.objects.count() == 1


def test_answers_changed_in_another_tab_are_shown_before_they_are_booked(
    client: Client, presentation: Presentation, person: Person
) -> None:
    sign_in(client, person)
    fill_in(client)
    answers = hidden(client.get("/book/signs/check/"))
    client.post("/book/signs/where/?change=1", {**WHERE, "audience_size": "31"})
    page = client.post("/book/signs/check/", answers)
    assert "Your answers were changed in another window. Please check them again." in text(page)
    assert not Booking.objects.exists()
    client.post("/book/signs/check/", hidden(page))
    assert Booking.objects.get().audience_size == 31


@pytest.mark.parametrize(
    ("page", "sent", "onward"),
    [
        ("when/", {"start": TEN}, "where"),
        ("where/?change=1", WHERE, "when"),
        ("dates/", {"reason": "Mondays only"}, "where"),
        ("leaflets/", {}, "where"),
    ],
)
def test_a_page_left_open_in_another_tab_says_what_was_booked_meanwhile(
    client: Client, presentation: Presentation, person: Person, page: str, sent: dict[str, str], onward: str
) -> None:
    sign_in(client, person)
    fill_in(client)
    confirm(client)
    left_open = client.post(f"/book/signs/{page}", sent)
    assert left_open.url == f"/book/signs/{onward}/"
    assert f"You sent {Booking.objects.get().reference} a moment ago, from another window." in text(client.get(left_open.url))
    sign_in(client, make_person())
    assert "from another window" not in text(client.get(client.post(f"/book/signs/{page}", sent).url))


def test_an_old_page_books_nothing(client: Client, presentation: Presentation, person: Person) -> None:
    sign_in(client, person)
    assert client.post("/book/signs/check/", {"token": "old", "digest": "old"}).url == "/my/"
    assert client.get("/book/signs/check/").url == "/my/"
    fill_in(client)
    assert client.post("/book/signs/check/", {"token": "old", "digest": "old"}).url == "/my/"
    assert not Booking.objects.exists()


def test_anothers_token_shows_nothing_of_theirs(client: Client, presentation: Presentation, person: Person) -> None:
    theirs = "t" * 43
    make_booking(None, at("10:00"), submission_token=theirs, submission_digest="digest")
    sign_in(client, person)
    assert client.post("/book/signs/check/", {"token": theirs, "digest": "digest"}).url == "/my/"


def test_a_draft_whose_token_is_used_does_not_stand_in_the_way_of_the_next_booking(
    client: Client, presentation: Presentation, person: Person
) -> None:
    sign_in(client, person)
    fill_in(client)
    make_booking(None, at("10:00"), person=person, submission_token=Draft.objects.get().token, submission_digest="other")
    assert "already" in text(confirm(client))
    assert not Draft.objects.exists()
    fill_in(client)
    assert confirm(client).url.endswith("/placed/")


@pytest.mark.parametrize("token", ["\0" * 43, "x" * 44, "é" * 43, "old"])
def test_a_token_of_a_wrong_shape_is_an_old_page(client: Client, presentation: Presentation, person: Person, token: str) -> None:
    sign_in(client, person)
    fill_in(client)
    answer = client.post("/book/signs/check/", {"token": token, "digest": "old"})
    assert (answer.status_code, getattr(answer, "url", "/my/")) in {(302, "/my/"), (400, "/my/")}
    assert not Booking.objects.exists()


def test_what_is_not_offered_has_no_pages(client: Client, presentation: Presentation) -> None:
    Presentation.objects.update(active=False)
    for page in ("/presentations/signs/", "/book/signs/", "/book/signs/where/", "/book/signs/when/"):
        assert client.get(page).status_code == 404
    assert "You can’t book a presentation here at the moment." in text(client.get("/presentations/"))


def test_the_clock_of_these_tests_stands_still() -> None:
    assert datetime.now(UTC) == NOW
    assert MONDAY.isoformat() == TEN[:10]
