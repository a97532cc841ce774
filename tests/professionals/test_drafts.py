"""A form that is not finished survives signing in, a session that ran out, and signing out; and goes after 48 hours."""

from datetime import date, timedelta

import pytest
from django.conf import settings
from django.db import IntegrityError, transaction
from django.http import HttpResponse
from django.test import RequestFactory

from bookings.models import Hold
from professionals import drafts
from professionals.access import PersonMiddleware
from professionals.models import Draft, DraftKind
from tests.bookings.rows import make_presentation, make_presenter
from tests.factories import make_person
from tests.professionals.mailing import last_code

pytestmark = pytest.mark.django_db

LATER = timedelta(hours=47)


class Browser:
    """Keeps its cookie from one request to the next, like a browser without a session."""

    def __init__(self, person=None):
        self.cookies, self.person = {}, person

    def visit(self, view):
        request = RequestFactory().get("/book/")
        request.COOKIES = dict(self.cookies)
        request.user = type("Nobody", (), {"is_authenticated": False})()

        def get_response(request):
            request.person = self.person
            self.result = view(request)
            return HttpResponse()

        self.response = PersonMiddleware(get_response)(request)
        for name, morsel in self.response.cookies.items():
            self.cookies.pop(name, None)
            if morsel.value:
                self.cookies[name] = morsel.value
        return self.result


def start(browser, now, answers=None, kind=DraftKind.BOOKING):
    draft = browser.visit(lambda request: drafts.find_or_start(request, kind, now))
    if answers:
        drafts.save_step(draft, "where", answers, now)
    return draft


def find(browser, now, kind=DraftKind.BOOKING):
    return browser.visit(lambda request: drafts.find(request, kind, now))


def sign_in(browser, person, now):
    browser.person = person
    browser.visit(lambda request: drafts.claim_drafts(request, person, now))


def test_nothing_is_found_and_nothing_asked_of_the_database_without_a_cookie(now, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert find(Browser(), now) is None


def test_the_cookie_leads_back_to_what_was_typed(now):
    browser = Browser()
    draft = start(browser, now, {"postcode": "LS1 4AP", "on": date(2027, 3, 9)})

    found = find(browser, now + LATER)

    assert found == draft
    assert found.answers == draft.answers == {"where": {"postcode": "LS1 4AP", "on": "2027-03-09"}}


def test_the_cookie_is_random_safe_and_stored_only_as_a_hash(now):
    browser = Browser()
    draft = start(browser, now)

    morsel = browser.response.cookies[settings.DRAFT_COOKIE_NAME]
    assert len(morsel.value) == 43
    assert (morsel["httponly"], morsel["samesite"], morsel["max-age"]) == (True, "Lax", 48 * 3600)
    assert morsel.value not in f"{draft.key_hash} {draft.token}"
    assert len(draft.key_hash) == 64


def test_the_cookie_is_secure_in_production(now, settings):
    settings.SESSION_COOKIE_SECURE = True
    browser = Browser()
    start(browser, now)

    assert browser.response.cookies[settings.DRAFT_COOKIE_NAME]["secure"] is True


@pytest.mark.parametrize("sent", ["", "short", "x" * 44, "é" * 43, "' OR 1=1 --"])
def test_a_cookie_that_we_did_not_make_finds_nothing(now, sent):
    browser = Browser()
    browser.cookies[settings.DRAFT_COOKIE_NAME] = sent

    assert find(browser, now) is None


def test_another_browser_finds_nothing(now):
    start(Browser(), now, {"a": 1})

    assert find(Browser(), now) is None


def test_kinds_are_kept_apart(now):
    browser = Browser()
    booking, order = start(browser, now), start(browser, now, kind=DraftKind.ORDER)

    assert (find(browser, now), find(browser, now, DraftKind.ORDER)) == (booking, order)


def test_it_goes_after_48_hours(now):
    browser = Browser()
    first = start(browser, now, {"a": 1})

    assert find(browser, now + timedelta(hours=48)) is None
    second = start(browser, now + timedelta(hours=48))
    assert (second.pk != first.pk, second.answers) == (True, {})


def test_saving_gives_another_48_hours(now):
    browser = Browser()
    draft = start(browser, now)
    drafts.save_step(draft, "when", {"b": 2}, now + LATER)

    assert find(browser, now + LATER + LATER) == draft


def test_two_tabs_that_save_different_pages_lose_neither(now):
    browser = Browser()
    one, other = start(browser, now), start(browser, now)
    drafts.save_step(one, "where", {"postcode": "LS1 4AP"}, now)
    drafts.save_step(other, "when", {"on": "2027-03-09"}, now)

    assert find(browser, now).answers == {"where": {"postcode": "LS1 4AP"}, "when": {"on": "2027-03-09"}}


def test_saving_is_one_statement(now, django_assert_num_queries):
    draft = start(Browser(), now)

    with django_assert_num_queries(1):
        drafts.save_step(draft, "where", {"a": 1}, now)


def test_signing_in_makes_it_the_persons_on_any_device(now):
    browser, person = Browser(), make_person()
    draft = start(browser, now, {"a": 1})
    sign_in(browser, person, now)

    assert find(browser, now) == draft
    assert find(Browser(person), now) == draft


def test_a_session_that_ran_out_still_finds_it(now):
    browser, person = Browser(), make_person()
    draft = start(browser, now, {"a": 1})
    sign_in(browser, person, now)
    browser.person = None

    assert find(browser, now) == draft


def test_signing_out_hides_it_from_the_next_user_and_signing_in_brings_it_back(now):
    browser, person = Browser(), make_person()
    draft = start(browser, now, {"a": 1})
    sign_in(browser, person, now)
    browser.person = None
    browser.visit(drafts.forget_cookie)

    assert find(browser, now) is None
    sign_in(browser, person, now)
    assert find(browser, now) == draft


def test_what_was_typed_last_is_laid_over_what_was_typed_on_another_device(now):
    person = make_person()
    older = start(Browser(person), now, {"postcode": "LS1 4AP", "town": "Leeds"})
    drafts.save_step(older, "details", {"audience": 12}, now)
    browser = Browser()
    start(browser, now + LATER, {"postcode": "YO1 7HH"})
    sign_in(browser, person, now + LATER)

    found = find(browser, now + LATER)
    assert (found, Draft.objects.count()) == (older, 1)
    assert found.answers == {"where": {"postcode": "YO1 7HH"}, "details": {"audience": 12}}
    browser.person = None
    assert find(browser, now + LATER + LATER) == older


@pytest.mark.parametrize("given_up", [{}, None], ids=["given up here", "never chosen here"])
def test_a_time_that_was_chosen_for_another_place_does_not_come_back(now, given_up):
    person = make_person()
    older = start(Browser(person), now, {"postcode": "LS1 4AP"})
    drafts.save_step(older, "when", {"start": "2027-03-09T09:00Z"}, now)
    browser = Browser()
    newer = start(browser, now + LATER, {"postcode": "YO1 7HH"})
    if given_up is not None:
        drafts.save_step(newer, "when", given_up, now + LATER)
    sign_in(browser, person, now + LATER)

    answers = find(browser, now + LATER).answers
    assert (answers["where"], answers.get("when") or {}) == ({"postcode": "YO1 7HH"}, {})


def test_two_baskets_become_one_and_the_newer_copies_of_a_title_win(now):
    person, browser = make_person(), Browser()
    for who, copies in ((Browser(person), {"one": 5, "two": 10}), (browser, {"two": 20, "three": 1})):
        drafts.save_step(start(who, now, {}, DraftKind.ORDER), "basket", copies, now)
    sign_in(browser, person, now)

    assert find(browser, now, DraftKind.ORDER).answers["basket"] == {"one": 5, "two": 20, "three": 1}


def test_an_expired_draft_of_theirs_is_not_brought_back(now):
    person, browser = make_person(), Browser()
    start(Browser(person), now, {"old": 1})
    after = now + timedelta(hours=49)
    draft = start(browser, after, {"new": 2})
    sign_in(browser, person, after)

    assert find(browser, after).answers == {"where": {"new": 2}}
    assert list(Draft.objects.all()) == [draft]


@pytest.mark.parametrize(
    ("held_before", "held_here", "kept"), [(True, False, "before"), (False, True, "here"), (True, True, "here")]
)
def test_a_slot_that_is_kept_stays_kept(now, held_before, held_here, kept):
    person, browser = make_person(), Browser()
    before, here = start(Browser(person), now, {"a": 1}), start(browser, now, {"b": 1})
    slots = {"before": hold(before, now) if held_before else None, "here": hold(here, now) if held_here else None}
    sign_in(browser, person, now)

    assert Hold.objects.get() == slots[kept]
    assert find(browser, now).hold == slots[kept]


def hold(draft, now):
    return Hold.objects.create(
        draft=draft,
        presenter=make_presenter(),
        presentation=make_presentation(),
        format="online",
        start=now + timedelta(days=30),
        held_at=now,
        expires_at=now + timedelta(minutes=15),
    )


def test_a_draft_with_nothing_in_it_replaces_nothing(now):
    person = make_person()
    kept = start(Browser(person), now, {"old": 1})
    browser = Browser()
    start(browser, now)
    sign_in(browser, person, now)

    assert find(browser, now) == kept


def test_another_person_in_the_same_browser_sees_nothing_of_it(now):
    browser, first, second = Browser(), make_person(), make_person()
    mine = start(browser, now, {"a": 1})
    sign_in(browser, first, now)
    sign_in(browser, second, now)

    assert find(browser, now) is None
    theirs = start(browser, now, {"b": 2})
    assert theirs.pk != mine.pk
    browser.person = None
    assert find(browser, now) == theirs
    assert find(Browser(first), now) == mine


def test_a_draft_of_another_device_is_found_here_after_time_out_once_it_was_opened_here(now):
    person = make_person()
    draft = start(Browser(person), now, {"a": 1})
    here = Browser(person)
    start(here, now)
    here.person = None

    assert find(here, now) == draft


def test_finishing_forgets_it(now):
    browser = Browser()
    drafts.finish(start(browser, now, {"a": 1}))

    assert find(browser, now) is None


def test_one_token_a_draft(now):
    tokens = {start(Browser(), now).token for _ in range(5)}

    assert (len(tokens), {len(token) for token in tokens}) == (5, {43})


def test_the_digest_depends_on_the_content_alone():
    assert drafts.digest({"a": {"x": 1, "y": [2]}, "b": 3}) == drafts.digest({"b": 3, "a": {"y": [2], "x": 1}})
    assert drafts.digest({"a": 1}) != drafts.digest({"a": "1"})
    assert drafts.digest({"on": date(2027, 3, 9)}) == drafts.digest({"on": "2027-03-09"})


def test_the_database_keeps_one_a_person_and_kind(now):
    person = make_person()
    draft = start(Browser(person), now)

    with pytest.raises(IntegrityError), transaction.atomic():
        Draft.objects.create(person=person, kind=draft.kind, key_hash="other", token="other", expires_at=now)


def test_the_adapter_adopts_after_a_real_sign_in(client, now):
    person = make_person()
    secret = "s" * 43
    client.cookies[settings.DRAFT_COOKIE_NAME] = secret
    expires_at = now.replace(year=2099)
    draft = Draft.objects.create(
        kind="order",
        key_hash=drafts._hash(secret),
        token="t",
        expires_at=expires_at,
        answers={"a": 1},
    )

    client.post("/account/login/", {"login": person.email})
    client.post("/account/login/code/confirm/", {"code": last_code(person.email)})

    draft.refresh_from_db()
    assert draft.person == person
    client.post("/account/logout/")
    assert client.cookies[settings.DRAFT_COOKIE_NAME].value == ""
    assert Draft.objects.filter(pk=draft.pk).exists()


def test_a_draft_with_a_text_that_may_be_about_a_child_lives_two_hours_and_what_is_saved_later_prolongs_it_by_no_more(now):
    browser = Browser()
    draft = start(browser, now, {"notes": "Ana Pop, born 12/03/2014", "flagged": True})
    assert find(browser, now + timedelta(hours=1, minutes=59)) == draft
    assert find(Browser(), now) is None
    later = now + timedelta(hours=1)
    drafts.save_step(draft, "when", {"start": "10am"}, later)
    draft.refresh_from_db()
    assert draft.expires_at == later + timedelta(hours=2)
    drafts.save_step(draft, "where", {"notes": "", "flagged": False}, later)
    draft.refresh_from_db()
    assert draft.expires_at == later + timedelta(hours=48)
