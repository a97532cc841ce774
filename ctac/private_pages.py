"""Pages behind a link that is for whoever has it: no cache, no search engine and no other site learns of the address."""

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_cache_control


def keep_private(request: HttpRequest, response: HttpResponse, *, has_a_form: bool) -> HttpResponse:
    """Under "no-referrer" a browser sends a form with "Origin: null", which the protection against forged requests must refuse.

    So pages with a form say "strict-origin": who we are, never which page. Before it draws the page a view says
    `request.address_is_private`, and the foot of a printed page leaves the address out.
    """
    patch_cache_control(response, private=True, no_store=True)
    response.headers["Referrer-Policy"] = "strict-origin" if has_a_form else "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response
