"""Who asked for something, as the staff pages of bookings and orders show it: one set of words for both."""

import contextlib
from collections.abc import Mapping
from typing import Any, ClassVar

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ctac.staff_lists import NOTHING, mail_link, phone_link, state_tag
from ctac.uk import tidy_postcode
from professionals.known_caller import with_person_filter
from professionals.models import Person
from professionals.services.organisations import is_recognised


def name_and_organisation(name: str, organisation: str) -> SafeString | str:
    """Two lines of a list: the name, and more quietly where they work."""
    return format_html('{}<br> <span class="quiet">{}</span>', name, organisation) if organisation else name


def called(person: Person) -> str:
    """'Sam Taylor, Leeds Health Visiting', for a line of a summary."""
    return f"{person.name}, {person.organisation.name}" if person.organisation else person.name


def has_recognised_domain(person: Person) -> bool:
    """Looked up once for a page."""
    known: bool | None = person.__dict__.get("_has_recognised_domain")
    if known is None:
        known = person.__dict__["_has_recognised_domain"] = is_recognised(person.email)
    return known


def domain_in_words(person: Person) -> SafeString | str:
    """Whether a presenter may go there alone without anybody asking."""
    if not person.email:
        return NOTHING
    if has_recognised_domain(person):
        return state_tag(_("Recognised"), "good")
    sentence = _("Check that the workplace is real before a presenter goes there.")
    return format_html("{} {}", state_tag(_("Not recognised"), "waiting"), sentence)


def whole_postcode(typed: str) -> str:
    """A postcode, in whatever case and spacing, as one word in canonical form; anything else as it is."""
    with contextlib.suppress(ValidationError):
        return f'"{tidy_postcode(typed)}"'
    return typed


class AboutPerson:
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
