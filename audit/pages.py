"""Every page of the staff site, and each refusal outside it, leaves a row that says who asked for what (ADR 21)."""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from functools import wraps
from typing import Any

from django.contrib.admin import ModelAdmin
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.utils.translation import gettext as _

from audit.models import Act, Entry
from audit.services import KEY, NOBODY_IN_PARTICULAR, About, acting, record
from ctac.staff.audit import Audit, audit_note

# What has happened, in words for a page: the history of one object, and who the keys are.

MOST = 50


def changes_of(row: Any) -> list[dict[str, object]]:
    """Who changed this row, the latest first, as far as a page reads. Two statements."""
    found = list(Entry.objects.about(row._meta.label_lower, row.pk).changes().newest_first()[:MOST])
    names = names_of(entry.actor for entry in found)
    return [{"at": entry.at, "who": names[entry.actor], "what": did(entry)} for entry in found]


def did(entry: Entry) -> str:
    what = in_words(entry.what)
    return f"{entry.get_act_display()}: {what}" if what else str(entry.get_act_display())


def in_words(what: str) -> str:
    """'confirm-now' and 'is_active' as somebody reads them."""
    return what.replace("_", " ").replace("-", " ")


def names_of(keys: Iterable[int | None]) -> dict[int | None, str]:
    """The address of each account that there still is. One statement."""
    asked = {key for key in keys if key is not None}
    users = get_user_model()._default_manager.filter(pk__in=asked).values_list("pk", "email") if asked else ()
    gone: dict[int | None, str] = {key: _("Account %(key)s") % {"key": key} for key in asked}
    return {None: _("Nobody signed in"), **gone, **dict(users)}


# Every page of the staff site writes down who asked for what: ctac/staff/site.py puts each of its views through `each` (ADR 21).
#
# What was asked for by GET is written when the page is there, what was sent by POST in the same transaction as what it
# changed, and a refusal once that is rolled back. Where it can't be written, the page fails and nothing was changed.

LOOKING = {"GET", "HEAD", "OPTIONS", "TRACE"}
FILES = ("application/pdf", "application/vnd.", "application/zip", "text/csv", "text/calendar")
STATUS = {Http404: "404", PermissionDenied: "403", SuspiciousOperation: "400"}
OWN_ACCOUNT = "/account/"  # where somebody is sent who is asked again who they are
TO_PUBLIC_PAGE = "view_on_site"


def each(view: Any) -> Any:
    @wraps(view)
    def audited(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        token = acting.set(request.user.pk)
        try:
            if ticked(request):
                write_as(Act.SENT, request, view, kwargs)
            with together(request):
                response = view(request, *args, **kwargs)
                write(request, view, response, kwargs)
            return response
        except tuple(STATUS) as refusal:
            what = next(status for kind, status in STATUS.items() if isinstance(refusal, kind))
            write_as(Act.REFUSED, request, view, kwargs, what)
            raise
        finally:
            acting.reset(token)

    return audited


def together(request: HttpRequest) -> AbstractContextManager[Any]:
    """What is changed and that it was: both, or neither. Whoever only looks opens no transaction.

    Nor does what is done with ticked rows: each is a transaction of its own there, or one would hold locks while it waits for
    those of the next. So that it was sent is written before, and what came of it after.
    """
    return nullcontext() if request.method in LOOKING or ticked(request) else transaction.atomic()


def write(request: HttpRequest, view: Any, response: HttpResponseBase, kwargs: dict[str, Any]) -> None:
    act = act_of(request, response)
    if act is None or (act is Act.SENT and ticked(request)):
        return
    write_as(act, request, view, kwargs, str(response.status_code) if act is Act.REFUSED else "")


def write_as(act: Act, request: HttpRequest, view: Any, kwargs: dict[str, Any], what: str = "") -> None:
    request.__dict__["_written"] = True
    what = what or audit_note(request).what or words_of(request, view, kwargs)
    record(act, by=request.user.pk, about=about(request, view, kwargs), page=page_of(request), whats=[what])


def act_of(request: HttpRequest, response: HttpResponseBase) -> Act | None:
    """By what the page itself says, else by its answer. None where somebody who only looks is sent elsewhere."""
    status = response.status_code
    if status >= 400:
        return Act.REFUSED
    if response.has_header("Content-Disposition") or response.headers.get("Content-Type", "").startswith(FILES):
        return Act.EXPORTED
    if audit_note(request).act:
        return Act(audit_note(request).act)
    if request.method in LOOKING:
        return Act.VIEWED if status < 300 or page_of(request) == TO_PUBLIC_PAGE else None
    asked_again = response.headers.get("Location", "").startswith(OWN_ACCOUNT)
    return Act.CHANGED if 300 <= status < 400 and not asked_again else Act.SENT


def page_of(request: HttpRequest) -> str:
    """The route's name, if it has one: the address may hold anything."""
    match = request.resolver_match
    return (match.view_name or "").removeprefix("staff:") if match is not None and match.url_name else ""


def words_of(request: HttpRequest, view: Any, kwargs: dict[str, Any]) -> str:
    """The button that was pressed. Both are known words by now: any other is a 404, or does nothing."""
    known = [each if isinstance(each, str) else each.__name__ for each in getattr(admin_of(view), "actions", None) or ()]
    known.append("delete_selected")
    chosen = request.POST.get("action", "") if ticked(request) else ""
    with_all = f"{chosen}, all of the list" if request.POST.get("select_across") == "1" else chosen
    return str(kwargs.get("slug") or (with_all if chosen in known else ""))


def about(request: HttpRequest, view: Any, kwargs: dict[str, Any]) -> About:
    note, model_admin = audit_note(request), admin_of(view)
    kind = note.kind or (model_admin.opts.label_lower if model_admin else kind_by_content_type(kwargs))
    keys = [*note.keys, *ticked(request)]
    keys += [str(kwargs[name]) for name in ("object_id", "reference") if name in kwargs and str(kwargs[name]) not in keys]
    if note.kind and not keys:
        keys = [str(value) for value in kwargs.values()]
    return About(kind, tuple(keys))


def admin_of(view: Any) -> Any:
    """The model admin whose page this is, if it is one's."""
    owner = getattr(view, "__self__", None) or next(iter(getattr(view, "args", ())), None)
    return owner if isinstance(owner, ModelAdmin) else None


def ticked(request: HttpRequest) -> list[str]:
    """The rows of a list that something was done with."""
    return request.POST.getlist("_selected_action") if page_of(request).endswith("_changelist") else []


def kind_by_content_type(kwargs: dict[str, Any]) -> str:
    number = str(kwargs.get("content_type_id", ""))
    if not number.isdecimal():
        return ""
    found = ContentType.objects.filter(pk=number[:9]).values_list("app_label", "model").first()
    return ".".join(found) if found else ""


def refused(request: HttpRequest) -> None:
    """Whoever has an account, and none that opens the staff site."""
    request.__dict__["_written"] = True
    record(Act.REFUSED, by=request.user.pk, page=page_of(request), whats=["403"])


ON_THE_STAFF_SITE = Audit(each=each, refused=refused, history=changes_of)


# What a colleague is refused outside the staff site, such as somebody else's booking, is a row as it is there (ADR 21).
#
# Whoever has no staff account leaves none: their wrong addresses are no look into other people's data by us.

REFUSALS = {403, 404}
# What the first letters of a reference, or else the name of an argument in the address, say of the object.
KINDS = {"BK": "bookings.booking", "OS": "bookings.opensession", "LO": "leaflets.order"}
KINDS_BY_NAME = {
    "public_id": "accounts.session",
    "passkey_id": "mfa.authenticator",
    "address_id": "leaflets.keptaddress",
}


class StaffRefusedMiddleware:
    """Stands after those that say who asks. An address that no route has is nobody's page and no refusal."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        # Whether the audit has this request already.
        if (
            response.status_code in REFUSALS
            and request.resolver_match
            and "_written" not in request.__dict__
            and (request.user.is_authenticated and request.user.is_staff)
        ):
            what = str(response.status_code)
            record(Act.REFUSED, by=request.user.pk, about=asked_for(request), page=page_of(request), whats=[what])
        return response


def asked_for(request: HttpRequest) -> About:
    """The object in the address, if it has the shape of one: a token or a word that was typed is left out."""
    for name, value in (request.resolver_match.kwargs if request.resolver_match else {}).items():
        key = str(value)
        kind = KINDS.get(key[:2]) or KINDS_BY_NAME.get(name)
        if kind and KEY.fullmatch(key):
            return About(kind, (key,))
    return NOBODY_IN_PARTICULAR
