"""How much is drawn, and from where: the same in each `make test`, something new in each `make security`."""

import os
import secrets
from collections.abc import Iterable
from zlib import crc32

LONG = "SECURITY" in os.environ
BEGIN = int(os.environ.get("FUZZ_SEED") or (secrets.randbelow(2**32) if LONG else 1))
MORE = float(os.environ.get("FUZZ_MORE", "1"))
# Of each page: by its address, by its form (each page of it), by a POST where there is no form.
ADDRESSES, FORM, STRAY = (int(MORE * each) for each in ((11, 20, 6) if LONG else (2, 4, 2)))
SHARE = 1 if LONG else 6  # of the pages one in so many, the same each time
AT_LEAST = 10_000


def some(names: Iterable[str]) -> list[str]:
    return [name for name in names if crc32(name.encode()) % SHARE == 0]
