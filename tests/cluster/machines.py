"""Machines on one machine: each a network namespace on a bridge, whose processes see folders of their own.

Everything here runs inside `python -m tests.cluster`, which has a network, mounts and process ids of its own: when it ends,
however it ends, the kernel takes them all with it, and the machine outside never knew of them.
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

NETWORK = "10.77.0"
OUTSIDE = f"{NETWORK}.1"  # people and the mail server
VISITORS = "10.77.128.0/17"  # each person comes from an address of their own
# Root on these machines may do no more than any user: nothing can be mounted, no file of another read or written.
NO_RIGHTS = ("setpriv", "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs")
# Of what starts `make cluster` only this; a developer's settings are not the cluster's.
PASSED_ON = ("PATH", "LANG", "HOME")


class Failed(Exception):
    """A command ended badly; it says what the command said."""


def run(*words: str, env: Mapping[str, str] | None = None) -> str:
    """What it prints. Raises Failed."""
    done = subprocess.run(words, env=only(env), capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failed(f"{words} ended with {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
    return done.stdout


def lay_network() -> None:
    run("mount", "-t", "tmpfs", "tmpfs", "/run")  # where `ip` keeps the names of its namespaces
    run("ip", "link", "set", "lo", "up")
    run("ip", "link", "add", "switch", "type", "bridge")
    run("ip", "address", "add", f"{OUTSIDE}/16", "dev", "switch")
    run("ip", "link", "set", "switch", "up")
    run("ip", "route", "add", "local", VISITORS, "dev", "lo")


class Machine:
    """One with an address, a folder and processes. `mounts`: lines of shell by which it sees its folders in place."""

    def __init__(self, name: str, number: int, folder: Path, *mounts: str) -> None:
        self.name, self.address = name, f"{NETWORK}.{number}"
        self.folder = folder / name
        self.mounts = list(mounts)
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.folder.mkdir(parents=True)
        run("ip", "netns", "add", name)
        run("ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", name)
        run("ip", "link", "set", name, "master", "switch", "up")
        for words in (f"address add {self.address}/16 dev eth0", "link set eth0 up", "link set lo up"):
            run("ip", "-n", name, *words.split())

    def words(self, command: Sequence[str], user: str = "") -> list[str]:
        """The command as it runs there: without any right of root, as `user` if one is named."""
        as_user = [f"--reuid={user}", f"--regid={user}", "--init-groups"] if user else []
        setup = "; ".join(["set -e", *self.mounts, 'exec "$@"'])
        return ["ip", "netns", "exec", self.name, "sh", "-c", setup, "sh", *NO_RIGHTS, *as_user, *command]

    def start(self, name: str, command: Sequence[str], env: Mapping[str, str] | None = None, user: str = "") -> None:
        with self.log(name).open("ab") as log:
            self.processes[name] = subprocess.Popen(
                self.words(command, user), env=only(env), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )

    def run(self, command: Sequence[str], env: Mapping[str, str] | None = None, user: str = "") -> str:
        """What it prints. Raises Failed."""
        return run(*self.words(command, user), env=env)

    def log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def tree(self, name: str) -> list[psutil.Process]:
        with suppress(psutil.NoSuchProcess):
            main = psutil.Process(self.processes[name].pid)
            return [main, *main.children(recursive=True)]
        return []

    def kill(self, name: str) -> None:
        """As when the power goes: it and its children in one moment."""
        for process in self.tree(name):
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self.processes.pop(name).wait(10)

    def stop(self, name: str, number: signal.Signals = signal.SIGTERM, seconds: float = 60) -> None:
        """As it is told to end; raises TimeoutExpired where it doesn't."""
        process = self.processes.pop(name)
        process.send_signal(number)
        process.wait(seconds)

    def cut(self) -> None:
        """As when the cable is pulled: nobody is told, and nothing arrives."""
        run("ip", "link", "set", self.name, "down")

    def join(self) -> None:
        run("ip", "link", "set", self.name, "up")


def only(env: Mapping[str, str] | None) -> dict[str, str]:
    return {name: os.environ[name] for name in PASSED_ON if name in os.environ} | dict(env or {})


def wait_for(condition: Callable[[], object], seconds: float, what: str, every: float = 0.05) -> float:
    """The seconds that it took. Raises TimeoutError."""
    begun = time.monotonic()
    while not condition():
        if time.monotonic() - begun > seconds:
            raise TimeoutError(f"{what}: not within {seconds:.0f} s")
        time.sleep(every)
    return time.monotonic() - begun
