"""People, organisations, recognised domains and blocked attempts on the staff site. Drafts and limits are nobody's business."""

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.auth import get_permission_codename
from django.core.exceptions import ValidationError
from django.db.models import Count, Model, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.access import signed_in
from accounts.admin import UserAdmin
from accounts.models import User
from accounts.services import AccountGoneError
from ctac.dates import tidy_postcode
from ctac.errors import DomainError
from ctac.staff.audit import audit_note
from ctac.staff.columns import NOTHING, LooksOnly, email_in_pieces, mail_link, moment_of, number_of, phone_link, state_tag
from ctac.staff.lists import Part, is_key, keys_of, period_of, with_words
from ctac.staff.menu import plural_name
from ctac.staff.site import ObjectAction, StaffModelAdmin, SureForm, Waiting, counted, staff_site
from notifications.models import Where
from notifications.preferences import choose, wants_each
from notifications.privacy import readdress
from notifications.registry import Topic
from professionals import services
from professionals.forms import PostcodeField, refuse_the_teams_own, validate_phone
from professionals.models import ORGANISATION_WORDS, Organisation, Person, RecognisedDomain, Stopped
from professionals.safeguarding.admin import FlaggedTextAdmin, OutOfHoursAdmin
from professionals.services import is_work_address, note_former_address

# What staff pages of bookings and orders show of a person, and forms that begin with what we know of a caller.

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
    audit_note(request).kind = Person._meta.label_lower
    audit_note(request).add("viewed", keys=[person.pk])
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
    named = [(each, f"{plural_name(each.model._meta)} ({figure:,})") for each, figure in zip(lists, figures, strict=True)]
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


# What somebody gets by email, for a colleague who has them on the phone.


def wanted_topics(person: Person) -> list[Topic]:
    return [topic for topic, is_wanted in wants_each(person.email).items() if is_wanted] if person.email else []


STOP_MAIL = ObjectAction(
    slug="stop-mail",
    label=gettext_lazy("Stop reminders and news"),
    # Only ever to less: to get more is theirs to ask for, where their address is known to be theirs.
    service=lambda person, by, now: choose(address=person.email, chosen=dict.fromkeys(Topic, False), where=Where.PHONE, now=now),
    available=lambda person: bool(wanted_topics(person)),
    explanation=gettext_lazy(
        "For somebody who asks for it on the phone. They get no reminders, news or invitations by email any more. Answers to "
        "what they do, changes and cancellations still come. They can choose anew on the website, or by the link in our emails."
    ),
    done=gettext_lazy("They get no reminders and no news any more."),
)


# What the staff pages of accounts know of people: found by a person's name, moved to a new address after a call.


class RecoverForm(SureForm):
    email = forms.EmailField(label=gettext_lazy("New work email address"), max_length=254)
    called = forms.CharField(
        label=gettext_lazy("Whom did you call?"),
        help_text=gettext_lazy("Name and job, such as “Ruth Adeyemi, ward manager”. They must know the person."),
        max_length=200,
    )
    number = forms.CharField(
        label=gettext_lazy("On which number?"),
        help_text=gettext_lazy("One that you found yourself, such as the switchboard on the organisation’s website."),
        max_length=40,
        validators=[validate_phone],
    )
    sure = forms.BooleanField(label=gettext_lazy("They said that the person works there and has this new address."))


def accounts_of_people(accounts: QuerySet[User], search_term: str) -> Iterable[int]:
    """By the words of their person."""
    people = Person.objects.filter(user__in=accounts) if accounts.query.where else Person.objects.exclude(user=None)
    return keys_of(with_words(people, postcode_as_one_word(search_term)), "user_id")


RECOVER = ObjectAction(
    slug="recover",
    label=gettext_lazy("Move to a new address"),
    service=services.recover_account,
    available=lambda user: user.is_active,
    form_class=RecoverForm,
    explanation=gettext_lazy(
        "For somebody who has lost both their mailbox and their second factor. Call their organisation first. It signs "
        "them out everywhere, removes the password, passkeys and second factor, and tells the old address. They then "
        "sign in with a code that goes to the new one."
    ),
    done=gettext_lazy("The account has its new address. It counts once they have signed in with a code sent to it."),
    permission="recover",
    weight="stop",
    asks_again=True,
)
UserAdmin.object_actions = [*UserAdmin.object_actions, RECOVER]
UserAdmin.also_found_by.append(accounts_of_people)


# What was stopped, for staff: seen, or let through when they know who it was (ADR 10).

BLOCKED_ATTEMPT_FIELDS = (
    "where",
    "why",
    "by_in_words",
    "about",
    "who",
    "number_of_times",
    "last",
    "first_hour",
    "seen",
    "through",
    "by_staff",
)


class SeenFilter(admin.SimpleListFilter):
    title = gettext_lazy("seen")
    parameter_name = "seen"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("no", _("Not seen yet")), ("yes", _("Seen"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Stopped]) -> QuerySet[Stopped]:
        return queryset.filter(seen_at__isnull=self.value() == "no") if self.value() in {"no", "yes"} else queryset


class StoppedAdmin(LooksOnly):
    list_display = ("where_and_why", "by_in_words", "about", "who", "number_of_times", "last", "state")
    list_filter = (SeenFilter, "where", "why", "by", period_of("last_at"))
    list_select_related = ("person__organisation", "organisation")
    sorts_quickly = ("last",)
    ordering = ("-last_at", "-pk")
    actions = ("seen_all",)
    fieldsets = ((None, {"fields": BLOCKED_ATTEMPT_FIELDS}),)
    readonly_fields = BLOCKED_ATTEMPT_FIELDS
    number_of_times = number_of("times", gettext_lazy("times"))
    last = moment_of("last_at", gettext_lazy("last"), short=True)
    first_hour = moment_of("hour", gettext_lazy("in the hour from"))
    seen = moment_of("seen_at", gettext_lazy("seen"))
    through = moment_of("let_through_at", gettext_lazy("let through"))
    object_actions = (
        ObjectAction(
            slug="let-through",
            label=gettext_lazy("Let through for today"),
            service=services.lift_block,
            available=lambda stopped: stopped.may_be_let_through(timezone.now()),
            explanation=gettext_lazy(
                "For whom you know. This limit stops nobody whom it counts until midnight: for an organisation or a postcode, "
                "that is everyone there. How many copies may be ordered stays as it is."
            ),
            done=gettext_lazy("Let through until midnight. They can try again now."),
            weight="main",
        ),
        ObjectAction(
            slug="seen",
            label=gettext_lazy("Mark as seen"),
            service=lambda stopped, **by_and_now: services.mark_blocked_attempts_seen(
                rows=Stopped.objects.filter(pk=stopped.pk), **by_and_now
            ),
            available=lambda stopped: stopped.seen_at is None,
            explanation=gettext_lazy("Nothing else happens. If it is stopped again in the same hour, it counts as not seen."),
            done=gettext_lazy("Marked as seen."),
        ),
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Stopped | None = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Stopped]:
        return super().get_queryset(request).select_related("by_staff", *self.list_select_related)

    @admin.display(description=gettext_lazy("what"), ordering="where")
    def where_and_why(self, stopped: Stopped) -> str:
        return str(stopped)

    @admin.display(description=gettext_lazy("counted by"), ordering="by")
    def by_in_words(self, stopped: Stopped) -> str:
        return stopped.get_by_display() if stopped.by else NOTHING

    @admin.display(description=gettext_lazy("who"))
    def who(self, stopped: Stopped) -> SafeString | str:
        """Whoever was stopped first in that hour; nobody is known who was not signed in."""
        person, organisation = stopped.person, stopped.organisation
        if person is None:
            return organisation.name if organisation else NOTHING
        return name_and_organisation(person.name, person.organisation.name if person.organisation else "")

    @admin.display(description=gettext_lazy("state"))
    def state(self, stopped: Stopped) -> SafeString:
        if stopped.let_through_at:
            return state_tag(_("Let through"), "good")
        return state_tag(_("Seen"), "done") if stopped.seen_at else state_tag(_("Not seen"), "waiting")

    def summary_of(self, obj: Stopped) -> list[dict[str, object]]:
        return [
            {"label": _("What"), "value": str(obj)},
            {"label": _("Counted by"), "value": f"{self.by_in_words(obj)} {obj.about}".strip()},
            {"label": _("Who"), "value": name_with_organisation(obj.person) if obj.person else self.who(obj)},
        ]

    @admin.action(description=gettext_lazy("Mark as seen"), permissions=["change"])
    def seen_all(self, request: HttpRequest, rows: QuerySet[Stopped]) -> None:
        count = services.mark_blocked_attempts_seen(rows=rows, by=signed_in(request), now=timezone.now())
        messages.success(request, ngettext("%(n)d is marked as seen.", "%(n)d are marked as seen.", count) % {"n": count})


staff_site.add_waiting(
    gettext_lazy("People"),
    Waiting(
        label=gettext_lazy("stopped, not seen yet"),
        count=lambda: Stopped.objects.unseen(),
        address=lambda: f"{reverse('staff:professionals_stopped_changelist')}?seen=no",
        permission="professionals.view_stopped",
    ),
)


class OrganisationNameField(forms.CharField):
    """An organisation by its name, as when somebody calls: there are too many for a list. A new name is a new organisation."""

    def __init__(self) -> None:
        super().__init__(
            label=gettext_lazy("Organisation"),
            max_length=200,
            required=False,
            help_text=gettext_lazy("Its name as in our list. A name that is not in it yet is added."),
        )

    def prepare_value(self, value: Any) -> Any:
        """A saved person brings the key."""
        return Organisation.objects.filter(pk=value).values_list("name", flat=True).first() if isinstance(value, int) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(self.prepare_value(initial), data)

    def clean(self, value: Any) -> Organisation | None:
        """A new one is not written before the whole form is right: save_model does."""
        name = " ".join(super().clean(value).split())
        return Organisation.objects.named(name).first() or Organisation(name=name) if name else None


class PersonForm(forms.ModelForm):
    postcode = PostcodeField(label=gettext_lazy("Work postcode"), required=False)
    phone = forms.CharField(label=gettext_lazy("Phone"), max_length=30, required=False, validators=[validate_phone])
    organisation = OrganisationNameField()

    class Meta:
        model = Person
        fields = ["name", "email", "phone", "profession", "organisation", "postcode"]

    def clean_email(self) -> str:
        email = str(self.cleaned_data["email"]).strip().lower()
        refuse_the_teams_own(email)
        return email


class SignInFilter(admin.SimpleListFilter):
    title = gettext_lazy("sign-in")
    parameter_name = "sign_in"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("Signs in")), ("no", _("Entered by staff"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        return queryset.filter(user__isnull=self.value() == "no") if self.value() in {"yes", "no"} else queryset


@admin.register(Person, site=staff_site)
class PersonAdmin(StaffModelAdmin):
    form = PersonForm
    change_form_template = "professionals/staff/person.html"
    list_display = ["name", "organisation", "profession", "email_in_list", "phone_in_list", "postcode", "signs_in"]
    list_filter = ["profession", SignInFilter]
    searched = "searched"
    by_name = True
    sorts_quickly = ["name"]
    list_select_related = ["organisation"]
    search_fields = ["name", "email", "postcode", "organisation__name", "phone"]
    search_help_text = gettext_lazy("Name, email, postcode, organisation or phone")
    fields = ["name", "email", "email_domain", "phone", "profession", "organisation", "postcode", "signs_in", "mail", "added_at"]
    readonly_fields = ["email_domain", "signs_in", "mail", "added_at"]
    added_at = moment_of("created_at", gettext_lazy("added"))
    object_actions = [
        STOP_MAIL,
    ]

    def get_fields(self, request: HttpRequest, obj: Person | None = None) -> list[Any]:
        """What only we know of somebody is not asked of a new person."""
        return [name for name in self.fields if obj is not None or name not in self.readonly_fields]

    @admin.display(description=gettext_lazy("signs in"))
    def signs_in(self, person: Person) -> str:
        return _("Yes") if person.user_id else _("No, entered by staff")

    @admin.display(description=gettext_lazy("chose to get by email"))
    def mail(self, person: Person) -> str:
        # 'Reminders of presentations that I take part in', as they themselves read it.
        if not person.email:
            return _("Nothing: we have no address")
        return ". ".join([str(topic.label) for topic in wanted_topics(person)]) or _("Only answers to what they do")

    @admin.display(description=gettext_lazy("email address"), ordering="email")
    def email_in_list(self, person: Person) -> SafeString | str:
        return email_in_pieces(person.email) if person.email else NOTHING

    @admin.display(description=gettext_lazy("phone"), ordering="phone")
    def phone_in_list(self, person: Person) -> SafeString | str:
        return phone_link(person.phone)

    @admin.display(description=gettext_lazy("email domain"))
    def email_domain(self, person: Person) -> SafeString | str:
        return domain_in_words(person)

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        person: Person | None = kwargs.get("obj")
        more = person_links(person, cast(User, request.user)) if person is not None else {}
        return super().render_change_form(request, {**context, **more}, *args, **kwargs)

    def summary_of(self, obj: Person) -> list[dict[str, object]]:
        return [
            {"label": _("Who"), "value": name_with_organisation(obj)},
            {"label": _("Email address"), "value": obj.email or NOTHING},
        ]

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Who is erased while a colleague changes them stays erased; their page then has nothing to change."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except AccountGoneError:
            messages.warning(request, _("This person has just been erased. Nothing was saved."))
            return redirect(request.path)

    def save_model(self, request: HttpRequest, obj: Person, form: forms.ModelForm, change: bool) -> None:
        """Of somebody known only what was changed: the rest may be newer than the page. Raises AccountGoneError."""
        if change:
            services.lock_person(obj)
        if obj.organisation is not None:
            obj.organisation = services.organisation_named(obj.organisation.name)
        obj.save(update_fields=form.changed_data if change else None)
        if change and "email" in form.changed_data:  # reminders follow
            before, now = form.initial["email"], timezone.now()
            readdress(before=before, to=obj.email, now=now)
            note_former_address(obj, before, now)

    def get_readonly_fields(self, request: HttpRequest, obj: Person | None = None) -> list[str]:
        """Someone who signs in changes their address themselves, with a code sent to it."""
        fields = list(self.readonly_fields)
        return [*fields, "email"] if obj and obj.user_id else fields

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> tuple[QuerySet, bool]:
        if "@" in search_term and (known := Person.objects.with_email(search_term.strip()).values_list("pk", flat=True).first()):
            return queryset.filter(pk=known), False
        return super().get_search_results(request, queryset, postcode_as_one_word(search_term))

    def has_change_permission(self, request: HttpRequest, obj: Person | None = None) -> bool:
        """Of somebody erased the page shows what is left, and takes nothing."""
        return (obj is None or obj.erased_at is None) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Person | None = None) -> bool:
        return False

    def has_erase_permission(self, request: HttpRequest, obj: Person | None = None) -> bool:
        """Of an action that privacy adds, as the next one."""
        return bool(request.user.has_perm("professionals.erase_person"))

    def has_give_data_permission(self, request: HttpRequest, obj: Person | None = None) -> bool:
        return bool(request.user.has_perm("professionals.give_person_data"))

    def has_hand_over_permission(self, request: HttpRequest, obj: Person | None = None) -> bool:
        """Of an action that bookings adds."""
        return bool(request.user.has_perm("bookings.hand_over_booking"))


class MergeForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Name of the organisation that goes"),
        help_text=gettext_lazy("Exactly as it is listed."),
        max_length=200,
    )


def merge(organisation: Organisation, *, name: str, **by_and_now: Any) -> None:
    other = Organisation.objects.named(" ".join(name.split())).first()
    if other is None:
        raise DomainError(gettext_lazy("No organisation has exactly that name."))
    services.merge_organisations(keep=organisation, others=[other], **by_and_now)


@admin.register(Organisation, site=staff_site)
class OrganisationAdmin(StaffModelAdmin):
    list_display = ["name", "number_of_people", "added"]
    search_fields = ["name"]
    search_help_text = gettext_lazy("Name or a part of it")
    searched = "searched"
    by_name = True
    sorts_quickly = ["name", "added"]
    fields = ["name"]
    added = moment_of("created_at", gettext_lazy("added"), short=True)
    object_actions = [
        ObjectAction(
            slug="merge",
            label=gettext_lazy("Merge another organisation into this one"),
            service=merge,
            form_class=MergeForm,
            explanation=gettext_lazy("Its people, and all that belongs to it, become this one’s, and its name goes."),
            done=gettext_lazy("The organisations are merged."),
        )
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        """How many people: counted for those rows that are shown (see `parts`)."""
        people = Person.objects.filter(organisation=OuterRef("pk")).order_by().values("organisation")
        count = Coalesce(Subquery(people.annotate(many=Count("pk")).values("many")), 0)
        return super().get_queryset(request).annotate(people_count=count).alias(searched=ORGANISATION_WORDS)

    def parts(self) -> tuple[Part, ...]:
        """The keys first: else the people of every organisation on the pages before would be counted too."""
        return (Part(Q(), ("name", "-pk")),)

    @admin.display(description=gettext_lazy("people"), ordering="people_count")
    def number_of_people(self, organisation: Any) -> str:
        return f"{organisation.people_count:,}"

    def has_delete_permission(self, request: HttpRequest, obj: Organisation | None = None) -> bool:
        return False


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
    search_help_text = gettext_lazy("The part after the @, or a piece of it")


__all__ = ["RECOVER", "FlaggedTextAdmin", "OutOfHoursAdmin"]

staff_site.register(Stopped, StoppedAdmin)
