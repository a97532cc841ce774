"""What failed for good: a colleague sends the ticked ones again, or all of them at once."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from ctac.staff import ObjectAction
from ctac.staff_lists import long_moment
from notifications.models import Notification, shown_to
from notifications.registry import label_of
from notifications.services.resending import resend_failed

SEND_ALL = ObjectAction(
    slug="send-failed-again",
    label=gettext_lazy("Send all that failed again"),
    explanation=gettext_lazy(
        "Each message is written afresh, as things stand now, and sent to the same address. What is too late or no longer "
        "true is not sent. Find out first why they failed: an address that does not exist fails again."
    ),
    weight="main",
)


class SendsFailedAgain:
    """For the admin of messages: two ways to send again what failed in the last two weeks."""

    opts: Any
    admin_site: Any
    media: Any

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.send_failed_view)
        return [path("send-failed-again/", view, name="notifications_send_failed"), *super().get_urls()]  # type: ignore[misc]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The button stands over the list of what failed, and nowhere else."""
        shown = request.GET.get("failed") == "lately" and self.has_resend_permission(request)
        page: HttpResponse = super().changelist_view(request, {"may_send_all": shown, **(extra_context or {})})  # type: ignore[misc]
        return page

    def has_resend_permission(self, request: HttpRequest, obj: Notification | None = None) -> bool:
        return request.user.has_perm("notifications.change_notification")

    def send_failed_view(self, request: HttpRequest) -> HttpResponse:
        """GET says how many there are and of what; POST sends them."""
        if not self.has_resend_permission(request):
            raise PermissionDenied
        the_list = f"{reverse('staff:notifications_notification_changelist')}?failed=lately"
        if request.method == "POST":
            self.send_and_say(request, Notification.objects.filter(shown_to(request.user)))
            return redirect(the_list)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "action": SEND_ALL,
            "title": SEND_ALL.label,
            "original": SEND_ALL.label,
            "rows": summary_of_failed(request.user),
            "form": forms.Form(),
            "media": self.media,
            "change_url": the_list,
        }
        return TemplateResponse(request, "admin/object_action.html", context)

    def send_ticked(self, request: HttpRequest, chosen: QuerySet[Notification]) -> None:
        self.send_and_say(request, Notification.objects.filter(pk__in=chosen.order_by().values("pk")))

    send_ticked.short_description = gettext_lazy("Send again what failed")  # type: ignore[attr-defined]
    send_ticked.allowed_permissions = ("resend",)  # type: ignore[attr-defined]

    def send_and_say(self, request: HttpRequest, among: QuerySet[Notification]) -> None:
        count = resend_failed(among=among, by=request.user, now=timezone.now())  # type: ignore[arg-type]
        said = ngettext("%(n)s message is on its way again.", "%(n)s messages are on their way again.", count)
        if count:
            messages.success(request, said % {"n": f"{count:,}"})
        else:
            messages.warning(request, _("Nothing was sent: none of them failed lately and could be sent again."))


def summary_of_failed(user: Any) -> list[dict[str, object]]:
    """How many of each kind that this colleague may read, and since when: one statement each."""
    failed = Notification.objects.filter(shown_to(user)).may_go_again(timezone.now())
    kinds = failed.order_by().values("kind").annotate(number=Count("pk")).order_by("-number", "kind")
    rows: list[dict[str, object]] = [{"label": label_of(row["kind"]), "value": f"{row['number']:,}"} for row in kinds]
    first = failed.order_by("created_at").values_list("created_at", flat=True).first()
    since = long_moment(first) if first else _("None failed in the last two weeks.")
    return [*rows, {"label": _("The oldest was asked for"), "value": since}]
