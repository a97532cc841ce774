"""The header and the footer are kept for all that they say: what differs by page or by person is drawn anew."""

from itertools import product
from types import SimpleNamespace

import pytest
from django.core.cache import caches
from django.template.loader import render_to_string

PLACES = ("", "/", "/leaflets/", "/basket/", "/my/", "/about/")


def page(*, path: str, private: bool, signed_in: bool, staff: bool, copies: int) -> str:
    request = SimpleNamespace(path=path, address_is_private=private, method="GET")
    user = SimpleNamespace(is_authenticated=signed_in, is_staff=staff, mail_comes_back=False)
    return render_to_string("base.html", {"request": request, "user": user, "in_basket": copies, "site_url": "https://x.test"})


def every_page() -> list[str]:
    return [
        page(path=path, private=private, signed_in=signed_in, staff=signed_in and staff, copies=copies)
        for path, private, signed_in, staff, copies in product(PLACES, (False, True), (False, True), (False, True), (0, 3))
    ]


def test_a_kept_header_and_footer_say_what_new_ones_say(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = [*every_page(), *every_page()]
    monkeypatch.setattr(caches["local"], "get", lambda *_args, **_more: None)
    assert kept == [*every_page(), *every_page()]
    assert len(set(kept)) > len(PLACES) * 8
