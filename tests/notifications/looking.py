"""An email in Chromium, in the ways that mail programs show one, and what must hold in each."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection

from notifications.samples import Sample
from tests.journeys.visitor import AXE, RULES, RUN_AXE, TOO_WIDE

# A mail is a part of the mail program's page, which has the landmarks: a second "main" in there would mislead.
NOT_FOR_MAIL = ("landmark-one-main", "region")
# What a reader can't tap on a phone, or whose words run out of it.
BUTTON = """() => [...document.querySelectorAll('a.button')].map(a => a.getBoundingClientRect())
    .filter(box => box.height < 44 || box.left < 0 || box.right > innerWidth).length"""
# Words that are cut off or lie over others: what is drawn outside the table that holds it.
OUTSIDE = """() => { const page = document.querySelector('.page').getBoundingClientRect();
    return [...document.querySelectorAll('.page *')].filter(each => { const box = each.getBoundingClientRect();
        return box.width && (box.left < page.left - 1 || box.right > page.right + 1);
    }).map(each => each.outerHTML.slice(0, 80)) }"""


@dataclass(frozen=True)
class Way:
    """A width and a scheme of colours; `bare` is without the <style>, which some mail programs drop."""

    width: int
    scheme: str = "light"
    bare: bool = False

    def __str__(self) -> str:
        return f"{self.width} {self.scheme}{' bare' if self.bare else ''}"


WAYS = (Way(600), Way(390), Way(390, "dark"), Way(600, "dark"), Way(390, bare=True))


@contextmanager
def opened(browser: Any, way: Way) -> Iterator[Any]:
    """Without scripts of the email's own, and nothing may be fetched: as a program that blocks pictures."""
    context = browser.new_context(viewport={"width": way.width, "height": 700}, color_scheme=way.scheme)
    page = context.new_page()
    page.route("**/*", lambda route: route.abort())
    yield page
    context.close()
    # In the browser's loop Django opens a connection of its own, which nobody else would close: the database couldn't be dropped.
    connection.close()


def as_drawn(html: str, way: Way) -> str:
    return re.sub(r"<style>.*?</style>", "", html, count=1, flags=re.DOTALL) if way.bare else html


def faults_of(page: Any, sample: Sample, way: Way, *, by_axe: bool = True) -> list[str]:
    """Leaves the email on the page."""
    page.set_content(as_drawn(sample.html, way))
    found = ["scrolls sideways"] if page.evaluate(TOO_WIDE) else []
    found += ["a button that is hard to press"] if page.evaluate(BUTTON) else []
    found += [f"outside of the page: {each}" for each in page.evaluate(OUTSIDE)]
    if by_axe:
        if not page.evaluate("'axe' in window"):  # the next email comes into the same window
            page.evaluate(AXE)
        found += [each for each in page.evaluate(RUN_AXE, RULES) if not each.startswith(NOT_FOR_MAIL)]
    return [f"{sample.title}, {way}: {each}" for each in found]
