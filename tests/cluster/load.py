"""Many signed-in people at once, on the cluster and on one bare node, with time to think between pages."""

import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from tests.cluster.cluster import NAME, Cluster
from tests.cluster.databases import DATABASE, Database, Secrets
from tests.cluster.judge import Row, is_good, what_is_stored
from tests.cluster.machines import wait_for
from tests.cluster.nodes import PORT, Redis, Web, Worker
from tests.cluster.people import CrowdLoad, Person, Site, many, percentile
from tests.faults.rig import Outbox

THINK = (5.0, 15.0)  # seconds before each page: to read it, to type
SIGNING_IN = 6  # at once, before the clock starts


@dataclass
class Figures:
    """What so many people saw. Seconds, but for `rate`, which is answers a second."""

    where: str
    people: int = 0
    minutes: float = 0.0
    answers: int = 0
    rate: float = 0.0
    median: float = 0.0
    p95: float = 0.0
    p99: float = 0.0
    slowest: float = 0.0
    acknowledged: int = 0
    sign_ins: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


def sign_all_in(people: Sequence[Person]) -> None:
    """Raises AssertionError where somebody can't."""
    load = CrowdLoad()

    def sign_in(person: Person) -> None:
        thinks, person.think = person.think, (0, 0)
        person.sign_in(load)
        person.think = thinks

    with ThreadPoolExecutor(SIGNING_IN) as pool:
        list(pool.map(sign_in, people))
    assert not load.without_code, load.without_code


def measure(where: str, site: Site, outbox: Outbox, number: int, minutes: float) -> Figures:
    since = outbox.last_message()
    people = [Person(each, site, THINK) for each in range(number)]
    sign_all_in(people)
    with many(people) as load:
        begun = time.monotonic()
        time.sleep(60 * minutes)
        seconds = time.monotonic() - begun
        done = len(load.acknowledged), len(load.sign_ins)
        answers = [request for request in load.requests if request.status]
        broken = Counter("no answer" if not each.status else str(each.status) for each in load.requests if not is_good(each))
    found = Figures(where, number, minutes, len(answers), len(answers) / seconds, errors=broken)
    found.median, found.p95, found.p99, found.slowest = (percentile(answers, share) for share in (0.5, 0.95, 0.99, 1.0))
    found.acknowledged, found.sign_ins = done
    row = Row(where)
    outbox.settle(since)
    what_is_stored(row, outbox.query, site.mail, load, since)
    found.wrong = row.wrong
    return found


class Bare(Outbox):
    """One gunicorn straight on one PostgreSQL, with a Redis and a worker; no proxy, no pooler, no standby."""

    def __init__(self, cluster: Cluster) -> None:
        folder, self.passwords = cluster.folder / "bare", Secrets()
        self.database = Database("bare-db", 91, folder, self.passwords)
        self.redis = Redis("bare-redis", 92, folder)
        env = cluster.environment(self.passwords.url("ctac_app", self.database.address), self.redis.address)
        env["WEB_WORKERS"] = "2"
        self.web, self.worker = Web("bare-web", 90, folder, env), Worker("bare-worker", 93, folder, env)
        self.cluster = cluster

    def start(self, people: int, presenters: int) -> Site:
        """Where people go."""
        self.database.lay_out(self.cluster.kept())
        self.database.serve()
        self.database.set_passwords()
        self.redis.serve()
        for site in (self.web, self.worker):
            site.put(self.cluster.old)
        self.cluster.lay_out(people, presenters, self.web)
        self.web.serve()
        self.worker.serve()
        wait_for(self.web.is_ready, 90, "the bare node is ready", 0.2)
        return Site(NAME, f"http://{self.web.address}:{PORT}", self.cluster.mail)

    def query(self, sql: str, *values: object) -> list[tuple]:
        return self.database.query(sql, *values, database=DATABASE)

    def now(self) -> float:
        return time.time()

    def output(self) -> str:
        return self.web.output[-1500:] + self.worker.output[-1500:]


def side_by_side(figures: Sequence[Figures]) -> str:
    """A line for each of the figures, a column for where they were seen."""
    lines = {
        "people at once": lambda each: each.people,
        "minutes": lambda each: f"{each.minutes:g}",
        "pages": lambda each: each.answers,
        "pages a second": lambda each: f"{each.rate:.1f}",
        "median": lambda each: f"{1000 * each.median:.0f} ms",
        "p95": lambda each: f"{1000 * each.p95:.0f} ms",
        "p99": lambda each: f"{1000 * each.p99:.0f} ms",
        "slowest": lambda each: f"{1000 * each.slowest:.0f} ms",
        "bookings and orders": lambda each: each.acknowledged,
        "sign-ins": lambda each: each.sign_ins,
        "errors": lambda each: ", ".join(f"{count} × {name}" for name, count in each.errors.items()) or "none",
        "verdict": lambda each: "; ".join(each.wrong)[:300] or "nothing lost, nothing twice",
    }
    heads = [f"{'load':<22}" + "".join(f"{each.where:<30}" for each in figures)]
    return "\n".join(heads + [f"{name:<22}" + "".join(f"{say(each)!s:<30}" for each in figures) for name, say in lines.items()])
