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

from ctac.errors import StorageUnavailable
from ctac.logs import request_reference, route_of

logger = logging.getLogger("ctac.requests")
RETRY_AFTER = 60  # seconds
GetResponse = Callable[[HttpRequest], HttpResponse]


class Middleware:
    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response


class RequestReferenceMiddleware(Middleware):
    """Gives each request a short reference: error pages show it, each log line of the request and the proxy's carry it."""

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
    """One line a request, without its address: that may hold a name that somebody searched for.

    Stands below what serves static files, whose lines nobody reads.
    """

    def __call__(self, request: HttpRequest) -> HttpResponse:
        start = time.perf_counter()
        response = self.get_response(request)
        facts = {
            "method": request.method,
            "route": route_of(request),
            "status": response.status_code,
            "ms": round((time.perf_counter() - start) * 1000, 1),
        }
        # Of whoever is signed in, if this request had to know it anyway: the log costs no statement.
        row = getattr(getattr(request, "session", None), "row", None)  # of the database, if anybody asked for the session
        user = row.user_id if row is not None else None
        logger.info("%(method)s %(route)s %(status)s", facts, extra=facts | ({"user": user} if user else {}))
        return response


class StorageUnavailableMiddleware(Middleware):
    """A page whose file can't be read now says so as the page of any other fault does, but as 503: the storage will be back."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, StorageUnavailable):
            return None
        context = {"reference": request_reference.get()}
        response = render(request, "errors/500.html", context, status=HTTPStatus.SERVICE_UNAVAILABLE)
        response.headers["Retry-After"] = str(RETRY_AFTER)
        return response


STAFF_SITE = "/staff/"


class LanguageMiddleware(Middleware):
    """The language that this browser chose, by its cookie: no page asks the database, and none differs by what a browser accepts.

    The staff site is in English. A view that changes the choice says so by `request.language_cookie`.
    """

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with translation.override(language_of_page(request)):
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
    """In this browser; "" if none is, or none that there is."""
    language = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
    return language if language in dict(settings.LANGUAGES) else ""


def language_of_page(request: HttpRequest) -> str:
    return (
        settings.LANGUAGE_CODE if request.path_info.startswith(STAFF_SITE) else chosen_language(request) or settings.LANGUAGE_CODE
    )


OWN_ACCOUNT = "/account/"  # codes, and the secret of the second factor


class PrivateByDefaultMiddleware(Middleware):
    """Nothing is kept by shared caches or the back button of a shared PC unless the view says so.

    But for a page that answers a form: going back to it, a browser that has not kept it asks whether to send the form again, and
    shows nothing. It varies with the cookies, so nobody comes back to it who has signed in or out since (ADR 5).
    """

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.address_is_private = False  # type: ignore[attr-defined] # a name that is missing costs a template dearly
        response = self.get_response(request)
        if not response.has_header("Cache-Control"):
            # Something to read, neither on the way to another page nor to keep as a file.
            may_come_back = (
                request.method == "POST"
                and (response.status_code == 200 and response.headers.get("Content-Type", "").startswith("text/html"))
                and not request.path.startswith(OWN_ACCOUNT)
            )
            patch_cache_control(response, private=True, **{"no_cache" if may_come_back else "no_store": True})
            if may_come_back:
                patch_vary_headers(response, ["Cookie"])
        return response


class NoNulMiddleware(Middleware):
    """Refuses what no honest browser sends and PostgreSQL can't hold: a NUL in the address, or a session cookie out of shape.

    What is sent is UTF-8, whatever its head says: Python has codecs that are not for text, and naming one breaks a page.
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
    """Stands first in MIDDLEWARE, so that no answer passes it by: those below it write none on what stands above them.

    What a view or a middleware has said of its own answer stays.
    """

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
        """The policy of the settings is worked out once; a view that has one of its own gets that."""
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
        """As Django's SecurityMiddleware says it, which is not asked about what is answered before it."""
        if not settings.SECURE_HSTS_SECONDS:
            return ""
        more = {"includeSubDomains": settings.SECURE_HSTS_INCLUDE_SUBDOMAINS, "preload": settings.SECURE_HSTS_PRELOAD}
        return "; ".join([f"max-age={settings.SECURE_HSTS_SECONDS}", *(word for word, on in more.items() if on)])
