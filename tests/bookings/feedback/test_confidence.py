"""How confident people are, before, now and three months on; what may be quoted, and what staff choose of it."""

import re
from datetime import date, datetime, timedelta

import pytest
import time_machine
from django.conf import settings
from django.db import IntegrityError, transaction
from django.test import Client

from accounts import rate_limits
from bookings import privacy as bookings_privacy
from bookings.feedback.emails import ThreeMonthsOnEmail
from bookings.feedback.queries import Average, average_confidence, confidence_statistics, host_key, three_months_on_key
from bookings.feedback.services import get_or_create_follow_up, send_three_months_questions
from bookings.models import (
    AnniversaryPrompt,
    Booking,
    BookingState,
    ConfidenceFollowUp,
    Feedback,
    FollowUp,
    Presenter,
    ThreeMonthsOn,
)
from bookings.models.feedback import THREE_MONTHS_LINK_LIFETIME
from bookings.tasks import ask_three_months_on
from notifications.delivery.services import build_mail
from notifications.models import Notification
from notifications.registry import keeps_address
from privacy.services import erase_person, export_person
from tests.bookings.feedback.conftest import END, JUST_AFTER
from tests.bookings.open_sessions.rows import make_session
from tests.bookings.rows import at, make_booking
from tests.factories import make_person, make_staff, sign_in_staff

pytestmark = pytest.mark.django_db
SAID = {"useful": "5", "clear": "4", "ready": "5", "confidence_before": "2", "confidence_now": "4", "comment": "A break, please."}
LATER = END + timedelta(days=91)


@pytest.fixture
def follow_up(booking: Booking) -> FollowUp:
    return get_or_create_follow_up(given=booking, now=JUST_AFTER)


@pytest.fixture
def anybody() -> Client:
    return Client(enforce_csrf_checks=True)


def say(client: Client, follow_up: FollowUp, number: int = 0, **other: str) -> Feedback:
    sent = client.post(f"/f/{follow_up.code}/", {**SAID, "token": f"{number:043}", **other})
    assert sent.status_code == 302, sent.content.decode()
    return Feedback.objects.get(token=f"{number:043}")


def answer(follow_up: FollowUp, number: int, before: int | None, now: int | None, **more: object) -> Feedback:
    marks = dict.fromkeys(("useful", "clear", "ready"), 4)
    row = {"token": f"a{number}", "received_on": END.date(), "confidence_before": before, "confidence_now": now, **marks, **more}
    return Feedback.objects.create(follow_up=follow_up, **row)


# The form.


def test_the_form_asks_how_confident_they_were_and_are(anybody: Client, follow_up: FollowUp) -> None:
    page = anybody.get(f"/f/{follow_up.code}/").content.decode()
    assert "Before the presentation, how confident were you that you would notice a trafficked child" in page
    assert "How confident are you now that you would notice a trafficked child and know what to do?" in page
    assert page.count("Not at all confident") == 2
    assert 'name="quotable" checked' not in page
    answered = say(anybody, follow_up)
    assert (answered.confidence_before, answered.confidence_now, answered.quotable) == (2, 4, False)


def test_who_leaves_one_of_them_out_is_told_which_and_keeps_the_rest(anybody: Client, follow_up: FollowUp) -> None:
    left_out = {**SAID, "confidence_before": "", "token": "t" * 43, "quotable": "on"}
    page = anybody.post(f"/f/{follow_up.code}/", left_out).content.decode()
    assert "Choose how confident you were before." in page
    assert "Choose how confident you are now." not in page
    assert ("A break, please." in page, not Feedback.objects.exists()) == (True, True)
    assert re.search(r'name="quotable"[^>]*checked', page)


def test_the_host_is_asked_too(anybody: Client, follow_up: FollowUp) -> None:
    Booking.objects.update(state=BookingState.DELIVERED)
    host = {**SAID, "arranging": "5", "token": "h" * 43, "quotable": "on", "remind": "on"}
    anybody.post(f"/f/{follow_up.code}/host/{host_key(follow_up)}/", host)
    said = Feedback.objects.get()
    assert (said.by_host, said.confidence_before, said.confidence_now, said.quotable) == (True, 2, 4, True)
    assert AnniversaryPrompt.objects.exists()
    booking = follow_up.booking
    assert booking is not None
    (exported,) = bookings_privacy.export_bookings(booking.person)
    assert exported["afterwards"]["feedback"]["confidence_before"] == 2
    assert exported["afterwards"]["feedback"]["quotable"]


def test_a_childs_details_that_stay_are_no_quote(anybody: Client, client: Client, follow_up: FollowUp) -> None:
    child = {"comment": "Think of Mia Brown, born 3 May 2015.", "quotable": "on", "keep_what_i_wrote": "on"}
    said = say(anybody, follow_up, **child)
    assert (said.flagged_child_details, said.quotable) == (True, True)
    desk = sign_in_staff(client, make_staff())
    assert "Choose quotes" not in desk.get(f"/staff/bookings/followup/{follow_up.pk}/change/").content.decode()
    assert desk.post(f"/staff/bookings/followup/{follow_up.pk}/do/quotes/", {"chosen": [said.pk]}).status_code == 302
    assert Feedback.objects.get().chosen_at is None


@pytest.mark.parametrize(("before", "now"), [(3, None), (None, 3), (0, 3), (3, 6)])
def test_the_database_takes_both_or_none(follow_up: FollowUp, before: int | None, now: int | None) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        answer(follow_up, 1, before, now)


# Quotes.


def test_staff_choose_quotes_of_those_that_may_be_quoted(client: Client, follow_up: FollowUp) -> None:
    staff = make_staff()
    desk, page = sign_in_staff(client, staff), f"/staff/bookings/followup/{follow_up.pk}/do/quotes/"
    no, first, second = (
        answer(follow_up, number, 2, 4, comment=comment, quotable=quotable)
        for number, (comment, quotable) in enumerate((("Not this", False), ("I know whom to ring", True), ("Clear", True)))
    )
    change = f"/staff/bookings/followup/{follow_up.pk}/change/"
    listed = desk.get("/staff/bookings/followup/").content.decode()
    assert re.findall(r'field-number_quotes"[^>]*>(.*?)<', listed) == ["2"]
    shown = desk.get(change).content.decode()
    assert (shown.count("May be quoted"), "Choose quotes for reports" in shown) == (2, True)
    form = desk.get(page).content.decode()
    assert ("I know whom to ring" in form, "Clear" in form, "Not this" in form) == (True, True, False)
    assert "One of these may no longer be quoted. Choose again." in desk.post(page, {"chosen": [no.pk]}).content.decode()
    assert desk.post(page, {"chosen": [first.pk, second.pk]}).status_code == 302
    assert set(Feedback.objects.exclude(chosen_at=None).values_list("pk", "chosen_by")) == {
        (first.pk, staff.pk),
        (second.pk, staff.pk),
    }
    at_first = Feedback.objects.get(pk=first.pk).chosen_at
    with time_machine.travel(JUST_AFTER + timedelta(minutes=5), tick=False):
        desk.post(page, {"chosen": [first.pk]})
    assert list(Feedback.objects.exclude(chosen_at=None).values_list("pk", "chosen_at")) == [(first.pk, at_first)]
    assert "Chosen for reports" in desk.get(change).content.decode()
    with pytest.raises(IntegrityError), transaction.atomic():
        Feedback.objects.filter(pk=no.pk).update(chosen_at=JUST_AFTER)


@pytest.mark.parametrize(("role", "may"), [("coordinator", True), ("manager", True), ("read-only", False)])
def test_who_may_choose(client: Client, follow_up: FollowUp, role: str, may: bool) -> None:
    answer(follow_up, 1, 2, 4, comment="Clear", quotable=True)
    desk = sign_in_staff(client, make_staff(role=role))
    assert desk.get(f"/staff/bookings/followup/{follow_up.pk}/do/quotes/").status_code == (200 if may else 403)


def test_a_comment_that_goes_is_no_quote_any_more(follow_up: FollowUp) -> None:
    staff, chosen = make_staff(), {"quotable": True, "chosen_at": JUST_AFTER}
    answer(follow_up, 1, 2, 4, comment="Ask for me", by_host=True, arranging=4, chosen_by=staff, **chosen)
    answer(follow_up, 2, 2, 4, comment="Clear", **chosen)
    booking = follow_up.booking
    assert booking is not None
    bookings_privacy.erase_bookings(booking.person, END + timedelta(days=1))
    assert list(Feedback.objects.order_by("pk").values_list("comment", "chosen_at", "confidence_now")) == [
        ("", None, 4),
        ("Clear", JUST_AFTER, 4),
    ]
    bookings_privacy.forget_bookings([booking.pk], END + timedelta(days=1))
    assert not Feedback.objects.exclude(comment="", chosen_at=None, chosen_by=None).exists()


# Three months on.


def asks(client: Client, follow_up: FollowUp, address: str) -> str:
    return client.post(f"/f/{follow_up.code}/thanks/", {"email": address}, follow=True).content.decode()


def test_who_asks_for_it_is_asked_once_and_their_address_is_forgotten(anybody: Client, follow_up: FollowUp) -> None:
    said = say(anybody, follow_up)
    assert "May we ask you again in 3 months?" in anybody.get(f"/f/{follow_up.code}/thanks/").content.decode()
    for _twice in range(2):  # a second tap
        assert "We will email you once, on Monday 26 April 2027." in asks(anybody, follow_up, "Ana@Leeds.nhs.uk")
    later = ConfidenceFollowUp.objects.get()
    assert (later.address, later.due_at) == ("ana@leeds.nhs.uk", LATER)
    assert send_three_months_questions(now=LATER - timedelta(minutes=1)) == 0
    with time_machine.travel(LATER, tick=False) as clock:
        for _twice in range(2):
            ask_three_months_on()
        row = Notification.objects.get(kind="three-months-on")
        assert (row.recipient, row.reference, keeps_address(row.kind)) == ("ana@leeds.nhs.uk", "", False)
        later.refresh_from_db()
        assert (later.address, later.told_at) == ("", LATER)
        email = ThreeMonthsOnEmail(row)
        assert email.is_still_due()
        link = str(email.message().context["url"]).partition("ctac.example")[2] or later_link(later)
        assert link.endswith(later_link(later))
        page = anybody.get(later_link(later))
        assert page["Referrer-Policy"] == "strict-origin"
        assert "How confident are you now" in page.content.decode()
        assert not ThreeMonthsOn.objects.exists()
        assert "Choose how confident you are now." in anybody.post(later_link(later), {}).content.decode()
        clock.shift(timedelta(days=1))
        for _twice in range(2):
            done = anybody.post(later_link(later), {"confidence": "3"}, follow=True).content.decode()
            assert "Thank you. We have your answer" in done
        assert not ThreeMonthsOnEmail(row).is_still_due()
    kept = ThreeMonthsOn.objects.values("follow_up", "confidence", "received_on").get()
    assert kept == {"follow_up": follow_up.pk, "confidence": 3, "received_on": (LATER + timedelta(days=1)).date()}
    assert {field.name for field in ThreeMonthsOn._meta.fields} == {"id", *kept}  # nothing that leads to anybody
    said.refresh_from_db()
    assert said.confidence_now == 4
    assert not anybody.cookies


@pytest.mark.parametrize(
    ("here", "chosen", "subject"),
    [("cy", None, "Un cwestiwn"), ("", "cy", "Un cwestiwn"), ("en-gb", "cy", "One question"), ("", None, "One question")],
)
def test_it_goes_in_the_language_of_the_page_or_else_of_the_account(
    anybody: Client, follow_up: FollowUp, here: str, chosen: str | None, subject: str
) -> None:
    if chosen is not None:
        make_person(email="ana@leeds.nhs.uk", language=chosen)
    say(anybody, follow_up)
    if here:
        anybody.cookies[settings.LANGUAGE_COOKIE_NAME] = here
    asks(anybody, follow_up, "ana@leeds.nhs.uk")
    send_three_months_questions(now=LATER)
    row = Notification.objects.get(kind="three-months-on")
    rendered, _mail = build_mail(row, ThreeMonthsOnEmail(row))
    assert rendered.subject.startswith(subject)
    assert f'lang="{"cy" if subject == "Un cwestiwn" else "en-gb"}"' in rendered.html


def later_link(later: ConfidenceFollowUp) -> str:
    return f"/f/{later.follow_up.code}/three-months/{three_months_on_key(later)}/"


def test_links_that_are_nobodys_too_early_or_too_late(anybody: Client, follow_up: FollowUp) -> None:
    later = ConfidenceFollowUp.objects.create(follow_up=follow_up, address="a@leeds.nhs.uk", due_at=LATER)
    link = later_link(later)
    wrong = [f"/f/{follow_up.code}/three-months/{key}/" for key in (f"{later.pk}-{'0' * 32}", "x", "²-1", f"{'9' * 40}-a")]
    assert [anybody.get(path).status_code for path in wrong] == [404] * 4
    assert "This page is closed" in anybody.get(link).content.decode()  # not mailed yet
    send_three_months_questions(now=LATER)
    over = LATER + THREE_MONTHS_LINK_LIFETIME
    for moment, open_ in ((over - timedelta(minutes=1), True), (over, False)):
        with time_machine.travel(moment, tick=False):
            assert ("How confident are you now" in anybody.get(link).content.decode()) == open_
    with time_machine.travel(over, tick=False):
        anybody.post(link, {"confidence": "3"})
        ask_three_months_on()
        assert "This page is closed" in anybody.get(link).content.decode()
    assert (ThreeMonthsOn.objects.exists(), ConfidenceFollowUp.objects.exists()) == (False, False)


def test_no_more_are_asked_than_have_answered(anybody: Client, follow_up: FollowUp) -> None:
    assert "First tell us how it was." in asks(anybody, follow_up, "a@leeds.nhs.uk")
    say(anybody, follow_up)
    asks(anybody, follow_up, "a@leeds.nhs.uk")
    refused = asks(anybody, follow_up, "b@leeds.nhs.uk")
    assert ("First tell us how it was." in refused, "b@leeds.nhs.uk" in refused) == (True, True)
    assert ConfidenceFollowUp.objects.count() == 1
    say(anybody, follow_up, 2)
    asks(anybody, follow_up, "b@leeds.nhs.uk")
    assert ConfidenceFollowUp.objects.count() == 2


def test_an_address_that_is_none_too_many_and_too_late(
    anybody: Client, follow_up: FollowUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(anybody, follow_up)
    assert "Enter your email address." in asks(anybody, follow_up, "")
    assert "Enter an email address in full" in asks(anybody, follow_up, "ana at leeds")
    monkeypatch.setattr("bookings.feedback.views.FEEDBACK_RATE_LIMIT", (0, timedelta(hours=1)))
    rate_limits.clear_limits(["feedback:address:127.0.0.1"])
    assert "ana@leeds.nhs.uk" in asks(anybody, follow_up, "ana@leeds.nhs.uk")
    assert not ConfidenceFollowUp.objects.exists()
    with time_machine.travel(END + timedelta(weeks=6), tick=False):
        assert "May we ask you again" not in anybody.get(f"/f/{follow_up.code}/thanks/").content.decode()
        asks(anybody, follow_up, "ana@leeds.nhs.uk")
    assert not ConfidenceFollowUp.objects.exists()


def test_an_address_is_exported_and_erased_with_its_person(anybody: Client, follow_up: FollowUp) -> None:
    ana = make_person(name="Ana Pop", email="ana@leeds.nhs.uk")
    say(anybody, follow_up)
    asks(anybody, follow_up, "ANA@leeds.nhs.uk")
    (exported,) = export_person(ana)["asked_again"]
    asked = {"due_at": LATER, "address": "ana@leeds.nhs.uk", "language": "", "presentation": "Spotting the signs"}
    assert exported == asked
    erase_person(ana, by=None, now=JUST_AFTER)
    assert (ConfidenceFollowUp.objects.exists(), Feedback.objects.count()) == (False, 1)


@pytest.mark.parametrize("wrong", [{"address": "A@leeds.nhs.uk"}, {"address": ""}, {"told_at": LATER}, {"answered": True}])
def test_the_database_keeps_no_address_that_was_mailed(follow_up: FollowUp, wrong: dict[str, object]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        ConfidenceFollowUp.objects.create(**{"follow_up": follow_up, "address": "a@leeds.nhs.uk", "due_at": LATER, **wrong})


# Figures.


def test_averages_with_how_many_answered(client: Client, follow_up: FollowUp) -> None:
    for number, (before, now) in enumerate(((1, 4), (2, 4), (4, 5), (None, None))):
        answer(follow_up, number, before, now)
    ThreeMonthsOn.objects.create(follow_up=follow_up, confidence=4, received_on=LATER.date())
    found = [(row["statement"], row["average"], row["answers"]) for row in confidence_statistics(follow_up)]
    assert found == [("Before", "2.3", 3), ("Straight after", "4.3", 3), ("Three months on", "4.0", 1)]
    page = sign_in_staff(client, make_staff()).get(f"/staff/bookings/followup/{follow_up.pk}/change/").content.decode()
    part = page[page.index('id="how-confident"') : page.index('id="what-could"')]
    assert re.findall(r"<strong>([\d.–]+)</strong>", part) == ["2.3", "4.3", "4.0"]
    Feedback.objects.all().delete()
    assert confidence_statistics(follow_up)[0]["average"] == "–"


def slowly(first: date, last: date) -> list[Average]:
    """Row by row, in Python."""
    given = [each for each in FollowUp.objects.all() if first <= each.given.agreed_times[0].date() <= last]
    said = [row for each in given for row in each.answers.all() if row.confidence_before is not None]
    lists = [
        [row.confidence_before or 0 for row in said],
        [row.confidence_now or 0 for row in said],
        [row.confidence for each in given for row in each.three_months_on.all()],
    ]
    return [Average(len(found), sum(found) / len(found) if found else None) for found in lists]


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (date(2027, 1, 1), date(2027, 1, 31)),
        (date(2027, 1, 25), date(2027, 1, 25)),
        (date(2027, 1, 1), date(2027, 1, 24)),
        (date(2026, 1, 1), date(2027, 12, 31)),
        (date(2027, 3, 1), date(2027, 3, 31)),
    ],
)
def test_averages_of_a_period_are_those_of_its_rows(
    follow_up: FollowUp, presenter: Presenter, first: date, last: date, django_assert_num_queries: object
) -> None:
    others: list[tuple[object, datetime]] = [(make_booking, at("10:00") + timedelta(days=days)) for days in (-40, 6, 28)]
    given = [
        follow_up,
        *(get_or_create_follow_up(given=make_booking(presenter, start), now=JUST_AFTER) for _make, start in others),
    ]
    given.append(get_or_create_follow_up(given=make_session(presenter, at("10:00") + timedelta(days=2)), now=JUST_AFTER))
    for place, each in enumerate(given):
        for number in range(place + 2):
            answer(each, 10 * place + number, (place + number) % 5 + 1, (place * number) % 5 + 1)
        answer(each, 10 * place + 9, None, None)
        ThreeMonthsOn.objects.create(follow_up=each, confidence=place + 1, received_on=LATER.date())
    with django_assert_num_queries(1):  # type: ignore[operator]
        found = average_confidence(first, last)
    for quick, slow in zip((found.before, found.now, found.later), slowly(first, last), strict=True):
        average = None if quick.average is None else pytest.approx(float(quick.average))
        assert (slow.answers, slow.average) == (quick.answers, average)
