"""Where a mail provider reports what became of our mail (ADR 60). Switched off, and a 404, until MAIL_PROVIDER names one."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from notifications.bounces.providers import read_told
from notifications.services.bouncing import delivered, take


@csrf_exempt  # a machine that signs what it says, or sends a password
@require_http_methods(["HEAD", "POST"])
def mail_events(request: HttpRequest, provider: str) -> HttpResponse:
    """HEAD is how some see that the address is there. Told twice, it counts once, so whoever tries again does no harm."""
    if not settings.MAIL_PROVIDER or provider != settings.MAIL_PROVIDER:
        raise Http404
    if request.method == "HEAD":
        return HttpResponse()
    now = timezone.now()
    told = read_told(request, now)
    take(told.answers, now=now)
    delivered(told.arrived, now=now)
    return HttpResponse()
