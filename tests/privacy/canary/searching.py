"""Looks for a person everywhere: each column of each table as text, what is encrypted or packed opened, and every file."""

import json
import pickle
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import connection

from accounts import encryption
from accounts.sessions import SessionStore
from notifications import rendering

TABLES = """
    SELECT quote_ident(relname), relname FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') ORDER BY relname
"""


def values_of_tables() -> Iterator[tuple[str, str]]:
    """('professionals_person.name', 'Sam Taylor') of every column of every row, whether Django knows the table or not."""
    with connection.cursor() as cursor:
        cursor.execute(TABLES)
        for quoted, table in cursor.fetchall():
            cursor.execute(f"SELECT row_to_json(t)::text FROM public.{quoted} t")  # noqa: S608 - a name that the server quoted
            for (row,) in cursor.fetchall():
                for column, value in json.loads(row).items():
                    yield f"{table}.{column}", opened(f"{table}.{column}", value)


def opened(where: str, value: Any) -> str:
    """As it would be read by whoever has the keys that we have."""
    if value is None:
        return ""
    if where == "professionals_import.file":
        return bytes.fromhex(value.removeprefix("\\x")).decode()
    if where == "notifications_notification.sealed_body":
        mail = rendering.decrypt(bytes.fromhex(value.removeprefix("\\x")))
        return f"{mail.subject} {mail.text} {mail.html}"
    if where == "accounts_session.session_data":
        return str([opened_box(each) for each in SessionStore().decode(value).values()])
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def opened_box(value: Any) -> Any:
    """What was sent too late waits in a session, locked."""
    return encryption.decrypt(value["box"]) if isinstance(value, dict) and "box" in value else value


def values_of_files() -> Iterator[tuple[str, str]]:
    """Uploaded files, what this copy writes beside the database, and the cache, unpacked."""
    cache = Path(settings.CACHES["default"]["LOCATION"])
    for path in sorted(file for file in cache.rglob("*") if file.is_file()):
        yield f"cache {path.name}", of_cache(path.read_bytes())
    media = Path(default_storage.location)
    for path in sorted(file for file in media.rglob("*") if file.is_file()):
        yield f"file {path.name}", f"{path.name} {path.read_bytes().decode(errors='replace')}"
    for folder in ("broker", "mail", "erasures"):
        for path in sorted(file for file in (settings.VAR_DIR / folder).rglob("*") if file.is_file()):
            yield f"file {folder}/{path.name}", path.read_bytes().decode(errors="replace")


def of_cache(content: bytes) -> str:
    """A pickled end, then the packed value (django.core.cache.backends.filebased)."""
    start = content.index(b"x\x9c") if b"x\x9c" in content else len(content)
    return str(pickle.loads(zlib.decompress(content[start:]))) if start < len(content) else ""  # noqa: S301 - ours


def found(*looked_for: str, also: dict[str, str] | None = None) -> set[str]:
    """Where any of these stands, in any case of letters."""
    words = [each.lower() for each in looked_for]
    places = [*values_of_tables(), *values_of_files(), *(also or {}).items()]
    return {where for where, text in places if any(word in text.lower() for word in words)}
