"""Every page in every state, held against what every page must be. `make access` looks in every scheme and width."""

import os
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings

from tests.live.stack import Live

from .checks import Examiner, bring_axe
from .tour import GUIDANCE, LONG, PAGES, TOURS, Guide, Tour, professional, staff, styleguide
from .weight import weigh

THOROUGH = os.environ.get("ACCESS") == "thorough"
DESK = {"viewport": {"width": 1280, "height": 900}, "reduced_motion": "reduce"}
MOST_BYTES, MOST_REQUESTS = 40_000, 5  # issue "The face": what a first visit to a public page may cost
MOST_BYTES_OF_GUIDANCE, MOST_REQUESTS_OF_GUIDANCE = 20_000, 4  # which somebody with a worry opens on a phone
PUBLIC = [*PAGES, "/leaflets/health-visitors/", "/presentations/spotting-the-signs/", "/account/login/"]
PUBLIC += [
    "/account/login/password/",
    "/account/password/reset/",
    "/book/spotting-the-signs/where/",
    "/leaflets/all-professionals/",
]


def slow(tour: Callable[[Guide], Tour]) -> Any:
    """Those that see most pages: of them, journeys show the most important to axe in every run."""
    return pytest.param(tour, marks=pytest.mark.slow) if tour in (professional, staff, styleguide) else tour


@pytest.mark.parametrize("tour", [slow(tour) for tour in TOURS if THOROUGH or tour not in LONG], ids=lambda tour: tour.__name__)
def test_every_page_on_the_tour_holds(
    tour: Callable[[Guide], Tour], new_page: Callable[..., Any], live: Live, record_figures: Callable[[str, object], None]
) -> None:
    guide, examine = Guide(new_page(**DESK), live), Examiner(thorough=THOROUGH)
    bring_axe(guide.page)
    for name in tour(guide):
        examine(name, guide.page)
    record_figures(f"tour {tour.__name__}", examine.figures)
    assert examine.figures.faults == []
    assert examine.figures.counts["pages and states"] >= TOURS[tour]


@pytest.mark.parametrize("path", PUBLIC)
def test_a_first_visit_is_light(path: str, new_page: Callable[..., Any], record_figures: Callable[[str, object], None]) -> None:
    weight = weigh(new_page(**DESK), path)
    if weight.layout_shift:  # what a page does wrong it does each time; a browser short of time may do it once
        record_figures("moved once", weight)
        weight = weigh(new_page(**DESK), path)
    record_figures("first visit", weight)
    most = (MOST_BYTES_OF_GUIDANCE, MOST_REQUESTS_OF_GUIDANCE) if path in GUIDANCE else (MOST_BYTES, MOST_REQUESTS)
    assert (weight.bytes <= most[0], weight.requests <= most[1], weight.fonts) == (True, True, 0), weight
    assert weight.layout_shift == pytest.approx(0, abs=0.001), weight


@pytest.mark.parametrize("path", GUIDANCE)
def test_a_first_visit_to_the_guidance_in_welsh_is_light(
    path: str, new_page: Callable[..., Any], live: Live, record_figures: Callable[[str, object], None]
) -> None:
    page = new_page(**DESK)
    page.context.add_cookies([{"name": settings.LANGUAGE_COOKIE_NAME, "value": "cy", "url": live.base_url}])
    weight = weigh(page, path)
    record_figures("first visit in Welsh", weight)
    assert page.locator("html").get_attribute("lang") == "cy"
    assert (weight.bytes <= MOST_BYTES_OF_GUIDANCE, weight.requests <= MOST_REQUESTS_OF_GUIDANCE) == (True, True), weight


PASSKEY, BELOW = "form[data-passkey-ask]", 'main a[href$="no-way-in/"]'


def test_a_passkey_has_its_place_before_a_script_shows_it_and_none_where_it_can_not_be(new_page: Callable[..., Any]) -> None:
    def tops(page: Any, wait: str) -> list[float]:
        page.goto("/account/login/", wait_until=wait)
        return [page.locator(selector).evaluate("place => place.getBoundingClientRect().top") for selector in (PASSKEY, BELOW)]

    early, late, without, old = new_page(**DESK), new_page(**DESK), new_page(**DESK, java_script_enabled=False), new_page(**DESK)
    early.route("**/page*.js", lambda route: route.fulfill(content_type="text/javascript", body=""))
    old.add_init_script("delete window.PublicKeyCredential")

    assert tops(early, "load") == tops(late, "networkidle")
    for page in (without, old):
        page.goto("/account/login/", wait_until="networkidle")
        assert not page.locator(PASSKEY).is_visible()
    assert late.locator(PASSKEY).is_visible()


SPOILT = """() => {
    document.querySelector('main').insertAdjacentHTML('beforeend', `<h1>Another</h1><input type="text" style="outline: none">
        <div class="govuk-error-summary"><a href="#nowhere">Enter a date</a></div><pre>${'wide '.repeat(200)}</pre>`);
    document.querySelector('main input').style.cssText = 'opacity: 0; outline: none';
}"""


def test_the_examiner_finds_what_is_wrong(new_page: Callable[..., Any]) -> None:
    page = new_page(**DESK, bypass_csp=True)
    page.goto("/about/")
    page.evaluate(SPOILT)
    examine = Examiner(thorough=True)
    examine("spoilt", page)
    found = "\n".join(examine.figures.faults)
    for fault in ("2 h1 elements", "scrolls sideways", "disagree", "brings the focus to no field", "label: ", "has no name"):
        assert fault in found, (fault, found)


UNSEEN = """() => {
    document.querySelector('main').insertAdjacentHTML('beforeend', `<a href="#a" style="opacity: 0; outline: none">Faint</a>
        <p style="position: relative"><a href="#b">Under</a>
        <span style="position: absolute; inset: 0; background: teal"></span></p>
        <a href="#c" style="position: absolute; top: -50px">Beyond</a><button></button><a href="#d" tabindex="3">First</a>`);
    document.querySelector('main').insertAdjacentHTML('afterbegin',
        `<div tabindex="0" aria-label="Tall" style="width: 100%; height: 3000px">Much</div>`);
}"""


def test_a_short_look_finds_what_nobody_sees_focused(new_page: Callable[..., Any]) -> None:
    """What is larger than the window is seen as soon as a part of it is."""
    page = new_page(**DESK, bypass_csp=True)
    page.goto("/about/")
    page.evaluate(UNSEEN)
    found = "\n".join(Examiner(thorough=False).focus(page))
    assert "'Under' has the focus out of sight" in found
    assert "'Beyond' has the focus out of sight" in found
    assert "a stop has no name" in found
    assert "comes before its turn" in found
    assert "Tall" not in found
