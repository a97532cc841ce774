"""The queue of what was stopped: counted by the hour, seen by staff, let through, and gone after a month."""

import logging
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client

from accounts import rate_limits
from accounts.models import BlockReason, LimitedActivity, RateLimit, ThrottleScope
from accounts.rate_limits import RATES_BY_ACTION, Rate
from privacy import retention as privacy_retention, services as privacy_services
from professionals import services as professionals_services
from professionals.models import BlockedAttempt, Person
from tests.factories import make_person, make_staff, make_user, sign_in_staff
from tests.reading import read_by

pytestmark = pytest.mark.django_db

LIST = "/staff/professionals/blockedattempt/"
CODE = "/account/confirm-email/"


def stop(now, **changes):
    given = {
        "where": LimitedActivity.ORDER,
        "why": BlockReason.THROTTLE,
        "by": ThrottleScope.POSTCODE,
        "key": "place-order:postcode:LS1 4AP",
        "about": "LS1",
    }
    professionals_services.record_blocked_attempt(**{**given, "now": now, **changes})
    return BlockedAttempt.objects.order_by("pk").last()


@pytest.fixture
def browser():
    return sign_in_staff(Client(), make_staff("boss@ctac.example"))


def test_what_is_stopped_in_one_hour_is_one_row_with_a_figure(now):
    for minutes in (0, 1, 59, 60):
        stop(now + timedelta(minutes=minutes))
    assert list(BlockedAttempt.objects.order_by("hour").values_list("times", "last_at")) == [
        (3, now + timedelta(minutes=59)),
        (1, now + timedelta(minutes=60)),
    ]


def test_it_takes_few_statements_and_keeps_nothing_in_the_clear(now, django_assert_num_queries, caplog):
    person = make_person()
    with django_assert_num_queries(8), caplog.at_level(logging.WARNING):
        row = professionals_services.record_blocked_attempt(
            where=LimitedActivity.SIGN_IN,
            why=BlockReason.THROTTLE,
            by=ThrottleScope.MAILBOX,
            key="code:nadia@leeds.nhs.uk",
            person=person,
            now=now,
        )
    row = BlockedAttempt.objects.get()
    assert (row.key, row.person, row.organisation) == (
        rate_limits.hash_key("code:nadia@leeds.nhs.uk"),
        person,
        person.organisation,
    )
    assert [record.getMessage() for record in caplog.records] == ["stopped at sign-in: throttle mailbox"]


def test_a_flood_from_ever_new_keys_is_one_row_past_the_most(now, monkeypatch):
    monkeypatch.setattr(professionals_services, "MAX_ROWS_PER_HOUR", 3)
    for number in range(10):
        stop(now, key=f"place-order:postcode:{number}")
    assert sorted(BlockedAttempt.objects.values_list("times", flat=True)) == [1, 1, 1, 7]
    stop(now, key="place-order:postcode:1")
    assert BlockedAttempt.objects.filter(key="").values_list("times", "about", "person").get() == (8, "", None)


def test_what_cannot_be_written_fails_nobodys_page(now, caplog):
    stop(now, why=BlockReason.TOO_OLD, about="x" * 500)
    assert len(BlockedAttempt.objects.get().about) == 100


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_opens_with_the_same_few_statements(browser, now, count, django_assert_num_queries):
    for number in range(count):
        stop(now, key=str(number), person=make_person())
    with django_assert_num_queries(8):
        page = browser.get(LIST)
    assert page.content.decode().count("Placing an order: Too many tries</a>") == count


def test_the_first_page_counts_what_nobody_has_seen(browser, now):
    row = stop(now)
    assert '<span class="waiting__figure">1</span> <span class="waiting__label">attempt stopped by a limit' in first_page(browser)
    browser.post(LIST, {"action": "seen_all", "_selected_action": [row.pk]})
    assert '<span class="waiting__figure">0</span> <span class="waiting__label">attempts stopped by a limit' in first_page(
        browser
    )
    stop(now)
    assert '<span class="waiting__figure">1</span> <span class="waiting__label">attempt stopped by a limit' in first_page(browser)


def first_page(browser):
    return browser.get("/staff/").content.decode()


def test_filters_find_what_is_not_seen_and_by_form_and_key(browser, now):
    stop(now)
    stop(now, where=LimitedActivity.SIGN_IN, why=BlockReason.HIDDEN_BOX, by=ThrottleScope.NOBODY, key="")
    professionals_services.mark_blocked_attempts_seen(
        rows=BlockedAttempt.objects.filter(where=LimitedActivity.ORDER), by=None, now=now
    )
    for query, found in {"seen=no": [0, 1], "where__exact=order": [1, 0], "by__exact=postcode": [1, 0]}.items():
        page = browser.get(f"{LIST}?{query}").content.decode()
        assert [page.count("Too many tries</a></th>"), page.count("the hidden box</a></th>")] == found


def test_let_through_lifts_that_limit_until_midnight(browser, now):
    row = stop(now)
    limit = {"place-order:postcode:LS1 4AP": (1, timedelta(hours=1))}
    assert [len(rate_limits.count_hits(limit, now)) for _ in range(2)] == [0, 1]
    BlockedAttempt.objects.update(last_at=row.last_at)
    professionals_services.lift_block(attempt=row, by=make_staff(), now=now)
    assert [len(rate_limits.count_hits(limit, now + timedelta(minutes=number))) for number in range(3)] == [0, 0, 0]
    assert rate_limits.current_hits(limit, now) == {"place-order:postcode:LS1 4AP": 0}
    midnight = now.replace(hour=0) + timedelta(days=1)
    assert [len(rate_limits.count_hits(limit, midnight)) for _ in range(2)] == [0, 1]
    row.refresh_from_db()
    assert (row.seen_at, row.let_through_at) == (now, now)


def test_the_button_is_there_for_a_limit_and_not_for_a_hidden_box(browser):
    from django.utils import timezone

    now = timezone.now()
    row = stop(now, person=make_person(name="Nadia Khan"))
    answer = browser.post(f"{LIST}{row.pk}/do/let-through/", follow=True)
    assert "This limit is off for them until midnight" in answer.content.decode()
    assert "Let through for today" not in answer.content.decode()
    assert RateLimit.objects.get(key=row.key).lifted is True
    box = stop(now, why=BlockReason.HIDDEN_BOX, by=ThrottleScope.NOBODY, key="")
    page = browser.get(f"{LIST}{box.pk}/change/").content.decode()
    assert ("Let through for today" in page, "Mark as seen" in page) == (False, True)


def test_whoever_may_not_see_it_does_not(now):
    row = stop(now)
    helper = make_staff(superuser=False)
    browser = sign_in_staff(Client(), helper)
    assert [browser.get(path).status_code for path in (LIST, f"{LIST}{row.pk}/change/")] == [403, 403]
    helper.user_permissions.add(Permission.objects.get(codename="view_blockedattempt"))
    assert browser.get(LIST).status_code == 200
    assert browser.post(f"{LIST}{row.pk}/do/let-through/").status_code == 403


def test_it_goes_after_a_month_and_with_its_person(now):
    person = make_person()
    stop(now - timedelta(days=31))
    stop(now, person=person)
    assert privacy_retention.clear_expired(now=now)["stopped"] == 1
    assert privacy_services.export_person(person)["person"]["stopped"] == [
        {"where": "Placing an order", "why": "Too many tries", "times": 1, "last": now.isoformat()}
    ]
    privacy_services.erase_person(person, by=None, now=now)
    assert (BlockedAttempt.objects.count(), Person.objects.count()) == (0, 1)


# -- Emails that somebody else may ask for -----------------------------------------------------------------------------


def few_codes(monkeypatch, most):
    rates = (Rate(ThrottleScope.MAILBOX, most, timedelta(days=1)), Rate(ThrottleScope.NETWORK, 20, timedelta(minutes=1)))
    monkeypatch.setitem(RATES_BY_ACTION, "request_login_code", rates)


def test_no_address_is_flooded_with_codes_from_many_networks(monkeypatch):
    few_codes(monkeypatch, 3)
    make_user("nadia@leeds.nhs.uk")
    answers = [
        Client(REMOTE_ADDR=f"203.0.113.{number}").post("/account/login/", {"login": "nadia@leeds.nhs.uk"}) for number in range(5)
    ]
    assert [answer.status_code for answer in answers] == [302, 302, 302, 200, 200]
    assert BlockedAttempt.objects.values_list("where", "by", "times").get() == ("sign-in", "mailbox", 2)


def test_another_code_from_the_page_counts_too(monkeypatch):
    few_codes(monkeypatch, 2)
    person = make_person(email="nadia@leeds.nhs.uk")
    from tests.professionals.mailing import mails_to

    browser = Client()
    browser.post("/account/login/", {"login": person.email})
    for _ in range(2):
        browser.post("/account/login/code/confirm/", {"action": "resend"})
    assert len(mails_to(person.email)) == 2
    assert BlockedAttempt.objects.values_list("by", "person").get() == ("mailbox", person.pk)


def test_every_email_that_anybody_may_ask_for_counts_by_its_address():
    for action in ("confirm_email", "request_login_code", "reset_password"):
        assert Rate(ThrottleScope.MAILBOX, 30, timedelta(days=1)) in RATES_BY_ACTION[action]


@pytest.mark.parametrize("rare", ["where__exact=complaint", "why__exact=too-old", "by__exact=booking"])
def test_what_is_rare_is_not_looked_for_among_all_that_was_stopped(browser, now, rare):
    with connection.cursor() as cursor:
        cursor.execute(
            'INSERT INTO professionals_blockedattempt (hour, "where", why, "by", key, about, times, last_at)'
            " SELECT at, 'order', 'throttle', 'account', 'many' || n, '', 1, at"
            " FROM generate_series(1, 5000) n, LATERAL (SELECT %s - n * interval '1 minute' AS at) then_",
            [now],
        )
        cursor.execute("ANALYZE professionals_blockedattempt")
    assert read_by(browser, f"{LIST}?{rare}") < 500
