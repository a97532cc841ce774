"""The three brokers that a test can start, stop, kill, silence and empty, each in a folder and on a port of its own."""

import os
import secrets
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from django.conf import settings
from kombu import Connection

from ctac.local import processes
from ctac.transports import folder
from tests.faults.packages import RABBITMQ
from tests.notifications.conftest import free_port

START_SECONDS = 60


class Broker:
    """A server as a process. Subclasses say how it starts and how to ask whether it answers."""

    name = ""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def url(self) -> str:
        raise NotImplementedError

    def command(self) -> tuple[list[str], dict[str, str]]:
        raise NotImplementedError

    def start(self) -> None:
        words, env = self.command()
        with (self.folder / "log").open("ab") as log:
            tied = processes.end_with_parent(signal.SIGKILL)
            self.process = subprocess.Popen(
                words, env=os.environ | env, stdout=log, stderr=log, start_new_session=True, preexec_fn=tied
            )
        if not processes.wait_until(self.answers, START_SECONDS, every=0.1):
            raise TimeoutError(f"{self.name} did not start:\n{(self.folder / 'log').read_text(errors='replace')[-2000:]}")

    def stop(self) -> None:
        """As when the power goes."""
        if self.process:
            processes.send_group_signal(self.process.pid, signal.SIGKILL)
            self.process.wait(10)

    def silence(self, number: signal.Signals = signal.SIGSTOP) -> None:
        processes.send_group_signal(self.process.pid, number)

    def speak(self) -> None:
        self.silence(signal.SIGCONT)

    def connect(self) -> Connection:
        return Connection(self.url, connect_timeout=5, transport_options=folder.transport_options(self.url, self.folder.parent))

    def empty(self) -> None:
        """No task is left."""
        with self.connect() as connection:
            for queue in (settings.CELERY_TASK_DEFAULT_QUEUE, settings.FRESH_MAIL_QUEUE):
                connection.default_channel.queue_purge(queue)

    def answers(self) -> bool:
        with suppress(Exception), Connection(self.url, connect_timeout=1) as connection:
            connection.connect()
            return True
        return False


class Folder(Broker):
    """The embedded one has no process: its folder is away, or in its place stands a file that nobody can write into."""

    name = "folder"
    url = ""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.away = folder.with_name("broker-away")
        self.is_stopped = False

    def start(self) -> None:
        if self.is_stopped:
            self.folder.unlink()
            self.away.rename(self.folder)
            self.is_stopped = False

    def stop(self) -> None:
        if not self.is_stopped:
            self.folder.rename(self.away)
            self.is_stopped = True
            self.put_a_file_there()

    def put_a_file_there(self) -> None:
        """Whoever sends in this very moment makes the folder anew; what they put into it is lost, as with a broker that dies."""
        while not self.folder.is_file():
            shutil.rmtree(self.folder, ignore_errors=True)
            with suppress(IsADirectoryError):
                self.folder.write_text("not a folder")

    def silence(self, number: signal.Signals = signal.SIGSTOP) -> None:
        self.stop() if number == signal.SIGSTOP else self.start()

    def empty(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


class Redis(Broker):
    name = "redis"

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def command(self) -> tuple[list[str], dict[str, str]]:
        keeps_nothing = ["--save", "", "--appendonly", "no"]
        return ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder), *keeps_nothing], {}

    def empty(self) -> None:
        """Everything in it, what Celery has written there about its queues too."""
        with self.connect() as connection:
            connection.default_channel.client.flushall()


class RabbitMQ(Broker):
    """A node of its own, with a port mapper of its own, that no other on this machine knows."""

    name = "rabbitmq"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.mapper, self.between = free_port(), free_port()
        self.node = f"faults-{secrets.token_hex(4)}@localhost"
        (folder / "rabbitmq.conf").write_text(f"listeners.tcp.1 = 127.0.0.1:{self.port}\nloopback_users = none\n")
        (folder / "plugins").write_text("[].\n")
        self.epmd: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self.port}//"

    def command(self) -> tuple[list[str], dict[str, str]]:
        folder = self.folder
        return [str(RABBITMQ)], {
            "HOME": str(folder),
            "ERL_EPMD_PORT": str(self.mapper),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": self.node,
            "RABBITMQ_DIST_PORT": str(self.between),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq"),
            "RABBITMQ_CONF_ENV_FILE": os.devnull,
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
            "RABBITMQ_MNESIA_BASE": str(folder / "data"),
            "RABBITMQ_LOG_BASE": str(folder / "logs"),
            "RABBITMQ_PID_FILE": str(folder / "pid"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+sbwt none +S 1:1",
        }

    def start(self) -> None:
        if self.epmd is None:
            words = ["epmd", "-port", str(self.mapper), "-address", "127.0.0.1"]
            self.epmd = subprocess.Popen(words, preexec_fn=processes.end_with_parent(signal.SIGKILL))
            time.sleep(0.2)
        super().start()

    def end(self) -> None:
        self.stop()
        if self.epmd:
            self.epmd.kill()
            self.epmd.wait(5)


KINDS: dict[str, type[Broker]] = {each.name: each for each in (Folder, Redis, RabbitMQ)}
