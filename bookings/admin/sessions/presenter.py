"""Who gives a session: everybody ranked, with why the others could not, and one of them chosen."""

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy

from bookings.admin.choices import PresenterChoice, reason_to_yield
from bookings.choosing import choice_of_session
from bookings.models import OpenSession, Presenter
from bookings.services.errors import OutsideRules
from bookings.services.sessions.changing import assign_presenter
from ctac.forms import PageForm
from ctac.staff import ObjectAction
from professionals.models import User
from professionals.safeguarding import StaffForm


class PresenterForm(StaffForm, PageForm):
    free_text_fields = ("reason",)

    presenter = PresenterChoice(
        label=gettext_lazy("Who gives it?"),
        queryset=Presenter.objects.active(),
        empty_label=gettext_lazy("Choose a presenter"),
        error_messages={"required": gettext_lazy("Choose a presenter.")},
    )
    reason = reason_to_yield(
        gettext_lazy("Only needed outside the presenter’s hours, or for what they don’t give. Nobody can be in two places.")
    )


def do_assign(session: OpenSession, *, by: User, presenter: Presenter, **why: Any) -> None:
    now = timezone.now()
    verdict = choice_of_session(session, now).of(presenter)
    if verdict and verdict.breaches and not why["reason"]:
        raise OutsideRules(verdict.breaches)
    assign_presenter(session=session, presenter=presenter, by=by, now=now, **why)


def who_could(session: OpenSession) -> str:
    return choice_of_session(session, timezone.now()).as_table()


# One service, two buttons: without a presenter it is the one thing to do, with one it is a change.
MORE: dict[str, Any] = {"perform": do_assign, "form_class": PresenterForm}
ASSIGN = ObjectAction(
    "assign",
    gettext_lazy("Choose a presenter"),
    available=lambda session: session.needs_a_presenter,
    explanation=gettext_lazy("The presenter gets an email, with the entry for their calendar."),
    done=gettext_lazy("The session has a presenter, who gets an email."),
    weight="main",
    **MORE,
)
REASSIGN = ObjectAction(
    "reassign",
    gettext_lazy("Change the presenter"),
    available=lambda session: session.is_scheduled and session.presenter_id is not None,
    explanation=gettext_lazy("Both presenters get an email. If people join elsewhere then and know how to join, they are told."),
    done=gettext_lazy("The presenter is changed. Everybody concerned gets an email."),
    **MORE,
)
