"""Emails about leave: to staff when a presenter asks for it or enters it, to the presenter when staff have answered."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext, gettext_lazy as _

from bookings.emails import DIGEST_BYPASS_WINDOW, SAMPLE_START, sample_presenter
from bookings.models import Leave, LeaveKind, LeaveState
from bookings.models.leave import END_OF_DAY, START_OF_DAY
from bookings.text import summary_row
from core.dates import uk_datetime
from notifications.registry import Desk, Email
from notifications.samples import PRESENTER_ADDRESS, SAMPLE_NOW, Example, example


class LeaveEmail(Email):
    """Due while the leave is still there, and in that state. Its subject may name %(name)s and %(when)s."""

    desk = Desk.BOOKINGS
    state = LeaveState.GRANTED

    @cached_property
    def leave(self) -> Leave | None:
        """The leave; None once it was taken back."""
        return Leave.objects.select_related("presenter").filter(pk=self.about_key).first()

    def is_still_due(self) -> bool:
        return self.leave is not None and self.leave.state == self.state

    def context(self) -> dict[str, object]:
        """Without the note, which is for the staff site."""
        leave = self.leave
        if leave is None:
            raise Leave.DoesNotExist
        return {
            "leave": leave,
            "name": leave.presenter.name,
            "when": leave.days_text,
            "rows": [
                summary_row(gettext("Presenter"), leave.presenter.name),
                summary_row(gettext("When"), leave.days_text),
                summary_row(gettext("Kind of leave"), leave.get_kind_display()),
            ],
            # Nothing that looks like a child's details reaches an email.
            "answer": "" if leave.flagged_child_details else leave.answer,
            "staff_url": f"{settings.SITE_URL}{reverse('staff:bookings_leave_change', args=[leave.pk])}",
            "own_url": f"{settings.SITE_URL}{reverse('presenter_leave')}",
        }


class LeaveAsked(LeaveEmail):
    name = "leave-asked"
    label = _("To staff: leave asked for")
    subject = _("Please decide on leave for %(name)s: %(when)s")
    state = LeaveState.ASKED
    in_digest = True

    def can_join_digest(self, digest_at: datetime) -> bool:
        """It waits for the digest unless the leave begins soon after."""
        return self.leave is None or self.leave.starts_at > digest_at + DIGEST_BYPASS_WINDOW


class LeaveEntered(LeaveEmail):
    name = "leave-entered"
    label = _("To staff: presenter is away")
    subject = _("%(name)s is away: %(when)s")


class LeaveGranted(LeaveEmail):
    name = "leave-granted"
    label = _("To the presenter: leave granted")
    subject = _("Your leave is granted: %(when)s")


class LeaveRefused(LeaveEmail):
    name = "leave-refused"
    label = _("To the presenter: leave not granted")
    subject = _("Your leave is not granted: %(when)s")
    state = LeaveState.REFUSED


def examples() -> list[Example]:
    fields: dict[str, Any] = {
        "presenter": sample_presenter(),
        "kind": LeaveKind.HOLIDAY,
        "starts_at": uk_datetime(SAMPLE_START.date(), START_OF_DAY),
        "ends_at": uk_datetime(SAMPLE_START.date() + timedelta(days=4), END_OF_DAY),
        "state": LeaveState.GRANTED,
        "created_at": SAMPLE_NOW,
    }
    refused = {"state": LeaveState.REFUSED, "answer": "Two of us are away that week."}
    return [
        example(LeaveAsked, leave=Leave(pk=0, **{**fields, "state": LeaveState.ASKED})),
        example(LeaveEntered, leave=Leave(pk=0, **{**fields, "kind": LeaveKind.ILLNESS})),
        example(LeaveGranted, leave=Leave(pk=0, **fields), recipient=PRESENTER_ADDRESS),
        example(LeaveRefused, leave=Leave(pk=0, **{**fields, **refused}), recipient=PRESENTER_ADDRESS),
    ]
