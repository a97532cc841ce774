"""How tests press the buttons of the staff pages of open sessions."""

from typing import Any

from django.http import HttpResponse
from django.test import Client

from bookings.models import OpenSession, Presentation, Presenter
from tests.bookings.admin.desk import values

SESSIONS = "/staff/bookings/opensession/"
ADD = f"{SESSIONS}add/"


def plan_form(presentation: Presentation, presenter: Presenter | None, **more: str) -> dict[str, Any]:
    """Four Mondays at 10am from 25 January 2027."""
    return {
        "step": "check",
        "presentation": str(presentation.pk),
        "presenter": str(presenter.pk) if presenter else "",
        "day": "25 1 2027",
        "clock": "10am",
        "every": "week",
        "count": "4",
        "leave_out": "on",
        "capacity": "20",
        "own_joining_link": "",
        "joining_help": "Code 4821",
        "series_name": "",
        **more,
    }


def sent_back(page: HttpResponse, **changes: str) -> dict[str, Any]:
    """All that the check page would send: what it carries, its boxes, and these changes. "" takes a tick off."""
    plan = page.context["plan"]
    data: dict[str, Any] = dict(plan.hidden_inputs)
    data |= {"token": plan.token, "rhythm": plan.rhythm, "seen": values(page, "seen"), "reason": "", "step": "plan"}
    for row in plan.rows:
        for box in row.form:
            if box.value():
                data[box.html_name] = "on" if box.name == "keep" else str(box.value())
    data |= changes
    return {name: value for name, value in data.items() if not (name.endswith("-keep") and not value)}


def do(desk: Client, session: OpenSession, slug: str, **answers: object) -> HttpResponse:
    response: HttpResponse = desk.post(f"{SESSIONS}{session.pk}/do/{slug}/", {"sent": "1", **answers}, follow=True)
    session.refresh_from_db()
    return response
