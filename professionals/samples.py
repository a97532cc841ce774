"""People to try a new copy with. Never in production: the passwords of the staff accounts stand here."""

import hashlib
from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.models import Group
from django.db import transaction

from accounts import encryption
from accounts.models import BlockReason, LimitedActivity, ThrottleScope, User
from accounts.roles import LEAD_ROLE, ROLES, Role
from notifications.models import BounceType, MarkedAddress, ReportSource, ReturnedMail
from professionals.models import BlockedAttempt, Person, Profession
from professionals.services import get_or_create_organisation, record_blocked_attempt

STAFF_EMAIL = "staff@ctac.test"
# coordinator@ctac.test and so on, one for each role, with the same password and authenticator app.
STAFF_EMAIL_DOMAIN = "ctac.test"
STAFF_NAMES = {
    "coordinator": "Robin Clarke",
    "presenter": "Tom Adeyemi",
    "fulfilment": "Sam Okafor",
    "manager": "Helen Byrne",
    "safeguarding-lead": "Grace Amadi",
    "read-only": "Priya Nair",
}
DEPUTY_LEAD_EMAIL = f"deputy-lead@{STAFF_EMAIL_DOMAIN}"
STAFF_PASSWORD = "three-presenters-one-kettle"  # noqa: S105 - for trying out
STAFF_TOTP_SECRET = "CTACTRYITOUTATHOMEONLY234567ABCD"  # noqa: S105 - for trying out

PEOPLE = (
    (
        "Nadia Rahman",
        "nadia.rahman@leeds.nhs.uk",
        Profession.HEALTH_VISITOR,
        "Leeds Community Health",
        "0113 496 0001",
        "LS1 4AP",
    ),
    (
        "Owen Hughes",
        "owen.hughes@cardiff.gov.uk",
        Profession.SOCIAL_WORKER,
        "Cardiff Children’s Services",
        "029 2018 0002",
        "CF10 4UW",
    ),
)
# Mail to this address came back. With a password, because signing in by a code would show that the address is right.
RETURNED_EMAIL = "rhys.evans@swansea.gov.uk"
RETURNED_PASSWORD = "two-letters-one-stamp"  # noqa: S105 - for trying out
RETURNED_PERSON = ("Rhys Evans", RETURNED_EMAIL, Profession.SCHOOL_NURSE, "Swansea Schools Health", "01792 496 003", "SA1 3SN")
RETURNED_MAIL_TEXT = "550 5.1.1 <rhys.evans@swansea.gov.uk>: Recipient address rejected: User unknown"
MORE_ORGANISATIONS = ("Glasgow Royal Infirmary", "Belfast Health and Social Care", "Northumbria Police")


class NotInProductionError(RuntimeError):
    """Sample logins must not exist where anybody can reach them."""


@transaction.atomic
def load_people(now: datetime) -> None:
    """Adds what is missing, changes nothing that is there. Raises NotInProductionError in production."""
    if settings.PRODUCTION:
        raise NotInProductionError("Sample people are for trying out, never for production.")
    for organisation in MORE_ORGANISATIONS:
        get_or_create_organisation(organisation)
    for person in PEOPLE:
        _load_professional(*person)
    # One colleague who may do everything, one for each role, and the deputy of the safeguarding lead.
    _load_colleague(STAFF_EMAIL, "Asha Patel", is_superuser=True)
    for role in ROLES:
        _load_colleague(role_email(role), STAFF_NAMES[role.slug]).groups.add(Group.objects.get(name=role.name))
    _load_colleague(DEPUTY_LEAD_EMAIL, "Martin Shaw").groups.add(Group.objects.get(name=LEAD_ROLE.name))
    if not BlockedAttempt.objects.exists():
        busy = Person.objects.get(email=PEOPLE[0][1])
        record_blocked_attempt(
            where=LimitedActivity.ORDER, why=BlockReason.THROTTLE, by=ThrottleScope.ACCOUNT, key="sample", person=busy, now=now
        )
        for _try in range(3):
            record_blocked_attempt(where=LimitedActivity.SIGN_IN, why=BlockReason.HIDDEN_BOX, now=now)
    # Somebody whom the site asks whether their address is right, and whom staff find in the list of people to ring. The message
    # is gone.
    if MarkedAddress.objects.exists():
        return
    _load_professional(*RETURNED_PERSON, password=RETURNED_PASSWORD)
    came = {"address": RETURNED_EMAIL, "sort": BounceType.HARD, "said": RETURNED_MAIL_TEXT}
    key = hashlib.sha256(RETURNED_EMAIL.encode()).hexdigest()
    ReturnedMail.objects.get_or_create(
        key=key, defaults={**came, "source": ReportSource.MAILBOX, "went_at": now - timedelta(minutes=5), "received_at": now}
    )
    MarkedAddress.objects.create(**came, marked_at=now, last_at=now)


def _load_professional(
    name: str, email: str, profession: str, organisation: str, phone: str, postcode: str, password: str | None = None
) -> None:
    defaults = {
        "user": _verified_user(email, password),
        "name": name,
        "profession": profession,
        "organisation": get_or_create_organisation(organisation),
        "phone": phone,
        "postcode": postcode,
    }
    Person.objects.get_or_create(email=email, defaults=defaults)


def role_email(role: Role) -> str:
    return f"{role.slug}@{STAFF_EMAIL_DOMAIN}"


def _load_colleague(email: str, name: str, **fields: bool) -> User:
    user = _verified_user(email, password=STAFF_PASSWORD, is_staff=True, name=name, **fields)
    data = {"secret": encryption.encrypt(STAFF_TOTP_SECRET)}
    Authenticator.objects.get_or_create(user=user, type=Authenticator.Type.TOTP, defaults={"data": data})
    return user


def _verified_user(email: str, password: str | None = None, **fields: bool | str) -> User:
    user = User.objects.filter(email=email).first() or User.objects.create_user(email, password, **fields)
    EmailAddress.objects.get_or_create(user=user, email=email, defaults={"verified": True, "primary": True})
    return user
