"""`make screenshots`: the pictures of the README and the staff guide, from a running copy, by the tour of tests/access/tour.py.

`ALL=1 make screenshots` takes every page of the tour instead, whole, at two widths and in both schemes, for a review.
Not a test by its name: it runs only when asked, for the parts that the tests use.
"""

import io
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any, Literal

import pytest
from django.conf import settings
from PIL import Image

from core.dates import uk_day
from tests.journeys import workspace
from tests.journeys.keyboard import ALL_THERE
from tests.live.clients import inside
from tests.live.stack import Live

from . import scene
from .checks import FINISH_FADES, SCHEMES, WIDTHS, resize, restored
from .guide import links
from .ordering import packs
from .tour import PROFESSIONAL, TOURS, Guide, Tour, books, signed_out, signs_in_as_staff, take

PICTURES = Path(settings.BASE_DIR) / "docs" / "pictures"
REVIEW = Path(settings.BASE_DIR) / "var" / "screenshots"
EVERYTHING = bool(os.environ.get("ALL"))
MOST_BYTES = 120_000
COLOURS = 256
DESK = {"width": 1280, "height": 900}
TO_THE_TOP = "() => { document.activeElement?.blur(); scrollTo(0, 0); }"


@dataclass(frozen=True)
class Picture:
    """A window of that size at the top of the page; a phone's is kept at the two pixels a point that phones have."""

    name: str
    width: int = 1280
    height: int = 900
    scale: Literal["css", "device"] = "css"


def up_to(last: str, tour: Tour) -> Tour:
    for name in tour:
        yield name
        if name == last:
            return


def reads_confirmation(guide: Guide, booked_at: datetime) -> Tour:
    mail = guide.live.wait_for_mail(to=PROFESSIONAL, subject_contains="booked", after=booked_at)
    guide.open("/mailbox/")
    guide.page.locator("main .entry", has_text=PROFESSIONAL).get_by_role("link", name=mail.subject).click()
    guide.open(guide.page.locator("main iframe").first.get_attribute("src"))
    yield "mail confirmation"


def shown(guide: Guide) -> Tour:
    """The shortest way past every stop of SHOWN."""
    yield from up_to("out /leaflets/", signed_out(guide))
    start = datetime.now(UTC)
    yield from up_to("booking placed", books(guide, PROFESSIONAL))
    yield from reads_confirmation(guide, start)
    guide.page.context.clear_cookies()
    yield from signs_in_as_staff(guide)
    guide.open("/staff/")
    yield "staff index"
    yield from works(guide)


def works(guide: Guide) -> Tour:
    """What the staff guide shows."""
    guide.open("/staff/professionals/person/?q=ruth")
    [person] = links(guide, "#result_list tbody th a")
    guide.open(f"/staff/bookings/booking/add/?person={person.split('/')[-3]}")
    yield "staff book for a caller"
    guide.open(f"/staff/bookings/calendar/?day={uk_day(datetime.now(UTC)) + scene.FIRST_VISIT}")
    yield "staff team calendar"
    guide.open("/staff/bookings/booking/?q=ruth")
    guide.open(links(guide, "#result_list tbody th a")[0])
    yield "staff booking"
    twice = inside(guide.live, workspace.__name__, workspace.two_records.__name__)
    guide.open(f"/staff/professionals/person/{twice['kept']}/do/merge/?with={twice['other']}")
    yield "staff merge compare"
    yield from up_to("staff packing session", packs(guide))


SHOWN = {
    "out /": Picture("home", height=730),
    "out /leaflets/": Picture("leaflets", height=960),
    "book when": Picture("choosing-a-time", height=960),
    "booking placed": Picture("confirmation", width=390, height=844, scale="device"),
    "mail confirmation": Picture("email", width=390, height=844, scale="device"),
    "staff index": Picture("staff", height=780),
    "staff book for a caller": Picture("staff-caller", height=850),
    "staff team calendar": Picture("staff-calendar", height=700),
    "staff booking": Picture("staff-booking", height=845),
    "staff merge compare": Picture("staff-merge", height=895),
    "staff packing session": Picture("staff-packing"),
}


def save(picture: Picture, page: Any) -> int:
    """Written with as few bytes as its colours need; how many."""
    page.set_viewport_size({"width": picture.width, "height": picture.height})
    page.evaluate(TO_THE_TOP)
    page.wait_for_function(ALL_THERE)
    taken = Image.open(io.BytesIO(page.screenshot(scale=picture.scale))).convert("RGB")
    file = PICTURES / f"{picture.name}.png"
    # Median cut, which is usual, mixes away a colour of few pixels, such as our yellow.
    taken.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(file, optimize=True)
    return file.stat().st_size


@pytest.fixture
def busy(live: Live) -> Live:
    """A copy in which people have booked and ordered."""
    inside(live, scene.__name__, scene.lay_out.__name__)
    return live


@pytest.mark.skipif(EVERYTHING, reason="ALL=1 asks for the review instead")
def test_the_pictures_of_the_readme_and_the_guide(busy: Live, new_page: Callable[..., Any]) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    guide = Guide(new_page(viewport=DESK, reduced_motion="reduce", device_scale_factor=2), busy)
    sizes = {}
    for name in shown(guide):
        if name in SHOWN:
            sizes[SHOWN[name].name] = save(SHOWN[name], guide.page)
            guide.page.set_viewport_size(DESK)
    assert set(sizes) == {picture.name for picture in SHOWN.values()}
    assert {name: size for name, size in sizes.items() if size > MOST_BYTES} == {}


@pytest.mark.skipif(not EVERYTHING, reason="ALL=1 asks for it")
def test_every_page_for_a_review(busy: Live, new_page: Callable[..., Any]) -> None:
    REVIEW.mkdir(parents=True, exist_ok=True)

    def look(name: str, page: Any) -> None:
        file_name = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
        with restored(page):
            for scheme, width in product(SCHEMES, WIDTHS):
                resize(page, width)
                page.emulate_media(color_scheme=scheme)
                page.evaluate(FINISH_FADES)
                page.screenshot(path=REVIEW / f"{file_name}.{width}.{scheme}.png", full_page=True)
        page.emulate_media(color_scheme="light")

    assert take(new_page, busy, look, viewport=DESK, reduced_motion="reduce") >= sum(TOURS.values())
