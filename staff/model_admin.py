"""The model admins of the staff site, whose states change only through services."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar, TypeVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.functional import Promise, SimpleLazyObject
from django.utils.translation import gettext_lazy as _, ngettext

from core.errors import DomainError
from core.forms import FORMFIELD_OVERRIDES, domain_error_to_form, normalise_postcode
from core.models import is_reference, normalise_reference
from core.pages import add_correction_messages
from staff import menu
from staff.actions import ObjectAction, page_form_class, simplify_select
from staff.audit import AuditedModelAdmin, audit_note
from staff.lists import CappedListMixin, StrictLookupsMixin
from staff.site import staff_site
from staff.story import get_related_lists, get_story

M = TypeVar("M", bound=Model)
EMPTY_ACTION_CHOICE = [("", _("Choose what to do"))]


SINGLE_SAVE_BUTTON = {"show_save_and_add_another": False, "show_save_and_continue": False}


class StaffModelAdmin(StrictLookupsMixin, CappedListMixin, AuditedModelAdmin):
    """A model admin with `object_actions`. Models whose state has rules list their fields in readonly_fields.

    `nobody_may`: which of "add", "change" and "delete" no colleague may do by hand, not even a superuser.
    """

    nobody_may: tuple[str, ...] = ()
    object_actions: Sequence[ObjectAction] = ()
    change_form_template = "admin/change_form_with_actions.html"
    show_facets = admin.ShowFacets.NEVER
    list_per_page = 50
    show_full_result_count = False
    formfield_overrides = FORMFIELD_OVERRIDES
    buttons_in_a_row = 3  # what else can be done with an object stands in a menu beside them

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_action"
        view = self.admin_site.admin_view(self.object_action_view)
        return [path("<path:object_id>/do/<slug:slug>/", view, name=name), *super().get_urls()]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return "add" not in self.nobody_may and super().has_add_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return "change" not in self.nobody_may and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return "delete" not in self.nobody_may and super().has_delete_permission(request, obj)

    def available_actions(self, request: HttpRequest, obj: Any) -> list[ObjectAction]:
        actions = [a for a in self.object_actions if a.available(obj) and self.can_perform(request, a, obj)]
        other_mains = [a for a in actions if a.weight == "main"][1:]
        return [replace(a, weight="quiet") if a in other_mains else a for a in actions]

    def get_action_buttons(self, request: HttpRequest, obj: Any) -> dict[str, list[ObjectAction]]:
        """The buttons of an object's page, the main one first. Rarer ones, and those that end something, stand in a menu."""
        actions = sorted(self.available_actions(request, obj), key=lambda a: ("main", "quiet", "stop").index(a.weight))
        above = [a for a in actions if not a.in_story]
        row = above
        if len(above) > self.buttons_in_a_row:
            answers = [a for a in above if a.in_row]
            others = [a for a in above if a.weight != "stop"]
            row = [*others[: self.buttons_in_a_row - len(answers)], *answers]
        return {
            "object_actions": row,
            "more_actions": [a for a in above if a not in row],
            "story_actions": [a for a in actions if a.in_story],
        }

    def can_perform(self, request: HttpRequest, action: ObjectAction, obj: Any) -> bool:
        return bool(getattr(self, f"has_{action.permission}_permission")(request, obj))

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> type[forms.ModelForm]:
        form: type[forms.ModelForm] = page_form_class(super().get_form(request, obj, change, **kwargs))
        return form

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Any:
        add_correction_messages(request, form)
        return super().save_form(request, form, change)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        return simplify_select(super().formfield_for_dbfield(db_field, request, **kwargs))

    def get_action_choices(self, request: HttpRequest, default_choices: Any = EMPTY_ACTION_CHOICE) -> list[tuple[str, str]]:
        return super().get_action_choices(request, default_choices)

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """One button that saves and leads back to the list, which has the button to add another."""
        return super().render_change_form(request, {**context, **SINGLE_SAVE_BUTTON}, *args, **kwargs)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> HttpResponse:
        title = _("Add %(name)s") % {"name": menu.singular_name(self.opts)}
        return super().add_view(request, form_url, {"title": title, **(extra_context or {})})

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        page = {"title": menu.plural_name(self.opts), "saved_views": partial(staff_site.saved_views, self, request)}
        return super().changelist_view(request, {**page, **(extra_context or {})})

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().delete_view(
            request, object_id, self.get_title_context(_("Delete %(obj)s"), request, object_id, extra_context)
        )

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Refuse a role that may see no object of this kind. To others, an object that they may not see does not exist."""
        obj = super().get_object(request, object_id, from_field)
        if obj is None and not self.has_view_or_change_permission(request):
            raise PermissionDenied
        return obj

    def _get_obj_does_not_exist_redirect(self, request: HttpRequest, opts: Any, object_id: str) -> HttpResponse:
        """A 404, whether the object does not exist or this colleague may not see it."""
        raise Http404

    def get_title_context(
        self, pattern: str | Promise, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None
    ) -> dict[str, Any]:
        """The object alone as the title, where Django has the kind of object as the title and its name below."""
        if (obj := self.get_object(request, object_id)) is None:
            raise Http404
        return {"title": str(pattern) % {"obj": obj}, "subtitle": None, **(extra_context or {})}

    def get_summary_rows(self, obj: Any) -> list[dict[str, object]]:
        """Rows of {"label", "value"} above an action's form: what colleagues need to see of the object to decide."""
        return []

    def get_action_aside(self, obj: Any, action: ObjectAction) -> str:
        """HTML below an action's form that helps to fill it in."""
        return ""

    def get_add_links(self, request: HttpRequest, obj: Any) -> list[dict[str, object]]:
        """Links {"label", "href"} to add what belongs to this object. With "weight", it is the main step if no action is."""
        return []

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        obj = self.get_object(request, object_id)
        if obj is None:
            return super().change_view(request, object_id, form_url, extra_context)
        page = {
            "title": str(obj),
            "subtitle": None,
            "adds": self.get_add_links(request, obj),
            **self.get_action_buttons(request, obj),
            # Read when the page is drawn: by then it is certain that this colleague may see the object.
            "story": SimpleLazyObject(lambda: get_story(obj, request)),
            "related": SimpleLazyObject(lambda: get_related_lists(obj, request.user)),
        }
        return super().change_view(request, object_id, form_url, {**page, **(extra_context or {})})

    def object_action_view(self, request: HttpRequest, object_id: str, slug: str) -> HttpResponse:
        """GET asks, POST does. A refusal is shown on the same page with what was typed."""
        obj, action = self.get_object(request, object_id), next((a for a in self.object_actions if a.slug == slug), None)
        if obj is None or action is None:
            raise Http404
        if not self.can_perform(request, action, obj):
            raise PermissionDenied
        change_url = reverse(f"{self.admin_site.name}:{self.opts.app_label}_{self.opts.model_name}_change", args=[obj.pk])
        if not action.available(obj):
            if request.method == "POST":
                audit_note(request).add("sent", what=slug)
            messages.warning(
                request,
                _("Somebody has changed “%(obj)s” since you opened the page, so this is no longer possible.") % {"obj": obj},
            )
            return redirect(change_url)
        asked = staff_site.ask_again(request) if action.asks_again else None
        if asked is not None:
            return asked
        if action.page is not None:
            return action.page(self, request, obj, action)
        data = request.POST if request.method == "POST" else None
        form = page_form_class(action.form_class)(data, **action.form_kwargs(obj))
        if form.is_valid() and self.perform_action(request, action, obj, form):
            return redirect(change_url)
        context = {**self.get_action_context(request, action, obj, change_url), "form": form, "media": self.media + form.media}
        return TemplateResponse(request, "admin/object_action.html", context)

    def get_action_context(self, request: HttpRequest, action: ObjectAction, obj: Any, change_url: str) -> dict[str, Any]:
        """The context of an action's page, without its form."""
        return {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": obj,
            "action": action,
            "rows": [*self.get_summary_rows(obj), *action.facts(obj)],
            "beside": self.get_action_aside(obj, action),
            "media": self.media,
            "title": action.label,
            "subtitle": str(obj),
            "change_url": change_url,
        }

    def perform_action(self, request: HttpRequest, action: ObjectAction, obj: Any, form: forms.Form) -> bool:
        """Call the action's service; a refusal becomes an error of the form."""
        with domain_error_to_form(form):
            action.service(obj, by=request.user, now=timezone.now(), **form.cleaned_data)  # type: ignore[misc]
            messages.success(request, str(action.done))
            add_correction_messages(request, form)
        return form.is_valid()


class OneRowAdmin(StaffModelAdmin):
    """A model with one row, which a migration made. Its list redirects to its form."""

    nobody_may = ("add", "delete")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        row = self.model._default_manager.first()
        return self.redirect_to_form(row) if row else super().changelist_view(request, extra_context)

    def response_post_save_change(self, request: HttpRequest, obj: Model) -> HttpResponseRedirect:
        return self.redirect_to_form(obj)

    def redirect_to_form(self, row: Model) -> HttpResponseRedirect:
        return redirect(reverse(f"staff:{self.opts.app_label}_{self.opts.model_name}_change", args=[row.pk]))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return super().change_view(request, object_id, form_url, {"has_no_list": True, **(extra_context or {})})

    def history_view(self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        page = {"has_no_list": True, "title": _("When this was changed")}
        return super().history_view(request, object_id, {**page, **(extra_context or {})})


class ReferenceSearchAdmin(StaffModelAdmin):
    """For a model with a reference and a postcode: the search finds both however they are typed, and parts of a reference."""

    searched = "searched"

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[M], search_term: str) -> tuple[QuerySet[M], bool]:
        """Find a whole reference or postcode exactly; search the words for anything else."""
        exact = exact_search_filter(search_term)
        if exact and (found := queryset.filter(**exact)).exists():
            return found, False
        return super().get_search_results(request, queryset, search_term)

    def perform_on_each(self, request: HttpRequest, rows: QuerySet[Any], service: Callable[..., object], text: Any) -> None:
        """Call the service for each row, oldest first, and name those that were refused with the reason."""
        done, skipped = 0, defaultdict[str, list[str]](list)
        for row in rows.select_related("person").order_by("created_at", "pk"):
            try:
                service(row, by=request.user, now=timezone.now())
            except DomainError as refusal:
                skipped[str(refusal)].append(row.reference)
            else:
                done += 1
        if done:
            self.message_user(request, text % {"n": done}, messages.SUCCESS)
        for reason, references in skipped.items():
            why = ngettext("%(references)s was skipped: %(reason)s", "%(references)s were skipped: %(reason)s", len(references))
            self.message_user(request, why % {"references": ", ".join(references), "reason": reason}, messages.WARNING)


def exact_search_filter(typed: str) -> dict[str, str]:
    """What was typed as a whole postcode or reference, as it is stored; empty when it is neither."""
    with suppress(ValidationError):
        return {"postcode": normalise_postcode(typed)}
    return {"reference": normalise_reference(typed)} if is_reference(typed) else {}


class CachedObjectAdmin(StaffModelAdmin):
    """Reads the object once for each GET."""

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        if request.method != "GET":
            return super().get_object(request, object_id, from_field)
        read: dict[tuple[type[Model], str, str | None], Any] = request.__dict__.setdefault("_objects_read", {})
        key = self.model, str(object_id), from_field
        if key not in read:
            read[key] = super().get_object(request, object_id, from_field)
        return read[key]


class ReadOnlyAdmin(StaffModelAdmin):
    """A page to read: every change is an action, so it saves nothing, and it leaves out empty fields.

    - `may_be_empty`: methods among its fields that may return "".
    - `for_who_acts`: fields only for colleagues who may change the object, such as a joining link or a phone number.
    - `links`: by field that links to another page, the permission which that page needs and the field to show without it.
    """

    change_form_template = "admin/change_form_without_history.html"
    may_be_empty: tuple[str, ...] = ()
    for_who_acts: tuple[str, ...] = ()
    links: ClassVar[Mapping[Any, tuple[str, str]]] = {}

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return super().change_view(
            request, object_id, form_url, {**(extra_context or {}), "show_save": False, "looks_only": True}
        )

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[tuple[Any, Any]]:
        fieldsets = super().get_fieldsets(request, obj)
        left_out = () if self.can_act(request, obj) else self.for_who_acts
        unlinked: dict[Any, Any] = {
            name: other for name, (permission, other) in self.links.items() if not request.user.has_perm(permission)
        }
        shown = []
        for title, options in fieldsets:
            names = [name for name in options["fields"] if name not in left_out and self.has_value(name, obj)]
            if names:
                shown.append((title, {**options, "fields": [unlinked.get(name, name) for name in names]}))
        return shown

    def available_actions(self, request: HttpRequest, obj: Any) -> list[ObjectAction]:
        """Make the first quiet action the main one if there is no other."""
        actions = super().available_actions(request, obj)
        first = next((a for a in actions if a.weight == "quiet" and not a.in_story), None)
        if (
            first is None
            or any(a.weight == "main" for a in actions)
            or any("weight" in add for add in self.get_add_links(request, obj))
        ):
            return actions
        return [replace(a, weight="main") if a is first else a for a in actions]

    def can_act(self, request: HttpRequest, obj: Any) -> bool:
        return self.has_change_permission(request, obj)

    def has_value(self, name: Any, obj: Any) -> bool:
        """Whether this field has anything to show."""
        if name in self.may_be_empty:
            return bool(getattr(self, name)(obj))
        return getattr(obj, name, True) not in ("", None)


class ReadOnlyInline(admin.TabularInline):
    """Rows under an object that only services write."""

    extra = 0
    can_delete = False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The page of the object has already checked this."""
        return True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
