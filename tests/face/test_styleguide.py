"""The styleguide draws everything, well, and only for us."""

from itertools import pairwise

import pytest
from django.conf import settings
from django.template import engines
from django.test import Client, override_settings
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from bookings.models import BookingState
from ctac.styleguide import urls
from ctac.styleguide.views import PAIRS, STYLESHEET, Pair, contrast, read_palette, shades
from leaflets.models import OrderState
from notifications.samples import all_samples
from tests import factories
from tests.face.page import Page

pytestmark = pytest.mark.django_db
TEMPLATES = settings.BASE_DIR / "templates"
ADDRESSES = [reverse(pattern.name) for pattern in urls.urlpatterns if not pattern.pattern.regex.groupindex]
# Drawn nowhere on these pages, each for its reason.
NOT_DRAWN = {
    "ctac/errors.html",  # the form library's own tag asks for these two; ours draws the form inside a page’s
    "ctac/whole_uni_form.html",
    "ctac/rare.html",  # on the staff site alone, in its forms for callers
    "includes/mail_comes_back.html",  # above the pages of whoever has an address that mail comes back from
}


@pytest.fixture
def staff(client: Client) -> Client:
    return factories.sign_in_staff(client, factories.make_staff())


def read(client: Client, address: str) -> Page:
    response = client.get(address)
    assert response.status_code == 200
    return Page(response.content.decode())


@pytest.mark.urls("tests.notifications.mailbox_urls")
@override_settings(DEVELOPMENT=True)
def test_a_development_copy_shows_it_to_anyone(client: Client) -> None:
    assert read(client, "/styleguide/").one("h1").text == "Styleguide"


def test_elsewhere_it_is_not_there_for_a_visitor(client: Client) -> None:
    assert {client.get(address).status_code for address in ADDRESSES} == {404}


@pytest.mark.parametrize("address", ADDRESSES)
def test_each_page_is_well_made_and_asks_the_database_little(
    staff: Client, address: str, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(12):  # the list of emails asks for each workplace whether it is recognised
        page = read(staff, address)
    levels = [int(element.tag[1]) for element in page.elements if element.tag in {"h1", "h2", "h3", "h4"}]
    outline = levels[levels.index(1) :]  # the error summary’s heading stands above the page’s
    assert page.mistakes == []
    assert len(page.ids) == len(set(page.ids))
    assert levels.count(1) == 1
    assert [pair for pair in pairwise(outline) if pair[1] > pair[0] + 1] == []
    assert [element.tag for element in page.elements if "style" in element.attrs or element.tag == "style"] == []
    assert [element for element in page.all("script") if "src" not in element.attrs] == []


def test_each_page_is_reached_from_the_first(staff: Client) -> None:
    links = {a.attrs["href"] for first in ("/styleguide/", "/styleguide/pages/") for a in read(staff, first).all("a")}
    assert set(ADDRESSES) <= links


def test_every_shared_template_is_drawn(staff: Client) -> None:
    shared = {
        path.relative_to(TEMPLATES).as_posix() for folder in ("includes", "ctac") for path in (TEMPLATES / folder).iterdir()
    }
    for loader in engines["django"].engine.template_loaders:  # type: ignore[attr-defined]
        loader.reset()  # so that parts which are drawn once are drawn here
    drawn = {template.name for address in ADDRESSES for template in staff.get(address).templates}
    assert shared - drawn == NOT_DRAWN


def test_the_form_can_be_sent_and_says_what_is_wrong(staff: Client) -> None:
    page = Page(staff.post("/styleguide/form/", {"name": "Meera"}).content.decode())
    assert page.one(id="id_name").attrs["value"] == "Meera"
    assert page.all("div", "govuk-error-summary") != []


def test_every_question_is_shown_wrong(staff: Client) -> None:
    page = read(staff, "/styleguide/fields/")
    # The address is asked only of those who chose a workplace.
    groups = [element for element in page.elements if element.id.startswith("div_id_wrong-")]
    assert len(groups) == 13
    assert [group.id for group in groups if "govuk-form-group--error" not in group.classes] == ["div_id_wrong-address"]


def test_the_stylesheet_names_light_and_dark_colours() -> None:
    css = (
        ":root{--ink: #111111}@media print{:root{--ink: #000}}@media screen and (prefers-color-scheme: dark){:root{--ink: #eee}}"
    )
    assert read_palette(css) == {"light": {"ink": "#111111"}, "dark": {"ink": "#eee"}}


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#000000", "#fff") == 21
    assert contrast("#123456", "#123456") == 1
    assert round(contrast("#767676", "#ffffff"), 2) == 4.54  # the lightest grey that is still readable on white


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: str(pair.name))
def test_each_colour_stands_out_in_light_and_dark(pair: Pair) -> None:
    found = shades(pair, read_palette(STYLESHEET.read_text()))
    assert [(shade.scheme, shade.ratio) for shade in found if shade.ratio < pair.least] == []
    assert [shade.scheme for shade in found] == ["light", "dark"]


def test_an_email_is_shown_as_html_in_a_frame_that_nothing_leaves_and_as_text(staff: Client) -> None:
    samples = all_samples()
    for number in (1, len(samples)):
        sample, page = samples[number - 1], read(staff, f"/styleguide/emails/{number}/")
        frame = page.one("iframe")
        assert page.one("h1").text == sample.subject
        assert page.one(id="plain-text").text.split() == sample.text.replace("\n", "").split()
        assert (frame.attrs["sandbox"], frame.attrs["src"]) == ("", f"/styleguide/emails/{number}/html/")
        html = staff.get(frame.attrs["src"])
        assert html.content.decode() == sample.html
        assert html.headers["Content-Security-Policy"].endswith("frame-ancestors 'self'; sandbox")


def test_the_list_of_emails_has_each_and_no_other(staff: Client) -> None:
    titles = [heading.text for heading in read(staff, "/styleguide/emails/").all("h2")]
    assert titles == [sample.title for sample in all_samples()]
    assert titles != []
    assert [staff.get(f"/styleguide/emails/{number}/").status_code for number in (0, len(titles) + 1)] == [404, 404]


def test_lists_of_ones_own_show_every_state(staff: Client) -> None:
    page = read(staff, "/styleguide/pages/my-every-state/")
    states = {tag.text for tag in page.all("strong", "state")}
    assert states == {str(state.label) for state in [*BookingState, *OrderState]}
