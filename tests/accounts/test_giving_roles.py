"""Only a manager gives roles, never more than a manager may, and the last manager can't stop being one by mistake."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client

from accounts.models import User
from accounts.roles import ROLES, ROLES_BY_SLUG, Role
from tests.accounts.role_pages import colleague, read
from tests.bookings.rows import make_presenter
from tests.factories import make_person, make_staff

pytestmark = pytest.mark.django_db
ACCOUNTS = "/staff/accounts/user/"


def group(slug: str) -> Group:
    return Group.objects.get(name=ROLES_BY_SLUG[slug].name)


def save(client: Client, user: User, *roles: str, **posted: object) -> int:
    typed = {"is_active": "on", "is_staff": "on", "groups": [group(role).pk for role in roles], **posted}
    return client.post(f"{ACCOUNTS}{user.pk}/change/", {name: value for name, value in typed.items() if value}).status_code


def roles_of(user: User) -> list[str]:
    return sorted(user.groups.values_list("name", flat=True))


def test_a_manager_gives_roles_and_each_box_says_what_the_role_is_for() -> None:
    client, _manager = colleague("manager")
    user = make_staff(role="read-only")
    page = read(client, f"{ACCOUNTS}{user.pk}/change/")
    box = page.one("div", id="id_groups")
    said = [label.text for label in page.all("label") if box in label.inside]
    assert said == sorted(f"{role.name}: {role.purpose}" for role in ROLES)
    assert save(client, user, "coordinator", "presenter") == 302
    assert roles_of(user) == ["Coordinator", "Presenter"]


@pytest.mark.parametrize("role", [role.slug for role in ROLES if role.slug != "manager"])
def test_nobody_else_gives_a_role_to_themselves_or_others(role: str) -> None:
    client, user = colleague(role)
    other = make_staff(role="read-only")
    assert (save(client, user, "manager"), save(client, other, "manager")) == (403, 403)
    added = client.post(f"{ACCOUNTS}add/", {"email": "new@ctac.example", "is_staff": "on", "groups": [group("manager").pk]})
    assert added.status_code == 403
    assert (roles_of(user), roles_of(other)) == ([ROLES_BY_SLUG[role].name], ["Read only"])


def test_what_a_manager_posts_beyond_the_form_changes_nothing() -> None:
    client, manager = colleague("manager")
    user, other = make_staff("one@ctac.example", role="read-only"), Group.objects.create(name="No role")
    posted = {
        "is_superuser": "on",
        "email": "taken@elsewhere.example",
        "password": "mine now",
        "user_permissions": [Permission.objects.get(codename="delete_group").pk],
        "last_login": "2020-01-01",
    }
    password = user.password
    assert save(client, user, "fulfilment", **posted) == 302
    assert save(client, manager, "manager", **posted) == 302
    user.refresh_from_db()
    manager.refresh_from_db()
    assert (user.is_superuser, user.email, user.password, list(user.user_permissions.all())) == (
        False,
        "one@ctac.example",
        password,
        [],
    )
    assert (manager.is_superuser, list(manager.user_permissions.all())) == (False, [])
    assert (
        client.post(f"{ACCOUNTS}{user.pk}/change/", {"is_active": "on", "is_staff": "on", "groups": [other.pk]}).status_code
        == 200
    )
    assert roles_of(user) == ["Fulfilment"]


def test_a_new_account_is_never_a_superuser() -> None:
    client, _manager = colleague("manager")
    posted = {"email": "new@ctac.example", "is_staff": "on", "is_superuser": "on", "groups": [group("coordinator").pk]}
    assert client.post(f"{ACCOUNTS}add/", posted).status_code == 302
    new = User.objects.get(email="new@ctac.example")
    assert (new.is_superuser, roles_of(new)) == (False, ["Coordinator"])


def test_a_manager_changes_no_superuser() -> None:
    client, _manager = colleague("manager")
    boss = make_staff("boss@ctac.example")
    assert save(client, boss, is_active="") == 403
    assert client.post(f"{ACCOUNTS}{boss.pk}/do/reset-second-factor/", {"sure": "on"}).status_code == 403
    boss.refresh_from_db()
    assert (boss.is_active, boss.is_superuser) == (True, True)


@pytest.mark.parametrize("posted", [{"groups": ""}, {"is_active": ""}, {"is_staff": ""}], ids=str)
def test_the_last_manager_stays_one(posted: dict[str, str]) -> None:
    client, manager = colleague("manager")
    assert save(client, manager, "manager", **posted) == 200
    manager.refresh_from_db()
    assert (roles_of(manager), manager.is_active, manager.is_staff) == (["Manager"], True, True)


def test_with_another_manager_who_can_sign_in_the_role_can_be_laid_down() -> None:
    client, manager = colleague("manager")
    closed = make_staff(role="manager", is_active=False)
    assert save(client, manager, "coordinator") == 200
    closed.is_active = True
    closed.save()
    assert save(client, manager, "coordinator") == 302
    assert roles_of(manager) == ["Coordinator"]


def test_roles_are_for_staff() -> None:
    client, _manager = colleague("manager")
    user = make_staff(role="read-only")
    assert save(client, user, "coordinator", is_staff="") == 200
    assert roles_of(user) == ["Read only"]


@pytest.mark.parametrize("role", ROLES, ids=[role.slug for role in ROLES])
def test_the_page_of_a_role_says_what_it_may_and_who_holds_it(role: Role) -> None:
    client, _manager = colleague("manager", "boss@ctac.example")
    path = f"/staff/auth/group/{group(role.slug).pk}/change/"
    text = read(client, path).one("div", id="content-main").text
    assert [str(duty.words) for duty in role.duties if str(duty.words) not in text] == []
    assert ("boss@ctac.example" in text) == (role.slug == "manager")
    assert client.post(path, {"name": "Everybody"}).status_code == 403
    assert client.get("/staff/auth/group/add/").status_code == 403


def test_a_coordinator_does_not_say_whose_sign_in_sees_a_diary() -> None:
    presenter, (client, _user) = make_presenter(name="Asha"), colleague("coordinator")
    path = f"/staff/bookings/presenter/{presenter.pk}/change/"
    assert read(client, path).all("select", id="id_user") == []
    assert read(colleague("manager")[0], path).one("select", id="id_user").attrs["name"] == "user"


def test_who_works_here_is_not_erased_before_a_manager_closes_the_account() -> None:
    client, _manager = colleague("manager")
    person = make_person(user=make_staff(role="coordinator"))
    path = f"/staff/professionals/person/{person.pk}/do/erase/"
    client.post(path, {"sure": "on"})
    person.refresh_from_db()
    assert person.name == "Sam Taylor"
