"""Every page of the staff site, and each refusal outside it, leaves a row that says who asked for what (ADR 21)."""

from collections.abc import Callable, Iterable
from contextlib import nullcontext
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

HISTORY_LENGTH = 50


def changes_of(row: Any) -> list[dict[str, object]]:
    """Who changed this row, the latest first, as far as a page reads. Two statements."""
    changes = list(Entry.objects.about(row._meta.label_lower, row.pk).changes().newest_first()[:HISTORY_LENGTH])
    names = names_of(entry.actor for entry in changes)
    return [
        {
            "at": entry.at,
            "who": names[entry.actor],
            "what": ": ".join(filter(None, [entry.get_act_display(), spaced(entry.what)])),
        }
        for entry in changes
    ]


def spaced(code: str) -> str:
    """'confirm-now' and 'is_active' as somebody reads them."""
    return code.replace("_", " ").replace("-", " ")


def names_of(keys: Iterable[int | None]) -> dict[int | None, str]:
    """The address of each account that there still is. One statement."""
    known = {key for key in keys if key is not None}
    users = get_user_model()._default_manager.filter(pk__in=known).values_list("pk", "email") if known else ()
    gone: dict[int | None, str] = {key: _("Account %(key)s") % {"key": key} for key in known}
    return {None: _("Nobody signed in"), **gone, **dict(users)}


# ctac/staff/site.py puts each view of the staff site through `audited`. A GET is written when the page is there, a POST in the
# same transaction as what it changed, a refusal once that is rolled back. Where it can't be written, the page fails and nothing
# was changed.

SAFE_METHODS = {"GET", "HEAD", "OPTIONS", "TRACE"}
FILES = ("application/pdf", "application/vnd.", "application/zip", "text/csv", "text/calendar")
STATUS = {Http404: "404", PermissionDenied: "403", SuspiciousOperation: "400"}
ACCOUNT_PAGES = "/account/"  # where a reauthentication leads
TO_PUBLIC_PAGE = "view_on_site"


def audited(view: Any) -> Any:
    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        token = acting.set(request.user.pk)
        # An action on selected rows has a transaction for each of them: one for all would hold locks while it waits for those of
        # the next. So that it was sent is written before, and what came of it after.
        selected = selected_rows(request)
        try:
            if selected:
                write_entry(Act.SENT, request, view, kwargs)
            with nullcontext() if request.method in SAFE_METHODS or selected else transaction.atomic():
                response = view(request, *args, **kwargs)
                act = act_of(request, response)
                if act and not (act is Act.SENT and selected):
                    write_entry(act, request, view, kwargs, str(response.status_code) if act is Act.REFUSED else "")
            return response
        except tuple(STATUS) as refusal:
            status = next(code for kind, code in STATUS.items() if isinstance(refusal, kind))
            write_entry(Act.REFUSED, request, view, kwargs, status)
            raise
        finally:
            acting.reset(token)

    return wrapper


def write_entry(act: Act, request: HttpRequest, view: Any, kwargs: dict[str, Any], what: str = "") -> None:
    """`what`: the status of a refusal; else what the page says, or the button that was pressed."""
    request.__dict__["_audited"] = True
    details = audit_note(request)
    owner = getattr(view, "__self__", None) or next(iter(getattr(view, "args", ())), None)
    model_admin = owner if isinstance(owner, ModelAdmin) else None
    what = what or details.what or str(kwargs.get("slug") or chosen_action(request, model_admin))
    kind = details.kind or (model_admin.opts.label_lower if model_admin else kind_by_content_type(kwargs))
    keys = [*details.keys, *selected_rows(request)]
    keys += [str(kwargs[name]) for name in ("object_id", "reference") if name in kwargs and str(kwargs[name]) not in keys]
    if details.kind and not keys:
        keys = [str(value) for value in kwargs.values()]
    record(act, by=request.user.pk, about=About(kind, tuple(keys)), page=page_of(request), whats=[what])


def act_of(request: HttpRequest, response: HttpResponseBase) -> Act | None:
    """By what the page itself says, else by its answer. None where a GET leads elsewhere."""
    status = response.status_code
    if status >= 400:
        return Act.REFUSED
    if response.has_header("Content-Disposition") or response.headers.get("Content-Type", "").startswith(FILES):
        return Act.EXPORTED
    if audit_note(request).act:
        return Act(audit_note(request).act)
    if request.method in SAFE_METHODS:
        return Act.VIEWED if status < 300 or page_of(request) == TO_PUBLIC_PAGE else None
    to_account = response.headers.get("Location", "").startswith(ACCOUNT_PAGES)
    return Act.CHANGED if 300 <= status < 400 and not to_account else Act.SENT


def page_of(request: HttpRequest) -> str:
    """The route's name, if it has one: the address may hold anything."""
    match = request.resolver_match
    return (match.view_name or "").removeprefix("staff:") if match is not None and match.url_name else ""


def selected_rows(request: HttpRequest) -> list[str]:
    """The rows of a list that an action is for."""
    return request.POST.getlist("_selected_action") if page_of(request).endswith("_changelist") else []


def chosen_action(request: HttpRequest, model_admin: Any) -> str:
    """The action for selected rows: a name of our code, since any other is a 404, or does nothing."""
    actions = [action if isinstance(action, str) else action.__name__ for action in getattr(model_admin, "actions", None) or ()]
    chosen = request.POST.get("action", "") if selected_rows(request) else ""
    if chosen not in {*actions, "delete_selected"}:
        return ""
    return f"{chosen}, all of the list" if request.POST.get("select_across") == "1" else chosen


def kind_by_content_type(kwargs: dict[str, Any]) -> str:
    number = str(kwargs.get("content_type_id", ""))
    if not number.isdecimal():
        return ""
    labels = ContentType.objects.filter(pk=number[:9]).values_list("app_label", "model").first()
    return ".".join(labels) if labels else ""


def write_refusal(request: HttpRequest) -> None:
    """For whoever has an account that does not open the staff site."""
    request.__dict__["_audited"] = True
    record(Act.REFUSED, by=request.user.pk, page=page_of(request), whats=["403"])


ON_THE_STAFF_SITE = Audit(each=audited, refused=write_refusal, history=changes_of)


# What staff are refused outside the staff site, such as somebody else's booking, is a row too. Others leave none: their wrong
# addresses are no look into people's data by us (ADR 21).

REFUSALS = {403, 404}
# By the first letters of a reference, or else the name of an argument in the address.
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
        if (
            response.status_code in REFUSALS
            and request.resolver_match
            and "_audited" not in request.__dict__
            and (request.user.is_authenticated and request.user.is_staff)
        ):
            about = NOBODY_IN_PARTICULAR
            for name, value in request.resolver_match.kwargs.items():
                kind = KINDS.get(str(value)[:2]) or KINDS_BY_NAME.get(name)
                if kind and KEY.fullmatch(str(value)):  # not a token, nor anything else that was typed
                    about = About(kind, (str(value),))
                    break
            record(Act.REFUSED, by=request.user.pk, about=about, page=page_of(request), whats=[str(response.status_code)])
        return response
