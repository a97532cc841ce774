"""Accounts on the staff site, and the roles that managers give them.

The permissions of a role are code; its page shows them (ADR 8).
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any, ClassVar
from urllib.parse import parse_qsl

from allauth.mfa.models import Authenticator
from django import forms
from django.apps import apps
from django.contrib import admin, messages
from django.contrib.admin.views.main import ORDER_VAR
from django.contrib.auth.models import Group
from django.contrib.postgres.expressions import ArraySubquery
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _, gettext_lazy

from accounts import services
from accounts.access import ask_to_reauthenticate, signed_in_user
from accounts.forms import MOBILE_HELP, MobileField, ask_about_phone_copies
from accounts.models import USER_SEARCH_TEXT, SavedFilter, User
from accounts.roles import LEAD_ROLE, MANAGER_ROLE, ROLE_NAMES, ROLES, ROLES_BY_NAME, ROLES_BY_SLUG
from core.dates import format_datetime
from core.forms import PageForm, PageFormMixin
from staff.actions import ConfirmationForm, ObjectAction
from staff.audit import audit_note
from staff.first_run import COLLEAGUES_SECTION, FirstRunCheck, Light, names_text, register_first_run_check
from staff.lists import (
    EMPTY_VALUE,
    MAX_COUNTED,
    OptionsFilter,
    capped_keys,
    column,
    datetime_column,
    filter_by_keys,
    filter_by_words,
    narrow_by,
    number_column,
    ordered_keys,
    parse_search_words,
    yes_no_column,
)
from staff.model_admin import ReadOnlyAdmin, StaffModelAdmin
from staff.site import staff_site

MAX_HOLDERS_SHOWN = 50
# Other apps' objections to an account that has only these roles, or none because it is closed: each gives a sentence, or "".
ROLE_CHECKS: list[Callable[[User, set[str]], str]] = []


class RolesField(forms.ModelMultipleChoiceField):
    """A box for each role, with its purpose."""

    widget = forms.CheckboxSelectMultiple

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.name}: {ROLES_BY_NAME[obj.name].purpose}"


class UserForm(PageFormMixin, forms.ModelForm):
    """Asks only for what a manager may change about an account, and so ignores anything else that is posted."""

    with_phone_copies = False

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        before, mobile = str(self.initial.get("mobile", "")), str(cleaned.get("mobile", ""))
        self.with_phone_copies = mobile != before and ask_about_phone_copies(self, self.instance, before, mobile)
        if cleaned.get("groups") and not cleaned.get("is_staff"):
            self.add_error("groups", _("Roles are for staff. Tick “Staff” too, or take the roles away."))
        works = bool(cleaned.get("is_staff") and cleaned.get("is_active"))
        is_superuser = works and cleaned.get("is_superuser", self.instance.is_superuser)
        roles = {group.name for group in cleaned.get("groups") or ()} if works else set()
        if self.instance.pk and self.is_the_last_manager() and not (is_superuser or MANAGER_ROLE.name in roles):
            raise ValidationError(
                _("This is the last account that may give roles. Make somebody else a manager first, then change this one.")
            )
        if self.instance.pk and not is_superuser:
            for sentence in filter(None, (check(self.instance, roles) for check in ROLE_CHECKS)):
                raise ValidationError(sentence)
        return cleaned

    def is_the_last_manager(self) -> bool:
        """Whether this is the last manager.

        Locks, so that if two managers take each other's role away at once, the second is refused.
        """
        Group.objects.select_for_update().get(name=MANAGER_ROLE.name)
        managers = set(accounts_that_give_roles().values_list("pk", flat=True))
        return managers == {self.instance.pk}


def accounts_that_give_roles() -> QuerySet[User]:
    may = Q(groups__name=MANAGER_ROLE.name) | Q(is_superuser=True)
    return User.objects.filter(may, is_staff=True, is_active=True).distinct()


class NewUserForm(UserForm):
    class Meta:
        model = User
        fields = ["email", "name", "is_staff", "groups"]

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).strip().lower()


class ResetSecondFactorForm(ConfirmationForm):
    sure = forms.BooleanField(label=gettext_lazy("I have spoken to this person and I’m sure that it is them."))


class RoleFilter(OptionsFilter):
    """Filters by role. It doesn't offer "no role", as Django would: that is nearly everybody who ever signed up."""

    title = gettext_lazy("role")
    parameter_name = "role"
    options = {role.slug: (role.name, narrow_by(groups__name=role.name)) for role in ROLES}


class UserAdmin(StaffModelAdmin):
    """Accounts. Nobody sets another person's password: a new colleague signs in with a code and enrols a second factor.

    `also_found_by`: functions of apps above that find accounts by other words. They take the accounts to search and the words,
    and give keys.
    """

    nobody_may = ("delete",)
    also_found_by: ClassVar[list[Callable[[QuerySet[User], str], Iterable[int]]]] = []
    list_display = ["email", "called", "staff", "open", "signed_in_at"]
    called = column(gettext_lazy("name"), lambda user: user.name or getattr(getattr(user, "person", None), "name", EMPTY_VALUE))
    staff = yes_no_column("is_staff", gettext_lazy("staff"))
    open = yes_no_column("is_active", gettext_lazy("open"))
    signed_in_at = datetime_column("last_login", gettext_lazy("last sign-in"), short=True)
    joined_at = datetime_column("date_joined", gettext_lazy("opened"), short=True)
    list_filter = ["is_staff", "is_active", RoleFilter]
    list_select_related = ["person"]
    search_fields = ["email", "person__name"]
    search_help_text = gettext_lazy("Email address or name")
    sorts_quickly = ["email"]
    field_texts = {  # label and help text
        "name": (gettext_lazy("Name"), gettext_lazy("Colleagues see it on pages, and emails to them greet them by it.")),
        "mobile": (gettext_lazy("Mobile"), MOBILE_HELP),
        "is_active": (gettext_lazy("Open: may sign in"), ""),
        "is_superuser": (
            gettext_lazy("May do everything"),
            gettext_lazy("This includes what no role allows, such as changing the other accounts with this tick."),
        ),
        "groups": (gettext_lazy("Roles"), gettext_lazy("With several roles, they may do what any of them allows.")),
    }
    readonly_fields = ["email", "signed_in_at", "joined_at", "moves"]
    object_actions = [
        ObjectAction(
            slug="reset-second-factor",
            label=gettext_lazy("Reset the second factor"),
            service=services.reset_second_factor,
            available=lambda user: user.authenticator_set.exists(),
            form_class=ResetSecondFactorForm,
            explanation=gettext_lazy(
                "Use this when somebody has lost their phone. It signs them out everywhere. They set up a new app when "
                "they next sign in."
            ),
            done=gettext_lazy("We have reset the second factor."),
            weight="stop",
            asks_again=True,
        ),
    ]

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> HttpResponse:
        asked = ask_to_reauthenticate(request) if self.has_add_permission(request) else None
        return asked or super().add_view(request, form_url, extra_context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """A user may look without reauthenticating, but not change anything."""
        changes = request.method == "POST" and self.has_change_permission(request)
        asked = ask_to_reauthenticate(request) if changes else None
        return asked or super().change_view(request, object_id, form_url, extra_context)

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> tuple[QuerySet, bool]:
        """Find accounts by their address and name or by the words of their person, at most as many of each as a list counts.

        It finds keys first: with both conditions in one and the list's order, the database would read accounts until it has found
        a page. A person has the key of their account, so accounts themselves are read only if a filter needs it.
        """
        words = list(parse_search_words(search_term))
        if not words:
            return queryset.none() if search_term.strip() else queryset, False
        addressed = filter_by_words(queryset.alias(searched=USER_SEARCH_TEXT), search_term)
        also = [key for find in self.also_found_by for key in find(queryset, search_term)]
        found = sorted({*also, *capped_keys(addressed)}, reverse=True)[: MAX_COUNTED + 1]
        newest_first = tuple(queryset.query.order_by) == ("-pk",)
        in_order = found if newest_first else ordered_keys(queryset, found)
        return filter_by_keys(request, queryset, found, in_order), False

    def get_fields(self, request: HttpRequest, obj: User | None = None) -> list[Any]:
        if obj is None:
            return ["email", "name", "is_staff", "groups"]
        superusers_only = ["is_superuser"] if request.user.is_superuser else []
        staff_only = ["name", "mobile"] if obj.is_staff else []
        return ["email", *staff_only, "is_active", "is_staff", *superusers_only, "groups", "signed_in_at", "joined_at", "moves"]

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        return [] if obj is None else list(self.readonly_fields)

    def get_form(
        self, request: HttpRequest, obj: User | None = None, change: bool = False, **kwargs: Any
    ) -> type[forms.ModelForm]:
        kwargs["form"] = NewUserForm if obj is None else UserForm
        form: type[forms.ModelForm] = super().get_form(request, obj, change, **kwargs)
        return form

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in self.field_texts:
            kwargs["label"], kwargs["help_text"] = self.field_texts[db_field.name]
        if db_field.name == "mobile":
            kwargs |= {"form_class": MobileField, "max_length": 30}
        if db_field.name == "groups":
            kwargs |= {"form_class": RolesField, "queryset": Group.objects.filter(name__in=ROLE_NAMES).order_by("name")}
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"is_staff": True}

    def save_model(self, request: HttpRequest, obj: User, form: forms.ModelForm, change: bool) -> None:
        if change:
            if form.with_phone_copies:  # type: ignore[attr-defined]
                phones = {"before": form.initial["mobile"], "after": obj.mobile}
                services.PHONE_COPIES[User].replace(obj, **phones, by=request.user, now=timezone.now())
            super().save_model(request, obj, form, change)
        else:
            services.open_account(user=obj, by=signed_in_user(request), now=timezone.now())

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Whether the user may change this account. Only a superuser may change a superuser."""
        allowed = super().has_change_permission(request, obj)
        return allowed and (obj is None or not obj.is_superuser or bool(request.user.is_superuser))

    def has_recover_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """For an action that professionals adds."""
        return self.has_change_permission(request, obj) and bool(request.user.has_perm("accounts.recover_user"))

    @admin.display(description=gettext_lazy("moved by staff"))
    def moves(self, user: User) -> str:
        """Each move, with the person called, the number, and the colleague."""
        lines = []
        for recovery in user.recoveries.select_related("by").order_by("-pk"):
            by = str(recovery.by) if recovery.by else _("an account that is gone")
            facts = {name: getattr(recovery, name) for name in ("old", "new", "called", "number")}
            pattern = _("%(at)s: from %(old)s to %(new)s, by %(by)s, who called %(called)s on %(number)s.")
            lines.append(pattern % {"at": format_datetime(recovery.at), "by": by, **facts})
        return "\n".join(lines) or _("Never")


class RoleAdmin(ReadOnlyAdmin):
    """The purpose of each role, its permissions, and the people who hold it."""

    nobody_may = ("add", "change", "delete")
    list_display = ["name", "purpose", "number_holding"]
    ordering = ["name"]
    actions = None
    fields = ["name", "purpose", "may_do", "may_not", "held_by"]
    readonly_fields = ["purpose", "may_do", "may_not", "held_by"]
    number_holding = number_column("holding", gettext_lazy("accounts"))
    purpose = column(gettext_lazy("what they do"), lambda group: ROLES_BY_NAME[group.name].purpose)
    may_do = column(gettext_lazy("may"), lambda group: "\n".join(str(duty.words) for duty in ROLES_BY_NAME[group.name].duties))
    may_not = column(gettext_lazy("may not"), lambda group: ROLES_BY_NAME[group.name].may_not)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Group]:
        open_accounts = Count("user", filter=Q(user__is_active=True, user__is_staff=True))
        return super().get_queryset(request).filter(name__in=ROLE_NAMES).annotate(holding=open_accounts)

    @admin.display(description=gettext_lazy("who has it"))
    def held_by(self, group: Group) -> SafeString | str:
        """Links to the accounts that hold the role."""
        users = User.objects.filter(groups=group, is_active=True, is_staff=True).order_by("name", "email")[:MAX_HOLDERS_SHOWN]
        links = ((reverse("staff:accounts_user_change", args=[user.pk]), str(user)) for user in users)
        return format_html_join("\n", '<a href="{}">{}</a>', links) or _("Nobody")


# Saved views: the filters and the order of a list, under a name. A list's own admin says what may be saved of it.

MAX_OWN_VIEWS, MAX_TEAM_VIEWS = 20, 30  # for each list


class SaveViewForm(PageForm):
    name = forms.CharField(
        label=gettext_lazy("Name of this view"),
        help_text=gettext_lazy("Say what the list shows, such as “Visits in Wales without a presenter”. Do not name anybody."),
        max_length=40,
    )
    for_team = forms.BooleanField(label=gettext_lazy("Show it to the whole team"), required=False)

    def __init__(self, *args: Any, owner: User, saved: QuerySet[SavedFilter], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.owner, self.saved = owner, saved

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for_team, own = self.saved.filter(for_team=True).count(), self.saved.filter(owner=self.owner).count()
        if own >= MAX_OWN_VIEWS or (cleaned.get("for_team") and for_team >= MAX_TEAM_VIEWS):
            raise ValidationError(_("This list has as many saved views as there may be. Remove one first."))
        return cleaned


def list_url(model_admin: Any) -> str:
    return reverse(f"staff:{model_admin.opts.app_label}_{model_admin.opts.model_name}_changelist")


def can_remove_view(user: Any, view: SavedFilter) -> bool:
    """Whether the user may remove the view: their own, or as a manager also the team's."""
    return bool(view.owner_id == user.pk or (view.for_team and user.has_perm("accounts.change_user")))


def saved_views(model_admin: Any, request: HttpRequest) -> dict[str, Any]:
    """The links above a list: own views and the team's, but for those by filters that this colleague doesn't have.

    None above a list that has no filters.
    """
    filters = model_admin.filter_parameters(request)
    if not filters:
        return {}
    label, now, known = model_admin.opts.label_lower, model_admin.saveable_query(request), {*filters, ORDER_VAR}
    rows = SavedFilter.objects.visible_to(signed_in_user(request)).filter(list_model=label)[: MAX_OWN_VIEWS + MAX_TEAM_VIEWS]
    views = [
        {
            "view": view,
            "href": f"{list_url(model_admin)}?{view.query}",
            "current": view.query == now,
            "may_remove": can_remove_view(request.user, view),
        }
        for view in rows
        if {name for name, _value in parse_qsl(view.query)} <= known
    ]
    is_saved = any(each["current"] for each in views)
    return {"views": views, "save_href": f"{reverse('staff:save_view', args=[label])}?{now}" if now and not is_saved else ""}


def save_view(request: HttpRequest, list_model: str) -> HttpResponse:
    """Save the filters in the address as a view, under the name that the page asks for."""
    try:
        model = apps.get_model(list_model)
    except (LookupError, ValueError):
        raise Http404 from None
    if not staff_site.is_registered(model):
        raise Http404
    model_admin: Any = staff_site.get_model_admin(model)
    if not model_admin.has_view_or_change_permission(request):
        raise PermissionDenied
    user, label, query = signed_in_user(request), model_admin.opts.label_lower, model_admin.saveable_query(request)
    if not query:
        messages.warning(request, _("Choose a filter or an order first, then save the view."))
        return redirect(list_url(model_admin))
    form = SaveViewForm(request.POST or None, owner=user, saved=SavedFilter.objects.filter(list_model=label))
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                view = SavedFilter.objects.create(owner=user, list_model=label, query=query, **form.cleaned_data)
        except IntegrityError:
            form.add_error("name", _("You already have a view of this list with that name. Choose another name."))
        else:
            audit_note(request).kind = SavedFilter._meta.label_lower
            audit_note(request).add("added", keys=[view.pk])
            messages.success(request, _("The view “%(name)s” is saved.") % {"name": view.name})
            return redirect(f"{list_url(model_admin)}?{query}")
    page = {"title": _("Save this view"), "opts": model_admin.opts, "form": form, "media": form.media}
    return TemplateResponse(request, "admin/save_view.html", {**staff_site.each_context(request), **page})


def remove_view(request: HttpRequest, saved_id: int) -> HttpResponse:
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    view = get_object_or_404(SavedFilter.objects.visible_to(signed_in_user(request)), pk=saved_id)
    if not can_remove_view(request.user, view):
        raise PermissionDenied
    audit_note(request).kind = SavedFilter._meta.label_lower
    audit_note(request).add("deleted", keys=[view.pk])
    view.delete()
    messages.success(request, _("The view “%(name)s” is removed.") % {"name": view.name})
    return redirect(list_url(staff_site.get_model_admin(apps.get_model(view.list_model))))


staff_site.saved_views = saved_views
staff_site.add_page("views/<str:list_model>/save/", save_view, "save_view", gettext_lazy("Save a view"))
staff_site.add_page("views/<int:saved_id>/remove/", remove_view, "remove_view", gettext_lazy("Remove a saved view"))
staff_site.ask_again = ask_to_reauthenticate
staff_site.register(User, UserAdmin)
staff_site.register(Group, RoleAdmin)


# For the first-run check: the colleagues who may sign in, their second factors and their roles. One statement for all lines.

MAX_COLLEAGUES_CHECKED = 500
MIN_MANAGERS = 2
NEEDED_ROLES = ("coordinator", "presenter", "fulfilment")


def colleague_checks(request: HttpRequest | None) -> Iterator[FirstRunCheck]:
    factors = Authenticator.objects.filter(user=OuterRef("pk"))
    codes = Q(type=Authenticator.Type.RECOVERY_CODES)
    roles = Group.objects.filter(user=OuterRef("pk"), name__in=ROLE_NAMES).order_by("name").values("name")
    accounts = User.objects.filter(is_staff=True, is_active=True).order_by("name", "email")
    found = list(
        accounts.annotate(
            has_factor=Exists(factors.exclude(codes)), has_codes=Exists(factors.filter(codes)), roles=ArraySubquery(roles)
        )[:MAX_COLLEAGUES_CHECKED]
    )
    yield from role_holder_checks(found)
    for label, without, sentence, in_order in (
        (
            gettext_lazy("A role for each"),
            [user for user in found if not user.roles and not user.is_superuser],
            _("These accounts have no role, so they can do nothing: %(names)s. Give each a role, or close it."),
            _("Each account has a role."),
        ),
        (
            gettext_lazy("Signed in"),
            [user for user in found if user.last_login is None],
            _("These colleagues have never signed in: %(names)s. Ask them to, or close their accounts."),
            _("Every colleague has signed in."),
        ),
        (
            gettext_lazy("Second factors"),
            [user for user in found if not user.has_factor],
            _("These colleagues have no second factor: %(names)s. The site asks for one when they next sign in."),
            _("Every colleague has a second factor."),
        ),
        (
            gettext_lazy("Recovery codes"),
            [user for user in found if user.has_factor and not user.has_codes],
            _("These colleagues have no recovery codes: %(names)s. Ask them to make some, for the day they lose their phone."),
            _("Every colleague with a second factor has recovery codes."),
        ),
    ):
        if without:
            sentence %= {"names": names_text(list(map(str, without)))}
            address = f"{reverse('staff:accounts_user_changelist')}?is_staff__exact=1"
            yield FirstRunCheck(label, Light.AMBER, sentence, href=address, link=gettext_lazy("See the accounts of staff"))
        else:
            yield FirstRunCheck(label, Light.GREEN, in_order)


def role_holder_checks(found: Iterable[Any]) -> Iterator[FirstRunCheck]:
    """Who holds each role. A colleague who may do everything counts as a manager."""
    holders = defaultdict[str, list[str]](list)
    for user in found:
        for name in {*user.roles, MANAGER_ROLE.name} if user.is_superuser else user.roles:
            holders[name].append(str(user))
    details = tuple(f"{role.name}: {names_text(holders[role.name]) or _('nobody')}" for role in ROLES)
    label, missing = (
        gettext_lazy("Who holds which role"),
        [slug for slug in NEEDED_ROLES if not holders[ROLES_BY_SLUG[slug].name]],
    )
    more: dict[str, Any] = {
        "href": reverse("staff:auth_group_changelist"),
        "link": gettext_lazy("See the roles"),
        "details": details,
    }
    if len(holders[MANAGER_ROLE.name]) < MIN_MANAGERS:
        sentence = _("There are fewer than two managers. Make a second: one may be ill, or lose their phone.")
        yield FirstRunCheck(label, Light.RED, sentence, **more)
    elif missing:
        sentence = _("Nobody holds these roles: %(roles)s.") % {"roles": ", ".join(ROLES_BY_SLUG[slug].name for slug in missing)}
        yield FirstRunCheck(label, Light.AMBER, sentence, **more)
    else:
        yield FirstRunCheck(label, Light.GREEN, _("Somebody holds each role that the work needs."), **more)
    yield safeguarding_lead_check(holders[LEAD_ROLE.name])


def safeguarding_lead_check(names: list[str]) -> FirstRunCheck:
    """The lead and a deputy read what may be about a child. Red while there is neither, and managers read it instead."""
    label, accounts = gettext_lazy("Safeguarding lead"), reverse("staff:accounts_user_changelist")
    more: dict[str, Any] = {"href": f"{accounts}?is_staff__exact=1", "link": gettext_lazy("See the accounts of staff")}
    if not names:
        sentence = _(
            "Nobody has the role “Safeguarding lead”. Until someone has, every manager can read texts that may be about a child. "
            "Give the role to your safeguarding lead and to a deputy."
        )
        return FirstRunCheck(label, Light.RED, sentence, **more)
    if len(names) == 1:
        sentence = _("Only %(name)s is safeguarding lead. Give the role to a deputy too, for the days when the lead is away.")
        return FirstRunCheck(label, Light.AMBER, sentence % {"name": names[0]}, **more)
    return FirstRunCheck(label, Light.GREEN, _("Safeguarding leads: %(names)s.") % {"names": names_text(names)})


register_first_run_check(COLLEAGUES_SECTION, gettext_lazy("Accounts"), colleague_checks)
