"""Who is asking: request.person; and the cookie that a draft is found by."""

from collections.abc import Callable

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.functional import SimpleLazyObject

from professionals.drafts import KEPT_FOR
from professionals.models import Person, User
from professionals.services.accounts import AccountGoneError


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

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Whose account goes while they sign in, or do anything else with it, is somebody whom we don't know."""
        if not isinstance(exception, AccountGoneError):
            return None
        if request.user.pk is not None and User.objects.filter(pk=request.user.pk).exists():
            return None  # a colleague: the account was somebody else's
        request.session.flush()
        request.user, request.person = AnonymousUser(), None  # type: ignore[attr-defined]
        messages.warning(request, str(exception.message))
        return redirect("account_login")


def set_draft_cookie(response: HttpResponse, secret: str) -> None:
    response.set_cookie(
        settings.DRAFT_COOKIE_NAME, secret, max_age=KEPT_FOR, httponly=True, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE
    )
