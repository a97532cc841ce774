"""The page of the settings: who may see it, what it says of each, and what happens to a change."""

from collections.abc import Iterator
from datetime import time, timedelta
from typing import Any

import pytest
import time_machine
from django.db import models
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from audit.models import Entry
from core.dates import format_time
from office.site_settings.forms import LONG_TEXT_LENGTH, SETTING_GROUPS, SETTING_NAMES
from office.site_settings.models import SETTING_BOUNDS, SettingChange, SiteSettings
from office.site_settings.queries import site_settings
from office.site_settings.services import _promise_checks, register_promise_check
from tests.face.page import Page
from tests.factories import make_staff, sign_in_staff
from tests.leaflets.statements import statements

PATH = "/staff/settings/"
SAVED = "Saved. Every page and email follows from now on."
pytestmark = pytest.mark.django_db


def signed_in(name: str, role: str = "manager") -> Client:
    return sign_in_staff(Client(), make_staff(f"{name}@ctac.example", superuser=False, role=role))


@pytest.fixture
def desk() -> Client:
    return signed_in("asha")


def read(desk: Client) -> Page:
    return Page(desk.get(PATH).content.decode())


def answers(page: Page) -> dict[str, str]:
    """What the browser would send if nothing were typed."""
    form = next(form for form in page.all("form") if form.attrs.get("method") == "post" and "logout" not in form.attrs["action"])
    boxes = {
        box.attrs["name"]: box.attrs.get("value", "")
        for box in page.all("input")
        if form in box.inside and "name" in box.attrs and box.attrs.get("type") != "checkbox"
    }
    return boxes | {box.attrs["name"]: box.text for box in page.all("textarea") if form in box.inside}


def send(desk: Client, typed: dict[str, str], **changed: str) -> HttpResponse:
    return desk.post(PATH, {**typed, **changed}, follow=True)  # type: ignore[return-value]


def told(response: HttpResponse) -> str:
    return Page(response.content.decode()).one("body").text


@pytest.mark.parametrize("role", ["coordinator", "presenter", "fulfilment", "read-only"])
def test_only_managers_see_and_change_them(role: str) -> None:
    other = signed_in("other", role)
    assert (other.get(PATH).status_code, other.post(PATH, {"hold_minutes": "20"}).status_code) == (403, 403)
    assert b'href="/staff/settings/"' not in other.get("/staff/").content


def test_every_setting_stands_in_one_group_and_in_the_menu_of_managers_is_the_page(desk: Client) -> None:
    names = [field.name for field in SiteSettings._meta.concrete_fields if not field.primary_key]
    assert sorted(SETTING_NAMES) == sorted(names)
    assert len(set(SETTING_NAMES)) == len(SETTING_NAMES)
    assert b'href="/staff/settings/"' in desk.get("/staff/").content


def test_each_setting_says_what_it_does_its_bounds_and_its_first_value(desk: Client) -> None:
    page = read(desk)
    for name in SETTING_NAMES:
        field: Any = SiteSettings._meta.get_field(name)
        hint = page.one(id=f"id_{name}_helptext").text
        assert len(hint) > 5, name
        if name in SETTING_BOUNDS:
            assert hint.endswith("From {} to {}.".format(*SETTING_BOUNDS[name])), name
        first = field.get_default()
        said = format_time(first) if isinstance(first, time) else str(first or "")
        assert (f"At first: {said}." if said else "At first: empty.") in page.one("body").text, name
    assert [legend.text for legend in page.all("legend")] == [str(legend) for legend in SETTING_GROUPS]


def test_nothing_changes_by_looking_or_by_sending_what_is_there(desk: Client) -> None:
    assert SAVED in told(send(desk, answers(read(desk))))
    assert not SettingChange.objects.exists()
    assert not Entry.objects.filter(act="changed").exists()


def test_a_double_click_is_no_conflict(desk: Client) -> None:
    typed = answers(read(desk))
    for _press in range(2):
        assert SAVED in told(send(desk, typed, hold_minutes="20"))
    assert SettingChange.objects.count() == 1


def test_a_change_is_saved_true_recorded_and_audited(django_capture_on_commit_callbacks: Any) -> None:
    with time_machine.travel("2027-03-09 13:30+00:00", tick=False):
        desk = signed_in("asha")
        typed = answers(read(desk))
        with django_capture_on_commit_callbacks(execute=True):
            response = send(desk, typed, hold_minutes="20", advice_closes="5pm", charity_name="  Another\tCharity ")
        text = told(response)
    assert SAVED in text
    now = site_settings()
    assert (now.hold_minutes, now.advice_closes, now.charity_name) == (20, time(17), "Another Charity")
    assert "Before: 15. asha@ctac.example changed it on Tuesday 9 March 2027, 1:30pm." in text
    assert "Before: 4:30pm." in text
    assert set(SettingChange.objects.values_list("field", "by__email")) == {
        (name, "asha@ctac.example") for name in ("hold_minutes", "advice_closes", "charity_name")
    }
    entry = Entry.objects.get(act="changed")
    assert (entry.kind, entry.key, entry.what) == ("office.sitesettings", "1", "advice_closes, charity_name, hold_minutes")


@pytest.mark.parametrize(
    ("name", "typed", "message"),
    [
        ("hold_minutes", "4", "Enter 5 or more."),
        ("hold_minutes", "61", "Enter 60 or fewer."),
        ("hold_minutes", "a while", "Enter a whole number in figures, like 12."),
        ("advice_phone", "call us", "Enter a phone number, like 0113 496 0000."),
        ("advice_phone", "", "Fill in “Advice line”."),
        ("advice_closes", "9am", "Enter a time that is later than when the advice line opens."),
        ("advice_closes", "late", "Enter a time, such as 9am, 1:30pm or 13:30."),
        ("helpline_closes", "8am", "Enter both times of the helpline, or leave both empty."),
        ("team_email", "the team", "Enter an email address in full, like name@example.nhs.uk."),
        ("data_processors", "x" * 501, "“Who handles data for us” is 1 character too long. Use at most 500 characters."),
        ("quiet_until", "10:01am", "Enter a time that is at most 14 hours after quiet hours begin."),
        ("horizon_days", "14", "With this notice, there would be no day to book. Enter more than 20."),
    ],
)
def test_what_cannot_be_is_said_beside_its_box_and_above_and_what_was_typed_stays(
    desk: Client, name: str, typed: str, message: str
) -> None:
    more = {"notice_working_days": "10"} if name == "horizon_days" else {}
    response = send(desk, answers(read(desk)), **{"site_help_phone": "0113 496 0000", **more, name: typed})
    page = Page(response.content.decode())
    assert message in page.one(id=f"id_{name}_error").text
    summary = page.one(id="error-summary")
    assert [link.attrs["href"] for link in page.all("a") if summary in link.inside] == [f"#id_{name}"]
    kept = answers(page)
    assert (kept[name], kept["site_help_phone"]) == (typed, "0113 496 0000")
    assert not SettingChange.objects.exists()
    assert not SiteSettings.objects.exists()


def test_production_takes_no_mailbox_twice_and_no_empty_route(desk: Client, settings: Any) -> None:
    settings.PRODUCTION = True
    right = {"team_email": "team@x.org", "visit_escalation_email": "manager@x.org", "safeguarding_lead_email": "lead@x.org"}
    typed = answers(read(desk)) | right | {"out_of_hours_route": "call 101"}
    text = told(send(desk, typed, safeguarding_lead_email="Team@x.org", out_of_hours_route=""))
    assert "This is the same mailbox as “the team’s mailbox”. Enter one that somebody else reads." in text
    assert "Say who to call while the advice line is closed." in text
    assert SAVED in told(send(desk, typed))


def test_a_button_beside_a_setting_saves_its_first_value_with_all_that_was_typed(desk: Client, change_settings: Any) -> None:
    change_settings(hold_minutes=20, data_controller="Somebody")
    page = read(desk)
    assert {button.attrs["value"] for button in page.all("button") if button.attrs.get("name") == "first"} == {
        *("hold_minutes", "data_controller")
    }
    assert SAVED in told(send(desk, answers(page), first="hold_minutes", feedback_weeks="8"))
    row = SiteSettings.objects.get()
    assert (row.hold_minutes, row.feedback_weeks, row.data_controller) == (15, 8, "Somebody")
    assert SAVED in told(send(desk, answers(read(desk)), first="data_controller"))
    assert SiteSettings.objects.get().data_controller == ""
    send(desk, answers(read(desk)), first="nothing-of-ours")


def test_who_comes_second_is_told_what_has_changed_meanwhile_and_loses_nothing(desk: Client) -> None:
    mine = answers(read(desk))
    other = signed_in("tom")
    send(other, answers(read(other)), hold_minutes="20", feedback_weeks="8")

    response = send(desk, mine, hold_minutes="30", horizon_days="100")

    page = Page(response.content.decode())
    sentence = "tom@ctac.example has changed this to “{}” since you opened the page. Check the box and save again."
    assert sentence.format(20) in page.one(id="id_hold_minutes_error").text
    assert sentence.format(8) in page.one(id="id_feedback_weeks_error").text
    kept = answers(page)
    assert (kept["hold_minutes"], kept["feedback_weeks"], kept["horizon_days"]) == ("30", "8", "100")
    assert SiteSettings.objects.get().hold_minutes == 20
    assert SAVED in told(send(desk, kept))
    row = SiteSettings.objects.get()
    assert (row.hold_minutes, row.feedback_weeks, row.horizon_days) == (30, 8, 100)
    assert list(SettingChange.objects.filter(field="hold_minutes").values_list("old", "new").order_by("pk")) == [
        *(("15", "20"), ("20", "30"))
    ]


def test_the_helplines_hours_are_entered_and_emptied_again_and_both_are_recorded(desk: Client) -> None:
    assert SAVED in told(send(desk, answers(read(desk)), helpline_opens="8am", helpline_closes="10pm"))
    assert SiteSettings.objects.values_list("helpline_opens", "helpline_closes").get() == (time(8), time(22))
    text = told(send(desk, answers(read(desk)), helpline_opens="", helpline_closes=""))
    assert SAVED in text
    assert "Before: 8am. asha@ctac.example changed it" in text
    assert SiteSettings.objects.values_list("helpline_opens", "helpline_closes").get() == (None, None)
    recorded = SettingChange.objects.filter(field="helpline_opens").order_by("pk").values_list("old", "new")
    assert list(recorded) == [("", "08:00:00"), ("08:00:00", "")]


@pytest.fixture
def promised(monkeypatch: pytest.MonkeyPatch) -> None:
    def check(_old: SiteSettings, new: SiteSettings) -> Iterator[tuple[str, str]]:
        if new.hold_minutes < 15:
            yield f"BK-7Q4M-2F is held for longer than {new.hold_minutes} minutes.", "/staff/bookings/booking/1/change/"

    monkeypatch.setattr("office.site_settings.services._promise_checks", type(_promise_checks)(list))
    register_promise_check("hold_minutes", check)


@pytest.mark.usefixtures("promised")
def test_a_change_that_breaks_promises_says_which_and_goes_once_that_is_ticked(desk: Client) -> None:
    page = Page(send(desk, answers(read(desk)), hold_minutes="10", feedback_weeks="8").content.decode())
    box = page.one("div", "settings__promises")
    assert "BK-7Q4M-2F is held for longer than 10 minutes." in box.text
    assert [link.attrs["href"] for link in page.all("a") if box in link.inside] == ["/staff/bookings/booking/1/change/"]
    assert "This would break promises." in page.one(id="error-summary").text
    assert not SettingChange.objects.exists()
    again = answers(page)
    assert (again["hold_minutes"], again["feedback_weeks"]) == ("10", "8")
    assert "This would break promises." in told(send(desk, again))  # not ticked
    other = send(desk, again, sure="on", hold_minutes="9")  # ticked for something else
    assert "longer than 9 minutes" in told(other)
    assert "checked" not in Page(other.content.decode()).one("input", id="id_sure").attrs
    assert SAVED in told(send(desk, again, sure="on"))
    row = SiteSettings.objects.get()
    assert (row.hold_minutes, row.feedback_weeks) == (10, 8)


def test_it_takes_few_statements_however_often_a_setting_was_changed(desk: Client, change_settings: Any) -> None:
    for minutes in range(16, 40):
        change_settings(hold_minutes=minutes)
    typed = answers(read(desk))
    assert len(statements(lambda: desk.get(PATH))) <= 12
    assert len(statements(lambda: desk.post(PATH, {**typed, "hold_minutes": "20"}))) <= 20


def test_before_somebody_saves_they_show_who_they_are_and_the_form_waits(desk: Client) -> None:
    typed = answers(read(desk))
    with time_machine.travel(timezone.now() + timedelta(minutes=11), tick=False):
        response = desk.post(PATH, {**typed, "hold_minutes": "20"})
    assert response.headers["Location"].startswith("/account/")
    assert not SettingChange.objects.exists()


def test_the_record_has_room_for_the_longest_value() -> None:
    most = {field.name: getattr(field, "max_length", None) or 0 for field in SettingChange._meta.concrete_fields}
    longest = max(field.max_length or 0 for field in SiteSettings._meta.concrete_fields if isinstance(field, models.CharField))
    assert LONG_TEXT_LENGTH < longest <= min(most["old"], most["new"])
    assert max(map(len, SETTING_NAMES)) <= most["field"]
