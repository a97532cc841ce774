"""Each setting is read outside `office`, and its change is seen: on a page, in an email, in a PDF or in a rule."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, time
from itertools import count
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from bench.figures import PACKAGES, ROOT
from core.pages import SITE_FACTS
from leaflets.dispatch.slips import packing_slips
from notifications.models import Notification
from notifications.samples import all_samples
from office.site_settings.forms import SETTING_NAMES
from office.site_settings.models import SETTING_BOUNDS
from office.site_settings.queries import site_settings
from professionals.forms import CallerForm
from professionals.safeguarding.advice_line import is_advice_line_open
from professionals.safeguarding.services import notify_safeguarding_lead
from tests.leaflets.dispatch.prints.reading import Read
from tests.leaflets.dispatch.prints.test_slips import slip

Place = Callable[[Client], str]  # what stands there, as text
NUMBERS = count(1)
SATURDAY = "2027-01-16T12:00:00+00:00"


def page(path: str) -> Place:
    return lambda client: client.get(path).content.decode()


def on_saturday(client: Client) -> str:
    with time_machine.travel(SATURDAY):
        return page("/about/")(client)


def home_on_saturday(client: Client) -> str:
    with time_machine.travel(SATURDAY):
        return page("/")(client)


def email(kind: str) -> Place:
    def seen(_client: Client) -> str:
        sample = next(sample for sample in all_samples() if sample.kind == kind)
        return f"{sample.text}{sample.html}{sample.as_mail().reply_to}"

    return seen


def packing_slip(_client: Client) -> str:
    with Read(packing_slips([slip()], made_at=timezone.now())) as read:
        return " ".join(" ".join(read.texts()).split())


def is_open(hour: int) -> Place:
    return lambda _client: f"open: {is_advice_line_open(datetime(2027, 1, 12, hour, tzinfo=UTC))}"


def nobodys_address(address: str) -> Place:
    """A mailbox of the team's is refused as somebody's own; the tests of each email have whom it goes to."""
    return lambda _client: str(CallerForm({"email": address}).errors.get("email", ""))


def told_of_a_child(_client: Client) -> str:
    about = f"leave:{next(NUMBERS)}"
    notify_safeguarding_lead(about=about, reference="leave", now=timezone.now())
    return Notification.objects.get(about=about).recipient


BOOKED, TEAMS_MAIL = email("booking-confirmed"), email("staff-new-order")
OURS = "mailbox of our own team"
# Of each setting another value, the words by which it is seen, and where.
USED: dict[str, tuple[Any, str, tuple[Place, ...]]] = {
    "advice_phone": ("0113 496 0001", "0113 496 0001", (page("/about/"), page("/no-such-page/"), BOOKED, packing_slip)),
    "advice_email": ("advice@example.org", "advice@example.org", (page("/about/"), BOOKED, page("/.well-known/security.txt"))),
    "advice_opens": (time(8), "8am to 4.30pm", (page("/about/"), BOOKED, packing_slip)),
    "advice_closes": (time(17), "9.30am to 5pm", (page("/about/"), BOOKED, packing_slip)),
    "out_of_hours_route": ("call the desk", "Until then: call the desk.", (on_saturday,)),
    "helpline_phone": ("0300 496 0003", "0300 496 0003", (on_saturday, home_on_saturday)),
    "site_help_email": ("site@example.org", "site@example.org", (page("/about/"), page("/no-such-page/"))),
    "site_help_phone": ("0113 496 0002", "0113 496 0002", (page("/about/"),)),
    "charity_name": ("Another Charity", "Another Charity", (page("/about/"), page("/privacy/"), BOOKED, packing_slip)),
    "charity_number": ("7654321", "7654321", (page("/about/"), BOOKED, packing_slip)),
    "charity_address": ("2 Low Street", "2 Low Street", (page("/about/"), page("/privacy/"), BOOKED, packing_slip)),
    "data_controller": ("Who decides", "Who decides", (page("/privacy/"),)),
    "data_processors": ("Host Ltd", "Host Ltd", (page("/privacy/"),)),
    "team_email": ("team@example.org", "team@example.org", (TEAMS_MAIL,)),
    "visit_escalation_email": ("boss@example.org", OURS, (nobodys_address("boss@example.org"),)),
    "request_escalation_email": ("boss@example.org", OURS, (nobodys_address("boss@example.org"),)),
    "safeguarding_lead_email": ("lead@example.org", "lead@example.org", (told_of_a_child,)),
    "data_protection_lead_email": ("dpo@example.org", OURS, (nobodys_address("dpo@example.org"),)),
}
# Figures are in tests/office/site_settings/test_rules.py, the quiet hours in tests/notifications/test_quiet.py, the hours of the
# helpline in tests/professionals/test_advice_line.py.
ELSEWHERE = {*SETTING_BOUNDS, "quiet_from", "quiet_until", "helpline_opens", "helpline_closes"}
# Of Django's settings, the first values: read by `office` alone.
FIRST_VALUES = (
    *("STAFF_EMAIL", "VISIT_ESCALATION_EMAIL", "SAFEGUARDING_LEAD_EMAIL", "OUT_OF_HOURS_ROUTE", "SITE_HELP_EMAIL"),
    *(r"CHARITY\b", "ADVICE_", "DATA_CONTROLLER", "DATA_PROCESSORS", "REQUEST_ESCALATION_EMAIL", "SITE_HELP_PHONE"),
)


def test_each_setting_has_an_entry() -> None:
    assert set(USED) | ELSEWHERE == set(SETTING_NAMES)


@pytest.mark.django_db
@pytest.mark.parametrize("name", USED)
def test_its_change_is_seen(name: str, client: Client, change_settings: Any) -> None:
    value, words, places = USED[name]
    assert [place for place in places if words in place(client)] == []
    change_settings(**{name: value})
    assert [place for place in places if words not in place(client)] == []


@pytest.mark.django_db
@pytest.mark.parametrize(("name", "value", "hour"), [("advice_opens", time(8), 8), ("advice_closes", time(18), 17)])
def test_the_advice_line_is_open_at_its_times(name: str, value: time, hour: int, client: Client, change_settings: Any) -> None:
    assert is_open(hour)(client) == "open: False"
    change_settings(**{name: value})
    assert is_open(hour)(client) == "open: True"


def test_each_is_read_outside_office() -> None:
    code = "\n".join(
        path.read_text()
        for folder in (app for app in PACKAGES if app != "office")
        for path in (ROOT / folder).rglob("*.py")
        if "migrations" not in path.parts
    )
    templates = "\n".join(path.read_text() for path in (ROOT / "templates").rglob("*.html"))
    assert [fact for fact in {f'fact "{name}"' for name in SITE_FACTS} if fact not in templates] == []
    by_facts = {"site_help_email", "site_help_phone", "charity_name", "charity_number", "charity_address"}
    by_facts |= {"advice_opens", "advice_closes"}  # the line itself reads them, and their words are a fact
    unread = {name for name in USED if not re.search(rf"\b{name}\b", code)} - by_facts
    assert unread == set()
    wrong = [name for name in FIRST_VALUES if re.search(rf"\bsettings\.{name}|override_settings\({name}", code)]
    assert wrong == []


def test_a_fact_of_a_page_is_that_of_the_settings() -> None:
    assert {name: find() for name, find in SITE_FACTS.items() if name != "hours"} == {
        "phone": site_settings().advice_phone,
        "email": site_settings().advice_email,
        "help_email": site_settings().site_help_email,
        "help_phone": site_settings().site_help_phone,
        "charity": site_settings().charity,
    }
