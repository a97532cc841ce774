"""Two rows of a person become one while one of both is erased or hands over: each waits for the other, and none for ever."""

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts import services as accounts_services
from accounts.models import User
from bookings.booking.services.assign import transfer_bookings
from bookings.models import Booking
from leaflets.models import Order
from privacy.services import erase_person
from professionals import services as professionals_services
from professionals.models import MergedRecord, Organisation, Person
from professionals.services import assign_verified_address
from tests.accounts.sessions.test_at_once import held, under_way
from tests.bookings.rows import NOW, at, make_booking, make_presenter
from tests.factories import make_organisation, make_person, sign_in
from tests.leaflets.factories import make_edition, make_order
from tests.professionals.in_turn import Job, in_turn
from tests.professionals.mailing import last_code
from tests.professionals.test_address_changes import CHANGE, CONFIRM, NEW, OLD, link, move

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
PERSON = "SELECT 1 FROM professionals_person WHERE id = %s FOR UPDATE"
DEADLOCK = "OperationalError"


@pytest.fixture
def entered() -> Person:
    """Whom staff entered, before she signed up: the lower key of both."""
    return Person.objects.create(name="Nadia Rahman", email=NEW, profession="teacher")


@pytest.fixture
def nadia(entered: Person) -> Person:
    person = make_person(name="Nadia Rahman", email=OLD)
    Person.objects.filter(pk=entered.pk).update(organisation=person.organisation)
    return person


def become_one(nadia: Person) -> Job:
    user: Any = nadia.user
    EmailAddress.objects.create(user=user, email=NEW, verified=True)
    return lambda: assign_verified_address(user=user, email=NEW, details=None, now=timezone.now())


def erasing(person: Person) -> Job:
    return lambda: erase_person(person, by=None, now=timezone.now())


def account_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """The account, its own person, then the other: as it was."""

    def lock(user_id: int, email: str) -> tuple[User, list[Person]]:
        account = accounts_services.lock_account(user_id)
        rows = Person.objects.select_for_update()
        return account, [*rows.filter(user=user_id), *rows.with_email(email).exclude(user=user_id)]

    monkeypatch.setattr(professionals_services, "lock_people_and_account", lock)


def moving_to(person: Person, name: str) -> Job:
    details = {"name": person.name, "phone": person.phone, "profession": person.profession, "postcode": person.postcode}
    user: Any = person.user
    return lambda: professionals_services.save_details(user=user, now=timezone.now(), organisation_name=name, **details)


def test_who_joins_an_organisation_while_its_last_leaves_it_finds_it_anew() -> None:
    last, joins = make_person(organisation=make_organisation("Quillfinch Surgery")), make_person()
    with held(PERSON, joins.pk) as other:
        thread, answers = under_way(moving_to(joins, "Quillfinch Surgery"))
        moving_to(last, "Elsewhere")()
        assert not Organisation.objects.filter(name="Quillfinch Surgery").exists()
        other.rollback()
        thread.join(timeout=30)
    assert answers == [joins]
    joins.refresh_from_db()
    assert joins.organisation is not None
    assert joins.organisation.name == "Quillfinch Surgery"


def test_an_order_placed_while_its_owner_changes_their_organisation_goes_to_the_new_one() -> None:
    person, edition = make_person(), make_edition(NOW)
    orders: list[Order] = []
    assert (
        in_turn(
            PERSON,
            person.pk,
            moving_to(person, "Elsewhere"),
            lambda: orders.append(make_order(person, NOW, {edition.leaflet: 5})),
        )
        == ["done"] * 2
    )
    [order] = orders
    order.refresh_from_db()
    assert order.organisation is not None
    assert order.organisation.name == "Elsewhere"


def test_erased_first_nobody_is_left_to_become_one(nadia: Person, entered: Person) -> None:
    assert in_turn(PERSON, nadia.pk, erasing(nadia), become_one(nadia)) == ["done", "AccountGoneError"]
    assert list(Person.objects.order_by("pk").values_list("email", "user")) == [(NEW, None), ("", None)]


def test_one_first_and_then_erased_both_are(nadia: Person, entered: Person) -> None:
    assert in_turn(PERSON, nadia.pk, become_one(nadia), erasing(nadia)) == ["done"] * 2
    [left] = Person.objects.all()
    assert (left.pk, left.email, left.erased_at is not None) == (nadia.pk, "", True)
    assert list(MergedRecord.objects.values_list("person", "key")) == [(nadia.pk, entered.pk)]


def test_control_with_the_account_first_one_of_them_fails(
    nadia: Person, entered: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    account_first(monkeypatch)
    assert DEADLOCK in in_turn(PERSON, nadia.pk, erasing(nadia), become_one(nadia))


def handing_over(before: Person, after: Person) -> Job:
    return lambda: transfer_bookings(person=before, to=after, by=None, reason="It is hers", now=NOW)


def test_who_hands_over_to_whom_they_become_one_with_comes_first(nadia: Person, entered: Person) -> None:
    booking = make_booking(make_presenter(), at("10:00"), person=entered)

    assert in_turn(PERSON, entered.pk, handing_over(entered, nadia), become_one(nadia)) == ["done"] * 2
    assert Booking.objects.get(pk=booking.pk).person == nadia
    assert list(Person.objects.all()) == [nadia]


def test_control_with_their_own_person_first_one_of_them_fails(
    nadia: Person, entered: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_booking(make_presenter(), at("10:00"), person=entered)
    account_first(monkeypatch)
    assert DEADLOCK in in_turn(PERSON, entered.pk, handing_over(entered, nadia), become_one(nadia))


def test_a_new_address_that_is_confirmed_while_its_owner_is_erased_is_nobodys(nadia: Person) -> None:
    client, answers = sign_in(Client(), nadia), list[Any]()
    client.post(CHANGE, {"email": NEW})
    code = last_code(NEW)
    press = lambda: answers.append(client.post(CONFIRM, {"code": code}))  # noqa: E731

    assert in_turn(PERSON, nadia.pk, erasing(nadia), press) == ["done"] * 2
    assert (answers[0].status_code, answers[0].headers.get("Location")) == (302, "/account/login/")
    assert (Person.objects.get(pk=nadia.pk).email, EmailAddress.objects.count()) == ("", 0)


def test_an_address_that_is_put_back_while_its_owner_is_erased_is_nobodys(nadia: Person) -> None:
    move(sign_in(Client(), nadia))
    path, answers = link(OLD), list[Any]()

    assert in_turn(PERSON, nadia.pk, erasing(nadia), lambda: answers.append(Client().post(path))) == ["done"] * 2
    assert answers[0].status_code == 404
    assert "That account has just been deleted" in answers[0].content.decode()


def test_details_that_are_saved_while_their_owner_is_erased_are_not_kept(nadia: Person) -> None:
    client, answers = sign_in(Client(), nadia), list[Any]()
    typed = {"name": "Nadia R", "phone": "0113 496 0001", "profession": "midwife", "postcode": "LS1 4AP"}
    press = lambda: answers.append(client.post("/account/details/", {**typed, "organisation_name": "Leeds"}))  # noqa: E731

    assert in_turn(PERSON, nadia.pk, erasing(nadia), press) == ["done"] * 2
    assert (answers[0].status_code, answers[0].headers.get("Location")) == (302, "/account/login/")
    left = Person.objects.get(pk=nadia.pk)
    assert (left.phone, left.postcode, left.organisation) == ("", "", None)


def test_both_are_found_by_their_indexes(nadia: Person) -> None:
    Person.objects.bulk_create(Person(name="Sam", email=f"sam{n}@nhs.net", profession="teacher") for n in range(3_000))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE professionals_person")
    plan = professionals_services.people_to_join(nadia.user.pk, NEW).explain()
    assert "Seq Scan" not in plan, plan


def test_an_erasure_waits_for_no_merger_of_the_organisation(nadia: Person) -> None:
    """Which locks it and then its people: each would wait for the other."""
    Person.objects.exclude(pk=nadia.pk).update(organisation=None)
    with held("SELECT 1 FROM professionals_organisation WHERE id = %s FOR UPDATE", nadia.organisation_id):
        erasing(nadia)()
    assert Organisation.objects.filter(pk=nadia.organisation_id).exists()


def test_an_organisation_that_a_colleague_joins_in_this_moment_stays(nadia: Person, entered: Person) -> None:
    Person.objects.filter(pk=entered.pk).update(organisation=None)
    join = "UPDATE professionals_person SET organisation_id = %s WHERE id = %s; SET CONSTRAINTS ALL IMMEDIATE"
    with held(join, nadia.organisation_id, entered.pk) as colleague:
        erasing(nadia)()
        colleague.commit()
    entered.refresh_from_db()
    assert (entered.organisation, Person.objects.get(pk=nadia.pk).name) == (nadia.organisation, "Erased")
