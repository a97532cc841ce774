"""Somebody new signs in like everybody: an address, a code; then they say who they are. Nobody learns who has an account."""

import re
import threading
from html import unescape

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import connection
from django.test import Client, RequestFactory
from django.urls import reverse

from accounts.models import User
from notifications.models import MailChoice, Notification
from professionals import drafts, services as professionals_services
from professionals.models import DraftKind, Organisation, Person
from tests.factories import make_organisation, make_person, make_user
from tests.professionals.mailing import last_code, mails_to

pytestmark = pytest.mark.django_db

SIGN_IN = "/account/login/"
CODE = "/account/login/code/confirm/"
DETAILS = "/account/details/"
TYPED = {
    "email": "Nadia.Khan@leeds.nhs.uk",
    "name": "Nadia  Khan",
    "profession": "midwife",
    "organisation_name": "Leeds Teaching Hospitals",
    "phone": "0113 496 0009",
    "postcode": "ls97tf",
}


ADDRESS = TYPED["email"].lower()


def ask_for_code(client, email=TYPED["email"], **more):
    return client.post(SIGN_IN, {"login": email, **more})


def type_code(client, email=ADDRESS, **more):
    return client.post(CODE, {"code": last_code(email), **more})


def give_details(client, **changes):
    return client.post(DETAILS, {**TYPED, **changes})


def sign_up(client, **changes):
    """All of it; gives the last answer."""
    ask_for_code(client)
    type_code(client)
    return give_details(client, **changes)


def test_it_asks_for_the_address_alone_and_afterwards_for_the_rest(client):
    page = client.get(SIGN_IN).content.decode()
    assert 'type="password"' not in page
    assert [name for name in TYPED if f'name="{name}"' in page] == []
    ask_for_code(client)
    type_code(client)

    page = client.get(DETAILS).content.decode()

    assert [name for name in TYPED if name != "email" and f'name="{name}"' not in page] == []
    assert [name for name in ("password", "email") if f'name="{name}"' in page] == []


def test_the_old_page_leads_to_the_one_for_all(client):
    answers = [client.get("/account/signup/?next=/about/"), client.post("/account/signup/?next=/about/", TYPED)]
    assert [(answer.status_code, answer["Location"]) for answer in answers] == [(302, f"{SIGN_IN}?next=/about/")] * 2
    assert User.objects.count() == 0


def test_the_code_makes_the_account_and_the_details_the_person(client):
    response = ask_for_code(client)
    assert (response.status_code, response["Location"]) == (302, CODE)
    assert (User.objects.count(), EmailAddress.objects.count(), Person.objects.count()) == (0, 0, 0)

    response = type_code(client)
    assert (response.status_code, response["Location"]) == (302, f"{DETAILS}?next=%2Fmy%2F")
    assert EmailAddress.objects.values_list("email", "verified", "primary").get() == (ADDRESS, True, True)
    assert Person.objects.count() == 0

    response = give_details(client)

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


def test_a_corrected_postcode_is_named_on_the_next_page(client):
    page = client.get(sign_up(client, postcode="LSI 7TF")["Location"])
    assert "We read “LSI 7TF” as LS1 7TF." in page.content.decode()
    page = client.post(DETAILS, {**TYPED, "postcode": "BFP0 57"}, follow=True)
    assert "We read “BFP0 57” as BFPO 57." in page.content.decode()
    assert Person.objects.get().postcode == "BFPO 57"


def test_next_is_kept_until_they_are_in(client):
    ask_for_code(client, next="/about/")
    assert type_code(client, next="/about/")["Location"] == f"{DETAILS}?next=%2Fabout%2F"

    assert give_details(client, next="/about/")["Location"] == "/about/"


def test_next_never_leaves_our_site(client):
    ask_for_code(client, next="https://elsewhere.example/")
    assert type_code(client, next="https://elsewhere.example/")["Location"] == f"{DETAILS}?next=%2Fmy%2F"

    assert give_details(client, next="https://elsewhere.example/")["Location"] == "/my/"


def test_a_code_works_once(client):
    ask_for_code(client)
    code = last_code(ADDRESS)
    client.post(CODE, {"code": code})
    client.post("/account/logout/")

    response = client.post(CODE, {"code": code})

    assert response["Location"] == "/account/login/code/"


def test_three_wrong_codes_end_it(client):
    ask_for_code(client)

    answers = [client.post(CODE, {"code": "BBBB-BBBB"}).status_code for _ in range(3)]

    assert answers == [200, 200, 302]
    assert type_code(client)["Location"] == "/account/login/code/"
    assert User.objects.count() == 0


def test_a_wrong_code_is_told_beside_the_box(client):
    ask_for_code(client)

    page = client.post(CODE, {"code": "BBBB-BBBB"}).content.decode()

    assert "That code is not right" in page
    assert 'value="BBBB-BBBB"' in page
    assert "<title>Error:" in page


def page_of(response, email):
    """The page without what differs on every request: the CSRF token and the address that was typed."""
    text = response.content.decode().replace(email, "ADDRESS")
    return [line for line in text.splitlines() if "csrfmiddlewaretoken" not in line]


def test_a_known_and_a_new_address_get_the_same_answers_and_the_same_mail():
    make_person(email="known@leeds.nhs.uk")
    seen, told = {}, {}
    for email in ("known@leeds.nhs.uk", "new@leeds.nhs.uk"):
        client = Client()
        posted = ask_for_code(client, email)
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
            [client.post(CODE, {"code": "BBBB-BBBB"}).status_code for _ in range(3)],
        )
        told[email] = [re.sub(r"[B-Z]{4}-[B-Z]{4}", "CODE", f"{mail.subject}{mail.text}") for mail in mails_to(email)]

    assert seen["known@leeds.nhs.uk"] == seen["new@leeds.nhs.uk"]
    assert told["known@leeds.nhs.uk"] == [text.replace("new@", "known@") for text in told["new@leeds.nhs.uk"]]
    assert User.objects.filter(email="known@leeds.nhs.uk").count() == 1


def test_the_case_of_an_address_does_not_matter(client):
    person = make_person(email="known@leeds.nhs.uk")

    ask_for_code(client, "KNOWN@Leeds.NHS.uk")

    assert type_code(client, "known@leeds.nhs.uk")["Location"] == "/my/"
    assert User.objects.get() == person.user


def test_letters_that_only_look_alike_open_another_account(client):
    """In capitals a dotless i is an i to the database, and to a mail server another mailbox."""
    person = make_person(email="nina@leeds.nhs.uk")

    ask_for_code(client, "n\u0131na@leeds.nhs.uk")
    type_code(client, "n\u0131na@leeds.nhs.uk")

    assert client.session["_auth_user_id"] != str(person.user.pk)


def test_asking_again_before_the_code_sends_a_new_code_that_works(client):
    """A double click, or a lost email: the second page must not be a dead end."""
    ask_for_code(Client())
    ask_for_code(client)

    assert sign_up(client)["Location"] == "/my/"
    assert Person.objects.get().name == "Nadia Khan"
    assert User.objects.count() == 1


def test_two_windows_of_somebody_new_make_one_account():
    browsers = [Client(), Client()]
    codes = []
    for browser in browsers:
        ask_for_code(browser)
        codes.append(last_code(ADDRESS))

    answers = [browser.post(CODE, {"code": code}) for browser, code in zip(browsers, codes, strict=True)]

    assert [answer["Location"] for answer in answers] == [f"{DETAILS}?next=%2Fmy%2F"] * 2
    assert User.objects.count() == 1


def test_what_somebody_else_typed_in_another_browser_is_not_used(client, now):
    drafts.save_answers(request_of(other := Client(), now), DraftKind.BOOKING, {"where": {"contact_name": "Not Nadia"}}, now)
    ask_for_code(other)
    ask_for_code(client)

    response = type_code(client)

    assert response["Location"] == f"{DETAILS}?next=%2Fmy%2F"
    assert "Not Nadia" not in client.get(DETAILS).content.decode()
    assert (Person.objects.count(), Organisation.objects.count()) == (0, 0)


def request_of(client, now):
    """A request by which a draft is kept for this browser."""
    request = RequestFactory().get("/")
    request.person = None
    drafts.ensure_cookie(request)
    client.cookies[settings.DRAFT_COOKIE_NAME] = request.draft_cookie
    return request


@pytest.mark.parametrize(
    ("kind", "step", "typed", "filled_in"),
    [
        (
            DraftKind.BOOKING,
            "where",
            {"contact_name": "Jo Green", "contact_phone": "0113 496 0001", "postcode": "LS1 4AP"},
            {"name": "Jo Green", "phone": "0113 496 0001", "postcode": "LS1 4AP"},
        ),
        (
            DraftKind.ORDER,
            "delivery",
            {"name": "Jo Green", "organisation_name": "Leeds Health", "postcode": "LS1 4AP"},
            {"name": "Jo Green", "organisation_name": "Leeds Health", "postcode": "LS1 4AP"},
        ),
    ],
)
def test_who_is_new_finds_what_they_have_typed_already(client, now, kind, step, typed, filled_in):
    drafts.save_answers(request_of(client, now), kind, {step: typed}, now)
    ask_for_code(client)
    type_code(client)

    form = client.get(DETAILS).context["form"]

    assert {name: form[name].value() for name in TYPED if name != "email" and form[name].value()} == filled_in


def test_whom_staff_entered_is_known_and_asked_nothing(client):
    entered = make_person(with_user=False, email=ADDRESS, name="N. Khan", phone="")

    ask_for_code(client)
    assert Person.objects.get().user is None
    assert type_code(client)["Location"] == "/my/"

    person = Person.objects.get()
    assert (person.pk, person.name, person.user) == (entered.pk, "N. Khan", User.objects.get())


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

    assert Organisation.objects.get() == known


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "Enter your work email address."),
        ("nadia", "Enter an email address in full"),
        ("a\nb@leeds.nhs.uk", "Enter an email address in full"),
        ("x" * 250 + "@leeds.nhs.uk", "Enter an email address in full"),
    ],
)
def test_a_bad_address_is_told(client, typed, said):
    response = ask_for_code(client, typed)

    assert response.status_code == 200
    assert said in unescape(response.content.decode())


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
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
    assert Person.objects.count() == 0


def test_mail_leaves_sealed_through_the_outbox(client):
    ask_for_code(client)

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
    browsers = []
    for _ in range(3):  # more to one mailbox a minute are too many
        browsers.append(Client())
        ask_for_code(browsers[-1])
    codes = [browser.session["sign_in_code"]["code"] for browser in browsers]
    barrier, answers = threading.Barrier(3), []

    def go(browser, code):
        barrier.wait()
        answers.append(browser.post(CODE, {"code": code})["Location"])
        connection.close()

    threads = [threading.Thread(target=go, args=pair) for pair in zip(browsers, codes, strict=True)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]

    assert answers == [f"{DETAILS}?next=%2Fmy%2F"] * 3
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
        lambda: professionals_services.assign_verified_address(
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

    assert client.get(reverse("account_signup"), follow=True).redirect_chain == [(SIGN_IN, 302), ("/my/", 302)]
    assert client.get(CODE)["Location"] == "/my/"


@pytest.mark.parametrize("ticked", [True, False])
def test_who_ticks_the_box_is_invited_once_the_code_has_shown_whose_address_it_is(client, ticked):
    sign_up(client, **({"invite": "on"} if ticked else {}))
    said = list(MailChoice.objects.values_list("reader__address", "topic", "wanted", "chosen_where"))
    assert said == ([("nadia.khan@leeds.nhs.uk", "invitations", True, "sign-up")] if ticked else [])
