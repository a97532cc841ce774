"""What `make cluster` does: build it, break it, load it, and say what came of it."""

import argparse
import shutil
import sys

import django

django.setup()

from tests.cluster import faults  # noqa: E402 - they need the settings
from tests.cluster.cluster import Cluster  # noqa: E402
from tests.cluster.judge import HEAD, Row, line, row_line  # noqa: E402
from tests.cluster.load import Bare, Figures, measure, side_by_side  # noqa: E402
from tests.cluster.people import Crowd, Site  # noqa: E402
from tests.faults.mail_server import MailServer  # noqa: E402

PEOPLE = 600  # of whom each fault takes others
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
    if given.short:
        cluster.waiting, cluster.quiet = 3.0, 10.0
    cluster.start()
    cluster.lay_out(max(PEOPLE, given.people), PRESENTERS)
    site = Site(cluster.name, cluster.base_url, mail)
    chosen = faults.SHORT if given.short else faults.FAULTS
    trials = faults.Trials(cluster, Crowd(site, PEOPLE, THINK))
    rows: list[Row] = []
    say(line(HEAD))
    for name, fault in chosen.items():
        if given.only in name:
            rows.append(trials.trial(name, fault))
            say(row_line(rows[-1]))
    if not given.short and given.only in faults.CONTROL:
        rows.append(control(trials))
        say(row_line(rows[-1]))
    figures = compare(cluster, site, given.people, given.load) if given.load and not given.short else []
    if figures:
        say(f"\n{side_by_side(figures)}")
    return int(any(each.wrong for each in [*rows, *figures]))


def control(trials: faults.Trials) -> Row:
    """Last of the trials, since it loses something, which the judge must see."""
    row = trials.trial(faults.CONTROL, faults.failed_over_with_a_loss)
    lost = sum("is not there" in wrong for wrong in row.wrong)
    row.well = f"{lost} lost, which the judge sees, as it must"
    row.wrong = [] if lost else ["the judge found nothing lost"]
    return row


def compare(cluster: Cluster, site: Site, people: int, minutes: float) -> list[Figures]:
    """The same people on the cluster, then on a bare node, while the cluster's own nodes are stopped: they share the cores."""
    found = [measure("cluster", site, cluster, people, minutes)]
    cluster.stop_sites()
    bare = Bare(cluster)
    return [*found, measure("bare node", bare.start(people, PRESENTERS), bare, people, minutes)]
