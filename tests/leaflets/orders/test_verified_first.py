"""Nobody orders before a code has shown that their email address is theirs, by whichever way they come."""

import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from django.urls import reverse

from accounts.models import User
from core.errors import DomainError
from leaflets.models import Order
from notifications.models import Notification
from professionals import services as professionals_services
from professionals.models import Person
from tests.factories import make_person, make_staff, sign_in, sign_in_staff
from tests.leaflets.factories import make_edition
from tests.leaflets.orders.test_ordering import CHECK, fill, hidden
from tests.professionals.mailing import last_code
from tests.professionals.test_sign_up import CODE, TYPED, ask_for_code, give_details

pytestmark = pytest.mark.django_db

EMAIL, VERIFY = "nadia.khan@leeds.nhs.uk", "/account/confirm-email/"
DETAILS = {name: value for name, value in TYPED.items() if name != "email"}


@pytest.fixture
def browser(now):
    """Somebody with a basket and an address to send it to."""
    client = Client()
    fill(client, make_edition(now, stock=50, slug="one").leaflet)
    return client


def send(client):
    """Press the button of the check page, or one that says it came from there."""
    page = client.get(CHECK)
    return client.post(CHECK, hidden(page) or {"token": "t" * 43, "digest": "x"})


def unverified(email=EMAIL, **fields):
    user = User.objects.create_user(email, **fields)
    EmailAddress.objects.create(user=user, email=email, primary=True, verified=False)
    return user


def test_after_sign_up_only_the_code_opens_the_way(browser):
    ask_for_code(browser)
    assert send(browser).url.startswith(reverse("account_login"))
    browser.post(CODE, {"code": last_code(EMAIL)})
    give_details(browser)
    assert send(browser).url.endswith("/placed/")


def test_a_password_does_not_stand_for_the_code(browser):
    unverified(password="three-cups-no-saucer")
    browser.post("/account/login/password/", {"login": EMAIL, "password": "three-cups-no-saucer"})
    assert send(browser).url.startswith(reverse("account_login"))


def test_a_session_from_before_the_address_was_confirmed_gets_a_code_and_no_order(browser):
    """However it came about: it is asked for details, and before that for the code."""
    browser.force_login(unverified())
    assert send(browser).url.startswith(reverse("account_details"))
    for answer in (browser.get("/account/details/"), browser.post("/account/details/", DETAILS)):
        assert answer.url.startswith(VERIFY)
    assert (Person.objects.count(), Order.objects.count()) == (0, 0)
    browser.post(VERIFY, {"code": last_code(EMAIL)})
    browser.post("/account/details/", DETAILS)
    assert send(browser).url.endswith("/placed/")


def test_the_service_gives_nobody_a_person_by_an_address_that_is_not_verified():
    known = make_person(email=EMAIL, with_user=False)
    user = unverified()
    with pytest.raises(DomainError, match="First confirm that this email address is yours"):
        professionals_services.assign_verified_address(user=user, email=EMAIL, details=None, now=None)
    known.refresh_from_db()
    assert known.user is None


def test_a_caller_whom_staff_entered_orders_only_with_a_code_from_that_address(browser):
    known = make_person(email=EMAIL, with_user=False)
    assert send(browser).url.startswith(reverse("account_login"))
    ask_for_code(browser)
    assert send(browser).url.startswith(reverse("account_login"))
    browser.post(CODE, {"code": last_code(EMAIL)})
    assert send(browser).url.endswith("/placed/")
    assert Order.objects.get().person == known


def test_a_colleague_whose_account_a_manager_opened_shows_the_address_first(browser):
    boss = make_staff()
    staff = sign_in_staff(Client(), boss)
    staff.post("/staff/accounts/user/add/", {"email": EMAIL, "is_staff": ""})
    colleague = User.objects.get(email=EMAIL)
    browser.force_login(colleague)
    assert browser.post("/account/details/", DETAILS).url.startswith(VERIFY)
    assert Person.objects.filter(user=colleague).count() == 0


def test_a_new_address_gets_no_mail_of_an_order_before_it_is_confirmed(browser):
    person = make_person(email="old@leeds.nhs.uk")
    sign_in(browser, person)
    fill(browser, make_edition_of("two"))
    browser.post("/account/email/", {"email": "victim@york.nhs.uk", "action_add": ""})
    assert send(browser).url.endswith("/placed/")
    told = set(Notification.objects.filter(kind="order-received").values_list("recipient", flat=True))
    assert told == {"old@leeds.nhs.uk"}


def make_edition_of(slug):
    from django.utils import timezone

    return make_edition(timezone.now(), stock=50, slug=slug).leaflet


def test_a_mistyped_address_keeps_basket_delivery_and_the_way_back(browser):
    ask_for_code(browser, "nadja.khan@leeds.nhs.uk", next=CHECK)
    back = browser.get(f"/account/login/code/confirm/?next={CHECK}").context["back_url"]
    page = browser.get(back)
    assert (page.context["form"]["login"].value(), page.context["redirect_field_value"]) == ("nadja.khan@leeds.nhs.uk", CHECK)
    ask_for_code(browser, EMAIL, next=CHECK)
    details = browser.post(CODE, {"code": last_code(EMAIL), "next": CHECK}).url
    filled_in = browser.get(details).context["form"].initial
    assert (filled_in["name"], filled_in["postcode"]) == ("Sam Taylor", "LS1 4AP")
    assert give_details(browser, next=CHECK).url == CHECK
    assert send(browser).url.endswith("/placed/")
