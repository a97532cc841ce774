"""A form as a browser would send it, what to smuggle in beside it, and what a POST then did to the rows."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.core.cache import cache
from django.db import connection, models, transaction
from django.test import Client

from tests.face.page import Element, Page
from tests.matrix.asking import fingerprint_of

Typed = dict[str, list[str]]
OURS = ("professionals", "bookings", "leaflets", "notifications", "auth", "account", "mfa")
# Counters of attempts, and when each browser was last seen.
EXCEPTED = {"RateLimit", "Session"}
# What somebody would answer to an empty box of that name; others get words or a number.
ANSWERS = {
    "email": "robin.hale@leeds.example.nhs.uk",
    "name": "Robin Hale",
    "phone": "0113 496 0007",
    "contact_name": "Jo Green",
    "contact_phone": "0113 496 0001",
    "postcode": "LS1 4AP",
    "town": "Leeds",
    "reason": "Agreed on the phone",
    "first_day": "6/5/2031",
    "last_day": "7/5/2031",
}
# Boxes that stay empty: hidden ones belong to programs.
SOMEBODY_ELSES = {"password": "forged", "email": "forged@elsewhere.example", "price": "1", "owner": "1", "role": "manager"}


# -- The form ---------------------------------------------------------------------------------------------------------


def form_of(html: str, **typed: str) -> tuple[str, Typed]:
    """Where the longest form of the page posts to, and what it shows; empty boxes filled in; `typed` wins for what it asks."""
    page = Page(html)
    forms = [form for form in page.all("form") if form.attrs.get("method", "").lower() == "post"]
    found = [(form.attrs.get("action", ""), controls(page, form)) for form in forms]
    action, shown = max(found, key=lambda each: len(each[1]), default=("", {}))
    return action, shown | {name: [value] for name, value in typed.items() if name in shown}


def controls(page: Page, form: Element) -> Typed:
    found: Typed = {}
    for element in page.elements:
        name = element.attrs.get("name", "")
        if form not in element.inside or not name or "disabled" in element.attrs:
            continue
        values = list(values_of(page, element, taken=name in found))
        if values:
            found.setdefault(name, []).extend(values)
    return found


def values_of(page: Page, element: Element, *, taken: bool) -> Iterator[str]:
    """What one control sends. Of radio buttons and submit buttons the first, unless another is chosen."""
    kind, value = element.attrs.get("type", "text"), element.attrs.get("value", "")
    if element.tag == "select":
        yield from chosen(page, element)
    elif element.tag == "textarea":
        yield element.text or "Some words"
    elif element.tag == "button" or kind in {"submit", "radio"}:
        if not taken:
            yield value
    elif kind == "checkbox":
        if "checked" in element.attrs or element.attrs["name"] in {"sure", "understood", "agree"}:
            yield value or "on"
    elif element.tag == "input" and kind not in {"file", "reset", "image"}:
        yield value if value or kind == "hidden" else answer_to(element)


def chosen(page: Page, select: Element) -> list[str]:
    options = [option for option in page.all("option") if select in option.inside]
    marked = [option.attrs.get("value", option.text) for option in options if "selected" in option.attrs]
    if any(marked) or "multiple" in select.attrs:
        return marked
    return [value for option in options if (value := option.attrs.get("value", option.text))][:1]


def answer_to(box: Element) -> str:
    name = re.split(r"[-\d]+", box.attrs["name"])[-1]
    is_number = box.attrs.get("inputmode") == "numeric" or box.attrs.get("type") == "number"
    return ANSWERS.get(name) or ("3" if is_number else "Some words")


# -- What no form asks --------------------------------------------------------------------------------------------------


def columns() -> dict[str, str]:
    """A value for each column of every table of ours, and the names that others have been caught with."""
    found = dict(SOMEBODY_ELSES)
    for model in apps.get_models():
        if model._meta.app_label in OURS:
            for column in (*model._meta.concrete_fields, *model._meta.many_to_many):
                found |= dict.fromkeys((column.name, column.attname), forged(column))
    return found


def smuggled(typed: Typed, values: dict[str, str]) -> Typed:
    """Those of which the page asks nothing, alone and in each list of its form. Of where to go next each page reads."""
    lists = [name.removesuffix("-TOTAL_FORMS") for name in typed if name.endswith("-TOTAL_FORMS")]
    named = values | {f"{prefix}-0-{name}": value for prefix in lists for name, value in values.items()}
    return {name: [value] for name, value in named.items() if name not in typed}


def forged(column: models.Field[Any, Any]) -> str:
    if column.related_model is not None:
        return str(column.related_model._base_manager.order_by("-pk").values_list("pk", flat=True).first() or 1)  # type: ignore[union-attr]
    if column.choices:
        return str(list(column.flatchoices)[-1][0])
    kind = column.get_internal_type()
    known = {"BooleanField": "on", "DateField": "2031-05-06", "DateTimeField": "2031-05-06 10:00", "UUIDField": "0" * 32}
    return known.get(kind) or ("77" if "Integer" in kind or "AutoField" in kind else "forged")


# -- What it did --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Outcome:
    """The last answer, and by table each row after it, of the tables that changed."""

    answer: tuple[int, str]
    rows: dict[str, list[dict[str, str]]]

    def hiding(self, drawn: set[tuple[str, str]]) -> dict[str, list[tuple[str, ...]]]:
        shown = {
            table: sorted(
                tuple(f"{name}={'?' if (table, name) in drawn else value}" for name, value in row.items()) for row in rows
            )
            for table, rows in self.rows.items()
        }
        return shown | {"answered": [(str(self.answer[0]),)]}

    def words_of(self, drawn: set[tuple[str, str]]) -> str:
        return "\n".join(row[name] for table, rows in self.rows.items() for row in rows for name in row if (table, name) in drawn)


def outcome(act: Callable[[], Any]) -> Outcome:
    """What it leaves in the tables; then all is as before, also what the next rows will be numbered."""
    cache.clear()
    sequences = numbers()
    with transaction.atomic():
        before = prints()
        response = act()
        after = prints()
        rows = {table: rows_of(table) for table in after if after[table] != before[table]}
        transaction.set_rollback(True)
    restore(sequences)
    return Outcome((response.status_code, response.headers.get("Location", "")), rows)


def drawn_by_lot(one: Outcome, other: Outcome) -> set[tuple[str, str]]:
    """The columns in which the same POST, sent again, leaves something else: references, tokens, keys."""
    return {
        (table, name)
        for table, rows in one.rows.items()
        for name in (rows[0] if rows else ())
        if sorted(row[name] for row in rows) != sorted(row[name] for row in other.rows.get(table, []))
    }


def prints() -> dict[str, str]:
    kept = [m for m in apps.get_models(include_auto_created=True) if m._meta.app_label in OURS and m.__name__ not in EXCEPTED]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(fingerprint_of(model) for model in kept))
        return dict(cursor.fetchall())


def rows_of(table: str) -> list[dict[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, map(str, row), strict=True)) for row in cursor.fetchall()]


def numbers() -> list[tuple[str, int, bool]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT sequencename, coalesce(last_value, 1), last_value IS NOT NULL FROM pg_sequences")
        return cursor.fetchall()


def restore(sequences: list[tuple[str, int, bool]]) -> None:
    """Sequences are not rolled back, and numbers must be the same for rows to be compared."""
    with connection.cursor() as cursor:
        cursor.executemany("SELECT setval(quote_ident(%s)::regclass, %s, %s)", sequences)


def follow(client: Client, addresses: list[str], extra: dict[str, str], **typed: str) -> Any:
    """Fill in one page after the other, each as it then stands; `extra` goes beside what each asks."""
    response: Any = None
    for address in addresses:
        action, form = form_of(client.get(address).content.decode(), **typed)
        response = client.post(action or address, form | smuggled(form, extra))
    return response
