"""Who is signed in, read with the person behind the sign-in: one statement a request instead of two."""

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend as AllauthBackend

from ctac.compiled import Compiled
from professionals.models import User

user_with_person = Compiled(lambda pk: User.objects.select_related("person__organisation").filter(pk=pk))


class AuthenticationBackend(AllauthBackend):
    def get_user(self, user_id: Any) -> User | None:
        user = user_with_person.first(pk=user_id)
        return user if user is not None and self.user_can_authenticate(user) else None
