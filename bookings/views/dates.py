"""None of our times suits: the page that asks for dates of one's own, in the place of the page of times; and its check page."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from bookings import date_words, words
from bookings.answers import Answers
from bookings.models import Booking, DateOption, OptionKind, WhyNot
from bookings.request_forms import DatesForm
from bookings.services.keeping import Chosen, Preferred, kept_until
from bookings.services.placing import Submission
from bookings.services.requesting import DatesRefused, request_dates, what_we_could_keep
from bookings.throttles import too_many_times
from bookings.views import keeping
from bookings.views.flow import answers_so_far, asked_for, back_to, back_to_missing, go_to, typed
from ctac.forms import FORM_METHODS


@require_http_methods(FORM_METHODS)
def book_dates(request: HttpRequest, slug: str) -> HttpResponse:
    now = timezone.now()
    answers = answers_so_far(request, slug, now)
    presentation = answers.presentation
    if missing := answers.missing_before("when"):
        return back_to_missing(request, missing, presentation, now)
    form = DatesForm(typed(request), presentation=presentation, initial=typed_before(answers))
    if request.method == "POST" and form.is_valid():
        return keep_dates(request, answers, form, now)
    context = {"form": form, "presentation": presentation, "back_url": back_to("when", presentation)}
    return render(request, "bookings/dates.html", context)


def typed_before(answers: Answers) -> dict[str, Any]:
    before = answers.step("dates")
    return {**before.get("typed", {}), "reason": before.get("reason", "")}


def keep_dates(request: HttpRequest, answers: Answers, form: DatesForm, now: datetime) -> HttpResponse:
    """In the place of a time that was chosen before, which is given back."""
    answer = {
        "dates": [vars(date) for date in form.cleaned_data["dates"]],
        "reason": form.cleaned_data["reason"],
        "flagged": form.flagged,
        "typed": form.as_typed(),
    }
    steps: dict[str, dict[str, Any]] = {"dates": answer}
    if answers.step("when"):
        keeping.give_back(answers, now)
        steps["when"] = {}
    keeping.keep_answers(request, answers, steps, now)
    return go_to(answers.first_missing(), answers.presentation)


def rows(answers: Answers, person: Any, now: datetime) -> list[words.Row]:
    """Each date with what we would do with it if it were sent now."""
    dates = answers.dates
    could = what_we_could_keep(keeping.wish_of(answers), dates, person=person, now=now)
    options = [DateOption(kind=OptionKind.PREFERRED, **vars(date)) for date in dates]
    promised = [promise(answers, date, chosen, now) for date, chosen in zip(dates, could, strict=True)]
    return [
        words.row(label, f"{option.when}\n{sentence}")
        for (label, option), sentence in zip(date_words.labelled(options), promised, strict=True)
    ]


def promise(answers: Answers, date: Preferred, chosen: Chosen | WhyNot, now: datetime) -> str:
    if isinstance(chosen, WhyNot):
        return date_words.not_kept_sentence(date_words.IF_ASKED_NOW, chosen)
    until = kept_until(chosen.start, now)
    return date_words.sentence_of_keeping(date.precision, chosen.start, answers.presentation.length, until)


def too_many(request: HttpRequest, now: datetime) -> bool:
    """Each request may keep three times, so they count with the times that are held from one address."""
    return too_many_times(request, now) is not None


def request_answers(request: HttpRequest, answers: Answers, submission: Submission, now: datetime) -> Booking:
    """Raises as request_dates."""
    step, asked = answers.step("dates"), asked_for(request, answers, submission, now)
    return request_dates(dates=answers.dates, reason=step["reason"], flagged=step["flagged"], **asked)


def ask_again(request: HttpRequest, answers: Answers, refusal: DatesRefused) -> HttpResponse:
    """A date that is over meanwhile, say."""
    messages.warning(request, refusal.message)
    return go_to("dates", answers.presentation)


def section(answers: Answers, person: Any, now: datetime) -> tuple[str, str, list[words.Row]]:
    """Title, where to change it, and rows, for the check page."""
    reason = words.row(_("Why none of our times suits"), answers.step("dates")["reason"])
    return _("Your dates"), back_to("dates", answers.presentation), [*rows(answers, person, now), reason]
