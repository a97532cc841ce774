"""The last email: that somebody is erased. Its row forgets the address once it has gone."""

from datetime import datetime, timedelta

from django.db import transaction

from notifications.services.writing import seal_and_send
from professionals.account_mail import account_mail, kind_of
from professionals.models import Person, Reason, User
from professionals.privacy import erase_person

ERASED = "account/email/account_erased"
TRIED_FOR = timedelta(days=3)


@transaction.atomic
def erase_and_tell(person: Person, *, by: User, now: datetime, reason: Reason = Reason.ASKED) -> None:
    """Raises as privacy.erase_person does; then nothing is erased and nobody is told."""
    if address := erase_person(person, by=by, now=now, reason=reason):
        mail = account_mail(ERASED, address, {"themselves": reason == Reason.OWN})
        seal_and_send(kind=kind_of(ERASED), to=address, mail=mail, now=now, expires_at=now + TRIED_FOR)
