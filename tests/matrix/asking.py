"""Every route and every action of staff, and what each kind of person is answered there."""

import io
import zipfile
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pypdfium2
from django.apps import apps
from django.db import connection, transaction
from django.db.models import Max, Model
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from audit.models import Entry
from bookings.feedback.queries import host_key, three_months_on_key
from staff.site import staff_site
from tests.matrix.people import PEOPLE

# As long as a token is, and nobody's.
MADE_UP = "A" * 43
# "No GET changes anything" means these; counters, drafts, limits and sessions are excepted (product.md, rule 5).
UNCHANGED_BY_GET = (
    *("office", "notifications", "accounts", "professionals", "privacy", "guidance", "bookings", "leaflets", "reach"),
    *("account", "mfa", "auth", "admin"),
)
EXCEPTED = {"Draft", "RateLimit", "Session"}


def named_routes(patterns: list[Any], namespace: str = "") -> Iterator[tuple[str, set[str]]]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from named_routes(pattern.url_patterns, f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace)
        elif isinstance(pattern, URLPattern) and pattern.name:
            # Django's admin has two without a name: an old address that redirects, and the catch-all, which asks for permission.
            yield f"{namespace}{pattern.name}", set(pattern.pattern.regex.groupindex)


ROUTES = dict(sorted(named_routes(get_resolver().url_patterns)))
# "staff:bookings_booking_action confirm": a button of the staff site, of which one route serves many.
ACTIONS = sorted(
    f"staff:{model._meta.app_label}_{model._meta.model_name}_action {action.slug}"
    for model, model_admin in staff_site._registry.items()
    for action in getattr(model_admin, "object_actions", ())
)
ASKED = (*ROUTES, *ACTIONS)


def address(asked: str, world: dict[str, Any]) -> str:
    """The address of a route, or of a route and an action's slug, with the objects of the world."""
    route, _space, slug = asked.partition(" ")
    return reverse(route, kwargs=arguments(route, ROUTES[route], world) | ({"slug": slug} if slug else {}))


def arguments(route: str, names: set[str], world: dict[str, Any]) -> dict[str, object]:
    """Arguments that lead to the owner's objects, so that only who asks makes the difference."""
    objects = world["objects"]
    values: dict[str, object] = {}
    for name in names:
        if name == "object_id":
            model = route.split(":")[-1].rsplit("_", 1)[0]
            values[name] = objects[model].pk
        elif name == "slug":
            of_catalogue = route.startswith(("leaflet", "basket"))
            model = "leaflets_leaflet" if of_catalogue else "bookings_presentation"
            values[name] = "no-such-action" if route.endswith("_action") else objects[model].slug
        elif name == "reference":
            about = "bookings_opensession" if "session" in route else "leaflets_order" if "order" in route else "bookings_booking"
            values[name] = objects["guest_at" if route.startswith("seat") else about].reference
        else:
            known = {
                "code": objects["bookings_followup"].code,
                "key": three_months_on_key(objects["later"])
                if route == "three_months_on"
                else host_key(objects["bookings_followup"]),
                "address_id": objects["address"].pk,
                "booking_id": objects["bookings_booking"].pk,
                "exception_id": objects["exception"].pk,
                "leave_id": objects["bookings_leave"].pk,
                "public_id": objects["session"].public_id,
                "passkey_id": objects["passkey"].pk,
                "merge_id": objects["merge"].pk,
                "app_label": "bookings",
                "list_model": "bookings.booking",
                "saved_id": objects["saved"].pk,
                "url": "nowhere/",
                "content_type_id": 1,
                "number": 1,
                "section": "orders",
                "audience": "health-visitors",
                "nation": "england",
                "unit": "upper",
                "area": "E08000035",
                "pdf": "checklist",
                "form": "pdf",
                "kind": "contacts" if route == "staff:professionals_import_example" else "booking-confirmed",
                "topic": "editions",
                "source": "home",
                "sentence": objects["office_textversion"].key,
                "language": "en-gb",
                "version_id": objects["office_textversion"].pk,
                "token": objects["tokens"].get(route, MADE_UP),
            }
            values[name] = known.get(name) or message_key(objects)
    return values


def message_key(objects: dict[str, Any]) -> int:
    return int(objects["notifications_notification"].pk)


@dataclass(frozen=True)
class Answer:
    """What one person was answered, and the rows of the audit that it left."""

    asked: str
    method: str
    person: str
    url: str
    response: Any
    text: str  # what a person reads of it
    rows: list[Entry]
    user: int | None

    @property
    def cell(self) -> str:
        """The status; of a redirect, whether it leads to the sign-in page, the second factor or the door of the staff site."""
        target = self.response.headers.get("Location", "")
        if target.startswith(reverse("account_login")):
            return "sign in"
        if target.startswith("/account/2fa/"):
            return "2nd factor"
        if target.startswith(reverse("staff:login")):
            return "door"
        return str(self.response.status_code)

    @property
    def is_page(self) -> bool:
        is_html = self.response.headers.get("Content-Type", "").startswith("text/html")
        return is_html and self.response.status_code == 200 and not self.response.streaming


def readable(response: Any) -> str:
    """The text of a PDF, the parts of a workbook, and all else as it is."""
    # Reading closes a file; response.close() would close the test's connection as well.
    content = b"".join(response.streaming_content) if response.streaming else response.content
    if content.startswith(b"%PDF"):
        document = pypdfium2.PdfDocument(content)
        pages = [page.get_textpage() for page in document]
        text = "\n".join(page.get_text_range() for page in pages)
        document.close()
        return text
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            return "\n".join(parts.read(name).decode(errors="replace") for name in parts.namelist())
    return str(content.decode(errors="replace"))


def answers(asked: str, method: str, world: dict[str, Any], people: Iterable[str] = PEOPLE) -> Iterator[Answer]:
    """Of each person in turn. A POST must not spoil the next person's turn; what a GET leaves behind is looked at afterwards."""
    url = address(asked, world)
    for person in people:
        with transaction.atomic():
            last = Entry.objects.aggregate(last=Max("pk"))["last"] or 0  # they are numbered in turn
            response = world["clients"][person].generic(method, url)
            rows = list(Entry.objects.filter(pk__gt=last))
            user = world["users"][person].pk if person in world["users"] else None
            yield Answer(asked, method, person, url, response, readable(response), rows, user)
            transaction.set_rollback(method == "POST")


def fingerprints(tables: Collection[str] | None = None) -> dict[str, str]:
    """A hash of every row of every table that no GET may change, or of those of them that are named."""
    every = apps.get_models(include_auto_created=True)  # which account has which role is in such a table
    kept = {model._meta.db_table for model in every if may_not_change(model)}
    asked = sorted(kept if tables is None else kept.intersection(tables))
    if not asked:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(fingerprint_of(table) for table in asked))
        return dict(cursor.fetchall())


def may_not_change(model: type[Model]) -> bool:
    return model._meta.app_label in UNCHANGED_BY_GET and model.__name__ not in EXCEPTED


def fingerprint_of(table: str) -> str:
    name = connection.ops.quote_name(table)
    return f"SELECT '{table}', md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {name} t"  # noqa: S608


# What was taken back to a savepoint stays counted. The rows of a partition count for the table that it is a part of.
WRITTEN = """SELECT coalesce(pg_partition_root(oid), oid)::regclass::text, sum(pg_stat_get_xact_tuples_inserted(oid)
    + pg_stat_get_xact_tuples_updated(oid) + pg_stat_get_xact_tuples_deleted(oid))
    FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace GROUP BY 1"""


def written() -> dict[str, int]:
    """By table, how many rows the transaction has written until now, as PostgreSQL counts them.

    A table of which as many were written before and after holds the same as before, and need not be read.
    """
    with connection.cursor() as cursor:
        cursor.execute(WRITTEN)
        return {table.strip('"'): int(count) for table, count in cursor.fetchall()}


def written_since(before: dict[str, int]) -> set[str]:
    return {table for table, count in written().items() if count != before.get(table)}
