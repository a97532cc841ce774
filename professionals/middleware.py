"""Who is asking: request.person; and the cookie that a draft is found by."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from professionals.drafts import KEPT_FOR
from professionals.models import Person


def person_of(request: HttpRequest) -> Person | None:
    """The backend reads the person with the user, so this asks the database nothing."""
    return getattr(request.user, "person", None)


class PersonMiddleware:
    """Sets request.person, read from the database only when a view asks; it is falsy for someone who is signed out."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.person = SimpleLazyObject(lambda: person_of(request))  # type: ignore[attr-defined]
        response = self.get_response(request)
        secret = getattr(request, "draft_cookie", None)
        if secret:
            set_draft_cookie(response, secret)
        elif secret == "":
            response.delete_cookie(settings.DRAFT_COOKIE_NAME, samesite="Lax")
        return response


def set_draft_cookie(response: HttpResponse, secret: str) -> None:
    response.set_cookie(
        settings.DRAFT_COOKIE_NAME, secret, max_age=KEPT_FOR, httponly=True, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE
    )
