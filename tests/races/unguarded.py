"""The negative control: a second web server on the same database that takes no locks and believes what it has read.

It pauses where the test says, so that everybody has looked before anybody has written for the others to see. The
database's own guards are the test's to drop (tests.races.stage.dropped).
"""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings

from ctac.local import processes
from tests.live.clients import CROWD, PATIENCE
from tests.live.stack import Live
from tests.races.gates import key_of


@contextmanager
def server_without_guards(live: Live) -> Iterator[str]:
    """Its address."""
    env = live.env | {"EMAIL_URL": f"smtp://127.0.0.1:{live.facts['mail_port']}", "SITE_URL": live.base_url}
    with socket.create_server(("127.0.0.1", 0), backlog=256) as listening, (live.var_dir / "unguarded.log").open("wb") as log:
        bind = ["--bind", f"fd://{listening.fileno()}"]
        application = [f"{__name__}:application()", *bind, "--workers", "1", "--threads", str(CROWD + 4), "--no-control-socket"]
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", *application],
            cwd=settings.BASE_DIR,
            env=env,
            stdout=log,
            stderr=subprocess.STDOUT,
            pass_fds=[listening.fileno()],
            preexec_fn=processes.end_with_parent(signal.SIGTERM),
        )
        try:
            yield f"http://localhost:{listening.getsockname()[1]}"
        finally:
            process.terminate()
            process.wait(PATIENCE)


def application() -> Any:
    """Runs inside, as the application."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ctac.settings")
    from ctac.wsgi import application as whole

    lock_no_rows()
    pause_before_slots_are_checked()
    take_holds_as_they_were_read()
    keep_holds_longer_as_they_were_read()
    move_bookings_as_they_were_read()
    answer_offers_as_they_were_read()
    pause_before_stock_is_taken()
    lock_titles_in_an_order_of_their_own()
    move_orders_as_they_were_read()
    tell_of_a_recall_whom_it_found_before_it_locked()
    take_any_page_for_the_newest()
    compare_counts_with_the_figure_of_now()
    pause_before_promises_are_taken()
    pause_before_parcels_leave()
    pause_before_places_are_written()
    return whole


def pause(name: str) -> None:
    """Waits here if a test stands at this gate."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [key_of(name)])


def lock_no_rows() -> None:
    from django.db.models import QuerySet

    QuerySet.select_for_update = lambda self, **_how: self


def pause_before_slots_are_checked() -> None:
    """Everybody has looked and written, and nobody has committed."""
    from bookings.booking.services import assign, create, decide, request as request_services, reschedule
    from bookings.leave import services as leave_services
    from bookings.open_sessions.services import sessions as changing_sessions, sessions as session_services
    from bookings.schedule import holds, locks

    guarded = locks.busy_time_checks

    @contextmanager
    def together() -> Iterator[None]:
        with guarded():
            yield
            pause("slots")

    for module in (
        *(decide, assign, reschedule, decide, holds),
        *(leave_services, create, request_services, changing_sessions, session_services),
    ):
        module.busy_time_checks = together


def take_holds_as_they_were_read() -> None:
    """Answers are kept after the hold, as writing them locks the draft; and those who ask from one place take no turns."""
    from django.db import transaction

    from bookings.booking.views import book as book_views
    from bookings.schedule import holds
    from professionals import drafts

    holds.lock_client = lambda client: None
    hold_slot = book_views.hold_slot

    @transaction.atomic
    def hold_and_then_answer(*, draft: Any, now: Any, answers: Any, **more: Any) -> Any:
        hold = hold_slot(draft=draft, now=now, **more)
        drafts.save_steps(draft, answers, now)
        return hold

    book_views.hold_slot = hold_and_then_answer


def keep_holds_longer_as_they_were_read() -> None:
    from django.db import transaction

    from bookings.booking.views import book as book_views
    from bookings.models import BusyTime, Hold

    @transaction.atomic
    def extend(*, draft: Any, now: Any) -> Any:
        hold = Hold.objects.get(draft=draft)
        pause("extend")
        hold.extended_at, hold.expires_at = now, hold.expires_at + (hold.expires_at - hold.held_at)
        Hold.objects.filter(pk=hold.pk).update(extended_at=now, expires_at=hold.expires_at)
        BusyTime.objects.filter(hold=hold.pk).update(expires_at=hold.expires_at)
        return hold

    book_views.extend_hold = extend


def move_bookings_as_they_were_read() -> None:
    from bookings.booking.services import decide, transitions
    from bookings.models import Booking
    from bookings.models.booking import record_event

    def move(
        booking: Any, to: Any, kind: Any, *, by: Any, now: Any, reason: str = "", by_link: bool = False, **columns: Any
    ) -> None:
        if not booking.can_become(to):
            raise transitions.TransitionNotAllowed
        pause(f"booking {to}")
        before, booking.state = booking.state, to
        for column, value in columns.items():
            setattr(booking, column, value)
        Booking.objects.filter(pk=booking.pk).update(state=to, **columns)
        record_event(booking, kind, by=by, now=now, from_state=before, to_state=to, reason=reason)

    transitions.transition = decide.transition = move


def pause_before_places_are_written() -> None:
    """Everybody has read how many places of a session are free, who is next and what is offered."""
    from bookings.open_sessions.services import places as place_services, sessions as session_services

    write, change = place_services.save_place, place_services.set_place_states
    send_back, give = session_services.return_to_waiting_list, place_services.offer_or_give

    def write_later(*given: Any) -> Any:
        pause("places")
        return write(*given)

    def send_back_later(*given: Any, **more: Any) -> None:
        send_back(*given, **more)
        pause("places")

    def change_later(*given: Any) -> None:
        pause("change")
        change(*given)

    def give_later(*given: Any, **more: Any) -> None:
        pause("offer")
        give(*given, **more)

    place_services.save_place = write_later
    session_services.return_to_waiting_list = send_back_later
    place_services.offer_or_give = give_later
    place_services.set_place_states = change_later


def answer_offers_as_they_were_read(name: str = "take") -> None:
    """Whoever takes an offer (or, under another name, lets it lapse) looks at it, and goes on as if nobody else had."""
    from bookings.booking.services import decide
    from bookings.models import Booking

    def read(booking: Any, **_how: Any) -> Any:
        found = Booking.objects.with_related().get(pk=booking.pk)
        options = list(found.options.select_related("presenter", "busy_time").order_by("pk"))
        pause(name)
        return found, options

    decide.lock_request = read


def pause_before_stock_is_taken() -> None:
    """Everybody has read the stock and written an order, and nobody has committed."""
    from leaflets.orders.services import create

    allocate = create._allocate

    def after_all(*args: Any, **more: Any) -> None:
        pause("stock")
        allocate(*args, **more)

    create._allocate = after_all


def lock_titles_in_an_order_of_their_own() -> None:
    """Of a basket with several titles: the one with the most copies first, and a pause after it."""
    from django.db import connection

    from leaflets.models import Edition
    from leaflets.orders.services import create

    read = create.lock_current_editions

    def lock(basket: Any) -> Any:
        titles = sorted(basket, key=lambda leaflet: -basket[leaflet]) if len(basket) > 1 else []
        for number, leaflet in enumerate(titles):
            key = Edition.objects.current().get(leaflet=leaflet).pk
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM leaflets_edition WHERE id = %s FOR UPDATE", [key])
            if number == 0:
                pause("titles")
        return read(basket)

    create.lock_current_editions = lock


def move_orders_as_they_were_read() -> None:
    from leaflets.models import Order, OrderEvent
    from leaflets.orders.services import change, transitions

    def move(order: Any, to: Any, *, expect: Any, by: Any, now: Any, reason: str = "", changes: Any = None) -> OrderEvent:
        order.refresh_from_db(fields=["state"])
        if order.state not in expect:
            raise transitions.OrderStateHasChanged(order)
        pause("orders")
        kind = transitions.TRANSITION_EVENTS[transitions.OrderState(order.state), to]
        Order.objects.filter(pk=order.pk).update(state=to)
        order.state = to
        return OrderEvent.objects.create(order=order, kind=kind, by=by, at=now, reason=reason, changes=changes)

    def rewrite(order: Any, to: Any, columns: Any, *, changes: Any, by: Any, now: Any) -> None:
        pause("orders")
        Order.objects.filter(pk=order.pk).update(state=to, **columns)
        order.state = to
        OrderEvent.objects.create(order=order, kind="changed", by=by, at=now, changes=changes)

    transitions.transition = move
    change.rewrite_order = rewrite


def tell_of_a_recall_whom_it_found_before_it_locked() -> None:
    from leaflets.recalls import services as recalls_services

    lock, people = recalls_services.lock_recalled_editions, recalls_services.people_to_email
    found: dict[int, Any] = {}

    def look_and_lock(edition: Any, successor: Any) -> Any:
        found[edition.pk] = people(edition, [], "")
        pause("recall")
        return lock(edition, successor)

    recalls_services.lock_recalled_editions = look_and_lock
    recalls_services.people_to_email = lambda edition, outcomes, instead: found.get(edition.pk) or {}


def take_any_page_for_the_newest() -> None:
    """Whatever a check page showed, its button places what the answers say now."""
    from professionals import drafts

    drafts.digest = lambda answers: "0" * 64


def compare_counts_with_the_figure_of_now() -> None:
    """A count says how many there are: whatever the figure says by now is wrong by the difference."""
    from leaflets.stock import admin as stock_admin, stock_takes

    stock_takes.Difference.change = property(lambda self: self.count.counted - self.count.edition.on_hand)
    stock_takes.differences_digest = stock_admin.differences_digest = lambda found: "0" * 32


def pause_before_promises_are_taken() -> None:
    from leaflets.stock import stock_takes

    read = stock_takes.lines_with_promises

    def lines(*args: Any, **how: Any) -> Any:
        found = read(*args, **how)
        if how["lock"]:
            pause("promises")
        return found

    stock_takes.lines_with_promises = lines


def pause_before_parcels_leave() -> None:
    """Everybody has seen the session open and its orders being packed. What was typed is not kept: that would lock its rows."""
    from leaflets.dispatch import services as dispatch_services

    read = dispatch_services.plan_parcels

    def plans_of(*asked: Any) -> Any:
        plans = read(*asked)
        pause("packing")
        return plans

    dispatch_services.plan_parcels = plans_of
    dispatch_services.store_typed = lambda session, typed: None
