"""Staff are asked for their second factor again before what would do most harm, if it was given more than 10 minutes ago."""

from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.mfa.models import Authenticator
from django.urls import reverse

from accounts.models import User
from audit.models import Export
from professionals.models import Person
from tests.accounts.factors.proof import FACTOR_AGAIN, SENT_LATE, enrol, grow_old, totp
from tests.accounts.sessions.browsers import stored
from tests.factories import make_person, make_staff, sign_in_staff
from tests.leaflets.factories import make_order

pytestmark = pytest.mark.django_db

ORDERS = reverse("staff:leaflets_order_changelist")
EXPORT = reverse("staff:leaflets_order_export")
NEW_ACCOUNT = reverse("staff:accounts_user_add")


@pytest.fixture
def manager():
    user = make_staff("lead@ctac.example")
    enrol(user)
    return user


@pytest.fixture
def browser(client, manager):
    return sign_in_staff(client, manager)


@pytest.fixture
def old(browser):
    return grow_old(browser)


def asked(response):
    """Where they go on after they were asked, or None."""
    place = urlsplit(response.headers.get("Location", ""))
    return parse_qs(place.query)["next"][0] if place.path == FACTOR_AGAIN else None


def do(model, obj, slug):
    return reverse(f"staff:{obj._meta.app_label}_{model}_action", args=[obj.pk, slug])


def account_of(user):
    return reverse("staff:accounts_user_change", args=[user.pk])


def pages_that_ask():
    colleague, person = make_staff(), make_person()
    enrol(colleague)
    return [
        NEW_ACCOUNT,
        do("user", colleague, "reset-second-factor"),
        do("user", colleague, "recover"),
        do("person", person, "erase"),
        do("person", person, "give-data"),
        "/account/email/",
        "/account/password/set/",
        "/account/password/change/",
        "/account/2fa/recovery-codes/",
        "/account/2fa/recovery-codes/generate/",
        "/account/2fa/totp/deactivate/",
        "/account/passkeys/add/",
    ]


def test_each_sensitive_page_asks_and_leads_back(old):
    pages = pages_that_ask()

    assert [asked(old.get(page)) for page in pages] == pages


def test_nobody_is_asked_who_gave_it_a_moment_ago(browser):
    assert {asked(browser.get(page)) for page in pages_that_ask()} == {None}


@pytest.mark.parametrize(("minutes", "asks"), [(9.5, False), (10.5, True)])
def test_ten_minutes_are_the_limit(browser, minutes, asks):
    grow_old(browser, minutes)

    assert (asked(browser.get(NEW_ACCOUNT)) is not None) is asks


def test_what_does_no_such_harm_never_asks(old, manager):
    pages = ["/staff/", ORDERS, account_of(manager), reverse("staff:professionals_person_changelist"), "/account/sessions/"]

    assert [old.get(page).status_code for page in pages] == [200] * 5


def test_a_form_that_was_sent_waits_until_they_have_shown_who_they_are(old, manager):
    colleague = make_staff(superuser=False)
    where, typed = account_of(colleague), {"email": colleague.email, "is_active": "on"}

    response = old.post(where, typed)
    colleague.refresh_from_db()
    assert (asked(response), colleague.is_staff) == (SENT_LATE, True)

    response = old.post(FACTOR_AGAIN, {"code": totp(), "next": SENT_LATE})
    assert response["Location"] == SENT_LATE
    page = old.get(SENT_LATE).content.decode()
    assert "Thank you for confirming that it is you" in page
    assert f'action="{where}"' in page
    colleague.refresh_from_db()
    assert colleague.is_staff is True

    assert old.post(where, typed)["Location"] == reverse("staff:accounts_user_changelist")
    colleague.refresh_from_db()
    assert colleague.is_staff is False
    assert old.get(SENT_LATE)["Location"] == "/staff/"


def test_a_new_account_isnt_opened_before_they_have_shown_who_they_are(old):
    response = old.post(NEW_ACCOUNT, {"email": "new@ctac.example", "is_staff": "on"})

    assert asked(response) == SENT_LATE
    assert not User.objects.filter(email="new@ctac.example").exists()


def test_nobody_is_erased_and_no_second_factor_reset(old):
    colleague, person = make_staff(), make_person()
    enrol(colleague)

    answers = [
        old.post(do("person", person, "erase"), {"sure": "on"}),
        old.post(do("user", colleague, "reset-second-factor"), {"sure": "on"}),
    ]

    assert [asked(answer) for answer in answers] == [SENT_LATE] * 2
    assert Person.objects.filter(pk=person.pk, email=person.email).exists()
    assert Authenticator.objects.filter(user=colleague).exists()


def test_no_order_leaves_as_a_spreadsheet(old, now):
    placed = make_order(make_person(), now)
    forms = [
        (EXPORT, {"form": "csv"}),
        (EXPORT, {"form": "xlsx", "list": "?state=received"}),
        (ORDERS, {"action": "export_ticked_csv", "_selected_action": placed.pk}),
        (ORDERS, {"action": "export_ticked_xlsx", "_selected_action": placed.pk}),
    ]

    assert [asked(old.post(where, form)) for where, form in forms] == [SENT_LATE] * 4
    assert Export.objects.count() == 0

    old.post(FACTOR_AGAIN, {"code": totp(), "next": SENT_LATE})
    file = old.post(*forms[0])
    assert file["Content-Type"].startswith("text/csv")
    assert b"".join(file.streaming_content) != b""
    assert Export.objects.count() == 1


def test_who_may_not_is_refused_without_a_question(client, now):
    reader = make_staff(role="read-only")
    enrol(reader)
    grow_old(sign_in_staff(client, reader))

    answers = [client.get(NEW_ACCOUNT), client.post(EXPORT, {"form": "csv"}), client.post(account_of(reader), {})]

    assert [answer.status_code for answer in answers] == [403, 403, 403]


def test_a_password_is_not_enough_for_who_has_a_second_factor(old, manager):
    manager.set_password("three words together")
    manager.save()
    sign_in_staff(old, manager)
    grow_old(old)

    response = old.post("/account/reauthenticate/", {"password": "three words together", "next": NEW_ACCOUNT})

    assert asked(response) == NEW_ACCOUNT
    assert asked(old.get(NEW_ACCOUNT)) == NEW_ACCOUNT


def test_staff_without_a_second_factor_enrol_before_they_change_how_they_sign_in(client):
    user = sign_in_staff(client, make_staff(), second_factor=False)

    answers = [user.get(page) for page in ("/account/email/", "/account/password/set/", "/account/password/change/")]

    assert [urlsplit(answer["Location"]).path for answer in answers] == ["/account/2fa/totp/activate/"] * 3


def test_what_waits_holds_no_cookie_in_plain_text(old, manager):
    old.post(NEW_ACCOUNT, {"email": "new@ctac.example", "is_staff": "on"})

    assert "new@ctac.example" in str(dict(old.session.items()))
    assert "new@ctac.example" not in str(stored())
    assert old.cookies["session"].value not in str(dict(old.session.items()))
