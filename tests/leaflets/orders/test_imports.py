"""Old orders from a list: they touch neither stock nor ledger, count towards the limits of their days, and can be undone."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.management import call_command
from django.urls import reverse

from leaflets.models import Advice, Dispatch, Edition, Order, OrderEvent, OrderState, RecallReplacement, StockMovement
from leaflets.orders.allowances import Workplace, limit_window, recent_orders
from leaflets.orders.queries import delivery_addresses
from leaflets.privacy import export_orders, orders_due
from leaflets.recalls.services import RecallRequest, plan_recall
from leaflets.stock.services import ledger_differences
from notifications.models import Notification
from professionals.models import DuplicateChoice, ImportedCount, ImportedObject, ImportState, Person, RowState
from professionals.notes.admin import NoteKind
from professionals.services import add_note
from tests import importing
from tests.factories import make_person, make_staff, sign_in, sign_in_staff
from tests.leaflets.factories import make_edition, make_leaflet, make_order

pytestmark = [pytest.mark.django_db, pytest.mark.tuesday]

EXAMPLE = "leaflets/orders/old_orders.csv"
ONE = {
    "day": "3/4/2026",
    "leaflet": "Child trafficking is child abuse",
    "copies": "1,200",
    "name": "Asha Patel",
    "email": "asha@leeds.example",
    "phone": "0113 496 0001",
    "profession": "Health visitor",
    "organisation_name": "Leeds Trust",
    "postcode": "LS1 4AP",
}


@pytest.fixture(autouse=True)
def edition(now) -> Edition:
    make_edition(
        now, leaflet=make_leaflet("health-visitors", title="Stop child trafficking in its tracks: advice for health visitors")
    )
    for slug in ("social-workers", "emergency-care"):
        make_edition(now, leaflet=make_leaflet(slug), stock=0)
    return make_edition(now, leaflet=make_leaflet("all-professionals", title="Child trafficking is child abuse"), stock=20)


def check(now, *changes):
    cells = [importing.row_of("orders", **(ONE | change)) for change in changes]
    return importing.checked("orders", importing.as_csv(importing.headings_of("orders"), *cells), now)


def bring_in(now, *changes):
    return importing.ran(check(now, *changes), now)


def test_an_old_order_is_history(now, edition):
    moved = StockMovement.objects.count()
    done = bring_in(now, {})
    assert (done.state, importing.states(done)) == (ImportState.DONE, {2: RowState.MADE})
    order = Order.objects.get()
    assert (order.state, order.channel, order.imported_at.date()) == (OrderState.DISPATCHED, "list", now.date())
    assert order.created_at == datetime(2026, 4, 2, 23, tzinfo=UTC)
    assert (order.name, order.organisation_name, order.postcode) == ("Asha Patel", "Leeds Trust", "LS1 4AP")
    assert order.organisation == order.person.organisation
    assert [(line.edition, line.copies, line.dispatched) for line in order.lines.all()] == [(edition, 1200, 1200)]
    assert not any(model.objects.exists() for model in (Notification, OrderEvent, Dispatch))
    assert StockMovement.objects.count() == moved


def test_stock_and_ledger_stay_as_they_are(now):
    before = list(Edition.objects.order_by("pk").values_list("on_hand", "allocated"))
    assert not list(ledger_differences())
    done = bring_in(now, {}, {"day": "3/11/2026"})
    assert not list(ledger_differences())
    call_command("reconcile_stock")
    importing.undone(done, now)
    call_command("reconcile_stock")
    assert list(Edition.objects.order_by("pk").values_list("on_hand", "allocated")) == before


def test_the_ledger_still_sees_copies_of_our_own_that_it_does_not_explain(now, edition):
    order = make_order(make_person(), now, {edition.leaflet: 5})
    order.lines.update(allocated=0, dispatched=5)
    assert any(order.reference in line for line in ledger_differences())


def test_it_counts_towards_the_limits_of_its_days(now, edition):
    bring_in(now, {"day": "3/12/2026", "copies": "70"}, {"day": "3/4/2026", "copies": "500"})
    person = Person.objects.get()
    workplace = Workplace(person.organisation_id, "LS1 4AP")
    recent = recent_orders(person=person.pk, workplace=workplace, leaflets=[edition.leaflet], now=now)[edition.leaflet.pk]
    assert (recent.person.copies, recent.workplace.copies) == (70, 70)
    assert now - recent.person.since < limit_window()


@pytest.mark.parametrize(
    ("change", "name", "says"),
    [
        ({"day": "12/1/2027"}, "day", "This day is not over yet. Place the order here instead"),
        ({"day": "1/1/2999"}, "day", "This day is not over yet."),
        ({"day": "1/1/1900"}, "day", "This is before"),
        ({"leaflet": "Another"}, "leaflet", "We have no leaflet of this title."),
        ({"leaflet": "no-edition"}, "leaflet", "This leaflet has no edition here yet."),
        ({"copies": "0"}, "copies", "Enter a whole number from 1 to 100,000."),
        ({"copies": ""}, "copies", "Fill this in."),
        (
            {"email": "", "phone": "", "organisation_name": "", "postcode": ""},
            "",
            "Fill in an email address, a phone number, an organisation or a postcode.",
        ),
    ],
)
def test_what_is_wrong_is_said_by_row(now, change, name, says):
    make_leaflet("no-edition")
    import_job = check(now, {}, change)
    [[where, sentence]] = importing.problems(import_job)[3]
    assert where == name
    assert sentence.startswith(says)


def test_a_leaflet_goes_by_its_short_name_too_and_need_not_be_in_the_catalogue(now, edition):
    edition.leaflet.active = False
    edition.leaflet.save()
    bring_in(now, {"leaflet": "All-Professionals"})
    assert Order.objects.get().lines.get().edition == edition


def test_it_has_the_print_of_its_day(now, edition):
    """Of March 2026, or of June; the first that we know, if it is older."""
    newer = make_edition(now, leaflet=edition.leaflet, label="June 2026")
    Edition.objects.filter(pk=newer.pk).update(published_on=date(2026, 6, 1))
    bring_in(now, *({"day": day} for day in ("1/1/2026", "31/5/2026", "1/6/2026")))
    assert [order.lines.get().edition for order in Order.objects.order_by("created_at")] == [edition, edition, newer]


def test_a_recall_reaches_who_may_have_that_print(now, edition):
    """An order from before the print had another one."""
    bring_in(now, {"day": "1/1/2026", "copies": "5"}, {"day": "3/4/2026", "copies": "7", "email": "b@leeds.example"})
    request = RecallRequest(why="Wrong.", advice=Advice.RECYCLE, instead=RecallReplacement.CANCEL)
    received = plan_recall(edition=edition, request=request, now=now).received
    assert received == {Person.objects.get(email="b@leeds.example").pk: 7}


def test_nobody_is_sent_to_an_address_that_we_never_knew(now):
    bring_in(now, {})
    assert delivery_addresses(Person.objects.get().pk).last is None


def test_one_person_for_all_rows_of_the_same(now):
    bring_in(now, {}, {"day": "4/4/2026"}, {"day": "5/4/2026", "email": ""}, {"day": "6/4/2026", "email": "", "phone": ""})
    assert Person.objects.count() == 1
    assert Order.objects.count() == 4


@pytest.mark.parametrize(("choice", "orders"), [(DuplicateChoice.LINK, 1), (DuplicateChoice.MAKE, 2), (DuplicateChoice.SKIP, 1)])
def test_the_same_list_again_is_asked_about(now, choice, orders):
    bring_in(now, {})
    import_job = check(now, {"profession": "Midwife"})
    assert importing.states(import_job) == {2: RowState.DUPLICATE}
    import_job.choice = choice
    import_job.save()
    importing.ran(import_job, now)
    assert Order.objects.count() == orders
    assert Person.objects.count() == 1


def test_rows_past_retention_come_in_as_counts(now):
    before = importing.without_import(importing.everything())
    bring_in(now, {"day": "3/4/2021"}, {"day": "20/4/2021", "copies": "300", "leaflet": "Out of print"})
    counted = ImportedCount.objects.values_list("month", "nation", "authority", "profession", "rows", "copies")
    assert list(counted) == [(date(2021, 4, 1), "england", "E08000035", "health-visitor", 2, 1500)]
    assert importing.without_import(importing.everything()) == before


def test_it_is_kept_as_long_as_any_order(now):
    bring_in(now, {"day": "13/1/2025"}, {"day": "3/10/2026"})
    assert list(orders_due(now - timedelta(days=400))) == [Order.objects.earliest("created_at")]


def test_the_pages_say_where_it_is_from(now, client):
    person = make_person(email="asha@leeds.example")
    bring_in(now, {})
    order = Order.objects.get()
    page = sign_in(client, person).get(order.get_absolute_url()).content.decode()
    assert order.reference in page
    assert "We added this from our earlier records." in page
    assert export_orders(person)[0]["came_by"] == "Imported from a list"
    staff = sign_in_staff(client, make_staff())
    page = staff.get(reverse("staff:leaflets_order_change", args=[order.pk])).content.decode()
    assert "Imported from a list" in page
    assert "midnight" not in page
    assert order.reference in staff.get(reverse("staff:leaflets_order_changelist"), {"came_by": "list"}).content.decode()
    page = staff.get(reverse("staff:professionals_person_change", args=[person.pk])).content.decode()
    assert "Imported from a list" in page


# Undone as a whole.


def test_an_undo_leaves_everything_as_it_was(now):
    make_order(make_person(email="asha@leeds.example"), now)
    before = importing.everything()
    done = importing.ran(importing.checked("orders", importing.example(EXAMPLE), now), now)
    assert Order.objects.count() == 25
    assert importing.everything() != before
    importing.undone(done, now)
    assert importing.everything() == before


def test_what_was_used_since_stays_and_is_listed(now):
    done = bring_in(now, {}, {"email": "b@leeds.example", "name": "Ben Okoro", "phone": "0113 496 0002"})
    kept = Order.objects.get(person__name="Asha Patel")
    add_note(
        person=kept.person, reference=kept.reference, kind=NoteKind.RANG_US, text="They have them.", by=make_staff(), now=now
    )
    importing.undone(done, now)
    assert list(Order.objects.all()) == [kept]
    assert list(kept.lines.values_list("dispatched", flat=True)) == [1200]
    assert dict(ImportedObject.objects.values_list("model", "kept"))["leaflets.order"] == ["a note about it"]
    assert not list(ledger_differences())


def test_nothing_in_any_cell_breaks_anything(now):
    importing.assert_nothing_breaks("orders", ONE, now)
    assert not list(ledger_differences())


def test_batches_take_as_many_statements_whatever_is_in_them(now, django_assert_max_num_queries):
    import_job = check(now, *({"day": f"{n % 28 + 1}/{n // 28 + 1}/2026", "email": f"p{n}@leeds.example"} for n in range(100)))
    with django_assert_max_num_queries(60):
        importing.ran(import_job, now)
    assert Order.objects.count() == 100
