"""The emails about a parcel that never came: that we know, that it is sent again or why not, and to staff that they decide."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ctac.uk import format_day
from leaflets.emails import copies, message, rows_of
from leaflets.models import MissingParcel, MissingState, Order, OrderState
from leaflets.services.posting import contents_of
from notifications.registry import Kind, Message
from professionals.flagged import is_kept_back

if TYPE_CHECKING:
    from notifications.models import Notification

Contents = Iterable[tuple[int, str]]


def facts_of(missing: MissingParcel, contents: Contents) -> list[dict[str, str]]:
    parcel = missing.parcel
    return [
        *({"label": copies(count), "value": title} for count, title in contents),
        {"label": _("Left on"), "value": format_day(parcel.dispatched_at)},
        {"label": _("To"), "value": "\n".join(parcel.order.address)},
        {"label": _("Tracking number"), "value": parcel.tracking_number},
        {"label": _("Reference"), "value": parcel.order.reference},
    ]


def about(sentence: str, template: str, missing: MissingParcel, contents: Contents, **more: object) -> Message:
    return message(sentence, template, missing.parcel.order, **{"facts": facts_of(missing, contents), **more})


def told(missing: MissingParcel, contents: Contents) -> Message:
    return about(_("You told us that your leaflets never came: %(reference)s"), "order_missing", missing, contents)


def sent_again(missing: MissingParcel, again: Order) -> Message:
    """About the new order, which has a reference of its own."""
    first = missing.parcel.order.reference
    sentence = _("We are sending your leaflets again: %(first)s is now %(reference)s").replace("%(first)s", first)
    return message(sentence, "order_resent", again, first=first)


def closed(missing: MissingParcel, contents: Contents, reason: str) -> Message:
    return about(_("About your leaflets that never came (%(reference)s)"), "order_not_resent", missing, contents, reason=reason)


def for_staff(missing: MissingParcel, contents: Contents) -> Message:
    url = f"{settings.SITE_URL}{reverse('staff:leaflets_missingparcel_change', args=[missing.pk])}"
    sentence = _("Please decide: the leaflets of %(reference)s never came")
    return about(sentence, "order_missing_for_staff", missing, contents, url=url)


# What is read for them


def key_of(notification: "Notification") -> int:
    return int(notification.about.removeprefix("missing:"))


def missing_of(notification: "Notification") -> MissingParcel:
    return MissingParcel.objects.select_related("parcel__order").get(pk=key_of(notification))


def with_contents(missing: MissingParcel) -> tuple[MissingParcel, Contents]:
    return missing, rows_of(contents_of([missing.parcel])[0])


def said_again(notification: "Notification") -> Message:
    missing = missing_of(notification)
    return sent_again(missing, Order.objects.with_lines().get(replaces=missing))


def said_closed(notification: "Notification") -> Message:
    missing = missing_of(notification)
    return closed(*with_contents(missing), "" if is_kept_back(f"missing:{missing.pk}") else missing.reason)


def state_is(notification: "Notification", state: MissingState) -> bool:
    return MissingParcel.objects.filter(pk=key_of(notification), state=state).exists()


def still_comes(notification: "Notification") -> bool:
    """The order that sends it again was not cancelled since."""
    return Order.objects.filter(replaces=key_of(notification)).exclude(state=OrderState.CANCELLED).exists()


KINDS = (
    Kind(
        *("order-missing", gettext_lazy("Parcel never came"), lambda n: told(*with_contents(missing_of(n)))),
        lambda n: state_is(n, MissingState.OPEN),
    ),
    Kind("order-resent", gettext_lazy("Lost parcel sent again"), said_again, still_comes),
    Kind(
        *("order-not-resent", gettext_lazy("Lost parcel not sent again"), said_closed),
        lambda n: state_is(n, MissingState.CLOSED),
    ),
    Kind(
        *("staff-order-missing", gettext_lazy("To staff: parcel never came"), lambda n: for_staff(*with_contents(missing_of(n)))),
        lambda n: state_is(n, MissingState.OPEN),
        in_digest=lambda n, digest_at: True,
    ),
)
