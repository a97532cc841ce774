"""Steps through the booking pages, as a browser takes them."""

import re

from django.http import HttpResponse
from django.test import Client

PLACE = {"format": "workplace", "address_line_1": "St James", "address_line_2": "", "town": "Leeds", "postcode": "ls1 4ap"}
DETAILS = {"audience_size": "12", "contact_name": "Jo Green", "contact_phone": "0113 496 0001", "access_needs": "Hearing loop"}
WHERE = {**PLACE, **DETAILS}  # what the first page asks
TEN = "2027-01-25T10:00Z"


def fill_in(client: Client, *, start: str = TEN, where: dict[str, str] = WHERE) -> None:
    assert client.post("/book/signs/where/", {**DETAILS, **where}).url == "/book/signs/when/"
    assert client.post("/book/signs/when/", {"start": start}).url == "/book/signs/check/"


def hidden(response: HttpResponse) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="(token|digest)" value="([^"]+)"', response.content.decode()))


def confirm(client: Client) -> HttpResponse:
    return client.post("/book/signs/check/", hidden(client.get("/book/signs/check/")))


def text(response: HttpResponse) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def without_the_switch(response: HttpResponse) -> str:
    """The page without its switch of language, the one form that needs no "Origin" (ctac/views.py)."""
    page, switches = re.subn(
        r'<form class="language" method="post" novalidate action="/language/">.*?</form>',
        "",
        response.content.decode(),
        flags=re.DOTALL,
    )
    assert switches == 1
    return page
