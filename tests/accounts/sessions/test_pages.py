"""Where you are signed in: what the page shows, and that it ends only one's own."""

import uuid

import pytest
from django.test import Client

from accounts.models import Session
from core.dates import format_datetime
from tests.accounts.sessions.browsers import IPHONE, is_in, key_of, row_of, signed_in, with_password
from tests.factories import make_person, make_staff, sign_in_staff

pytestmark = pytest.mark.django_db
PAGE = "/account/sessions/"


def end_address(client: Client) -> str:
    return f"{PAGE}{row_of(client).public_id}/end/"


@pytest.mark.parametrize("others", [0, 1, 3])
def test_it_lists_each_browser_and_marks_this_one(person, here, others, django_assert_num_queries):
    for _ in range(others):
        signed_in(person.user, IPHONE)
    signed_in(with_password(make_person().user))
    with django_assert_num_queries(3):
        answer = here.get(PAGE)

    text = answer.content.decode()
    assert (text.count("This one"), text.count("Firefox on Windows")) == (1, 1)
    assert text.count("<strong>Safari on an iPhone") == others
    assert ("Sign out everywhere else" in text) == (others > 1)
    assert ("You are not signed in anywhere else." in text) == (others == 0)
    assert key_of(here) not in text
    assert row_of(here).pk not in text
    assert f"Signed in {format_datetime(row_of(here).started_at)}. Last used about" in text


def test_what_has_ended_is_not_shown(person, here, now):
    there = signed_in(person.user, IPHONE)
    Session.objects.filter(pk=row_of(there).pk).update(expire_date=now.replace(year=2020))

    assert "Safari" not in here.get(PAGE).content.decode()


def test_one_is_ended_by_its_button(person, here):
    there, elsewhere = signed_in(person.user, IPHONE), signed_in(person.user)
    assert end_address(there) in here.get(PAGE).content.decode()

    answer = here.post(end_address(there), follow=True)

    assert "Signed out: Safari on an iPhone." in answer.content.decode()
    assert [is_in(each) for each in (here, there, elsewhere)] == [True, False, True]
    assert Session.objects.filter(user=person.user).count() == 2


def test_all_others_are_ended_by_one_button(person, here):
    others = [signed_in(person.user, IPHONE) for _ in range(2)]
    stranger = signed_in(with_password(make_person().user))

    answer = here.post(f"{PAGE}end-others/", follow=True)

    assert "Signed out: 2 other browsers." in answer.content.decode()
    assert [is_in(each) for each in (here, *others, stranger)] == [True, False, False, True]


def test_ending_this_one_is_signing_out(person, here):
    assert here.post(end_address(here))["Location"] == "/"
    assert not is_in(here)


def test_somebody_elses_is_not_there(here):
    stranger = signed_in(with_password(make_person().user))

    assert here.post(end_address(stranger)).status_code == 404
    assert here.post(f"{PAGE}{uuid.uuid4()}/end/").status_code == 404
    assert here.post(f"{PAGE}{row_of(stranger).pk}/end/").status_code == 404
    assert is_in(stranger)


def test_opening_an_address_ends_nothing(person, here):
    there = signed_in(person.user, IPHONE)
    strict = Client(enforce_csrf_checks=True)
    strict.cookies["session"] = key_of(here)

    assert [here.get(at).status_code for at in (end_address(there), f"{PAGE}end-others/")] == [405, 405]
    assert [strict.post(at).status_code for at in (end_address(there), f"{PAGE}end-others/")] == [403, 403]
    assert is_in(there)


def test_it_is_linked_from_the_account_and_from_the_staff_site(here):
    staff = sign_in_staff(Client(), make_staff())

    assert f'href="{PAGE}"' in here.get("/account/details/").content.decode()
    assert f'href="{PAGE}"' in staff.get("/staff/").content.decode()
    assert staff.get(PAGE).status_code == 200
