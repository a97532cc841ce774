"""Somebody who lost both mailbox and second factor: a manager, who called the organisation, moves the account."""

import logging
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.test import Client
from django.utils import timezone

from privacy import services as privacy_services
from professionals.models import AccountRecovery, AddressChange
from tests.accounts.factors.proof import FACTOR_AGAIN, enrol, grow_old
from tests.accounts.passkeys.device import SIGN_IN, add_passkey, options_to_sign_in
from tests.accounts.sessions.browsers import is_in
from tests.factories import make_person, make_staff, sign_in, sign_in_staff
from tests.professionals.mailing import last_code, mails_to

pytestmark = pytest.mark.django_db
OLD, NEW = "nadia@leeds.nhs.uk", "nadia@bradford.nhs.uk"
LOGIN, CODE = "/account/login/", "/account/login/code/confirm/"
TYPED = {"email": NEW, "called": "Ruth Adeyemi, ward manager", "number": "0113 243 2799", "sure": "on"}


@pytest.fixture
def person():
    return make_person(email=OLD)


@pytest.fixture
def manager():
    user = make_staff(role="manager")
    enrol(user)
    return user


@pytest.fixture
def browser(manager):
    return sign_in_staff(Client(), manager)


def page_of(person):
    return f"/staff/accounts/user/{person.user.pk}/do/recover/"


def account(person):
    person.user.refresh_from_db()
    return person.user.email


def test_the_account_moves_and_opens_with_a_code_sent_to_the_new_address(browser, person, client):
    browser.post(page_of(person), TYPED)
    person.refresh_from_db()
    assert (account(person), person.email) == (NEW, OLD)  # nothing of theirs goes there before they have shown that it is theirs

    client.post(LOGIN, {"login": NEW})
    client.post(CODE, {"code": last_code(NEW)})

    person.refresh_from_db()
    assert (is_in(client), person.email) == (True, NEW)
    assert list(EmailAddress.objects.filter(user=person.user).values_list("email", "verified")) == [(NEW, True)]


def test_what_opened_it_before_no_longer_does(browser, person, client):
    here = sign_in(Client(), person)
    device = add_passkey(here)
    enrol(person.user)
    person.user.set_password("three plain old words")
    person.user.save()
    client.post(LOGIN, {"login": OLD})
    sent = last_code(OLD)

    browser.post(page_of(person), TYPED)

    person.user.refresh_from_db()
    client.post(CODE, {"code": sent})
    other = Client()
    other.post(SIGN_IN, {"credential": device.get(options_to_sign_in(other))})
    assert [is_in(each) for each in (here, client, other)] == [False, False, False]
    assert (person.user.has_usable_password(), Authenticator.objects.filter(user=person.user).count()) == (False, 0)


def test_who_was_called_on_which_number_by_whom_stands_on_the_account(browser, person, manager):
    browser.post(page_of(person), TYPED)

    [kept] = AccountRecovery.objects.all()
    assert (kept.by, kept.old, kept.new, kept.called, kept.number) == (manager, OLD, NEW, TYPED["called"], TYPED["number"])
    page = browser.get(f"/staff/accounts/user/{person.user.pk}/change/").content.decode()
    assert f"from {OLD} to {NEW}, by {manager.email}, who called Ruth Adeyemi, ward manager on 0113 243 2799." in page
    assert TYPED["number"] in str(privacy_services.export_person(person))


def test_the_old_address_is_told_without_a_link(browser, person, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        browser.post(page_of(person), TYPED)

    [mail] = mails_to(OLD)
    assert mail.subject == "Your account has a different email address now"
    assert (NEW in mail.text, "/account/address/" in mail.text) == (False, False)


def test_links_of_changes_before_undo_nothing_any_more(browser, person):
    now = timezone.now()
    AddressChange.objects.create(
        user=person.user, old="older@leeds.nhs.uk", new=OLD, changed_at=now, until=now + timedelta(days=7), token_hash="x" * 64
    )

    browser.post(page_of(person), TYPED)

    assert AddressChange.objects.get().until <= timezone.now()


def test_it_is_in_the_security_log_without_names(browser, person, manager, caplog):
    with caplog.at_level(logging.INFO, "ctac.security"):
        browser.post(page_of(person), TYPED)

    assert f"account moved by staff: user {person.user.pk} by user {manager.pk}" in caplog.messages
    assert [line for line in caplog.messages if NEW in line or OLD in line or "Ruth" in line] == []


def test_it_asks_again_who_it_is(browser, person):
    grow_old(browser)

    answers = [browser.get(page_of(person)), browser.post(page_of(person), TYPED)]

    assert [answer["Location"].partition("?")[0] for answer in answers] == [FACTOR_AGAIN] * 2
    assert account(person) == OLD


@pytest.mark.parametrize("role", ["coordinator", "presenter", "fulfilment", "read-only"])
def test_only_a_manager_does_it(person, role):
    browser = sign_in_staff(Client(), make_staff(role=role))

    assert browser.post(page_of(person), TYPED).status_code == 403
    assert account(person) == OLD


@pytest.mark.parametrize("missing", list(TYPED))
def test_nothing_may_be_left_out(browser, person, missing):
    answer = browser.post(page_of(person), {name: text for name, text in TYPED.items() if name != missing})

    assert (answer.status_code, account(person), AccountRecovery.objects.count()) == (200, OLD, 0)


def refusal(browser, person, **typed):
    answer = browser.post(page_of(person), {**TYPED, **typed})
    assert (answer.status_code, account(person), AccountRecovery.objects.count()) == (200, OLD, 0)
    return answer.content.decode()


def test_the_number_in_the_account_is_no_number_that_staff_found(browser, person):
    person.phone = "0113 496 0123"
    person.save()

    assert "Find the organisation’s number yourself" in refusal(browser, person, number="+44 (0)113 4960123")


def test_words_are_no_number(browser, person):
    assert "Enter a phone number" in refusal(browser, person, number="Ask for Tom, aged 9")


def test_an_address_of_another_account_is_refused(browser, person):
    make_person(email=NEW)

    assert "Another account already has that address" in refusal(browser, person, email="Nadia@Bradford.NHS.uk")


def test_the_same_address_is_refused(browser, person):
    assert "reset the second factor" in refusal(browser, person, email=OLD)


def test_nobody_moves_their_own_account(browser, manager):
    answer = browser.post(f"/staff/accounts/user/{manager.pk}/do/recover/", TYPED)

    assert "Ask another manager" in answer.content.decode()
    assert AccountRecovery.objects.count() == 0


def test_a_manager_does_not_move_a_superuser(browser):
    boss = make_staff()

    assert browser.post(f"/staff/accounts/user/{boss.pk}/do/recover/", TYPED).status_code == 403


def test_what_staff_entered_under_the_new_address_joins_once_it_is_theirs(browser, person, client):
    entered = make_person(email=NEW, with_user=False)
    browser.post(page_of(person), TYPED)

    client.post(LOGIN, {"login": NEW})
    client.post(CODE, {"code": last_code(NEW)})

    person.refresh_from_db()
    assert person.email == NEW
    assert not type(person).objects.filter(pk=entered.pk).exists()


def test_the_page_says_how_to_ask_and_the_sign_in_page_leads_there(client):
    assert 'href="/account/no-way-in/"' in client.get(LOGIN).content.decode()
    page = client.get("/account/no-way-in/").content.decode()
    assert "0808 800 5000" in page
    assert "We will look up your organisation’s number" in page
