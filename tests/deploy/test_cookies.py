"""Each cookie of ours as production's answers set it and take it away: for this host alone, over https, out of scripts' reach."""

from http.cookies import Morsel

from tests.deploy.browser import CSRF, DRAFT, SESSION, Browser
from tests.deploy.conftest import Site

CLOSED = {"secure": True, "httponly": True, "samesite": "Lax", "path": "/", "domain": ""}


def about(cookie: "Morsel[str]") -> dict[str, object]:
    return {name: cookie[name] for name in CLOSED}


def test_the_cookies_of_a_draft_and_of_a_session_are_closed(site: Site, things: dict[str, str]) -> None:
    """What a visitor puts into the basket is found by the one for two days; that it is there is said by the other."""
    slug = things["slug"]
    answer = Browser(site).post(f"/basket/add/{slug}/", {f"{slug}-copies": "1"})
    said = {name: about(cookie) for name, cookie in answer.cookies.items()}
    assert (answer.status, said) == (302, {DRAFT: CLOSED, SESSION: CLOSED})
    assert [len(answer.cookies[name].value) for name in (DRAFT, SESSION)] == [43, 32]
    assert [int(answer.cookies[name]["max-age"]) // 3600 for name in (DRAFT, SESSION)] == [48, 48]


def test_the_token_against_forgery_is_closed(site: Site) -> None:
    assert about(Browser(site).get("/account/login/").cookies[CSRF]) == CLOSED


def test_a_session_that_has_ended_is_taken_away_as_it_was_set(site: Site) -> None:
    """Browsers heed no word about a cookie of this prefix that is not secure and for the whole host."""
    cookie = Browser(site, {SESSION: "a" * 32}).get("/my/").cookies[SESSION]
    assert (cookie.value, cookie["max-age"]) == ("", "0")
    assert about(cookie) == CLOSED | {"httponly": ""}


def test_no_answer_sets_any_other_cookie(site: Site, things: dict[str, str]) -> None:
    browser, slug = Browser(site, {SESSION: things["owner"]}), things["slug"]
    pages = ("/", f"/leaflets/{slug}/", "/my/", "/account/details/", "/basket/", "/account/login/", "/no-such-page/")
    assert {name for path in pages for name in browser.get(path).cookies} <= {CSRF, SESSION, DRAFT}
