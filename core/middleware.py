"""A reference for each request, and headers that keep pages private by default."""

import logging
import secrets
import time
from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import unquote

from csp.constants import HEADER
from csp.middleware import CSPMiddleware
from csp.utils import build_policy
from django.conf import settings
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.functional import cached_property

from core.errors import StorageUnavailable
from core.logs import request_reference, route_name

logger = logging.getLogger("ctac.requests")
RETRY_AFTER_SECONDS = 60
GetResponse = Callable[[HttpRequest], HttpResponse]


class Middleware:
    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response


class RequestReferenceMiddleware(Middleware):
    """Gives each request a short reference, for error pages, its log lines and the proxy's log."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        reference = secrets.token_hex(4).upper()
        token = request_reference.set(reference)
        try:
            response = self.get_response(request)
        finally:
            request_reference.reset(token)
        response.headers["X-Reference"] = reference
        return response


class RequestLogMiddleware(Middleware):
    """Logs a line for each request, without its address, which may hold a name that somebody searched for.

    Runs after the middleware that serves static files, to log none of these.
    """

    def __call__(self, request: HttpRequest) -> HttpResponse:
        start = time.perf_counter()
        response = self.get_response(request)
        facts = {
            "method": request.method,
            "route": route_name(request),
            "status": response.status_code,
            "ms": round((time.perf_counter() - start) * 1000, 1),
        }
        # The user, if this request has read the session anyway: the log costs no statement.
        row = getattr(getattr(request, "session", None), "row", None)
        user = row.user_id if row is not None else None
        logger.info("%(method)s %(route)s %(status)s", facts, extra=facts | ({"user": user} if user else {}))
        return response


class StorageUnavailableMiddleware(Middleware):
    """Answers 503 with the error page if the storage of files is down."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, StorageUnavailable):
            return None
        context = {"reference": request_reference.get()}
        response = render(request, "errors/500.html", context, status=HTTPStatus.SERVICE_UNAVAILABLE)
        response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
        return response


STAFF_SITE_PATH = "/staff/"


class LanguageMiddleware(Middleware):
    """The language in this browser's cookie, whatever the browser accepts. No statement. The staff site is in English.

    A view changes the cookie by `request.language_cookie`.
    """

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with translation.override(page_language(request)):
            response = self.get_response(request)
        if language := getattr(request, "language_cookie", ""):
            response.set_cookie(
                settings.LANGUAGE_COOKIE_NAME,
                language,
                max_age=settings.LANGUAGE_COOKIE_AGE,
                httponly=True,
                samesite="Lax",
                secure=settings.SESSION_COOKIE_SECURE,
            )
        return response


def chosen_language(request: HttpRequest) -> str:
    """The language in this browser's cookie; "" if it has none that we offer."""
    language = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
    return language if language in dict(settings.LANGUAGES) else ""


def page_language(request: HttpRequest) -> str:
    return (
        settings.LANGUAGE_CODE
        if request.path_info.startswith(STAFF_SITE_PATH)
        else chosen_language(request) or settings.LANGUAGE_CODE
    )


ACCOUNT_PATH = "/account/"  # codes, and the secret of the second factor


class PrivateByDefaultMiddleware(Middleware):
    """Forbids caches, and the Back button of a shared PC, to keep a page, unless the view allows it.

    A page that answers a form is an exception: a browser that may not keep it would ask to send the form again when somebody
    comes back to it. It varies with the cookies, so it doesn't come back after somebody has signed in or out (ADR 5).
    """

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.address_is_private = False  # type: ignore[attr-defined] # a name that is missing costs a template dearly
        response = self.get_response(request)
        if not response.has_header("Cache-Control"):
            # A page to read, neither a redirect nor a file.
            may_come_back = (
                request.method == "POST"
                and (response.status_code == 200 and response.headers.get("Content-Type", "").startswith("text/html"))
                and not request.path.startswith(ACCOUNT_PATH)
            )
            patch_cache_control(response, private=True, **{"no_cache" if may_come_back else "no_store": True})
            if may_come_back:
                patch_vary_headers(response, ["Cookie"])
        return response


class NoNulMiddleware(Middleware):
    """Refuses a NUL in the address, which PostgreSQL can't store, and drops a malformed session cookie.

    It reads every body as UTF-8: Python has codecs that are not for text, and a request that names one would break a page.
    """

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "\0" in request.path_info:
            raise Http404
        if "\0" in unquote(request.META.get("QUERY_STRING", "")):
            raise BadRequest
        if request.encoding:
            request.encoding = None  # type: ignore[assignment] # Django's own is used then
        if not request.COOKIES.get(settings.SESSION_COOKIE_NAME, "a").isalnum():
            del request.COOKIES[settings.SESSION_COOKIE_NAME]
        return self.get_response(request)


class SafeHeadersMiddleware(CSPMiddleware):
    """Adds the security headers that a response does not have yet. First in MIDDLEWARE, so that no response lacks them."""

    get_response: Callable[[HttpRequest], HttpResponse]

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:  # type: ignore[override]
        if any(name.startswith("_csp") for name in (*vars(response), *vars(request))):
            response = super().process_response(request, response)  # type: ignore[assignment]
        headers = response.headers
        for name, value in self.default_headers.items():
            headers.setdefault(name, value)
        if request.is_secure() and self.strict_transport_security:
            headers.setdefault("Strict-Transport-Security", self.strict_transport_security)
        return response

    @cached_property
    def default_headers(self) -> dict[str, str]:
        """Built once. A view can have a policy of its own."""
        return {
            HEADER: str(build_policy()),
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": settings.X_FRAME_OPTIONS,
            "Referrer-Policy": settings.SECURE_REFERRER_POLICY,
            "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
            "Cross-Origin-Opener-Policy": settings.SECURE_CROSS_ORIGIN_OPENER_POLICY,
            "Cross-Origin-Resource-Policy": "same-origin",
        }

    @cached_property
    def strict_transport_security(self) -> str:
        """As in Django's SecurityMiddleware, which does not see every response."""
        if not settings.SECURE_HSTS_SECONDS:
            return ""
        more = {"includeSubDomains": settings.SECURE_HSTS_INCLUDE_SUBDOMAINS, "preload": settings.SECURE_HSTS_PRELOAD}
        return "; ".join([f"max-age={settings.SECURE_HSTS_SECONDS}", *(word for word, on in more.items() if on)])
