"""The public pages whose main texts staff may word. They are named by strings, so that nothing here imports the apps."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import Http404, HttpRequest
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, resolve, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from office.texts.sources import TextSource

PAGE_GROUP = _("Pages")


@dataclass(frozen=True)
class PublicPage:
    """A public page. `route` leads to it without signing in; `of` names the model and field for the route's argument.

    A page without a route can only be seen by the person whom it is for: it is drawn with an example (`register_examples`).
    """

    slug: str
    title: str | Promise
    templates: tuple[str, ...]
    route: str = ""
    of: tuple[str, str] | None = None


PRESENTATION_SLUG = ("bookings.presentation", "slug")
PUBLIC_PAGES = (
    PublicPage("home", _("Home"), ("pages/home.html",), "home"),
    PublicPage("about", _("About us"), ("pages/about.html",), "about"),
    PublicPage("where-we-have-been", _("Where we have been"), ("pages/where_we_have_been.html",), "where_we_have_been"),
    PublicPage("presentations", _("Presentations"), ("bookings/booking/presentations.html",), "presentations"),
    PublicPage("presentation", _("One presentation"), ("bookings/booking/presentation.html",), "presentation", PRESENTATION_SLUG),
    PublicPage("book", _("Book: where and for how many"), ("bookings/booking/where.html",), "book_where", PRESENTATION_SLUG),
    PublicPage("book-time", _("Book: day and time"), ("bookings/booking/when.html",)),
    PublicPage("book-check", _("Book: check your answers"), ("bookings/booking/check.html",)),
    PublicPage("booked", _("Booked or asked for"), ("bookings/booking/placed.html",)),
    PublicPage("sessions", _("Open sessions"), ("bookings/open_sessions/sessions.html",), "sessions"),
    PublicPage("leaflets", _("Leaflets"), ("leaflets/catalogue/leaflets.html",), "leaflets"),
    PublicPage("basket", _("Basket"), ("leaflets/orders/basket.html",), "basket"),
    PublicPage("delivery", _("Order: where to send it"), ("leaflets/orders/delivery.html",)),
    PublicPage("ordered", _("Ordered or asked for"), ("leaflets/orders/placed.html",)),
    PublicPage("sign-in", _("Sign in or sign up"), ("account/login.html",), "account_login"),
    PublicPage("sign-in-code", _("Sign in: enter the code"), ("account/confirm_login_code.html", "account/code_page.html")),
    PublicPage("your-details", _("Your details"), ("account/details.html",)),
    PublicPage("no-way-in", _("Help with signing in"), ("account/no_way_in.html",), "account_no_way_in"),
    PublicPage("my", _("My bookings and orders"), ("my/index.html",)),
    PublicPage("guidance", _("Guidance: choose your work"), ("guidance/index.html",), "guidance"),
    PublicPage("feedback-code", _("Feedback: enter the code"), ("bookings/feedback/code.html",), "feedback_code"),
    PublicPage("feedback", _("Feedback"), ("bookings/feedback/feedback.html",)),
    PublicPage("thanks", _("Feedback: thank you"), ("bookings/feedback/thanks.html",)),
    PublicPage("not-found", _("Page not found"), ("errors/404.html",)),
)


def page_text_sources() -> Iterator[TextSource]:
    for page in PUBLIC_PAGES:
        yield TextSource(page.slug, page.title, PAGE_GROUP, page.templates, preview=partial(render_page, page))


ExampleContext = Callable[[], dict[str, Any]]  # the context that a template is drawn with
_examples: dict[str, ExampleContext] = {}


def register_examples(examples: dict[str, ExampleContext]) -> None:
    """Add examples, by the slugs of pages. Called by the app that has made-up rows of all other apps."""
    _examples.update(examples)


def render_page(page: PublicPage, request: HttpRequest) -> str:
    """The page as a visitor sees it, signed out and with an empty basket; "" if it can't be shown."""
    if not page.route:
        example = _examples.get(page.slug, dict)()
        return render_to_string(page.templates[0], example, anonymous_request(reverse("home"), request))
    args = []
    if page.of:
        model, field = page.of
        args = [apps.get_model(model).objects.order_by("pk").values_list(field, flat=True).first() or ""]
    try:
        path = reverse(page.route, args=args)
    except NoReverseMatch:
        return ""
    found = resolve(path)
    try:
        response = found.func(anonymous_request(path, request), *found.args, **found.kwargs)
    except Http404:
        return ""
    response = response.render() if hasattr(response, "render") else response
    return response.content.decode() if response.status_code == 200 else ""


def anonymous_request(path: str, request: HttpRequest) -> HttpRequest:
    """A request by somebody whom we don't know."""
    made = HttpRequest()
    made.method, made.path, made.path_info, made.resolver_match = "GET", path, path, resolve(path)
    made.META = {name: request.META[name] for name in ("SERVER_NAME", "SERVER_PORT", "HTTP_HOST") if name in request.META}
    made.META |= {"REQUEST_METHOD": "GET", "REMOTE_ADDR": request.META.get("REMOTE_ADDR", ""), "wsgi.url_scheme": request.scheme}
    made.session = import_module(settings.SESSION_ENGINE).SessionStore()
    made.user = AnonymousUser()
    made.person = None  # type: ignore[attr-defined] # as the middleware of professionals says of each
    made.address_is_private = False  # type: ignore[attr-defined] # as the middleware says of each
    return made
