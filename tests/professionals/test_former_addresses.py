"""Mail goes with a person to whatever address of theirs it went; a mailbox that somebody lost hears nothing of it."""

from datetime import timedelta
from functools import partial

import pytest
from allauth.account.models import EmailAddress
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from notifications.models import MarkedAddress, Notification, NotificationState
from notifications.privacy import readdress
from privacy import services as privacy_services
from privacy.personal_data import address_periods, erase_emails_of
from privacy.retention import clear_expired, delete_users
from privacy.services import erase_and_notify
from professionals.models import AccountRecovery, AddressChange, FormerAddress, Person
from professionals.services import assign_verified_address, record_former_address
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
        state=NotificationState.SENT,
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
        record_former_address(person, address.upper(), NOW)


WAYS = ["changed", "put back", "moved from", "moved to", "signs in with", "waits for its code", "noted"]


@pytest.mark.parametrize("how", WAYS)
def test_mail_to_every_address_that_was_theirs_goes(person, how):
    old_of(person, OLD, how)
    for address in (HERS, OLD.upper(), OTHER):
        mailed(address)
    MarkedAddress.objects.create(address=OLD, sort="hard", marked_at=NOW, last_at=NOW, said="Nadia has left")

    privacy_services.erase_person(Person.objects.get(pk=person.pk), by=None, now=NOW)

    assert left() == {OTHER}
    assert not MarkedAddress.objects.exists()
    assert Notification.objects.filter(text_body="Dear Nadia").count() == 1


def test_of_an_address_that_is_anothers_now_only_what_went_there_before(person):
    make_person(email=OLD)
    record_former_address(person, OLD, NOW)
    before, after = mailed(OLD, NOW - DAY), mailed(OLD, NOW + DAY)

    privacy_services.erase_person(person, by=None, now=NOW + 2 * DAY)

    for row in (before, after):
        row.refresh_from_db()
    assert (before.recipient, before.text_body) == ("", "")
    assert (after.recipient, after.text_body) == (OLD, "Dear Nadia")


def two_who_had(address: str) -> tuple[Person, Person]:
    """One until NOW, the other for ten days from then on."""
    first, second = (make_person(with_user=False, name=name, email=f"{name}@leeds.nhs.uk") for name in ("ruth", "tariq"))
    record_former_address(first, address, NOW)
    record_former_address(second, address, NOW + 10 * DAY)
    return first, second


@pytest.mark.parametrize(("goes", "stay"), [(0, {1, 2}), (1, {0, 2})])
def test_of_an_address_that_two_had_and_nobody_has_each_ones_own_time_goes(goes, stay):
    """The third was written when neither had it any more."""
    both = two_who_had(OLD)
    rows = [mailed(OLD, NOW + days * DAY) for days in (-1, 1, 11)]

    privacy_services.erase_person(both[goes], by=None, now=NOW + 20 * DAY)

    kept = Notification.objects.filter(recipient=OLD, text_body="Dear Nadia")
    assert set(kept) == {rows[place] for place in stay}
    privacy_services.erase_person(both[1 - goes], by=None, now=NOW + 20 * DAY)
    assert left() == set()


def test_of_an_address_that_they_have_what_went_there_before_is_the_others(person):
    record_former_address(make_person(name="Omar Aziz", email=OTHER), HERS, NOW)
    before, _own = mailed(HERS, NOW - DAY), mailed(HERS, NOW + DAY)
    MarkedAddress.objects.create(address=HERS, sort="hard", marked_at=NOW, last_at=NOW, said="Nadia has left")
    privacy_services.erase_person(person, by=None, now=NOW + 2 * DAY)
    assert list(Notification.objects.exclude(recipient="")) == [before]
    assert not MarkedAddress.objects.exists()


TEAMS = ["team_email", "safeguarding_lead_email", "visit_escalation_email"]


@pytest.mark.parametrize("whose", TEAMS)
@pytest.mark.parametrize("how", [*WAYS, "has it still"])
def test_mail_to_the_team_is_nobodys_to_erase_or_to_export(person, change_settings, whose, how):
    """Staff typed it as a caller's and put it right, or anybody did as their own."""
    team = "team@ctac.example"
    change_settings(**{whose: team.title()})
    alert = mailed(team)
    Notification.objects.filter(pk=alert.pk).update(state=NotificationState.PENDING, sent_at=None)
    if how == "has it still":
        Person.objects.filter(pk=person.pk).update(email=team)
    elif how == "noted":  # before such a note was refused
        FormerAddress.objects.create(person=person, address=team, until=NOW)
    else:
        old_of(person, team, how)
    person = Person.objects.get(pk=person.pk)

    assert privacy_services.export_person(person)["messages"] == []
    privacy_services.erase_person(person, by=None, now=NOW + DAY)

    alert.refresh_from_db()
    assert (alert.recipient, alert.state, alert.text_body) == (team, NotificationState.PENDING, "Dear Nadia")


def test_a_mailbox_of_the_teams_is_no_former_address(person, settings):
    record_former_address(person, settings.STAFF_EMAIL.upper(), NOW)
    assert not FormerAddress.objects.exists()


def test_a_sign_up_with_a_mailbox_of_the_teams_takes_no_mail_of_the_teams(settings):
    users = [make_user(address) for address in (settings.STAFF_EMAIL.title(), OTHER)]
    for user in users:
        mailed(user.email)
    delete_users([user.pk for user in users], NOW)
    assert not User.objects.filter(pk__in=[user.pk for user in users]).exists()
    assert {address.lower() for address in left()} == {settings.STAFF_EMAIL}


def test_mail_that_waits_for_the_team_does_not_follow_whoever_had_its_address_by_mistake(settings):
    for address in (settings.STAFF_EMAIL, OLD):
        row = mailed(address)
        Notification.objects.filter(pk=row.pk).update(state=NotificationState.PENDING, sent_at=None, due_at=NOW + DAY)
        readdress(before=address.title(), to=HERS, now=NOW)
    assert left() == {settings.STAFF_EMAIL, HERS}


def test_two_rows_that_both_had_an_address_become_one(person):
    """Staff put a caller's address right, who signed up with the wrong one and changes it now."""
    by_phone = make_person(with_user=False, name="Nadia Rahman", email=OLDER)
    later = timezone.now() + DAY
    record_former_address(by_phone, HERS, later)
    record_former_address(by_phone, OLD, NOW)
    record_former_address(person, OLD, NOW + DAY)
    EmailAddress.objects.create(user=person.user, email=OLDER, verified=True)

    assign_verified_address(user=person.user, email=OLDER, details=None, now=NOW)

    rows = set(FormerAddress.objects.values_list("person", "address", "until"))
    assert rows == {(person.pk, HERS, later), (person.pk, OLD, NOW + DAY)}


def test_what_somebody_else_verified_is_not_theirs_to_erase(person):
    """Typed by mistake, or by whoever had got into the account."""
    EmailAddress.objects.create(user=person.user, email=OTHER, verified=False)
    make_user(OTHER)
    mailed(OTHER)
    privacy_services.erase_person(person, by=None, now=NOW)
    assert left() == {OTHER}


def test_an_address_that_changed_is_noted_whoever_changes_it(person):
    EmailAddress.objects.create(user=person.user, email=OLD, verified=True)
    assign_verified_address(user=person.user, email=OLD, details=None, now=NOW)
    by_phone = make_person(with_user=False, name="Omar Aziz", email=OTHER)
    browser = sign_in_staff(Client(), make_staff())
    path = f"/staff/professionals/person/{by_phone.pk}/change/"
    fields = {"name": "Omar Aziz", "email": OLDER, "phone": "", "profession": "gp", "organisation": "", "postcode": ""}
    assert browser.post(path, fields).status_code == 302
    assert set(FormerAddress.objects.values_list("person", "address")) == {(person.pk, HERS), (by_phone.pk, OTHER)}


def test_who_verifies_the_address_that_they_have_gets_no_former_one(person):
    assign_verified_address(user=person.user, email=HERS, details=None, now=NOW)
    assert not FormerAddress.objects.exists()


def test_it_is_kept_for_as_long_as_mail_to_it(person):
    record_former_address(person, OLD, NOW)
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


@pytest.mark.parametrize(("since", "kept"), [(timedelta(seconds=5), 1), (2 * DAY, 0)])
def test_but_not_for_what_its_next_reader_gets(person, since, kept):
    """The old address is told of the change just after it."""
    record_former_address(person, OLD, NOW)
    mailed(OLD, NOW + since)
    clear_expired(now=NOW + 99 * DAY)
    assert FormerAddress.objects.count() == kept


@pytest.mark.parametrize("has_it", [True, False])
def test_their_copy_has_nothing_of_who_had_the_address_before_them(person, has_it):
    first, second = two_who_had(OLD)
    if has_it:
        second.former_addresses.all().delete()
        Person.objects.filter(pk=second.pk).update(email=OLD)
        second.refresh_from_db()
    for days in (-1, 1):
        mailed(OLD, NOW + days * DAY)
    sent = [[each["sent_at"] for each in privacy_services.export_person(who)["messages"]] for who in (first, second)]
    assert sent == [[NOW - DAY], [NOW + DAY]]


def test_their_copy_has_what_went_to_a_former_address_while_they_had_it(person):
    record_former_address(person, OLD, NOW)
    mailed(HERS)
    for at in (NOW - DAY, NOW + DAY):
        mailed(OLD, at)
    data = privacy_services.export_person(person)
    assert [each["address"] for each in data["person"]["former_addresses"]] == [OLD]
    assert [each["sent_at"] for each in data["messages"]] == [NOW, NOW - DAY]


def test_a_mailbox_that_was_lost_gets_no_last_email(person):
    """Staff moved the account; the new address is not verified, so the person still has the old one."""
    AccountRecovery.objects.create(user=person.user, by=None, at=NOW, old=HERS, new=OLD, called="Ruth", number="1")
    EmailAddress.objects.filter(user=person.user).update(email=OLD, verified=False)
    erase_and_notify(person, by=make_staff(), now=NOW)
    assert (mails_to(HERS), mails_to(OLD), left()) == ([], [], set())


def test_a_mailbox_that_is_theirs_again_does(person):
    AccountRecovery.objects.create(user=person.user, by=None, at=NOW - DAY, old=HERS, new=OLD, called="Ruth", number="1")
    erase_and_notify(person, by=make_staff(), now=NOW)
    assert [mail.subject for mail in mails_to(HERS)] == ["We have erased your details"]


def test_mail_that_waits_follows_and_what_went_stays_to_be_found(person):
    """The control: nothing that has gone is moved to the new address, so only the note finds it."""
    mailed(HERS)
    readdress(before=HERS, to=OLD, now=NOW)
    assert left() == {HERS}


@pytest.fixture
def many(person) -> None:
    people = Person.objects.bulk_create(Person(name="Sam Taylor", profession="teacher") for _ in range(2_000))
    FormerAddress.objects.bulk_create(FormerAddress(person=each, address=f"{each.pk}@nhs.net", until=NOW) for each in people)
    FormerAddress.objects.create(person=person, address=OLD, until=NOW)
    FormerAddress.objects.create(person=people[0], address=OLD, until=NOW - DAY)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE professionals_formeraddress")


@pytest.mark.parametrize("look", [address_periods, partial(erase_emails_of, now=NOW)], ids=["of a copy", "of an erasure"])
def test_who_else_had_an_address_is_found_by_it(person, many, look):
    with CaptureQueriesContext(connection) as taken:
        look(person)
    asked = [query["sql"] for query in taken if "formeraddress" in query["sql"] and query["sql"].lstrip("(").startswith("SELECT")]
    assert asked
    with connection.cursor() as cursor:
        for sql in asked:
            cursor.execute(f"EXPLAIN {sql}")
            plan = "\n".join(line for (line,) in cursor.fetchall())
            assert "Seq Scan on professionals_formeraddress" not in plan, plan
