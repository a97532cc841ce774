"""The mobile of a colleague, to which alarms go as text messages: in any way of writing, kept in one, and only of staff."""

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from accounts.forms import MobileField
from accounts.services import mobiles_of
from notifications.models import Notification, NotificationChannel
from notifications.outbox import new_message_id
from privacy.services import erase_person
from tests.accounts.factors.proof import grow_old
from tests.accounts.role_pages import colleague, read
from tests.accounts.test_giving_roles import ACCOUNTS, save
from tests.factories import make_person, make_staff, sign_in

KEPT = "+447700900123"
OWN = "/account/mobile/"


@pytest.mark.parametrize(
    "typed",
    ["07700 900123", "07700-900-123", "+44 7700 900123", "+44 (0)7700 900123", "0044 7700 900 123", "447700900123", f" {KEPT} "],
)
def test_a_number_in_any_way_of_writing_is_kept_in_one(typed: str) -> None:
    assert MobileField().clean(typed) == KEPT


@pytest.mark.parametrize(
    "typed", ["0113 496 0000", "07000 900123", "+33 6 12 34 56 78", "07700 90012", "07700 9001234", "mine", "+447"]
)
def test_what_is_no_mobile_of_the_uk_is_refused_with_an_example(typed: str) -> None:
    with pytest.raises(ValidationError, match="Enter a UK mobile number, like 07700 900123"):
        MobileField().clean(typed)


@pytest.mark.django_db
def test_a_manager_enters_it_on_the_account_and_what_is_wrong_stays_in_the_box() -> None:
    client, _manager = colleague("manager")
    user = make_staff(role="coordinator")
    assert save(client, user, "coordinator", mobile="07700 900123") == 302
    user.refresh_from_db()
    assert user.mobile == KEPT
    refused = client.post(f"{ACCOUNTS}{user.pk}/change/", {"is_active": "on", "is_staff": "on", "mobile": "0113 496 0000"})
    assert "Enter a UK mobile number, like 07700 900123." in refused.content.decode()
    assert 'value="0113 496 0000"' in refused.content.decode()
    assert save(client, user, "coordinator", mobile=" ") == 302
    user.refresh_from_db()
    assert user.mobile == ""


@pytest.mark.django_db
def test_a_colleague_enters_their_own_and_takes_it_away(caplog: pytest.LogCaptureFixture) -> None:
    client, user = colleague("coordinator")
    assert client.post(OWN, {"mobile": "07700 900123"}).status_code == 302
    user.refresh_from_db()
    assert user.mobile == KEPT
    assert read(client, OWN).one("input", name="mobile").attrs["value"] == KEPT
    refused = client.post(OWN, {"mobile": "0113 496 0000"})
    assert (refused.status_code, 'value="0113 496 0000"' in refused.content.decode()) == (200, True)
    client.post(OWN, {"mobile": ""})
    user.refresh_from_db()
    assert user.mobile == ""
    assert caplog.text.count(f"mobile changed: user {user.pk}") == 2
    assert "900123" not in caplog.text


@pytest.mark.django_db
def test_who_signed_in_a_while_ago_shows_again_who_they_are() -> None:
    """Else whoever finds an open browser turns the alarms away."""
    client, user = colleague("coordinator")
    grow_old(client)
    assert client.post(OWN, {"mobile": "07700 900123"}).status_code == 302
    user.refresh_from_db()
    assert user.mobile == ""


@pytest.mark.django_db
def test_a_professional_has_none() -> None:
    assert sign_in(Client(), make_person()).get(OWN).status_code == 404
    client, _manager = colleague("manager")
    user = make_person().user
    assert not read(client, f"{ACCOUNTS}{user.pk}/change/").all("input", name="mobile")
    save(client, user, mobile="07700 900123", is_staff="")
    user.refresh_from_db()
    assert user.mobile == ""


@pytest.mark.django_db
def test_numbers_are_of_open_accounts_of_staff_alone() -> None:
    here = make_staff("here@ctac.example", mobile=KEPT)
    make_staff("closed@ctac.example", mobile="+447700900124", is_active=False)
    former = make_staff("former@ctac.example", mobile="+447700900125")
    type(former).objects.filter(pk=former.pk).update(is_staff=False)
    assert list(mobiles_of(["HERE@ctac.example", "closed@ctac.example", "former@ctac.example", "nobody@ctac.example"])) == [KEPT]
    assert here.mobile == KEPT


@pytest.mark.django_db
def test_with_a_former_colleague_go_the_texts_to_their_number(now) -> None:
    person = make_person()
    type(person.user).objects.filter(pk=person.user.pk).update(mobile=KEPT)
    row = Notification.objects.create(
        kind="staff-no-check-in",
        about="booking:12",
        recipient=KEPT,
        channel=NotificationChannel.SMS,
        created_at=now,
        due_at=now,
        message_id=new_message_id(),
    )
    person.refresh_from_db()
    erase_person(person, by=None, now=now)
    row.refresh_from_db()
    assert (row.recipient, row.state) == ("", "expired")
