"""The first-run check: each line in order and not, who sees it, and what it costs; a check that fails is a line of its own."""

import json
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.test import Client, override_settings
from django.utils import timezone

from accounts.models import User
from accounts.roles import ROLES_BY_SLUG
from bookings.models import DutyShift
from core import health
from core.dates import uk_day
from ctac import welsh
from ctac.celery import app, build_beat_schedule
from guidance.content import AUDIENCES, NATIONS
from guidance.models import AreaContact, GuidancePage
from guidance.services import approve_page
from notifications.delivery.mail_test import MAIL_TEST_LIFETIME, MIN_TEST_INTERVAL, MailTest, mail_tests
from notifications.models import Notification, NotificationState
from professionals.samples import STAFF_EMAIL
from staff import first_run
from staff.first_run import FirstRunCheck, Light
from staff.site import staff_site
from tests.face.page import Page
from tests.factories import make_staff, sign_in_staff
from tests.leaflets.statements import statements
from tests.notifications.conftest import free_port

pytestmark = pytest.mark.django_db
URL, SEND, CAME = "/staff/first-run/", "/staff/mail-test/send/", "/staff/mail-test/came/"
MOST = 20  # statements
DAY = timedelta(days=1)


@pytest.fixture
def manager() -> User:
    return make_staff("helen@ctac.example", role="manager", name="Helen Byrne")


@pytest.fixture
def desk(manager: User) -> Client:
    return sign_in_staff(Client(), manager)


def line(label: str) -> FirstRunCheck:
    """As a worker finds it."""
    [found] = [each for lines in first_run.run_first_run_checks().values() for each in lines if str(each.label) == label]
    return found


def light(label: str) -> Light:
    return line(label).light


def on_page(desk: Client, label: str) -> str:
    """What the page says in that line: its light in words, the sentence, and its buttons."""
    response = desk.get(URL)
    [found] = [each for lines in response.context["sections"].values() for each in lines if str(each.label) == label]
    shown = Page(response.content.decode())
    buttons = [button.text for button in shown.all("button")]
    assert all(str(button.label) in buttons for button in found.buttons)
    texts = [each.text for each in shown.all("dd")]
    return next(text for text in texts if text.startswith(f"{found.light.label} {found.sentence}"))


# The page


def test_each_line_says_its_light_in_words_and_the_figures_add_up(desk: Client) -> None:
    response = desk.get(URL)
    lines = [each for lines in response.context["sections"].values() for each in lines]
    text = response.content.decode()
    assert len(lines) == sum(response.context["figures"].values()) > 15
    assert {each.light for each in lines} == {Light.GREEN, Light.AMBER, Light.RED}
    assert all(str(each.sentence) for each in lines)
    for each in Light:
        assert str(each.label) in text
    assert "<script" not in text.split('id="content-main"')[1].split("</main>")[0]


@pytest.mark.parametrize("role", [slug for slug in ROLES_BY_SLUG if slug != "manager"])
def test_it_is_for_managers(role: str) -> None:
    client = sign_in_staff(Client(), make_staff(role=role))
    assert [client.get(URL).status_code, client.post(SEND).status_code, client.post(CAME).status_code] == [403] * 3
    assert not mail_tests().exists()


def test_a_manager_finds_it_in_the_menu(desk: Client) -> None:
    assert f'href="{URL}"' in desk.get("/staff/accounts/user/").content.decode()


def test_it_takes_few_statements_whatever_there_is(desk: Client, manager: User) -> None:
    for number in range(30):
        make_staff(f"colleague{number}@ctac.example", role=["coordinator", "presenter"])
        Notification.objects.create(
            kind=MailTest.name, about=f"user:{number}", recipient=f"{number}@x.example", message_id=f"<{number}@x>",
            created_at=timezone.now(), due_at=timezone.now(), received_at=timezone.now() if number % 2 else None,
        )  # fmt: skip
    today = uk_day(timezone.now())
    for number in range(7):
        people = {"duty_person": make_staff(role="coordinator"), "deputy": make_staff(role="manager")}
        DutyShift.objects.create(first_day=today + number * DAY, last_day=today + number * DAY, **people)
    desk.get(URL)
    asked = statements(lambda: desk.get(URL))
    assert len(asked) <= MOST, asked


def test_a_check_that_fails_is_a_red_line_and_a_line_in_the_log(
    desk: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_request: object) -> list[FirstRunCheck]:
        raise RuntimeError("helen@ctac.example")

    monkeypatch.setattr(first_run, "_checks", [*first_run._checks, (first_run.CONTENT_SECTION, "Broken one", fail)])
    assert on_page(desk, "Broken one") == "Red: put this right This could not be checked. The site’s log says why."
    [said] = [record.getMessage() for record in caplog.records if record.name == first_run.__name__]
    assert said == "The first-run check “Broken one” failed: RuntimeError"


def test_a_cache_that_is_away_is_a_red_line(desk: Client) -> None:
    away = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": f"redis://127.0.0.1:{free_port()}/1"}
    with override_settings(CACHES={"default": away}):
        assert on_page(desk, "Worker and beat").startswith("Red: put this right This could not be checked.")
        assert first_run.get_red_line_count() == 1


# Today, and the count that a worker makes


def test_today_says_how_many_are_red_as_last_counted_and_one_when_nobody_counts() -> None:
    assert first_run.get_red_line_count() == 1
    first_run.count_red_lines()
    counted = [each for lines in first_run.run_first_run_checks().values() for each in lines if each.light is Light.RED]
    assert first_run.get_red_line_count() == len(counted) > 1
    assert not any(waiting is first_run.RED_LINES_WAITING for _section, waiting in staff_site._waiting)


def test_in_production_a_manager_sees_the_line_on_today(desk: Client, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    monkeypatch.setattr(staff_site, "_waiting", [("Settings", first_run.RED_LINES_WAITING)])
    cache.set(first_run.RED_LINES_KEY, 3)
    [link] = Page(desk.get("/staff/").content.decode()).all("a", css_class="waiting__link", href=URL)
    assert link.text == "3 red lines of the first-run check"
    cache.set(first_run.RED_LINES_KEY, 0)
    assert "waiting__line--none" in desk.get("/staff/").content.decode()
    assert URL not in sign_in_staff(Client(), make_staff(role="coordinator")).get("/staff/").content.decode()


def test_beat_asks_for_the_count_in_production(settings: Any) -> None:
    name = "count the red lines of the first-run check"
    assert name not in build_beat_schedule()
    settings.PRODUCTION = True
    assert build_beat_schedule()[name]["task"] == first_run.count_red_lines.name
    assert first_run.count_red_lines.name in app.tasks


# The machine


@pytest.mark.parametrize(
    ("site", "opened_at", "expected"),
    [
        ("https://ctac.example", "https://ctac.example", "Green"),
        ("https://ctac.example", "https://www.ctac.example", "Amber"),
        ("http://ctac.example", "http://ctac.example", "Red"),
    ],
)
def test_emails_link_to_where_the_site_is(desk: Client, settings: Any, site: str, opened_at: str, expected: str) -> None:
    scheme, _colon, host = opened_at.partition("://")
    settings.SITE_URL, settings.ALLOWED_HOSTS = site, [host]
    response = desk.get(URL, headers={"host": host}, secure=scheme == "https")
    [found] = [each for each in response.context["sections"]["The machine"] if str(each.label) == "Address of the site"]
    assert str(found.light.label).startswith(expected)
    assert opened_at in found.sentence


def test_a_worker_that_ran_a_task_is_alive_and_one_that_did_not_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    assert light("Worker") is Light.RED
    monkeypatch.setattr(health, "_last_task_noted", [-health.math.inf])
    first_run.count_red_lines.apply()
    assert line("Worker").sentence == "A worker ran a task just now."
    assert light("Worker") is Light.GREEN
    cache.delete(health.TASK_RAN_KEY)
    first_run.count_red_lines.apply()  # at once again: this process noted it a moment ago
    assert light("Worker") is Light.RED


def test_beat_and_the_monitor_outside(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (light("Beat, which asks the worker"), light("Monitor outside")) == (Light.RED, Light.AMBER)
    settings.WATCHER_PING_URL = f"http://127.0.0.1:{free_port()}/ping"
    health.record_visit_watch()
    assert (light("Beat, which asks the worker"), light("Monitor outside")) == (Light.GREEN, Light.RED)
    monkeypatch.setattr(health, "urlopen", lambda *_args, **_how: BytesIO())
    health.record_visit_watch()
    assert light("Monitor outside") is Light.GREEN


def test_what_readyz_finds_stands_there(monkeypatch: pytest.MonkeyPatch) -> None:
    assert light("Database and outbox") is Light.GREEN
    monkeypatch.setitem(health.READINESS_CHECKS, "outbox", lambda: "the oldest due message has waited 14 minutes")
    found = line("Database and outbox")
    assert (found.light, found.details) == (Light.RED, ("outbox: the oldest due message has waited 14 minutes",))


def test_backups(settings: Any, tmp_path: Path) -> None:
    settings.BACKUP_DIR = ""
    assert (light("Backup"), light("Restore")) == (Light.RED, Light.RED)
    settings.BACKUP_DIR = str(tmp_path)
    assert (light("Backup"), light("Restore")) == (Light.RED, Light.RED)

    def note(name: str, ago: timedelta) -> None:
        (tmp_path / name).write_text(json.dumps({"backup": "ctac-1", "at": (timezone.now() - ago).isoformat()}))

    note("made.json", timedelta(hours=1))
    assert light("Backup") is Light.GREEN
    note("made.json", 2 * DAY)
    assert light("Backup") is Light.RED
    note("tried.json", 8 * DAY)
    assert light("Restore") is Light.GREEN
    note("tried.json", 16 * DAY)
    assert light("Restore") is Light.AMBER
    (tmp_path / "made.json").write_text("half")
    assert line("Backup and restore").sentence.startswith("This could not be checked.")


# Mail


def test_a_test_email_goes_out_and_is_green_once_its_reader_says_so(desk: Client, manager: User) -> None:
    assert on_page(desk, "Mail leaves").startswith("Red: put this right Nobody has said yet")
    desk.post(SEND)
    sent = mail_tests().get()
    assert (sent.recipient, sent.about, sent.expires_at - sent.created_at) == (
        manager.email,
        f"user:{manager.pk}",
        MAIL_TEST_LIFETIME,
    )
    assert "waits for a worker" in on_page(desk, "Mail leaves")
    mail_tests().update(attempts=2, last_error="421 not now")
    assert on_page(desk, "Mail leaves").startswith("Red: put this right The mail server has not taken")
    mail_tests().update(state=NotificationState.SENT, sent_at=timezone.now(), last_error="")
    assert on_page(desk, "Mail leaves").startswith("Amber: look at this Your test email left")
    assert desk.post(CAME).status_code == 302
    received_at = mail_tests().get().received_at
    assert on_page(desk, "Mail leaves").startswith("Green: in order A test email came on")
    desk.post(CAME)
    assert mail_tests().get().received_at == received_at


def test_a_test_email_that_failed_is_red(desk: Client) -> None:
    desk.post(SEND)
    mail_tests().update(state=NotificationState.FAILED)
    assert on_page(desk, "Mail leaves").startswith("Red: put this right Your test email")


def test_one_a_minute_is_sent(desk: Client) -> None:
    answers = [desk.post(SEND, follow=True).content.decode() for _time in range(2)]
    assert ["Wait a minute before you send another" in text for text in answers] == [False, True]
    mail_tests().update(created_at=timezone.now() - MIN_TEST_INTERVAL)
    desk.post(SEND)
    assert [row.version for row in mail_tests()] == [2, 1]


def test_nothing_came_that_was_not_sent(desk: Client) -> None:
    assert "Send yourself a test email first" in desk.post(CAME, follow=True).content.decode()


def test_get_sends_nothing(desk: Client) -> None:
    assert (desk.get(SEND).status_code, desk.get(CAME).status_code, mail_tests().count()) == (405, 405, 0)


def test_another_managers_test_is_not_mine_to_confirm(desk: Client) -> None:
    desk.post(SEND)
    other = sign_in_staff(Client(), make_staff(role="manager"))
    other.post(CAME)
    assert mail_tests().get().received_at is None
    assert on_page(other, "Mail leaves").startswith("Red")


def test_the_three_mailboxes(change_settings: Callable[..., None]) -> None:
    change_settings(team_email="a@x.example", visit_escalation_email="b@x.example", safeguarding_lead_email="c@x.example")
    assert light("Mailboxes") is Light.GREEN
    change_settings(safeguarding_lead_email="A@x.example")
    assert (light("Mailboxes"), "the team’s mailbox, safeguarding lead" in line("Mailboxes").sentence) == (Light.RED, True)


def test_the_route_out_of_hours(change_settings: Callable[..., None]) -> None:
    change_settings(out_of_hours_route="call 101")
    assert light("When the advice line is closed") is Light.GREEN
    change_settings(out_of_hours_route="")
    assert light("When the advice line is closed") is Light.RED


# Colleagues


def ready(user: User, *kinds: str) -> User:
    for kind in kinds:
        Authenticator.objects.create(user=user, type=kind, data={})
    user.last_login = timezone.now()
    user.save()
    return user


def test_accounts(manager: User) -> None:
    factors = (Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES)
    labels = ("Who holds which role", "A role for each", "Signed in", "Second factors", "Recovery codes")
    ready(manager, *factors)
    assert [light(label) for label in labels] == [Light.RED, *[Light.GREEN] * 4]  # one manager
    ready(make_staff(superuser=True, name="Root"), *factors)
    assert light(labels[0]) is Light.AMBER
    for slug in ("coordinator", "presenter", "fulfilment"):
        ready(make_staff(role=slug), *factors)
    assert [light(label) for label in labels] == [Light.GREEN] * 5
    assert "Manager: Helen Byrne, Root" in line(labels[0]).details
    make_staff("new@ctac.example", superuser=False, name="New One")
    ready(make_staff("half@ctac.example", role="presenter", name="Half"), Authenticator.Type.WEBAUTHN)
    assert [light(label) for label in labels] == [Light.GREEN, *[Light.AMBER] * 4]
    named = [[name in line(label).sentence for name in ("New One", "Half")] for label in labels[1:]]
    assert named == [[True, False], [True, False], [True, False], [False, True]]
    User.objects.filter(email__in=["new@ctac.example", "half@ctac.example"]).update(is_active=False)
    assert [light(label) for label in labels] == [Light.GREEN] * 5


def test_a_lead_and_a_deputy_read_what_may_be_about_a_child(manager: User) -> None:
    """Red while nobody has the role, since every manager can read it then."""
    make_staff(superuser=True, name="Root")
    assert light("Safeguarding lead") is Light.RED
    lead = make_staff(role="safeguarding-lead", name="Grace Amadi")
    assert (light("Safeguarding lead"), "Grace Amadi" in line("Safeguarding lead").sentence) == (Light.AMBER, True)
    make_staff(role="safeguarding-lead", name="Martin Shaw")
    assert light("Safeguarding lead") is Light.GREEN
    User.objects.filter(pk=lead.pk).update(is_active=False)
    assert light("Safeguarding lead") is Light.AMBER


def test_names_are_few() -> None:
    assert first_run.names_text(["A", "B", "C", "D", "E"]) == "A, B, C, D, E"
    assert first_run.names_text(["A", "B", "C", "D", "E", "F", "G"]) == "A, B, C, D, E and 2 more"


@pytest.mark.tuesday
def test_who_is_on_duty(manager: User) -> None:
    today = uk_day(timezone.now())  # a Tuesday
    deputy = make_staff(role="coordinator", name="Robin Clarke")
    assert light("Who is on duty") is Light.RED
    shift = DutyShift.objects.create(first_day=today, last_day=today, duty_person=manager, deputy=deputy)
    assert (light("Who is on duty"), line("Who is on duty").details) == (Light.AMBER, ("Today: Helen Byrne, Robin Clarke",))
    shift.last_day = today + 3 * DAY  # to Friday; Monday is lacking
    shift.save()
    assert light("Who is on duty") is Light.AMBER
    DutyShift.objects.create(first_day=today + 6 * DAY, last_day=today + 6 * DAY, duty_person=manager, deputy=deputy)
    assert light("Who is on duty") is Light.GREEN
    deputy.is_active = False
    deputy.save()
    assert light("Who is on duty") is Light.RED


# What people read


def test_guidance(manager: User) -> None:
    now, author = timezone.now(), make_staff(role="coordinator")
    assert light("Guidance") is Light.RED

    def approve(page: GuidancePage) -> None:
        approve_page(page, author=author, review_on=uk_day(now) + DAY, digest=page.text_digest(), by=manager, now=now)

    english = GuidancePage.objects.filter(language="en-gb")
    for page in english.filter(nation="england"):
        approve(page)
    found, each = line("Guidance"), len(AUDIENCES)
    assert (found.light, found.details[:2]) == (Light.AMBER, (f"England: {each} of {each} pages", f"Wales: 0 of {each} pages"))
    for page in english.exclude(nation="england"):
        approve(page)
    assert light("Guidance") is Light.GREEN
    assert f"In Welsh: 0 of {each * len(NATIONS)} pages" in line("Guidance").details


def test_phone_numbers_of_areas() -> None:
    label = "Who to tell in each area"
    assert light(label) is Light.AMBER
    AreaContact.objects.update(phone="0113 496 0001")
    assert light(label) is Light.GREEN


def test_the_welsh(monkeypatch: pytest.MonkeyPatch) -> None:
    assert light("Welsh") is Light.AMBER
    po = welsh.read_po_file()
    whole = type(po)()
    whole.extend(po.translated_entries())
    monkeypatch.setattr(welsh, "read_po_file", lambda: whole)
    monkeypatch.setattr(welsh, "approved_digests", lambda: {welsh.digest(entry) for entry in whole})
    assert light("Welsh") is Light.GREEN


def test_sample_data_must_not_be_in_production(settings: Any) -> None:
    make_staff(STAFF_EMAIL)
    assert light("Sample data") is Light.GREEN
    settings.PRODUCTION = True
    assert light("Sample data") is Light.RED
    User.objects.all().delete()
    assert light("Sample data") is Light.GREEN
