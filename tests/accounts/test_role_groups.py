"""The groups of the roles hold exactly what accounts/roles.py says, after every migrate."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command

from accounts.models import User
from accounts.roles import LEAD_DUTIES, PRESENTER_DUTY, ROLE_NAMES, ROLES, ROLES_BY_SLUG, Role, write_groups
from staff.site import staff_site
from tests.factories import make_staff

pytestmark = pytest.mark.django_db
EVERY_ROLE = pytest.mark.parametrize("role", ROLES, ids=list(ROLES_BY_SLUG))


def held_by(group: Group) -> set[str]:
    return {f"{each.content_type.app_label}.{each.codename}" for each in group.permissions.select_related("content_type")}


@EVERY_ROLE
def test_a_group_holds_exactly_the_permissions_of_its_role(role: Role) -> None:
    assert held_by(Group.objects.get(name=role.name)) == role.permissions


def test_migrate_puts_right_what_was_changed_by_hand_and_keeps_who_holds_it() -> None:
    role, user = ROLES_BY_SLUG["fulfilment"], make_staff(role="fulfilment")
    group = Group.objects.get(name=role.name)
    group.permissions.set(Permission.objects.filter(codename__in=["erase_person", "view_order"]))
    Group.objects.get(name="Read only").delete()
    call_command("migrate", verbosity=0)
    assert held_by(group) == role.permissions
    assert list(user.groups.all()) == [group]
    assert held_by(Group.objects.get(name="Read only")) == ROLES_BY_SLUG["read-only"].permissions


def test_a_group_that_is_no_role_gives_nothing() -> None:
    other = Group.objects.create(name="Friends of the house")
    other.permissions.set(Permission.objects.all())
    write_groups()
    assert held_by(other) == set()
    assert set(Group.objects.values_list("name", flat=True)) == {*ROLE_NAMES, other.name}


@EVERY_ROLE
def test_a_colleague_with_a_role_may_what_it_says_and_nothing_else(role: Role) -> None:
    user = make_staff(role=role.slug)
    assert (user.is_staff, user.is_superuser) == (True, False)
    assert user.get_all_permissions() == role.permissions


def test_with_two_roles_one_may_what_either_may() -> None:
    user = make_staff(role=["coordinator", "presenter"])
    assert user.get_all_permissions() == ROLES_BY_SLUG["coordinator"].permissions | ROLES_BY_SLUG["presenter"].permissions


def on_the_staff_site() -> set[str]:
    """What opens something there for somebody who may do everything, list by list."""

    class Everything:
        user: Any = User(is_superuser=True, is_active=True)

    found = set()
    for model, admin in staff_site._registry.items():
        for verb in ("view", "add", "change", "delete"):
            name = f"{model._meta.app_label}.{verb}_{model._meta.model_name}"
            if verb in model._meta.default_permissions and getattr(admin, f"has_{verb}_permission")(Everything):
                found.add(name)
        found |= {f"{model._meta.app_label}.{codename}" for codename, _name in model._meta.permissions}
    return found


def test_a_manager_may_all_that_the_staff_site_has_except_give_presentations_and_change_roles() -> None:
    left_out = {"auth.add_group", "auth.change_group", "auth.delete_group", *PRESENTER_DUTY.permissions}
    left_out |= LEAD_DUTIES[0].permissions  # but while nobody is safeguarding lead: tests/professionals/test_flagged.py
    assert on_the_staff_site() - left_out - ROLES_BY_SLUG["manager"].permissions == set()


def test_read_only_has_no_permission_but_to_see() -> None:
    assert {name.partition(".")[2].partition("_")[0] for name in ROLES_BY_SLUG["read-only"].permissions} == {"view"}


@pytest.mark.parametrize(
    "permission", ["accounts.change_user", "professionals.erase_person", "leaflets.export_orders", "bookings.export_bookings"]
)
def test_only_a_manager_may_what_is_the_managers(permission: str) -> None:
    assert [role.slug for role in ROLES if permission in role.permissions] == ["manager"]
