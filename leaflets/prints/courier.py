"""The list of parcels that a courier's site takes in."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import astuple, fields
from io import StringIO

from leaflets.exchange.cells import harmless
from leaflets.prints.inputs import CourierRow


def courier_csv(rows: Iterable[CourierRow]) -> Iterator[bytes]:
    """Row by row, the head first. UTF-8 with a mark, so that Excel reads the letters right; lines end as RFC 4180 says."""
    buffer = StringIO(newline="")
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow([field.name for field in fields(CourierRow)])
    yield _taken(buffer).encode("utf-8-sig")
    for row in rows:
        writer.writerow([harmless(value) if isinstance(value, str) else value for value in astuple(row)])
        yield _taken(buffer).encode()


def _taken(buffer: StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text
