"""Who may see the presenters' own pages, and what is theirs, there and on the staff site."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, ClassVar, Concatenate, ParamSpec

from django.contrib import messages
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
from core.dates import format_day, format_uk_time, uk_day
from core.errors import DomainError
from staff.model_admin import ReadOnlyAdmin
from staff.site import staff_site
from staff.today import OwnPage


def active_presenter(request: HttpRequest) -> Presenter | None:
    """The presenter who is signed in; None without the role, or if staff made them inactive."""
    presenter = get_presenter(request) if request.user.has_perm(GIVE_PRESENTATIONS_PERMISSION) else None
    return presenter if presenter and presenter.active else None


class PresenterScopedAdmin(ReadOnlyAdmin):
    """For admin pages about what presenters give: presenters see their own, and nobody else's.

    Users who may see all have permission to "view". Presenters have another permission, so a page that forgets to narrow its rows
    refuses them (ADR 8). `own_page` is the route of the page that is made for them, by reference.
    """

    own_page: ClassVar[str]
    # The filters of a presenter's own list: they name and count nothing of anybody else's.
    own_filters: ClassVar[tuple[Any, ...]]

    def own_rows(self, presenter: Presenter) -> QuerySet[Any]:
        raise NotImplementedError

    def sees_all(self, request: HttpRequest) -> bool:
        return super().has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A presenter never gets here with somebody else's row: get_queryset has only their own."""
        return self.sees_all(request) or active_presenter(request) is not None

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        if self.sees_all(request):
            return rows
        presenter = active_presenter(request)
        return rows.filter(pk__in=self.own_rows(presenter).order_by().values("pk")) if presenter else rows.none()

    def get_list_filter(self, request: HttpRequest) -> Any:
        return super().get_list_filter(request) if self.sees_all(request) else self.own_filters

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.sees_all(request) and active_presenter(request):
            own = self.get_object(request, object_id)
            if own is None:
                raise Http404
            return redirect(self.own_page, own.reference)
        return super().change_view(request, object_id, form_url, extra_context)


def own_pages(user: User) -> list[OwnPage]:
    """For the first staff page: a presenter's diary, or their day if they do nothing else here.

    An inactive presenter gets the visits that are not over.
    """
    presenter = Presenter.objects.filter(user=user.pk).first()
    if presenter is None:
        return []
    if gives_presentations(user, presenter):
        if user.get_all_permissions() == {GIVE_PRESENTATIONS_PERMISSION}:
            return [OwnPage(_("My day"), reverse("presenter_day"), is_home=True)]
        return [OwnPage(_("My diary"), reverse("presenter_diary"))]
    now = timezone.now()
    pages = []
    for booking in open_visits(presenter, now):
        start = booking.agreed_times[0]
        is_today = uk_day(start) == uk_day(now)
        label = _("My visit at %(clock)s today") if is_today else _("My visit at %(clock)s on %(day)s")
        times = {"clock": format_uk_time(start), "day": format_day(start)}
        pages.append(OwnPage(label % times, reverse("presenter_visit", args=[booking.reference])))
    return pages


staff_site.add_own_pages(own_pages)


P = ParamSpec("P")
GIVE_PRESENTATIONS_PERMISSION = "bookings.give_presentations"
# How long a visit's page stays open, after the check-out, to a presenter whom staff made inactive.
ACCESS_PERIOD_AFTER_CHECK_OUT = timedelta(hours=1)
PresenterView = Callable[Concatenate[HttpRequest, Presenter, P], HttpResponse]


def presenter_required(view: PresenterView[P], *, while_awaited: bool = False) -> Callable[..., HttpResponse]:
    """Call the view with the presenter who is signed in, if their role is to give presentations.

    Anybody whom the staff site would not let in goes where it sends them; staff who give no presentations get a 403.
    `while_awaited`: also let in presenters whom staff made inactive, or took the role from, while a visit of theirs is open: a
    presenter is safe (product.md, rule 10).
    """

    @wraps(view)
    def wrapper(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        presenter = get_presenter(request)
        if presenter is None:
            raise PermissionDenied
        if not gives_presentations(request.user, presenter) and not (while_awaited and open_visits(presenter, timezone.now())):
            raise PermissionDenied
        return view(request, presenter, *args, **kwargs)

    return staff_site.admin_view(wrapper)


def presenter_or_awaited_required(view: PresenterView[P]) -> Callable[..., HttpResponse]:
    return presenter_required(view, while_awaited=True)


def get_presenter(request: HttpRequest) -> Presenter | None:
    """The presenter who is signed in, even an inactive one. Read once for a page, whose menu needs it too."""
    if "_presenter_of" not in request.__dict__:
        request.__dict__["_presenter_of"] = Presenter.objects.with_presentation_keys().filter(user=request.user.pk).first()
    known: Presenter | None = request.__dict__["_presenter_of"]
    return known


def gives_presentations(user: Any, presenter: Presenter) -> bool:
    return presenter.active and bool(user.has_perm(GIVE_PRESENTATIONS_PERMISSION))


def open_visits(presenter: Presenter, now: datetime) -> list[Booking]:
    """Visits where they are expected or have not checked out, in order; if there are none, those they have just left."""
    visits = own_visits(presenter)
    just_left = visits.filter(visit__presenter=presenter, visit__checked_out_at__gte=now - ACCESS_PERIOD_AFTER_CHECK_OUT)
    return list(visits.visits_under_way(now)) or list(just_left.order_by("starts_at", "pk"))


def own_visits(presenter: Presenter) -> BookingQuerySet:
    """The bookings that this presenter gives or gave, and where they are checked in."""
    theirs = Q(presenter=presenter) | Q(visit__presenter=presenter)
    visits = Booking.objects.with_related().with_leaflets()
    return visits.select_related("person__organisation", "visit__presenter").filter(theirs)


def own_visits_for_list(presenter: Presenter) -> BookingQuerySet:
    """Like own_visits, for a list. A union, since each condition has an index, and an OR of both has none."""
    given = Booking.objects.filter(presenter=presenter).order_by().values("pk")
    went = Visit.objects.filter(presenter=presenter).order_by().values("booking")
    return Booking.objects.filter(pk__in=given.union(went))


def own_sessions(presenter: Presenter) -> OpenSessionQuerySet:
    return OpenSession.objects.with_related().filter(presenter=presenter)


def own_leave(presenter: Presenter) -> QuerySet[Leave]:
    return Leave.objects.filter(presenter=presenter)


@contextmanager
def refusal_as_warning(request: HttpRequest, done: str = "") -> Iterator[None]:
    """For a block that calls a service: the next page shows its refusal or, if it goes through, the message `done`."""
    try:
        yield
    except DomainError as refusal:
        messages.warning(request, str(refusal.message))
    else:
        if done:
            messages.success(request, done)


def page_context(request: HttpRequest, presenter: Presenter, **more: Any) -> dict[str, Any]:
    """What the base template of these pages needs; `more` has the title."""
    return {**staff_site.each_context(request), "presenter": presenter, **more}
