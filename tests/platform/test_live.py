"""The whole stack: it runs, it mends itself, it stops without a trace."""

import subprocess
import sys
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from django.conf import settings

from tests.live.fixtures import Watch


def test_the_home_page_has_no_error_in_its_console(live, page):
    assert (page.goto("/").status, page.locator("h1").count()) == (200, 1)


def test_an_unknown_page_is_not_found(live, page):
    assert page.goto("/no-such-page/").status == 404


def test_the_watch_sees_an_inline_script_that_the_policy_stops(live, browser):
    page = browser.new_page(base_url=live.base_url)
    watch = Watch(live.base_url)
    watch.over(page)
    page.goto("/")
    page.evaluate("() => { const s = document.createElement('script'); s.textContent = '1'; document.head.append(s) }")
    page.wait_for_timeout(200)
    page.close()
    assert ["Content Security Policy" in problem for problem in watch.problems] == [True]


def answers(live, path):
    try:
        with urlopen(live.base_url + path) as response:  # noqa: S310 - our own address
            return response.status == 200
    except HTTPError:  # while the database starts
        return False


@pytest.mark.parametrize("name", ["worker", "beat", "mail", "web", "database"])
def test_what_is_killed_is_started_again(live, name):
    killed = live.kill(name)
    assert live.wait_for_another(name, killed) != killed
    live.wait_for(lambda: answers(live, "/leaflets/"), 15)


def test_a_second_start_from_the_same_folder_says_where_the_first_one_is(live):
    second = subprocess.run(
        [sys.executable, "-m", "ctac.local.run"], cwd=settings.BASE_DIR, env=live.env, capture_output=True, text=True
    )
    assert (second.returncode, second.stdout.count("\n")) == (1, 1)
    assert f"already runs from this folder at {live.base_url}/" in second.stdout
