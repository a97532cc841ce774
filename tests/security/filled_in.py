"""What somebody answers on each page whose form can't be filled in by its boxes' names alone, and what must stand before it.

In FILLED_IN by route, or by route and button. What is not in it is filled in as `posting.form_of` does.
"""

import csv
import io
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from allauth.mfa.totp.internal.auth import SECRET_SESSION_KEY, format_hotp_value, hotp_value
from django.contrib.auth.models import Group
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from bookings.models import Leave, Presenter, State
from bookings.services import open_afterwards
from ctac.uk import uk_day
from leaflets.models import Advice, Edition, Instead, Order, OrderState, SheetImport
from leaflets.services import Wish, dispatch, pass_forward, recall_edition, start_packing
from notifications.models import Notification
from tests.bookings.requested import ask, offer, on
from tests.bookings.rows import make_booking, make_option, make_presenter, make_request
from tests.bookings.sessions.rows import make_place, make_session
from tests.factories import make_organisation, make_person, make_staff
from tests.leaflets.factories import make_edition, make_order
from tests.matrix.people import fresh_browsers
from tests.professionals.factors.proof import PASSWORD_AGAIN, enrol, totp
from tests.professionals.passkeys.device import ADD, Device, add_passkey, options_in, options_to_sign_in
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

    def filled(self, world: World) -> Typed:
        return self.typed(world) if callable(self.typed) else self.typed


def day(ahead: int) -> str:
    """A weekday about so many days from now, as people type it."""
    found = uk_day(timezone.now()) + timedelta(days=ahead)
    found += timedelta(days=-found.weekday() % 7 if found.weekday() > 4 else 0)
    return f"{found.day} {found.month} {found.year}"


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
        return {"bookings_booking": make_booking(fields.pop("presenter"), start, **fields)}

    return make


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


def none_left(world: World) -> Made:
    Edition.objects.filter(pk=world["objects"]["leaflets_edition"].pk).update(on_hand=5)
    return {}


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


def long_on_its_way(world: World) -> Made:
    then = timezone.now() - timedelta(days=20)
    order = make_order(owner(world), then)
    start_packing(order=order, by=None, now=then)
    dispatch(order=order, by=None, now=then)
    return {"leaflets_order": order}


def more_than_one_may(world: World) -> Made:
    now = timezone.now()
    leaflet = make_edition(now, stock=500).leaflet
    return {"leaflets_order": make_order(owner(world), now, {leaflet: 120}, asked_because="We train every school")}


def a_recall(world: World) -> Made:
    made, now = long_on_its_way(world), timezone.now()
    wish = Wish(why="The number is wrong.", advice=Advice.RECYCLE, instead=Instead.CANCEL)
    edition = made["leaflets_order"].lines.get().edition
    return {"leaflets_recall": recall_edition(edition=edition, wish=wish, by=None, now=now)}


def another_workplace(_world: World) -> Made:
    make_person(organisation=make_organisation(name="Another"))
    return {}


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
    return {"bookings_afterwards": open_afterwards(given=booking, now=timezone.now())}


def asked_leave(world: World) -> Made:
    by_hand("own presenter", lambda _world: reverse("presenter_ask_for_leave"), SOME_DAYS)(world)
    return {"bookings_leave": Leave.objects.latest("pk")}


def a_colleague(world: World) -> Made:
    return {"colleague": make_person(organisation=owner(world).organisation)}


def read_by_the_lead(world: World) -> Made:
    address = reverse("staff:professionals_flaggedtext_action", args=[pk_of("professionals_flaggedtext")(world), "read"])
    return by_hand("manager", lambda _world: address, {})(world)


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
    pass_forward(order=made["leaflets_order"], by=None, now=timezone.now(), reason="A court hearing")
    return made


def unsent(world: World) -> Made:
    message = world["objects"]["notifications_notification"]
    Notification.objects.filter(pk=message.pk).update(state="failed")
    return {}


def a_colleague_with_an_app(_world: World) -> Made:
    user = make_staff(role="fulfilment")
    enrol(user)
    return {"professionals_user": user}


LINK = "https://meet.example/x"
NEW_PRESENTER = {
    "user": None,
    "joining_link": LINK,
    "base_postcode": "LS1 4AP",
    "earliest_leaving": "7am",
    "latest_return": "7pm",
    "areas_covered": "LS",
}
SOME_DAYS = {"first_day": day(40), "from_clock": "9am", "last_day": day(41), "to_clock": "5pm"}
FILLED_IN: dict[str, Case] = {
    "account_details": Case({"name": "Robin Hale"}),
    "account_set_password": Case({"password1": PASSWORD, "password2": PASSWORD}),
    "basket": Case(before=in_the_basket),
    "basket_add": Case(lambda world: {f"{world['objects']['leaflets_leaflet'].slug}-copies": "2"}),
    "book_where": Case(pages=5),
    "booking_answer": Case(before=an_offer),
    "booking_details": Case(pages=2),
    "booking_time": Case(pages=2),
    "certificate": Case({"name": "Robin Hale"}),
    "feedback": Case(before=just_given),
    "host_feedback": Case(before=just_given),
    "leaflet_alert": Case(before=none_left),
    "link_time": Case(pages=2),
    "mfa_activate_totp": Case({"code": shown_by_the_app}),
    "mfa_add_webauthn": Case(
        {"name": "Work phone", "credential": lambda client: Device().create(options_in(client.get(ADD).content.decode()))}
    ),
    "mfa_edit_webauthn": Case({"name": "Work phone"}),
    "mfa_generate_recovery_codes": Case(who="manager"),
    "mfa_login_webauthn": Case(
        lambda world: {"credential": lambda client: world["objects"]["device"].get(options_to_sign_in(client))},
        a_passkey,
        who="signed out",
    ),
    "mfa_reauthenticate": Case({"code": lambda _client: totp()}),
    "mfa_reauthenticate_webauthn": Case(
        lambda world: {"credential": lambda client: world["objects"]["device"].get(options_to_prove(client))}, a_passkey
    ),
    "my_calendar": Case(before=by_hand("owner", lambda _world: reverse("my_calendar_stop"), {})),
    "order_delivery": Case(before=in_the_basket, pages=2),
    "order_missing": Case(before=long_on_its_way),
    "session_place": Case(who="stranger"),
    # -- Presenters --
    "presenter_ask_for_leave": Case(SOME_DAYS),
    "presenter_attendance": Case({"total": "36"}, a_booking(hours=-3)),
    "presenter_session_attendance": Case({"total": "36"}, a_session(hours=-3)),
    "presenter_calendar_stop": Case(before=by_hand("own presenter", lambda _world: reverse("presenter_calendar"), {})),
    "presenter_check_in": Case(before=a_booking(hours=0.2)),
    "presenter_check_out": Case(before=a_booking(hours=-0.7)),
    "presenter_days": Case({"first_day": day(60), "last_day": day(61), "hours": "9am to 5pm", **JUST_LOOKING}),
    "presenter_rules": Case({"areas_covered": "LS", **JUST_LOOKING}),
    "presenter_week": Case({"last_day": "", "day_5": "9am to 1pm", "day_6": "", **JUST_LOOKING}),
    # -- Staff: bookings --
    "staff:bookings_booking_add": Case({"caller-organisation_name": "Leeds", **JUST_LOOKING}, pages=2),
    "staff:bookings_booking_stand_ins": Case(
        lambda world: {"booking": pk_of("bookings_booking")(world), "presenter": str(make_presenter().pk)},
        a_booking(presenter=None),
    ),
    "staff:bookings_journeytime_add": Case({"one": "LS", "other": "HU"}),
    "staff:bookings_journeytime_changelist": ticked("bookings_journeytime", "delete_selected"),
    "staff:bookings_leave_add": Case(SOME_DAYS),
    "staff:bookings_leave_changelist": ticked("bookings_leave", "delete_selected"),
    "staff:bookings_opensession_add": Case(
        {"day": day(60), "clock": "10am", "own_joining_link": LINK, "leave_out": None, "step": "plan"},
        pages=2,
        also=frozenset({"reason"}),  # why something that stands in the way does not matter
    ),
    "staff:bookings_presentation_add": Case({"slug": "new-one", "formats": ["online"], "length_minutes": "60"}),
    "staff:bookings_presentation_change": Case({"title": "Another title"}),
    "staff:bookings_presenter_add": Case(NEW_PRESENTER | JUST_LOOKING),
    "staff:bookings_presenter_change": Case({"areas_covered": "LS", **JUST_LOOKING}),
    "staff:bookings_presenter_action calendar": Case(
        before=by_hand("own presenter", lambda _world: reverse("presenter_calendar"), {})
    ),
    "staff:bookings_booking_action agree": Case(before=a_request),
    "staff:bookings_booking_action assign": Case(another_presenter, a_booking(presenter=None)),
    "staff:bookings_booking_action attendance": Case({"total": "36"}, a_booking(hours=-3)),
    "staff:bookings_booking_action checked-in": Case(before=a_booking(hours=0.2)),
    "staff:bookings_booking_action checked-out": Case(before=a_booking(hours=-0.7)),
    "staff:bookings_booking_action confirm": Case(before=a_booking(state=State.REQUESTED)),
    "staff:bookings_booking_action decline": Case(before=a_booking(state=State.REQUESTED)),
    "staff:bookings_booking_action delivered": Case(before=a_booking(hours=-3, postcode="")),
    "staff:bookings_booking_action link": Case({"joining_link": LINK, "link": LINK}, a_booking(postcode="")),
    "staff:bookings_booking_action move": Case({"look": None, "day": "", "clock": ""}),
    "staff:bookings_booking_action offer": Case({"look": None, "day": day(30), "clock": "10am"}, a_request),
    "staff:bookings_booking_action reassign": Case(another_presenter),
    "staff:bookings_booking_action safe": Case(before=a_booking(hours=-3)),
    "staff:bookings_leave_action grant": Case(before=asked_leave),
    "staff:bookings_leave_action refuse": Case(before=asked_leave),
    "staff:bookings_opensession_action assign": Case(another_presenter, a_session(presenter=None)),
    "staff:bookings_opensession_action attendance": Case({"total": "36"}, a_session(hours=-3)),
    "staff:bookings_opensession_action capacity": Case({"capacity": "40"}),
    "staff:bookings_opensession_action delivered": Case(before=a_session(hours=-3)),
    "staff:bookings_opensession_action joining": Case({"own_joining_link": LINK}),
    "staff:bookings_opensession_action move": Case({"day": day(45), "clock": "10am"}, pages=2),
    "staff:bookings_opensession_action reassign": Case(another_presenter),
    # -- Staff: leaflets --
    "staff:leaflets_edition_add": Case(lambda world: {"published_on": day(-1), "review_on": day(400), "pdf": pdf(world)}),
    "staff:leaflets_edition_change": Case({"label": "April 2026"}),
    "staff:leaflets_edition_action recall": Case({"instead": "cancel"}, pages=2),
    "staff:leaflets_edition_action review": Case({"reviewed_on": day(-1), "review_on": day(400)}),
    "staff:leaflets_leaflet_add": Case({"slug": "new-leaflet", "version_of": "", "usual_words": ""}),
    "staff:leaflets_leaflet_action version": Case({"language": ["welsh"]}),
    "staff:leaflets_order_add": Case({"to_postcode": "LS1 4AP", "organisation_name": "Leeds"}),
    "staff:leaflets_order_changelist": ticked("leaflets_order", "start_packing_all"),
    "staff:leaflets_order_export": Case({"form": "csv", "list": ""}),
    "staff:leaflets_order_action approve": Case(before=more_than_one_may),
    "staff:leaflets_order_action decline": Case(before=an_order(OrderState.REQUESTED)),
    "staff:leaflets_order_action dispatch": Case(before=an_order(OrderState.PACKING)),
    "staff:leaflets_order_action forward": Case(before=an_order_that_waits),
    "staff:leaflets_order_action in-line": Case(before=an_order_passed_forward),
    "staff:leaflets_packingsession_action add": Case(lambda world: {"reference": world["objects"]["leaflets_order"].reference}),
    "staff:leaflets_packingsession_action take-out": Case({"which": "1"}),
    "staff:leaflets_recall_action reached": Case(
        lambda world: {"person": str(world["objects"]["leaflets_recall"].holders.earliest("pk").pk)}, a_recall
    ),
    "staff:leaflets_sheetimport_add": Case(stock_list),
    "staff:leaflets_sheetimport_change": Case(before=an_uploaded_list),
    "staff:leaflets_stocktake_action confirm": Case(before=by_hand("manager", to_count, {})),
    # -- Staff: people and mail --
    "staff:notifications_notification_changelist": ticked("notifications_notification", "send_ticked", before=unsent),
    "staff:notifications_notification_action send-again": Case(before=unsent),
    "staff:notifications_send_failed": Case(before=unsent),
    "staff:notifications_teammail_change": Case({"rhythm": ["daily"]}),
    "staff:professionals_flaggedtext_action clear": Case(before=read_by_the_lead),
    "staff:professionals_flaggedtext_action no-child": Case(before=read_by_the_lead),
    "staff:professionals_organisation_change": Case({"name": "Another name"}),
    "staff:professionals_organisation_action merge": Case({"name": "Another"}, another_workplace),
    "staff:professionals_person_action hand-over": Case(
        lambda world: {"colleague": world["objects"]["colleague"].email}, a_colleague
    ),
    "staff:professionals_person_change": Case({"name": "Robin Hale"}),
    "staff:professionals_recogniseddomain_add": Case({"domain": "new.example.nhs.uk"}),
    "staff:professionals_recogniseddomain_change": Case({"domain": "new.ac.uk"}),
    "staff:professionals_recogniseddomain_changelist": ticked("professionals_recogniseddomain", "delete_selected"),
    "staff:professionals_stopped_changelist": ticked("professionals_stopped", "seen_all"),
    "staff:professionals_user_change": Case(
        lambda _world: {"is_staff": ["on"], "groups": [str(Group.objects.get(name="Coordinator").pk)]}
    ),
    "staff:professionals_user_action recover": Case({"number": "0113 243 2799"}),
    "staff:professionals_user_action reset-second-factor": Case(before=a_colleague_with_an_app),
}
# Of these nothing is stored, and why. What is sent beside must not change that.
WHY_NOTHING = {
    "leads on, for in this state there is nothing to do here": """
        account_change_password account_complete_password_reset account_confirm_login_code account_email_verification_sent
        account_reauthenticate account_sent_late mfa_authenticate book_check book_dates book_when
        booking_details_check booking_time_check link_time_check place_link order_check session_again staff:login
        staff:password_change staff:password_change_done
    """,
    "shows, and asks nothing": """
        staff:bookings_booking_change staff:bookings_leave_change staff:bookings_opensession_change
        staff:leaflets_missingparcel_change staff:leaflets_order_change staff:leaflets_recall_change
        staff:leaflets_stocktake_change staff:notifications_markedaddress_change staff:professionals_flaggedtext_change
        staff:professionals_stopped_change
    """,
    "is of the session alone": """
        account_logout account_passkey_options account_session_end account_sessions_end_others staff:logout
    """,
    "answers with a file": "certificate presenter_slide staff:leaflets_packingsession_print",
    "asks for a password that nobody has": "account_login_password",
    "says that staff need a second factor": "mfa_deactivate_totp",
    "comes after two other pages, and book_where goes through all": "book_details",
}
NOTHING_TO_STORE = {asked for names in WHY_NOTHING.values() for asked in names.split()}
