"""No word of a public page is left in English: with a catalogue that marks every string, none is without its mark."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils.translation import trans_real

from ctac import welsh

pytestmark = pytest.mark.django_db

MARK = "¤"
SKIPPED = {"script", "style", "code"}  # code: names of cookies
NAMES = re.compile(r"CTAC|English|\S+@\S+")
PAGES = [
    *("/", "/about/", "/privacy/", "/cookies/", "/accessibility/", "/security/", "/leaflets/", "/presentations/", "/sessions/"),
    *("/basket/", "/f/", "/account/login/", "/account/login/password/", "/account/no-way-in/", "/privacy/complaint/"),
]


class Words(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.skipping, self.found = 0, list[str]()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.skipping += tag in SKIPPED
        self.found += [value for name, value in attrs if name in {"aria-label", "title", "alt"} and value]

    def handle_endtag(self, tag: str) -> None:
        self.skipping -= tag in SKIPPED

    def handle_data(self, data: str) -> None:
        if not self.skipping:
            self.found.append(" ".join(data.split()))


def marked(text: str) -> str:
    return MARK + re.sub(r">(?=[^<])", f">{MARK}", text)


@pytest.fixture
def _all_marked(tmp_path: Path, settings: Any) -> Iterator[None]:
    po = welsh.read_po_file()
    for entry in po:
        entry.flags = []
        if entry.msgid_plural:
            entry.msgstr_plural = dict.fromkeys(range(4), marked(entry.msgid_plural))
        else:
            entry.msgstr = marked(entry.msgid)
    settings.LOCALE_PATHS = [tmp_path]
    welsh.compiled_file().parent.mkdir(parents=True)
    po.save_as_mofile(str(welsh.compiled_file()))
    trans_real._translations.pop("cy", None)
    yield
    trans_real._translations.pop("cy", None)


@pytest.mark.usefixtures("_all_marked")
@pytest.mark.parametrize("page", PAGES)
def test_every_word_of_a_page_can_be_in_welsh(client: Client, settings: Any, page: str) -> None:
    client.get(page)  # in English first: what is kept of it must not come back
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "cy"
    answers = [client.get(page), client.post(page)]
    words = [text for answer in answers if answer.status_code == 200 for text in Words(answer.content.decode()).found]
    names = {settings.CHARITY["name"]}
    assert [
        text for text in words if MARK not in text and text not in names and re.search("[A-Za-z]{3}", NAMES.sub("", text))
    ] == []
