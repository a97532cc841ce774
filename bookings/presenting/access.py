"""Who may see the presenters' own pages: a sign-in of the staff site, second factor included, that belongs to a presenter."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse

from bookings.models import Booking, BookingQuerySet, Leave, Presenter
from ctac.staff import staff_site

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, Presenter, P], HttpResponse]


def presenter_required(view: View[P]) -> Callable[..., HttpResponse]:
    """Calls the view with the presenter who signed in.

    Whom the staff site would not let in is sent where it sends them; staff who give no presentations are told that the page is
    not for them.
    """

    @wraps(view)
    def wrapper(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        presenter = Presenter.objects.active().with_given().filter(user=request.user.pk).first()
        if presenter is None:
            raise PermissionDenied
        return view(request, presenter, *args, **kwargs)

    return staff_site.admin_view(wrapper)


def own_visits(presenter: Presenter) -> BookingQuerySet:
    """The bookings that this presenter gives or gave, and where they are checked in; anybody else's are not found."""
    theirs = Q(presenter=presenter) | Q(visit__presenter=presenter)
    return Booking.objects.with_names().select_related("person__organisation", "visit__presenter").filter(theirs)


def own_leave(presenter: Presenter) -> QuerySet[Leave]:
    return Leave.objects.filter(presenter=presenter)


def page(request: HttpRequest, presenter: Presenter, **more: Any) -> dict[str, Any]:
    """What the base template of these pages needs; `more` has the title."""
    return {**staff_site.each_context(request), "presenter": presenter, **more}
