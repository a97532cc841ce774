"""Creating an account: one page, a code, no password, and nobody learns who has one."""

import threading
from html import unescape

import pytest
from allauth.account.models import EmailAddress
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.models import User
from notifications.models import MailChoice, Notification
from professionals import services as professionals_services
from professionals.models import Organisation, Person
from tests.factories import make_organisation, make_person, make_user
from tests.professionals.mailing import last_code, mails_to

pytestmark = pytest.mark.django_db

SIGN_UP = "/account/signup/"
CODE = "/account/confirm-email/"
TYPED = {
    "email": "Nadia.Khan@leeds.nhs.uk",
    "name": "Nadia  Khan",
    "profession": "midwife",
    "organisation_name": "Leeds Teaching Hospitals",
    "phone": "0113 496 0009",
    "postcode": "ls97tf",
}


def sign_up(client, **changes):
    return client.post(SIGN_UP, {**TYPED, **changes})


def test_it_asks_for_no_password(client):
    page = client.get(SIGN_UP).content.decode()

    assert 'type="password"' not in page
    assert [name for name in TYPED if f'name="{name}"' not in page] == []


def test_the_code_makes_the_person(client):
    response = sign_up(client)
    assert (response.status_code, response["Location"]) == (302, CODE)
    assert Person.objects.count() == 0

    response = client.post(CODE, {"code": last_code("nadia.khan@leeds.nhs.uk")})

    assert (response.status_code, response["Location"]) == (302, "/my/")
    person = Person.objects.get()
    assert (person.name, person.email, person.profession, person.postcode) == (
        "Nadia Khan",
        "nadia.khan@leeds.nhs.uk",
        "midwife",
        "LS9 7TF",
    )
    assert person.organisation.name == "Leeds Teaching Hospitals"
    assert person.user.email == "nadia.khan@leeds.nhs.uk"
    assert person.user.has_usable_password() is False


def test_next_is_kept_until_they_are_in(client):
    client.post(f"{SIGN_UP}?next=/about/", {**TYPED, "next": "/about/"})

    response = client.post(CODE, {"code": last_code("nadia.khan@leeds.nhs.uk")})

    assert response["Location"] == "/about/"


def test_next_never_leaves_our_site(client):
    client.post(SIGN_UP, {**TYPED, "next": "https://elsewhere.example/"})

    response = client.post(CODE, {"code": last_code("nadia.khan@leeds.nhs.uk")})

    assert response["Location"] == "/my/"


def test_a_code_works_once(client):
    sign_up(client)
    code = last_code("nadia.khan@leeds.nhs.uk")
    client.post(CODE, {"code": code})
    client.post("/account/logout/")

    response = client.post(CODE, {"code": code})

    assert response["Location"] == "/account/login/"


def test_three_wrong_codes_end_it(client):
    sign_up(client)

    answers = [client.post(CODE, {"code": "BBBB-BBBB"}).status_code for _ in range(3)]

    assert answers == [200, 200, 302]
    assert client.post(CODE, {"code": last_code("nadia.khan@leeds.nhs.uk")})["Location"] == "/account/login/"


def test_a_wrong_code_is_told_beside_the_box(client):
    sign_up(client)

    page = client.post(CODE, {"code": "BBBB-BBBB"}).content.decode()

    assert "That code is not right" in page
    assert 'value="BBBB-BBBB"' in page
    assert "<title>Error:" in page


def page_of(response, email):
    """The page without what differs on every request: the CSRF token and the address that was typed."""
    text = response.content.decode().replace(email, "ADDRESS")
    return [line for line in text.splitlines() if "csrfmiddlewaretoken" not in line]


def test_a_known_and_a_new_address_get_the_same_answers():
    make_person(email="known@leeds.nhs.uk")
    seen = {}
    for email in ("known@leeds.nhs.uk", "new@leeds.nhs.uk"):
        client = Client()
        posted = sign_up(client, email=email)
        shown = client.get(posted["Location"])
        wrong = client.post(CODE, {"code": "BBBB-BBBB"})
        again = client.post(CODE, {"action": "resend"})
        seen[email] = (
            posted.status_code,
            posted["Location"],
            sorted(posted.headers),
            sorted(posted.cookies),
            shown.status_code,
            page_of(shown, email),
            wrong.status_code,
            page_of(wrong, email),
            again.status_code,
            again["Location"],
            [client.post(CODE, {"code": "BBBB-BBBB"}).status_code for _ in range(2)],
        )

    assert seen["known@leeds.nhs.uk"] == seen["new@leeds.nhs.uk"]
    assert [mail.subject for mail in mails_to("known@leeds.nhs.uk")] == ["You already have an account with us"]
    assert User.objects.filter(email="known@leeds.nhs.uk").count() == 1


def test_the_case_of_an_address_does_not_matter(client):
    make_person(email="known@leeds.nhs.uk")

    sign_up(client, email="KNOWN@Leeds.NHS.uk")

    assert User.objects.count() == 1


def test_signing_up_again_before_the_code_sends_a_new_code_that_works(client):
    """A double click, or a lost email: the second page must not be a dead end."""
    sign_up(Client(), name="Typed First")
    sign_up(client)

    response = client.post(CODE, {"code": last_code("nadia.khan@leeds.nhs.uk")})

    assert response["Location"] == "/my/"
    assert Person.objects.get().name == "Nadia Khan"
    assert User.objects.count() == 1


def test_what_somebody_else_typed_for_the_address_is_not_used(client):
    sign_up(Client(), name="Not Nadia", phone="0700 000 0000")
    client.post("/account/login/", {"login": "nadia.khan@leeds.nhs.uk"})

    response = client.post("/account/login/code/confirm/", {"code": last_code("nadia.khan@leeds.nhs.uk")})

    assert response["Location"] == "/account/details/?next=%2Fmy%2F"
    assert Person.objects.count() == 0
    assert Organisation.objects.count() == 0


def test_whom_staff_entered_becomes_the_one_who_signs_up(client):
    entered = make_person(with_user=False, email="Nadia.Khan@leeds.nhs.uk".lower(), name="N. Kahn", phone="")

    sign_up(client)
    assert Person.objects.get().user is None
    client.post(CODE, {"code": last_code("nadia.khan@leeds.nhs.uk")})

    person = Person.objects.get()
    assert (person.pk, person.name, person.phone) == (entered.pk, "Nadia Khan", "0113 496 0009")
    assert person.user == User.objects.get()


def test_whom_staff_entered_needs_no_details_when_they_sign_in_with_an_account_of_their_own(client):
    user = make_user("caller@leeds.nhs.uk")
    EmailAddress.objects.filter(user=user).update(verified=False)
    entered = make_person(with_user=False, email="caller@leeds.nhs.uk")

    client.post("/account/login/", {"login": "caller@leeds.nhs.uk"})
    response = client.post("/account/login/code/confirm/", {"code": last_code("caller@leeds.nhs.uk")})

    assert response["Location"] == "/my/"
    entered.refresh_from_db()
    assert entered.user == user


def test_an_organisation_is_found_in_any_case_and_spacing(client):
    known = make_organisation("Leeds Teaching Hospitals")

    sign_up(client, organisation_name="  leeds  TEACHING hospitals ")
    client.post(CODE, {"code": last_code("nadia.khan@leeds.nhs.uk")})

    assert Organisation.objects.get() == known


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("email", "", "Enter your work email address."),
        ("email", "nadia", "Enter an email address in full"),
        ("email", "a\nb@leeds.nhs.uk", "Enter an email address in full"),
        ("email", "x" * 250 + "@leeds.nhs.uk", "Enter an email address in full"),
        ("name", "", "Enter your name."),
        ("name", "\x00", "Null characters are not allowed"),
        ("profession", "wizard", "Choose one of the answers."),
        ("organisation_name", "", "Enter the name of the organisation"),
        ("phone", "none", "Enter a phone number, like"),
        ("phone", "123", "Enter a phone number, like"),
        ("postcode", "LS", "Enter a full UK postcode"),
        ("postcode", "９９９ ９９９", "Enter a full UK postcode"),
    ],
)
def test_bad_input_is_told_and_what_was_typed_stays(client, field, typed, said):
    response = sign_up(client, **{field: typed})

    page = unescape(response.content.decode())
    assert response.status_code == 200
    assert said in page
    assert "Leeds Teaching Hospitals" in page or field == "organisation_name"
    assert User.objects.count() == 0


def test_mail_leaves_sealed_through_the_outbox(client):
    sign_up(client)

    row = Notification.objects.get()
    assert (row.recipient, row.is_account_mail, row.subject, row.text_body, row.html_body) == (
        "nadia.khan@leeds.nhs.uk",
        True,
        "",
        "",
        "",
    )
    assert (row.expires_at - row.created_at).total_seconds() == 10 * 60
    assert last_code("nadia.khan@leeds.nhs.uk") not in str(bytes(row.sealed_body))


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_the_same_address_at_the_same_moment_makes_one_user():
    barrier, answers = threading.Barrier(4), []

    def go():
        client = Client()
        barrier.wait()
        answers.append(sign_up(client).status_code)
        connection.close()

    threads = [threading.Thread(target=go) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]

    assert answers == [302] * 4
    assert User.objects.count() == 1


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_staff_entering_the_address_while_it_is_verified_leaves_one_person(now):
    user = make_user("nadia.khan@leeds.nhs.uk")
    details = {**{key: TYPED[key] for key in ("name", "profession", "organisation_name", "phone")}, "postcode": "LS9 7TF"}
    barrier, errors = threading.Barrier(2), []

    def run(work):
        try:
            barrier.wait()
            work()
        except Exception as error:  # noqa: BLE001 - whatever went wrong in the thread fails the test
            errors.append(error)
        finally:
            connection.close()

    works = [
        lambda: professionals_services.address_verified(
            user=user, email=user.email, details=professionals_services.Details(**details), now=now
        ),
        lambda: professionals_services.find_or_enter_person(email=user.email, by=None, now=now, **details),
    ]
    threads = [threading.Thread(target=run, args=[work]) for work in works]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]

    assert errors == []
    assert Person.objects.get().user == user


def test_someone_signed_in_is_sent_on(client):
    person = make_person()
    client.force_login(person.user)

    assert client.get(reverse("account_signup"))["Location"] == "/my/"


@pytest.mark.parametrize("ticked", [True, False])
def test_who_ticks_the_box_is_invited_once_the_code_shows_whose_address_it_is(client, ticked):
    """And not before: somebody else may have typed the address."""
    sign_up(client, **({"invite": "on"} if ticked else {}))
    assert not MailChoice.objects.exists()
    client.post(CODE, {"code": last_code("nadia.khan@leeds.nhs.uk")})
    said = list(MailChoice.objects.values_list("reader__address", "topic", "wanted", "chosen_where"))
    assert said == ([("nadia.khan@leeds.nhs.uk", "invitations", True, "sign-up")] if ticked else [])
