"""How many rows a page reads, as PostgreSQL itself counts them."""

import json
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

SMALL = {"bookings_presenter", "bookings_presentation", "leaflets_edition", "leaflets_leaflet"}  # a hundred rows at most


def read_of(plan: dict[str, Any]) -> int:
    """The most rows that one step of the plan took from a large table or its index."""
    kept = plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0) + plan.get("Rows Removed by Index Recheck", 0)
    reads = plan.get("Relation Name", plan.get("Index Name", "")) not in {"", *SMALL}
    return max([round(kept * plan["Actual Loops"]) if reads else 0, *(read_of(each) for each in plan.get("Plans", []))])


def read_by(client: Client, address: str) -> int:
    """The most rows that any statement of this page read in one step."""
    with CaptureQueriesContext(connection) as taken:
        response = client.get(address)
    assert response.status_code == 200, address
    return most_read(taken)


def most_read(taken: CaptureQueriesContext) -> int:
    return max(read_in(query["sql"]) for query in taken.captured_queries if reads(query["sql"]))


def reads(sql: str) -> bool:
    """A union begins with a bracket, and a statement may name what it reads first."""
    return sql.lstrip(" (\n").startswith(("SELECT", "WITH"))


def read_in(sql: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, TIMING off, FORMAT json) {sql.replace('%', '%%')}", ())
        found = cursor.fetchone()[0]
    return read_of((json.loads(found) if isinstance(found, str) else found)[0]["Plan"])
