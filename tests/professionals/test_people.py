"""Services: callers, details, organisations, recognised addresses; and the pages that need a person."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.http import HttpResponse
from django.test import Client, RequestFactory

from accounts.models import RateLimit, User
from core.errors import DomainError
from leaflets.models import Order
from notifications.models import Notification
from privacy import retention as privacy_retention
from privacy.services import erase_person
from professionals import services as professionals_services
from professionals.access import person_required
from professionals.forms import CallerForm
from professionals.merges import services as merges
from professionals.models import Draft, Organisation, Person, RecognisedDomain
from tests.factories import make_organisation, make_person, make_staff, make_user, sign_in, sign_in_staff
from tests.leaflets.factories import make_order

pytestmark = pytest.mark.django_db

CALLER = {
    "name": "Nadia Khan",
    "email": "nadia@leeds.nhs.uk",
    "phone": "0113 496 0009",
    "profession": "midwife",
    "organisation_name": "Leeds Teaching Hospitals",
    "postcode": "LS9 7TF",
}


def enter(now, **changes):
    return professionals_services.find_or_enter_person(**{**CALLER, **changes}, by=None, now=now)


def test_a_caller_is_entered_once(now):
    person = enter(now)

    assert enter(now, email=" NADIA@leeds.nhs.uk ") == person
    assert (person.email, person.user, person.organisation.name) == ("nadia@leeds.nhs.uk", None, "Leeds Teaching Hospitals")


def test_what_a_caller_says_fills_gaps_and_overwrites_nothing(now):
    known = make_person(email="nadia@leeds.nhs.uk", name="Nadia K", phone="", postcode="")

    person = enter(now)

    assert (person.pk, person.name, person.phone, person.postcode) == (known.pk, "Nadia K", "0113 496 0009", "LS9 7TF")
    assert person.organisation == known.organisation


def test_a_caller_without_an_address_is_known_again_by_name_and_phone(now):
    person = enter(now, email="")

    assert enter(now, email="", name="nadia  khan") == person
    assert enter(now, email="", phone="0113 496 0010") != person
    assert enter(now, email="", phone="") != enter(now, email="", phone="")


def test_the_caller_form_has_the_fields_of_the_service(now):
    form = CallerForm({**CALLER, "postcode": "ls97tf", "email": ""})

    assert form.is_valid(), form.errors
    assert professionals_services.find_or_enter_person(**form.cleaned_data, by=None, now=now).postcode == "LS9 7TF"


def test_an_address_that_is_longer_than_we_keep_is_refused():
    form = CallerForm({**CALLER, "postcode": "ls97tf", "email": f"{'a' * 290}@leeds.nhs.uk"})
    assert list(form.errors) == ["email"]


def test_the_database_keeps_one_person_an_address_in_any_case(now):
    enter(now)

    with pytest.raises(IntegrityError), transaction.atomic():
        Person.objects.create(name="Other", email="NADIA@leeds.nhs.uk", profession="gp")


def test_many_people_may_have_no_address(now):
    assert enter(now, email="", phone="1234567").pk != enter(now, email="", phone="7654321").pk


@pytest.mark.parametrize(
    ("email", "recognised"),
    [
        ("a@nhs.net", True),
        ("a@leedsth.nhs.uk", True),
        ("A@LEEDS.GOV.UK", True),
        ("a@westyorkshire.police.uk", True),
        ("a@school.leeds.sch.uk", True),
        ("a@leeds.ac.uk", True),
        ("a@gmail.com", False),
        ("a@nhs.net.evil.example", False),
        ("a@notnhs.net", False),
        ("a@uk", False),
        ("nhs.net", False),
        ("", False),
        ("@", False),
    ],
)
def test_work_addresses_are_recognised(email, recognised):
    assert professionals_services.is_work_address(email) is recognised


def test_recognising_is_one_statement(django_assert_num_queries):
    with django_assert_num_queries(1):
        professionals_services.is_work_address("a@b.c.d.e.f.nhs.uk")


def test_staff_can_add_a_domain():
    RecognisedDomain.objects.create(domain="barnardos.example")

    assert professionals_services.is_work_address("a@barnardos.example") is True


def test_merging_moves_the_people_and_removes_the_rest(now):
    keep, other = make_organisation("Leeds TH"), make_organisation("Leeds Teaching Hospitals")
    mover = make_person(organisation=other)

    assert merges.merge_organisations(keep=keep, others=[other, keep], by=None, now=now) == 1

    mover.refresh_from_db()
    assert (mover.organisation, list(Organisation.objects.all())) == (keep, [keep])


def test_merging_one_with_itself_is_refused(now):
    keep = make_organisation()

    with pytest.raises(DomainError, match="Choose at least two organisations to merge"):
        merges.merge_organisations(keep=keep, others=[keep], by=None, now=now)


def test_an_organisation_of_one_goes_with_its_person(now):
    person = make_person(organisation=make_organisation("Quillfinch Counselling"))
    erase_person(person, by=None, now=now)
    assert not Organisation.objects.exists()


def test_one_that_a_colleague_has_too_stays(now):
    person = make_person()
    make_person(organisation=person.organisation)
    erase_person(person, by=None, now=now)
    assert list(Organisation.objects.all()) == [person.organisation]


def test_one_that_somebody_has_left_goes_unless_it_is_on_an_order_of_theirs(client, now):
    person = make_person()
    before = person.organisation
    order = make_order(person, now)
    details = {name: value for name, value in CALLER.items() if name != "email"}
    assert sign_in(client, person).post("/account/details/", details).status_code == 302
    assert Order.objects.get(pk=order.pk).organisation == before  # the workplace whose limit counts
    assert client.post("/account/details/", {**details, "organisation_name": "York Health"}).status_code == 302
    assert set(Organisation.objects.values_list("name", flat=True)) == {before.name, "York Health"}
    erase_person(person, by=None, now=now)
    assert not Organisation.objects.exists()


def test_what_staff_put_right_and_what_a_caller_says_at_sign_up_leave_none_behind(now):
    entered = enter(now)
    desk = sign_in_staff(Client(), make_staff())
    page = f"/staff/professionals/person/{entered.pk}/change/"
    typed = {**CALLER, "organisation": "Leeds TH"}
    assert desk.post(page, {name: value for name, value in typed.items() if name != "organisation_name"}).status_code == 302
    assert [organisation.name for organisation in Organisation.objects.all()] == ["Leeds TH"]
    user = make_user(CALLER["email"])
    details = {name: value for name, value in CALLER.items() if name != "email"}
    professionals_services.assign_verified_address(user=user, email=user.email, details=details, now=now)
    assert [organisation.name for organisation in Organisation.objects.all()] == ["Leeds Teaching Hospitals"]


def test_details_can_be_changed(client):
    person = make_person()
    sign_in(client, person)

    response = client.post("/account/details/", {k: v for k, v in CALLER.items() if k != "email"})

    person.refresh_from_db()
    assert response["Location"] == "/account/details/"
    assert (person.name, person.profession, person.organisation.name) == ("Nadia Khan", "midwife", "Leeds Teaching Hospitals")
    assert "We have saved your details." in client.get("/account/details/").content.decode()


def test_extra_fields_change_nothing(client):
    person = make_person(email="me@leeds.nhs.uk")
    sign_in(client, person)

    client.post("/account/details/", {**CALLER, "email": "x@y.example", "user": "1", "is_staff": "on", "id": "99"})

    person.refresh_from_db()
    assert (person.email, person.user.is_staff, person.user.email) == ("me@leeds.nhs.uk", False, "me@leeds.nhs.uk")


def test_the_details_page_shows_what_we_know(client, django_assert_num_queries):
    person = make_person(name="Áine O’Brien")
    sign_in(client, person)

    with django_assert_num_queries(2):
        page = client.get("/account/details/").content.decode()

    assert 'value="Áine O’Brien"' in page
    assert person.organisation.name in page


@pytest.mark.parametrize(
    "word", ["default", "staff:index", "a b", "javascript:alert(1)", "//evil.example/", "https://evil.example/"]
)
def test_after_the_details_page_only_a_path_of_ours_is_gone_on_to(client, word):
    person = make_person()
    sign_in(client, person)
    form = client.get("/account/details/").context["form"].initial
    answer = client.post("/account/details/", {**{name: value or "" for name, value in form.items()}, "next": word})
    assert (answer.status_code, answer["Location"]) == (302, "/account/details/")


@person_required
def page(request):
    return HttpResponse("in")


def visit(user, person, method="get", **headers):
    request = getattr(RequestFactory(), method)("/book/x/?a=1&b=2", **headers)
    request.user, request.person = user, person
    response = page(request)
    return response.content.decode() or response["Location"]


def test_pages_for_people_ask_for_sign_in_then_for_details():
    person = make_person()
    nobody = type("Nobody", (), {"is_authenticated": False})()

    assert visit(nobody, None) == "/account/login/?next=%2Fbook%2Fx%2F%3Fa%3D1%26b%3D2"
    assert visit(make_user(), None) == "/account/details/?next=%2Fbook%2Fx%2F%3Fa%3D1%26b%3D2"
    assert visit(person.user, person) == "in"


def test_a_form_sent_after_time_out_leads_back_to_the_page_it_was_on():
    nobody = type("Nobody", (), {"is_authenticated": False})()

    assert (
        visit(nobody, None, "post", HTTP_REFERER="http://testserver/book/y/?c=3") == "/account/login/?next=%2Fbook%2Fy%2F%3Fc%3D3"
    )
    assert visit(nobody, None, "post", HTTP_REFERER="https://evil.example/").endswith("%2Fbook%2Fx%2F%3Fa%3D1%26b%3D2")


def test_what_is_over_is_cleared(now):
    old, recent = now - timedelta(days=8), now - timedelta(days=6)
    for number, (joined, staff) in enumerate([(old, False), (recent, False), (old, True)]):
        User.objects.create_user(f"{number}@leeds.nhs.uk", date_joined=joined, is_staff=staff)
    kept = make_user("kept@leeds.nhs.uk", date_joined=old)
    for number, hours in enumerate((-1, 1)):
        expires_at = now + timedelta(hours=hours)
        Draft.objects.create(kind="order", key_hash=str(number), token=str(number), expires_at=expires_at)
        RateLimit.objects.create(key=str(number), hits=1, resets_at=expires_at)

    privacy_retention.clear_expired(now=now)

    assert list(User.objects.order_by("pk").values_list("email", flat=True)) == ["1@leeds.nhs.uk", "2@leeds.nhs.uk", kept.email]
    assert (Draft.objects.get().token, RateLimit.objects.get().key) == ("1", "1")
    assert Notification.objects.count() == 0
    assert make_staff().is_staff is True
