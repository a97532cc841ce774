"""What no honest browser sends is refused before it reaches a page or the database."""

import pytest
from django.test import Client
from django.urls import reverse

from tests.bookings.flow import DETAILS
from tests.bookings.rows import make_presentation
from tests.factories import make_staff, sign_in_staff

URLENCODED = "application/x-www-form-urlencoded"


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/bookings/%00/", "/orders/a%00b/placed/", "/%00"])
def test_a_nul_in_the_path_is_not_found(client: Client, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 404
    assert "unsafe-inline" not in response.headers["Content-Security-Policy"]


@pytest.mark.django_db
def test_a_nul_in_the_query_is_a_bad_request(client: Client) -> None:
    assert client.get("/leaflets/?audience=%00").status_code == 400


@pytest.mark.django_db
@pytest.mark.parametrize("codec", ["hex", "rot13", "undefined", "idna", "utf-16", "no-such"])
def test_a_head_that_names_a_codec_of_pythons_breaks_no_page(client: Client, codec: str) -> None:
    """Found by the fuzz: each was an error of the server, for anybody."""
    in_parts = f"multipart/form-data; boundary=x; charset={codec}"
    body = b'--x\r\nContent-Disposition: form-data; name="login"\r\n\r\nsam@leeds.nhs.uk\xff\r\n--x--\r\n'
    answers = [
        client.generic("POST", "/account/login/", body, in_parts),
        client.generic("POST", "/account/login/", b"login=%C3%A9", f"{URLENCODED}; charset={codec}"),
        client.generic("GET", "/leaflets/?q=%C3%A9", b"", f"text/plain; charset={codec}"),
    ]
    assert max(answer.status_code for answer in answers) < 400


@pytest.mark.django_db
def test_a_session_cookie_out_of_shape_counts_as_none(client: Client) -> None:
    client.cookies["session"] = "\\000abcdefghij"
    assert client.get("/leaflets/").status_code == 200


@pytest.mark.django_db
def test_a_page_of_a_person_is_kept_by_no_cache(client: Client) -> None:
    assert client.get("/basket/").headers["Cache-Control"] == "private, no-store"


@pytest.mark.django_db
def test_a_page_that_answers_a_form_may_be_gone_back_to_with_the_same_cookies(client: Client) -> None:
    """Else the browser asks whether to send the form again (ADR 5)."""
    make_presentation(slug="signs")
    wrong, right = (client.post("/book/signs/where/", {**DETAILS, "format": where}) for where in ("", "online"))
    assert (wrong.headers["Cache-Control"], "Cookie" in wrong.headers["Vary"]) == ("private, no-cache", True)
    assert right.headers["Cache-Control"] == "private, no-store"
    desk = sign_in_staff(Client(), make_staff())
    answers = [ask("/staff/bookings/booking/add/").headers["Cache-Control"] for ask in (desk.get, desk.post)]
    assert answers == ["private, no-store", "private, no-cache"]
    enrolling = sign_in_staff(Client(), make_staff(), second_factor=False).post(reverse("mfa_activate_totp"), {"code": "1"})
    assert (enrolling.status_code, enrolling.headers["Cache-Control"]) == (200, "private, no-store")
