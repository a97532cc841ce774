"""A presenter sees on the staff site what is theirs; of anybody else's nothing: no page, no count, no search that finds it."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.contenttypes.models import ContentType
from django.test import Client
from django.utils import timezone

from bookings.feedback.services import get_or_create_follow_up
from bookings.models import Booking, Presenter
from staff.site import staff_site
from tests.accounts.role_pages import colleague, read
from tests.bookings.open_sessions.rows import make_place, make_session
from tests.bookings.rows import make_booking, make_presenter
from tests.factories import make_person, sign_in_staff

pytestmark = pytest.mark.django_db
BOOKINGS, SESSIONS = "/staff/bookings/booking/", "/staff/bookings/opensession/"


@pytest.fixture
def scene() -> dict[str, Any]:
    """One visit and one session of the presenter who signed in, the same of another, and one of nobody."""
    client, user = colleague("presenter")
    me, other = make_presenter(name="Asha Patel", user=user), make_presenter(name="Tom Adeyemi")
    start = timezone.now() + timedelta(days=30)
    found: dict[str, Any] = {"client": client, "me": me, "user": user}
    for name, presenter in (("mine", me), ("theirs", other)):
        found[name] = make_booking(presenter, start, person=make_person(email=f"{name}@leeds.example.nhs.uk"))
        found[f"{name} session"] = make_session(presenter, start + timedelta(days=2))
        make_place(found[f"{name} session"], person=found[name].person)
    return found


def references(client: Client, path: str) -> list[str]:
    page = read(client, path)
    return [th.text for th in page.all("th", "field-reference")]


@pytest.mark.parametrize(("at", "name", "own"), [(BOOKINGS, "", "visits"), (SESSIONS, " session", "sessions")])
def test_the_list_has_just_what_is_theirs_and_leads_to_their_own_pages(
    scene: dict[str, Any], at: str, name: str, own: str
) -> None:
    client, mine, theirs = scene["client"], scene[f"mine{name}"], scene[f"theirs{name}"]
    assert references(client, at) == [mine.reference]
    assert client.get(f"{at}{mine.pk}/change/")["Location"] == f"/staff/mine/{own}/{mine.reference}/"
    for narrowed in (f"q={theirs.reference}", f"q={theirs.reference[3:7]}", "q=Adeyemi"):
        assert theirs.reference not in references(client, f"{at}?{narrowed}"), narrowed
    assert client.get(f"{at}?presenter={theirs.presenter_id}")["Location"] == f"{at}?e=1"  # their list has no such filter
    page = read(client, at)
    assert "Tom Adeyemi" not in "".join(element.text for element in page.all("body"))
    assert "1 " in page.one("body").text


@pytest.mark.parametrize(("at", "name"), [(BOOKINGS, ""), (SESSIONS, " session")])
def test_somebody_elses_is_not_there_in_any_view_or_action(scene: dict[str, Any], at: str, name: str) -> None:
    client, row, presenter = scene["client"], scene[f"theirs{name}"], scene["me"]
    slugs = [action.slug for action in staff_site.get_model_admin(type(row)).object_actions]
    paths = [f"{at}{row.pk}/{page}/" for page in ("change", "history", "delete", *(f"do/{slug}" for slug in slugs))]
    paths.append(f"/staff/r/{ContentType.objects.get_for_model(row).pk}/{row.pk}/")
    own = "sessions" if name else "visits"
    paths += [f"/staff/mine/{own}/{row.reference}/{page}" for page in ("", "attendance/")]
    get_or_create_follow_up(given=row, now=timezone.now())
    paths += [f"/staff/mine/{own}/{row.reference}/{file}" for file in ("slide.pdf", "sheet.pdf")]
    assert {path: client.get(path).status_code for path in paths} == dict.fromkeys(paths, 404)
    posts = [path for path in paths if ".pdf" not in path and "/r/" not in path and not path.endswith(f"{row.reference}/")]
    assert {path: client.post(path, {"sure": "on"}).status_code for path in posts} == dict.fromkeys(posts, 404)
    assert presenter.pk != row.presenter_id


@pytest.mark.parametrize(("at", "name"), [(BOOKINGS, ""), (SESSIONS, " session")])
def test_their_own_is_changed_by_nobody_but_the_office(scene: dict[str, Any], at: str, name: str) -> None:
    client, row = scene["client"], scene[f"mine{name}"]
    for path in (f"{at}{row.pk}/do/cancel/", f"{at}add/"):
        assert (path, client.get(path).status_code, client.post(path, {"reason": "x"}).status_code) == (path, 403, 403)
    assert client.post(f"{at}{row.pk}/change/", {"state": "cancelled"}).status_code in (302, 403)
    state = row.state
    row.refresh_from_db()
    assert row.state == state


def test_nobody_is_found_in_a_session_by_name_or_address(scene: dict[str, Any]) -> None:
    for typed in (scene["mine"].person.email, scene["mine"].person.name):
        assert references(scene["client"], f"{SESSIONS}?q={typed}") == []


def test_a_visit_that_another_gives_now_is_gone_from_the_list(scene: dict[str, Any]) -> None:
    Booking.objects.filter(pk=scene["mine"].pk).update(presenter=scene["theirs"].presenter)
    assert references(scene["client"], BOOKINGS) == []
    assert scene["client"].get(f"{BOOKINGS}{scene['mine'].pk}/change/").status_code == 404


def test_without_the_role_a_presenters_own_pages_do_not_open(scene: dict[str, Any]) -> None:
    scene["user"].groups.clear()
    sign_in_staff(scene["client"], scene["user"])
    assert [scene["client"].get(f"/staff/mine/{page}").status_code for page in ("", "leave/", "availability/")] == [403, 403, 403]
    assert scene["client"].get(BOOKINGS).status_code == 403


def test_a_presenter_without_a_diary_yet_or_any_more_sees_no_list(scene: dict[str, Any]) -> None:
    Presenter.objects.filter(pk=scene["me"].pk).update(active=False)
    assert scene["client"].get(BOOKINGS).status_code == 403
    client, _user = colleague("presenter")
    assert client.get(SESSIONS).status_code == 403


def test_a_coordinator_who_presents_too_sees_all(scene: dict[str, Any]) -> None:
    client, user = colleague(["coordinator", "presenter"])
    make_presenter(user=user)
    assert set(references(client, BOOKINGS)) == {scene["mine"].reference, scene["theirs"].reference}


def test_read_only_is_not_told_who_could_give_a_visit(scene: dict[str, Any]) -> None:
    path = f"{BOOKINGS}{scene['mine'].pk}/change/"
    assert read(colleague("coordinator")[0], path).all("section", "who-could") != []
    assert read(colleague("read-only")[0], path).all("section", "who-could") == []
