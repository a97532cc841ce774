"""Child processes that never outlive what started them, on Linux by the kernel's hand."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

PR_SET_PDEATHSIG = 1  # prctl(2)
LINUX = sys.platform == "linux"
PROC = Path("/proc")


def tied(death_signal: signal.Signals) -> Callable[[], None]:
    """For Popen's preexec_fn: the child gets this signal when the thread that starts it ends, by kill -9 too.

    Start from the main thread. Popen runs it after it has changed the user, which would clear it.
    """
    parent = os.getpid()
    libc = ctypes.CDLL(None) if LINUX else None

    def tie() -> None:
        if libc is None:
            return
        libc.prctl(PR_SET_PDEATHSIG, death_signal)
        if os.getppid() != parent:
            os._exit(1)

    return tie


def command_lines() -> dict[int, str]:
    """What runs on this machine, as far as we may see: process id and command line."""
    found = {}
    if LINUX:
        for folder in PROC.iterdir():
            if folder.name.isdigit():
                with suppress(OSError):
                    found[int(folder.name)] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        return found
    listing = subprocess.run(["/bin/ps", "-axo", "pid=,command="], capture_output=True, text=True, check=False)
    for line in listing.stdout.splitlines():
        pid, _, command = line.strip().partition(" ")
        found[int(pid)] = command
    return found


def is_alive(pid: int) -> bool:
    """Zombies count as dead."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    if LINUX:
        try:
            state = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return False
        return state not in {"Z", "X"}
    return True


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
