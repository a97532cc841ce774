"""What a colleague is refused outside the staff site, such as somebody else's booking, is a row as it is there (ADR 74).

Whoever has no staff account leaves none: their wrong addresses are no look into other people's data by us.
"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from audit.models import Act
from audit.services import KEY, NOBODY_IN_PARTICULAR, About, record
from audit.staff_pages import is_written, page_of

REFUSALS = {403, 404}
# What the first letters of a reference, or else the name of an argument in the address, say of the object.
KINDS = {"BK": "bookings.booking", "OS": "bookings.opensession", "LO": "leaflets.order"}
KINDS_BY_NAME = {
    "public_id": "professionals.session",
    "passkey_id": "mfa.authenticator",
    "address_id": "leaflets.keptaddress",
}


class StaffRefusedMiddleware:
    """Stands after those that say who asks. An address that no route has is nobody's page and no refusal."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code in REFUSALS and request.resolver_match and not is_written(request) and is_of_staff(request):
            what = str(response.status_code)
            record(Act.REFUSED, by=request.user.pk, about=asked_for(request), page=page_of(request), whats=[what])
        return response


def is_of_staff(request: HttpRequest) -> bool:
    return request.user.is_authenticated and request.user.is_staff


def asked_for(request: HttpRequest) -> About:
    """The object in the address, if it has the shape of one: a token or a word that was typed is left out."""
    for name, value in (request.resolver_match.kwargs if request.resolver_match else {}).items():
        key = str(value)
        kind = KINDS.get(key[:2]) or KINDS_BY_NAME.get(name)
        if kind and KEY.fullmatch(key):
            return About(kind, (key,))
    return NOBODY_IN_PARTICULAR
