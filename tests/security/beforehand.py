"""What must stand before a form is sent: a request that waits, a recall, a passkey. Each gives the objects that it made."""

import csv
import io
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from allauth.mfa.totp.internal.auth import SECRET_SESSION_KEY, format_hotp_value, hotp_value
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from bookings.booking.services.transitions import cancel_booking
from bookings.feedback.services import get_or_create_follow_up
from bookings.models import Booking, ConfidenceFollowUp, Feedback, Leave, Presenter
from bookings.open_sessions.services.sessions import cancel_session
from bookings.visits.services import check_in, check_out
from core.dates import uk_day
from leaflets.models import Advice, Edition, Order, OrderState, RecallReplacement, SheetImport
from leaflets.orders.services.transitions import cancel_order, dispatch_order, prioritise_order, start_packing
from leaflets.recalls.services import RecallRequest, recall_edition
from notifications.delivery.mail_test import send_mail_test
from notifications.models import MarkedAddress, Notification
from office.closures.models import Banner, Closure
from office.texts.services import approve_text
from privacy.models import ContactMethod
from privacy.services import acknowledge_complaint
from professionals.imports.services import run_import
from professionals.merges.services import merge_organisations, merge_people
from professionals.models import Import, ImportState
from reach.models import Report, ReportState
from tests.accounts.factors.proof import PASSWORD_AGAIN, enrol
from tests.accounts.passkeys.device import Device, add_passkey, options_in
from tests.bookings.open_sessions.rows import make_place, make_session
from tests.bookings.requested import ask, offer, on
from tests.bookings.rows import make_booking, make_option, make_presenter, make_request, make_shift
from tests.bookings.seats.scene import make_seat
from tests.factories import make_organisation, make_person, make_staff
from tests.guidance.approvals import approve, guidance_page
from tests.leaflets.factories import make_edition, make_order
from tests.matrix.asking import address
from tests.matrix.people import fresh_browsers
from tests.privacy.rows import make_breach, make_complaint
from tests.professionals.importing import CONTACTS, make_import
from tests.reach.rows import make_report
from tests.security.posting import Typed, press

World = dict[str, Any]
Made = dict[str, Any]
PASSWORD = "two-kettles-one-plug"
JUST_LOOKING = {"show": None, "look": None, "_show": None, "switch": None}  # buttons beside the one that stores


def nothing(_world: World) -> Made:
    return {}


@dataclass(frozen=True)
class Case:
    """What is typed, of which a part may be drawn from the world; and over how many pages it goes.

    `before` makes what must stand, and gives objects that are asked for instead of those of the world, by the same names.
    """

    typed: Typed | Callable[[World], Typed] = field(default_factory=dict)
    before: Callable[[World], Made] = nothing
    who: str = ""
    pages: int = 1
    also: frozenset[str] = frozenset()  # what the form asks too, in other circumstances
    query: Callable[[World], str] | str = ""  # without which the page has no form

    def address(self, asked: str, world: World) -> str:
        query = self.query(world) if callable(self.query) else self.query
        return address(asked, world) + (query and f"?{query}")

    def filled(self, world: World) -> Typed:
        return self.typed(world) if callable(self.typed) else self.typed


def day(ahead: int) -> Callable[[Any], str]:
    """A weekday about so many days from when it is typed, as people type it."""

    def typed(_browser: Any) -> str:
        found = uk_day(timezone.now()) + timedelta(days=ahead)
        found += timedelta(days=-found.weekday() % 7 if found.weekday() > 4 else 0)
        return f"{found.day} {found.month} {found.year}"

    return typed


SOME_DAYS = {"first_day": day(54), "from_clock": "9am", "last_day": day(55), "to_clock": "5pm"}


def owner(world: World) -> Any:
    return world["owner"]


def by_hand(name: str, address: Callable[[World], str], typed: Typed) -> Callable[[World], Made]:
    """Somebody presses another button first."""

    def pressed(world: World) -> Made:
        press(fresh_browsers(world["laid_out"])[name], address(world), {}, typed)
        return {}

    return pressed


# -- Bookings in other states ---------------------------------------------------------------------------------------------


def giver(world: World) -> Presenter:
    return Presenter.objects.get(pk=world["objects"]["bookings_presenter"].pk)


def a_booking(**more: Any) -> Callable[[World], Made]:
    """`hours` from now, with the own presenter unless another is given."""

    def make(world: World) -> Made:
        fields = {"person": owner(world), "presenter": giver(world), **more}
        start = timezone.now() + timedelta(hours=fields.pop("hours", 24 * 9))
        start = start.replace(hour=12, minute=0) if fields.pop("at_noon", False) else start
        return {"bookings_booking": make_booking(fields.pop("presenter"), start, **fields)}

    return make


def a_cancelled_booking(world: World) -> Made:
    made = a_booking(postcode="")(world)
    cancel_booking(booking=made["bookings_booking"], by=None, now=timezone.now())
    return made


def an_arrival(world: World) -> Made:
    """Who gives it has just checked in."""
    made = a_booking(hours=0.2)(world)
    check_in(made["bookings_booking"], presenter=giver(world), by=giver(world).user, now=timezone.now())
    return made


def a_departure(world: World) -> Made:
    made = an_arrival(world)
    check_out(made["bookings_booking"], presenter=giver(world), by=giver(world).user, now=timezone.now())
    return made


def two_on_duty(first_day: str, last_day: str) -> Callable[[World], Typed]:
    def typed(world: World) -> Typed:
        users = world["laid_out"]["users"]
        people = {"duty_person": str(users["coordinator"].pk), "deputy": str(users["manager"].pk)}
        phones = dict.fromkeys(("duty_phone", "deputy_phone"), "0113 496 0009")
        return {"first_day": first_day, "last_day": last_day, **people, **phones}

    return typed


def another_shift(_world: World) -> Made:
    """On days without visits."""
    return {"bookings_dutyshift": make_shift(date(2099, 1, 1))}


def a_closure_now(_world: World) -> Made:
    today = uk_day(timezone.now())
    days = {"first_day": today, "last_day": today + timedelta(days=1)}
    return {"office_closure": Closure.objects.create(**days, parcels=True, reason="Moving", reason_cy="Symud")}


def a_banner_now(_world: World) -> Made:
    now = timezone.now()
    times = {"starts_at": now - timedelta(hours=1), "ends_at": now + timedelta(hours=1)}
    return {"office_banner": Banner.objects.create(**times, text="We have moved.", text_cy="Rydym wedi symud.")}


def shown_on(days_ahead: int) -> dict[str, Any]:
    clocks = {"first_clock": "9am", "last_clock": "10am"}
    return {"first_day": day(days_ahead), "last_day": day(days_ahead), "link": "https://www.ctac.example/", **clocks}


def a_live_wording(world: World) -> Made:
    approve_text(world["objects"]["office_textversion"], by=world["users"]["manager"], now=timezone.now())
    return {}


def a_request(world: World) -> Made:
    booking = make_request(person=owner(world))
    make_option(booking, None, timezone.now() + timedelta(days=30))
    return {"bookings_booking": booking}


def an_offer(world: World) -> Made:
    start = timezone.now().replace(hour=10, minute=0, second=0, microsecond=0) + timedelta(days=28 - timezone.now().weekday())
    booking = ask(owner(world), on(start), now=timezone.now())
    offer(booking, start + timedelta(days=1), now=timezone.now(), presenter=make_presenter(), override_reason="Agreed")
    return {"bookings_booking": booking}


def a_session(**more: Any) -> Callable[[World], Made]:
    def make(world: World) -> Made:
        fields = {"presenter": giver(world), "hours": 24 * 50, **more}
        start = timezone.now() + timedelta(hours=fields.pop("hours"))
        session = make_session(fields.pop("presenter"), start, **fields)
        return {"bookings_opensession": session, "bookings_sessionplace": make_place(session, person=owner(world))}

    return make


def a_cancelled_session(world: World) -> Made:
    made = a_session()(world)
    cancel_session(made["bookings_opensession"], by=None, now=timezone.now(), reason="Snow")
    return made


def another_presenter(world: World) -> Typed:
    return {"presenter": str(make_presenter().pk), "override_reason": "Agreed on the phone", "reason": "Agreed on the phone"}


# -- Leaflets in other states ----------------------------------------------------------------------------------------------


def in_the_basket(world: World) -> Made:
    leaflet = world["objects"]["leaflets_leaflet"]
    add = reverse("basket_add", args=[leaflet.slug])
    fresh_browsers(world["laid_out"])["owner"].post(add, {f"{leaflet.slug}-copies": "2"})
    return {}


def an_order(state: str) -> Callable[[World], Made]:
    def make(world: World) -> Made:
        order = world["objects"]["leaflets_order"]
        if state == OrderState.PACKING:
            start_packing(order=order, by=None, now=timezone.now())
        else:
            Order.objects.filter(pk=order.pk).update(state=state)
        return {}

    return make


def a_cancelled_order(world: World) -> Made:
    cancel_order(world["objects"]["leaflets_order"], by=None, now=timezone.now())
    return {}


def none_left(world: World) -> Made:
    edition = world["objects"]["leaflets_edition"]
    Edition.objects.filter(pk=edition.pk).update(on_hand=5)
    return {"leaflets_edition": edition}


def pdf(world: World) -> SimpleUploadedFile:
    with world["objects"]["leaflets_edition"].pdf.open("rb") as file:
        return SimpleUploadedFile("new.pdf", file.read(), "application/pdf")


def stock_list(world: World) -> Typed:
    """Its first edition as it goes out, with seven copies that came in."""
    manager, ask = fresh_browsers(world["laid_out"])["manager"], {"kind": "stock", "form": "csv"}
    content = b"".join(manager.get(reverse("staff:leaflets_sheetimport_list"), ask).streaming_content).decode("utf-8-sig")
    headings, *rows = csv.reader(io.StringIO(content, newline=""))
    place, changed = headings.index("Copies that came in"), io.StringIO()
    csv.writer(changed).writerows([headings, [*rows[0][:place], "7", *rows[0][place + 1 :]]])
    return {"kind": ["stock"], "file": SimpleUploadedFile("stock.csv", changed.getvalue().encode(), "text/csv")}


def an_uploaded_list(world: World) -> Made:
    by_hand("manager", lambda _world: reverse("staff:leaflets_sheetimport_add"), stock_list(world))(world)
    return {"leaflets_sheetimport": SheetImport.objects.latest("pk")}


def contacts_list(_world: World) -> Typed:
    return {"kind": ["contacts"], "file": SimpleUploadedFile("contacts.csv", CONTACTS, "text/csv")}


def a_past_import(_world: World) -> Made:
    return {"professionals_import": make_import(run=True)}


def an_import_with_a_duplicate(_world: World) -> Made:
    make_person(email="asha.patel@leeds.example", with_user=False)
    return {"professionals_import": make_import()}


def an_import_that_stopped(world: World) -> Made:
    """By a fault, before its first row."""
    import_job = make_import()
    run_import(import_job, by=world["users"]["manager"], now=timezone.now())
    Import.objects.filter(pk=import_job.pk).update(state=ImportState.FAILED)
    return {"professionals_import": import_job}


def a_report_that_stopped(_world: World) -> Made:
    report = make_report()
    Report.objects.filter(pk=report.pk).update(state=ReportState.FAILED)
    return {"reach_report": report}


def long_on_its_way(world: World) -> Made:
    then = timezone.now() - timedelta(days=20)
    order = make_order(owner(world), then)
    start_packing(order=order, by=None, now=then)
    dispatch_order(order=order, by=None, now=then)
    return {"leaflets_order": order}


def more_than_one_may(world: World) -> Made:
    now = timezone.now()
    leaflet = make_edition(now, stock=500).leaflet
    return {"leaflets_order": make_order(owner(world), now, {leaflet: 120}, over_limit_reason="We train every school")}


def a_recall(world: World) -> Made:
    made, now = long_on_its_way(world), timezone.now()
    recall_request = RecallRequest(why="The number is wrong.", advice=Advice.RECYCLE, instead=RecallReplacement.CANCEL)
    edition = made["leaflets_order"].lines.get().edition
    return {"leaflets_recall": recall_edition(edition=edition, request=recall_request, by=None, now=now)}


def shown_by_the_app(client: Client) -> str:
    secret = client.session[SECRET_SESSION_KEY]
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30)))


def ticked(model: str, action: str, before: Callable[[World], Made] = nothing) -> Case:
    """The list, one of its rows ticked, and an action of all that are; then the page that asks whether one is sure."""
    return Case(lambda world: {"action": [action], "_selected_action": [str(world["objects"][model].pk)]}, before, pages=2)


def pk_of(model: str) -> Callable[[World], str]:
    return lambda world: str(world["objects"][model].pk)


def to_count(world: World) -> str:
    return reverse("staff:leaflets_stocktake_action", args=[pk_of("leaflets_stocktake")(world), "count"])


def just_given(world: World) -> Made:
    booking = a_booking(hours=-3)(world)["bookings_booking"]
    return {"bookings_followup": get_or_create_follow_up(given=booking, now=timezone.now())}


def answered(world: World) -> Made:
    """With an answer that may be quoted."""
    made = just_given(world)
    marks = dict.fromkeys(("useful", "clear", "ready"), 4)
    row = {"token": "answered", "received_on": timezone.now().date(), "comment": "Clear", "quotable": True, **marks}
    Feedback.objects.create(follow_up=made["bookings_followup"], **row)
    return made


def asked_again(world: World) -> Made:
    made = just_given(world)
    now = timezone.now()
    return made | {"later": ConfidenceFollowUp.objects.create(follow_up=made["bookings_followup"], due_at=now, told_at=now)}


def asked_how_it_was(make: Callable[[World], Made]) -> Callable[[World], Made]:
    """With a short link to what that makes."""

    def made(world: World) -> Made:
        objects = make(world)
        get_or_create_follow_up(given=next(iter(objects.values())), now=timezone.now())
        return objects

    return made


def asked_leave(world: World) -> Made:
    by_hand("own presenter", lambda _world: reverse("presenter_ask_for_leave"), SOME_DAYS)(world)
    return {"bookings_leave": Leave.objects.latest("pk")}


def a_colleague(world: World) -> Made:
    return {"colleague": make_person(organisation=owner(world).organisation)}


def an_approved_page(_world: World) -> Made:
    approve(guidance_page())
    return {"guidance_guidancepage": guidance_page()}


def read_by_the_lead(world: World) -> Made:
    address = reverse("staff:professionals_flaggedtext_action", args=[pk_of("professionals_flaggedtext")(world), "read"])
    return by_hand("lead", lambda _world: address, {})(world)


def a_passkey(world: World) -> Made:
    """Of the owner's, on a device that we hold."""
    device, browser = Device(), fresh_browsers(world["laid_out"])["owner"]
    return {"device": add_passkey(browser, device)}


def options_to_prove(client: Client) -> Any:
    return options_in(client.get(PASSWORD_AGAIN, follow=True).content.decode())


def an_order_that_waits(world: World) -> Made:
    edition, now = make_edition(timezone.now(), stock=0), timezone.now()
    order = make_order(owner(world), now, {edition.leaflet: 5}, will_wait_for=[edition.leaflet])
    return {"leaflets_order": order}


def an_order_passed_forward(world: World) -> Made:
    made = an_order_that_waits(world)
    prioritise_order(order=made["leaflets_order"], by=None, now=timezone.now(), reason="A court hearing")
    return made


def an_acknowledged_complaint(_world: World) -> Made:
    complaint, now = make_complaint(), timezone.now()
    acknowledge_complaint(complaint=complaint, told=ContactMethod.EMAIL, on=None, words="", by=make_staff(), now=now)
    return {"privacy_complaint": complaint}


def a_guest_asks(world: World) -> Made:
    """Their booking offers two seats, and somebody has asked for one."""
    booking = world["objects"]["bookings_booking"]
    until = uk_day(timezone.now()) + timedelta(days=2)
    Booking.objects.filter(pk=booking.pk).update(seats_offered=2, seats_professions=["midwife"], seats_until=until)
    make_seat(booking)
    return {}


def an_old_breach(_world: World) -> Made:
    return {"privacy_breach": make_breach(aware_at=timezone.now() - timedelta(days=9))}


def an_address_that_works(_world: World) -> Made:
    MarkedAddress.objects.all().delete()
    return {}


def mail_tested(_world: World) -> Made:
    """All staff have just been sent a test email."""
    for user in User.objects.filter(is_staff=True):
        send_mail_test(by=user, now=timezone.now())
    return {}


def unsent(world: World) -> Made:
    message = world["objects"]["notifications_notification"]
    Notification.objects.filter(pk=message.pk).update(state="failed")
    return {}


def twice_in_the_list(_world: World) -> Made:
    """A person, an organisation, and another of each."""
    return {
        "professionals_person": make_person(with_user=False),
        "other_person": make_person(with_user=False),
        "professionals_organisation": make_organisation(),
        "other_organisation": make_organisation(),
    }


def two_merged(world: World) -> Made:
    """Of people and of organisations."""
    made, when = twice_in_the_list(world), {"by": world["users"]["manager"], "now": timezone.now()}
    merge_people(made["professionals_person"], other=made["other_person"], kept_values={}, **when)
    merge_organisations(keep=made["professionals_organisation"], others=[made["other_organisation"]], **when)
    return made


def a_merge_that_waits(world: World) -> Made:
    return {"professionals_person": world["objects"]["merge"].person}


def a_colleague_with_an_app(_world: World) -> Made:
    user = make_staff(role="fulfilment")
    enrol(user)
    return {"accounts_user": user}
