"""Whom the page says to call about a child: by a UK clock, on bank holidays, and on the days on which the clocks change."""

import re
from datetime import datetime, time
from html import unescape
from unittest.mock import Mock

import pytest
import time_machine
from django.db import OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils import translation

from core.models import reset_request_values
from ctac.views import server_error
from guidance.models import GuidancePage
from office.site_settings.queries import advice_hours, site_settings
from professionals.safeguarding.advice_line import helpline_hours_text, is_advice_line_open, next_opening, whom_to_call_text
from professionals.safeguarding.forms import child_details_explanation
from tests.factories import make_staff
from tests.guidance.approvals import approve


def at(text):
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("moment", "open_then"),
    [
        ("2027-01-12T09:29:59.999999+00:00", False),  # a Tuesday in winter: UK time is UTC
        ("2027-01-12T09:30:00+00:00", True),
        ("2027-01-12T16:29:59.999999+00:00", True),
        ("2027-01-12T16:30:00+00:00", False),
        ("2027-07-13T08:29:59+00:00", False),  # a Tuesday in summer: UK time is an hour ahead
        ("2027-07-13T08:30:00+00:00", True),
        ("2027-07-13T15:29:59+00:00", True),
        ("2027-07-13T15:30:00+00:00", False),
        ("2027-07-13T17:00:00+02:00", True),  # the same moment as 4pm in the UK, told by another clock
        ("2027-01-16T12:00:00+00:00", False),  # Saturday
        ("2027-01-17T12:00:00+00:00", False),  # Sunday
        ("2027-01-01T12:00:00+00:00", False),  # New Year's Day, a Friday
        ("2027-03-26T12:00:00+00:00", False),  # Good Friday
        ("2027-03-29T12:00:00+01:00", False),  # Easter Monday
        ("2027-12-27T12:00:00+00:00", False),  # Christmas Day was a Saturday
        ("2027-12-28T12:00:00+00:00", False),  # Boxing Day was a Sunday
        ("2027-12-29T12:00:00+00:00", True),
        ("2027-03-17T12:00:00+00:00", True),  # a bank holiday in Northern Ireland; the team works in England
        ("2027-08-02T12:00:00+01:00", True),  # a bank holiday in Scotland
        # The clocks go forward on Sunday 28 March 2027; the Monday is Easter Monday.
        ("2027-03-25T09:30:00+00:00", True),
        ("2027-03-30T08:29:59+00:00", False),
        ("2027-03-30T08:30:00+00:00", True),
        # They go back on Sunday 31 October 2027.
        ("2027-10-29T08:30:00+00:00", True),
        ("2027-11-01T08:30:00+00:00", False),
        ("2027-11-01T09:30:00+00:00", True),
        ("2027-11-01T16:29:59+00:00", True),
        ("2027-11-01T16:30:00+00:00", False),
    ],
)
def test_when_it_is_open(moment, open_then):
    assert is_advice_line_open(at(moment)) is open_then


@pytest.mark.parametrize(
    ("moment", "opens"),
    [
        ("2027-01-12T09:29:59+00:00", "2027-01-12T09:30:00+00:00"),
        ("2027-01-12T16:30:00+00:00", "2027-01-13T09:30:00+00:00"),
        ("2027-01-15T16:30:00+00:00", "2027-01-18T09:30:00+00:00"),  # Friday to Monday
        ("2026-12-31T23:59:59+00:00", "2027-01-04T09:30:00+00:00"),
        ("2027-03-25T17:00:00+00:00", "2027-03-30T08:30:00+00:00"),  # over Easter, and into summer time
        ("2027-10-29T16:00:00+00:00", "2027-11-01T09:30:00+00:00"),  # into winter time
        ("2027-07-12T23:30:00+00:00", "2027-07-13T08:30:00+00:00"),  # in the UK it is Tuesday already
        ("2027-10-31T00:30:00+00:00", "2027-11-01T09:30:00+00:00"),  # 1.30am, for the first time
        ("2027-10-31T01:30:00+00:00", "2027-11-01T09:30:00+00:00"),  # 1.30am, once more
    ],
)
def test_when_it_opens_next(moment, opens):
    assert next_opening(at(moment)) == at(opens)


def test_while_it_is_open_the_page_says_until_when_and_asks_the_database_nothing():
    """No database here: the test would fail if it were asked."""
    assert whom_to_call_text(at("2027-07-13T14:00:00+00:00")) == (
        "Worried about a child? Call the advice line on 0808 800 5000: it is open until 4:30pm today. "
        "In immediate danger, call 999."
    )


@pytest.mark.django_db
def test_while_it_is_closed_the_page_gives_the_route_that_staff_set(change_settings):
    closed = at("2027-03-27T12:00:00+00:00")
    opens = "The advice line on 0808 800 5000 is closed now. It opens on Tuesday 30 March 2027 at 9:30am."
    also = "Modern Slavery & Exploitation Helpline: 08000 121 700. Check its hours on its website first."
    assert whom_to_call_text(closed) == f"Worried about a child? {opens} {also} In immediate danger, call 999."
    change_settings(out_of_hours_route="call the police on 101")
    assert (
        whom_to_call_text(closed)
        == f"Worried about a child? {opens} Until then: call the police on 101. {also} In immediate danger, call 999."
    )
    change_settings(helpline_phone="")
    change_settings(out_of_hours_route="call the duty team of your council.")
    assert "Until then: call the duty team of your council. In immediate danger" in whom_to_call_text(closed)


@pytest.mark.django_db
def test_it_is_open_at_the_times_that_staff_set_and_says_so(change_settings):
    change_settings(advice_opens=time(8), advice_closes=time(12))
    assert [is_advice_line_open(at(f"2027-01-12T{clock}+00:00")) for clock in ("07:59", "08:00", "11:59", "12:00")] == [
        *(False, True, True, False)
    ]
    assert next_opening(at("2027-01-12T12:00+00:00")) == at("2027-01-13T08:00+00:00")
    assert "it is open until midday today" in whom_to_call_text(at("2027-01-12T11:00+00:00"))
    assert advice_hours() == "Monday to Friday, 8am to midday"
    with translation.override("cy"):
        assert advice_hours() == "Dydd Llun i ddydd Gwener, 8yb i hanner dydd"


@pytest.mark.django_db
def test_a_manager_sets_the_route_and_a_form_that_stops_gives_it(change_settings):
    change_settings(out_of_hours_route="call the police on 101", by=make_staff(superuser=False, role="manager"))
    with time_machine.travel("2027-01-12 17:00+00:00"):
        assert "Until then: call the police on 101." in child_details_explanation()
    with time_machine.travel("2027-01-12 12:00+00:00"):
        assert "101" not in child_details_explanation()


CLOSED = "Advice line 0808 800 5000, closed now: it opens {}."
ALWAYS = "Advice line 0808 800 5000, Monday to Friday, 9.30am to 4.30pm"


def head_of(client, path="/about/"):
    line = re.search(r'<div class="advice-line">(.*?)</div>', client.get(path).content.decode(), re.DOTALL)
    without_print = re.sub(r'<span class="print-only">.*?</span>', "", line[1])
    return " ".join(re.sub(r"<[^>]+>", "", without_print).split()).partition("Worried about a child? ")[2]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("moment", "opens"),
    [
        ("2027-01-12T08:00:00+00:00", "today at 9.30am"),
        ("2027-01-12T16:30:00+00:00", "on Wednesday at 9.30am"),
        ("2027-01-15T20:00:00+00:00", "on Monday at 9.30am"),
        ("2027-03-25T17:00:00+00:00", "on Tuesday at 9.30am"),  # over Easter, and into summer time
        ("2027-10-31T01:30:00+00:00", "on Monday at 9.30am"),  # 1.30am, once more
        ("2027-12-24T16:30:00+00:00", "on Wednesday at 9.30am"),  # over Christmas
    ],
)
def test_head_and_panel_of_every_page_say_when_a_closed_line_opens(client, moment, opens):
    with time_machine.travel(moment, tick=False):
        for path in ("/about/", "/leaflets/", "/account/login/", "/no-such-page/"):
            assert head_of(client, path) == CLOSED.format(opens)
        panel = client.get("/about/").content.decode().partition('class="advice-panel"')[2]
        assert f"<strong>Closed now: it opens {opens}.</strong>" in panel


@pytest.mark.django_db
def test_a_kept_head_never_says_closed_while_the_line_is_open(client):
    with time_machine.travel("2027-01-12T09:29:59+00:00", tick=False) as clock:
        assert head_of(client) == CLOSED.format("today at 9.30am")
        clock.move_to("2027-01-12T09:30:00+00:00")
        assert head_of(client) == ALWAYS
        assert "Closed now" not in client.get("/about/").content.decode()
        clock.move_to("2027-01-12T16:30:00+00:00")
        assert head_of(client) == CLOSED.format("on Wednesday at 9.30am")


@pytest.mark.django_db
def test_head_and_panel_give_the_route_that_staff_set_and_ask_the_database_nothing(
    client, change_settings, django_assert_num_queries
):
    change_settings(out_of_hours_route="call the police on 101")
    with time_machine.travel("2027-01-16T12:00:00+00:00", tick=False):
        with django_assert_num_queries(0):
            assert head_of(client).endswith("9.30am. Until then: call the police on 101.")
            panel = client.get("/about/").content.decode().partition('"advice-panel"')[2]
        assert "Until then: call the police on 101." in panel
        change_settings(out_of_hours_route="call the team of <your> council.")
        with django_assert_num_queries(0):
            assert head_of(client).endswith("Until then: call the team of &lt;your&gt; council.")


@pytest.mark.django_db
def test_the_page_for_a_fault_says_it_without_a_database_and_a_cache(rf, change_settings, monkeypatch):
    """By what this process knew last."""
    change_settings(out_of_hours_route="call the police on 101")
    assert site_settings().out_of_hours_route
    reset_request_values()
    monkeypatch.setattr("django.core.cache.cache.get", Mock(side_effect=ConnectionError))
    monkeypatch.setattr(BaseDatabaseWrapper, "cursor", Mock(side_effect=OperationalError))
    with time_machine.travel("2027-01-16T12:00:00+00:00", tick=False):
        page = server_error(rf.get("/")).content.decode()
    assert "closed now: it opens on Monday at 9.30am. Until then: call the police on 101." in page
    assert 'href="tel:08000121700">08000 121 700</a>. Check its hours on its website first.' in page


def hours_at(clock: str) -> str:
    return helpline_hours_text(at(f"2027-01-16T{clock}+00:00"))


@pytest.mark.django_db
def test_hours_of_the_helpline_that_nobody_has_confirmed_are_never_told_as_open(change_settings):
    assert {hours_at(f"{hour:02}:30") for hour in range(24)} == {"Check its hours on its website first."}
    change_settings(helpline_opens=time(8), helpline_closes=time(22))
    assert [hours_at(clock) for clock in ("07:59", "08:00", "21:59", "22:00")] == [
        "It is closed now, and opens at 8am.",
        *["It is open now, until 10pm."] * 2,
        "It is closed now, and opens at 8am.",
    ]
    change_settings(helpline_opens=time(18), helpline_closes=time(2))
    assert [hours_at(clock) for clock in ("17:59", "18:00", "01:59", "02:00")] == [
        "It is closed now, and opens at 6pm.",
        *["It is open now, until 2am."] * 2,
        "It is closed now, and opens at 6pm.",
    ]
    change_settings(helpline_opens=time(0), helpline_closes=time(0))
    assert hours_at("04:40") == "It is open day and night."


@pytest.mark.django_db
@pytest.mark.parametrize("moment", ["2027-03-28T03:40:00+00:00", "2027-10-31T04:40:00+00:00"])
def test_the_helpline_keeps_uk_time_when_the_clocks_change(moment, change_settings):
    """4.40am in the UK, some hours after the change: on a clock of UTC, one of them is 3.40am."""
    change_settings(helpline_opens=time(4, 30), helpline_closes=time(5))
    assert helpline_hours_text(at(moment)) == "It is open now, until 5am."


HELPLINE = "Modern Slavery & Exploitation Helpline : 08000 121 700 . Check its hours on its website first."
SAYS_IT = ("/", "/about/", "/guidance/", "/guidance/police/", "/guidance/who-to-tell/", "/no-such-page/")


def read_text(client, path):
    page = client.get(path).content.decode()
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


@pytest.mark.django_db
@pytest.mark.parametrize("path", SAYS_IT)
def test_the_helpline_is_given_while_the_advice_line_is_closed_and_only_then(client, change_settings, path):
    """No guidance is approved here. The page for a fault is below."""
    with time_machine.travel("2027-01-13T04:40:00+00:00", tick=False) as clock:
        assert HELPLINE in read_text(client, path)
        change_settings(helpline_phone="")
        assert "Exploitation Helpline :" not in read_text(client, path)
        change_settings(helpline_phone="08000 121 700")
        clock.move_to("2027-01-13T11:00:00+00:00")
        assert "Exploitation Helpline :" not in read_text(client, path)


@pytest.mark.django_db
def test_the_helpline_is_given_beside_approved_guidance_and_on_the_answer(client):
    approve(*GuidancePage.objects.all())
    with time_machine.travel("2027-01-13T04:40:00+00:00", tick=False):
        assert HELPLINE in read_text(client, "/guidance/police/wales/")
        answer = client.post("/guidance/who-to-tell/", {"postcode": "CF10 4UW"}).content.decode()
        assert 'href="tel:08000121700"' in answer
