"""Staff transfer the bookings that a person has still to come to a colleague (ADR 13)."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from bookings.booking.services.notify import Recipients, notify, presenter_email_kind, presenter_recipients
from bookings.models import Booking, EventKind
from bookings.models.booking import record_event
from bookings.schedule.locks import lock_bookings
from ctac.errors import DomainError
from leaflets.orders.services.create import transfer_order
from professionals.models import Person
from professionals.safeguarding.services import notify_safeguarding_lead


class NothingToTransferError(DomainError):
    message = _("There is no booking to come.")


@transaction.atomic
def transfer_bookings(
    person: Person, *, to: Person, by: User | None, reason: str, now: datetime, flagged: bool = False
) -> list[Booking]:
    """All of `person`'s bookings and requests to come are `to`'s, with the leaflets that are brought to them.

    Times, presenters and states stay. Both are told of each, with their calendars: CANCEL to the one, REQUEST to the other.
    `flagged`: the reason looks like a child's details and its writer kept it; it stands with each of them.
    All or nothing. Raises NothingToTransferError.
    """
    people = {
        row.pk: row for row in Person.objects.select_for_update(no_key=True).filter(pk__in=[person.pk, to.pk]).order_by("pk")
    }
    before, after = people[person.pk], people[to.pk]
    if before == after:
        raise DomainError(_("That is the same person. Enter the colleague’s address."))
    if before.organisation_id is None or before.organisation_id != after.organisation_id:
        raise DomainError(_("That person is of another organisation. If that is wrong, put it right on their page first."))
    if not after.email:
        raise DomainError(_("That person has no email address, so we could not tell them. Add it on their page first."))
    bookings = list(lock_bookings(Booking.objects.upcoming(now).filter(person=before)).with_leaflets())
    if not bookings:
        raise NothingToTransferError
    for booking in bookings:
        # The number of its calendar entry goes up, so that the one who had it strikes it out, and gets it again if it comes back.
        booking.person, booking.sequence = after, booking.next_sequence
        booking.save(update_fields=["person", "sequence"])
        brought = getattr(booking, "brought", None)
        if brought is not None and brought.order is not None:
            transfer_order(order=brought.order, person=after, by=by, now=now)
        changes: dict[str, object] = {"person": [before.pk, after.pk], "sequence": booking.sequence}
        record_event(booking, EventKind.HANDED_OVER, by=by, now=now, reason=reason, changes=changes)
        # The presenter anew: what was on its way to them has an older number.
        recipients: Recipients = {
            "booking-given-away": [before.email],
            "booking-taken-over": [after.email],
            presenter_email_kind(booking): presenter_recipients(booking),
        }
        notify(recipients, booking, now)
        if flagged:
            notify_safeguarding_lead(
                about=f"booking:{booking.pk}:handed-over:{booking.sequence}", reference=booking.reference, now=now
            )
    return bookings
