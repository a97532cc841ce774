"""Who came in, who was not let in, and what was changed about the way in and about roles: rows with keys and words of ours."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone

from accounts.models import BlockReason, LimitedActivity, ThrottleScope, User
from audit.models import Act, Entry
from privacy.services import erase_person
from professionals.models import Person
from professionals.services import record_blocked_attempt
from tests.accounts.test_second_factor import enrol
from tests.accounts.test_sign_in import BY_PASSWORD, CODE, SIGN_IN, give_password
from tests.factories import make_person, make_staff, sign_in, sign_in_staff
from tests.professionals.mailing import last_code

pytestmark = pytest.mark.django_db
Rows = Callable[[], list[tuple[str, int | None, str, str]]]


@pytest.fixture
def person() -> Person:
    return make_person(email="nadia@leeds.nhs.uk")


@pytest.fixture
def rows() -> Rows:
    """What came since: the act, by whom, about which key, and the details."""
    last = Entry.objects.newest_first().values_list("pk", flat=True).first() or 0
    return lambda: list(Entry.objects.filter(pk__gt=last).order_by("pk").values_list("act", "actor", "key", "what"))


def test_a_sign_in_by_code_a_wrong_code_and_the_sign_out(client: Client, person: Person, rows: Rows) -> None:
    user = person.user.pk
    client.post(SIGN_IN, {"login": person.email})
    client.post(CODE, {"code": "wrongcode"})
    client.post(CODE, {"code": last_code(person.email)})
    client.post("/account/logout/")
    assert rows() == [
        (Act.NOT_LET_IN, None, "", "code"),
        (Act.SIGNED_IN, user, str(user), "code"),
        (Act.SIGNED_OUT, user, str(user), ""),
    ]


def test_the_first_sign_in_of_a_new_account_changes_no_address(client: Client, rows: Rows) -> None:
    client.post(SIGN_IN, {"login": "new@leeds.nhs.uk"})
    client.post(CODE, {"code": last_code("new@leeds.nhs.uk")})
    user = User.objects.get(email="new@leeds.nhs.uk").pk
    assert (Act.SIGNED_IN, user) in [(act, by) for act, by, _key, _what in rows()]
    assert Act.CREDENTIALS not in [act for act, *_more in rows()]


@pytest.mark.parametrize("email", ["nadia@leeds.nhs.uk", "nobody@leeds.nhs.uk"])
def test_a_wrong_password_is_a_row_that_does_not_say_whose(client: Client, person: Person, rows: Rows, email: str) -> None:
    give_password(person)
    before = rows()
    client.post(BY_PASSWORD, {"login": email, "password": "wrong-wrong-wrong"})
    assert rows()[len(before) :] == [(Act.NOT_LET_IN, None, "", "password")]


def test_a_wrong_second_factor_says_whose_it_is(client: Client, rows: Rows) -> None:
    staff = make_staff("lead@ctac.example")
    staff.set_password("two-kettles-one-plug")
    staff.save()
    enrol(staff)
    client.post(BY_PASSWORD, {"login": staff.email, "password": "two-kettles-one-plug"})
    client.post("/account/2fa/authenticate/", {"code": "000000"})
    assert rows() == [(Act.NOT_LET_IN, staff.pk, str(staff.pk), "second factor")]


def test_a_new_password_is_a_row(client: Client, person: Person, rows: Rows) -> None:
    sign_in(client, person)
    client.post("/account/password/set/", {"password1": "two-kettles-one-plug", "password2": "two-kettles-one-plug"})
    assert (Act.CREDENTIALS, person.user.pk, str(person.user.pk), "password set") in rows()


def account_page(user: User) -> str:
    return f"/staff/accounts/user/{user.pk}/change/"


def test_roles_given_and_taken_are_rows_with_who_did_it(client: Client, rows: Rows) -> None:
    manager, colleague = make_staff(role="manager"), make_staff(role="fulfilment")
    sign_in_staff(client, manager)
    coordinator = Group.objects.get(name="Coordinator")
    before = len(rows())
    form = {"is_active": "on", "is_staff": "on", "groups": [coordinator.pk]}
    assert client.post(account_page(colleague), form).status_code == 302
    assert rows()[before:] == [
        (Act.ROLE_TAKEN, manager.pk, str(colleague.pk), "fulfilment"),
        (Act.ROLE_GIVEN, manager.pk, str(colleague.pk), "coordinator"),
        (Act.CHANGED, manager.pk, str(colleague.pk), "groups"),
    ]


def test_a_role_given_by_a_command_is_a_row_too(rows: Rows) -> None:
    colleague = make_staff(role=["presenter", "fulfilment"])
    assert rows() == [
        (Act.ROLE_GIVEN, None, str(colleague.pk), "fulfilment"),
        (Act.ROLE_GIVEN, None, str(colleague.pk), "presenter"),
    ]


def test_an_erasure_is_a_row_in_the_same_transaction(person: Person, rows: Rows) -> None:
    manager = make_staff()
    erase_person(person, by=manager, now=timezone.now())
    assert (Act.ERASED, manager.pk, str(person.pk), "") in rows()


def test_a_limit_is_one_row_an_hour_however_often_it_stops_somebody(person: Person, rows: Rows) -> None:
    """Else whoever tries a million times would fill the table."""
    for _again in range(3):
        record_blocked_attempt(
            where=LimitedActivity.ORDER,
            why=BlockReason.THROTTLE,
            by=ThrottleScope.ACCOUNT,
            key="place-order:1",
            person=person,
            about="LS1",
            now=timezone.now(),
        )
    assert rows() == [(Act.LIMITED, None, str(person.pk), "order, throttle")]


def test_public_pages_write_nothing(client: Client, person: Person, rows: Rows) -> None:
    sign_in(client, person)
    before = rows()
    for page in ("/", "/my/", "/leaflets/", "/account/details/", "/bookings/BK-7Q4M-2F/"):
        client.get(page)
    assert rows() == before
