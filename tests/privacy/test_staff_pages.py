"""The pages of managers: what is due in words, first what is due first; each button; and nobody else sees any of it."""

from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from audit.models import Entry
from notifications.models import Notification
from privacy.models import Breach, Complaint
from privacy.services import acknowledge_complaint, record_commissioner_report, record_people_not_notified
from tests.face.page import Page
from tests.factories import make_person, make_staff, sign_in_staff
from tests.privacy.rows import NOW, WRONG, make_breach, make_complaint

pytestmark = pytest.mark.django_db
COMPLAINTS, BREACHES = "/staff/privacy/complaint/", "/staff/privacy/breach/"
CHILD = "Zebedia Quark, born 12/03/2014, NHS number 943 476 5919"
ENTERED = {
    "channel": "phone",
    "received_on": "2 11 2026",
    "name": "Ada Farrow",
    "email": "",
    "phone": "0113 496 0000",
    "description": "She got a letter for somebody else.",
    "wanted": "",
}
BREACH = {
    "day": "3 11 2026",
    "clock": "4pm",
    "what": "A list went to one wrong workplace.",
    "happened": "On Monday",
    "concerns": "40 professionals: names",
    "effects": "Unwanted mail",
    "measures": "It is deleted there.",
}


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as moment:
        yield moment


@pytest.fixture
def desk(client):
    return sign_in_staff(client, make_staff(role="manager"))


def text_of(response) -> str:
    return " ".join(response.content.decode().split())


def test_the_first_page_counts_what_is_due_and_says_by_when(desk, clock):
    make_complaint()
    make_complaint(received_on=NOW.date().replace(day=1))
    make_breach(aware_at=NOW, now=NOW)
    page = text_of(desk.get("/staff/"))
    assert "complaints to acknowledge, the first by Tuesday 1 December 2026" in page
    assert "tell the Information Commissioner, or say why not, the first by 10am on Saturday 7 November 2026" in page
    clock.move_to(NOW.replace(month=12, day=3))
    page = text_of(sign_in_staff(Client(), make_staff(role="manager")).get("/staff/"))
    lines = [line for line in page.split("<li ") if "waiting__line--urgent" in line]
    assert [line.split("waiting__figure")[1][2] for line in lines] == ["1", "1"]
    assert "past the 72 hours" in lines[0]
    assert "past the 30 days" in lines[1]


def test_nothing_due_asks_nothing_more(desk, django_assert_max_num_queries):
    desk.get("/staff/")
    with django_assert_max_num_queries(12):
        desk.get("/staff/")


@pytest.mark.parametrize("role", ["read-only", "coordinator", "fulfilment", "presenter"])
def test_nobody_else_sees_any_of_it(client, role):
    complaint, breach = make_complaint(), make_breach()
    sign_in_staff(client, make_staff(role=role))
    paths = (COMPLAINTS, f"{COMPLAINTS}{complaint.pk}/change/", f"{COMPLAINTS}add/", f"{COMPLAINTS}{complaint.pk}/do/answer/")
    paths += (BREACHES, f"{BREACHES}{breach.pk}/change/", f"{BREACHES}add/", f"{BREACHES}{breach.pk}/do/paper/")
    assert [client.get(path).status_code for path in paths] == [403] * len(paths)
    assert "Data protection" not in client.get("/staff/").content.decode()


def test_the_log_has_what_is_due_first_and_what_is_closed_last(desk):
    closed = make_complaint(received_on=NOW.date().replace(day=1))
    Complaint.objects.filter(pk=closed.pk).update(state="closed", closed_at=NOW)
    later, sooner = make_complaint(), make_complaint(received_on=NOW.date().replace(day=2))
    page = desk.get(COMPLAINTS)
    assert [row.pk for row in page.context["cl"].result_list] == [sooner.pk, later.pk, closed.pk]
    assert "Acknowledge it by Wednesday 2 December 2026" in text_of(page)
    found = desk.get(f"{COMPLAINTS}?q={later.reference.replace('-', '').lower()}").context["cl"].result_list
    assert [row.pk for row in found] == [later.pk]


def test_the_states_narrow_the_log(desk, clock):
    old, new = make_complaint(received_on=NOW.date().replace(month=10, day=1)), make_complaint()

    def shown(state):
        return [row.pk for row in desk.get(f"{COMPLAINTS}?state={state}").context["cl"].result_list]

    assert shown("overdue") == [old.pk]
    assert shown("received") == [old.pk, new.pk]
    assert shown("closed") == []
    assert "Overdue" in text_of(desk.get(COMPLAINTS))


def test_one_that_came_by_phone_is_entered_with_the_day_it_was_received(desk):
    response = desk.post(f"{COMPLAINTS}add/", ENTERED, follow=True)
    made = Complaint.objects.get()
    assert (made.channel, made.received_on.day, made.name, made.phone) == ("phone", 2, "Ada Farrow", "0113 496 0000")
    assert "Acknowledge it by Wednesday 2 December 2026." in text_of(response)
    assert made.events.get().by is not None
    row = Entry.objects.get(act="added")
    assert (row.kind, row.key) == ("privacy.complaint", str(made.pk))
    assert "This day is in the future." in text_of(desk.post(f"{COMPLAINTS}add/", ENTERED | {"received_on": "5 11 2026"}))


def test_what_is_entered_belongs_to_who_has_the_address(desk):
    person = make_person(email="ada@leeds.nhs.uk")
    desk.post(f"{COMPLAINTS}add/", ENTERED | {"email": "ADA@leeds.nhs.uk"})
    assert Complaint.objects.get().person == person


def test_an_address_that_is_longer_than_we_keep_is_refused(desk):
    response = desk.post(f"{COMPLAINTS}add/", ENTERED | {"email": f"{'a' * 290}@leeds.nhs.uk"})
    assert response.status_code == 200
    assert "email" in response.context["form"].errors


@pytest.mark.parametrize(
    ("path", "model", "typed", "other"),
    [(COMPLAINTS, Complaint, ENTERED, {"wanted": "An answer."}), (BREACHES, Breach, BREACH, {"effects": "None"})],
)
def test_a_second_press_shows_the_first_and_other_words_are_refused(desk, path, model, typed, other):
    page = desk.get(f"{path}add/")
    token = page.context["form"]["token"].value()
    assert f'name="token" value="{token}"' in text_of(page)
    first = desk.post(f"{path}add/", typed | {"token": token})
    again = desk.post(f"{path}add/", typed | {"token": token})
    made = model.objects.get()
    assert again.headers["Location"] == first.headers["Location"] == f"{path}{made.pk}/change/"
    assert made.events.count() == 1
    refused = desk.post(f"{path}add/", typed | other | {"token": token})
    assert refused.status_code == 200
    assert made.reference in text_of(refused)
    assert model.objects.count() == 1
    assert desk.post(f"{path}add/", typed | other).status_code == 302
    assert model.objects.count() == 2


def test_its_page_says_all_and_what_has_happened(desk):
    made = make_complaint()
    page = text_of(desk.get(f"{COMPLAINTS}{made.pk}/change/"))
    for words in (
        WRONG,
        "sam@leeds.nhs.uk",
        "Acknowledge it by Friday 4 December 2026",
        "Received",
        "Acknowledge this complaint",
    ):
        assert words in page
    assert Entry.objects.filter(act="viewed", kind="privacy.complaint", key=str(made.pk)).count() == 1


def test_each_step_by_its_button(desk):
    made = make_complaint()
    here = f"{COMPLAINTS}{made.pk}/do/"
    steps = (
        ("confirm", {"told": "email", "on": "", "words": "Mo looks into it."}, "acknowledged"),
        ("progress", {"told": "phone", "on": "4 11 2026", "words": "We wait for the carrier."}, "acknowledged"),
        ("note", {"words": "Carrier rung."}, "acknowledged"),
        ("answer", {"told": "email", "on": "", "words": "You are right."}, "answered"),
        ("close", {"words": ""}, "closed"),
    )
    for slug, typed, state in steps:
        assert desk.get(f"{here}{slug}/").status_code == 200, slug
        assert desk.post(f"{here}{slug}/", typed).status_code == 302, slug
        made.refresh_from_db()
        assert made.state == state
    page = text_of(desk.get(f"{COMPLAINTS}{made.pk}/change/"))
    for words in ("Mo looks into it.", "By phone", "Carrier rung.", "You are right.", "Closed"):
        assert words in page
    kinds = set(Notification.objects.filter(recipient="sam@leeds.nhs.uk").values_list("kind", flat=True))
    assert kinds == {"complaint-received", "complaint-acknowledged", "complaint-answered"}


def test_a_refusal_keeps_what_was_typed(desk):
    made = make_complaint(email="", phone="0113 496 0000")
    typed = {"told": "email", "on": "", "words": "Mo looks into it."}
    page = text_of(desk.post(f"{COMPLAINTS}{made.pk}/do/confirm/", typed))
    assert "We have no email address for this complaint." in page
    assert "Mo looks into it." in page


def test_no_childs_details_go_out_nor_into_the_log_of_breaches(desk):
    made, breach = make_complaint(), make_breach()
    kept = {"keep_what_i_wrote": "on"}
    page = text_of(desk.post(f"{COMPLAINTS}{made.pk}/do/answer/", {"told": "email", "on": "", "words": CHILD} | kept))
    assert "please say it in other words" in page
    page = text_of(desk.post(f"{BREACHES}{breach.pk}/do/add/", {"words": CHILD} | kept))
    assert "please say it in other words" in page
    assert "please say it in other words" in text_of(desk.post(f"{BREACHES}add/", BREACH | {"what": CHILD} | kept))
    assert (made.events.count(), breach.events.count(), Breach.objects.count()) == (1, 1, 1)


def test_a_breach_is_entered_decided_and_printed(desk):
    response = desk.post(f"{BREACHES}add/", BREACH, follow=True)
    breach = Breach.objects.get()
    assert f"{breach.aware_at:%d %H:%M}" == "03 16:00"
    assert "Decide by Friday 6 November 2026, 4pm whether to tell the Information Commissioner." in text_of(response)
    assert "Tell the Commissioner by 4pm on Friday 6 November 2026: 54 hours left" in text_of(response)
    here = f"{BREACHES}{breach.pk}/do/"
    told = {"day": "4 11 2026", "clock": "9:30am", "reference": "IC-1234", "words": "By their form."}
    for slug, typed in (
        ("add", {"words": "There were 41 people."}),
        ("report", told),
        ("people", {"day": "4 11 2026", "clock": "9:45am", "words": "An email to all."}),
    ):
        assert desk.get(f"{here}{slug}/").status_code == 200, slug
        assert desk.post(f"{here}{slug}/", typed).status_code == 302, slug
    page = text_of(desk.get(f"{here}paper/"))
    for words in (
        *("A list went to one wrong workplace.", "There were 41 people.", "Information Commissioner told: "),
        *("Told on Wednesday 4 November 2026, 9:30am, within the 72 hours, IC-1234", "An email to all."),
    ):
        assert words in page
    assert "Nothing" in text_of(desk.get(f"{BREACHES}?state=told"))


def test_what_was_decided_narrows_the_log_of_breaches(desk):
    by, over, told = make_staff(), make_breach(aware_at=NOW - timedelta(hours=73)), make_breach()
    record_people_not_notified(breach=over, words="It was unreadable.", by=by, now=NOW)
    record_commissioner_report(breach=told, at=NOW, reference="IC-1234", words="", by=by, now=NOW)
    new = make_breach()

    def shown(asked):
        return [row.pk for row in desk.get(f"{BREACHES}?{asked}").context["cl"].result_list]

    assert (shown("state=overdue"), shown("state=open")) == ([over.pk], [over.pk, new.pk])
    assert (shown("state=told"), shown("state=need-not")) == ([told.pk], [])
    assert (shown("people=need-not"), set(shown("people=open"))) == ([over.pk], {new.pk, told.pk})


@pytest.mark.parametrize("slug", ["no-report", "no-people"])
def test_that_somebody_need_not_be_told_wants_a_reason(desk, slug):
    breach = make_breach()
    assert "Write why they need not be told." in text_of(desk.post(f"{BREACHES}{breach.pk}/do/{slug}/", {"words": ""}))
    assert desk.post(f"{BREACHES}{breach.pk}/do/{slug}/", {"words": "It was unreadable."}).status_code == 302


def test_a_time_ahead_is_refused_beside_its_day(desk):
    response = desk.post(f"{BREACHES}add/", BREACH | {"day": "5 11 2026"})
    assert response.context["form"].errors == {"day": ["This time is in the future. Check the day and the time."]}
    assert not Breach.objects.exists()


@pytest.mark.parametrize(("path", "make"), [(COMPLAINTS, make_complaint), (BREACHES, make_breach)])
def test_a_list_of_three_takes_the_statements_of_a_list_of_one(desk, path, make, django_assert_num_queries):
    make()
    desk.get(path)
    with CaptureQueriesContext(connection) as one:
        desk.get(path)
    make()
    make()
    with django_assert_num_queries(len(one)):
        desk.get(path)


def test_a_complaint_has_one_main_button_at_each_step(desk):
    def main(complaint):
        row = Page(desk.get(f"{COMPLAINTS}{complaint.pk}/change/").content.decode()).all("a", "staff-button--main")
        return [button.text for button in row]

    complaint = make_complaint()
    assert main(complaint) == ["Acknowledge this complaint"]
    acknowledge_complaint(complaint=complaint, told="email", on=None, words="", by=make_staff(role="manager"), now=NOW)
    assert main(complaint) == ["Tell them the outcome"]
    assert "it came today" in text_of(desk.get(f"{COMPLAINTS}{complaint.pk}/change/"))
