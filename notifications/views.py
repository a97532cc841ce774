"""A message's HTML at its own address, for the frame on its page of the staff site."""

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from ctac.staff_acts import told
from notifications.framing import framed
from notifications.models import Notification, shown_to


@require_safe
def message_html(request: HttpRequest, pk: int) -> HttpResponse:
    """Wrapped by the staff site's admin_view, so it asks for the second factor too. Account mail has no stored words: 404."""
    told(request).kind = Notification._meta.label_lower
    if not request.user.has_perm("notifications.view_notification"):
        raise PermissionDenied
    notification = get_object_or_404(Notification.objects.filter(shown_to(request.user), is_account_mail=False), pk=pk)
    if not notification.html_body:
        raise Http404
    return framed(notification.html_body)
