"""Child processes that end with the process that started them; on Linux the kernel sees to it."""

import ctypes
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ctac.local import PlatformError

STABLE_RUN_SECONDS = 10.0  # one that ran this long is restarted at once
MAX_RESTART_DELAY_SECONDS = 10.0
STOP_TIMEOUT_SECONDS = 10.0
READ_CHUNK_BYTES = 65536


@dataclass
class Child:
    """A process to keep running. `arguments()` gives Popen's arguments before each start."""

    name: str
    arguments: Callable[[], dict[str, Any]]
    stop_signal: signal.Signals = signal.SIGTERM
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    start_at: float = 0.0  # when it is due to be started again
    failures: int = 0
    stop_requested: bool = False
    unfinished_line: bytes = field(default=b"", repr=False)


class Supervisor:
    """Keeps a few processes running: starts each in its own group, prefixes its output, and restarts it when it dies.

    A single thread does it all, so that children can be tied to it and forks are safe.
    """

    def __init__(self, state_file: Path, say: Callable[[str], None], clean_up: Callable[[str], None] = lambda name: None) -> None:
        """`clean_up` is called with a child's name after its group is gone, before it starts again."""
        self.children: list[Child] = []
        self.facts: dict[str, Any] = {"supervisor": os.getpid()}
        self.stopping = False
        self._state_file, self._say, self._clean_up = state_file, say, clean_up
        self._selector = selectors.DefaultSelector()

    def add(self, child: Child) -> Child:
        self.children.append(child)
        self._start(child)
        return child

    def run(self, until: Callable[[], bool] = lambda: False, seconds: float = float("inf")) -> bool:
        """Keep everything running until the condition holds (True), the time is over or a signal says to stop (False)."""
        end = time.monotonic() + seconds
        while not self.stopping:
            self._forward_output(0.2)
            for child in self.children:
                if child.process is None:
                    if time.monotonic() >= child.start_at and not self.stopping:
                        self._start(child)
                elif child.process.poll() is not None:
                    code = child.process.returncode
                    self._reap(child)
                    self._plan_restart(child)
                    reason = f"signal {signal.Signals(-code).name}" if code < 0 else f"code {code}"
                    self._say(f"{child.name} ended ({reason}); starting it again")
            if until():
                return True
            if time.monotonic() > end:
                return False
        return False

    def stop_on_signals(self) -> None:
        def on_signal(number: int, frame: object) -> None:
            self.stopping = True

        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup
                signal.signal(number, on_signal)

    def stop(self) -> None:
        """Stop all children, the last one started first, and leave nothing behind."""
        for child in reversed(self.children):
            self._end(child)
        self._forward_output(0)
        self._selector.close()
        self._state_file.unlink(missing_ok=True)

    def ask_to_stop(self, children: list[Child]) -> None:
        """Signal all children at once, and each only once, because a second signal makes Celery stop hard."""
        for child in children:
            if child.process and child.process.poll() is None and not child.stop_requested:
                child.stop_requested = True
                send_signal(child.process.pid, child.stop_signal)

    def _start(self, child: Child) -> None:
        child.started_at, child.stop_requested = time.monotonic(), False
        try:
            child.process = subprocess.Popen(
                **{"stdin": subprocess.DEVNULL, **child.arguments()},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=end_with_parent(child.stop_signal),
            )
        except (OSError, PlatformError) as error:
            self._say(f"{child.name} can't start: {error}")
            self._plan_restart(child)
            return
        output = child.process.stdout
        if output is not None:
            os.set_blocking(output.fileno(), False)
            self._selector.register(output, selectors.EVENT_READ, child)
        # For tests, and for a second `make run`: the processes that there are.
        pids = {child.name: child.process.pid for child in self.children if child.process}
        unfinished = self._state_file.with_suffix(".new")
        unfinished.write_text(json.dumps(self.facts | {"children": pids}))
        unfinished.replace(self._state_file)

    def _plan_restart(self, child: Child) -> None:
        steady = time.monotonic() - child.started_at >= STABLE_RUN_SECONDS
        child.failures = 0 if steady else child.failures + 1
        child.start_at = time.monotonic() + (min(0.25 * 2**child.failures, MAX_RESTART_DELAY_SECONDS) if child.failures else 0)

    def _reap(self, child: Child) -> None:
        """After the process has ended: read its last output, and end what is left of its group."""
        if child.process is None:
            return
        send_group_signal(child.process.pid, signal.SIGKILL)
        self._read(child)
        self._close_output(child)
        child.process, child.unfinished_line = None, b""
        self._clean_up(child.name)

    def _end(self, child: Child) -> None:
        if child.process is None:
            return
        process, end = child.process, time.monotonic() + STOP_TIMEOUT_SECONDS
        self.ask_to_stop([child])
        while process.poll() is None and time.monotonic() < end:
            self._forward_output(0.02)
        if process.poll() is None:
            self._say(f"{child.name} does not stop; ending it")
            send_group_signal(process.pid, signal.SIGKILL)
            process.wait()
        self._reap(child)

    def _forward_output(self, seconds: float) -> None:
        for key, _events in self._selector.select(seconds):
            self._read(key.data)

    def _read(self, child: Child) -> None:
        output = child.process.stdout if child.process else None
        if output is None or output.closed:
            return
        with suppress(BlockingIOError):
            chunk = os.read(output.fileno(), READ_CHUNK_BYTES)
            if not chunk:
                self._close_output(child)
            *lines, child.unfinished_line = (child.unfinished_line + chunk).split(b"\n")
            for line in lines:
                self._say(f"{child.name:<8} | {line.decode(errors='replace')}")

    def _close_output(self, child: Child) -> None:
        output = child.process.stdout if child.process else None
        if output is not None and not output.closed:
            self._selector.unregister(output)
            output.close()


PR_SET_PDEATHSIG = 1  # prctl(2)
IS_LINUX = sys.platform == "linux"
PROC_DIR = Path("/proc")


def end_with_parent(death_signal: signal.Signals) -> Callable[[], None]:
    """For Popen's preexec_fn: the child gets this signal when the thread that started it ends, even by kill -9.

    To be used from the main thread. Popen runs it after changing the user, which would clear it.
    """
    parent = os.getpid()
    libc = ctypes.CDLL(None) if IS_LINUX else None

    def tie() -> None:
        if libc is None:
            return
        libc.prctl(PR_SET_PDEATHSIG, death_signal)
        if os.getppid() != parent:
            os._exit(1)

    return tie


def command_lines() -> dict[int, str]:
    """The ids and command lines of the processes on this machine that we may see."""
    found = {}
    if IS_LINUX:
        for folder in PROC_DIR.iterdir():
            if folder.name.isdigit():
                with suppress(OSError):
                    found[int(folder.name)] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        return found
    listing = subprocess.run(["/bin/ps", "-axo", "pid=,command="], capture_output=True, text=True, check=False)
    for line in listing.stdout.splitlines():
        pid, _, command = line.strip().partition(" ")
        found[int(pid)] = command
    return found


def wait_until(condition: Callable[[], bool], seconds: float, every: float = 0.02) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(every)
    return True


def send_signal(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def send_group_signal(group: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
