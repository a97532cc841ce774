"""Forms that are open to everyone, guarded without a CAPTCHA (ADR 42): a box that only a program fills in, and a signed time.

Nobody is punished. Who trips over it reads why, finds everything as it was typed, and presses the button again, which works
whatever happens in the box: the page that says so carries a mark for this very answer.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.http import HttpResponse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from professionals import limits
from professionals.models import Where, Why
from professionals.throttles import record_blocked_attempt

BOX, OPENED = "homepage", "opened"
A_DAY = timedelta(days=1)
SAID = {
    Why.HIDDEN_BOX: gettext_lazy(
        "Something on your computer filled in a box that you can’t see. Nothing is lost: press the button again."
    ),
    Why.TOO_FAST: gettext_lazy("That was quicker than we expected of a person. Nothing is lost: press the button again."),
    Why.TOO_OLD: gettext_lazy("This page was open for more than a day. Check what it says, then press the button again."),
    Why.NO_TIME: gettext_lazy("This page did not come back to us whole. Nothing is lost: press the button again."),
}
# Out of sight, out of the order of tabs, unknown to screen readers, and left alone by what fills in passwords and addresses.
# Read out of context, as in a browser without styles, its label says what to do.
DRAWN = (
    '<div class="govuk-visually-hidden" aria-hidden="true"><label for="id_{box}">{label}</label>'
    '<input id="id_{box}" name="{box}" type="text" tabindex="-1" autocomplete="off" data-1p-ignore data-bwignore'
    ' data-lpignore="true" data-form-type="other"></div><input type="hidden" name="{opened}" value="{mark}">'
)


@dataclass(frozen=True)
class Mark:
    """When the page was opened; and the answer (its hash) with which it was sent and stopped, if it was."""

    at: int
    answer: str = ""

    def signed(self, where: Where) -> str:
        return signer(where).sign(f"{self.at}.{self.answer}")

    @classmethod
    def read(cls, where: Where, signed: str) -> "Mark | None":
        """None for what we have not signed."""
        try:
            at, _dot, answer = signer(where).unsign(signed).partition(".")
        except BadSignature:
            return None
        return cls(int(at), answer)


def signer(where: Where) -> Signer:
    return Signer(salt=f"guarded form {where.value}")


class GuardedMixin(forms.Form):
    """`where`: which form; `told_by`: the field by whose answer a second try is known. Stands before the form's other bases.

    A form that is stopped has no other errors, and its `clean` did nothing. `stopped_by` says why.
    """

    where: ClassVar[Where]
    told_by: ClassVar[str]
    quicker: ClassVar[float] = 1  # a form with one answer, which the browser knows, takes a part of the time
    stopped_by: Why | None = None

    def clean(self) -> dict[str, Any] | None:
        self.stopped_by = None if self.errors else self._why_stopped(timezone.now())
        if self.stopped_by is None:
            return super().clean()
        self.add_error(None, forms.ValidationError(SAID[self.stopped_by], code="guarded"))
        return self.cleaned_data

    def _why_stopped(self, now: datetime) -> Why | None:
        mark = self._mark()
        age = timedelta(seconds=now.timestamp() - mark.at) if mark else timedelta()
        if mark and mark.answer == self._answer() and age <= A_DAY:
            return None
        if self.data.get(BOX):
            return Why.HIDDEN_BOX
        if not settings.FASTEST_FORM_SECONDS:
            return None
        if mark is None:
            return Why.NO_TIME
        if age.total_seconds() < settings.FASTEST_FORM_SECONDS * self.quicker:
            return Why.TOO_FAST
        return Why.TOO_OLD if age > A_DAY else None

    def _mark(self) -> Mark | None:
        return Mark.read(self.where, self.data.get(OPENED, "")) if self.is_bound else None

    def _answer(self) -> str:
        return limits.hashed(str(self.data.get(self.add_prefix(self.told_by), "")).strip())[:20]

    @property
    def guard(self) -> SafeString:
        """For the page, within its form. Sent with errors, it stays as old as it was."""
        mark, now = self._mark(), int(timezone.now().timestamp())
        at = mark.at if mark and self.stopped_by != Why.TOO_OLD else now
        again = Mark(at, self._answer() if self.stopped_by else mark.answer if mark else "")
        return format_html(
            DRAWN, box=BOX, opened=OPENED, label=gettext_lazy("Leave this box empty"), mark=again.signed(self.where)
        )


def note_if_stopped(form: Any) -> None:
    """Keep it for staff, by nobody: whoever is not signed in may be anybody."""
    if getattr(form, "stopped_by", None):
        record_blocked_attempt(where=form.where, why=form.stopped_by, now=timezone.now())


class GuardedView:
    """For allauth's views whose form is guarded."""

    def form_invalid(self, form: Any) -> HttpResponse:
        note_if_stopped(form)
        response: HttpResponse = super().form_invalid(form)  # type: ignore[misc]
        return response
