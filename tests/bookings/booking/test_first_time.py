"""Somebody who was never here books: how many pages and answers that takes, and that nothing is lost on the way in."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.test import Client

from bookings.models import Booking, Presentation
from professionals.models import Person
from tests.bookings.flow import TEN, WHERE, fill_in, hidden, text
from tests.bookings.rows import NOW
from tests.factories import make_user
from tests.professionals.mailing import last_code

pytestmark = pytest.mark.django_db
CHECK = "/book/signs/check/"
EMAIL = "nadia@leeds.nhs.uk"
PLACE = {name: answer for name, answer in WHERE.items() if name not in ("access_needs", "town")}  # what must be answered
WORK = {"profession": "midwife", "organisation_name": "Leeds Teaching Hospitals"}


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@dataclass
class Newcomer:
    """A browser that counts the pages that it is shown, and the answers that somebody gives: not what stands there already."""

    client: Client = field(default_factory=Client)
    pages: list[str] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    page: Any = None

    def open(self, path: str) -> Any:
        self.page = self.client.get(path, follow=True)
        assert self.page.status_code == 200
        self.pages.append(self.page.request["PATH_INFO"])
        return self.page

    def send(self, **typed: str) -> Any:
        """What is typed besides what the form has; and on to the next page."""
        form = (self.page.context or {}).get("form")
        there = {name: str(form[name].value() or "") for name in form.fields} if form else {}
        self.answers += [name for name, answer in typed.items() if answer and there.get(name) != answer]
        sent = {**{name: answer for name, answer in there.items() if answer}, **hidden(self.page), **typed}
        next_page = self.page.context.get("redirect_field_value") or self.page.context.get("next")
        path = self.page.request["PATH_INFO"]
        answer = self.client.post(path, {**sent, **({"next": next_page} if next_page else {})})
        assert answer.status_code == 302, text(answer)
        return self.open(answer.url)


def begin(newcomer: Newcomer) -> None:
    """Up to where they are asked to sign in."""
    newcomer.open("/presentations/")
    newcomer.open("/book/signs/where/")
    newcomer.send(**PLACE)
    newcomer.send(start=TEN)
    assert newcomer.pages[-1] == "/account/login/"


def test_a_first_booking_takes_few_pages_and_answers(presentation: Presentation) -> None:
    newcomer = Newcomer()
    begin(newcomer)
    newcomer.send(login=EMAIL)
    newcomer.send(code=last_code(EMAIL))
    assert "We use these details only to arrange what you ask for. How we look after them" in text(newcomer.page)
    newcomer.send(**WORK)
    booking = Booking.objects.get()
    assert newcomer.pages[-1] == f"/bookings/{booking.reference}/placed/"
    assert (booking.person.name, booking.person.phone, booking.person.postcode) == ("Jo Green", "0113 496 0001", "LS1 4AP")
    assert newcomer.answers == [
        *("address_line_1", "postcode", "audience_size", "contact_name", "contact_phone", "start"),
        *("login", "code", "profession", "organisation_name"),
    ]
    assert len(newcomer.pages) == 7


def at_the_check_page() -> Newcomer:
    newcomer = Newcomer()
    begin(newcomer)
    newcomer.send(login=EMAIL)
    newcomer.send(code=last_code(EMAIL))
    return newcomer


def test_what_is_wrong_about_them_is_said_on_the_check_page_and_nothing_is_booked(presentation: Presentation) -> None:
    newcomer = at_the_check_page()
    sent = {**hidden(newcomer.page), "name": "Nadia Khan", "phone": "none", "profession": "midwife"}
    page = newcomer.client.post(CHECK, sent)
    assert "<title>Error:" in page.content.decode()
    assert "Enter a phone number, like 0113 496 0000." in text(page)
    assert (page.context["form"]["name"].value(), page.context["form"]["profession"].value()) == ("Nadia Khan", "midwife")
    assert (Person.objects.count(), Booking.objects.count()) == (0, 0)


def test_more_time_loses_nothing_typed_about_them(presentation: Presentation) -> None:
    newcomer = at_the_check_page()
    page = newcomer.client.post(CHECK, {**hidden(newcomer.page), **WORK, "name": "Nadia Khan", "extend": "1"})
    assert "until 10:30am" in text(page)
    assert {name: page.context["form"][name].value() for name in WORK} == WORK
    assert Person.objects.count() == 0


def test_pressed_twice_it_is_one_person_and_one_booking(presentation: Presentation) -> None:
    newcomer = at_the_check_page()
    sent = {**hidden(newcomer.page), **newcomer.page.context["form"].initial, **WORK}
    answers = [newcomer.client.post(CHECK, sent).url for _ in range(2)]
    assert answers == [f"/bookings/{Booking.objects.get().reference}/placed/"] * 2
    assert Person.objects.count() == 1


def test_who_asks_for_dates_of_their_own_says_first_who_they_are(presentation: Presentation) -> None:
    """What would be kept of them depends on it."""
    newcomer = Newcomer()
    newcomer.open("/book/signs/where/")
    newcomer.send(**PLACE)
    newcomer.open("/book/signs/dates/")
    newcomer.send(reason="We meet on Tuesdays", day_1="26 January 2027", part_1="morning")
    newcomer.send(login=EMAIL)
    newcomer.send(code=last_code(EMAIL))
    assert newcomer.pages[-1] == "/account/details/"
    newcomer.send(**WORK)
    assert newcomer.pages[-1] == CHECK
    assert newcomer.page.context["form"] is None


def test_nobody_without_a_verified_address_is_asked_there(presentation: Presentation, client: Client) -> None:
    user = make_user(EMAIL)
    EmailAddress.objects.filter(user=user).update(verified=False)
    fill_in(client)
    client.force_login(user)
    sent = {**WORK, "name": "Nadia", "phone": "0113 496 0001", "postcode": "LS1 4AP"}
    for answer in (client.get(CHECK), client.post(CHECK, sent)):
        assert answer.url == f"/account/details/?next={CHECK.replace('/', '%2F')}"
    assert Person.objects.count() == 0


@pytest.mark.parametrize("back", ["link", "button"])
def test_a_mistyped_address_loses_neither_answers_nor_the_way_back(presentation: Presentation, back: str) -> None:
    newcomer = Newcomer()
    begin(newcomer)
    newcomer.send(login="nadja@leeds.nhs.uk")
    before = newcomer.page.context["back_url"]
    assert f'href="{before}">Use another email address</a>' in newcomer.page.content.decode()
    if back == "link":
        newcomer.open(before)
    else:  # that of the browser, which may ask for the page anew
        newcomer.open(newcomer.pages[-2] + "?next=" + CHECK)
    assert newcomer.page.context["form"]["login"].value() == "nadja@leeds.nhs.uk"
    newcomer.send(login=EMAIL)
    newcomer.send(code=last_code(EMAIL))
    assert newcomer.pages[-1] == CHECK
    for typed in ("St James", "LS1 4AP", "Jo Green", "12"):
        assert typed in text(newcomer.page), typed
    newcomer.send(**WORK)
    assert Person.objects.get().email == EMAIL


def test_who_leaves_at_the_code_of_an_address_keeps_what_was_typed(presentation: Presentation) -> None:
    """The button that ends a sign-in which has only begun."""
    newcomer = Newcomer()
    begin(newcomer)
    answer = newcomer.client.post("/account/logout/", {"next": f"/account/login/?next={CHECK}"})
    assert answer.url == f"/account/login/?next={CHECK}"
    assert "St James" in newcomer.open("/book/signs/where/").content.decode()


def test_step_hold_and_back_are_kept_on_the_way_in(presentation: Presentation) -> None:
    newcomer = Newcomer()
    begin(newcomer)
    onward = "?next=%2Fbook%2Fsigns%2Fcheck%2F"
    back_from = {"/account/login/": "/book/signs/when/", "/account/login/code/confirm/": f"/account/login/{onward}"}
    back_from |= dict.fromkeys((CHECK, "/account/details/"), "/book/signs/when/")
    for typed in ({"login": EMAIL}, {"code": ""}, {}, {}):
        page, at = text(newcomer.page), newcomer.pages[-1]
        assert "Step 3 of 3: book “" in page, at
        assert "We are keeping Monday 25 January 2027, 10am to 11am for you until 10:15am." in page, at
        assert f'<a href="{back_from.pop(at)}" class="govuk-back-link">' in newcomer.page.content.decode(), at
        if typed:
            newcomer.send(**({"code": last_code(EMAIL)} if "code" in typed else typed))
        else:  # where the check page does not ask who they are, this one does
            newcomer.open(f"/account/details/{onward}")
    assert back_from == {}
    by_password = text(newcomer.client.__class__().get(f"/account/login/password/{onward}"))
    assert "Step 3 of 3" not in by_password  # another browser is in the middle of nothing


@pytest.mark.parametrize(
    ("onward", "caption", "back"),
    [
        ("/order/check/", "Order leaflets", "/order/delivery/"),
        ("/sessions/OS-7Q4M-2F/place/", "Open session OS-7Q4M-2F", "/sessions/OS-7Q4M-2F/"),
    ],
)
def test_an_order_and_a_place_say_it_too(client: Client, onward: str, caption: str, back: str) -> None:
    for path in ("/account/login/", "/account/login/password/"):
        page = client.get(path, {"next": onward})
        assert f'<span class="govuk-caption-l">{caption}</span>' in page.content.decode()
    assert f'<a href="{back}" class="govuk-back-link">' in client.get("/account/login/", {"next": onward}).content.decode()


@pytest.mark.parametrize("onward", ["/my/", "/book/no-such/check/", "/no-such/", "https://evil.example/", ""])
def test_who_is_in_the_middle_of_nothing_reads_nothing_of_it(client: Client, onward: str) -> None:
    page = client.get("/account/login/", {"next": onward}).content.decode()
    assert ("govuk-caption-l" in page, "govuk-back-link" in page) == (False, False)
