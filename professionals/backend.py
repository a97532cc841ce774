"""Who is signed in, read with the person behind the sign-in: one statement a request instead of two."""

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend as AllauthBackend
from allauth.mfa.models import Authenticator
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Lower

from notifications.models import MarkedAddress
from professionals.models import User


def second_factors() -> QuerySet[Authenticator]:
    """Those that are asked for at sign-in: a passkey is one to staff only (ADR 67)."""
    found: QuerySet[Authenticator] = Authenticator.objects.exclude(type=Authenticator.Type.WEBAUTHN, user__is_staff=False)
    return found


# Whether mail to them comes back is read along, so that every page can ask whether their address is right (ADR 60).
mail_comes_back = Exists(MarkedAddress.objects.marked().filter(address=Lower(OuterRef("email"))))
# And whether they have a second factor, which the pages that ask again need to know (ADR 65).
has_second_factor = Exists(second_factors().filter(user=OuterRef("pk")))


class AuthenticationBackend(AllauthBackend):
    def get_user(self, user_id: Any) -> User | None:
        users = User.objects.select_related("person__organisation")
        user = users.annotate(mail_comes_back=mail_comes_back, has_second_factor=has_second_factor).filter(pk=user_id).first()
        return user if user is not None and self.user_can_authenticate(user) else None
