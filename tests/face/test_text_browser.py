"""The guidance, a booking and an order as a text browser has them, in both languages: whole and in order.

`make access` installs w3m on Debian as root. Without it these tests are skipped, and say so.
"""

import shutil
import subprocess
from collections.abc import Iterator

import pytest
import time_machine
from django.conf import settings
from django.http import HttpResponse
from django.test import Client

from bookings.models import Presentation
from guidance.models import GuidancePage
from professionals.models import Person
from tests.bookings.conftest import person, presentation, presenter
from tests.bookings.flow import confirm, fill_in
from tests.bookings.rows import NOW
from tests.face.page import Element, Page
from tests.factories import sign_in
from tests.guidance.test_pages import approve
from tests.leaflets.factories import make_edition
from tests.leaflets.orders.test_ordering import fill

__all__ = ["person", "presentation", "presenter"]

W3M = shutil.which("w3m")
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not W3M, reason="w3m is not installed: apt-get install w3m, or `make access` as root"),
]
NEAR_THE_TOP = 14  # lines: what stands above the first heading
HIDDEN = {"hidden", "govuk-visually-hidden", "print-only"}


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture(params=["en-gb", "cy"])
def reader(request: pytest.FixtureRequest, client: Client, person: Person) -> Client:
    """Signed in, in that language."""
    sign_in(client, person)
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = request.param
    return client


def squeezed(words: str) -> str:
    return "".join(words.split())


def as_text(content: str) -> str:
    words = [W3M, "-dump", "-T", "text/html", "-I", "UTF-8", "-O", "UTF-8", "-cols", "80"]
    return subprocess.run(words, input=content.encode(), capture_output=True, check=True, timeout=20).stdout.decode()  # type: ignore[arg-type] # the tests are skipped without it


def is_shown(element: Element) -> bool:
    return not any(part.classes & HIDDEN or "hidden" in part.attrs for part in (element, *element.inside))


def reads_well(response: HttpResponse) -> str:
    """The page as text. What to do in an emergency comes first; headings, labels and buttons are all there, in their order."""
    assert response.status_code == 200
    content = response.content.decode()
    page, text = Page(content), as_text(content)
    assert "999" in "\n".join(text.splitlines()[:NEAR_THE_TOP])
    said, at = squeezed(text), 0
    for element in page.elements:
        if element.tag not in {"h1", "h2", "h3", "label", "legend", "button"} or not is_shown(element) or not element.text:
            continue
        at = said.find(squeezed(element.text), at)
        assert at >= 0, element.text
        at += len(squeezed(element.text))
    assert not {"{%", "{{", "</"} & set(text.split())
    return text


@pytest.mark.parametrize("path", ["/guidance/", "/guidance/health-visitors/", "/guidance/health-visitors/scotland/"])
def test_the_guidance(reader: Client, path: str) -> None:
    approve(*GuidancePage.objects.all())
    reads_well(reader.get(path))


def test_a_booking(reader: Client, presentation: Presentation) -> None:
    for path in ("/presentations/", "/presentations/signs/", "/book/signs/where/"):
        reads_well(reader.get(path))
    wrong = reader.post("/book/signs/where/", {"format": "workplace"})
    assert wrong.context["form"].errors
    text = reads_well(wrong)
    above = [
        link.text
        for link in Page(wrong.content.decode()).all("a")
        if any("govuk-error-summary" in part.classes for part in link.inside)
    ]
    assert above
    assert all(squeezed(text).count(squeezed(error)) >= 2 for error in above)  # and beside the box
    fill_in(reader)
    for path in ("/book/signs/when/", "/book/signs/check/"):
        reads_well(reader.get(path))
    reads_well(reader.get(confirm(reader).url))


def test_an_order(reader: Client) -> None:
    leaflet = make_edition(NOW, stock=50, slug="one", title="One").leaflet
    for path in ("/leaflets/", "/leaflets/one/", "/basket/"):
        reads_well(reader.get(path))
    fill(reader, leaflet)
    for path in ("/basket/", "/order/delivery/", "/order/check/"):
        reads_well(reader.get(path))
