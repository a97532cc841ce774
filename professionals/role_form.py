"""What a role may see and do: a box for each thing, in the words and the order of the menu."""

from collections.abc import Iterable
from itertools import groupby
from types import SimpleNamespace
from typing import Any, cast

from django import forms
from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ctac import staff_menu
from ctac.staff import staff_site

VERBS: dict[str, str | Promise] = {"view": _("See"), "add": _("Add"), "change": _("Change"), "delete": _("Delete")}
# Someone who may do everything: what the staff site refuses them, no role can give.
EVERYTHING = SimpleNamespace(user=SimpleNamespace(is_superuser=True, has_perm=lambda *_args: True))


def verb_of(permission: Permission) -> str:
    """'view', or "" for one that Django did not make itself."""
    verb = permission.codename.partition("_")[0]
    return verb if permission.codename == f"{verb}_{permission.content_type.model}" and verb in VERBS else ""


def in_words(permission: Permission) -> str:
    """'Change bookings', 'Erase a person'."""
    verb, model = verb_of(permission), permission.content_type.model_class()
    if not verb or model is None:
        name = str(permission.name).removeprefix("Can ")
        return f"{name[:1].upper()}{name[1:]}"
    name = staff_menu.name_of(model._meta)
    return f"{VERBS[verb]} {name[:1].lower()}{name[1:]}"


def on_the_staff_site() -> list[Permission]:
    """Those that open something there, list by list as in the menu. One statement."""
    kept = [model for model in apps.get_models() if staff_site.is_registered(model)]
    admins = {model._meta.label_lower: staff_site.get_model_admin(model) for model in kept}
    places = [label for section in staff_menu.SECTIONS for label in section.lists if label in admins]
    found = []
    for permission in Permission.objects.select_related("content_type"):
        label = f"{permission.content_type.app_label}.{permission.content_type.model}"
        if label in places and may_be_given(permission, admins[label]):
            order = list(VERBS).index(verb_of(permission)) if verb_of(permission) else len(VERBS)
            found.append((places.index(label), order, permission.codename, permission))
    return [permission for *_order, permission in sorted(found, key=lambda each: each[:3])]


def may_be_given(permission: Permission, admin: Any) -> bool:
    """What only services write is nobody's to write; whoever may press a button on its page needs “change” all the same."""
    verb = verb_of(permission)
    if verb in {"", "view"} or (verb == "change" and admin.object_actions):
        return True
    return bool(getattr(admin, f"has_{verb}_permission")(cast("HttpRequest", EVERYTHING)))


class PermissionsField(forms.ModelMultipleChoiceField):
    """Tick boxes. What a role has beyond the staff site is kept: nobody could see it go."""

    def __init__(self) -> None:
        super().__init__(Permission.objects.none(), label=_("May do"), required=False, widget=forms.CheckboxSelectMultiple)

    def offer(self, permissions: Iterable[Permission], kept: QuerySet[Permission]) -> None:
        offered = list(permissions)
        keys = [permission.pk for permission in offered]
        self.queryset = Permission.objects.filter(pk__in=keys)
        lists = groupby(offered, key=lambda permission: permission.content_type.model)
        self.choices = [(model, [(each.pk, in_words(each)) for each in group]) for model, group in lists]
        self.kept = list(kept.exclude(pk__in=keys))

    def clean(self, value: Any) -> Any:
        return [*super().clean(value), *self.kept]


class RoleForm(forms.ModelForm):
    permissions = PermissionsField()

    class Meta:
        model = Group
        fields = ["name", "permissions"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "permissions" in self.fields:  # whoever may only look has no boxes
            own = self.instance.permissions.all() if self.instance.pk else Permission.objects.none()
            cast("PermissionsField", self.fields["permissions"]).offer(on_the_staff_site(), own)
