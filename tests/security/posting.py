"""A form as a browser would send it, what to smuggle in beside it, and what a POST then did to the rows."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.apps import apps
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, models, transaction
from django.test import Client

from accounts.rate_limits import HONEYPOT_FIELD
from tests.face.page import Element, Page
from tests.matrix.asking import written, written_since

Typed = dict[str, Any]  # by name, a value or a list of them, a file, or what gives one for the browser; None if it is not sent
Act = Callable[[dict[str, str]], Any]  # with what to smuggle in; gives the last answer
OURS = (
    *("office", "accounts", "professionals", "privacy", "guidance", "bookings", "leaflets", "notifications", "reach"),
    *("auth", "account", "mfa"),
)
# Counters of attempts, and when each browser was last seen.
EXCEPTED = {"RateLimit", "Session"}
# By this a form that is sent twice is known again: it is made of all that was sent.
OF_ALL_THAT_WAS_SENT = {("leaflets_order", "submission_digest"), ("bookings_booking", "submission_digest")}
# What somebody would answer to an empty box of that name; others get words or a number.
ANSWERS = {
    "login": "robin.hale@leeds.example.nhs.uk",
    "email": "robin.hale@leeds.example.nhs.uk",
    "name": "Robin Hale",
    "phone": "0113 496 0007",
    "mobile": "07700 900123",
    "contact_name": "Jo Green",
    "contact_phone": "0113 496 0001",
    "postcode": "LS1 4AP",
    "town": "Leeds",
    "reason": "Agreed on the phone",
    "first_day": "6/5/2031",
    "last_day": "7/5/2031",
    **dict.fromkeys(("valid_until", "start", "end"), ""),
}
AGREED = {"sure", "understood", "agree"}
# What others have been caught with, whatever our columns are called.
SOMEBODY_ELSES = {"price": "1", "owner": "1", "role": "manager", "is_admin": "on", "approved": "on", "verified": "on"}
FORGED = "forged"


# -- The form ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Form:
    """Where it posts to, what it sends, and the names of all that its page asks here."""

    action: str
    sent: Typed
    asked: frozenset[str]


def form_of(html: str, address: str, typed: Typed) -> Form:
    """The page's form with its empty boxes filled in; `typed` wins for what it asks, and is all if there is no form.

    Of several the one that comes back to this address, and has most to fill in.
    """
    page, here = Page(html), address.partition("?")[0]
    forms = [form for form in page.all("form") if (form.attrs.get("action") or here).partition("?")[0].partition("#")[0] == here]
    found = [(form.attrs.get("action") or address, controls(page, form)) for form in forms if is_sent(form)]
    action, shown = max(found, key=lambda each: len(each[1]), default=(address, {}))
    answers = {name: value for name, value in typed.items() if name in shown or not shown}
    listed = {name: value if isinstance(value, list | SimpleUploadedFile) else [value] for name, value in answers.items()}
    asked = {name for form in forms for name in controls(page, form)}
    sent = {name: [] if value == [None] else value for name, value in (shown | listed).items()}
    return Form(action, sent, frozenset(asked | set(sent)))


def is_sent(form: Element) -> bool:
    return form.attrs.get("method", "").lower() == "post"


def controls(page: Page, form: Element) -> Typed:
    """By name what is sent, which of a box that is not ticked is nothing, and of a list's new rows too."""
    found: Typed = {}
    for element in page.elements:
        name = element.attrs.get("name", "")
        if form not in element.inside or not name or "disabled" in element.attrs:
            continue
        found.setdefault(name, []).extend(values_of(page, element, taken=bool(found.get(name))))
    return {name: [] if is_of_a_new_row(name, found) else values for name, values in found.items()}


def is_of_a_new_row(name: str, found: Typed) -> bool:
    row = re.match(r"(.+)-(\d+|__prefix__)-", name)
    old = found.get(f"{row[1]}-INITIAL_FORMS", ["999"])[0] if row else ""
    return bool(row) and (row[2] == "__prefix__" or int(row[2]) >= int(old)) if row else False


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
        if "checked" in element.attrs or element.attrs["name"] in AGREED:
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
    """The box that only programs see stays empty."""
    name = re.split(r"[-\d]+", box.attrs["name"])[-1]
    is_number = box.attrs.get("inputmode") == "numeric" or box.attrs.get("type") == "number"
    return "" if name == HONEYPOT_FIELD else ANSWERS.get(name, "3" if is_number else "Some words")


# -- What no form asks --------------------------------------------------------------------------------------------------


def columns(*, last: bool) -> dict[str, str]:
    """A value for each column of every table of ours: the last that there is, or the first.

    So of both one at least differs from what a row would have had anyway.
    """
    found = dict(SOMEBODY_ELSES)
    for model in apps.get_models():
        if model._meta.app_label in OURS:
            for column in (*model._meta.concrete_fields, *model._meta.many_to_many):
                found |= dict.fromkeys((column.name, column.attname), forged(column, last=last))
                if column.get_internal_type() == "DateTimeField":
                    found |= {f"{column.name}_0": "6/5/2031", f"{column.name}_1": "10:00"}  # as the staff site asks for it
    return found


def forged(column: "models.Field[Any, Any]", *, last: bool) -> str:
    if column.related_model is not None:
        rows = column.related_model._base_manager.order_by("-pk" if last else "pk")  # type: ignore[union-attr]
        return str(rows.values_list("pk", flat=True).first() or 1)
    if column.choices:
        return str(list(column.flatchoices)[-1 if last else 0][0])
    known = {
        "BooleanField": "on" if last else "",
        "DateField": "2031-05-06",
        "DateTimeField": "2031-05-06 10:00",
        "UUIDField": "0" * 32,
        "EmailField": f"{FORGED}@elsewhere.example",
    }
    kind = column.get_internal_type()
    return known.get(kind, ("77" if last else "0") if "Integer" in kind or "AutoField" in kind else FORGED)


def smuggled(form: Form, values: dict[str, str]) -> Typed:
    """Those of which the page asks nothing, alone and in each row of each list of its form."""
    rows = {found[0] for name in form.sent if (found := re.match(r".+-(\d+|__prefix__)-", name))}
    lists = {f"{name.removesuffix('-TOTAL_FORMS')}-0-" for name in form.sent if name.endswith("-TOTAL_FORMS")}
    named = values | {f"{prefix}{name}": value for prefix in rows | lists for name, value in values.items()}
    return {name: [value] for name, value in named.items() if name not in form.asked}


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

    def takes(self, drawn: set[tuple[str, str]], values: dict[str, str]) -> list[str]:
        """What is drawn by lot, and yet holds what was smuggled in for it, or what is smuggled in for any words."""
        cells = [(name, row[name]) for table, rows in self.rows.items() for row in rows for name in row if (table, name) in drawn]
        return [f"{name}={cell}" for name, cell in cells if FORGED in cell or cell.startswith(values.get(name) or "nothing")]


def outcome(act: Callable[[], Any]) -> Outcome:
    """What it leaves in the tables; then all is as before, also what the next rows will be numbered."""
    cache.clear()
    sequences = numbers()
    with transaction.atomic():
        before = written()
        response = act()
        left = {table: rows_of(table) for table in written_since(before) & kept_tables()}
        transaction.set_rollback(True)
    restore(sequences)
    rows = {table: rows for table, rows in left.items() if in_any_order(rows) != in_any_order(rows_of(table))}
    return Outcome((response.status_code, response.headers.get("Location", "")), rows)


def in_any_order(rows: list[dict[str, str]]) -> list[tuple[str, ...]]:
    return sorted(tuple(row.values()) for row in rows)


def drawn_by_lot(one: Outcome, other: Outcome) -> set[tuple[str, str]]:
    """The columns in which the same POST, sent again, leaves something else: references, tokens, keys."""
    return OF_ALL_THAT_WAS_SENT | {
        (table, name)
        for table, rows in one.rows.items()
        for name in (rows[0] if rows else ())
        if sorted(row[name] for row in rows) != sorted(row[name] for row in other.rows.get(table, []))
    }


def kept_tables() -> set[str]:
    every = apps.get_models(include_auto_created=True)
    return {m._meta.db_table for m in every if m._meta.app_label in OURS and m.__name__ not in EXCEPTED}


def rows_of(table: str) -> list[dict[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, map(in_words, row), strict=True)) for row in cursor.fetchall()]


def in_words(value: object) -> str:
    return value.hex() if isinstance(value, memoryview) else str(value)


def numbers() -> dict[str, tuple[int, bool]]:
    """By sequence its last number, and whether it was given out."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT sequencename, coalesce(last_value, 1), last_value IS NOT NULL FROM pg_sequences")
        return {name: (last, given) for name, last, given in cursor.fetchall()}


def restore(sequences: dict[str, tuple[int, bool]]) -> None:
    """Sequences are not rolled back, and numbers must be the same for rows to be compared."""
    moved = [(name, *sequences[name]) for name, now in numbers().items() if now != sequences[name]]
    with connection.cursor() as cursor:
        cursor.executemany("SELECT setval(quote_ident(%s)::regclass, %s, %s)", moved)


def press(
    client: Client, address: str, extra: dict[str, str], typed: Typed, pages: int = 1, also: frozenset[str] = frozenset()
) -> Any:
    """What is answered to the button of the page that was opened, and so on, if it leads over several pages.

    `extra` goes beside what each asks, but for what is asked `also`.
    """
    shown = client.get(address)
    for _page in range(pages):
        html = shown.content.decode() if shown.status_code == 200 and not shown.streaming else ""
        form = form_of(html, address, {name: value(client) if callable(value) else value for name, value in typed.items()})
        beside = smuggled(form, {name: value for name, value in extra.items() if name not in also})
        answer = post(client, form.action, form.sent | beside)
        address = answer.headers.get("Location", address).partition("#")[0]
        shown = answer if answer.status_code == 200 or pages == 1 else client.get(address)
    return answer


def post(client: Client, address: str, sent: Typed) -> Any:
    """In parts only where a file goes along: Django takes the fields of a form one by one out of these, and they are many."""
    values = [value for each in sent.values() for value in (each if isinstance(each, list) else [each])]
    if any(isinstance(value, SimpleUploadedFile) for value in values):
        return client.post(address, sent)
    return client.post(address, urlencode(sent, doseq=True), content_type="application/x-www-form-urlencoded")
