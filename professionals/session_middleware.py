"""Django's session middleware, and what becomes of a form when its session has ended."""

from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.exceptions import SessionInterrupted
from django.contrib.sessions.middleware import SessionMiddleware as DjangoSessionMiddleware
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from professionals import sent_late


class SessionMiddleware(DjangoSessionMiddleware):
    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        request.session.user_agent = request.META.get("HTTP_USER_AGENT", "")  # type: ignore[attr-defined]

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Signed out, or signed in anew, in another window while this page was made: it is shown, and no cookie is touched."""
        if request.method == "POST" and hasattr(request, "session"):
            see_to_the_form(request, response)
        try:
            return super().process_response(request, response)
        except SessionInterrupted:
            return response


def see_to_the_form(request: HttpRequest, response: HttpResponse) -> None:
    """Keep what was sent too late; forget it once it has been sent again."""
    signed_in = SESSION_KEY in request.session
    if signed_in and sent_late.was_sent_again(request):
        sent_late.forget(request)
    ended = request.session.ended  # type: ignore[attr-defined]
    if signed_in or ended is None or ended.user_id is None or not leads_to_sign_in(response):
        return
    if sent_late.keep(request, ended.user_id):
        afterwards = urlencode({"next": reverse("account_sent_late")})
        response["Location"] = f"{reverse('account_login')}?{afterwards}"


def leads_to_sign_in(response: HttpResponse) -> bool:
    """The sign-in page, or the door of the staff site, which leads there."""
    doors = (str(settings.LOGIN_URL), reverse("staff:login"))
    return response.status_code == 302 and urlsplit(response["Location"]).path in doors
