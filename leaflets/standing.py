"""How an edition stands, in plain words: whether it is current, and until when somebody has looked that it is right."""

from datetime import date

from django.utils import dateformat
from django.utils.translation import gettext as _

from leaflets.models import Edition


def month(day: date) -> str:
    return dateformat.format(day, "F Y")


def in_short(edition: Edition, today: date) -> str:
    """For a card: 'Reviewed March 2026, still current'."""
    facts = {"month": month(edition.reviewed_on or edition.published_on)}
    if edition.review_is_due(today):
        return _("From %(month)s, being checked again") % facts
    if edition.reviewed_on:
        return _("Reviewed %(month)s, still current") % facts
    return _("Published %(month)s, still current") % facts


def in_full(edition: Edition, today: date) -> str:
    """For the leaflet's own page, after the name of the edition."""
    facts = {
        "published": month(edition.published_on),
        "reviewed": month(edition.reviewed_on) if edition.reviewed_on else "",
        "review": month(edition.review_on),
    }
    if edition.review_is_due(today):
        due = _("Published %(published)s. Its review was due by %(review)s, and we are checking it. You can still use it.")
        return due % facts
    if edition.reviewed_on:
        return _("Published %(published)s. Reviewed %(reviewed)s, still current. To be reviewed again by %(review)s.") % facts
    return _("Published %(published)s, still current. To be reviewed by %(review)s.") % facts
