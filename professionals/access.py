"""The person behind the sign-in: read with the user, set on each request, required by pages."""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any, Concatenate
from urllib.parse import urlsplit

from allauth.account.auth_backends import AuthenticationBackend as AllauthBackend
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Lower
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import Resolver404, resolve
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from accounts.access import P, ViewFunction, return_path, signed_in_user, url_with_next
from accounts.models import User
from accounts.roles import LEAD_ROLE, STAND_IN_FOR_LEAD_PERMISSION
from accounts.services import AccountGoneError
from core.middleware import chosen_language
from core.pages import add_correction_messages
from notifications.models import ChoiceSource, MarkedAddress
from notifications.preferences import record_choices
from notifications.registry import Topic
from professionals import drafts
from professionals.forms import NewPersonForm
from professionals.models import Person
from professionals.services import save_details, save_language


def person_required(view: ViewFunction[P]) -> ViewFunction[P]:
    """Send people who are signed out to sign-in, and users without a Person to the details page. Both come back here after."""

    @wraps(view)
    def wrapper(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not request.user.is_authenticated:
            return redirect(url_with_next("account_login", return_path(request)))
        if not request.person:  # type: ignore[attr-defined]
            return redirect(url_with_next("account_details", return_path(request)))
        return view(request, *args, **kwargs)

    return wrapper


def with_details_form(view: Callable[Concatenate[HttpRequest, NewPersonForm | None, P], HttpResponse]) -> ViewFunction[P]:
    """Like person_required, but ask somebody new on this very page.

    The view gets the form to show within its own; if it gets None, there is a Person. What is typed there is saved before the
    view runs, or shown again with its errors.
    """

    @wraps(view)
    def wrapper(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if request.person:  # type: ignore[attr-defined]
            return view(request, None, *args, **kwargs)
        if not EmailAddress.objects.filter(user=request.user.pk, verified=True).exists():
            return person_required(view)(request, None, *args, **kwargs)
        now = timezone.now()
        form = NewPersonForm(
            request.POST if request.method == "POST" and "extend" not in request.POST else None,
            initial={**drafts.typed_details(request, now), **request.POST.dict()},
        )
        if form.is_valid():
            request.person = save_new_person(request, form, now)  # type: ignore[attr-defined]
            return view(request, None, *args, **kwargs)
        return view(request, form, *args, **kwargs)

    wrapper.asks_details = True  # type: ignore[attr-defined]
    return wrapper


def has_details_form(path: str) -> bool:
    try:
        return hasattr(resolve(urlsplit(path).path).func, "asks_details")
    except Resolver404:
        return False


def save_new_person(request: HttpRequest, form: NewPersonForm, now: datetime) -> Person:
    """Store the details of a new user, and give them what they typed before they signed in. Raises AccountGoneError."""
    user = signed_in_user(request)
    person = save_details(user=user, now=now, **form.details())
    sync_language(request, person)
    drafts.claim_drafts(request, person, now)
    if form.cleaned_data["invite"]:
        record_choices(address=user.email, chosen={Topic.INVITATIONS: True}, where=ChoiceSource.SIGN_UP, now=now)
    add_correction_messages(request, form)
    return person


def sync_language(request: HttpRequest, person: Person) -> None:
    """Agree on a language at sign-in.

    One that they chose before counts in this browser too; otherwise this browser's choice counts.
    """
    here = chosen_language(request)
    if person.language and person.language != here:
        request.language_cookie = person.language  # type: ignore[attr-defined]
    elif here and not person.language:
        save_language(person=person, language=here)


def signed_in_person_or_none(request: HttpRequest) -> Person | None:
    """The person of the request, as set by PersonMiddleware, or None."""
    person: Person | None = request.person or None  # type: ignore[attr-defined]
    return person


def signed_in_person(request: HttpRequest) -> Person:
    """The person, in a view that requires one."""
    person: Person = request.person  # type: ignore[attr-defined]
    return person


class PersonMiddleware:
    """Sets request.person, which is read only when a view asks and is falsy when signed out; also sets the drafts' cookie."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # The backend below reads it with the user, so this needs no statement.
        request.person = SimpleLazyObject(lambda: getattr(request.user, "person", None))  # type: ignore[attr-defined]
        # For the sign-in pages: whether what people typed is stored.
        request.has_draft = SimpleLazyObject(lambda: drafts.has_drafts(request, timezone.now()))  # type: ignore[attr-defined]
        response = self.get_response(request)
        secret = getattr(request, "draft_cookie", None)
        if secret:
            response.set_cookie(
                settings.DRAFT_COOKIE_NAME,
                secret,
                max_age=drafts.DRAFT_RETENTION_PERIOD,
                httponly=True,
                samesite="Lax",
                secure=settings.SESSION_COOKIE_SECURE,
            )
        elif secret == "":
            response.delete_cookie(settings.DRAFT_COOKIE_NAME, samesite="Lax")
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Sign somebody out whose account was deleted while they were doing something."""
        if not isinstance(exception, AccountGoneError):
            return None
        if request.user.pk is not None and User.objects.filter(pk=request.user.pk).exists():
            return None  # a colleague, who acted on somebody else's account
        request.session.flush()
        request.user, request.person = AnonymousUser(), None  # type: ignore[attr-defined]
        messages.warning(request, str(exception.message))
        return redirect("account_login")


# Other permissions of the role a manager has anyway.
LEAD_PERMISSIONS = {"professionals.view_flaggedtext", "professionals.change_flaggedtext"}


def second_factors() -> QuerySet[Authenticator]:
    """The factors asked for at sign-in. A passkey is one only for staff (ADR 7)."""
    factors: QuerySet[Authenticator] = Authenticator.objects.exclude(type=Authenticator.Type.WEBAUTHN, user__is_staff=False)
    return factors


# Whether mail to them comes back is read too, so that every page can ask whether their address is right (ADR 3).
mail_comes_back = Exists(MarkedAddress.objects.marked().filter(address=Lower(OuterRef("email"))))
# So is whether they have a second factor, for the pages that ask again (ADR 9).
has_second_factor = Exists(second_factors().filter(user=OuterRef("pk")))


# And whether anybody holds the role of safeguarding lead, for what a manager reads meanwhile (ADR 8).
LEADS = User.objects.filter(groups__name=LEAD_ROLE.name, is_active=True, is_staff=True)
SIGNED_IN = User.objects.select_related("person__organisation").annotate(
    has_lead=Exists(LEADS), mail_comes_back=mail_comes_back, has_second_factor=has_second_factor
)  # built once, not for each request


class AuthenticationBackend(AllauthBackend):
    """Reads the user with the person: one statement a request instead of two. Managers stand in for a missing lead."""

    def get_user(self, user_id: Any) -> User | None:
        user = SIGNED_IN.filter(pk=user_id).first()
        return user if user is not None and self.user_can_authenticate(user) else None

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        """Also what the safeguarding lead reads, for a manager while nobody holds that role."""
        if super().has_perm(user_obj, perm, obj):
            return True
        if perm not in LEAD_PERMISSIONS or not super().has_perm(user_obj, STAND_IN_FOR_LEAD_PERMISSION, obj):
            return False
        return not (user_obj.has_lead if hasattr(user_obj, "has_lead") else LEADS.exists())
