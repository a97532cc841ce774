"""People, organisations, recognised domains and accounts on the staff site. Drafts and limits are nobody's business."""

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ctac.errors import DomainError
from ctac.staff import ObjectAction, StaffModelAdmin, staff_site
from ctac.staff_big_lists import Part
from ctac.staff_lists import NOTHING, email_in_pieces, moment_of, phone_link
from notifications.services.readdressing import readdress
from professionals import mail_by_phone
from professionals.flagged_admin import FlaggedTextAdmin, OutOfHoursAdmin
from professionals.for_staff import called, domain_in_words, whole_postcode
from professionals.forms import PostcodeField, refuse_the_teams_own, validate_phone
from professionals.known_caller import ways_on
from professionals.models import Organisation, Person, RecognisedDomain, Stopped, User
from professionals.models.organisation import ORGANISATION_WORDS
from professionals.recover_admin import RECOVER
from professionals.services import locking, organisations
from professionals.services.accounts import AccountGoneError
from professionals.services.own_addresses import note_former_address
from professionals.stopped_admin import StoppedAdmin


class UnknownOrganisationError(DomainError):
    message = gettext_lazy("No organisation has exactly that name.")


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
        mail_by_phone.ACTION,
    ]

    def get_fields(self, request: HttpRequest, obj: Person | None = None) -> list[Any]:
        """What only we know of somebody is not asked of a new person."""
        return [name for name in self.fields if obj is not None or name not in self.readonly_fields]

    @admin.display(description=gettext_lazy("signs in"))
    def signs_in(self, person: Person) -> str:
        return _("Yes") if person.user_id else _("No, entered by staff")

    @admin.display(description=gettext_lazy("chose to get by email"))
    def mail(self, person: Person) -> str:
        return mail_by_phone.in_words(person)

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
        more = ways_on(person, cast(User, request.user)) if person is not None else {}
        return super().render_change_form(request, {**context, **more}, *args, **kwargs)

    def summary_of(self, obj: Person) -> list[dict[str, object]]:
        return [
            {"label": _("Who"), "value": called(obj)},
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
            locking.lock_person(obj)
        if obj.organisation is not None:
            obj.organisation = organisations.organisation_named(obj.organisation.name)
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
        return super().get_search_results(request, queryset, whole_postcode(search_term))

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


def merge(organisation: Organisation, *, by: User, name: str) -> None:
    other = Organisation.objects.named(" ".join(name.split())).first()
    if other is None:
        raise UnknownOrganisationError
    organisations.merge_organisations(keep=organisation, others=[other], by=by, now=timezone.now())


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
            perform=merge,
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
