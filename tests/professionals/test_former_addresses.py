"""Mail goes with a person to whatever address of theirs it went; a mailbox that somebody lost hears nothing of it."""

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.test import Client

from notifications.models import MarkedAddress, Notification, State
from notifications.services import readdress
from professionals import privacy
from professionals.erased_mail import erase_and_tell
from professionals.models import AccountRecovery, AddressChange, FormerAddress, Person, User
from professionals.own_addresses import note_former_address
from professionals.services import address_verified, clear_expired
from tests.bookings.rows import NOW
from tests.factories import make_person, make_staff, make_user, sign_in_staff
from tests.professionals.mailing import mails_to

pytestmark = pytest.mark.django_db

HERS, OLD, OLDER, OTHER = "nadia@leeds.nhs.uk", "old@leeds.nhs.uk", "older@leeds.nhs.uk", "omar@leeds.nhs.uk"
DAY = timedelta(days=1)


@pytest.fixture
def person() -> Person:
    return make_person(name="Nadia Rahman", email=HERS)


def mailed(address: str, at=NOW) -> Notification:
    return Notification.objects.create(
        kind="booking-confirmed",
        about=f"booking:{Notification.objects.count()}",
        message_id=f"<{Notification.objects.count()}@t>",
        recipient=address,
        state=State.SENT,
        sent_at=at,
        created_at=at,
        due_at=at,
        text_body="Dear Nadia",
    )


def left() -> set[str]:
    return set(Notification.objects.exclude(recipient="").values_list("recipient", flat=True))


def old_of(person: Person, address: str, how: str) -> None:
    """One of the ways in which we know that they had it."""
    user, later = person.user, {"until": NOW + DAY, "changed_at": NOW}
    if how == "changed":
        AddressChange.objects.create(user=user, old=address.title(), new=HERS, token_hash="1" * 64, **later)
    elif how == "put back":
        AddressChange.objects.create(user=user, old=HERS, new=address, token_hash="1" * 64, objected_at=NOW, **later)
    elif how in ("moved from", "moved to"):
        old, new = (address, HERS) if how == "moved from" else (HERS, address)
        AccountRecovery.objects.create(user=user, by=None, at=NOW, old=old, new=new, called="Ruth", number="1")
        EmailAddress.objects.filter(user=user).update(verified=True)
    elif how == "signs in with":
        User.objects.filter(pk=user.pk).update(email=address)
    elif how == "waits for its code":
        EmailAddress.objects.create(user=user, email=address, verified=False)
    else:
        note_former_address(person, address.upper(), NOW)


WAYS = ["changed", "put back", "moved from", "moved to", "signs in with", "waits for its code", "noted"]


@pytest.mark.parametrize("how", WAYS)
def test_mail_to_every_address_that_was_theirs_goes(person, how):
    old_of(person, OLD, how)
    for address in (HERS, OLD.upper(), OTHER):
        mailed(address)
    MarkedAddress.objects.create(address=OLD, sort="hard", marked_at=NOW, last_at=NOW, said="Nadia has left")

    privacy.erase_person(Person.objects.get(pk=person.pk), by=None, now=NOW)

    assert left() == {OTHER}
    assert not MarkedAddress.objects.exists()
    assert Notification.objects.filter(text_body="Dear Nadia").count() == 1


def test_of_an_address_that_is_anothers_now_only_what_went_there_before(person):
    make_person(email=OLD)
    note_former_address(person, OLD, NOW)
    before, after = mailed(OLD, NOW - DAY), mailed(OLD, NOW + DAY)

    privacy.erase_person(person, by=None, now=NOW + 2 * DAY)

    for row in (before, after):
        row.refresh_from_db()
    assert (before.recipient, before.text_body) == ("", "")
    assert (after.recipient, after.text_body) == (OLD, "Dear Nadia")


def test_what_somebody_else_verified_is_not_theirs_to_erase(person):
    """Typed by mistake, or by whoever had got into the account."""
    EmailAddress.objects.create(user=person.user, email=OTHER, verified=False)
    make_user(OTHER)
    mailed(OTHER)
    privacy.erase_person(person, by=None, now=NOW)
    assert left() == {OTHER}


def test_an_address_that_changed_is_noted_whoever_changes_it(person):
    EmailAddress.objects.create(user=person.user, email=OLD, verified=True)
    address_verified(user=person.user, email=OLD, details=None, now=NOW)
    by_phone = make_person(with_user=False, name="Omar Aziz", email=OTHER)
    browser = sign_in_staff(Client(), make_staff())
    path = f"/staff/professionals/person/{by_phone.pk}/change/"
    fields = {"name": "Omar Aziz", "email": OLDER, "phone": "", "profession": "gp", "organisation": "", "postcode": ""}
    assert browser.post(path, fields).status_code == 302
    assert set(FormerAddress.objects.values_list("person", "address")) == {(person.pk, HERS), (by_phone.pk, OTHER)}


def test_who_verifies_the_address_that_they_have_gets_no_former_one(person):
    address_verified(user=person.user, email=HERS, details=None, now=NOW)
    assert not FormerAddress.objects.exists()


def test_it_is_kept_for_as_long_as_mail_to_it(person):
    note_former_address(person, OLD, NOW)
    row = mailed(OLD.upper())
    clear_expired(now=NOW + 99 * DAY)
    assert FormerAddress.objects.count() == 1
    Notification.objects.filter(pk=row.pk).update(recipient="")
    MarkedAddress.objects.create(address=OLD, sort="hard", marked_at=NOW, last_at=NOW + 99 * DAY)
    clear_expired(now=NOW + 99 * DAY)
    assert FormerAddress.objects.count() == 1
    MarkedAddress.objects.all().delete()
    clear_expired(now=NOW + 99 * DAY)
    assert FormerAddress.objects.count() == 0


def test_their_copy_has_what_went_to_a_former_address_while_they_had_it(person):
    note_former_address(person, OLD, NOW)
    mailed(HERS)
    for at in (NOW - DAY, NOW + DAY):
        mailed(OLD, at)
    data = privacy.export_person(person)
    assert [each["address"] for each in data["person"]["former_addresses"]] == [OLD]
    assert [each["sent_at"] for each in data["messages"]] == [NOW, NOW - DAY]


def test_a_mailbox_that_was_lost_gets_no_last_email(person):
    """Staff moved the account; the new address is not verified, so the person still has the old one."""
    AccountRecovery.objects.create(user=person.user, by=None, at=NOW, old=HERS, new=OLD, called="Ruth", number="1")
    EmailAddress.objects.filter(user=person.user).update(email=OLD, verified=False)
    erase_and_tell(person, by=make_staff(), now=NOW)
    assert (mails_to(HERS), mails_to(OLD), left()) == ([], [], set())


def test_a_mailbox_that_is_theirs_again_does(person):
    AccountRecovery.objects.create(user=person.user, by=None, at=NOW - DAY, old=HERS, new=OLD, called="Ruth", number="1")
    erase_and_tell(person, by=make_staff(), now=NOW)
    assert [mail.subject for mail in mails_to(HERS)] == ["Your details with us are erased"]


def test_mail_that_waits_follows_and_what_went_stays_to_be_found(person):
    """The control: nothing that has gone is moved to the new address, so only the note finds it."""
    mailed(HERS)
    readdress(before=HERS, to=OLD, now=NOW)
    assert left() == {HERS}
