"""Nothing is taken without a form’s token. That each form of each page carries one is looked at where the pages are drawn."""

import re
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client

from tests.matrix.asking import ROUTES, address
from tests.matrix.people import laid_out, world
from tests.matrix.tokens import WITHOUT_A_TOKEN, forms_without_a_token

__all__ = ["laid_out", "world"]
REFUSED = "Please send that again"


def is_refused(url: str) -> bool:
    with transaction.atomic():
        response = Client(enforce_csrf_checks=True).post(url)
        transaction.set_rollback(True)
    return response.status_code == 403 and REFUSED in response.content.decode()


def test_every_route_refuses_a_post_without_a_token_but_those_that_say_why(world: dict[str, Any]) -> None:
    assert {route for route in ROUTES if not is_refused(address(route, world))} == set(WITHOUT_A_TOKEN)


FORM = re.compile(r'<form\b[^>]*method="post"(?:(?!<form\b).)*?</form>', re.DOTALL)
# A host’s button, by a key in its address; what looks a postcode up; the switch of languages (tests/matrix/tokens.py); and what
# only shows fields, to staff.
NONE_NEEDED = {
    "bookings/feedback/includes/again.html",
    "guidance/who_to_tell.html",
    "includes/languages.html",
    "includes/worry_panel.html",
    "styleguide/fields.html",
}


def test_every_form_of_every_template_has_a_token_also_where_no_page_here_draws_it() -> None:
    templates = settings.BASE_DIR / "templates"
    found = [(path, form) for path in templates.rglob("*.html") for form in FORM.findall(path.read_text())]
    assert {str(path.relative_to(templates)) for path, form in found if "{% csrf_token %}" not in form} == NONE_NEEDED
    assert len(found) > 50


TOKEN = f'<input type="hidden" name="csrfmiddlewaretoken" value="{"a" * 64}">'


@pytest.mark.parametrize(
    ("form", "found"),
    [
        (f'<form method="post">{TOKEN}</form>', []),
        ('<form method="post"><input name="copies"></form>', ["/basket/"]),
        (f'<form method="post">{TOKEN}</form><form class="x"\n method="post" action="/my/#a"></form>', ["/my/"]),
        (f'<form method="post">{TOKEN.replace("a" * 64, "NOTPROVIDED")}</form>', ["/basket/"]),
        ('<form method="get" action="/leaflets/"></form>', []),
        ('<form method="post" action="/f/ABCDEF/"></form>', []),
    ],
)
def test_a_form_without_its_token_is_seen(form: str, found: list[str]) -> None:
    assert forms_without_a_token(form, "/basket/?a=1") == found
