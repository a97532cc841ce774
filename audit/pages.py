"""Every page of the staff site, and each refusal outside it, leaves a row that says who asked for what (ADR 21)."""

import re
from collections.abc import Callable, Iterable
from contextlib import nullcontext, suppress
from functools import wraps
from typing import Any

from django.apps import apps
from django.contrib.admin import ModelAdmin
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.utils.translation import gettext as _, gettext_lazy

from audit.models import Act, Entry
from audit.services import KEY_PATTERN, NO_SUBJECT, AuditSubject, acting_user_id, write_audit_entry
from staff.audit import AuditHooks, audit_note
from staff.site import staff_site

MAX_HISTORY_LENGTH = 50
STANDARD_ADMIN_PAGES = {"change", "changelist", "add", ""}


def change_history(row: Any) -> list[dict[str, object]]:
    """Who changed this row, the latest first, at most MAX_HISTORY_LENGTH changes. Two statements."""
    changes = list(Entry.objects.about(row._meta.label_lower, row.pk).changes().newest_first()[:MAX_HISTORY_LENGTH])
    names = account_names(entry.actor for entry in changes)
    return [
        {
            "at": entry.at,
            "who": names[entry.actor],
            "what": ": ".join(filter(None, [entry.get_act_display(), details_text(entry)])),
        }
        for entry in changes
    ]


LABEL_BY_CODE = {
    "csv": "CSV",
    "html": "HTML",
    "json": "JSON",
    "pdf": "PDF",
    "qr": gettext_lazy("QR code"),
    "xlsx": gettext_lazy("Excel file"),
    "mfa": gettext_lazy("second factor"),
    "totp": gettext_lazy("authenticator app"),
    "webauthn": gettext_lazy("passkey"),
    "throttle": gettext_lazy("too many tries"),
}
LABEL_BY_STATUS = {
    "403": gettext_lazy("not allowed"),
    "404": gettext_lazy("not found, or not theirs to see"),
    "429": gettext_lazy("too many tries"),
}
WHOLE_LIST_SUFFIX = ", all of the list"


def humanise_code(code: str) -> str:
    """A name from our code in words: 'confirm-now', 'presenter_slide_pdf'."""
    return re.sub(r"[a-z0-9]+", lambda word: str(LABEL_BY_CODE.get(word[0], word[0])), code.replace("_", " ").replace("-", " "))


def model_of(entry: Entry) -> Any:
    """The model of the object that an act was about. None for no object, or for a model that is gone."""
    kind = entry.kind or KIND_BY_REFERENCE_PREFIX.get(entry.key[:2], "")
    with suppress(LookupError):
        return apps.get_model(kind) if kind else None
    return None


def admin_of(model: Any) -> Any:
    """The model's admin on the staff site; None if it has none."""
    return staff_site.get_model_admin(model) if model and staff_site.is_registered(model) else None


def details_text(entry: Entry) -> str:
    """What was done, in the words of the pages: a button, the fields, why it was refused; otherwise which page of the object."""
    if entry.act == Act.REFUSED:
        return str(LABEL_BY_STATUS.get(entry.what, _("not possible")))
    model, (name, whole, _end) = model_of(entry), entry.what.partition(WHOLE_LIST_SUFFIX)
    if not name:
        page = entry.page.removeprefix(entry.kind.replace(".", "_") + "_")
        return "" if page in STANDARD_ADMIN_PAGES or not (entry.kind or entry.key) else humanise_code(page)
    model_admin = admin_of(model)
    labels = {action.slug: action.label for action in getattr(model_admin, "object_actions", ())}
    labels |= {field.name: field.verbose_name for field in (model._meta.concrete_fields if model else ())}
    for listed in getattr(model_admin, "actions", None) or ():
        action = model_admin.get_action(listed)
        labels |= {action[1]: action[2]} if action else {}
    words = ", ".join(str(labels.get(each) or humanise_code(each)) for each in name.split(", "))
    return f"{words}{whole}"


def account_names(keys: Iterable[int | None]) -> dict[int | None, str]:
    """The names of these accounts. Deleted ones are shown by number. One statement."""
    known = {key for key in keys if key is not None}
    users = get_user_model()._default_manager.filter(pk__in=known).only("name", "email") if known else ()
    gone: dict[int | None, str] = {key: _("Account %(key)s") % {"key": key} for key in known}
    return {None: _("Somebody not signed in"), **gone, **{user.pk: str(user) for user in users}}


# staff/site.py wraps each view of the staff site in `audited`. The row for a GET is written when the page is ready; for a
# POST, in the same transaction as its changes; for a refusal, once those are rolled back. If the row can't be written, the page
# fails and nothing is changed.

# They show nobody's data and change nothing; a sign-out leaves a row of its own.
UNAUDITED_PAGES = {"index", "app_list", "jsi18n", "logout", "password_change", "password_change_done"}
SAFE_METHODS = {"GET", "HEAD", "OPTIONS", "TRACE"}
FILE_CONTENT_TYPES = ("application/pdf", "application/vnd.", "application/zip", "text/csv", "text/calendar")
STATUS_BY_EXCEPTION = {Http404: "404", PermissionDenied: "403", SuspiciousOperation: "400"}
ACCOUNT_URL_PREFIX = "/account/"  # reauthentication leads here
VIEW_ON_SITE_PAGE = "view_on_site"


def audited(view: Any) -> Any:
    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        token = acting_user_id.set(request.user.pk)
        # An action on selected rows has a transaction for each row: a single one would hold locks while it waits for the next
        # row's. So one entry is written before (it was sent) and one after (what came of it).
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
        except tuple(STATUS_BY_EXCEPTION) as refusal:
            status = next(code for kind, code in STATUS_BY_EXCEPTION.items() if isinstance(refusal, kind))
            write_entry(Act.REFUSED, request, view, kwargs, status)
            raise
        finally:
            acting_user_id.reset(token)

    return wrapper


def write_entry(act: Act, request: HttpRequest, view: Any, kwargs: dict[str, Any], what: str = "") -> None:
    """Write the entry. `what` is the status of a refusal; otherwise the page's own note, or the button that was pressed."""
    request.__dict__["_audited"] = True
    details = audit_note(request)
    owner = getattr(view, "__self__", None) or next(iter(getattr(view, "args", ())), None)
    model_admin = owner if isinstance(owner, ModelAdmin) else None
    what = what or details.what or str(kwargs.get("slug") or chosen_action(request, model_admin))
    kind = details.kind or (model_admin.opts.label_lower if model_admin else kind_by_content_type(kwargs))
    keys = [*details.keys, *selected_rows(request)]
    keys += [str(kwargs[name]) for name in ("object_id", "reference") if name in kwargs and str(kwargs[name]) not in keys]
    if details.kind and not keys and request.resolver_match:
        captured: dict[str, Any] = request.resolver_match.captured_kwargs  # type: ignore[attr-defined] # django-stubs lacks it
        keys = [str(value) for value in captured.values()]
    write_audit_entry(act, by=request.user.pk, about=AuditSubject(kind, tuple(keys)), page=route_name(request), whats=[what])


def act_of(request: HttpRequest, response: HttpResponseBase) -> Act | None:
    """What the page says it did, or else what its response tells.

    None for a GET that redirects, and for UNAUDITED_PAGES pages.
    """
    status = response.status_code
    if route_name(request) in UNAUDITED_PAGES:
        return None
    if status >= 400:
        return Act.REFUSED
    if response.has_header("Content-Disposition") or response.headers.get("Content-Type", "").startswith(FILE_CONTENT_TYPES):
        return Act.EXPORTED
    if audit_note(request).act:
        return Act(audit_note(request).act)
    if request.method in SAFE_METHODS:
        return Act.VIEWED if status < 300 or route_name(request) == VIEW_ON_SITE_PAGE else None
    to_account = response.headers.get("Location", "").startswith(ACCOUNT_URL_PREFIX)
    return Act.CHANGED if 300 <= status < 400 and not to_account else Act.SENT


def route_name(request: HttpRequest) -> str:
    """The name of the route, if there is one. Never the path, which may hold anything."""
    match = request.resolver_match
    return (match.view_name or "").removeprefix("staff:") if match is not None and match.url_name else ""


def selected_rows(request: HttpRequest) -> list[str]:
    """The rows selected in a list for an action."""
    return request.POST.getlist("_selected_action") if route_name(request).endswith("_changelist") else []


def chosen_action(request: HttpRequest, model_admin: Any) -> str:
    """The action for selected rows: a name of our code, since any other is a 404, or does nothing."""
    actions = [action if isinstance(action, str) else action.__name__ for action in getattr(model_admin, "actions", None) or ()]
    chosen = request.POST.get("action", "") if selected_rows(request) else ""
    if chosen not in {*actions, "delete_selected"}:
        return ""
    return f"{chosen}{WHOLE_LIST_SUFFIX}" if request.POST.get("select_across") == "1" else chosen


def kind_by_content_type(kwargs: dict[str, Any]) -> str:
    number = str(kwargs.get("content_type_id", ""))
    if not number.isdecimal():
        return ""
    labels = ContentType.objects.filter(pk=number[:9]).values_list("app_label", "model").first()
    return ".".join(labels) if labels else ""


def write_refusal(request: HttpRequest) -> None:
    """Record that somebody was refused whose account doesn't open the staff site."""
    request.__dict__["_audited"] = True
    write_audit_entry(Act.REFUSED, by=request.user.pk, page=route_name(request), whats=["403"])


STAFF_SITE_AUDIT = AuditHooks(each=audited, refused=write_refusal, history=change_history)


# If staff are refused a page outside the staff site, such as somebody else's booking, that leaves a row too. Others leave none: a
# wrong address of theirs doesn't mean that we looked at people's data (ADR 21).

REFUSAL_STATUSES = {403, 404}
# By the first letters of a reference, or else by the name of an argument in the URL.
KIND_BY_REFERENCE_PREFIX = {"BK": "bookings.booking", "OS": "bookings.opensession", "LO": "leaflets.order"}
KIND_BY_URL_ARGUMENT = {
    "public_id": "accounts.session",
    "passkey_id": "mfa.authenticator",
    "address_id": "leaflets.keptaddress",
}


class StaffRefusedMiddleware:
    """Must come after the middleware that identifies the user. A URL without a route is no refusal."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if (
            response.status_code in REFUSAL_STATUSES
            and request.resolver_match
            and "_audited" not in request.__dict__
            and (request.user.is_authenticated and request.user.is_staff)
        ):
            about = NO_SUBJECT
            for name, value in request.resolver_match.kwargs.items():
                kind = KIND_BY_REFERENCE_PREFIX.get(str(value)[:2]) or KIND_BY_URL_ARGUMENT.get(name)
                if kind and KEY_PATTERN.fullmatch(str(value)):  # not a token, nor anything else that was typed
                    about = AuditSubject(kind, (str(value),))
                    break
            write_audit_entry(
                Act.REFUSED, by=request.user.pk, about=about, page=route_name(request), whats=[str(response.status_code)]
            )
        return response
