"""What is scanned: the site with production's settings over TLS, on a throw-away database with the sample data.

Its limits are off, as a scanner would meet them within seconds and see little else; tests/professionals shows that they hold. Its
log, one JSON object a request, tells which pages were really reached.
"""

import json
import ssl
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import psycopg2
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bench.compare import prepare_database, sessions_of
from bench.servers import BASE_DIR, Server, environment
from ctac.local import postgres
from tests.security.scan.people import PROFESSIONAL, STAFF

HOST = "127.0.0.1"
SESSION, FORGERY = "__Host-session", "__Host-csrf"
# An INSERT into the table of limits does nothing, so nothing is ever counted.
NO_LIMITS = """
    CREATE FUNCTION count_nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
    CREATE TRIGGER count_nothing BEFORE INSERT ON accounts_ratelimit FOR EACH ROW WHEN (NOT NEW.lifted)
    EXECUTE FUNCTION count_nothing();
"""


class Site:
    """`url`; `sessions` by address; `pages`: see beside.py; `seen()` and `forget()`: what was asked of it since."""

    def __init__(self, server: Server, log: Path, sessions: dict[str, str], pages: dict[str, Any]) -> None:
        self.url, self.log, self.sessions, self.pages = f"https://{HOST}:{server.port}", log, sessions, pages
        self._from = 0

    def forget(self) -> None:
        self._from = self.log.stat().st_size

    def seen(self) -> Counter[tuple[str, str, int]]:
        """How often each (method, name of the route, status) was answered since `forget`."""
        found: Counter[tuple[str, str, int]] = Counter()
        for line in self.log.read_bytes()[self._from :].decode(errors="replace").splitlines():
            if line.startswith("{"):
                facts = json.loads(line)
                if "route" in facts:
                    found[facts["method"], facts["route"], facts["status"]] += 1
        return found

    def errors(self) -> list[str]:
        """What our own code raised: the lines of the log that carry a traceback."""
        lines = self.log.read_bytes()[self._from :].decode(errors="replace").splitlines()
        return [line for line in lines if '"exception"' in line]

    def status(self, path: str, session: str = "") -> int:
        """Of the page itself: no redirect is followed."""
        request = urllib.request.Request(self.url + path, headers={"Cookie": f"{SESSION}={session}"} if session else {})  # noqa: S310
        opener = urllib.request.build_opener(_NoRedirect, urllib.request.HTTPSHandler(context=trusting_anything()))
        try:
            with opener.open(request, timeout=30) as answer:
                return int(answer.status)
        except HTTPError as error:
            with error:
                return error.code


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


def trusting_anything() -> ssl.SSLContext:
    """It talks to this machine only, by a certificate that was made a minute ago."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


@contextmanager
def running(var_dir: Path) -> Iterator[Site]:
    with ExitStack() as stack:
        database = stack.enter_context(throwaway_database(var_dir))
        certificate, key = make_certificate(var_dir)
        env = environment(var_dir, database) | {
            "ALLOWED_HOSTS": HOST,
            "TRUSTED_PROXY_COUNT": "0",
            "LOG_LEVEL": "INFO",
            "ASK_AGAIN_AFTER_MINUTES": "60",  # both have just signed in, until the last scan has ended
            "GUNICORN_CMD_ARGS": f"--certfile {certificate} --keyfile {key}",
        }
        prepare_database(env)
        without_limits(database)
        sessions = dict(zip((PROFESSIONAL, STAFF), sessions_of(env, [PROFESSIONAL, STAFF]), strict=True))
        pages = made_beside(env)
        log = var_dir / "site.log"
        yield Site(stack.enter_context(Server("ctac.wsgi:application", env, log)), log, sessions, pages)


@contextmanager
def throwaway_database(var_dir: Path) -> Iterator[str]:
    """Its address."""
    server = postgres.start(var_dir, fast=True)
    try:
        yield postgres.database_url(var_dir)
    finally:
        postgres.stop(var_dir)
        if server is not None:
            server.wait(20)


def made_beside(env: dict[str, str]) -> dict[str, Any]:
    words = [sys.executable, "-m", "tests.security.scan.beside"]
    made = subprocess.run(words, cwd=BASE_DIR, env=env, check=True, capture_output=True, text=True)
    return dict(json.loads(made.stdout.splitlines()[-1]))


def without_limits(database: str) -> None:
    connection = psycopg2.connect(database)
    with connection, connection.cursor() as cursor:
        cursor.execute(NO_LIMITS)
    connection.close()


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """For this machine, for a day."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
    certificate_file, key_file = folder / "certificate.pem", folder / "key.pem"
    certificate_file.write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    plain = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    key_file.touch(mode=0o600)
    key_file.write_bytes(key.private_bytes(*plain))
    return certificate_file, key_file
