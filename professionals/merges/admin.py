"""Merges of people and organisations on the staff site. Staff find the other one and choose it; they never type a key.

A URL holds only keys, since URLs stand in logs. What is typed to find somebody is posted.
"""

from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _, gettext_lazy

from accounts.access import signed_in_user
from core.dates import format_day
from core.forms import PageForm, domain_error_to_form
from notifications.preferences import is_wanted_by_topic
from notifications.registry import Topic
from professionals.merges import services
from professionals.models import Merge, Organisation, Person
from professionals.services import similar_people
from staff.actions import ObjectAction
from staff.audit import audit_note
from staff.lists import EMPTY_VALUE, capped_count_text, is_valid_key
from staff.menu import plural_name
from staff.model_admin import StaffModelAdmin
from staff.today import count_all

OTHER_PARAMETER = "with"
MAX_FOUND = 20


class FindOtherForm(PageForm):
    typed = forms.CharField(max_length=200)

    def __init__(self, *args: Any, label: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["typed"].label = label


def find_other_page(page_admin: StaffModelAdmin, request: HttpRequest, obj: Any, action: ObjectAction) -> HttpResponse:
    """List those that look alike, or those found by what was typed. Each leads to the page that compares both."""
    label, found = _("Name of the other organisation, or part of it"), []
    if isinstance(obj, Person):
        label = _("Name, email, postcode, organisation or phone of the other one")
        details = {name: getattr(obj, name) for name in ("name", "email", "phone", "postcode")}
        alike = similar_people(**details, organisation_name=obj.organisation.name if obj.organisation else "")
        found = [each for each in alike if each.pk != obj.pk]
    form = FindOtherForm(request.POST if request.method == "POST" else None, label=label)
    searched = form.is_valid()
    if searched:
        rows, _repeats = page_admin.get_search_results(
            request, merge_candidates(page_admin, request, obj), form.cleaned_data["typed"]
        )
        found = list(rows.order_by("name", "pk")[:MAX_FOUND])
    audit_note(request).keys += [str(each.pk) for each in found]
    context = {
        **page_admin.get_action_context(request, action, obj, change_url(obj)),
        "form": form,
        "found": [{"href": f"{request.path}?{OTHER_PARAMETER}={each.pk}", "about": facts_of(each)} for each in found],
        "headings": list(facts_of(obj)),
        "searched": searched,
    }
    return TemplateResponse(request, "professionals/staff/merge_find.html", context)


def merge_candidates(page_admin: StaffModelAdmin, request: HttpRequest, obj: Model) -> QuerySet[Any]:
    rows: QuerySet[Any] = page_admin.get_queryset(request).exclude(pk=obj.pk)
    return rows.filter(erased_at=None).select_related("organisation") if isinstance(obj, Person) else rows


def change_url(obj: Model) -> str:
    return reverse(f"staff:{obj._meta.app_label}_{obj._meta.model_name}_change", args=[obj.pk])


def facts_of(obj: Any) -> dict[str, str]:
    """Facts that tell two of the same name apart."""
    if isinstance(obj, Organisation):
        return {_("Name"): obj.name, _("People"): f"{obj.people_count:,}"}  # type: ignore[attr-defined]
    shown = {capfirst(str(field_label(name))): field_text(obj, name) for name in services.MERGEABLE_FIELDS}
    return {**shown, _("Signs in"): _("Yes") if obj.user_id else _("No")}


def field_label(name: str) -> str:
    return str(Person._meta.get_field(name).verbose_name)  # type: ignore[union-attr]


def field_text(person: Person, name: str) -> str:
    value = person.get_profession_display() if name == "profession" else getattr(person, name)
    return str(value or "")


class MergeForm(PageForm):
    """A question for each field that both people have, with different values. For organisations, no question."""

    def __init__(self, *args: Any, pair: tuple[Any, Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not isinstance(pair[0], Person):
            return
        one_signs_in = bool(pair[0].user_id) != bool(pair[1].user_id)
        for name in services.MERGEABLE_FIELDS:
            values = [field_text(each, name) for each in pair]
            if all(values) and values[0] != values[1] and not (name == "email" and one_signs_in):
                self.fields[name] = forms.TypedChoiceField(
                    label=_("Which %(field)s stays?") % {"field": field_label(name)},
                    choices=[(each.pk, value) for each, value in zip(pair, values, strict=True)],
                    coerce=int,
                    initial=pair[0].pk,
                    widget=forms.RadioSelect,
                )


def merge_page(page_admin: StaffModelAdmin, request: HttpRequest, obj: Any, action: ObjectAction) -> HttpResponse:
    """Merge with the one whose key stands in the address. Without a key that fits, the page first helps to find somebody."""
    key = request.GET.get(OTHER_PARAMETER, "")
    other = merge_candidates(page_admin, request, obj).filter(pk=key).first() if is_valid_key(type(obj), key) else None
    if other is None:
        return find_other_page(page_admin, request, obj, action)
    audit_note(request).keys.append(str(other.pk))
    pair, by, now = (obj, other), signed_in_user(request), timezone.now()
    form = MergeForm(request.POST if request.method == "POST" else None, pair=pair)
    if form.is_valid():
        kept, message = obj, action.done
        with domain_error_to_form(form):
            if isinstance(obj, Person):
                merge = services.merge_people(obj, other=other, kept_values=form.cleaned_data, by=by, now=now)
                kept, message = merge.person, action.done if merge.merged_at else MERGE_ASKED_MESSAGE
            else:
                services.merge_organisations(keep=obj, others=[other], by=by, now=now)
            messages.success(request, str(message))
            return redirect(change_url(kept))
    context = {
        **page_admin.get_action_context(request, action, obj, change_url(obj)),
        "form": form,
        "pair": pair,
        "both_sign_in": all(getattr(each, "user_id", None) for each in pair),
        "compared": comparison_rows(*pair),
        "rows": [],
    }
    return TemplateResponse(request, "professionals/staff/merge.html", context)


def comparison_rows(one: Any, other: Any) -> dict[str, tuple[str, str]]:
    """The facts of both, side by side. For people also the mail that they chose, and how many rows of each kind they have."""
    facts = [facts_of(one), facts_of(other)]
    if isinstance(one, Person):
        for person, shown in zip((one, other), facts, strict=True):
            wanted = is_wanted_by_topic(person.email) if person.email else {}
            shown.update({str(topic.label): (_("Yes") if wanted[topic] else _("No")) if wanted else "" for topic in Topic})
    both = {label: (value or EMPTY_VALUE, facts[1][label] or EMPTY_VALUE) for label, value in facts[0].items()}
    return {**both, **related_row_counts((one, other))} if isinstance(one, Person) else both


def related_row_counts(pair: tuple[Person, Person]) -> dict[str, tuple[str, str]]:
    """How many rows of each kind each has. One statement."""
    kinds = [list(services.related_rows(person)) for person in pair]
    counts = count_all([*kinds[0], *kinds[1]])
    found = zip(kinds[0], counts[: len(kinds[0])], counts[len(kinds[0]) :], strict=True)
    return {
        plural_name(rows.model._meta): (capped_count_text(one), capped_count_text(other))
        for rows, one, other in found
        if one or other
    }


MERGE_ASKED_MESSAGE = gettext_lazy(
    "Both of them sign in, so we have emailed both addresses. They are merged once each has confirmed that both are theirs."
)
MERGE_PEOPLE_ACTION = ObjectAction(
    slug="merge",
    label=gettext_lazy("Merge with another person"),
    page=merge_page,
    available=lambda person: not is_merge_waiting(person),
    explanation=gettext_lazy(
        "Use this when one person is in our list twice. Bookings, orders, places and all else of both become one person’s. "
        "If either said no to an email, that no stays. You can undo this within 30 days."
    ),
    done=gettext_lazy("They are one person now. You can undo this within 30 days."),
    asks_again=True,
)


def is_merge_waiting(person: Person) -> bool:
    merge = services.current_merge(person, timezone.now())
    return merge is not None and merge.merged_at is None


def undoable_merge(obj: Any) -> Merge | None:
    if isinstance(obj, Person):
        merge = services.current_merge(obj, timezone.now())
        return merge if merge and merge.merged_at else None
    if "_merge" not in obj.__dict__:
        obj.__dict__["_merge"] = Merge.objects.undoable(timezone.now()).filter(organisation=obj).first()
    latest: Merge | None = obj.__dict__["_merge"]
    return latest


def undo_facts(obj: Any) -> list[dict[str, Any]]:
    merge = undoable_merge(obj)
    if merge is None or merge.undo_until is None:
        return []
    names = [columns["name"] for columns in merge.changes["rows"][0]["went"]]
    rows: list[dict[str, Any]] = [
        {"label": _("Comes back"), "value": ", ".join(names)},
        {"label": _("Possible until"), "value": format_day(merge.undo_until)},
    ]
    if isinstance(obj, Person):
        last = merge.changes["last"]
        since = [
            made.filter(pk__gt=last.get(made.model._meta.label_lower) or 0)
            for made in services.related_rows(obj)
            if made.model is not Merge
        ]
        stays = [
            _("%(what)s: %(n)s") % {"what": plural_name(made.model._meta), "n": capped_count_text(figure)}
            for made, figure in zip(since, count_all(since), strict=True)
            if figure
        ]
        rows.append({"label": _("Made since, stays here"), "value": "\n".join(stays) or _("Nothing")})
    return rows


UNDO_PEOPLE_MERGE_ACTION = ObjectAction(
    slug="undo-merge",
    label=gettext_lazy("Undo the merge"),
    service=services.undo_merge,
    available=lambda person: undoable_merge(person) is not None,
    facts=undo_facts,
    explanation=gettext_lazy("Both people will be as they were before. What was made since stays with this person."),
    done=gettext_lazy("They are two people again."),
    asks_again=True,
)
CALL_OFF_MERGE_ACTION = ObjectAction(
    slug="call-off",
    label=gettext_lazy("Call off the merge"),
    service=services.call_off_merge,
    available=is_merge_waiting,
    explanation=gettext_lazy("Nobody has been merged yet. The links in our two emails will stop working."),
    done=gettext_lazy("The merge is called off. Both people are as they were."),
)


def merge_state_text(person: Person) -> str:
    """The state of their merge, for the person's page; "" if there is none."""
    merge = services.current_merge(person, timezone.now())
    if merge is None:
        return ""
    if merge.undo_until is not None:
        return _("Merged with another record. You can take it apart until %(day)s.") % {"day": format_day(merge.undo_until)}
    said = {merge.person: merge.person_confirmed_at, merge.other: merge.other_said_at}
    confirmed = [each.email for each, at in said.items() if each and at]
    waits = [each.email for each, at in said.items() if each and not at]
    sentences = [_("A merge waits until %(day)s.") % {"day": format_day(merge.waits_until)}]
    sentences += [_("%(address)s has confirmed it.") % {"address": address} for address in confirmed]
    sentences += [_("%(address)s has not confirmed it yet.") % {"address": address} for address in waits]
    return " ".join(sentences)


MERGE_ORGANISATIONS_ACTION = ObjectAction(
    slug="merge",
    label=gettext_lazy("Merge another organisation into this one"),
    page=merge_page,
    explanation=gettext_lazy(
        "The people and records of the other organisation move to this one. The other organisation’s name then goes from "
        "the list. You can undo this within 30 days."
    ),
    done=gettext_lazy("The organisations are merged. You can undo this within 30 days."),
)
UNDO_ORGANISATIONS_MERGE_ACTION = ObjectAction(
    slug="undo-merge",
    label=gettext_lazy("Undo the merge"),
    service=services.undo_organisation_merge,
    available=lambda organisation: undoable_merge(organisation) is not None,
    facts=undo_facts,
    explanation=gettext_lazy("The other organisation comes back, with the people and records that moved."),
    done=gettext_lazy("They are two organisations again."),
)
