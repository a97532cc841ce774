"""People, organisations, recognised domains and blocked attempts on the staff site."""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, cast

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth import get_permission_codename
from django.core.exceptions import ValidationError
from django.db.models import Case, Count, F, Model, OuterRef, Q, QuerySet, Subquery, TextField, Value, When
from django.db.models.functions import Coalesce, Concat
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _, gettext_lazy, ngettext

from accounts.access import signed_in_user
from accounts.admin import UserAdmin
from accounts.models import LimitedActivity, User
from accounts.roles import ROLES
from accounts.services import PHONE_COPIES, AccountGoneError
from audit.models import Act
from audit.pages import route_name
from audit.services import AuditSubject, write_audit_entry
from core.forms import PageForm, PageFormMixin, normalise_postcode, validate_phone
from notifications.models import ChoiceSource
from notifications.preferences import record_choices
from notifications.privacy import readdress
from notifications.registry import Topic
from professionals import services
from professionals.exports import OrganisationExportMixin, PersonExportMixin
from professionals.forms import PostcodeField, ask_about_new_phone, clean_text, person_facts, validate_not_team_address
from professionals.imports import admin as imports_admin  # noqa: F401 - registers its model
from professionals.merges import admin as merges
from professionals.models import (
    ORGANISATION_SEARCH_TEXT,
    AccountRecovery,
    BlockedAttempt,
    NameWord,
    Organisation,
    Person,
    RecognisedDomain,
)
from professionals.notes.admin import NotesMixin, build_permission_check, letter_action, note_actions
from professionals.safeguarding import admin as safeguarding_admin  # noqa: F401 - registers its models
from professionals.samples import DEPUTY_LEAD_EMAIL, STAFF_EMAIL, role_email
from professionals.services import is_work_address, record_former_address
from staff.actions import ConfirmationForm, ObjectAction
from staff.first_run import CONTENT_SECTION, FirstRunCheck, Light, register_first_run_check
from staff.lists import (
    EMPTY_VALUE,
    ListPart,
    OptionsFilter,
    breakable_email,
    capped_count_text,
    capped_keys,
    column,
    datetime_column,
    filter_by_words,
    is_valid_key,
    mail_link,
    narrow_by,
    number_column,
    period_filter,
    phone_link,
    state_tag,
)
from staff.menu import plural_name
from staff.model_admin import CachedObjectAdmin, ReadOnlyAdmin, StaffModelAdmin
from staff.search import SearchKind, national_digits, search_registry, searched_contains
from staff.site import staff_site
from staff.story import (
    MAX_RELATED_ROWS,
    RelatedList,
    RelatedRow,
    StoryEntry,
    StoryPage,
    register_related_list,
    register_story_entries,
)
from staff.today import WaitingLine, WaitingRow, count_all

# From the page of a known caller, links lead to the forms that book or order for them, filled in, and to the lists of their
# bookings, orders and so on. A URL holds only the person's key, since URLs stand in logs.

PERSON_PARAMETER = "person"
VIEW_PERSON_PERMISSION = "professionals.view_person"


def person_to_prefill(request: HttpRequest) -> Person | None:
    """The caller whose key stands in the address, if the user may see people. None for an unknown key or somebody erased."""
    key = request.GET.get(PERSON_PARAMETER, "")
    if not request.user.has_perm(VIEW_PERSON_PERMISSION) or not is_valid_key(Person, key):
        return None
    return Person.objects.select_related("organisation").filter(pk=key, erased_at=None).first()


MAX_CALLERS_SHOWN = 10
MAX_CALLERS_SEARCHED = 50


def search_people(typed: str) -> list[Person]:
    """The people who may be calling, found by any of their words or by a phone number in any spelling.

    The person who was in touch last comes first. If there are more than MAX_CALLERS_SHOWN, it returns one more than that. Two
    statements.
    """
    people = Person.objects.filter(erased_at=None)
    found = people.filter(services.has_phone(typed)) if is_phone(typed) else filter_by_words(people, quote_postcode(typed))
    keys = list(found.order_by().values_list("pk", flat=True)[:MAX_CALLERS_SEARCHED])
    return list(services.with_last_contact(Person.objects.filter(pk__in=keys))[: MAX_CALLERS_SHOWN + 1])


def is_phone(typed: str) -> bool:
    with contextlib.suppress(ValidationError):
        validate_phone(typed)
        return True
    return False


FIND_FIELD = "find"


class FindCallerForm(PageForm):
    """The first question on every page for a caller."""

    find = forms.CharField(
        label=gettext_lazy("Who is calling?"),
        max_length=200,
        help_text=gettext_lazy("Enter a name, email address, phone number, postcode or organisation."),
        error_messages={
            "required": gettext_lazy(
                "Enter a name, email address, phone number, postcode or organisation, or press “Somebody new”."
            )
        },
        widget=forms.TextInput({"autocomplete": "off"}),
    )


def details_from_search(typed: str) -> dict[str, str]:
    """What somebody typed to find a person, under the name of the form field where it belongs."""
    typed = clean_text(typed)
    if "@" in typed:
        return {"email": typed}
    if is_phone(typed):
        return {"phone": typed}
    with contextlib.suppress(ValidationError):
        return {"postcode": normalise_postcode(typed)}
    return {"name": typed}


@dataclass(frozen=True)
class CallState:
    """The state of a page for a caller. While staff still look for the caller, `page` is the page that finds them.

    After that, `data` is what was posted to the form, `known` the person that staff found, and `typed` what they typed to find
    somebody new.
    """

    page: HttpResponse | None = None
    data: QueryDict | None = None
    known: Person | None = None
    typed: Mapping[str, str] = field(default_factory=dict)


def begin_call(request: HttpRequest, about: Callable[[], Mapping[str, Any]]) -> CallState:
    """Begin a page for a caller: find them first.

    What is typed to find them is posted, so that it stands in no address; only the key of the chosen person does. A user who may
    not see people gets the form at once. `about` is what else the page shows.
    """
    if request.method == "POST" and "find" not in request.POST:
        return CallState(data=request.POST, known=person_to_prefill(request))
    if "new" in request.POST:
        return CallState(typed=details_from_search(request.POST.get("find", "")))
    if PERSON_PARAMETER in request.GET and request.method != "POST":
        known = person_to_prefill(request)
        audit_people_shown(request, [known] if known else [])
        return CallState(known=known)
    if not request.user.has_perm(VIEW_PERSON_PERMISSION):
        return CallState()
    form = FindCallerForm(request.POST if request.method == "POST" else None)
    people = search_people(form.cleaned_data[FIND_FIELD]) if form.is_valid() else []
    audit_people_shown(request, people[:MAX_CALLERS_SHOWN])
    query = request.GET.copy()
    found = []
    for place, person in enumerate(people[:MAX_CALLERS_SHOWN]):
        query[PERSON_PARAMETER] = str(person.pk)
        found.append({"person": person, "facts": person_facts(person), "query": query.urlencode(), "first": place == 0})
    if not found:
        form.fields[FIND_FIELD].widget.attrs["autofocus"] = True
    context = {**about(), "form": form, "found": found, "more": len(people) > MAX_CALLERS_SHOWN, "most": MAX_CALLERS_SHOWN}
    return CallState(page=TemplateResponse(request, "professionals/staff/find_caller.html", context))


def prefill_explanation(person: Person | None) -> str:
    return (
        _("We have filled in what we know about this person. If you change it, we will ask if the change is for good.")
        if person
        else ""
    )


def audit_people_shown(request: HttpRequest, people: Iterable[Person]) -> None:
    """Record in the audit that the details of these people were shown, to tell who is on the phone."""
    if keys := tuple(str(person.pk) for person in people):
        write_audit_entry(
            Act.VIEWED, by=request.user.pk, about=AuditSubject(Person._meta.label_lower, keys), page=route_name(request)
        )


class OwnerFilter(admin.SimpleListFilter):
    """Filter by a key that stands only in the address, such as ?person=12: there are too many owners to choose from.

    `model` is that of the owner, and `leads_to` the lookup from a row to its owner. `unknown` is shown for a key that nobody has.
    """

    names_somebody = True  # an organisation too, if it is a one-person firm: so the audit leaves out its value
    model: type[Model]
    unknown: str | Promise
    leads_to: str

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        key = self.value() or ""
        owners = (
            self.model._default_manager.filter(pk=key) if is_valid_key(self.model, key) else self.model._default_manager.none()
        )
        return [(key, owners.values_list("name", flat=True).first() or str(self.unknown))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        key = self.value() or ""
        return queryset.filter(**{self.leads_to: key}) if is_valid_key(self.model, key) else queryset.none()


class PersonFilter(OwnerFilter):
    title = gettext_lazy("person")
    parameter_name = leads_to = PERSON_PARAMETER
    model = Person
    unknown = gettext_lazy("Somebody we don’t know")


@dataclass(frozen=True)
class PersonRecordKind:
    """A model whose rows belong to a person by `leads_to`.

    `add` is the label of the button that adds a row for the person, if there is one. `verb` is the permission needed to see whose
    the rows are.
    """

    model: type[Model]
    add: str | Promise = ""
    leads_to: str = "person"
    verb: str = "view"

    def is_allowed(self, user: User, action: str) -> bool:
        return user.has_perm(f"{self.model._meta.app_label}.{get_permission_codename(action, self.model._meta)}")

    def link(self, page: str, label: str | Promise, person: Person) -> dict[str, object]:
        address = reverse(f"staff:{self.model._meta.app_label}_{self.model._meta.model_name}_{page}")
        return {"label": label, "href": f"{address}?{PERSON_PARAMETER}={person.pk}"}

    def of(self, person: Person) -> QuerySet[Any]:
        return self.model._default_manager.filter(**{self.leads_to: person})


PERSON_RECORD_KINDS: list[PersonRecordKind] = []


MAX_REFERENCES_OFFERED = 10


def references_of(person: Person) -> list[str]:
    """The references of the person's newest bookings, orders and so on, for a note about one of them."""
    return [
        reference
        for kind in PERSON_RECORD_KINDS
        for reference in kind.of(person).order_by("-pk").values_list("reference", flat=True)[:MAX_REFERENCES_OFFERED]
    ]


def name_organisation_html(name: str, organisation: str) -> SafeString | str:
    """A name and an organisation, on two lines of a list."""
    return format_html('{}<br> <span class="quiet">{}</span>', name, organisation) if organisation else name


def name_organisation_expression(person: str = "") -> Case:
    """A person's name and organisation in SQL, on one line, for the first staff page. `person` is the lookup ("person__")."""
    organisation = f"{person}organisation__name"
    both = Concat(f"{person}name", Value(", "), organisation)
    return Case(When(**{f"{person}organisation": None}, then=F(f"{person}name")), default=both, output_field=TextField())


def name_organisation_text(person: Person) -> str:
    """The name with the organisation, for a line of a summary: 'Sam Taylor, Leeds Health Visiting'."""
    return f"{person.name}, {person.organisation.name}" if person.organisation else person.name


def has_recognised_domain(person: Person) -> bool:
    """Whether we recognise the domain of their address. Looked up once for a page."""
    if "_has_recognised_domain" not in person.__dict__:
        person.__dict__["_has_recognised_domain"] = is_work_address(person.email)
    return bool(person.__dict__["_has_recognised_domain"])


def domain_display(person: Person) -> SafeString | str:
    """Whether a presenter may go to them alone before staff have checked the workplace."""
    if not person.email:
        return EMPTY_VALUE
    if has_recognised_domain(person):
        return state_tag(_("Recognised"), "good")
    sentence = _("Check that this workplace is real before a presenter goes there.")
    return format_html("{} {}", state_tag(_("Not recognised"), "waiting"), sentence)


def quote_postcode(typed: str) -> str:
    """A postcode, in any case and spacing, as one word in its usual form; any other text unchanged."""
    with contextlib.suppress(ValidationError):
        return f'"{normalise_postcode(typed)}"'
    return typed


class PersonColumnsMixin(NotesMixin):
    """For an admin whose objects have a `person`, read with `person__organisation`."""

    links: ClassVar[Mapping[Any, tuple[str, str]]] = {"person": ("professionals.view_person", "person_unlinked")}
    about_person = ("person", "person_organisation", "person_email", "person_phone")

    person_unlinked = column(gettext_lazy("person"), lambda obj: str(obj.person))
    person_organisation = column(
        gettext_lazy("organisation"), lambda obj: obj.person.organisation.name if obj.person.organisation else EMPTY_VALUE
    )
    person_email = column(gettext_lazy("email address"), lambda obj: mail_link(obj.person.email))
    person_phone = column(gettext_lazy("phone"), lambda obj: phone_link(obj.person.phone))
    person_domain = column(gettext_lazy("email domain"), lambda obj: domain_display(obj.person))

    def get_list_filter(self, request: HttpRequest) -> Any:
        filters = super().get_list_filter(request)  # type: ignore[misc]
        asked = PERSON_PARAMETER in request.GET and request.user.has_perm(VIEW_PERSON_PERMISSION)
        return (*filters, PersonFilter) if asked else filters

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> tuple[QuerySet[Any], bool]:
        """Find the rows of a person by their whole email address. Any other search is as usual."""
        if "@" in search_term and (person := Person.objects.with_email(search_term.strip()).first()):
            return queryset.filter(person=person), False
        return super().get_search_results(request, queryset, search_term)  # type: ignore[misc]


STOP_MAIL_ACTION = ObjectAction(
    slug="stop-mail",
    label=gettext_lazy("Stop reminders and news"),
    # Staff can only switch mail off. Only the owner of the address may ask for more.
    service=lambda person, by, now: record_choices(
        address=person.email, chosen=dict.fromkeys(Topic, False), where=ChoiceSource.PHONE, now=now
    ),
    available=lambda person: bool(person.wanted_topics),
    explanation=gettext_lazy(
        "Use this when somebody asks for it on the phone. They will get no more reminders, news or invitations by email. "
        "They will still get confirmations, changes and cancellations. They can choose again on the website, or with the "
        "link in our emails."
    ),
    done=gettext_lazy("They will get no more reminders or news."),
)


class RecoverForm(ConfirmationForm):
    email = forms.EmailField(label=gettext_lazy("New work email address"), max_length=254)
    called = forms.CharField(
        label=gettext_lazy("Who did you call?"),
        help_text=gettext_lazy("Name and job, such as “Ruth Adeyemi, ward manager”. They must know the person."),
        max_length=200,
    )
    number = forms.CharField(
        label=gettext_lazy("On which number?"),
        help_text=gettext_lazy("Use a number that you found yourself, such as the switchboard on the organisation’s website."),
        max_length=40,
        validators=[validate_phone],
    )
    sure = forms.BooleanField(
        label=gettext_lazy("The person I called said that this person works there and has this new address.")
    )


def account_keys_by_person(accounts: QuerySet[User], search_term: str) -> Iterable[int]:
    """The keys of the accounts found by the name and other details of their person."""
    people = Person.objects.filter(user__in=accounts) if accounts.query.where else Person.objects.exclude(user=None)
    return capped_keys(filter_by_words(people, quote_postcode(search_term)), "user_id")


RECOVER_ACTION = ObjectAction(
    slug="recover",
    label=gettext_lazy("Move to a new address"),
    service=services.recover_account,
    available=lambda user: user.is_active,
    form_class=RecoverForm,
    explanation=gettext_lazy(
        "Use this when somebody has lost both their mailbox and their second factor. Call their organisation first. This "
        "signs them out everywhere, removes their password, passkeys and second factor, and sends an email to the old "
        "address. They can then sign in with a code that we send to the new address."
    ),
    done=gettext_lazy(
        "The account has its new address. It is confirmed once they have signed in with a code that we send there."
    ),
    permission="recover",
    weight="stop",
    asks_again=True,
)
UserAdmin.object_actions = [*UserAdmin.object_actions, RECOVER_ACTION]
UserAdmin.also_found_by.append(account_keys_by_person)


class SeenFilter(OptionsFilter):
    title = gettext_lazy("seen")
    parameter_name = "seen"
    options = {
        "no": (gettext_lazy("Not seen yet"), narrow_by(seen_at=None)),
        "yes": (gettext_lazy("Seen"), narrow_by(seen_at__isnull=False)),
    }


@admin.register(BlockedAttempt, site=staff_site)
class BlockedAttemptAdmin(ReadOnlyAdmin):
    """Blocked attempts: seen, or let through when staff know who it was (ADR 10)."""

    nobody_may = ("add", "delete")
    list_display = ("where_and_why", "counted_by_display", "about", "who", "number_of_times", "last", "state")
    list_filter = (SeenFilter, "where", "why", "by", period_filter("last_at"))
    list_select_related = ("person__organisation", "organisation")
    sorts_quickly = ("last",)
    actions = ("seen_all",)
    fields = readonly_fields = (
        "where",
        "why",
        "counted_by_display",
        "about",
        "who",
        "number_of_times",
        "last",
        "first_hour",
        "seen",
        "through",
        "by_staff",
    )
    number_of_times = number_column("times", gettext_lazy("times"))
    last = datetime_column("last_at", gettext_lazy("last"), short=True)
    first_hour = datetime_column("hour", gettext_lazy("in the hour from"))
    seen = datetime_column("seen_at", gettext_lazy("seen"))
    through = datetime_column("let_through_at", gettext_lazy("let through"))
    where_and_why = column(gettext_lazy("what"), str, ordering="where")
    counted_by_display = column(
        gettext_lazy("counted by"), lambda attempt: attempt.get_by_display() if attempt.by else EMPTY_VALUE, ordering="by"
    )
    object_actions = (
        ObjectAction(
            slug="let-through",
            label=gettext_lazy("Let through for today"),
            service=services.lift_block,
            available=lambda attempt: attempt.can_be_let_through(timezone.now()),
            explanation=gettext_lazy(
                "Use this only for people you know. This limit will stop nobody here until midnight. For an organisation "
                "or a postcode, that means everybody there. The limits on copies stay the same."
            ),
            done=gettext_lazy("This limit is off for them until midnight. They can try again now."),
            weight="main",
        ),
        ObjectAction(
            slug="seen",
            label=gettext_lazy("Mark as seen"),
            service=lambda attempt, **kwargs: services.mark_blocked_attempts_seen(
                rows=BlockedAttempt.objects.filter(pk=attempt.pk), **kwargs
            ),
            available=lambda attempt: attempt.seen_at is None,
            explanation=gettext_lazy(
                "This takes it off the first page. If the same limit stops it again in the same hour, it comes back."
            ),
            done=gettext_lazy("Marked as seen."),
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[BlockedAttempt]:
        return super().get_queryset(request).select_related("by_staff", *self.list_select_related)

    @admin.display(description=gettext_lazy("who"))
    def who(self, attempt: BlockedAttempt) -> SafeString | str:
        """The first person stopped in that hour, if signed in."""
        person, organisation = attempt.person, attempt.organisation
        if person is None:
            return organisation.name if organisation else EMPTY_VALUE
        return name_organisation_html(person.name, person.organisation.name if person.organisation else "")

    @admin.display(description=gettext_lazy("state"))
    def state(self, attempt: BlockedAttempt) -> SafeString:
        if attempt.let_through_at:
            return state_tag(_("Let through"), "good")
        return state_tag(_("Seen"), "done") if attempt.seen_at else state_tag(_("Not seen"), "waiting")

    def get_summary_rows(self, obj: BlockedAttempt) -> list[dict[str, object]]:
        return [
            {"label": _("What"), "value": str(obj)},
            {"label": _("Counted by"), "value": f"{self.counted_by_display(obj)} {obj.about}".strip()},
            {"label": _("Who"), "value": name_organisation_text(obj.person) if obj.person else self.who(obj)},
        ]

    @admin.action(description=gettext_lazy("Mark as seen"), permissions=["change"])
    def seen_all(self, request: HttpRequest, rows: QuerySet[BlockedAttempt]) -> None:
        count = services.mark_blocked_attempts_seen(rows=rows, by=signed_in_user(request), now=timezone.now())
        messages.success(request, ngettext("%(n)d is marked as seen.", "%(n)d are marked as seen.", count) % {"n": count})


staff_site.add_waiting(
    gettext_lazy("People"),
    WaitingLine(
        label=gettext_lazy("attempts stopped by a limit"),
        one=gettext_lazy("attempt stopped by a limit"),
        count=lambda: BlockedAttempt.objects.filter(seen_at=None),
        address=lambda: f"{reverse('staff:professionals_blockedattempt_changelist')}?seen=no",
        permission="professionals.view_blockedattempt",
        named=WaitingRow(
            who=Case(When(person=None, then=F("organisation__name")), default=F("person__name"), output_field=TextField()),
            what="where",
            what_text=lambda where: str(dict(LimitedActivity.choices).get(where, where)),
            since="last_at",
            label=gettext_lazy("Look at it"),
        ),
    ),
)


class OrganisationNameField(forms.CharField):
    """An organisation by its name, as when somebody calls: there are too many for a list. A new name is a new organisation."""

    saved: Organisation | None = None  # the organisation of a saved person

    def prepare_value(self, value: Any) -> Any:
        """Show the name. A saved person has the key as initial value."""
        return self.saved.name if self.saved and isinstance(value, int) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(self.prepare_value(initial), data)

    def clean(self, value: Any) -> Organisation | None:
        """The organisation, unsaved if it is new: save_model adds it, once the whole form is right."""
        name = " ".join(super().clean(value).split())
        return Organisation.objects.named(name).first() or Organisation(name=name) if name else None


class PersonForm(PageFormMixin, forms.ModelForm):
    with_phone_copies = False

    postcode = PostcodeField(label=gettext_lazy("Work postcode"), required=False)
    phone = forms.CharField(label=gettext_lazy("Phone"), max_length=30, required=False, validators=[validate_phone])
    organisation = OrganisationNameField(
        label=gettext_lazy("Organisation"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("Type its name as in our list. If it is not in the list yet, we will add it."),
    )

    class Meta:
        model = Person
        fields = ["name", "email", "phone", "profession", "organisation", "postcode"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "organisation" in self.fields:
            cast(OrganisationNameField, self.fields["organisation"]).saved = self.instance.organisation

    def clean_email(self) -> str:
        email = str(self.cleaned_data["email"]).strip().lower()
        validate_not_team_address(email)
        return email

    def clean(self) -> None:
        super().clean()
        if self.instance.pk and "phone" in self.cleaned_data:
            self.with_phone_copies = ask_about_new_phone(self, self.instance, self.cleaned_data["phone"])


def person_note_fields(person: Person) -> dict[str, Any]:
    """The person, whom a note on their own page is about."""
    return {"person": person}


class SignInFilter(OptionsFilter):
    title = gettext_lazy("sign-in")
    parameter_name = "sign_in"
    options = {
        "yes": (gettext_lazy("Signs in"), narrow_by(user__isnull=False)),
        "no": (gettext_lazy("Entered by staff"), narrow_by(user=None)),
    }


ORGANISATION_PARAMETER = "organisation"


class OrganisationFilter(OwnerFilter):
    title = gettext_lazy("organisation")
    parameter_name = leads_to = ORGANISATION_PARAMETER
    model = Organisation
    unknown = gettext_lazy("An organisation that we don’t know")


@admin.register(Person, site=staff_site)
class PersonAdmin(PersonExportMixin, NotesMixin, CachedObjectAdmin):
    nobody_may = ("delete",)
    form = PersonForm
    change_form_template = "professionals/staff/person.html"
    list_display = ["name", "organisation", "profession", "email_in_list", "phone_in_list", "postcode", "signs_in"]
    list_filter = ["profession", SignInFilter]
    searched = "searched"
    by_name = True
    sorts_quickly = ["name"]
    search_fields = ["name", "email", "postcode", "organisation__name", "phone"]
    search_help_text = gettext_lazy("Name, email, postcode, organisation or phone")
    fields = ["name", "email", "email_domain", "phone", "profession", "organisation", "postcode", "signs_in", "mail", "added_at"]
    readonly_fields = ["email_domain", "signs_in", "mail", "added_at", "merge"]
    added_at = datetime_column("created_at", gettext_lazy("added"))
    signs_in = column(gettext_lazy("signs in"), lambda person: _("Yes") if person.user_id else _("No (entered by staff)"))
    email_in_list = column(
        gettext_lazy("email address"),
        lambda person: breakable_email(person.email) if person.email else EMPTY_VALUE,
        ordering="email",
    )
    phone_in_list = column(gettext_lazy("phone"), lambda person: phone_link(person.phone), ordering="phone")
    email_domain = column(gettext_lazy("email domain"), domain_display)
    object_actions = [
        merges.MERGE_PEOPLE_ACTION,
        merges.UNDO_PEOPLE_MERGE_ACTION,
        merges.CALL_OFF_MERGE_ACTION,
        STOP_MAIL_ACTION,
        *note_actions(person_note_fields, references=references_of),
        letter_action(person_note_fields),
    ]
    buttons_in_a_row = 0  # the buttons that add something for the person are in a row instead
    merge = column(gettext_lazy("merge"), merges.merge_state_text)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Person]:
        return super().get_queryset(request).select_related("organisation", "user")

    def get_list_filter(self, request: HttpRequest) -> Any:
        filters = super().get_list_filter(request)
        return (*filters, OrganisationFilter) if ORGANISATION_PARAMETER in request.GET else filters

    def get_fields(self, request: HttpRequest, obj: Person | None = None) -> list[Any]:
        """Leave the read-only fields out for a new person, and the merge for a person who was never merged."""
        shown = [name for name in self.fields if obj is not None or name not in self.readonly_fields]
        return [*shown, "merge"] if obj is not None and merges.merge_state_text(obj) else shown

    @admin.display(description=gettext_lazy("chose to get by email"))
    def mail(self, person: Person) -> str:
        if not person.email:
            return _("Nothing, because we have no address")
        return ". ".join([str(topic.label) for topic in person.wanted_topics]) or _(
            "Only confirmations, changes and cancellations"
        )

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """Add links to the forms that add something for this person, and to the lists of what they have, with counts.

        One statement. For somebody erased the lists stay, and nothing can be added.
        """
        person, user = kwargs.get("obj"), signed_in_user(request)
        if person is not None:
            kinds = sorted(PERSON_RECORD_KINDS, key=lambda kind: kind.model._meta.label_lower)
            lists = [kind for kind in kinds if kind.is_allowed(user, kind.verb)]
            figures = count_all([kind.of(person) for kind in lists])
            context |= {
                "adds": [
                    kind.link("add", kind.add, person)
                    for kind in kinds
                    if kind.add and kind.is_allowed(user, "add") and person.erased_at is None
                ],
                "lists": [
                    kind.link("changelist", f"{plural_name(kind.model._meta)} ({capped_count_text(figure)})", person)
                    for kind, figure in zip(lists, figures, strict=True)
                ],
            }
        return super().render_change_form(request, context, *args, **kwargs)

    def get_summary_rows(self, obj: Person) -> list[dict[str, object]]:
        return [
            {"label": _("Who"), "value": name_organisation_text(obj)},
            {"label": _("Email address"), "value": obj.email or EMPTY_VALUE},
        ]

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Save nothing if the person is erased while a colleague changes them."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except AccountGoneError:
            messages.warning(request, _("Somebody has just erased this person, so nothing was saved."))
            return redirect(request.path)

    def save_model(self, request: HttpRequest, obj: Person, form: forms.ModelForm, change: bool) -> None:
        """Write only the changed fields of a known person: the others may be newer than the page. Raises AccountGoneError."""
        if change:
            services.lock_person(obj)
        if obj.organisation is not None:
            obj.organisation = services.get_or_create_organisation(obj.organisation.name)
        obj.save(update_fields=[name for name in form.changed_data if name in form.base_fields] if change else None)
        if change and form.with_phone_copies:  # type: ignore[attr-defined]
            phones = {"before": form.initial["phone"], "after": obj.phone}
            PHONE_COPIES[Person].replace(obj, **phones, by=request.user, now=timezone.now())
        if change and "organisation" in form.changed_data:
            services.delete_unused_organisations([form.initial["organisation"]])
        if change and "email" in form.changed_data:  # reminders follow
            before, now = form.initial["email"], timezone.now()
            readdress(before=before, to=obj.email, now=now)
            record_former_address(obj, before, now)

    def get_readonly_fields(self, request: HttpRequest, obj: Person | None = None) -> list[str]:
        """The email address is read-only for a person who signs in. They change it themselves, with a code sent to it."""
        fields = list(self.readonly_fields)
        return [*fields, "email"] if obj and obj.user_id else fields

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> tuple[QuerySet, bool]:
        if "@" in search_term and (known := Person.objects.with_email(search_term.strip()).values_list("pk", flat=True).first()):
            return queryset.filter(pk=known), False
        return super().get_search_results(request, queryset, quote_postcode(search_term))

    def has_change_permission(self, request: HttpRequest, obj: Person | None = None) -> bool:
        """Nobody can change a person who was erased."""
        return (obj is None or obj.erased_at is None) and super().has_change_permission(request, obj)

    # For actions of privacy and of bookings.
    has_erase_permission = build_permission_check("professionals.erase_person")
    has_give_data_permission = build_permission_check("professionals.give_person_data")
    has_hand_over_permission = build_permission_check("bookings.hand_over_booking")


search_registry.spelt_like = lambda words, tables: NameWord.objects.possible_words(words, tables)
search_registry.add(
    SearchKind(
        Person,
        searched_contains,
        about=lambda person: (person.organisation, person.email, person.postcode),
        names=lambda person: (person.name, person.email, national_digits(person.phone)),
        spelt_in=("professionals_person",),
        related=("organisation",),
    )
)


@admin.register(Organisation, site=staff_site)
class OrganisationAdmin(OrganisationExportMixin, NotesMixin, CachedObjectAdmin):
    nobody_may = ("delete",)
    change_form_template = "professionals/staff/organisation.html"
    list_display = ["name", "number_of_people", "added"]
    search_fields = ["name"]
    search_help_text = gettext_lazy("Name or part of it")
    searched = "searched"
    by_name = True
    sorts_quickly = ["name", "added"]
    fields = ["name"]
    added = datetime_column("created_at", gettext_lazy("added"), short=True)
    number_of_people = number_column("people_count", gettext_lazy("people"))
    object_actions = [
        merges.MERGE_ORGANISATIONS_ACTION,
        merges.UNDO_ORGANISATIONS_MERGE_ACTION,
        *note_actions(lambda organisation: {"organisation": organisation}),
    ]
    buttons_in_a_row = 0

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        """With the number of people of each organisation on the page (see `parts`)."""
        people = Person.objects.filter(organisation=OuterRef("pk")).order_by().values("organisation")
        count = Coalesce(Subquery(people.annotate(many=Count("pk")).values("many")), 0)
        return super().get_queryset(request).annotate(people_count=count).alias(searched=ORGANISATION_SEARCH_TEXT)

    def parts(self) -> tuple[ListPart, ...]:
        """Read the keys of the page first. Otherwise the people of every organisation on earlier pages would be counted too."""
        return (ListPart(Q(), ("name", "-pk")),)


search_registry.add(SearchKind(Organisation, searched_contains, spelt_in=("professionals_organisation",)))


def organisation_people_rows(organisation: Organisation) -> list[RelatedRow]:
    return [
        RelatedRow(person.name, person.get_profession_display(), reverse("staff:professionals_person_change", args=[person.pk]))
        for person in organisation.people.order_by("name", "pk")[: MAX_RELATED_ROWS + 1]
    ]


register_related_list(
    Organisation,
    RelatedList(
        gettext_lazy("Its people"),
        organisation_people_rows,
        VIEW_PERSON_PERMISSION,
        lambda organisation: f"{reverse('staff:professionals_person_changelist')}?{ORGANISATION_PARAMETER}={organisation.pk}",
    ),
)


# Changes of address, in the story of a person.


def former_address_entries(person: Person, page: StoryPage) -> Iterator[StoryEntry]:
    """The changes of address in a person's story. They are few, and read once for a page: the story's emails need them too."""
    for former in (each for each in person.shared_addresses if each.person_id == person.pk):
        if page.until is None or former.until <= page.until:
            yield StoryEntry(former.until, _("Email address changed"), why=_("Before: %(address)s") % {"address": former.address})


def recovery_entries(person: Person, page: StoryPage) -> Iterator[StoryEntry]:
    if person.user_id is None:
        return
    for moved in page.newest(AccountRecovery.objects.filter(user=person.user_id).select_related("by")):
        yield StoryEntry(
            moved.at,
            _("Account moved to a new address by staff"),
            moved.by or "",
            _("We rang %(who)s on %(number)s") % {"who": moved.called, "number": moved.number},
        )


register_story_entries(Person, former_address_entries)
register_story_entries(Person, recovery_entries)


class DomainForm(forms.ModelForm):
    class Meta:
        model = RecognisedDomain
        fields = ["domain"]

    def clean_domain(self) -> str:
        domain = str(self.cleaned_data["domain"]).strip().lstrip("@.").lower()
        if "." not in domain or any(char.isspace() or char in "@/:" for char in domain):
            raise ValidationError(_("Enter the part after the @, like example.nhs.uk."))
        return domain


@admin.register(RecognisedDomain, site=staff_site)
class RecognisedDomainAdmin(StaffModelAdmin):
    form = DomainForm
    list_display = ["domain"]
    search_fields = ["domain"]
    search_help_text = gettext_lazy("The part after the @, or part of it")


def sample_data_checks(request: HttpRequest | None) -> Iterator[FirstRunCheck]:
    """Red if production has the sample colleagues: their passwords stand in our code, for everybody to read."""
    label = gettext_lazy("Sample data")
    if not settings.PRODUCTION:
        yield FirstRunCheck(label, Light.GREEN, _("This copy is for trying out, so it may have sample data."))
    elif User.objects.filter(email__in=[STAFF_EMAIL, DEPUTY_LEAD_EMAIL, *map(role_email, ROLES)]).exists():
        sentence = _("This database has sample accounts, whose passwords everybody can read. Start again with an empty one.")
        yield FirstRunCheck(label, Light.RED, sentence)
    else:
        yield FirstRunCheck(label, Light.GREEN, _("There are no sample accounts."))


register_first_run_check(CONTENT_SECTION, gettext_lazy("Sample data"), sample_data_checks)
