"""Two people or two organisations are merged on the staff site: the other is found and chosen, never typed by heart.

A URL has keys alone, as it stands in logs; what is typed to find somebody is posted.
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
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.access import signed_in
from ctac.dates import format_day
from ctac.errors import DomainError
from ctac.forms import PageForm
from ctac.staff.audit import audit_note
from ctac.staff.lists import is_key, up_to_most
from ctac.staff.menu import plural_name
from ctac.staff.site import NOTHING, ObjectAction, StaffModelAdmin, counted
from notifications.preferences import wants_each
from notifications.registry import Topic
from professionals.merges import services
from professionals.models import Merge, Organisation, Person
from professionals.services import similar_people

WITH = "with"
MOST_FOUND = 20


class FindForm(PageForm):
    typed = forms.CharField(max_length=200)

    def __init__(self, *args: Any, label: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["typed"].label = label


def find_page(
    page_admin: StaffModelAdmin, request: HttpRequest, obj: Model, action: ObjectAction, *, label: str, alike: list[Any]
) -> HttpResponse:
    """Who may be meant, then who was looked for; each leads to the page that compares both."""
    form = FindForm(request.POST if request.method == "POST" else None, label=label)
    found, searched = alike, form.is_valid()
    if searched:
        rows, _repeats = page_admin.get_search_results(request, candidates(page_admin, request, obj), form.cleaned_data["typed"])
        found = list(rows.order_by("name", "pk")[:MOST_FOUND])
    audit_note(request).keys += [str(each.pk) for each in found]
    context = {
        **about(page_admin, request, obj, action),
        "form": form,
        "found": [{"href": f"{request.path}?{WITH}={each.pk}", "about": facts_of(each)} for each in found],
        "headings": list(facts_of(obj)),
        "searched": searched,
    }
    return TemplateResponse(request, "professionals/staff/merge_find.html", context)


def candidates(page_admin: StaffModelAdmin, request: HttpRequest, obj: Model) -> QuerySet[Any]:
    rows: QuerySet[Any] = page_admin.get_queryset(request).exclude(pk=obj.pk)
    return rows.filter(erased_at=None).select_related("organisation") if isinstance(obj, Person) else rows


def about(page_admin: StaffModelAdmin, request: HttpRequest, obj: Model, action: ObjectAction) -> dict[str, Any]:
    change_url = reverse(f"staff:{obj._meta.app_label}_{obj._meta.model_name}_change", args=[obj.pk])
    return page_admin.about_action(request, action, obj, change_url)


def chosen(page_admin: StaffModelAdmin, request: HttpRequest, obj: Model) -> Any:
    """The other one, by the key in the address; None for nobody, for somebody erased, and for the same once more."""
    key = request.GET.get(WITH, "")
    return candidates(page_admin, request, obj).filter(pk=key).first() if is_key(type(obj), key) else None


def facts_of(obj: Any) -> dict[str, str]:
    """What tells two of the same name apart."""
    if isinstance(obj, Organisation):
        return {_("Name"): obj.name, _("People"): f"{obj.people_count:,}"}  # type: ignore[attr-defined]
    shown = {capfirst(str(field_label(name))): value_of(obj, name) for name in services.FIELDS}
    return {**shown, _("Signs in"): _("Yes") if obj.user_id else _("No")}


def field_label(name: str) -> str:
    return str(Person._meta.get_field(name).verbose_name)  # type: ignore[union-attr]


def value_of(person: Person, name: str) -> str:
    value = person.get_profession_display() if name == "profession" else getattr(person, name)
    return str(value or "")


class MergePeopleForm(PageForm):
    """A question for each field that both have, and differently."""

    def __init__(self, *args: Any, pair: tuple[Person, Person], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        one_signs_in = bool(pair[0].user_id) != bool(pair[1].user_id)
        for name in services.FIELDS:
            values = [value_of(each, name) for each in pair]
            if all(values) and values[0] != values[1] and not (name == "email" and one_signs_in):
                self.fields[name] = forms.TypedChoiceField(
                    label=_("Which %(field)s stays?") % {"field": field_label(name)},
                    choices=[(each.pk, value) for each, value in zip(pair, values, strict=True)],
                    coerce=int,
                    initial=pair[0].pk,
                    widget=forms.RadioSelect,
                )


def merge_page(page_admin: StaffModelAdmin, request: HttpRequest, person: Person, action: ObjectAction) -> HttpResponse:
    other = chosen(page_admin, request, person)
    if other is None:
        label = _("Name, email, postcode, organisation or phone of the other one")
        details = {name: getattr(person, name) for name in ("name", "email", "phone", "postcode")}
        organisation = person.organisation.name if person.organisation else ""
        alike = [each for each in similar_people(**details, organisation_name=organisation) if each.pk != person.pk]
        return find_page(page_admin, request, person, action, label=label, alike=alike)
    audit_note(request).keys.append(str(other.pk))
    pair = (person, other)
    form = MergePeopleForm(request.POST if request.method == "POST" else None, pair=pair)
    if form.is_valid():
        try:
            merge = services.merge_people(person, other=other, stays=form.cleaned_data, by=signed_in(request), now=timezone.now())
        except DomainError as refusal:
            form.add_error(None, str(refusal.message))
        else:
            messages.success(request, str(action.done if merge.merged_at else ASKED))
            return redirect("staff:professionals_person_change", merge.person_id)
    both_sign_in = person.user_id and other.user_id
    context = {**about(page_admin, request, person, action), "form": form, "pair": pair, "both_sign_in": both_sign_in}
    compared = {**compare_facts(*map(facts_of, pair)), **compare_facts(*map(mail_facts, pair)), **figures(pair)}
    return TemplateResponse(request, "professionals/staff/merge.html", {**context, "compared": compared, "rows": []})


def compare_facts(one: dict[str, str], other: dict[str, str]) -> dict[str, tuple[str, str]]:
    return {label: (value or NOTHING, other[label] or NOTHING) for label, value in one.items()}


def mail_facts(person: Person) -> dict[str, str]:
    wanted = wants_each(person.email) if person.email else {}
    return {str(Topic(topic).label): (_("Yes") if wanted[topic] else _("No")) if wanted else "" for topic in Topic}


def figures(pair: tuple[Person, Person]) -> dict[str, tuple[str, str]]:
    """How many rows of each kind each has. One statement."""
    kinds = [list(services.rows_of(person)) for person in pair]
    counts = counted([*kinds[0], *kinds[1]])
    found = zip(kinds[0], counts[: len(kinds[0])], counts[len(kinds[0]) :], strict=True)
    return {plural_name(rows.model._meta): (up_to_most(one), up_to_most(other)) for rows, one, other in found if one or other}


ASKED = gettext_lazy(
    "Both of them sign in, so we have emailed both addresses. They are merged once each has confirmed that both are theirs."
)
MERGE_PEOPLE = ObjectAction(
    slug="merge",
    label=gettext_lazy("Merge with another person"),
    page=merge_page,
    available=lambda person: not is_waiting(person),
    explanation=gettext_lazy(
        "Use this when one person is in our list twice. Bookings, orders, places and all else of both become one person’s. "
        "If either said no to an email, that no stays. You can undo this within 30 days."
    ),
    done=gettext_lazy("They are one person now. You can undo this within 30 days."),
    asks_again=True,
)


def is_waiting(person: Person) -> bool:
    merge = services.merge_of(person, timezone.now())
    return merge is not None and merge.merged_at is None


def can_undo(obj: Person | Organisation) -> bool:
    return undoable(obj) is not None


def undoable(obj: Any) -> Merge | None:
    if isinstance(obj, Person):
        merge = services.merge_of(obj, timezone.now())
        return merge if merge and merge.merged_at else None
    if "_merge" not in obj.__dict__:
        obj.__dict__["_merge"] = Merge.objects.undoable(timezone.now()).filter(organisation=obj).first()
    latest: Merge | None = obj.__dict__["_merge"]
    return latest


def undo_facts(obj: Any) -> list[dict[str, Any]]:
    merge = undoable(obj)
    if merge is None or merge.undo_until is None:
        return []
    names = [columns["name"] for columns in merge.changes["rows"][0]["went"]]
    rows: list[dict[str, Any]] = [
        {"label": _("Comes back"), "value": ", ".join(names)},
        {"label": _("Possible until"), "value": format_day(merge.undo_until)},
    ]
    if isinstance(obj, Person):
        stays = [_("%(what)s: %(n)s") % {"what": what, "n": up_to_most(figure)} for what, figure in made_since(obj, merge)]
        rows.append({"label": _("Made since, stays here"), "value": "\n".join(stays) or _("Nothing")})
    return rows


def made_since(person: Person, merge: Merge) -> list[tuple[str, int]]:
    """What stays with this person when the merge is undone, with how many. One statement."""
    last = merge.changes["last"]
    since = [
        rows.filter(pk__gt=last.get(rows.model._meta.label_lower) or 0)
        for rows in services.rows_of(person)
        if rows.model is not Merge
    ]
    return [(plural_name(rows.model._meta), figure) for rows, figure in zip(since, counted(since), strict=True) if figure]


UNDO_PEOPLE = ObjectAction(
    slug="undo-merge",
    label=gettext_lazy("Undo the merge"),
    service=services.undo_merge,
    available=can_undo,
    facts=undo_facts,
    explanation=gettext_lazy("Both people will be as they were before. What was made since stays with this person."),
    done=gettext_lazy("They are two people again."),
    asks_again=True,
)
CALL_OFF = ObjectAction(
    slug="call-off",
    label=gettext_lazy("Call off the merge"),
    service=services.call_off_merge,
    available=is_waiting,
    explanation=gettext_lazy("Nobody has been merged yet. The links in our two emails will stop working."),
    done=gettext_lazy("The merge is called off. Both people are as they were."),
)


def state_in_words(person: Person) -> str:
    """Of a merge, for the person's page; empty if there is none."""
    merge = services.merge_of(person, timezone.now())
    if merge is None:
        return ""
    if merge.undo_until is not None:
        return _("Merged with another record. You can take it apart until %(day)s.") % {"day": format_day(merge.undo_until)}
    said = {merge.person: merge.person_said_at, merge.other: merge.other_said_at}
    confirmed = [each.email for each, at in said.items() if each and at]
    waits = [each.email for each, at in said.items() if each and not at]
    sentences = [_("A merge waits until %(day)s.") % {"day": format_day(merge.waits_until)}]
    sentences += [_("%(address)s has confirmed it.") % {"address": address} for address in confirmed]
    sentences += [_("%(address)s has not confirmed it yet.") % {"address": address} for address in waits]
    return " ".join(sentences)


# Organisations.


def merge_organisations_page(
    page_admin: StaffModelAdmin, request: HttpRequest, organisation: Organisation, action: ObjectAction
) -> HttpResponse:
    other = chosen(page_admin, request, organisation)
    if other is None:
        label = _("Name of the other organisation, or part of it")
        return find_page(page_admin, request, organisation, action, label=label, alike=[])
    audit_note(request).keys.append(str(other.pk))
    form = PageForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            services.merge_organisations(keep=organisation, others=[other], by=signed_in(request), now=timezone.now())
        except DomainError as refusal:
            form.add_error(None, str(refusal.message))
        else:
            messages.success(request, str(action.done))
            return redirect("staff:professionals_organisation_change", organisation.pk)
    context = {
        **about(page_admin, request, organisation, action),
        "form": form,
        "pair": (organisation, other),
        "compared": compare_facts(facts_of(organisation), facts_of(other)),
        "rows": [],
    }
    return TemplateResponse(request, "professionals/staff/merge.html", context)


MERGE_ORGANISATIONS = ObjectAction(
    slug="merge",
    label=gettext_lazy("Merge another organisation into this one"),
    page=merge_organisations_page,
    explanation=gettext_lazy(
        "The people and records of the other organisation move to this one. The other organisation’s name then goes from "
        "the list. You can undo this within 30 days."
    ),
    done=gettext_lazy("The organisations are merged. You can undo this within 30 days."),
)
UNDO_ORGANISATIONS = ObjectAction(
    slug="undo-merge",
    label=gettext_lazy("Undo the merge"),
    service=services.undo_organisation_merge,
    available=can_undo,
    facts=undo_facts,
    explanation=gettext_lazy("The other organisation comes back, with the people and records that moved."),
    done=gettext_lazy("They are two organisations again."),
)
