"""Before somebody goes because nothing was done here for so long, one email says so, and leaves them 14 days to stay."""

from datetime import datetime, timedelta

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.test import Client

from accounts.models import User
from notifications.delivery import services as delivery_services, smtp
from notifications.models import Notification, NotificationState
from privacy import retention as privacy_retention
from privacy.retention import WARNING_EMAIL_KIND, WARNING_PERIOD
from professionals.models import AccountRecovery, Person
from tests.bookings.rows import NOW
from tests.factories import make_person, sign_in
from tests.leaflets.factories import make_order
from tests.notifications.conftest import mail_server
from tests.privacy.retention_records import over

__all__ = ["mail_server"]
pytestmark = pytest.mark.django_db
ADDRESS, DAY = "nadia@leeds.nhs.uk", timedelta(days=1)


def quiet_since(moment: datetime, **fields) -> Person:
    person = make_person(**{"name": "Nadia Rahman", "email": ADDRESS, **fields})
    Person.objects.filter(pk=person.pk).update(created_at=moment)
    User.objects.filter(pk=person.user_id).update(date_joined=moment, last_login=moment)
    return person


@pytest.fixture
def person() -> Person:
    return quiet_since(over("people") - DAY)


def warnings() -> list[str]:
    return list(Notification.objects.filter(kind=WARNING_EMAIL_KIND).order_by("pk").values_list("recipient", flat=True))


def goes(row: Notification, at: datetime) -> None:
    Notification.objects.filter(pk=row.pk).update(state=NotificationState.SENT, sent_at=at)


def counts(now: datetime) -> tuple[int, int]:
    """What a dry run says of both rules; a run then does so much."""
    would = privacy_retention.count_by_rule(now)
    done = privacy_retention.run_rules(now=now).done
    assert (would["warnings"], would["people"]) == (done["warnings"], done["people"])
    return would["warnings"], would["people"]


def test_nobody_goes_before_14_days_have_passed_since_their_warning_went(person):
    assert counts(NOW) == (1, 0)
    [row] = Notification.objects.filter(kind=WARNING_EMAIL_KIND)
    assert counts(NOW + DAY) == (0, 0)
    assert counts(NOW + 20 * DAY) == (0, 0)  # it waits in the outbox: nobody has been told anything
    goes(row, NOW + 20 * DAY)
    assert counts(NOW + 20 * DAY + WARNING_PERIOD - timedelta(seconds=1)) == (0, 0)
    assert counts(NOW + 20 * DAY + WARNING_PERIOD) == (0, 1)
    person.refresh_from_db()
    assert (person.name, warnings()) == ("Erased", [""])  # once, and its row knows nobody any more


def test_it_comes_14_days_before_their_time_is_over():
    quiet_since(over("people") + WARNING_PERIOD)
    assert counts(NOW) == (0, 0)
    assert counts(NOW + timedelta(seconds=1)) == (1, 0)
    goes(Notification.objects.get(kind=WARNING_EMAIL_KIND), NOW)
    assert counts(NOW + WARNING_PERIOD) == (0, 0)
    assert counts(NOW + WARNING_PERIOD + timedelta(seconds=1)) == (0, 1)


@pytest.mark.parametrize("state", [NotificationState.FAILED, NotificationState.SENT])
def test_mail_that_came_back_keeps_nobody_for_ever(person, state):
    counts(NOW)
    Notification.objects.filter(kind=WARNING_EMAIL_KIND).update(
        state=state, sent_at=NOW if state == NotificationState.SENT else None
    )
    assert counts(NOW + WARNING_PERIOD) == (0, 1)


def test_who_comes_back_stays_and_is_told_anew_when_years_have_passed(person):
    counts(NOW)
    goes(Notification.objects.get(kind=WARNING_EMAIL_KIND), NOW)
    User.objects.filter(pk=person.user_id).update(last_login=NOW + DAY)
    assert counts(NOW + 30 * DAY) == (0, 0)
    years_on = NOW + timedelta(days=365 * 3 + 30)
    assert counts(years_on) == (1, 0)
    assert warnings() == [ADDRESS] * 2 or warnings() == ["", ADDRESS]  # of the first the address was kept for a year


def test_who_has_no_address_or_lost_their_mailbox_goes_without_one(person):
    """A stranger may read that mailbox, and would be told how to keep the account."""
    by_phone = quiet_since(over("people") - DAY, with_user=False, email="", name="By phone")
    AccountRecovery.objects.create(user=person.user, by=None, at=NOW, old=ADDRESS, new="n@nhs.net", called="R", number="1")
    EmailAddress.objects.filter(user=person.user).update(email="n@nhs.net", verified=False)
    assert counts(NOW) == (0, 2)
    assert (warnings(), by_phone.pk != person.pk) == ([], True)


@pytest.fixture
def freeze_at_noon():
    with time_machine.travel(NOW + timedelta(hours=2), tick=False):
        yield


def delivered(inbox) -> list[str]:
    [row] = Notification.objects.filter(kind=WARNING_EMAIL_KIND)
    delivery_services.deliver(row.pk)
    smtp.close_connection()
    row.refresh_from_db()
    return [str(row.state), *(message.decode() for message in inbox.messages)]


@pytest.fixture
def asleep(person: Person) -> Person:
    """By the clock of the worker, which is the real one."""
    privacy_retention.run_rules(now=NOW)
    Notification.objects.filter(kind=WARNING_EMAIL_KIND).update(due_at=NOW)
    return person


def test_it_says_what_happens_when_and_what_to_do(asleep, mail_server, freeze_at_noon):
    state, message = delivered(mail_server())
    text = message.replace("=\n", "")
    assert state == NotificationState.SENT
    assert "Sign in to keep your details with us" in text
    for words in ("for almost 3 years", "Wednesday 27 January 2027", "/account/login/", "the only email we will send about this"):
        assert words in " ".join(text.split()), words


def test_whom_staff_entered_is_asked_to_make_an_account(mail_server, freeze_at_noon):
    quiet_since(over("people") - DAY, with_user=False)
    privacy_retention.run_rules(now=NOW)
    _state, message = delivered(mail_server())
    assert "/account/login/" in message.replace("=\n", "")


def came_back(person: Person) -> None:
    sign_in(Client(), person)


def ordered(person: Person) -> None:
    make_order(person, NOW)


def changed_address(person: Person) -> None:
    Person.objects.filter(pk=person.pk).update(email="other@leeds.nhs.uk")


@pytest.mark.parametrize("did", [came_back, ordered, changed_address])
def test_it_is_not_sent_to_who_did_something_meanwhile_or_to_an_address_of_before(asleep, mail_server, freeze_at_noon, did):
    did(asleep)
    assert delivered(mail_server()) == [NotificationState.EXPIRED]


def test_what_never_went_was_no_warning(person):
    counts(NOW)
    Notification.objects.filter(kind=WARNING_EMAIL_KIND).update(state=NotificationState.EXPIRED)
    assert counts(NOW + WARNING_PERIOD) == (1, 0)
