"""Orders with their lines, history and parcels; parcels that never came; addresses that people keep."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Exists, F, OuterRef, Prefetch, Q, TextField, Value
from django.db.models.functions import MD5, Concat, Lower
from django.urls import reverse
from django.utils.translation import gettext_lazy as _, ngettext

from core.dates import format_datetime
from core.models import (
    Event,
    RecordedBy,
    ReferencedModel,
    StateModel,
    free_text,
    impersonal,
    personal,
    trigram_index,
    user_foreign_key,
)
from leaflets.models.catalogue import Edition
from notifications.models import Notification
from office.site_settings.queries import overdue_request_cutoff
from professionals.models import Organisation, Person, Reached


class OrderState(models.TextChoices):
    """Requested: over a limit, so staff decide. Waiting: agreed, but no copy is in stock yet (ADR 17)."""

    REQUESTED = "requested", _("Requested")
    RECEIVED = "received", _("Received")
    WAITING = "waiting", _("Waiting for stock")
    PACKING = "packing", _("Packing")
    DISPATCHED = "dispatched", _("Dispatched")
    CANCELLED = "cancelled", _("Cancelled")
    DECLINED = "declined", _("Declined")


ORDER_TRANSITIONS: Mapping[OrderState, frozenset[OrderState]] = {
    OrderState.REQUESTED: frozenset({OrderState.RECEIVED, OrderState.WAITING, OrderState.DECLINED, OrderState.CANCELLED}),
    OrderState.RECEIVED: frozenset({OrderState.PACKING, OrderState.WAITING, OrderState.CANCELLED}),
    OrderState.WAITING: frozenset({OrderState.RECEIVED, OrderState.CANCELLED}),
    OrderState.PACKING: frozenset(
        {OrderState.DISPATCHED, OrderState.WAITING, OrderState.RECEIVED, OrderState.CANCELLED}  # Received: put back (ADR 19)
    ),
    OrderState.DISPATCHED: frozenset(),
    OrderState.CANCELLED: frozenset(),
    OrderState.DECLINED: frozenset(),
}
OPEN_ORDER_STATES = tuple(state for state, to in ORDER_TRANSITIONS.items() if to)
# What staff may take back, with a reason, if the copies are still there.
RESTORE_TRANSITIONS: Mapping[OrderState, frozenset[OrderState]] = {
    OrderState.CANCELLED: frozenset({OrderState.REQUESTED, OrderState.RECEIVED, OrderState.WAITING}),
}
# Orders in these states get missing copies when their turn comes; a request only once staff agree.
QUEUED_STATES = (OrderState.RECEIVED, OrderState.WAITING, OrderState.PACKING)
OWNER_CANCELLABLE_STATES = frozenset({OrderState.REQUESTED, OrderState.RECEIVED, OrderState.WAITING})
ORDER_COLOURS = {
    **dict.fromkeys(("requested", "received", "waiting", "packing"), "waiting"),
    "dispatched": "done",
    **dict.fromkeys(("cancelled", "declined"), "stopped"),
}
MAX_REASON_LENGTH = 500  # characters


class OpenQuerySet(models.QuerySet[Any]):
    """For models whose state is "open" until somebody ends them."""

    def open(self) -> Self:
        return self.filter(state="open")


class OrderChannel(models.TextChoices):
    WEB = "web", _("Website")
    PHONE = "phone", _("Phone")
    EMAIL = "email", _("Email")
    LIST = "list", _("Imported from a list")


@dataclass(frozen=True)
class Delivery:
    """The address of a parcel, as it is copied onto the order.

    `postcode` is in canonical form (core.forms.normalise_postcode).
    """

    name: str
    address_line_1: str
    town: str
    postcode: str
    attention: str = ""
    organisation_name: str = ""
    address_line_2: str = ""


# In the order of a label.
LABEL_FIELDS = ("name", "attention", "organisation_name", "address_line_1", "address_line_2", "town", "postcode")


class DeliveryAddress(models.Model):
    name = personal(models.CharField(_("name"), max_length=150))
    attention = free_text(models.CharField(_("for the attention of"), max_length=150, blank=True))
    organisation_name = personal(models.CharField(_("organisation"), max_length=200, blank=True))
    address_line_1 = personal(models.CharField(_("address line 1"), max_length=150))
    address_line_2 = personal(models.CharField(_("address line 2"), max_length=150, blank=True))
    town = personal(models.CharField(_("town or city"), max_length=100))
    postcode = personal(models.CharField(_("postcode"), max_length=9))

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return ", ".join(self.label_lines)

    @property
    def delivery(self) -> Delivery:
        return Delivery(**{name: getattr(self, name) for name in LABEL_FIELDS})

    @property
    def label_lines(self) -> list[str]:
        """The lines of a label, without the empty ones."""
        return [line for name in LABEL_FIELDS if (line := getattr(self, name))]


@dataclass(frozen=True)
class CopiesToBring:
    """Copies of one title that somebody would like brought to a visit. Has the title too, in case the leaflet is gone later."""

    slug: str
    title: str
    copies: int


class OrderQuerySet(models.QuerySet["Order"]):
    def open(self) -> Self:
        return self.filter(state__in=OPEN_ORDER_STATES)

    def closed(self) -> Self:
        return self.exclude(state__in=OPEN_ORDER_STATES)

    def with_lines(self) -> Self:
        """With their lines: one more statement, however many orders."""
        return self.prefetch_related(Prefetch("lines", queryset=OrderLine.objects.in_catalogue_order()))

    def decision_overdue(self, now: datetime) -> Self:
        """Orders that have waited too long for our decision."""
        return self.filter(state=OrderState.REQUESTED, created_at__lt=overdue_request_cutoff(now))

    def prioritised(self) -> Self:
        """Orders that were passed forward and still wait for copies."""
        waits = OrderLine.objects.filter(order=OuterRef("pk"), backordered__gt=0)
        return self.filter(Exists(waits), prioritised_at__isnull=False, state__in=QUEUED_STATES)

    def for_my_page(self, person: Person) -> Self:
        """The person's orders, newest first, with their lines: two statements, however many."""
        return self.filter(person=person).with_lines().order_by("-created_at", "-pk")


class Order(ReferencedModel, StateModel, DeliveryAddress, Reached):
    """Leaflets for one person, posted to an address or brought by the presenter of a booking.

    An order that is brought has no address. Its postcode is the visit's, and counts only towards the workplace's limit.
    """

    REFERENCE_PREFIX = "LO"
    transitions = ORDER_TRANSITIONS
    status_colours = ORDER_COLOURS

    person = models.ForeignKey(Person, verbose_name=_("person"), on_delete=models.PROTECT, related_name="orders")
    personal(person)
    state = models.CharField(_("state"), max_length=10, choices=OrderState, default=OrderState.RECEIVED)
    channel = models.CharField(_("channel"), max_length=5, choices=OrderChannel, default=OrderChannel.WEB)
    organisation = models.ForeignKey(
        Organisation,
        verbose_name=_("where they work"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="leaflet_orders",
        help_text=_("When they ordered: with the postcode it is the workplace whose limit counts."),
    )
    personal(organisation)
    over_limit_reason = free_text(
        models.CharField(_("why they need more than the limit"), max_length=MAX_REASON_LENGTH, blank=True)
    )
    visit_reference = impersonal(
        models.CharField(
            _("brought with booking"), max_length=10, blank=True, default="", db_default="", help_text=_("Its reference.")
        )
    )
    contact_phone = personal(
        models.CharField(
            _("phone for this order"),
            max_length=30,
            blank=True,
            default="",
            db_default="",
            help_text=_("If it is not the person’s own."),
        )
    )
    submission_token = impersonal(
        models.CharField(_("one-time token of the form"), max_length=43, unique=True, null=True, blank=True, editable=False)
    )
    submission_digest = impersonal(models.CharField(_("digest of the answers"), max_length=64, blank=True, editable=False))
    # This order replaces a parcel that never came, and counts towards no limit (ADR 17).
    replaces = models.OneToOneField(
        "leaflets.MissingParcel",
        verbose_name=_("replaces"),
        null=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="replacement",
    )
    # It gets copies that come in before orders that were not passed forward (ADR 17).
    prioritised_at = models.DateTimeField(_("passed forward"), null=True, editable=False)
    created_at = models.DateTimeField(_("day it was placed"))
    imported_at = models.DateTimeField(_("imported from a list"), null=True, blank=True, editable=False)
    anonymised_at = models.DateTimeField(_("details taken out"), null=True, blank=True, editable=False)
    searched = personal(models.TextField(_("words that staff search"), editable=False, default=""))  # a database trigger fills it

    sample_lines: list["OrderLine"]  # of an order that is only shown in a sample of an email

    objects = OrderQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        permissions = [
            ("decide_order", _("Can decide orders of more than the limit")),
            ("export_orders", _("Can export orders with names and addresses")),
        ]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="order_newest"),
            models.Index(fields=["created_at", "-id"], name="order_open_oldest", condition=Q(state__in=OPEN_ORDER_STATES)),
            models.Index(fields=["person", "-created_at", "-id"], name="order_of_a_person"),
            models.Index(fields=["organisation", "postcode", "created_at"], name="order_of_a_workplace"),
            models.Index(fields=["organisation", "-created_at", "-id"], name="order_of_an_organisation"),
            models.Index(
                fields=["person", "-created_at", "-id"], name="order_open_of_a_person", condition=Q(state__in=OPEN_ORDER_STATES)
            ),
            # For the staff list: closed orders, then each filter, then the search by words.
            models.Index(fields=["-created_at", "-id"], name="order_closed", condition=~Q(state__in=OPEN_ORDER_STATES)),
            models.Index(
                fields=["created_at"],
                name="order_kept",
                condition=~Q(state__in=OPEN_ORDER_STATES) & Q(anonymised_at__isnull=True),
            ),
            models.Index(fields=["state", "-created_at", "-id"], name="order_by_state"),
            models.Index(fields=["channel", "-created_at", "-id"], name="order_by_channel"),
            models.Index(fields=["postcode", "-created_at", "-id"], name="order_by_postcode"),
            models.Index(
                fields=["created_at", "-id"],
                name="order_passed_forward",
                condition=Q(prioritised_at__isnull=False, state__in=("received", "waiting", "packing")),
            ),
            # The orders to pack next, in the order of packing (leaflets/dispatch/queries.py).
            models.Index(
                fields=["prioritised_at", "created_at", "id"],
                include=["postcode"],
                name="order_to_pack",
                condition=Q(state="received", visit_reference=""),
            ),
            models.Index(fields=["reached_authority"], name="order_reached"),
            trigram_index("order_searched"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(visit_reference="") | Q(address_line_1="", address_line_2="", town="", attention=""),
                name="order_is_sent_or_brought",
            ),
            models.CheckConstraint(
                condition=Q(channel="list", imported_at__isnull=False) | (~Q(channel="list") & Q(imported_at__isnull=True)),
                name="order_imported_says_when",
            ),
        ]

    def get_absolute_url(self) -> str:
        return reverse("order", args=[self.reference])

    @property
    def state_text(self) -> str:
        """The state's label, except that an order that is brought is "Given to the presenter", not dispatched."""
        given = self.visit_reference and self.state == OrderState.DISPATCHED
        return str(_("Given to the presenter")) if given else self.get_state_display()

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_ORDER_STATES

    @property
    def owner_may_cancel(self) -> bool:
        return self.state in OWNER_CANCELLABLE_STATES

    @property
    def may_be_changed(self) -> bool:
        """Whether its owner and staff may change it: until packing starts. An order that is brought is kept or left out whole."""
        return self.state in OWNER_CANCELLABLE_STATES and not self.visit_reference

    @property
    def all_lines(self) -> Iterable["OrderLine"]:
        return getattr(self, "sample_lines", None) or self.lines.all()

    @property
    def is_waiting_for_copies(self) -> bool:
        """Whether it gets copies as soon as it is its turn. Reads the lines."""
        return self.state in QUEUED_STATES and any(line.backordered for line in self.all_lines)

    @property
    def is_prioritised(self) -> bool:
        """Whether it waits for copies and comes before others. Reads the lines, if it was passed forward."""
        return self.prioritised_at is not None and self.is_waiting_for_copies

    @property
    def is_sent_in_part(self) -> bool:
        """Whether a parcel of it has left. Reads the lines."""
        return any(line.dispatched for line in self.all_lines)

    @property
    def part_sent_text(self) -> str:
        """How much of it has left, until all has: 'Part sent: 80 of 120'. Reads the lines."""
        sent = sum(line.dispatched for line in self.all_lines)
        if not sent or self.state == OrderState.DISPATCHED:
            return ""
        return str(_("Part sent: %(sent)s of %(all)s")) % {"sent": f"{sent:,}", "all": f"{self.total_copies:,}"}

    @property
    def total_copies(self) -> int:
        return sum(line.copies for line in self.all_lines)

    @property
    def summary(self) -> str:
        """Its copies and title, or how many titles. Reads the lines."""
        lines, copies = [line for line in self.all_lines if line.copies], self.total_copies
        if len(lines) == 1:
            title = lines[0].edition.leaflet.title
            return ngettext("%(copies)d copy of “%(title)s”", "%(copies)d copies of “%(title)s”", copies) % {
                "copies": copies,
                "title": title,
            }
        return str(_("%(copies)d copies of %(titles)d leaflets")) % {"copies": copies, "titles": len(lines)}

    @property
    def address(self) -> list[str]:
        """The lines of the label; for an order that is brought, that it is, and with which booking."""
        if self.visit_reference:
            return [str(_("Brought by the presenter")), str(_("Booking %(reference)s") % {"reference": self.visit_reference})]
        return self.label_lines


class OrderLineQuerySet(models.QuerySet["OrderLine"]):
    def in_catalogue_order(self) -> Self:
        """In the order of the catalogue, each with its edition and leaflet; without titles that were taken out of the order."""
        return self.filter(copies__gt=0).select_related("edition__leaflet").order_by("edition__leaflet__position", "pk")


class OrderLine(models.Model):
    """Copies of one edition. Each copy is exactly one of backordered, allocated, dispatched or cancelled.

    `backordered` copies are promised to nobody yet: staff have not decided, or they are not in stock. A title that was taken out
    of the order has no copies any more; its line stays, since the stock ledger names it (ADR 17).
    """

    order = models.ForeignKey(Order, verbose_name=_("order"), on_delete=models.PROTECT, related_name="lines")
    edition = models.ForeignKey(Edition, verbose_name=_("edition"), on_delete=models.PROTECT, related_name="order_lines")
    copies = models.PositiveIntegerField(_("copies"))
    backordered = models.PositiveIntegerField(_("backordered"), default=0)
    allocated = models.PositiveIntegerField(_("allocated"), default=0)
    dispatched = models.PositiveIntegerField(_("dispatched"), default=0)
    cancelled = models.PositiveIntegerField(_("cancelled"), default=0)

    objects = OrderLineQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        verbose_name = _("order line")
        verbose_name_plural = _("order lines")
        indexes = [
            models.Index(fields=["edition"], name="order_line_backordered", condition=Q(backordered__gt=0)),
            # Orders with promised copies now are few beside all orders that ever had some.
            models.Index(
                fields=["order"], include=["edition", "allocated"], name="order_line_allocated", condition=Q(allocated__gt=0)
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["order", "edition"], name="order_line_one_an_edition"),
            models.CheckConstraint(
                condition=Q(
                    copies=F("backordered") + F("allocated") + F("dispatched") + F("cancelled"),
                    backordered__gte=0,
                    allocated__gte=0,
                    dispatched__gte=0,
                    cancelled__gte=0,
                ),
                name="order_line_every_copy_accounted_for",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.copies} × {self.edition}"

    @property
    def parts(self) -> list[str]:
        """What the owner reads under the copies if not all have the same fate: '80 sent', '40 to come'."""
        parts = (
            (self.dispatched, _("%(n)d sent")),
            (self.backordered, _("%(n)d to come")),
            (self.cancelled, _("%(n)d not sent")),
        )
        return [text % {"n": copies} for copies, text in parts if copies not in (0, self.copies)]


class Dispatch(RecordedBy):
    """A parcel that left. An order has several if some of its copies had to wait for stock."""

    order = models.ForeignKey(Order, verbose_name=_("order"), on_delete=models.PROTECT, related_name="dispatches")
    dispatched_at = models.DateTimeField(_("dispatched"))
    tracking_number = personal(models.CharField(_("tracking number"), max_length=60, blank=True))
    # The email about this parcel and all others for the same person that day (ADR 4); None if they have no address.
    notification = models.ForeignKey(
        *(Notification, models.SET_NULL), verbose_name=_("told in"), null=True, editable=False, related_name="parcels"
    )

    class Meta:
        ordering = ["dispatched_at", "pk"]
        verbose_name = _("dispatch")
        verbose_name_plural = _("dispatches")

    def __str__(self) -> str:
        return self.tracking_number or f"{self.order_id}"


SENT_INSTEAD_TEXT = _("%(copies)d of “%(title)s” instead of “%(recalled)s”")
TO_COME_INSTEAD_TEXT = _("%(copies)d of “%(title)s” instead of “%(recalled)s”, as soon as there are enough")
WAITS_FOR_PRINT_TEXT = _("%(copies)d of “%(recalled)s” wait for its next print")
NOT_SENT_TEXT = _("%(copies)d of “%(recalled)s” are not sent")


class OrderEventKind(models.TextChoices):
    PLACED = "placed", _("Order received")
    REQUESTED = "requested", _("Asked for more than the limit")
    OVER_LIMIT = "over-limit", _("Limit set aside by staff")
    APPROVED = "approved", _("Agreed to")
    DECLINED = "declined", _("Declined")
    STOCKED = "stocked", _("Copies came in for it")
    CHANGED = "changed", _("Changed")
    PACKING = "packing", _("Packing started")
    PUT_BACK = "put-back", _("To be packed later")
    PART_SENT = "part-sent", _("Part of it dispatched")
    DISPATCHED = "dispatched", _("Dispatched")
    MISSING = "missing", _("Told us that a parcel never came")
    RESENT = "resent", _("Sent again in a new order")
    NOT_RESENT = "not-resent", _("Looked into and not sent again")
    REPLACES = "replaces", _("Placed to replace a lost parcel")
    TAKEN_BACK = "taken-back", _("Fewer copies in stock than we thought, so some will come later")
    PRIORITISED = "prioritised", _("Passed forward")
    IN_LINE = "in-line", _("Back in its own place")
    RECALLED = "recalled", _("A leaflet in it was recalled")
    CANCELLED = "cancelled", _("Cancelled")
    RESTORED = "restored", _("Cancellation taken back")


# Events that only staff see.
STAFF_ONLY_EVENTS = (OrderEventKind.OVER_LIMIT, OrderEventKind.PRIORITISED, OrderEventKind.IN_LINE)


class OrderEvent(Event):
    """What happened to an order. Erasing a person may blank the reason and who did it."""

    order = models.ForeignKey(Order, verbose_name=_("order"), on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(_("what"), max_length=12, choices=OrderEventKind)
    reason = free_text(models.CharField(_("why"), max_length=300, blank=True))
    # For a change: {"titles": [[title, copies before, copies now], …], "address": whether it changed}. Never the old address.
    # For a cancellation: {"gave_back": {key of a line: [copies promised, copies waited for]}, "from": state}.
    # For a recall: {"recall": {"recalled": edition, "title": sent instead, "moved", "to_come", "cancelled": copies}}.
    changes = impersonal(models.JSONField(_("what changed"), null=True, blank=True))

    class Meta(Event.Meta):
        verbose_name = _("order event")
        verbose_name_plural = _("order events")

    def __str__(self) -> str:
        return self.get_kind_display()

    @property
    def change_lines(self) -> list[str]:
        """For a change: each title with its copies, and whether the address is another. For a recall: what is sent instead."""
        changes, copies = self.changes or {}, _("“%(title)s”: %(now)s instead of %(before)s")
        lines = [
            copies % {"title": title, "now": now or _("none"), "before": before}
            for title, before, now in changes.get("titles", ())
        ]
        if facts := changes.get("recall"):
            to_come = TO_COME_INSTEAD_TEXT if facts["title"] else WAITS_FOR_PRINT_TEXT
            parts = ((facts["moved"], SENT_INSTEAD_TEXT), (facts["to_come"], to_come), (facts["cancelled"], NOT_SENT_TEXT))
            lines += [str(text % {**facts, "copies": count}) for count, text in parts if count]
        return [*lines, str(_("Another delivery address"))] if changes.get("address") else lines

    @property
    def when(self) -> str:
        """'Tuesday 9 March 2027, 1:30pm' in UK time."""
        return format_datetime(self.at)


class MissingState(models.TextChoices):
    OPEN = "open", _("Open")
    RESENT = "resent", _("Sent again")
    CLOSED = "closed", _("Closed")


class MissingParcel(models.Model):
    """The report that a parcel never came: one a parcel.

    Staff send its leaflets again, as an order that `replaces` this, or close it with a reason that the person reads.
    """

    parcel = models.OneToOneField(Dispatch, verbose_name=_("parcel"), on_delete=models.PROTECT, related_name="missing")
    state = models.CharField(_("state"), max_length=6, choices=MissingState, default=MissingState.OPEN)
    note = free_text(models.CharField(_("what they wrote"), max_length=MAX_REASON_LENGTH, blank=True))
    reported_at = models.DateTimeField(_("told us"))
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    decided_by = user_foreign_key(_("by"), blank=True)
    reason = free_text(models.CharField(_("why it is closed"), max_length=300, blank=True))

    objects: ClassVar = OpenQuerySet.as_manager()

    class Meta:
        ordering = ["reported_at", "pk"]
        verbose_name = _("parcel that never came")
        verbose_name_plural = _("parcels that never came")
        indexes = [
            models.Index(fields=["reported_at", "id"], name="missing_oldest"),
            models.Index(fields=["state", "reported_at", "id"], name="missing_by_state"),
        ]
        constraints = [
            models.CheckConstraint(
                name="missing_decided_says_when",
                condition=Q(state="open", decided_at__isnull=True, reason="") | ~Q(state="open") & Q(decided_at__isnull=False),
            ),
            models.CheckConstraint(
                name="missing_decided_after_it_was_told",
                condition=Q(decided_at__isnull=True) | Q(decided_at__gte=F("reported_at")),
            ),
        ]

    def __str__(self) -> str:
        return self.parcel.order.reference


MAX_KEPT_ADDRESSES = 20  # addresses of one person
_LABEL_TEXT = Lower(Concat(*(part for name in LABEL_FIELDS for part in (F(name), Value("\n"))), output_field=TextField()))


class KeptAddressQuerySet(models.QuerySet["KeptAddress"]):
    def for_person(self, person: Person | int) -> Self:
        """The person's addresses, the last kept first."""
        return self.filter(person=person).order_by("-pk")


class KeptAddress(DeliveryAddress):
    """One entry of a person's address book. An order has its own copy, so a change here changes no order."""

    person = models.ForeignKey(Person, verbose_name=_("person"), on_delete=models.CASCADE, related_name="kept_addresses")
    personal(person)

    PERSONAL_FIELDS = ("id",)

    objects = KeptAddressQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("kept address")
        verbose_name_plural = _("kept addresses")
        constraints = [
            # Ignores case. Uses a digest, since an index row has no room for all that may be typed.
            models.UniqueConstraint(F("person"), MD5(_LABEL_TEXT), name="kept_address_once_a_person"),
        ]


def is_same_address(one: Delivery, other: Delivery) -> bool:
    """Whether both are the same label, ignoring case."""
    return all(getattr(one, name).casefold() == getattr(other, name).casefold() for name in LABEL_FIELDS)
