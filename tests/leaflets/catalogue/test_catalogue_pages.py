"""The catalogue, each leaflet's page, its PDF."""

import pytest
from django.urls import reverse

from leaflets.catalogue import titles as catalogue_titles
from leaflets.catalogue.services import withdraw_edition
from leaflets.models import Leaflet
from professionals.models import Profession
from tests.factories import make_person, sign_in
from tests.leaflets.factories import make_edition, make_leaflet, make_order
from tests.leaflets.statements import statements

pytestmark = pytest.mark.django_db


def titles(response):
    return [card.leaflet.title for card in response.context["shelf"].cards]


def test_the_catalogue_shows_every_active_title_in_its_order(client, now):
    make_edition(now, title="Second", position=2)
    make_edition(now, title="First", position=1)
    make_edition(now, title="Gone", active=False)
    assert titles(client.get(reverse("leaflets"))) == ["First", "Second"]


def test_the_catalogue_can_be_narrowed_to_one_profession(client, now):
    make_edition(now, title="Midwives", audience=Profession.MIDWIFE)
    make_edition(now, title="GPs", audience=Profession.GP)
    make_edition(now, title="Everyone")
    assert titles(client.get(reverse("leaflets"), {"for": "midwife"})) == ["Midwives", "Everyone"]
    assert titles(client.get(reverse("leaflets"), {"for": "nobody"})) == ["Midwives", "GPs", "Everyone"]


def test_the_filter_says_which_choice_is_on(client, now):
    make_edition(now, audience=Profession.MIDWIFE)
    make_edition(now, audience=Profession.TEACHER)
    chosen = 'aria-current="true">'
    assert f'href="/leaflets/" {chosen}All leaflets' in client.get("/leaflets/").content.decode()
    assert f'href="/leaflets/?for=midwife" {chosen}Midwife' in client.get("/leaflets/?for=midwife").content.decode()
    nobodys = client.get("/leaflets/?for=gp").content.decode()
    assert (nobodys.count(chosen), f'href="/leaflets/?for=gp" {chosen}GP' in nobodys) == (1, True)


@pytest.mark.parametrize(
    ("stock", "most", "hint"),
    [(50, 40, "In stock. Up to 40 an order"), (50, 1, "In stock. 1 an order"), (3, 40, "Only 3 left in stock")],
)
def test_each_title_says_how_many_there_are(client, now, stock, most, hint):
    make_edition(now, stock=stock, most_per_order=most)
    assert hint in client.get("/leaflets/").content.decode()


def test_the_order_form_stands_before_the_long_text_of_a_leaflet(client, now):
    page = client.get(make_edition(now, situations="At school.").leaflet.get_absolute_url()).content.decode()
    assert page.index("Get this leaflet") < page.index("Add to basket") < page.index("At school.")


def test_the_box_begins_with_what_a_team_usually_takes_or_with_what_one_may_still_have(client, now):
    person = make_person()
    said = {"usual_copies": 12, "usual_words": "A team of <nine> takes 12.", "most_per_person": 40, "most_per_order": 40}
    leaflet = make_edition(now, slug="one", **said).leaflet
    sign_in(client, person)
    for page in ("/leaflets/", "/leaflets/one/"):
        text = client.get(page).content.decode()
        assert "A team of &lt;nine&gt; takes 12. In stock. Up to 40 an order" in text
        assert ('name="one-copies" value="12"' in text) == (
            page != "/leaflets/"
        )  # where one button is for all boxes, each is empty
    make_order(person, now, {leaflet: 35})
    assert 'name="one-copies" value="5"' in client.get("/leaflets/one/").content.decode()


def test_a_title_out_of_stock_offers_its_pdf_and_to_wait(client, now):
    leaflet = make_edition(now, stock=0).leaflet
    for url in (reverse("leaflets"), leaflet.get_absolute_url()):
        page = client.get(url).content.decode()
        assert reverse("leaflet_download", args=[leaflet.slug]) in page
        assert "or order copies and wait for them" in page
        assert f'name="add" value="{leaflet.slug}"' in page


def test_a_title_without_an_edition_says_so(client):
    leaflet = make_leaflet()
    assert "We are making a new edition" in client.get(leaflet.get_absolute_url()).content.decode()


def test_a_leaflet_page_has_the_text_and_the_review_date(client, now):
    leaflet = make_edition(now, situations="At school.\nAt home.").leaflet
    page = client.get(leaflet.get_absolute_url()).content.decode()
    assert "<li>At school.</li><li>At home.</li>" in page
    assert "Published March 2026, still current. To be reviewed by March 2028." in page


@pytest.mark.parametrize("name", ["leaflet", "leaflet_download"])
def test_a_title_that_is_not_in_the_catalogue_is_not_found(client, now, name):
    hidden = make_edition(now, active=False).leaflet
    assert client.get(reverse(name, args=[hidden.slug])).status_code == 404
    assert client.get(reverse(name, args=["no-such-leaflet"])).status_code == 404


def test_anyone_downloads_the_current_pdf_with_safe_headers(client, now):
    edition = make_edition(now)
    response = client.get(reverse("leaflet_download", args=[edition.leaflet.slug]))
    assert b"".join(response.streaming_content).startswith(b"%PDF-")
    assert response.headers["Content-Type"] == "application/pdf"
    policy = response.headers["Content-Security-Policy"].split("; ")
    assert {"default-src 'none'", "object-src 'self'"} <= set(policy)  # its own; every other page has the one of the settings
    assert response.headers["Content-Disposition"] == f'inline; filename="{edition.leaflet.slug}.pdf"'
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Cache-Control"] == "public, max-age=3600"
    assert "Cookie" not in response.headers.get("Vary", "")
    assert response.cookies == {}


def test_a_withdrawn_edition_can_not_be_downloaded(client, now):
    edition = make_edition(now)
    withdraw_edition(edition=edition)
    assert client.get(reverse("leaflet_download", args=[edition.leaflet.slug])).status_code == 410


def test_the_shipped_titles_are_those_of_the_product():
    assert [(leaflet.slug, leaflet.title) for leaflet in catalogue_titles.load_titles()] == [
        ("health-visitors", "Stop child trafficking in its tracks: advice for health visitors"),
        ("social-workers", "Stop child trafficking in its tracks: advice for social workers"),
        ("emergency-care", "Stop child trafficking in its tracks: advice for A&E departments and walk-in clinics"),
        ("all-professionals", "Child trafficking is child abuse"),
    ]


def test_loading_the_catalogue_again_keeps_what_staff_changed():
    catalogue_titles.load_titles()
    Leaflet.objects.filter(slug="health-visitors").update(summary="Ours")
    catalogue_titles.load_titles()
    assert Leaflet.objects.get(slug="health-visitors").summary == "Ours"
    assert Leaflet.objects.count() == 4


@pytest.mark.parametrize("count", [1, 3])
def test_the_public_pages_take_the_same_few_statements_for_any_number_of_titles(client, now, count):
    leaflets = [make_edition(now).leaflet for _ in range(count)]
    sign_in(client, make_person())
    assert len(statements(lambda: client.get(reverse("leaflets")))) == 5
    assert len(statements(lambda: client.get(leaflets[0].get_absolute_url()))) == 7
    assert len(statements(lambda: client.get(reverse("leaflet_download", args=[leaflets[0].slug])).close())) == 3


@pytest.mark.parametrize("count", [1, 3])
def test_the_pages_of_an_order_take_the_same_few_statements_for_any_number_of_lines(client, now, count):
    person = make_person()
    order = make_order(person, now, {make_edition(now).leaflet: 1 for _ in range(count)})
    sign_in(client, person)
    taken = {
        name: len(statements(lambda name=name: client.get(reverse(name, args=[order.reference]))))
        for name in ("order", "order_placed", "order_cancel")
    }
    assert taken == {"order": 6, "order_placed": 6, "order_cancel": 4}
