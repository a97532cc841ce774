"""The real routes and a few pages that break in their own way, for tests that read the log."""

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import path

from ctac import urls as real
from notifications.outbox import publish

handler400, handler403, handler404 = real.handler400, real.handler403, real.handler404
handler429, handler500 = real.handler429, real.handler500

WHO, ADDRESS = "Maria Jones", "maria.jones@leeds.example.nhs.uk"  # here, because a traceback shows the line that breaks


def broken(request: HttpRequest) -> HttpResponse:
    raise ValueError(f"no such person: {WHO!r}, {ADDRESS}")


def refused(request: HttpRequest) -> HttpResponse:
    """The database's refusal shows the whole row."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO professionals_person (name, email) VALUES ('Maria Jones', 'maria.jones@leeds.example.nhs.uk')"
        )
    return HttpResponse()


def not_a_number(request: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::int", [WHO])
    return HttpResponse()


def queues(request: HttpRequest) -> HttpResponse:
    publish([0])
    return HttpResponse()


urlpatterns = [
    path("t/broken/", broken, name="broken"),
    path("t/refused/", refused, name="refused"),
    path("t/not-a-number/", not_a_number, name="not_a_number"),
    path("t/queues/", queues, name="queues"),
    *real.urlpatterns,
]
