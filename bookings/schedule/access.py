"""Who may see the presenters' own pages, and what is theirs, there and on the staff site."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import wraps
from typing import Any, ClassVar, Concatenate, ParamSpec

from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from bookings.models import Booking, BookingQuerySet, Leave, OpenSession, Presenter, Visit
from bookings.models.open_session import OpenSessionQuerySet
from ctac.dates import format_clock, format_day, uk_day
from ctac.staff.columns import LooksOnly
from ctac.staff.site import OwnPage, staff_site

# What a presenter sees of bookings and open sessions on the staff site: their own, to look at; anybody else's are not there.
#
# Whoever may see all of them has permission to "view". A presenter's permission is another one, so that a page which forgets
# to narrow refuses them (ADR 8).


def presenter_signed_in(request: HttpRequest) -> Presenter | None:
    """The presenter who signed in; none without the role, or whom staff made inactive."""
    presenter = signed_in_presenter(request) if request.user.has_perm(GIVES_PRESENTATIONS) else None
    return presenter if presenter and presenter.active else None


class OwnToPresenters(LooksOnly):
    """For the admin of what presenters give. `own_page` is the route of the page that is made for them, by reference."""

    own_page: ClassVar[str]
    # Filters that name nobody else, and count nothing of anybody else's.
    own_filters: ClassVar[tuple[Any, ...]]

    def own(self, presenter: Presenter) -> QuerySet[Any]:
        raise NotImplementedError

    def sees_all(self, request: HttpRequest) -> bool:
        return super().has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Of one that is not theirs a presenter never gets as far as this: get_queryset has only theirs."""
        return self.sees_all(request) or presenter_signed_in(request) is not None

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        if self.sees_all(request):
            return rows
        presenter = presenter_signed_in(request)
        return rows.filter(pk__in=self.own(presenter).order_by().values("pk")) if presenter else rows.none()

    def get_list_filter(self, request: HttpRequest) -> Any:
        return super().get_list_filter(request) if self.sees_all(request) else self.own_filters

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.sees_all(request) and presenter_signed_in(request):
            own = self.get_object(request, object_id)
            if own is None:
                raise Http404
            return redirect(self.own_page, own.reference)
        return super().change_view(request, object_id, form_url, extra_context)


# What the first staff page offers to a presenter: their diary, or to whom staff made inactive the visits that wait for them.


def own_pages(user: User) -> list[OwnPage]:
    presenter = Presenter.objects.filter(user=user.pk).first()
    if presenter is None:
        return []
    if gives_presentations(user, presenter):
        return [OwnPage(_("My diary"), reverse("presenter_diary"))]
    now = timezone.now()
    return [own_visit_link(booking, uk_day(now)) for booking in open_visits(presenter, now)]


def own_visit_link(booking: Booking, today: date) -> OwnPage:
    """'My visit at 10am today'; on another day 'My visit at 10am on Monday 25 January 2027'."""
    start = booking.agreed[0]
    facts = {"clock": format_clock(start), "day": format_day(start)}
    label = _("My visit at %(clock)s today") if uk_day(start) == today else _("My visit at %(clock)s on %(day)s")
    return OwnPage(label % facts, reverse("presenter_visit", args=[booking.reference]))


staff_site.add_own_pages(own_pages)


# Who may see the presenters' own pages, and what is theirs: a sign-in of the staff site, second factor included.

P = ParamSpec("P")
GIVES_PRESENTATIONS = "bookings.give_presentations"
OPEN_AFTER_CHECK_OUT = timedelta(hours=1)  # for how long after the check-out its page stays open to whom staff made inactive
PresenterView = Callable[Concatenate[HttpRequest, Presenter, P], HttpResponse]


def presenter_required(view: PresenterView[P]) -> Callable[..., HttpResponse]:
    """Calls the view with the presenter who signed in, if their role is to give presentations.

    Whom the staff site would not let in is sent where it sends them; staff who give no presentations are told that the page is
    not for them.
    """
    return let_in(view, gives_presentations)


def presenter_or_awaited(view: PresenterView[P]) -> Callable[..., HttpResponse]:
    """As presenter_required, and also for whom staff made inactive, or took the role from, while a visit waits for them.

    See rule 10 of product.md: a presenter is safe.
    """
    return let_in(view, lambda user, presenter: gives_presentations(user, presenter) or is_awaited(presenter, timezone.now()))


def signed_in_presenter(request: HttpRequest) -> Presenter | None:
    """Whose diary this sign-in is, also of one who is inactive; read once for a page, which has it in its menu too."""
    if "_presenter_of" not in request.__dict__:
        request.__dict__["_presenter_of"] = Presenter.objects.with_given().filter(user=request.user.pk).first()
    known: Presenter | None = request.__dict__["_presenter_of"]
    return known


def gives_presentations(user: Any, presenter: Presenter) -> bool:
    return presenter.active and bool(user.has_perm(GIVES_PRESENTATIONS))


def let_in(view: PresenterView[P], may_enter: Callable[[Any, Presenter], bool]) -> Callable[..., HttpResponse]:
    @wraps(view)
    def wrapper(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        presenter = signed_in_presenter(request)
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
    just_left = visits.filter(visit__presenter=presenter, visit__checked_out_at__gte=now - OPEN_AFTER_CHECK_OUT)
    return list(visits.visits_under_way(now)) or list(just_left.order_by("starts_at", "pk"))


def own_visits(presenter: Presenter) -> BookingQuerySet:
    """The bookings that this presenter gives or gave, and where they are checked in; anybody else's are not found."""
    theirs = Q(presenter=presenter) | Q(visit__presenter=presenter)
    visits = Booking.objects.with_names().with_leaflets()
    return visits.select_related("person__organisation", "visit__presenter").filter(theirs)


def own_visits_for_list(presenter: Presenter) -> BookingQuerySet:
    """As own_visits, for a list: each of the two ways in which a visit is theirs has an index, "one or the other" has none."""
    given = Booking.objects.filter(presenter=presenter).order_by().values("pk")
    went = Visit.objects.filter(presenter=presenter).order_by().values("booking")
    return Booking.objects.filter(pk__in=given.union(went))


def own_sessions(presenter: Presenter) -> OpenSessionQuerySet:
    """Those that this presenter gives or gave; anybody else's are not found."""
    return OpenSession.objects.with_names().filter(presenter=presenter)


def own_leave(presenter: Presenter) -> QuerySet[Leave]:
    return Leave.objects.filter(presenter=presenter)


def page_context(request: HttpRequest, presenter: Presenter, **more: Any) -> dict[str, Any]:
    """What the base template of these pages needs; `more` has the title."""
    return {**staff_site.each_context(request), "presenter": presenter, **more}
