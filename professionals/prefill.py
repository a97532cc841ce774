"""What staff pages of bookings and orders show of a person, and forms that begin with what we know of a caller."""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.auth import get_permission_codename
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from ctac.dates import tidy_postcode
from ctac.staff.actions import tell, told
from ctac.staff.columns import NOTHING, mail_link, phone_link, state_tag
from ctac.staff.lists import is_key
from ctac.staff.menu import name_of
from ctac.staff.site import counted
from professionals.models import Person
from professionals.services import is_work_address

# A caller whom we know: from their page to the forms that book or order for them, filled in, and to the lists of what is
# theirs.
#
# An address names them by their key alone: who they are may stand in a page, and in no line of a log.

PERSON = "person"
SEES_PEOPLE = "professionals.view_person"


def person_from_query(request: HttpRequest) -> Person | None:
    """Whom ?person= names; None for an unknown key."""
    key = request.GET.get(PERSON, "")
    return Person.objects.select_related("organisation").filter(pk=key).first() if is_key(Person, key) else None


def prefilled_person(request: HttpRequest) -> Person | None:
    """Whom a form begins with: for those alone who may see people, and the audit is told. None for somebody erased."""
    person = person_from_query(request) if PERSON in request.GET and request.user.has_perm(SEES_PEOPLE) else None
    if person is None or person.erased_at is not None:
        return None
    told(request).kind = Person._meta.label_lower
    tell(request, "viewed", keys=[person.pk])
    return person


def prefill_note(person: Person | None) -> str:
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
        person = person_from_query(request)
        return [(self.value() or "", person.name if person else _("Nobody that we know"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        key = self.value() or ""
        return queryset.filter(person=key) if is_key(Person, key) else queryset.none()


def with_person_filter(filters: Sequence[Any], request: HttpRequest) -> Sequence[Any]:
    """For whoever may see people, and only in an address that names one."""
    asked = PERSON in request.GET and request.user.has_perm(SEES_PEOPLE)
    return (*filters, PersonFilter) if asked else filters


@dataclass(frozen=True)
class PersonRecords:
    """One kind of what people have: rows with a `person`, and the button that leads to the form which adds one for them."""

    model: type[Model]
    add: str | Promise

    def opens_to(self, user: User, act: str) -> bool:
        return user.has_perm(f"{self.model._meta.app_label}.{get_permission_codename(act, self.model._meta)}")

    def link(self, page: str, label: str | Promise, person: Person) -> dict[str, object]:
        address = reverse(f"staff:{self.model._meta.app_label}_{self.model._meta.model_name}_{page}")
        return {"label": label, "href": f"{address}?{PERSON}={person.pk}"}


PERSON_RECORDS: list[PersonRecords] = []


def person_links(person: Person, user: User) -> dict[str, list[dict[str, object]]]:
    """What a person's page leads to: the forms for them, and the lists of what is theirs, each counted, in one statement.

    Of somebody erased the lists stay, and nothing can be added.
    """
    kinds = sorted(PERSON_RECORDS, key=lambda each: each.model._meta.label_lower)
    adds = [each for each in kinds if each.opens_to(user, "add") and person.erased_at is None]
    lists = [each for each in kinds if each.opens_to(user, "view")]
    figures = counted([each.model._default_manager.filter(person=person) for each in lists])
    named = [(each, f"{name_of(each.model._meta)} ({figure:,})") for each, figure in zip(lists, figures, strict=True)]
    return {
        "adds": [each.link("add", each.add, person) for each in adds],
        "lists": [each.link("changelist", label, person) for each, label in named],
    }


# Who asked for something, as the staff pages of bookings and orders show it: one set of words for both.


def name_and_organisation(name: str, organisation: str) -> SafeString | str:
    """Two lines of a list: the name, and more quietly where they work."""
    return format_html('{}<br> <span class="quiet">{}</span>', name, organisation) if organisation else name


def name_with_organisation(person: Person) -> str:
    """'Sam Taylor, Leeds Health Visiting', for a line of a summary."""
    return f"{person.name}, {person.organisation.name}" if person.organisation else person.name


def has_recognised_domain(person: Person) -> bool:
    """Looked up once for a page."""
    known: bool | None = person.__dict__.get("_has_recognised_domain")
    if known is None:
        known = person.__dict__["_has_recognised_domain"] = is_work_address(person.email)
    return known


def domain_in_words(person: Person) -> SafeString | str:
    """Whether a presenter may go there alone without anybody asking."""
    if not person.email:
        return NOTHING
    if has_recognised_domain(person):
        return state_tag(_("Recognised"), "good")
    sentence = _("Check that the workplace is real before a presenter goes there.")
    return format_html("{} {}", state_tag(_("Not recognised"), "waiting"), sentence)


def postcode_as_one_word(typed: str) -> str:
    """A postcode, in whatever case and spacing, as one word in canonical form; anything else as it is."""
    with contextlib.suppress(ValidationError):
        return f'"{tidy_postcode(typed)}"'
    return typed


class PersonColumnsMixin:
    """For an admin whose objects have a `person`, read with `person__organisation`."""

    def get_list_filter(self, request: HttpRequest) -> Any:
        return with_person_filter(super().get_list_filter(request), request)  # type: ignore[misc]

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> tuple[QuerySet[Any], bool]:
        """A whole address that we know finds what is its person's, and nothing else."""
        if "@" in search_term and (person := Person.objects.with_email(search_term.strip()).first()):
            return queryset.filter(person=person), False
        return super().get_search_results(request, queryset, search_term)  # type: ignore[misc]

    links: ClassVar[Mapping[Any, tuple[str, str]]] = {"person": ("professionals.view_person", "person_unlinked")}
    about_person = ("person", "person_organisation", "person_email", "person_phone")

    @admin.display(description=gettext_lazy("person"))
    def person_unlinked(self, obj: Any) -> str:
        return str(obj.person)

    @admin.display(description=gettext_lazy("organisation"))
    def person_organisation(self, obj: Any) -> str:
        return obj.person.organisation.name if obj.person.organisation else NOTHING

    @admin.display(description=gettext_lazy("email address"))
    def person_email(self, obj: Any) -> SafeString | str:
        return mail_link(obj.person.email)

    @admin.display(description=gettext_lazy("phone"))
    def person_phone(self, obj: Any) -> SafeString | str:
        return phone_link(obj.person.phone)

    @admin.display(description=gettext_lazy("email domain"))
    def person_domain(self, obj: Any) -> SafeString | str:
        return domain_in_words(obj.person)
