"""Answers of the host and of people who came: stored once, with the day alone and nobody's name."""

from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from bookings.models import Afterwards, Feedback
from ctac.errors import DomainError
from ctac.uk import uk_day
from professionals.services.safeguarding import tell_lead


class FeedbackClosed(DomainError):
    message = _("We no longer take answers about this presentation. Thank you all the same.")


@dataclass(frozen=True)
class Said:
    """`flagged`: the comment looks like a child's details, and its writer kept it."""

    useful: int
    clear: int
    ready: int
    arranging: int | None = None
    comment: str = ""
    flagged: bool = False


def give_feedback(*, afterwards: Afterwards, said: Said, token: str, by_host: bool, now: datetime) -> Feedback | None:
    """None if this form was sent before, or if the host has answered already: then nothing changes. Raises FeedbackClosed."""
    if not afterwards.is_open(now):
        raise FeedbackClosed
    answer = Feedback(
        afterwards=afterwards,
        by_host=by_host,
        useful=said.useful,
        clear=said.clear,
        ready=said.ready,
        arranging=said.arranging if by_host else None,
        comment=said.comment,
        flagged_child_details=said.flagged,
        token=token,
        received_on=uk_day(now),
    )
    try:
        with transaction.atomic():
            answer.save(force_insert=True)
            if said.flagged:
                tell_lead(about=f"feedback:{answer.pk}", reference=afterwards.given.reference, now=now)
    except IntegrityError as error:
        if constraint_of(error) in ONCE:
            return None
        raise
    return answer


ONCE = {"bookings_feedback_token_key", "feedback_of_a_host_once"}


def constraint_of(error: IntegrityError) -> str:
    return str(getattr(getattr(error.__cause__, "diag", None), "constraint_name", ""))


def host_has_answered(afterwards: Afterwards) -> bool:
    return Feedback.objects.filter(afterwards=afterwards, by_host=True).exists()
