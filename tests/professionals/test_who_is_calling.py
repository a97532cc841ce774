"""Who is on the phone, on each staff form: nobody is entered twice unasked, and nothing that was typed is lost."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from django.http import HttpResponse
from django.test import Client

from audit.models import Entry
from bookings.models import Booking, SessionPlace
from leaflets.models import Order
from notifications.models import Notification
from professionals.forms import CallerForm
from professionals.models import FormerAddress, Person
from professionals.services import get_or_create_organisation, similar_people
from tests.bookings.admin.test_for_caller import caller_form
from tests.bookings.open_sessions.rows import make_session
from tests.bookings.rows import NOW, at, make_presentation, make_presenter
from tests.face.page import Page
from tests.factories import make_organisation, make_person, make_staff, make_user, sign_in_staff
from tests.leaflets.factories import make_edition, make_order
from tests.leaflets.orders.test_order_for_caller import CALL

pytestmark = pytest.mark.django_db
WHO = {
    "name": "Asha Patel",
    "email": "asha@leeds.gov.uk",
    "phone": "0113 496 0999",
    "profession": "social-worker",
    "organisation_name": "Leeds Council",
    "postcode": "LS1 4AP",
}
NEW_PHONE, ONCE = {"new_phone": "new 0113 496 0999"}, {"new_phone": "same 0113 496 0999"}


@dataclass
class Desk:
    """One of the staff forms about a caller: where it stands, what else it asks, and what it makes."""

    client: Client
    path: str
    others: dict[str, Any]
    prefix: str
    made: Any

    def send(self, **answers: str) -> HttpResponse:
        typed = {f"{self.prefix}{name}": value for name, value in {**WHO, **answers}.items()}
        return self.client.post(self.path, {**self.others, **typed})

    def form(self, response: HttpResponse) -> Any:
        form = response.context["form"]
        return getattr(form, "caller", form)

    def errors(self, **answers: str) -> dict[str, list[str]]:
        return {name: list(said) for name, said in self.form(self.send(**answers)).errors.items()}

    def asks(self, name: str, **answers: str) -> tuple[str, list[str]]:
        """The question, which is open, and its answers as they are read."""
        form = self.form(self.send(**answers))
        assert list(form.errors) == [name]
        box = form[name]
        assert all(form[typed].value() == value for typed, value in {**WHO, **answers}.items())
        return str(box.label), [str(label) for _value, label in box.field.choices]

    def value(self, name: str, start: str, **answers: str) -> str:
        """Of the answer that begins like this."""
        return next(
            str(value) for value, label in self.form(self.send(**answers))[name].field.choices if str(label).startswith(start)
        )


def an_order(client: Client) -> Desk:
    make_edition(NOW, stock=150, slug="one", title="One")
    others = {name: value for name, value in CALL.items() if name not in WHO}
    return Desk(client, "/staff/leaflets/order/add/", {**others, "copies_one": "5"}, "", Order)


def a_booking(client: Client) -> Desk:
    make_presenter()
    others = {name: value for name, value in caller_form(make_presentation()).items() if not name.startswith("caller-")}
    return Desk(client, "/staff/bookings/booking/add/", others, "caller-", Booking)


def a_place(client: Client) -> Desk:
    session = make_session(make_presenter(), at("13:30"))
    return Desk(client, f"/staff/bookings/opensession/{session.pk}/do/caller/", {"channel": "phone"}, "", SessionPlace)


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def client() -> Client:
    return sign_in_staff(Client(), make_staff(role="coordinator"))


@pytest.fixture(params=[an_order, a_booking, a_place])
def desk(request: pytest.FixtureRequest, client: Client) -> Desk:
    make: Callable[[Client], Desk] = request.param
    return make(client)


def asha(**changes: Any) -> Person:
    known = {"email": WHO["email"], "phone": "0113 496 0000", "profession": "social-worker", "postcode": "LS1 4AP"}
    return make_person(
        **{
            "name": "Asha Patel",
            "with_user": False,
            "organisation": get_or_create_organisation("Leeds Council"),
            **known,
            **changes,
        }
    )


def written(person: Person) -> list[str]:
    return list(Entry.objects.about("professionals.person", person.pk).filter(act="changed").values_list("what", flat=True))


# -- What is new of somebody whom we know -----------------------------------------------------------------------------


def test_another_phone_number_of_a_known_caller_is_asked_about_with_both(desk: Desk) -> None:
    person = asha()
    question, answers = desk.asks("new_phone")
    assert question == "Does Asha Patel have a new work phone number?"
    assert answers[0] == "Yes, change 0113 496 0000 to 0113 496 0999"
    assert answers[1] in {
        "No, use 0113 496 0999 for this order only",
        "No, use 0113 496 0999 for this booking only",
        "No, keep 0113 496 0000",
    }
    assert not desk.made.objects.exists()
    assert Entry.objects.about("professionals.person", person.pk).filter(act="viewed").exists()


def test_a_new_number_becomes_the_persons_and_the_audit_says_so(desk: Desk) -> None:
    person = asha()
    assert desk.send(**NEW_PHONE).status_code == 302
    person.refresh_from_db()
    assert (person.phone, written(person), desk.made.objects.get().person) == ("0113 496 0999", ["phone"], person)


def test_a_number_for_once_leaves_the_person_as_they_are(desk: Desk) -> None:
    person = asha()
    assert desk.send(**ONCE).status_code == 302
    person.refresh_from_db()
    assert (person.phone, written(person), desk.made.objects.get().person) == ("0113 496 0000", [], person)


@pytest.mark.parametrize("make", [an_order, a_booking])
def test_a_number_for_once_is_kept_with_what_was_made(client: Client, make: Callable[[Client], Desk]) -> None:
    asha()
    desk = make(client)
    desk.send(**ONCE)
    made = desk.made.objects.get()
    assert made.contact_phone == "0113 496 0999"
    page = client.get(f"{desk.path.removesuffix('add/')}{made.pk}/change/").content.decode()
    assert "0113 496 0999" in page


def test_the_persons_own_number_is_not_kept_twice(client: Client) -> None:
    asha()
    an_order(client).send(**NEW_PHONE)
    assert Order.objects.get().contact_phone == ""


def test_another_number_typed_after_the_answer_is_asked_about_anew(desk: Desk) -> None:
    asha()
    assert list(desk.errors(**NEW_PHONE, phone="0113 496 0888")) == ["new_phone"]


@pytest.mark.parametrize("phone", ["0113 496 0000", "(0113) 4960000", "+44 113 496 0000"])
def test_the_same_number_in_another_way_raises_no_question(desk: Desk, phone: str) -> None:
    asha()
    assert desk.send(phone=phone).status_code == 302


@pytest.mark.parametrize(
    ("name", "known", "typed", "question", "yes"),
    [
        ("name", "Asha Singh", "Asha Patel", "Does Asha Singh have a new name?", "Yes, change Asha Singh to Asha Patel"),
        (
            *("profession", "midwife", "social-worker", "Does Asha Patel have a new profession?"),
            "Yes, change Midwife to Social worker",
        ),
        ("postcode", "LS9 7TF", "LS1 4AP", "Does Asha Patel have a new work postcode?", "Yes, change LS9 7TF to LS1 4AP"),
        (
            *("organisation_name", "York Council", "Leeds Council", "Does Asha Patel work somewhere else now?"),
            "Yes, change York Council to Leeds Council",
        ),
    ],
)
def test_whatever_else_differs_is_asked_about_too(desk: Desk, name: str, known: str, typed: str, question: str, yes: str) -> None:
    changes = {"organisation": make_organisation(known)} if name == "organisation_name" else {name: known}
    person = asha(phone=WHO["phone"], **changes)
    asked, answers = desk.asks(f"new_{name}")
    assert (asked, answers[0]) == (question, yes)
    assert desk.send(**{f"new_{name}": f"new {typed}"}).status_code == 302
    person.refresh_from_db()
    assert str(person.organisation if name == "organisation_name" else getattr(person, name)) == typed


def test_what_the_label_says_anyway_is_not_kept_with_the_order(client: Client) -> None:
    asha(phone=WHO["phone"], postcode="LS9 7TF")
    desk = an_order(client)
    assert desk.asks("new_postcode")[1][1] == "No, use LS1 4AP for this order only"
    desk.others["to_postcode"] = "YO1 8HE"
    assert desk.asks("new_postcode")[1][1] == "No, keep LS9 7TF"


def test_gaps_are_filled_without_a_question_and_the_audit_says_so(desk: Desk) -> None:
    person = asha(phone="", postcode="")
    assert desk.send().status_code == 302
    person.refresh_from_db()
    assert (person.phone, person.postcode, written(person)) == ("0113 496 0999", "LS1 4AP", ["phone, postcode"])


def test_whoever_looks_for_a_time_keeps_what_they_answered_and_is_asked_nothing_new(client: Client) -> None:
    asha()
    desk = a_booking(client)
    desk.others["look"] = "?"
    assert "new_phone" not in desk.form(desk.send()).fields
    form = desk.form(desk.send(**NEW_PHONE))
    assert (form["new_phone"].value(), form.errors) == ("new 0113 496 0999", {})


# -- Somebody new, or not ---------------------------------------------------------------------------------------------


def test_nobody_of_the_same_name_and_workplace_is_made_silently(desk: Desk) -> None:
    with time_machine.travel(datetime(2026, 3, 3, 12, tzinfo=UTC), tick=False):
        asha(email="")
    question, answers = desk.asks("same_as", email="")
    assert question == "Is it one of these people?"
    assert answers == ["Asha Patel, Leeds Council, LS1 4AP. Last contact: Tuesday 3 March 2026", "No, this is someone new"]
    assert (Person.objects.count(), desk.made.objects.count()) == (1, 0)


def test_whoever_it_is_gets_it_once_the_new_number_is_settled(desk: Desk) -> None:
    person = asha(email="")
    chosen = {"email": "", "same_as": str(person.pk)}
    assert desk.asks("new_phone", **chosen)[0] == "Does Asha Patel have a new work phone number?"
    assert desk.send(**chosen, **NEW_PHONE).status_code == 302
    assert (desk.made.objects.get().person, Person.objects.get().phone) == (person, "0113 496 0999")


def test_somebody_new_is_entered_when_staff_say_so(desk: Desk) -> None:
    known = asha(email="")
    new = desk.value("same_as", "No", email="")
    assert desk.send(email="", same_as=new).status_code == 302
    entered = Person.objects.exclude(pk=known.pk).get()
    assert (desk.made.objects.get().person, entered.phone) == (entered, "0113 496 0999")


def test_that_somebody_is_new_counts_for_those_who_were_shown(desk: Desk) -> None:
    asha(email="")
    new = desk.value("same_as", "No", email="")
    make_person(name="Asha Patel", email="", with_user=False, phone=WHO["phone"], organisation=make_organisation("York Council"))
    make_person(
        name="asha patel",
        email="",
        with_user=False,
        phone="0113 496 0001",
        organisation=make_organisation("Hull"),
        postcode="LS1 4AP",
    )
    assert list(desk.errors(same_as=new, email="kept@leeds.gov.uk")) == ["same_as"]


@pytest.mark.parametrize("answer", ["999999", "new", "Zebedia"])
def test_an_answer_that_was_not_offered_is_none(desk: Desk, answer: str) -> None:
    asha(email="")
    stranger = make_person(email="someone@york.gov.uk")
    for sent in (answer, str(stranger.pk)):
        assert list(desk.errors(email="", same_as=sent)) == ["same_as"]


def test_an_address_is_added_to_whom_it_is(desk: Desk) -> None:
    person = asha(email="", phone=WHO["phone"])
    assert desk.send(same_as=str(person.pk)).status_code == 302
    person.refresh_from_db()
    assert (person.email, written(person)) == ("asha@leeds.gov.uk", ["email"])


def test_a_new_address_is_asked_about_and_the_old_one_remembered(desk: Desk) -> None:
    person = asha(email="asha@old.gov.uk", phone=WHO["phone"])
    chosen = {"same_as": str(person.pk)}
    question, answers = desk.asks("new_email", **chosen)
    assert question == "Does Asha Patel have a new email address?"
    assert answers == ["Yes, change asha@old.gov.uk to asha@leeds.gov.uk", "No, keep asha@old.gov.uk"]
    assert desk.send(**chosen, new_email="new asha@leeds.gov.uk").status_code == 302
    person.refresh_from_db()
    assert (person.email, FormerAddress.objects.get().address) == ("asha@leeds.gov.uk", "asha@old.gov.uk")
    assert set(Notification.objects.values_list("recipient", flat=True)) & {"asha@old.gov.uk"} == set()


def test_who_signs_in_changes_their_address_themselves(desk: Desk) -> None:
    person = asha(email="asha@old.gov.uk", user=make_user("asha@old.gov.uk"), phone=WHO["phone"])
    assert desk.errors(same_as=str(person.pk)) == {
        "email": ["Asha Patel signs in with asha@old.gov.uk, and changes that themselves. Enter it here, or leave this empty."]
    }
    assert desk.send(same_as=str(person.pk), email="").status_code == 302
    assert desk.made.objects.get().person == person


def test_the_questions_are_radios_with_a_legend_and_stand_in_the_summary(desk: Desk) -> None:
    asha()
    page = Page(desk.send().content.decode())
    assert (
        page.one("a", href=f"#id_{desk.prefix}new_phone_0").text
        == "Answer the question “Does Asha Patel have a new work phone number?”"
    )
    radios = [box for box in page.all("input") if box.attrs.get("name") == f"{desk.prefix}new_phone"]
    assert [(box.attrs["type"], "checked" in box.attrs) for box in radios] == [("radio", False)] * 2


def test_whoever_was_in_touch_last_comes_first() -> None:
    people = [asha(email="", phone=f"0113 496 000{number}") for number in range(3)]
    make_order(people[1], datetime(2027, 6, 1, 12, tzinfo=UTC))
    similar = similar_people(**CallerForm.initial_of(people[0]))
    assert [person.pk for person in similar] == [people[1].pk, people[2].pk, people[0].pk]


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "Asha Singh"},
        {"organisation": None, "postcode": "", "phone": ""},
        {"organisation": None, "postcode": "LS9 7TF", "phone": "0113 496 0007"},
        {"erased_at": NOW},
    ],
)
def test_who_is_not_similar(changes: dict[str, Any]) -> None:
    asha(**changes)
    assert similar_people(**WHO) == []


def test_looking_for_similar_people_is_one_statement(django_assert_num_queries: Any) -> None:
    for number in range(7):
        asha(email="", phone=f"0113 496 000{number}")
    with django_assert_num_queries(1):
        assert len(similar_people(**WHO)) == 5
