"""`python -m bench.prints`: seconds and memory of what a packing session prints, for 1, 50, 200 and 1,000 parcels.

Each print is a process of its own, so that its peak is its own: megabytes at the highest, above what the process had with the
libraries loaded. Wall-clock seconds count the loading of the fonts and the writing of the file, not that of the libraries. Slips
have three leaflets and six lines of address; each third has some still to come.
"""

import argparse
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import IO

import django

from bench import machine
from bench.servers import BASE_DIR

PARCELS = (1, 50, 200, 1_000)
MOST_SECONDS, MOST_KB_A_PARCEL = 10.0, 100.0  # of 200 parcels; between 200 and 1,000
NOW = datetime(2026, 11, 26, 15, 43, tzinfo=UTC)
TITLES = ("advice for health visitors", "advice for social workers", "advice for A&E departments and walk-in clinics")


def slips(parcels: int) -> IO[bytes]:
    from leaflets.dispatch.prints import Slip, SlipItem
    from leaflets.dispatch.slips import packing_slips

    def slip(number: int) -> Slip:
        items = [
            SlipItem(f"Stop child trafficking in its tracks: {title}", "March 2026", 20, number % 3 and 5) for title in TITLES
        ]
        reference = f"LO-{number:04}-PT"
        url = f"https://ctac.example/leaflets/orders/{reference}/"
        return Slip(number, reference, url, date(2026, 11, 20), address(number), items)

    return packing_slips(map(slip, range(1, parcels + 1)), made_at=NOW)


def labels(parcels: int) -> IO[bytes]:
    from leaflets.dispatch.prints import LABEL_SHEETS
    from leaflets.dispatch.sheets import address_labels

    return address_labels(((number, address(number)) for number in range(1, parcels + 1)), sheet=LABEL_SHEETS[0], start=1)


def picks(parcels: int) -> IO[bytes]:
    """As many titles as there are parcels, which is far more than there can be."""
    from leaflets.dispatch.prints import Pick
    from leaflets.dispatch.sheets import pick_list

    rows = (Pick(f"{TITLES[number % 3]}, number {number}", "March 2026", number, 3) for number in range(parcels))
    return pick_list(rows, heading="Pick list", made_at=NOW)


def address(number: int) -> list[str]:
    name, street = f"Siân Ŵyn-Nguyễn {number}", f"{number} Penrhosgarnedd"
    return [name, "Health Visiting Team", "Ysbyty Gwynedd", street, "Bangor", "LL57 2PW"]


KINDS: dict[str, Callable[[int], IO[bytes]]] = {"slips": slips, "labels": labels, "picks": picks}


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(kind: str, parcels: int) -> None:
    """In a process of its own; prints seconds by the clock and of the processor, megabytes and the size of the file."""

    before, began, worked = peak_mb(), time.perf_counter(), time.process_time()
    with KINDS[kind](parcels) as file:
        took, worked = time.perf_counter() - began, time.process_time() - worked
        size = file.seek(0, os.SEEK_END)
    print(f"{took} {worked} {peak_mb() - before} {size / 1000}")


def measured(kind: str, parcels: int) -> list[float]:
    words = [sys.executable, "-m", "bench.prints", "--kind", kind, "--parcels", str(parcels)]
    said = subprocess.run(words, cwd=BASE_DIR, capture_output=True, text=True, check=True).stdout
    return [float(figure) for figure in said.split()]


def report() -> bool:
    print(f"date       {NOW.now(UTC):%Y-%m-%d %H:%M} UTC, commit {machine.commit()}")
    print(f"machine    {machine.processor()}, {os.cpu_count()} cores, {machine.memory_gb():.0f} GB")
    print(f"busy with  a load of {os.getloadavg()[0]:.1f} before it began (0 is a quiet machine)\n")
    good = []
    for kind in KINDS:
        peaks = {}
        for parcels in PARCELS:
            seconds, worked, peak, kilobytes = measured(kind, parcels)
            took = f"{seconds:>8.2f} s, {worked:>5.2f} s of a processor"
            print(f"  {kind:<7}{parcels:>6,}{took}{peak:>8.1f} MB at the highest{kilobytes:>8,.0f} kB of PDF")
            peaks[parcels] = peak
            good += [seconds <= MOST_SECONDS] if parcels == 200 else []
        each = (peaks[1_000] - peaks[200]) * 1024 / 800
        good.append(each <= MOST_KB_A_PARCEL)
        print(f"  {kind:<7}{each:>6.0f} kB of memory a parcel\n")
    print(f"{sum(good)} of {len(good)} hold (200 in {MOST_SECONDS:.0f} s; {MOST_KB_A_PARCEL:.0f} kB a parcel)")
    return all(good)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", choices=KINDS, help=argparse.SUPPRESS)
    parser.add_argument("--parcels", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    os.environ.setdefault("CTAC_ENV", "test")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ctac.settings")
    if options.kind:
        django.setup()
        measure(options.kind, options.parcels)
    else:
        sys.exit(0 if report() else 1)


if __name__ == "__main__":
    main()
