"""Who may see a page: someone who is signed in and whom we know as a person."""

from functools import wraps

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from professionals.access import P, View, where_to_return, with_next
from professionals.models import Person


def person_required(view: View[P]) -> View[P]:
    """Sends the signed-out to sign in and those without a Person to the details page; both come back here after."""

    @wraps(view)
    def wrapper(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not request.user.is_authenticated:
            return redirect(with_next("account_login", where_to_return(request)))
        if not request.person:  # type: ignore[attr-defined]
            return redirect(with_next("account_details", where_to_return(request)))
        return view(request, *args, **kwargs)

    return wrapper


def person_in(request: HttpRequest) -> Person | None:
    """request.person as a plain row, or None; PersonMiddleware sets it."""
    person: Person | None = request.person or None  # type: ignore[attr-defined]
    return person


def the_person(request: HttpRequest) -> Person:
    """The person, in a view that requires one."""
    person: Person = request.person  # type: ignore[attr-defined]
    return person
