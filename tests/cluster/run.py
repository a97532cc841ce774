"""What `make cluster` does: build it, break it, load it, and say what came of it."""

import argparse
import shutil
import sys
import time

import django

django.setup()

from tests.cluster import faults  # noqa: E402 - they need the settings
from tests.cluster.cluster import Cluster  # noqa: E402
from tests.cluster.judge import HEAD, Row, line, row_line, table  # noqa: E402
from tests.cluster.people import Crowd, Site  # noqa: E402
from tests.faults.mail_server import MailServer  # noqa: E402

REGULARS, NEWCOMERS = 6, 300
THINK = (0.1, 0.5)  # seconds before each page, while things break
PRESENTERS = 40


def say(words: str = "") -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def run(given: argparse.Namespace) -> int:
    shutil.rmtree(given.folder, ignore_errors=True)
    given.folder.mkdir(parents=True)
    mail = MailServer("0.0.0.0")  # noqa: S104 - of a network of our own
    cluster = Cluster(given.folder, mail, small_disks=not given.short)
    cluster.start()
    cluster.lay_out(max(REGULARS + NEWCOMERS, given.people), PRESENTERS)
    site = Site(cluster.name, cluster.base_url, mail)
    chosen = faults.SHORT if given.short else faults.FAULTS
    trials = faults.Trials(cluster, Crowd(site, REGULARS, NEWCOMERS, THINK))
    rows: list[Row] = []
    say(line(HEAD))
    for name, fault in chosen.items():
        if given.only in name:
            rows.append(trials.trial(name, fault))
            say(row_line(rows[-1]))
    say()
    say(table(rows))
    return int(any(row.wrong for row in rows))
