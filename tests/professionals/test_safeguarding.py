"""Free text stops once when it looks like a child's details; the safeguarding lead is told of what is kept, never its words."""

from urllib.parse import urlencode

import pytest
import time_machine
from django import forms
from django.http import QueryDict

from core.forms import PageForm
from core.templatetags.page import SummaryError, summary_errors
from notifications import rendering
from notifications.models import Notification
from notifications.registry import get_email_class
from office.site_settings.queries import site_settings
from professionals.models import FlagDecision, FlaggedText
from professionals.safeguarding.forms import CONFIRM_FIELD, ChildDetailsMixin
from professionals.safeguarding.services import notify_safeguarding_lead

NOTE = "Amina Khan, dob 14/03/2012"


class NoteForm(ChildDetailsMixin, PageForm):
    free_text_fields = ("access_needs",)
    access_needs = forms.CharField(required=False, widget=forms.Textarea)


def posted(**data):
    query = QueryDict(mutable=True)
    query.update(data)
    return NoteForm(query)


def test_an_ordinary_note_goes_through():
    form = posted(access_needs="Step-free access, please")

    assert form.is_valid() is True
    assert (form.flagged, CONFIRM_FIELD in form.fields) == (False, False)


@time_machine.travel("2027-01-12 12:00+00:00")
def test_a_childs_details_stop_the_form_and_point_to_help():
    form = posted(access_needs=NOTE)

    assert form.is_valid() is False
    said = form.errors["access_needs"][0]
    assert site_settings().advice_phone in said
    assert "999" in said
    assert "Amina" not in said
    assert CONFIRM_FIELD in form.fields
    assert form["access_needs"].value() == NOTE


@time_machine.travel("2027-01-12 12:00+00:00")
def test_the_summary_has_one_short_sentence_and_the_rest_stands_beside_the_box():
    form = posted(access_needs=NOTE)
    assert summary_errors(form) == [SummaryError("This looks like details of a child.", form["access_needs"].auto_id)]
    beside = form.errors["access_needs"][0]
    assert beside.startswith("This looks like details of a child. Please take them out")
    assert site_settings().advice_phone in beside


class NotesForm(NoteForm):
    free_text_fields = ("access_needs", "room")
    room = forms.CharField(label="Room, parking or entrance", required=False)


def test_where_two_boxes_have_the_same_error_each_link_names_its_box():
    form = NotesForm(QueryDict(urlencode({"access_needs": NOTE, "room": NOTE})))
    assert summary_errors(form) == [
        SummaryError("“Access needs”: This looks like details of a child.", form["access_needs"].auto_id),
        SummaryError("“Room, parking or entrance”: This looks like details of a child.", form["room"].auto_id),
    ]


def test_rows_whose_boxes_have_one_name_say_it_once():
    rows = forms.formset_factory(NamedForm, extra=0)
    sent = {"form-TOTAL_FORMS": "2", "form-INITIAL_FORMS": "0", "form-0-name": "", "form-1-name": ""}
    form = rows({**sent, "form-0-kind": "x", "form-1-kind": "x"})
    assert [error.message for error in summary_errors(form)] == ["Fill in “Name”."] * 2


class NamedForm(PageForm):
    name = forms.CharField(label="Name")
    kind = forms.CharField(required=False)


class LabelForm(NoteForm):
    free_text_fields = ("access_needs", "attention")
    never_kept = ("attention",)
    attention = forms.CharField(required=False)


@time_machine.travel("2027-01-12 12:00+00:00")
def test_what_goes_on_to_others_cannot_be_kept():
    query = QueryDict(mutable=True)
    query.update({"attention": NOTE, "access_needs": NOTE, CONFIRM_FIELD: "on"})
    form = LabelForm(query)

    assert (form.is_valid(), form.flagged, CONFIRM_FIELD in form.fields) == (False, False, False)
    assert set(form.errors) == {"access_needs", "attention"}
    assert "other people will read it" in form.errors["attention"][0]


def test_what_is_kept_on_purpose_goes_through_with_a_flag():
    form = posted(access_needs=NOTE, **{CONFIRM_FIELD: "on"})

    assert form.is_valid() is True
    assert form.flagged is True
    assert form.cleaned_data["access_needs"] == NOTE


def test_a_tick_without_a_childs_details_flags_nothing():
    form = posted(access_needs="Parking, please", **{CONFIRM_FIELD: "on"})

    assert (form.is_valid(), form.flagged) == (True, False)


def test_a_form_that_is_only_shown_asks_nothing():
    assert CONFIRM_FIELD not in NoteForm().fields


@pytest.mark.django_db
def test_the_lead_is_told_that_and_where_and_never_what(change_settings, now):
    change_settings(safeguarding_lead_email="lead@ctac.example")

    notify_safeguarding_lead(about="booking:12", reference="BK-7Q4M-2F", now=now)
    notify_safeguarding_lead(about="booking:12", reference="BK-7Q4M-2F", now=now)

    row = Notification.objects.get()
    kind = get_email_class(row.kind)
    message = rendering.render(kind(row).message())
    assert (row.kind, row.recipient, row.reference, kind(row).is_still_due()) == (
        "safeguarding-flag",
        "lead@ctac.example",
        "BK-7Q4M-2F",
        True,
    )
    assert message.subject == "Please read the note on BK-7Q4M-2F"
    assert all("BK-7Q4M-2F" in body for body in (message.text, message.html))
    flagged = FlaggedText.objects.get()
    assert f"/staff/professionals/flaggedtext/{flagged.pk}/change/" in message.text
    assert (flagged.about, flagged.reference, flagged.flagged_at, flagged.decision) == ("booking:12", "BK-7Q4M-2F", now, "")
    FlaggedText.objects.update(decision=FlagDecision.NO_CHILD)
    assert kind(row).is_still_due() is False
