"""What every answer tells the browser not to do with it: pages, errors, files, probes and redirects alike."""

from collections.abc import Callable

from csp.constants import HEADER
from csp.middleware import CSPMiddleware
from csp.utils import build_policy
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.functional import cached_property


class SafeHeadersMiddleware(CSPMiddleware):
    """Stands first in MIDDLEWARE, so that no answer passes it by: those below it write none on what stands above them.

    What a view or a middleware has said of its own answer stays.
    """

    get_response: Callable[[HttpRequest], HttpResponse]

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:  # type: ignore[override]
        if any(name.startswith("_csp") for name in (*vars(response), *vars(request))):
            response = super().process_response(request, response)  # type: ignore[assignment]
        headers = response.headers
        for name, value in self.usual.items():
            headers.setdefault(name, value)
        if request.is_secure() and self.only_by_https:
            headers.setdefault("Strict-Transport-Security", self.only_by_https)
        return response

    @cached_property
    def usual(self) -> dict[str, str]:
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
    def only_by_https(self) -> str:
        """As Django's SecurityMiddleware says it, which is not asked about what is answered before it."""
        if not settings.SECURE_HSTS_SECONDS:
            return ""
        more = {"includeSubDomains": settings.SECURE_HSTS_INCLUDE_SUBDOMAINS, "preload": settings.SECURE_HSTS_PRELOAD}
        return "; ".join([f"max-age={settings.SECURE_HSTS_SECONDS}", *(word for word, on in more.items() if on)])
