"""An email's HTML as a page for a sandboxed iframe: the one exception from the site's policy (design.md)."""

from django.http import HttpResponse

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; form-action 'none'; frame-ancestors 'self'; sandbox"


DARK = "@media (prefers-color-scheme: dark)"


def in_scheme(html: str, scheme: str) -> str:
    """As a screen set to "light" or "dark" draws it, on any screen."""
    return html.replace(DARK, "@media all" if scheme == "dark" else "@media not all")


def framed(html: str, *, allow: str = "") -> HttpResponse:
    """The HTML with its styles, and nothing that runs or leaves; `allow` names what the sandbox lets through."""
    response = HttpResponse(html)
    response["Content-Security-Policy"] = f"{POLICY} {allow}".strip()
    response["X-Frame-Options"] = "SAMEORIGIN"
    return response
