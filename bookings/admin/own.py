"""What a presenter sees of bookings and open sessions on the staff site: their own, to look at; anybody else's are not there.

Whoever may see all of them has permission to "view". A presenter's permission is another one, so that a page which forgets to
narrow refuses them (ADR 63).
"""

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect

from bookings.models import Presenter
from bookings.presenting.access import GIVES_PRESENTATIONS
from ctac.staff_lists import LooksOnly


def presenter_of(request: HttpRequest) -> Presenter | None:
    """Whose diary this sign-in is; read once for a page. None also for whom staff made inactive."""
    if "_presenter_of" not in request.__dict__:
        may = request.user.has_perm(GIVES_PRESENTATIONS)
        found = Presenter.objects.filter(user=request.user.pk, active=True).first() if may else None
        request.__dict__["_presenter_of"] = found
    known: Presenter | None = request.__dict__["_presenter_of"]
    return known


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
        return self.sees_all(request) or presenter_of(request) is not None

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        if self.sees_all(request):
            return rows
        presenter = presenter_of(request)
        return rows.filter(pk__in=self.own(presenter).order_by().values("pk")) if presenter else rows.none()

    def get_list_filter(self, request: HttpRequest) -> Any:
        return super().get_list_filter(request) if self.sees_all(request) else self.own_filters

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Sent or asked for, what is not theirs is not there: Django would refuse what is sent, and so say another thing."""
        if self.sees_all(request):
            return super().change_view(request, object_id, form_url, extra_context)
        own = self.get_object(request, object_id)
        if own is None:
            raise Http404
        return redirect(self.own_page, own.reference)
