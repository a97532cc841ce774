"""The pages of a recall: staff write it, check it in numbers, press, and see who was reached; what the public reads."""

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from leaflets.models import Edition, EditionState, Order, Recall, RecallHolder, RecallReplacement
from leaflets.orders.services.transitions import start_packing
from leaflets.recalls.services import recall_edition
from notifications.models import Notification, NotificationState
from tests.factories import make_person, make_staff, sign_in, sign_in_staff
from tests.leaflets.factories import make_edition
from tests.leaflets.recalls.test_recalling import WHY, newer, order_of, recall_request, sent
from tests.leaflets.staff_site import act, change, said, told_the_lead
from tests.leaflets.statements import statements

pytestmark = pytest.mark.django_db
TYPED = {"why": WHY, "advice": "recycle", "instead": "same"}


@pytest.fixture
def edition(now):
    return make_edition(now, stock=100, title="One")


def words(response) -> str:
    return " ".join(response.content.decode().split())


def press(client, edition, **typed):
    return act(client, "edition", edition, "recall", **{**TYPED, **typed})


def test_staff_write_check_and_recall(client, staff, edition, now):
    sent(edition, now, 5)
    sent(edition, now, 7, make_person(name="Dan Smith", with_user=False, email="", phone="0113 496 0009"))
    packed, waits = order_of(edition, now, 10), order_of(edition, now, 10)
    start_packing(order=packed, by=None, now=now)
    newer(edition, now, stock=12)
    form = words(client.get(reverse("staff:leaflets_edition_action", args=[edition.pk, "recall"])))
    assert "We send May 2027 of the same leaflet instead" in form
    slip = words(press(client, edition, why="", advice="keep", instead="other"))
    for slipped in (
        "Write what is wrong with it.",
        "Write what people should be told.",
        "Choose the leaflet that we send instead.",
    ):
        assert slipped in slip
    check = words(press(client, edition))
    assert "Nothing has happened yet." in check
    assert Edition.objects.get(pk=edition.pk).state == EditionState.SUPERSEDED
    for fact in ("88 copies", "2 orders", "12 copies: One, May 2027", "8 copies", packed.reference, "2 people, 12 copies"):
        assert fact in check
    for fact in ("2 people, one email each", "1 person", "Dan Smith", "tel:01134960009", "put every copy you have into the"):
        assert fact in check
    back = words(press(client, edition, step="change"))
    assert WHY in back
    assert not Recall.objects.exists()
    done = press(client, edition, step="recall")
    assert said(done) == [
        "The edition is recalled. The emails will go out in the next few minutes. This page shows who they have reached."
    ]
    page = words(done)
    assert packed.reference in page
    assert "See the recall" in words(client.get(change("edition", edition)))
    assert [Order.objects.get(pk=order.pk).state for order in (packed, waits)] == ["received", "received"]
    assert (
        "since you opened the page, so this is no longer possible" in said(press(client, edition, step="recall"))[0]
    )  # the button pressed twice
    assert Notification.objects.filter(kind="edition-recalled").count() == 2


def test_a_childs_details_are_sent_to_nobody(client, staff, edition):
    why = "Amy Smith, born 1 2 2015, is in it"
    assert "This looks like details of a child." in words(press(client, edition, why=why, instead="cancel", step="recall"))
    assert not Recall.objects.exists()
    assert "other people will read it" in words(
        press(client, edition, why=why, instead="cancel", keep_what_i_wrote="on", step="recall")
    )
    assert (Recall.objects.count(), told_the_lead()) == (0, [])


def test_staff_see_who_was_reached_and_tick_whom_they_rang(client, staff, edition, now):
    people = [make_person(name=f"Person {number:02}", with_user=number != 7, email=f"p{number}@x.nhs.uk") for number in range(60)]
    people[7].email = ""
    people[7].save()
    for person in people:
        sent(edition, now, 1, person)
    made = recall_edition(edition=edition, request=recall_request(), by=staff, now=now)
    Notification.objects.filter(recipient="p3@x.nhs.uk", kind="edition-recalled").update(state=NotificationState.FAILED)
    address = change("recall", made)
    page = words(client.get(address))
    for count in ("<strong>60</strong> Everybody", "<strong>2</strong> To call", "<strong>58</strong> Email on its way"):
        assert count in page
    assert page.index("Person 03") < page.index("Person 07") < page.index("Person 00")  # whom to ring first
    assert "Person 59" not in page
    assert "Person 59" in words(client.get(f"{address}?p=2"))
    ring = words(client.get(f"{address}?show=to-ring"))
    assert ("Person 03" in ring, "Person 07" in ring, "Person 00" in ring) == (True, True, False)
    assert '2</span> <span class="waiting__label">people to call about a recall' in words(client.get("/staff/"))
    holder = RecallHolder.objects.get(person=people[7])
    ticked = act(client, "recall", made, "reached", person=holder.pk, show="to-ring", p="1")
    assert ticked.redirect_chain[-1][0] == f"{address}?show=to-ring&p=1#people"
    assert ("Person 07" in words(ticked), "Person 03" in words(ticked)) == (False, True)
    holder.refresh_from_db()
    assert (holder.reached_by, holder.reached_at is not None) == (staff, True)
    assert f"{staff}" in words(client.get(f"{address}?show=phoned"))
    act(client, "recall", made, "reached", person=holder.pk, undo="1")
    holder.refresh_from_db()
    assert (holder.reached_by, holder.reached_at) == (None, None)
    for nonsense in ("", "x", "999999", "9" * 30):
        assert act(client, "recall", made, "reached", person=nonsense).status_code == 200
    assert client.get(reverse("staff:leaflets_recall_action", args=[made.pk, "reached"])).status_code == 302
    assert not RecallHolder.objects.exclude(reached_at=None).exists()


def test_a_page_of_people_asks_as_much_for_one_as_for_many(client, staff, now):
    def asked(many: int) -> int:
        edition = make_edition(now, stock=100)
        for _each in range(many):
            sent(edition, now, 1)
        made = recall_edition(edition=edition, request=recall_request(), by=staff, now=now)
        return len(statements(lambda: client.get(change("recall", made)))), len(
            statements(lambda: client.get(reverse("staff:leaflets_recall_changelist")))
        )

    asked(1)
    one = asked(1)
    assert asked(20) == one
    assert max(one) <= 12


def test_staff_without_the_right_look_and_change_nothing(client, edition, now):
    sent(edition, now, 1)
    made = recall_edition(edition=edition, request=recall_request(), by=None, now=now)
    user = make_staff(superuser=False)
    user.user_permissions.add(Permission.objects.get(codename="view_recall"), Permission.objects.get(codename="view_edition"))
    sign_in_staff(client, user)
    page = words(client.get(change("recall", made)))
    assert "Who we have reached" in page
    assert "Mark as reached by phone" not in page
    assert act(client, "recall", made, "reached", person=made.holders.get().pk).status_code == 403
    assert press(client, make_edition(now), step="recall", instead="cancel").status_code == 403
    assert Recall.objects.count() == 1


@pytest.mark.parametrize(
    ("advice", "said_there"),
    [
        ("recycle", "put every copy you have into the recycling"),
        ("send-back", "send every copy you have back to us"),
        ("keep", "You can keep using the copies you have"),
    ],
)
def test_the_website_says_what_to_do_with_copies_and_hands_out_no_file(client, edition, now, advice, said_there):
    recall_edition(edition=edition, request=recall_request(advice=advice, words="By the red box."), by=None, now=now)
    for address, status in ((edition.leaflet.get_absolute_url(), 200), (f"/leaflets/{edition.leaflet.slug}/download/", 410)):
        response = client.get(address)
        assert response.status_code == status
        page = words(response)
        for part in ("The edition “March 2026” was recalled on 12 January 2027.", said_there, "By the red box.", WHY):
            assert part in page
    newer(edition, now, stock=5)
    newer(edition, now, stock=5, label="July 2027")  # whoever still has the wrong one reads it beside the new one, too
    page = words(client.get(edition.leaflet.get_absolute_url()))
    assert said_there in page
    assert "It replaces “May 2027”." in page
    file = client.get(f"/leaflets/{edition.leaflet.slug}/download/")
    assert (file.status_code, b"".join(file.streaming_content)[:4]) == (200, b"%PDF")


def test_the_owner_reads_on_the_order_what_became_of_it(client, edition, now):
    order = order_of(edition, now, 6)
    newer(edition, now, stock=4)
    recall_edition(edition=edition, request=recall_request(RecallReplacement.SAME), by=None, now=now)
    sign_in(client, order.person)
    page = words(client.get(order.get_absolute_url()))
    assert "A leaflet in it was recalled" in page
    assert "4 of “One, May 2027” instead of “One, March 2026”" in page
    assert "2 of “One, May 2027” instead of “One, March 2026”, as soon as there are enough" in page
