"""A reference for each request, and headers that keep pages private by default."""

import logging
import secrets
from collections.abc import Callable
from contextvars import ContextVar
from urllib.parse import unquote

from django.conf import settings
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.cache import patch_cache_control

request_reference: ContextVar[str] = ContextVar("request_reference", default="-")
GetResponse = Callable[[HttpRequest], HttpResponse]


class RequestReferenceMiddleware:
    """Gives each request a short reference; error pages show it and every log line of the request carries it."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_reference.set(secrets.token_hex(4).upper())
        return self.get_response(request)


class PrivateByDefaultMiddleware:
    """Nothing is kept by shared caches or the back button of a shared PC unless the view says so."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not response.has_header("Cache-Control"):
            patch_cache_control(response, private=True, no_store=True)
        response.headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
        return response


class NoNulMiddleware:
    """Refuses what no honest browser sends and PostgreSQL can't hold: a NUL in the address, or a session cookie out of shape."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "\0" in request.path_info:
            raise Http404
        if "\0" in unquote(request.META.get("QUERY_STRING", "")):
            raise BadRequest
        if not request.COOKIES.get(settings.SESSION_COOKIE_NAME, "a").isalnum():
            del request.COOKIES[settings.SESSION_COOKIE_NAME]
        return self.get_response(request)


class ReferenceFilter(logging.Filter):
    """Puts the request's reference on every log record."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.reference = request_reference.get()
        return True
