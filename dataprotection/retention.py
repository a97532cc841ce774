"""The rule for complaints; and that whoever complained is still with us."""

from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy

from dataprotection.models import Complaint
from dataprotection.privacy import forget, with_mail_to_send
from professionals.retention import Rule


def complaints_over(before: datetime) -> QuerySet[Complaint]:
    """By the moment they were closed; of whoever was erased meanwhile at once, once our answer has gone."""
    over = Q(closed_at__lt=before) | Q(goes_when_closed=True, closed_at__isnull=False)
    with_words = Complaint.objects.closed().filter(over, anonymised_at=None)
    return with_words.exclude(pk__in=with_mail_to_send()).order_by("closed_at", "pk")


def complained(since: datetime) -> Exists:
    return Exists(Complaint.objects.filter(person=OuterRef("pk"), created_at__gte=since))


RULES = (
    Rule(
        name="complaints",
        what=gettext_lazy("Complaints about how we use data"),
        since=gettext_lazy("the complaint was closed"),
        goes=gettext_lazy("Name, contact details and all words go. What was done with it, and on which day, stays."),
        keeps="complaints",
        due=complaints_over,
        take_out=forget,
    ),
)
