"""The real routes and a few pages that break in their own way, for tests that read the log."""

import logging

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from ctac import urls as real
from ctac.celery import app
from notifications.outbox import queue_notifications

logger = logging.getLogger("tests.pages")
handler400, handler403, handler404 = real.handler400, real.handler403, real.handler404
handler429, handler500 = real.handler429, real.handler500

WHO, ADDRESS = "Maria Jones", "maria.jones@leeds.example.nhs.uk"  # here, because a traceback shows the line that breaks
ROW = "INSERT INTO professionals_person (name, email) VALUES ('Maria Jones', 'maria.jones@leeds.example.nhs.uk')"


def broken(request: HttpRequest) -> HttpResponse:
    raise ValueError(f"no such person: {WHO!r}, {ADDRESS}")


def refused(request: HttpRequest) -> HttpResponse:
    """The database's refusal shows the whole row."""
    with connection.cursor() as cursor:
        cursor.execute(ROW)
    return HttpResponse()


def not_a_number(request: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::int", [WHO])
    return HttpResponse()


def queues(request: HttpRequest) -> HttpResponse:
    queue_notifications([0])
    return HttpResponse()


CANARY = "Canaria"  # wherever a name can be: none of it may leave


@csrf_exempt
def leaking(request: HttpRequest, name: str) -> HttpResponse:
    """Breaks with somebody's data in address, form, cookies, session, variables, the words of both errors and the log."""
    request.session["draft"] = CANARY
    answers = {"host": request.POST["host"], "contact": f"{CANARY}@leeds.example.nhs.uk"}
    try:
        int(answers["host"])
    except ValueError as error:
        logger.error(f"Not a number: {CANARY} sent %s", answers)
        raise RuntimeError(f"{name} of {answers['contact']}, who is {request.session['draft']}, sent no number") from error
    return HttpResponse()


@app.task(name="tests.leaking_task")
def leaking_task(name: str) -> None:
    raise ValueError(f"{name} can't be served")


def queues_leaking_task(request: HttpRequest) -> HttpResponse:
    leaking_task.delay(CANARY)
    return HttpResponse()


urlpatterns = [
    path("t/leaking/<str:name>/", leaking, name="leaking"),
    path("t/queues-leaking-task/", queues_leaking_task, name="queues_leaking_task"),
    path("t/broken/", broken, name="broken"),
    path("t/refused/", refused, name="refused"),
    path("t/not-a-number/", not_a_number, name="not_a_number"),
    path("t/queues/", queues, name="queues"),
    *real.urlpatterns,
]
