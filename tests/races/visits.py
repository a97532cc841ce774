"""What people do on the pages, step by step, up to the button at which they race. Fields are found by name, not by words."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from tests.live.clients import Answer, Client, Form, all_of
from tests.races.stage import SLUG, Scene

BOOK = f"/book/{SLUG}"
STREET, TOWN, LERWICK = "12 Commercial Street", "Lerwick", "ZE1 0AA"
KIRKWALL = "KW15 1AA"  # on another island
SUMBURGH = "ZE3 9JW"  # 50 minutes from Lerwick
BRAE = "ZE2 9QQ"  # 34 minutes by the rule; the stage has 75 as set by staff
DETAILS = {"audience_size": "12", "contact_name": "Inga Tait", "contact_phone": "01595 693 000", "room": "Second floor"}
HELD = (302, f"{BOOK}/check/")
GONE = "That time has just gone"
COPIES = 5
CALLER = {
    "caller-name": "Magnus Flett",
    "caller-email": "",
    "caller-phone": "01856 888 000",
    "caller-profession": "social-worker",
    "caller-organisation_name": "Orkney Social Work",
    "caller-postcode": KIRKWALL,
}


def read_form(client: Client, path: str, *names: str) -> Form:
    return client.get(path).form(*names)


# Booking


def say_where(client: Client, postcode: str, **more: str) -> None:
    """The first page, with the details of the day."""
    where = {"format": "workplace", "address_line_1": STREET, "town": TOWN, "postcode": postcode, **DETAILS, **more}
    assert client.post_form(f"{BOOK}/where/", **where).outcome == (302, f"{BOOK}/when/")


def choose(client: Client, start: str) -> Answer:
    """Press the button with that time chosen, wherever it is still said to be free."""
    return client.send(f"{BOOK}/when/", read_form(client, f"{BOOK}/when/", "csrfmiddlewaretoken"), start=start)


def ready_to_choose(client: Client, postcode: str, start: str) -> Any:
    """The button, with a page behind it that offers that time."""
    say_where(client, postcode)
    form = read_form(client, f"{BOOK}/when/", "start")
    assert start in form.options["start"], form.options
    return partial(client.send, f"{BOOK}/when/", form, start=start)


def to_check_page(client: Client, postcode: str, start: str) -> Form:
    """The form of the check page, its time held."""
    say_where(client, postcode)
    assert choose(client, start).outcome == HELD
    return check_form(client)


def check_form(client: Client) -> Form:
    return read_form(client, f"{BOOK}/check/", "token", "digest")


def press_book(client: Client, form: Form) -> Answer:
    return client.send(f"{BOOK}/check/", form)


def is_gone(answer: Answer) -> bool:
    return answer.status == 200 and GONE in answer.words


def reference_of(answer: Answer) -> str:
    """Of what was placed: /bookings/BK-7Q4M-2F/placed/."""
    assert (answer.status, answer.location.endswith("/placed/")) == (302, True), (answer.outcome, answer.words)
    return answer.location.split("/")[2]


def book(client: Client, postcode: str, start: str) -> str:
    """All the way; the reference."""
    return reference_of(press_book(client, to_check_page(client, postcode, start)))


def ready_to_cancel(client: Client, reference: str) -> Any:
    path = f"/bookings/{reference}/cancel/"
    return partial(client.send, path, read_form(client, path, "reason"))


# Staff


def book_for_caller(staff: Client, scene: Scene, presentation: int, clock: str) -> Any:
    """The button of the staff page, everything typed for somebody new."""
    path = "/staff/bookings/booking/add/"
    form = staff.send(path, read_form(staff, path, "find"), find=STREET, new="1").form("token", "time-day")
    typed = CALLER | {f"details-{name}": value for name, value in DETAILS.items()}
    typed |= {
        "what-presentation": str(presentation),
        "time-start": "other",
        "time-day": scene.day,
        "time-clock": clock,
        "time-presenter": str(scene.presenter),
        "how-channel": "phone",
    }
    typed |= {"where-format": "workplace", "where-address_line_1": STREET, "where-town": TOWN, "where-postcode": scene.postcode}
    return partial(staff.send, path, form, **typed)


def enter_leave(staff: Client, scene: Scene) -> Any:
    """The button of the page for leave, for the whole day."""
    path = "/staff/bookings/leave/add/"
    form = read_form(staff, path, "first_day")
    days = {"first_day": scene.day, "last_day": scene.day, "from_clock": "09:00", "to_clock": "17:00"}
    return partial(staff.send, path, form, presenter=str(scene.presenter), kind="illness", **days)


def staff_action(staff: Client, what: str, key: int, slug: str, **typed: str) -> Any:
    """The button of an action's own page: what is "bookings/booking", slug "confirm"."""
    path = f"/staff/{what}/{key}/do/{slug}/"
    return partial(staff.send, path, read_form(staff, path, *typed), **typed)


# Ordering


def put_in_basket(client: Client, slug: str, copies: int = COPIES) -> None:
    """From the leaflet's own page, to which the answer leads back."""
    page = f"/leaflets/{slug}/"
    assert client.post_form(page, **{f"{slug}-copies": str(copies)}).outcome == (302, page)


def to_order_check(client: Client, basket: dict[str, int]) -> Form:
    """The form of the order's check page."""
    for slug, copies in basket.items():
        put_in_basket(client, slug, copies)
    delivery = {"address_line_1": STREET, "town": TOWN, "postcode": LERWICK}
    assert client.post_form("/order/delivery/", **delivery).outcome == (302, "/order/check/")
    return order_form(client)


def order_form(client: Client) -> Form:
    return read_form(client, "/order/check/", "token", "digest")


def press_order(client: Client, form: Form) -> Answer:
    return client.send("/order/check/", form)


def all_order(crowd: Sequence[Client], slug: str) -> list[Any]:
    """The button of each, everything filled in."""
    forms = all_of(partial(to_order_check, client, {slug: COPIES}) for client in crowd)
    return [partial(press_order, client, form) for client, form in zip(crowd, forms, strict=True)]
