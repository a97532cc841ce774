"""What no honest browser sends is refused before it reaches a page or the database."""

import pytest
from django.test import Client


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
def test_a_session_cookie_out_of_shape_counts_as_none(client: Client) -> None:
    client.cookies["session"] = "\\000abcdefghij"
    assert client.get("/leaflets/").status_code == 200


@pytest.mark.django_db
def test_a_page_of_a_person_is_kept_by_no_cache(client: Client) -> None:
    assert client.get("/basket/").headers["Cache-Control"] == "private, no-store"
