"""The filters and the order of a staff list, saved under a name: one's own, or the team's."""

import pytest
from django.test import Client

from accounts.admin import MAX_OWN_VIEWS
from accounts.models import SavedFilter, User
from audit.models import Entry
from privacy.personal_data import export_details
from tests.factories import make_person, make_staff, sign_in_staff

pytestmark = pytest.mark.django_db
LIST, SAVE = "/staff/bookings/booking/", "/staff/views/bookings.booking/save/"
FILTERS = "o=-2&state__exact=confirmed"


@pytest.fixture
def user() -> User:
    return make_staff(role="coordinator")


@pytest.fixture
def desk(user: User) -> Client:
    return sign_in_staff(Client(), user)


def save(client: Client, name: str = "Confirmed", query: str = FILTERS, **more: str) -> None:
    response = client.post(f"{SAVE}?{query}", {"name": name, **more})
    assert response.status_code == 302, response.content.decode()


def names_on(client: Client, address: str = LIST) -> list[str]:
    return [each["view"].name for each in client.get(address).context["saved_views"]()["views"]]


def test_a_view_is_saved_shown_as_a_link_and_removed(desk: Client, user: User) -> None:
    page = desk.get(f"{LIST}?{FILTERS}").content.decode()
    assert f'href="{SAVE}?{FILTERS.replace("&", "&amp;")}"' in page
    assert desk.get(f"{SAVE}?{FILTERS}").status_code == 200
    save(desk)
    saved = SavedFilter.objects.get()
    assert (saved.owner, saved.list_model, saved.name, saved.query, saved.for_team) == (
        user,
        "bookings.booking",
        "Confirmed",
        FILTERS,
        False,
    )
    shown = desk.get(LIST).content.decode()
    assert f'href="{LIST}?{FILTERS.replace("&", "&amp;")}"' in shown
    assert desk.get(f"{LIST}?{saved.query}").status_code == 200
    assert SAVE not in desk.get(f"{LIST}?{FILTERS}").content.decode()  # what is saved is not offered again
    assert desk.post(f"/staff/views/{saved.pk}/remove/").headers["Location"] == LIST
    assert names_on(desk) == []
    acts = Entry.objects.filter(kind="accounts.savedfilter", key=str(saved.pk)).order_by("pk").values_list("act", flat=True)
    assert list(acts) == ["added", "deleted"]


def test_what_was_searched_for_and_whose_rows_they_are_is_not_kept(desk: Client) -> None:
    person = make_person()
    save(desk, query=f"q=Asha+Rahman&person={person.pk}&p=2&e=1&password=x&{FILTERS}&when=Asha+Rahman")
    assert SavedFilter.objects.get().query == FILTERS


def test_without_a_filter_there_is_nothing_to_save(desk: Client) -> None:
    assert SAVE not in desk.get(f"{LIST}?q=asha").content.decode()
    assert desk.post(f"{SAVE}?q=asha", {"name": "Asha"}).headers["Location"] == LIST
    assert not SavedFilter.objects.exists()


def test_own_are_ones_own_and_the_teams_are_everybodys(desk: Client) -> None:
    save(desk, "Mine")
    save(desk, "Ours", for_team="on")
    colleague = sign_in_staff(Client(), make_staff(role="coordinator"))
    assert names_on(desk) == ["Mine", "Ours"]
    assert names_on(colleague) == ["Ours"]
    mine, ours = SavedFilter.objects.order_by("name")
    assert colleague.post(f"/staff/views/{mine.pk}/remove/").status_code == 404
    assert colleague.post(f"/staff/views/{ours.pk}/remove/").status_code == 403
    assert sign_in_staff(Client(), make_staff(role="manager")).post(f"/staff/views/{ours.pk}/remove/").status_code == 302
    assert names_on(desk) == ["Mine"]


def test_a_get_removes_nothing(desk: Client) -> None:
    save(desk)
    assert desk.get(f"/staff/views/{SavedFilter.objects.get().pk}/remove/").status_code == 405


def test_of_filters_that_a_colleague_does_not_have_nothing_is_shown(desk: Client) -> None:
    """A presenter's list has fewer filters; a link by another would be refused."""
    save(desk, "By format", "state__exact=confirmed", for_team="on")
    save(desk, "Requests", "waits=long", for_team="on")
    from tests.bookings.rows import make_presenter

    presenter = make_staff(role="presenter")
    make_presenter(user=presenter)
    assert names_on(sign_in_staff(Client(), presenter)) == ["By format"]


def test_whoever_may_not_see_a_list_saves_no_view_of_it() -> None:
    client = sign_in_staff(Client(), make_staff(role="fulfilment"))
    assert client.post(f"/staff/views/accounts.user/save/?{FILTERS}", {"name": "x"}).status_code == 403
    for list_model in ("no.list", "nonsense", "accounts.session"):
        assert client.get(f"/staff/views/{list_model}/save/").status_code == 404


def test_a_name_is_used_once_in_any_case_and_what_was_typed_stays(desk: Client) -> None:
    save(desk)
    page = desk.post(f"{SAVE}?state__exact=requested", {"name": "confirmed"})
    assert page.status_code == 200
    assert "You already have a view of this list with that name" in page.content.decode()
    assert 'value="confirmed"' in page.content.decode()
    save(sign_in_staff(Client(), make_staff(role="coordinator")))  # another's own


def test_there_are_so_many_and_no_more(desk: Client, user: User) -> None:
    row = {"owner": user, "list_model": "bookings.booking", "query": FILTERS}
    SavedFilter.objects.bulk_create(SavedFilter(**row, name=f"View {number}") for number in range(MAX_OWN_VIEWS))
    page = desk.post(f"{SAVE}?state__exact=requested", {"name": "One more"})
    assert "Remove one first" in page.content.decode()
    assert SavedFilter.objects.count() == MAX_OWN_VIEWS


def test_they_are_in_a_colleagues_own_data_and_go_with_the_account(user: User) -> None:
    person = make_person(user=user)
    SavedFilter.objects.create(owner=user, list_model="bookings.booking", name="Mine", query=FILTERS)
    assert export_details(person)["sign_in"]["saved_views"] == ["Mine"]
    person.delete()
    user.delete()
    assert not SavedFilter.objects.exists()
