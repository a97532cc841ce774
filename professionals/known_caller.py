"""A caller whom we know: from their page to the forms that book or order for them, filled in, and to the lists of what is theirs.

An address names them by their key alone: who they are may stand in a page, and in no line of a log.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.contrib.auth import get_permission_codename
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ctac.staff import counted
from ctac.staff_acts import tell, told
from ctac.staff_asked import is_key
from ctac.staff_menu import name_of
from professionals.models import Person, User

PERSON = "person"
SEES_PEOPLE = "professionals.view_person"


def person_named(request: HttpRequest) -> Person | None:
    """Whom ?person= names; None for an unknown key."""
    key = request.GET.get(PERSON, "")
    return Person.objects.select_related("organisation").filter(pk=key).first() if is_key(Person, key) else None


def known_caller(request: HttpRequest) -> Person | None:
    """Whom a form begins with: for those alone who may see people, and the audit is told. None for somebody erased."""
    person = person_named(request) if PERSON in request.GET and request.user.has_perm(SEES_PEOPLE) else None
    if person is None or person.erased_at is not None:
        return None
    told(request).kind = Person._meta.label_lower
    tell(request, "viewed", keys=[person.pk])
    return person


def about_known(person: Person | None) -> str:
    """What stands above a form that began with what we know."""
    if person is None:
        return ""
    said = [_("What we know about this person is filled in. To correct it, change the person’s own page.")]
    if not person.email:  # the address alone says who a caller is
        said.append(_("Add an address on the person’s own page first, or this makes a new person."))
    return " ".join(said)


class PersonFilter(admin.SimpleListFilter):
    """What is one person's, by their key: an index has it. No list offers it by itself, since there are too many people."""

    title = gettext_lazy("person")
    parameter_name = PERSON
    names_somebody = True  # whoever writes down which filters were set leaves out whom

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        person = person_named(request)
        return [(self.value() or "", person.name if person else _("Nobody that we know"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        key = self.value() or ""
        return queryset.filter(person=key) if is_key(Person, key) else queryset.none()


def with_person_filter(filters: Sequence[Any], request: HttpRequest) -> Sequence[Any]:
    """For whoever may see people, and only in an address that names one."""
    asked = PERSON in request.GET and request.user.has_perm(SEES_PEOPLE)
    return (*filters, PersonFilter) if asked else filters


@dataclass(frozen=True)
class Theirs:
    """One kind of what people have: rows with a `person`, and the button that leads to the form which adds one for them."""

    model: type[Model]
    add: str | Promise

    def opens_to(self, user: User, act: str) -> bool:
        return user.has_perm(f"{self.model._meta.app_label}.{get_permission_codename(act, self.model._meta)}")

    def link(self, page: str, label: str | Promise, person: Person) -> dict[str, object]:
        address = reverse(f"staff:{self.model._meta.app_label}_{self.model._meta.model_name}_{page}")
        return {"label": label, "href": f"{address}?{PERSON}={person.pk}"}


THEIRS: list[Theirs] = []


def ways_on(person: Person, user: User) -> dict[str, list[dict[str, object]]]:
    """What a person's page leads to: the forms for them, and the lists of what is theirs, each counted, in one statement.

    Of somebody erased the lists stay, and nothing can be added.
    """
    kinds = sorted(THEIRS, key=lambda each: each.model._meta.label_lower)
    adds = [each for each in kinds if each.opens_to(user, "add") and person.erased_at is None]
    lists = [each for each in kinds if each.opens_to(user, "view")]
    figures = counted([each.model._default_manager.filter(person=person) for each in lists])
    named = [(each, f"{name_of(each.model._meta)} ({figure:,})") for each, figure in zip(lists, figures, strict=True)]
    return {
        "adds": [each.link("add", each.add, person) for each in adds],
        "lists": [each.link("changelist", label, person) for each, label in named],
    }
