"""The whole stack on one broker with a mail server that fails as it is told, and how time passes for it."""

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import cycle
from pathlib import Path
from typing import Any

import psutil
from django.conf import settings

from ctac.local import processes
from tests.faults import stage
from tests.faults.brokers import KINDS, Broker
from tests.faults.clock import Clock, library
from tests.faults.judge import Verdict, judge
from tests.faults.mail_server import HOST, MailServer
from tests.faults.people import Load, busy
from tests.live.clients import Client, inside
from tests.live.stack import Live

# What a stretch of time does to rows that are not finished: everything on them is that much longer ago.
PASS = """
UPDATE notifications_notification
SET due_at = due_at - %s * interval '1 minute', queued_at = queued_at - %s * interval '1 minute',
    lease_until = lease_until - %s * interval '1 minute',
    first_tried_at = first_tried_at - %s * interval '1 minute'
WHERE state = ANY(%s) AND due_at < to_timestamp(%s)
"""
# And to a server that was found dead: the moment when it may be tried again.
PASS_OF_SERVERS = "UPDATE notifications_mailserver SET next_try_at = next_try_at - %s * interval '1 minute'"
UNDER_WAY = """
SELECT id, state, attempts, lease_token::text FROM notifications_notification
WHERE id > %s AND state IN ('pending', 'sending') AND due_at < to_timestamp(%s) ORDER BY id
"""
SOON = 3 * 3600  # seconds: what is due later waits for its own day
WAITING = 1.5  # seconds without news while nothing is being sent: all wait for their next try
QUIET = 3.5  # seconds without news, longer than any talk with the mail server: what is still marked as being sent is an orphan
EMAIL_TIMEOUT = 2


class RiggedLive(Live):
    """Its log and its media lie on a disk that can be filled, where this machine lets us mount one."""

    @property
    def log(self) -> Path:
        return self.var_dir / "disk" / "run.log"


class Outbox:
    """The messages of a stack, and how time passes for those that are not sent yet. `waiting` and `quiet`: seconds."""

    waiting, quiet = WAITING, QUIET

    def query(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        raise NotImplementedError

    def now(self) -> float:
        """By the clock of the site's processes."""
        raise NotImplementedError

    def output(self) -> str:
        """What the stack said last, for whoever looks for a cause."""
        raise NotImplementedError

    def last_message(self) -> int:
        return self.query("SELECT coalesce(max(id), 0) FROM notifications_notification")[0][0]

    def settle(self, since: int, seconds: float = 90) -> None:
        """Until all is sent. When nothing moves, minutes pass: what was put off is due, and orphans are found."""
        end, before, still_since = time.monotonic() + seconds, None, time.monotonic()
        while now := self.under_way(since):
            if now != before:
                before, still_since = now, time.monotonic()
            elif time.monotonic() - still_since > (self.quiet if any(row[1] == "sending" for row in now) else self.waiting):
                self.pass_minutes(10, {row[1] for row in now})
                still_since = time.monotonic()
            assert time.monotonic() < end, f"{len(now)} messages still wait after {seconds} s: {now[:5]}\n{self.output()[-3000:]}"
            time.sleep(0.1)

    def under_way(self, since: int) -> list[tuple[Any, ...]]:
        return self.query(UNDER_WAY, since, self.now() + SOON)

    def pass_minutes(self, minutes: int, states: Iterable[str] = ("pending", "sending")) -> None:
        """Of messages in these states. Where only what waits is named, one that is taken up at this moment keeps its lease."""
        self.query(PASS, *[minutes] * 4, list(states), self.now() + SOON)
        self.query(PASS_OF_SERVERS, minutes)


class Rig(Outbox):
    def __init__(self, folder: Path, name: str, *, with_clock: bool) -> None:
        self.folder, self.name = folder, name
        self.server = MailServer()
        self.broker: Broker = KINDS[name](folder / "broker")
        self.disk = folder / "disk"
        self.disk.mkdir()
        self.clock = Clock(folder.parent / f"{folder.name}.clock", library() if with_clock else "")
        url = {"CELERY_BROKER_URL": self.broker.url} if self.broker.url else {}
        mine = {"EMAIL_URL": f"smtp://{HOST}:{self.server.port}", "EMAIL_TIMEOUT": str(EMAIL_TIMEOUT)}
        mine |= {"OUTBOX_SWEEP_SECONDS": "1", "MEDIA_ROOT": str(self.disk / "media")}
        # Nobody is signed out by a clock that jumps a day.
        mine |= dict.fromkeys(("SESSION_IDLE_MINUTES", "STAFF_SESSION_IDLE_MINUTES"), "6000")
        mine |= dict.fromkeys(("SESSION_LONGEST_HOURS", "STAFF_SESSION_LONGEST_HOURS"), "100")
        self.live = RiggedLive(folder, **mine, **url, **self.clock.variables())
        self.people = cycle(stage.PEOPLE)
        self.facts: dict[str, Any] = {}
        self.usual = 0.0  # seconds of the slowest answer while nothing is broken
        self.no_disk = ""  # why its disk can't be filled
        self.end = ExitStack()

    def start(self) -> None:
        self.end.callback(self.server.stop)
        self.end.callback(getattr(self.broker, "end", self.broker.stop))
        self.broker.start()
        self.end.callback(self._stop_live)
        self.live.start()
        self.facts = inside(self.live, "tests.faults.stage", "lay_out")
        self.settle(0)
        if self.clock.preloaded:  # the long version: its first visitors would wait for each process to read the site
            self.trial("first visitors", lambda rig, load: load.wait_for(4))

    def stop(self) -> None:
        self.end.close()

    def query(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        return self.live.query(sql, *values)

    def now(self) -> float:
        return self.clock.now()

    def output(self) -> str:
        return self.live.output()

    def _stop_live(self) -> None:
        if self.live.process is not None and self.live.process.poll() is None:
            self.live.stop()

    # A fault

    def trial(self, fault: str, break_it: Callable[["Rig", Load], None], *, people: int = 3) -> Verdict:
        """People book and order; meanwhile it breaks and is mended; then they go on; then all that was written is sent."""
        begun = time.monotonic()
        verdict = Verdict(fault, self.name)
        since = self.last_message()
        who = [next(self.people) for _ in range(people)]
        with busy(self.live.base_url, self.facts["people"], who) as load:
            load.wait_for(2)
            break_it(self, load)
            if not load.stopping.is_set():
                load.wait_for(2)
        self.settle(since)
        judge(self.live.query, self.server, load, since, verdict)
        verdict.seconds = time.monotonic() - begun
        return verdict

    # Its parts

    def worker_processes(self) -> list[psutil.Process]:
        return tree(self.live.pid("worker"))

    @contextmanager
    def worker_stopped(self) -> Iterator[None]:
        """Frozen, so that what is queued stays there."""
        frozen = self.worker_processes()
        for process in frozen:
            process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            for process in frozen:
                process.send_signal(signal.SIGCONT)

    @contextmanager
    def slow_mail(self, pause: float = 0.5) -> Iterator[None]:
        self.server.pause = pause
        self.server.in_data.clear()
        try:
            yield
        finally:
            self.server.pause = 0.0

    @contextmanager
    def another_beat(self) -> Iterator[None]:
        env = self.live.env | {"DJANGO_SETTINGS_MODULE": "ctac.settings"}
        words = ["-m", "celery", "--app", "ctac", "--quiet", "beat", "--pidfile=", f"--schedule={self.folder}/second-beat"]
        second = subprocess.Popen(
            [sys.executable, *words],
            cwd=settings.BASE_DIR,
            env=env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=processes.end_with_parent(signal.SIGTERM),
        )
        try:
            yield
        finally:
            second.terminate()
            second.wait(20)

    def mount(self) -> str:
        """A small disk for log and media. Why not, where this machine doesn't let us."""
        words = ["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", str(self.disk)]
        if not shutil.which("mount") or subprocess.run(words, capture_output=True, check=False).returncode:
            return "a disk of its own can't be mounted here: needs root"
        away = ["umount", "--lazy", str(self.disk)]
        self.end.callback(lambda: subprocess.run(away, capture_output=True, check=False))
        return ""

    def staff(self) -> Client:
        return Client(self.live.base_url, session=self.facts["staff"])

    def database_answers(self) -> bool:
        try:
            return bool(self.live.query("SELECT 1"))
        except Exception:  # noqa: BLE001 - it is starting: any error means not yet
            return False


def tree(pid: int) -> list[psutil.Process]:
    main = psutil.Process(pid)
    return [main, *main.children(recursive=True)]
