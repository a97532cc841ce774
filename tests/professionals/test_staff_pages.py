"""The staff site's pages about people, organisations, domains and accounts."""

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group, Permission
from django.test import Client

from accounts.models import User
from notifications.bounces.services import clear_mark_and_resend
from notifications.models import MailChoice, MarkClearReason, MarkedAddress, ReturnedMail
from professionals import samples as professionals_samples
from professionals.forms import CallerForm
from professionals.models import Organisation, Person, RecognisedDomain
from professionals.samples import NotInProductionError
from tests.accounts.test_second_factor import SECRET, enrol, totp
from tests.face.page import Page
from tests.factories import make_organisation, make_person, make_staff, sign_in, sign_in_staff
from tests.professionals.mailing import last_code

pytestmark = pytest.mark.django_db

AT, ACCOUNTS = "/staff/professionals", "/staff/accounts"
SAMPLED = (User, Person, Organisation, EmailAddress, Authenticator, MarkedAddress, ReturnedMail)


@pytest.fixture
def browser():
    return sign_in_staff(Client(), make_staff("boss@ctac.example"))


@pytest.mark.parametrize("page", ["person", "organisation", "recogniseddomain", "user"])
@pytest.mark.parametrize("count", [1, 3])
def test_lists_open_with_the_same_few_statements(browser, page, count, django_assert_num_queries):
    for _ in range(count):
        make_person()

    with django_assert_num_queries({"person": 7, "organisation": 6, "recogniseddomain": 6, "user": 7}[page]):
        assert browser.get(f"{ACCOUNTS if page == 'user' else AT}/{page}/").status_code == 200


@pytest.mark.parametrize("typed", ["ngaio", "NGAIO@york.nhs.uk", "york health", "yo1 7hh", "yo17hh", "y01 7hh", "496 0055"])
def test_people_are_found_by_what_staff_know(browser, typed):
    make_person(
        name="Ngaio Marsh",
        email="ngaio@york.nhs.uk",
        postcode="YO1 7HH",
        phone="0113 496 0055",
        organisation=make_organisation("York Health"),
    )
    make_person(name="Other One")

    page = browser.get(f"{AT}/person/", {"q": typed}).content.decode()

    assert "Ngaio Marsh" in page
    assert "Other One" not in page


def test_a_person_is_entered_and_changed(browser):
    typed = {
        "name": "Nadia",
        "email": "NADIA@leeds.nhs.uk",
        "phone": "",
        "profession": "gp",
        "organisation": "",
        "postcode": "ls14ap",
    }
    assert browser.post(f"{AT}/person/add/", typed).status_code == 302
    person = Person.objects.get()
    assert (person.email, person.postcode) == ("nadia@leeds.nhs.uk", "LS1 4AP")

    again = browser.post(f"{AT}/person/add/", typed)

    assert again.status_code == 200
    assert Person.objects.count() == 1


def test_a_corrected_postcode_of_a_person_is_named(browser):
    person = make_person(postcode="LS1 4AP")
    typed = {"name": "Nadia", "email": person.email, "phone": "", "profession": "gp", "organisation": "", "postcode": "Y01 7HH"}
    page = browser.post(f"{AT}/person/{person.pk}/change/", typed, follow=True)
    assert "We read “Y01 7HH” as YO1 7HH." in page.content.decode()
    assert Person.objects.get(pk=person.pk).postcode == "YO1 7HH"


TEAMS = "This is a mailbox of our own team. Enter the person’s own address, or leave this empty if they have none."


@pytest.mark.parametrize("whose", ["team_email", "safeguarding_lead_email", "visit_escalation_email"])
@pytest.mark.parametrize("known", [True, False])
def test_a_mailbox_of_the_teams_is_nobodys_address(browser, change_settings, whose, known):
    change_settings(**{whose: "team@ctac.example"})
    person = make_person(with_user=False, email="nadia@leeds.nhs.uk") if known else None
    typed = {"name": "Nadia", "email": " Team@CTAC.example", "phone": "", "profession": "gp", "organisation": "", "postcode": ""}

    page = browser.post(f"{AT}/person/{person.pk}/change/" if person else f"{AT}/person/add/", typed)

    assert page.context["adminform"].form.errors == {"email": [TEAMS]}
    assert 'id="id_email_error"' in page.content.decode()
    assert list(Person.objects.values_list("email", flat=True)) == (["nadia@leeds.nhs.uk"] if known else [])


def test_nor_is_it_a_callers(change_settings):
    change_settings(team_email="team@ctac.example")
    assert CallerForm({"email": "Team@ctac.example"}).errors["email"] == [TEAMS]


def test_the_address_of_someone_who_signs_in_is_theirs_to_change(browser):
    person = make_person(email="nadia@leeds.nhs.uk")

    browser.post(
        f"{AT}/person/{person.pk}/change/",
        {"name": "Nadia K", "email": "x@y.example", "profession": "gp", "phone": "", "postcode": ""},
    )

    person.refresh_from_db()
    assert (person.name, person.email) == ("Nadia K", "nadia@leeds.nhs.uk")


def test_nothing_is_deleted_here(browser):
    person = make_person()

    assert browser.post(f"{AT}/person/{person.pk}/delete/", {"post": "yes"}).status_code == 403
    assert browser.post(f"{ACCOUNTS}/user/{person.user.pk}/delete/", {"post": "yes"}).status_code == 403
    assert browser.post(f"{AT}/organisation/{person.organisation.pk}/delete/", {"post": "yes"}).status_code == 403


def test_organisations_are_merged(browser):
    keep, goes = make_organisation("Leeds TH"), make_organisation("Leeds Teaching Hospitals")
    person = make_person(organisation=goes)
    url = f"{AT}/organisation/{keep.pk}/do/merge/"

    unknown = browser.post(url, {"typed": "No such place"}).content.decode()
    found = browser.post(url, {"typed": "leeds t"}).content.decode()
    itself = browser.post(f"{url}?with={keep.pk}", {"typed": ""})
    merged = browser.post(f"{url}?with={goes.pk}")

    assert ("Nothing found" in unknown, f"?with={goes.pk}" in found, f"?with={keep.pk}" in found) == (True, True, False)
    assert (itself.status_code, merged.status_code) == (200, 302)
    person.refresh_from_db()
    assert (person.organisation, list(Organisation.objects.all())) == (keep, [keep])


@pytest.mark.parametrize(
    ("typed", "stored"), [("@Barnardos.Example", "barnardos.example"), ("example", None), ("a b.example", None)]
)
def test_domains_are_tidied(browser, typed, stored):
    browser.post(f"{AT}/recogniseddomain/add/", {"domain": typed})

    assert list(RecognisedDomain.objects.filter(domain__endswith="example").values_list("domain", flat=True)) == (
        [stored] if stored else []
    )


def test_a_colleague_gets_an_account_and_gets_in_with_a_code_and_a_second_factor(browser):
    group = Group.objects.get(name="Coordinator")
    response = browser.post(f"{ACCOUNTS}/user/add/", {"email": "New@ctac.example", "is_staff": "on", "groups": [group.pk]})
    assert response.status_code == 302
    user = User.objects.get(email="new@ctac.example")
    assert (user.is_staff, user.is_superuser, user.has_usable_password(), list(user.groups.all())) == (
        True,
        False,
        False,
        [group],
    )
    assert EmailAddress.objects.get(user=user).primary is True

    colleague = Client()
    colleague.post("/account/login/", {"login": "new@ctac.example"})
    assert colleague.post("/account/login/code/confirm/", {"code": last_code("new@ctac.example")})["Location"] == "/staff/"
    assert colleague.get("/staff/", follow=True).redirect_chain[-1][0] == "/account/2fa/totp/activate/?next=%2Fstaff%2F"


def test_an_address_that_has_an_account_is_refused_in_any_case(browser):
    response = browser.post(f"{ACCOUNTS}/user/add/", {"email": "BOSS@ctac.example", "is_staff": "on"})

    assert response.status_code == 200
    assert User.objects.count() == 1


def test_resetting_the_second_factor_ends_sessions_and_asks_to_enrol_again(browser):
    lost = make_staff("lost@ctac.example")
    enrol(lost)
    phone = sign_in_staff(Client(), lost)
    assert phone.get("/staff/").status_code == 200

    response = browser.post(f"{ACCOUNTS}/user/{lost.pk}/do/reset-second-factor/", {"sure": "on"})

    assert response.status_code == 302
    assert Authenticator.objects.filter(user=lost).count() == 0
    assert phone.get("/staff/", follow=True).redirect_chain[-1][0].startswith("/account/login/")


def may(user, *codenames):
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return sign_in_staff(Client(), user)


def test_staff_without_the_permission_cannot_erase():
    person = make_person()
    browser = may(make_staff(superuser=False), "view_person", "change_person")

    assert browser.get(f"{AT}/person/{person.pk}/change/").status_code == 200
    assert "Erase this person" not in browser.get(f"{AT}/person/{person.pk}/change/").content.decode()
    assert browser.post(f"{AT}/person/{person.pk}/do/erase/", {"sure": "on"}).status_code == 403


def test_nobody_makes_themselves_a_superuser():
    user, boss = make_staff("clerk@ctac.example", superuser=False), make_staff("boss@ctac.example")
    browser = may(user, "view_user", "change_user")

    browser.post(f"{ACCOUNTS}/user/{user.pk}/change/", {"is_active": "on", "is_staff": "on", "is_superuser": "on"})
    response = browser.post(f"{ACCOUNTS}/user/{boss.pk}/change/", {"is_staff": ""})

    user.refresh_from_db()
    boss.refresh_from_db()
    assert (user.is_superuser, boss.is_staff, response.status_code) == (False, True, 403)


def test_drafts_and_limits_have_no_page(browser):
    assert [browser.get(f"{AT}/{page}/").status_code for page in ("draft",)] == [404]
    assert browser.get(f"{ACCOUNTS}/ratelimit/").status_code == 404


def test_sample_people_can_sign_in_and_loading_twice_adds_nothing(now):
    professionals_samples.load_people(now)
    counts = [model.objects.count() for model in SAMPLED]
    professionals_samples.load_people(now)
    assert [model.objects.count() for model in SAMPLED] == counts

    browser = Client()
    browser.post(
        "/account/login/password/",
        {"login": professionals_samples.STAFF_EMAIL, "password": professionals_samples.STAFF_PASSWORD, "next": "/staff/"},
    )
    response = browser.post("/account/2fa/authenticate/", {"code": totp(professionals_samples.STAFF_TOTP_SECRET)})

    assert response["Location"] == "/staff/"
    assert browser.get("/staff/").status_code == 200
    assert sign_in(Client(), Person.objects.first()).get("/account/details/").status_code == 200
    assert professionals_samples.STAFF_TOTP_SECRET == SECRET


def test_whose_mail_came_back_in_the_sample_is_asked_and_staff_see_it(now):
    professionals_samples.load_people(now)
    browser, staff = Client(), sign_in_staff(Client(), make_staff())
    browser.post(
        "/account/login/password/",
        {"login": professionals_samples.RETURNED_EMAIL, "password": professionals_samples.RETURNED_PASSWORD},
    )
    assert "Check that the address is right" in browser.get("/my/").text
    assert "told us that this mailbox does not exist" in browser.get("/account/email/returned/").text
    [mark] = staff.get("/staff/notifications/markedaddress/?look=marked").context["cl"].result_list
    page = staff.get(f"/staff/notifications/markedaddress/{mark.pk}/change/").text
    assert ("Rhys Evans" in page, "User unknown" in page) == (True, True)


def test_what_was_put_right_in_the_sample_stays_so(now):
    professionals_samples.load_people(now)
    clear_mark_and_resend(address=professionals_samples.RETURNED_EMAIL, how=MarkClearReason.STAFF, by=None, now=now)
    professionals_samples.load_people(now)
    assert not MarkedAddress.objects.marked().exists()


def test_there_are_no_sample_people_in_production(now, settings):
    settings.PRODUCTION = True

    with pytest.raises(NotInProductionError):
        professionals_samples.load_people(now)
    assert User.objects.count() == 0


def cells(browser, page):
    """The words of the first row of a list."""
    read = Page(browser.get(f"{ACCOUNTS if page == 'user' else AT}/{page}/").content.decode())
    table = read.one("table", id="result_list")
    row = [row for row in read.all("tr") if table in row.inside][1]
    return [cell.text for cell in read.elements if cell.tag in {"th", "td"} and row in cell.inside]


def test_lists_say_what_staff_look_for(browser, now):
    person = make_person(name="Ada Obi", email="ada@leeds.nhs.uk", organisation=make_organisation("A trust"), with_user=False)
    Organisation.objects.update(created_at=now)
    User.objects.update(last_login=now)
    assert cells(browser, "person")[-7:] == [
        *("Ada Obi", "A trust", "Health visitor", "ada@leeds.nhs.uk", person.phone, "LS1 4AP", "No (entered by staff)")
    ]
    assert cells(browser, "organisation")[-3:] == ["A trust", "1", "Tue 12 Jan 2027, 10am"]
    assert cells(browser, "user")[-5:] == ["boss@ctac.example", "–", "Yes", "Yes", "Tue 12 Jan 2027, 10am"]


@pytest.mark.parametrize(
    ("email", "said"), [("ada@leeds.nhs.uk", "Recognised"), ("ada@a-charity.example", "Not recognised"), ("", "–")]
)
def test_a_persons_page_says_whether_we_know_the_domain(browser, email, said):
    person = make_person(email=email, with_user=False)
    page = Page(browser.get(f"{AT}/person/{person.pk}/change/").content.decode())
    [value] = [e.text for e in page.all("div", "readonly") if any("field-email_domain" in up.classes for up in e.inside)]
    assert value.startswith(said)


def test_a_new_person_is_not_asked_what_only_we_know(browser):
    page = browser.get(f"{AT}/person/add/").content.decode()
    assert "field-email_domain" not in page
    assert "field-signs_in" not in page


def test_who_rings_gets_no_more_reminders_and_their_page_says_what_they_chose(browser):
    person = make_person()
    page = f"{AT}/person/{person.pk}/change/"
    assert "Reminders of presentations that I take part in" in browser.get(page).content.decode()

    assert browser.post(f"{AT}/person/{person.pk}/do/stop-mail/").status_code == 302

    after = browser.get(page).content.decode()
    assert "Only confirmations, changes and cancellations" in after
    assert "Stop reminders and news" not in after
    assert set(MailChoice.objects.values_list("wanted", "chosen_where")) == {(False, "phone")}


def test_the_history_of_an_organisation_opens(browser):
    """Its rows are in an order of their own, not in that of the list."""
    organisation = make_person().organisation
    assert browser.get(f"{AT}/organisation/{organisation.pk}/history/").status_code == 200
