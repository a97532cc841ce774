"""Who may see the presenters' own pages, and what is theirs: a sign-in of the staff site, second factor included."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from bookings.models import Booking, BookingQuerySet, Leave, OpenSession, Presenter, Visit, on_the_way_or_there
from bookings.models.open_session import OpenSessionQuerySet
from ctac.staff import staff_site

P = ParamSpec("P")
GIVES_PRESENTATIONS = "bookings.give_presentations"
THANKS = timedelta(hours=1)  # for how long after the check-out its page stays open to whom staff made inactive
View = Callable[Concatenate[HttpRequest, Presenter, P], HttpResponse]


def presenter_required(view: View[P]) -> Callable[..., HttpResponse]:
    """Calls the view with the presenter who signed in, if their role is to give presentations.

    Whom the staff site would not let in is sent where it sends them; staff who give no presentations are told that the page is
    not for them.
    """
    return let_in(view, gives_presentations)


def presenter_or_awaited(view: View[P]) -> Callable[..., HttpResponse]:
    """As presenter_required, and also for whom staff made inactive, or took the role from, while a visit waits for them.

    See rule 10 of product.md: a presenter is safe.
    """
    return let_in(view, lambda user, presenter: gives_presentations(user, presenter) or is_awaited(presenter, timezone.now()))


def presenter_of(request: HttpRequest) -> Presenter | None:
    """Whose diary this sign-in is, also of one who is inactive; read once for a page, which has it in its menu too."""
    if "_presenter_of" not in request.__dict__:
        request.__dict__["_presenter_of"] = Presenter.objects.with_given().filter(user=request.user.pk).first()
    known: Presenter | None = request.__dict__["_presenter_of"]
    return known


def gives_presentations(user: Any, presenter: Presenter) -> bool:
    return presenter.active and bool(user.has_perm(GIVES_PRESENTATIONS))


def let_in(view: View[P], may_enter: Callable[[Any, Presenter], bool]) -> Callable[..., HttpResponse]:
    @wraps(view)
    def wrapper(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        presenter = presenter_of(request)
        if presenter is None or not may_enter(request.user, presenter):
            raise PermissionDenied
        return view(request, presenter, *args, **kwargs)

    return staff_site.admin_view(wrapper)


def is_awaited(presenter: Presenter, now: datetime) -> bool:
    """Word of them is waited for, or came so lately that they still read the thanks for it."""
    return bool(open_visits(presenter, now))


def open_visits(presenter: Presenter, now: datetime) -> list[Booking]:
    """Where word of them is waited for, in order; if nowhere, what they have just left."""
    visits = own_visits(presenter)
    just_left = visits.filter(visit__presenter=presenter, visit__checked_out_at__gte=now - THANKS)
    return list(on_the_way_or_there(visits, now)) or list(just_left.order_by("starts_at", "pk"))


def own_visits(presenter: Presenter) -> BookingQuerySet:
    """The bookings that this presenter gives or gave, and where they are checked in; anybody else's are not found."""
    theirs = Q(presenter=presenter) | Q(visit__presenter=presenter)
    visits = Booking.objects.with_names().with_leaflets()
    return visits.select_related("person__organisation", "visit__presenter").filter(theirs)


def all_that_was_theirs(presenter: Presenter) -> BookingQuerySet:
    """As own_visits, for a list: each of the two ways in which a visit is theirs has an index, "one or the other" has none."""
    given = Booking.objects.filter(presenter=presenter).order_by().values("pk")
    went = Visit.objects.filter(presenter=presenter).order_by().values("booking")
    return Booking.objects.filter(pk__in=given.union(went))


def own_sessions(presenter: Presenter) -> OpenSessionQuerySet:
    """Those that this presenter gives or gave; anybody else's are not found."""
    return OpenSession.objects.with_names().filter(presenter=presenter)


def own_leave(presenter: Presenter) -> QuerySet[Leave]:
    return Leave.objects.filter(presenter=presenter)


def page(request: HttpRequest, presenter: Presenter, **more: Any) -> dict[str, Any]:
    """What the base template of these pages needs; `more` has the title."""
    return {**staff_site.each_context(request), "presenter": presenter, **more}
