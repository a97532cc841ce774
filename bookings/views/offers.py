"""What can be booked."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from bookings.models import OpenSession, Presentation


@require_safe
def presentations(request: HttpRequest) -> HttpResponse:
    return render(request, "bookings/presentations.html", {"presentations": Presentation.objects.offered()})


@require_safe
def presentation(request: HttpRequest, slug: str) -> HttpResponse:
    found = get_object_or_404(Presentation.objects.offered(), slug=slug)
    has_sessions = OpenSession.objects.to_come(timezone.now()).filter(presentation=found).exists()
    return render(request, "bookings/presentation.html", {"presentation": found, "has_sessions": has_sessions})
