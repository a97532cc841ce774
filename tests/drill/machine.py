"""The database’s machine as docs/backup.md sets it up: Debian’s PostgreSQL and pgBackRest, with deploy/pgbackrest/."""

import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.faults.packages import POSTGRESQL

ROOT = Path(__file__).resolve().parent.parent.parent
PASSPHRASE = "drill-" + "k3" * 29
START_SECONDS = 60
# As the tests' own server: the same sorting on every machine.
INITDB = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--locale-provider=builtin"]
INITDB += ["--builtin-locale=C.UTF-8", "--data-checksums", "--no-instructions"]


def account() -> dict[str, Any]:
    """PostgreSQL refuses root."""
    if os.geteuid():
        return {}
    entry = pwd.getpwnam("postgres")
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": [], "cwd": "/"}


class Machine:
    """Its folders are `data`, which is lost with it, and `repo`, which stands elsewhere."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="ctac-drill-"))
        self.folder.chmod(0o755)
        self.data, self.repo, self.socket = self.folder / "data", self.folder / "repo", self.folder / "s"
        self.var, self.notes, self.restic = self.folder / "var", self.folder / "notes", self.folder / "restic"
        self.media, self.erasures = self.var / "media", self.var / "erasures" / "erasures.jsonl"
        self.conf, self.server = self.folder / "conf", None
        for path in (
            self.data,
            self.repo,
            self.socket,
            self.conf,
            self.folder / "log",
            self.folder / "lock",
            self.folder / "check",
        ):
            self.make(path)
        for path in (self.var, self.notes, self.media, self.erasures.parent):
            path.mkdir()
        self._write(self.conf / "pgbackrest.conf", (ROOT / "deploy/pgbackrest/pgbackrest.conf").read_text())
        self.make(self.conf / "conf.d")
        self._write(self.conf / "conf.d" / "secrets.conf", f"[global]\nrepo1-cipher-pass={PASSPHRASE}\n")
        self._write(self.folder / "restic.password", PASSPHRASE)
        self.env = {name: value for name, value in os.environ.items() if not name.startswith(("CTAC_", "DATABASE_URL", "PG"))}
        # Other places than the shipped file names; all else is as it says.
        self.env |= {
            "PATH": f"{POSTGRESQL}:{os.environ['PATH']}",
            "PGBACKREST_CONFIG": str(self.conf / "pgbackrest.conf"),
            "PGBACKREST_CONFIG_INCLUDE_PATH": str(self.conf / "conf.d"),
            "PGBACKREST_REPO1_PATH": str(self.repo),
            "PGBACKREST_PG1_PATH": str(self.data),
            "PGBACKREST_PG1_SOCKET_PATH": str(self.socket),
            "PGBACKREST_LOG_PATH": str(self.folder / "log"),
            "PGBACKREST_LOCK_PATH": str(self.folder / "lock"),
            "RESTIC_REPOSITORY": str(self.restic),
            "RESTIC_PASSWORD_FILE": str(self.folder / "restic.password"),
            "RESTIC_CACHE_DIR": str(self.folder / "cache"),
            "ENV_FILE": os.devnull,
            "CTAC_ENV": "test",
            "CTAC_VAR": str(self.var),
            "MEDIA_ROOT": str(self.media),
            "ERASURES_FILE": str(self.erasures),
            "BACKUP_DIR": str(self.notes),
            "CHECK_DIR": str(self.folder / "check"),
        }

    def make(self, path: Path) -> None:
        path.mkdir(mode=0o700)
        self.own(path)

    def _write(self, path: Path, text: str) -> None:
        path.write_text(text)
        path.chmod(0o600)
        self.own(path)

    def own(self, *paths: Path) -> None:
        if who := account():
            for path in paths:
                os.chown(path, who["user"], who["group"])

    # The server

    def initialise(self) -> None:
        self.run(str(POSTGRESQL / "initdb"), f"--pgdata={self.data}", *INITDB)
        with (self.data / "postgresql.conf").open("a") as conf:
            conf.write(f"listen_addresses = ''\nunix_socket_directories = '{self.socket}'\n")
            conf.write((ROOT / "deploy/pgbackrest/postgresql.conf").read_text())

    def start(self) -> float:
        """Seconds until it has played back all that it must and takes writes."""
        begun = time.monotonic()
        with (self.folder / "server.log").open("ab") as log:
            words = [str(POSTGRESQL / "postgres"), "-D", str(self.data)]
            self.server = subprocess.Popen(words, env=self.env, stdout=log, stderr=log, start_new_session=True, **account())
        while not self.answers():
            if self.server.poll() is not None or time.monotonic() - begun > START_SECONDS:
                raise AssertionError((self.folder / "server.log").read_text()[-3000:])
            time.sleep(0.05)
        return time.monotonic() - begun

    def answers(self) -> bool:
        asked = self.psql("SELECT NOT pg_is_in_recovery()", database="postgres", check=False)
        return asked.stdout.strip() == "t"

    def stop(self, number: signal.Signals = signal.SIGINT) -> None:
        if self.server is not None and self.server.poll() is None:
            if number == signal.SIGKILL:  # the whole of it, as when the machine loses its power
                os.killpg(self.server.pid, number)
            self.server.send_signal(number)
            self.server.wait(60)

    def lose(self) -> float:
        """The power goes, and the disk with it; the moment, by this machine's clock."""
        at = time.time()
        self.stop(signal.SIGKILL)
        shutil.rmtree(self.data)
        self.make(self.data)
        return at

    def remove(self) -> None:
        self.stop(signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)

    # Programs

    def url(self, role: str = "", database: str = "ctac") -> str:
        options = f"&options={quote(f'-c role={role}')}" if role else ""
        return f"postgres://postgres@/{database}?host={self.socket}{options}"

    def run(self, *words: str, check: bool = True, **variables: str) -> subprocess.CompletedProcess[str]:
        """As the account of the database."""
        env = self.env | variables
        done = subprocess.run(words, env=env, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, **account())
        assert not check or done.returncode == 0, f"{words} ended with {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def pgbackrest(self, *words: str, check: bool = True, **variables: str) -> subprocess.CompletedProcess[str]:
        return self.run("pgbackrest", "--stanza=ctac", *words, check=check, **variables)

    def psql(self, sql: str, *, database: str = "ctac", check: bool = True) -> subprocess.CompletedProcess[str]:
        words = ["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1", f"--host={self.socket}"]
        return self.run(str(POSTGRESQL / "psql"), *words, "--username=postgres", database, f"--command={sql}", check=check)

    def rows(self, sql: str) -> list[str]:
        """The lines of the answer, with bars between the columns."""
        return self.psql(sql).stdout.splitlines()

    def python(self, *words: str, check: bool = True, **variables: str) -> subprocess.CompletedProcess[str]:
        """Our own programs, with the site's settings, as the role that serves it."""
        env = self.env | {"DATABASE_URL": self.url("ctac_app")} | variables
        command = [sys.executable, "-W", "ignore", *words]
        done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
        assert not check or done.returncode == 0, f"{words} ended with {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def restic_run(self, *words: str) -> str:
        done = subprocess.run(["/usr/bin/restic", "--quiet", *words], env=self.env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def back_up_files(self) -> None:
        """As ctac-backup-files.service does it."""
        self.restic_run("backup", "--tag=files", str(self.media), str(self.erasures.parent))

    def set_up(self, schema: str = "") -> None:
        """All that docs/backup.md says before the first backup. `schema`: a dump of migrated tables, to save minutes."""
        self.initialise()
        self.start()
        self.run(str(POSTGRESQL / "createdb"), f"--host={self.socket}", "--username=postgres", "ctac")
        self.file("deploy/sql/roles.sql")
        if schema:
            self.file("-", role="ctac_owner", text=schema)
        else:
            self.python("manage.py", "migrate", "--verbosity=0", DATABASE_URL=self.url("ctac_owner"))
        self.file("deploy/sql/grants.sql", role="ctac_owner")
        self.pgbackrest("stanza-create")
        self.pgbackrest("check")
        self.restic_run("init")

    def file(self, path: str, role: str = "", text: str = "") -> None:
        words = [
            str(POSTGRESQL / "psql"),
            "--quiet",
            "--no-psqlrc",
            "--set=ON_ERROR_STOP=1",
            "--dbname",
            self.url(role),
            "--file",
            path,
        ]
        done = subprocess.run(words, input=text, cwd=ROOT, env=self.env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    def noted(self, name: str) -> dict[str, str]:
        found: dict[str, str] = json.loads((self.notes / name).read_text())
        return found
