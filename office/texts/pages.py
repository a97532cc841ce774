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

from office.texts.places import Place

GROUP = _("Pages")


@dataclass(frozen=True)
class Page:
    """A public page. `route` leads to it without signing in; `of` names the model and field for the route's argument.

    A page without a route can only be seen by the person whom it is for: it is drawn with an example (`add_examples`).
    """

    slug: str
    title: str | Promise
    templates: tuple[str, ...]
    route: str = ""
    of: tuple[str, str] | None = None


PRESENTATION = ("bookings.presentation", "slug")
PAGES = (
    Page("home", _("Home"), ("pages/home.html",), "home"),
    Page("about", _("About us"), ("pages/about.html",), "about"),
    Page("where-we-have-been", _("Where we have been"), ("pages/where_we_have_been.html",), "where_we_have_been"),
    Page("presentations", _("Presentations"), ("bookings/booking/presentations.html",), "presentations"),
    Page("presentation", _("One presentation"), ("bookings/booking/presentation.html",), "presentation", PRESENTATION),
    Page("book", _("Book: where and for how many"), ("bookings/booking/where.html",), "book_where", PRESENTATION),
    Page("book-time", _("Book: day and time"), ("bookings/booking/when.html",)),
    Page("book-check", _("Book: check your answers"), ("bookings/booking/check.html",)),
    Page("booked", _("Booked or asked for"), ("bookings/booking/placed.html",)),
    Page("sessions", _("Open sessions"), ("bookings/open_sessions/sessions.html",), "sessions"),
    Page("leaflets", _("Leaflets"), ("leaflets/catalogue/leaflets.html",), "leaflets"),
    Page("basket", _("Basket"), ("leaflets/orders/basket.html",), "basket"),
    Page("delivery", _("Order: where to send it"), ("leaflets/orders/delivery.html",)),
    Page("ordered", _("Ordered or asked for"), ("leaflets/orders/placed.html",)),
    Page("sign-in", _("Sign in or sign up"), ("account/login.html",), "account_login"),
    Page("sign-in-code", _("Sign in: enter the code"), ("account/confirm_login_code.html", "account/code_page.html")),
    Page("your-details", _("Your details"), ("account/details.html",)),
    Page("no-way-in", _("Help with signing in"), ("account/no_way_in.html",), "account_no_way_in"),
    Page("my", _("My bookings and orders"), ("my/index.html",)),
    Page("guidance", _("Guidance: choose your work"), ("guidance/index.html",), "guidance"),
    Page("feedback-code", _("Feedback: enter the code"), ("bookings/feedback/code.html",), "feedback_code"),
    Page("feedback", _("Feedback"), ("bookings/feedback/feedback.html",)),
    Page("thanks", _("Feedback: thank you"), ("bookings/feedback/thanks.html",)),
    Page("not-found", _("Page not found"), ("errors/404.html",)),
)


def page_places() -> Iterator[Place]:
    for page in PAGES:
        yield Place(page.slug, page.title, GROUP, page.templates, preview=partial(draw, page))


Example = Callable[[], dict[str, Any]]  # the context that a template is drawn with
_examples: dict[str, Example] = {}


def add_examples(examples: dict[str, Example]) -> None:
    """Add examples, by the slugs of pages. Called by the app that has made-up rows of all other apps."""
    _examples.update(examples)


def draw(page: Page, request: HttpRequest) -> str:
    """The page as a visitor sees it, signed out and with an empty basket; "" if it can't be shown."""
    if not page.route:
        example = _examples.get(page.slug, dict)()
        return render_to_string(page.templates[0], example, somebodys_request(reverse("home"), request))
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
        response = found.func(somebodys_request(path, request), *found.args, **found.kwargs)
    except Http404:
        return ""
    response = response.render() if hasattr(response, "render") else response
    return response.content.decode() if response.status_code == 200 else ""


def somebodys_request(path: str, request: HttpRequest) -> HttpRequest:
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
