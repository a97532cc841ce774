"""A page for a caller begins with finding them; then everything known is filled in, and nobody is entered twice."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.http import HttpResponse
from django.test import Client

from accounts.models import User
from audit.models import Entry
from bookings.models import Booking, BookingState, Presenter
from leaflets.models import Order
from professionals.admin import MAX_CALLERS_SHOWN, details_from_search, search_people
from professionals.forms import CallerForm
from professionals.models import Person
from professionals.services import get_or_create_organisation, similar_addresses, similar_people
from tests.bookings.admin.desk import text
from tests.bookings.admin.test_for_caller import caller_form
from tests.bookings.open_sessions.rows import make_session
from tests.bookings.rows import LEEDS, NOW, at, make_booking, make_presentation, make_presenter
from tests.face.page import Page
from tests.factories import make_person, make_staff, sign_in_staff
from tests.leaflets.factories import make_edition, make_order
from tests.leaflets.orders.test_order_for_caller import CALL
from tests.leaflets.statements import statements

pytestmark = pytest.mark.django_db
BOOK, ORDER = "/staff/bookings/booking/add/", "/staff/leaflets/order/add/"
HINT = "Enter a name, email address, phone number, postcode or organisation"


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def desk() -> Client:
    return sign_in_staff(Client(), make_staff(role="coordinator"))


@pytest.fixture
def presenter() -> Presenter:
    return make_presenter(name="Asha Patel")


def dilys(**changes: Any) -> Person:
    details = {"name": "Dilys Okonkwo", "email": "dilys.okonkwo@leeds.nhs.uk", "phone": "0113 496 0777", "postcode": "LS1 4AP"}
    return make_person(
        **{"with_user": False, "organisation": get_or_create_organisation("Leeds Health Visiting"), **details, **changes}
    )


def pages(presenter: Presenter) -> list[str]:
    return [BOOK, ORDER, f"/staff/bookings/opensession/{make_session(presenter, at('13:30')).pk}/do/caller/"]


def links(response: HttpResponse) -> dict[str, str]:
    page = Page(response.content.decode())
    return {a.text: a.attrs["href"] for a in page.all("a") if "?" in a.attrs.get("href", "") and "person=" in a.attrs["href"]}


def box(response: HttpResponse, name: str) -> str:
    found = [each for each in Page(response.content.decode()).all("input") if each.attrs.get("name") == name]
    return found[0].attrs.get("value", "") if found else "no such box"


# -- Finding them -----------------------------------------------------------------------------------------------------


def test_each_page_for_a_caller_begins_with_one_box(desk: Client, presenter: Presenter) -> None:
    for address in pages(presenter):
        page = Page(desk.get(address).content.decode())
        assert "autofocus" in page.one("input", name="find").attrs
        assert not [each for each in page.all("input") if "phone" in each.attrs.get("name", "")]


@pytest.mark.parametrize(
    "typed",
    [
        *("dilys", "okonkwo dil", "DILYS.OKONKWO@leeds.nhs.uk", "0113 496 0777", "+44 (0)113 4960777", "01134960777", "ls14ap"),
        *("leeds health", "Okonkwo LS1 4AP"),
    ],
)
def test_any_detail_finds_them_on_each_page_with_what_tells_them_apart(desk: Client, presenter: Presenter, typed: str) -> None:
    person = dilys()
    make_person(
        name="Somebody Else",
        phone="0113 496 0778",
        postcode="YO1 8HE",
        email="else@york.gov.uk",
        organisation=get_or_create_organisation("York"),
    )
    for address in pages(presenter):
        found = desk.post(address, {"find": typed})
        assert links(found) == {"Dilys Okonkwo": f"?person={person.pk}"}
        assert "Leeds Health Visiting, LS1 4AP. Last contact: " in text(found)
        assert box(found, "find") == typed
        assert "autofocus" in Page(found.content.decode()).one("a", href=f"?person={person.pk}").attrs


def test_what_was_typed_and_found_stands_in_no_address_and_the_audit_has_keys_alone(desk: Client) -> None:
    person = dilys()
    found = desk.post(f"{BOOK}?time-day=2027-01-25&presenter=3", {"find": "dilys"})
    assert links(found)["Dilys Okonkwo"] == f"?time-day=2027-01-25&presenter=3&person={person.pk}"
    [entry] = Entry.objects.about("professionals.person", person.pk)
    assert (entry.act, entry.what) == ("viewed", "")
    assert not Entry.objects.filter(what__icontains="dilys").exists()


def test_nothing_typed_is_asked_for_and_nobody_found_says_so(desk: Client) -> None:
    dilys()
    missing = desk.post(BOOK, {"find": " "})
    assert "There is a problem" in text(missing)
    assert f"{HINT}, or press “Somebody new”." in text(missing)
    assert "We found nobody" in text(desk.post(BOOK, {"find": "zebedee"}))
    assert "We found nobody" in text(desk.post(BOOK, {"find": "-"}))


def test_of_many_the_latest_are_shown_and_staff_are_asked_for_another_word(desk: Client) -> None:
    for number in range(MAX_CALLERS_SHOWN + 2):
        dilys(email=f"d{number}@leeds.nhs.uk", phone=f"0113 496 08{number:02}")
    found = desk.post(BOOK, {"find": "dilys"})
    assert len(found.context["found"]) == MAX_CALLERS_SHOWN
    assert "More than 10 people match. Add another word, such as a town." in text(found)


def test_nobody_erased_is_found() -> None:
    dilys(erased_at=NOW)
    assert search_people("dilys") == []


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("Kit Farrow", {"name": "Kit Farrow"}),
        (" kit@leeds.nhs.uk ", {"email": "kit@leeds.nhs.uk"}),
        ("0113 496 0009", {"phone": "0113 496 0009"}),
        ("ls14ap", {"postcode": "LS1 4AP"}),
        ("", {"name": ""}),
    ],
)
def test_what_was_typed_for_somebody_new_goes_into_its_box(typed: str, expected: dict[str, str]) -> None:
    assert details_from_search(typed) == expected


def test_somebody_new_goes_on_with_what_was_typed(desk: Client, presenter: Presenter) -> None:
    for address, prefix in zip(pages(presenter), ("caller-", "", ""), strict=True):
        form = desk.post(address, {"find": "kit@leeds.nhs.uk", "new": "1"})
        assert (box(form, f"{prefix}email"), box(form, f"{prefix}name")) == ("kit@leeds.nhs.uk", "")
        assert "There is a problem" not in text(form)


def test_whoever_may_not_see_people_gets_the_empty_form_and_finds_nobody() -> None:
    dilys()
    user = make_staff(superuser=False)
    user.user_permissions.set(Permission.objects.filter(codename__in=["add_booking", "add_order"]))
    client = sign_in_staff(Client(), User.objects.get(pk=user.pk))
    for address, prefix in ((BOOK, "caller-"), (ORDER, "")):
        assert box(client.get(address), f"{prefix}name") == ""
        assert "Dilys" not in text(client.post(address, {"find": "dilys"}))


def test_whoever_may_not_book_finds_nobody_here() -> None:
    client = sign_in_staff(Client(), make_staff(role="read-only"))
    assert {client.post(address, {"find": "dilys"}).status_code for address in (BOOK, ORDER)} == {403}


# -- Everything known is filled in ------------------------------------------------------------------------------------


def test_the_booking_begins_with_their_last_one(desk: Client, presenter: Presenter) -> None:
    person = dilys()
    last = {"audience_profession": "midwife", "audience_size": 12, "room": "Room 4", "contact_name": "Jo Green"}
    make_booking(presenter, at("09:00"), person=person, postcode=LEEDS, **last)
    form = desk.get(f"{BOOK}?person={person.pk}")
    names = ("where-address_line_1", "where-town", "where-postcode", "details-audience_size", "details-contact_name")
    assert [box(form, name) for name in names] == ["St James", "Leeds", LEEDS, "12", "Jo Green"]
    assert box(form, "details-room") == "Room 4"
    page = Page(form.content.decode())
    chosen = {option.attrs["value"] for option in page.all("option") if "selected" in option.attrs}
    assert {"health-visitor", "midwife"} <= chosen
    assert "Dilys Okonkwo" in page.one("p", "call__who").text


def test_the_contact_stays_empty_where_it_was_the_caller(desk: Client, presenter: Presenter) -> None:
    person = dilys()
    make_booking(presenter, at("09:00"), person=person, contact_name="dilys  OKONKWO")
    assert box(desk.get(f"{BOOK}?person={person.pk}"), "details-contact_name") == ""


def test_without_a_booking_the_address_is_where_their_leaflets_went(desk: Client) -> None:
    person = dilys()
    make_order(person, NOW)
    order = Order.objects.get()
    form = desk.get(f"{BOOK}?person={person.pk}")
    assert box(form, "where-postcode") == order.postcode
    assert order.address_line_1 in {box(form, f"where-address_line_{number}") for number in (1, 2)}


def test_the_order_goes_where_the_presenter_goes_if_that_was_asked_for_later(desk: Client, presenter: Presenter) -> None:
    person = dilys()
    make_order(person, NOW)
    assert box(desk.get(f"{ORDER}?person={person.pk}"), "to_address_line_1") == Order.objects.get().address_line_1
    booking = make_booking(presenter, at("09:00"), person=person)
    Booking.objects.filter(pk=booking.pk).update(created_at=at("10:00"))
    form = desk.get(f"{ORDER}?person={person.pk}")
    assert (box(form, "to_address_line_1"), box(form, "to_town")) == ("St James", "Leeds")


def test_the_teams_last_booking_stands_beside_the_form(desk: Client, presenter: Presenter) -> None:
    person, colleague = (
        dilys(),
        make_person(email="jo@leeds.nhs.uk", organisation=get_or_create_organisation("leeds health visiting")),
    )
    make_booking(presenter, at("09:00"), person=colleague, postcode="YO1 8HE", audience_profession="midwife", audience_size=9)
    make_booking(presenter, at("12:00"), person=colleague, postcode="YO1 8HE", state=BookingState.CANCELLED, claim=False)
    form = desk.get(f"{BOOK}?person={person.pk}")
    rows = {str(row["label"]): re.sub("<[^>]+>", "", str(row["value"])) for row in form.context["team"]}
    assert rows["When"].startswith("Monday 25 January 2027, 9am")
    assert rows["Organisation"] == "Leeds Health Visiting"
    assert (rows["Who"], rows["Presenter"]) == ("Midwife. 9 people expected", "Asha Patel")
    assert "Last booking of this team" in text(form)


def test_a_booking_at_the_same_postcode_is_the_teams_too(desk: Client, presenter: Presenter) -> None:
    person = dilys()
    make_booking(presenter, at("09:00"), postcode="LS1 4AP")
    assert desk.get(f"{BOOK}?person={person.pk}").context["team"]


def test_finding_and_filling_in_cost_few_statements_whatever_there_is(desk: Client, presenter: Presenter) -> None:
    person = dilys()
    costs = []
    desk.get(BOOK)
    for many in (1, 4):
        for number in range(many):
            make_booking(None, at(f"{9 + number:02}:00"), person=person)
            make_order(person, NOW)
            dilys(email=f"d{many}{number}@leeds.nhs.uk", phone=f"0113 496 1{many}{number}1")
        asked = [
            statements(lambda: desk.post(BOOK, {"find": "dilys"})),
            statements(lambda: desk.get(f"{BOOK}?person={person.pk}")),
            statements(lambda: desk.get(f"{ORDER}?person={person.pk}")),
        ]
        costs.append([len(each) for each in asked])
    assert costs[0] == costs[1]
    assert max(costs[1]) <= 20, costs


# -- Duplicates, before they are made ---------------------------------------------------------------------------------

NEW = {
    "name": "Kim Lee",
    "email": "kim.lee@york.gov.uk",
    "phone": "01904 960 555",
    "profession": "teacher",
    "organisation_name": "York Council",
    "postcode": "YO1 8HE",
}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"name": "Dilys Okonkwo", "organisation_name": "leeds health visiting"},
            "Dilys Okonkwo, Leeds Health Visiting, LS1 4AP.",
        ),
        ({"name": "dilys okonkwo", "postcode": "ls1 4ap"}, "Dilys Okonkwo, Leeds Health Visiting, LS1 4AP."),
        ({"phone": "+44 (0)113 496-0777"}, "Same phone number."),
        ({"phone": "01134960777"}, "Same phone number."),
        ({"email": "dilys.okonko@leeds.nhs.uk"}, "Email address: dilys.okonkwo@leeds.nhs.uk."),
        ({"email": "dilys.okonkow@leeds.nhs.uk"}, "Email address: dilys.okonkwo@leeds.nhs.uk."),
        ({"email": "dilys.okonkvo@leeds.nhs.uk"}, "Email address: dilys.okonkwo@leeds.nhs.uk."),
        ({"email": "dilys.okonkwoo@leeds.nhs.uk"}, "Email address: dilys.okonkwo@leeds.nhs.uk."),
    ],
)
def test_a_likely_duplicate_stops_the_form_which_keeps_all_that_was_typed(
    desk: Client, presenter: Presenter, changes: dict[str, str], said: str
) -> None:
    person, presentation = dilys(), make_presentation()
    typed = {f"caller-{name}": value for name, value in {**NEW, **changes}.items()}
    answers = caller_form(presentation, **typed)
    page = desk.post(BOOK, answers)
    caller = page.context["form"].caller
    assert list(caller.errors) == ["same_as"]
    [theirs, new] = caller.fields["same_as"].choices
    assert (theirs[0], said in theirs[1], new[1]) == (str(person.pk), True, "No, this is someone new")
    assert all(box(page, name) == value for name, value in typed.items() if name != "caller-profession")
    assert (box(page, "where-address_line_1"), Booking.objects.count(), Person.objects.count()) == ("Merrion House", 0, 1)
    assert desk.post(BOOK, {**answers, "caller-same_as": new[0]}).status_code == 302
    assert Booking.objects.get().person != person


@pytest.mark.parametrize(
    "changes",
    [
        {"email": "dilys.okonkwo@york.nhs.uk"},
        {"email": "dilys.okon@leeds.nhs.uk"},
        {"email": "bilys.okonkwo@leeds.nhs.uk"},
        {"email": "dilys.okonkwo2@leeds.nhs.uk"},
        {"phone": "0113 496 0778"},
        {"postcode": "LS1 4AP", "organisation_name": "Leeds Health Visiting"},
    ],
    ids=str,
)
def test_who_is_no_duplicate(changes: dict[str, str]) -> None:
    dilys()
    assert similar_people(**{**NEW, **changes}) == []


def test_addresses_near_leave_first_letters_figures_and_short_names_alone() -> None:
    near = similar_addresses("jo.ng7@x.uk")
    assert {"jo.n7@x.uk", "jong7@x.uk", "jo.gn7@x.uk", "joh.ng7@x.uk"} <= set(near)
    assert not {"jo.ng7@x.uk", "bo.ng7@x.uk", "jo.ng@x.uk", "jo.ng8@x.uk", "jo.ng77@x.uk"} & set(near)
    assert similar_addresses("jo@x.uk") == similar_addresses("") == similar_addresses("nobody") == []


def test_whom_staff_found_is_not_asked_for_again_and_a_new_number_is_offered(desk: Client, presenter: Presenter) -> None:
    person = dilys(email="")
    known = {f"caller-{name}": value for name, value in CallerForm.initial_of(person).items()}
    answers = caller_form(make_presentation(), **{**known, "caller-phone": "0113 496 0888"})
    page = desk.post(f"{BOOK}?person={person.pk}", answers)
    assert list(page.context["form"].caller.errors) == ["new_phone"]
    assert "Yes, change 0113 496 0777 to 0113 496 0888" in text(page)
    desk.post(f"{BOOK}?person={person.pk}", {**answers, "caller-new_phone": "new 0113 496 0888"})
    person.refresh_from_db()
    assert (Booking.objects.get().person, person.phone, Person.objects.count()) == (person, "0113 496 0888", 1)


def test_two_tabs_each_keep_their_own_caller(desk: Client, presenter: Presenter) -> None:
    people = [dilys(), dilys(name="Kim Lee", email="kim@leeds.nhs.uk", phone="0113 496 0999")]
    presentation = make_presentation()
    forms = [desk.get(f"{BOOK}?person={person.pk}") for person in people]
    for person, form, clock in zip(people, forms, ("10:00", "14:00"), strict=True):
        typed = {
            f"caller-{name}": box(form, f"caller-{name}") for name in ("name", "email", "phone", "postcode", "organisation_name")
        }
        more = {**typed, "caller-profession": person.profession, "time-clock": clock, "token": box(form, "token")}
        assert desk.post(f"{BOOK}?person={person.pk}", caller_form(presentation, **more)).status_code == 302
    assert [booking.person for booking in Booking.objects.order_by("starts_at")] == people


# -- Leaflets in the same call ----------------------------------------------------------------------------------------


def test_a_booking_leads_on_to_leaflets_for_the_same_caller_and_address(desk: Client, presenter: Presenter) -> None:
    make_edition(NOW, stock=150, slug="one", title="One")
    done = desk.post(BOOK, caller_form(make_presentation()), follow=True)
    booking = Booking.objects.get()
    assert f"Booking {booking.reference} is placed. Tell the caller the reference. Also send leaflets" in text(done)
    [href] = [a.attrs["href"] for a in Page(done.content.decode()).all("a") if a.text == "Also send leaflets"]
    assert href == f"{ORDER}?person={booking.person_id}"
    form = desk.get(href)
    names = ("name", "phone", "to_address_line_1", "to_town")
    typed = {name: box(form, name) for name in (*names, "email", "organisation_name", "postcode", "token", "to_postcode")}
    assert [typed[name] for name in names] == ["Pat Brown", "0113 496 0009", "Merrion House", "Leeds"]
    desk.post(href, {**CALL, **typed, "profession": "social-worker", "copies_one": "5"})
    assert Order.objects.get().person == booking.person


def test_whoever_may_not_order_is_not_led_there(presenter: Presenter) -> None:
    user = make_staff(superuser=False)
    user.user_permissions.set(Permission.objects.filter(codename__in=["add_booking", "view_booking"]))
    client = sign_in_staff(Client(), User.objects.get(pk=user.pk))
    done = client.post(BOOK, caller_form(make_presentation()), follow=True)
    assert Booking.objects.exists()
    assert "Also send leaflets" not in text(done)
