"""nginx with deploy/nginx/ctac.conf as it is, but for its ports, its certificate, its folders and whom it stands in front of."""

import http.client
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings

from ctac.local import processes
from tests.notifications.conftest import free_port

FILE = Path(settings.BASE_DIR) / "deploy" / "nginx" / "ctac.conf"
PROGRAM = shutil.which("nginx", path=f"{os.environ['PATH']}{os.pathsep}/usr/sbin")
NAME = "ctac.example"
Headers = list[tuple[str, str]]
MAIN = """
{user}
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
    types {{ text/css css; application/javascript js; }}
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/ctac.conf;
}}
"""


NO_CHANGES: Mapping[str, str] = {}


class Proxy:
    """In front of ports of this machine, whose answers it waits for one second."""

    def __init__(self, folder: Path, *upstream: int, static: Path, changes: Mapping[str, str] = NO_CHANGES) -> None:
        assert PROGRAM is not None
        self.folder, self.upstream, self.static = folder, upstream, static
        self.plain, self.tls = free_port(), free_port()
        self.write(changes)
        user = "user root;" if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(MAIN.format(folder=folder, user=user))
        write_certificate(folder)
        self.errors = folder / "start.log"
        with self.errors.open("ab") as errors:
            words = [PROGRAM, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]
            self.process = subprocess.Popen(words, stderr=errors)
        processes.wait_until(lambda: self.listens() or self.process.poll() is not None, 10)
        assert self.process.poll() is None, self.errors.read_text()

    def write(self, changes: Mapping[str, str] = NO_CHANGES) -> None:
        """The file, with one server in place of the socket, or several as it shows them."""
        text = FILE.read_text()
        one, *several = re.findall(r"server (?:unix:|10\.)\S+ (.*);", text)
        rules = several if len(self.upstream) > 1 else [one]
        servers = "\n".join(f"    server 127.0.0.1:{port} {rule};" for port, rule in zip(self.upstream, rules, strict=True))
        changes = {
            f"    server unix:/run/ctac/web.sock {one};": servers,
            "listen 80": f"listen 127.0.0.1:{self.plain}",
            "listen 443": f"listen 127.0.0.1:{self.tls}",
            "/etc/ssl/ctac": str(self.folder),
            "/var/log/nginx": str(self.folder),
            "/srv/ctac/staticfiles": str(self.static),
            "proxy_read_timeout 60s": "proxy_read_timeout 1s",
            "proxy_read_timeout 10s": "proxy_read_timeout 1s",
            **changes,
        }
        for old, new in changes.items():
            assert old in text, old
            text = text.replace(old, new)
        (self.folder / "ctac.conf").write_text(text)

    def reload(self) -> None:
        """As its file is now. When this returns, what served before takes nothing new."""
        [before] = psutil.Process(self.process.pid).children()
        self.process.send_signal(signal.SIGHUP)
        ended = lambda: not before.is_running() or "shutting down" in before.cmdline()[0]  # noqa: E731
        assert processes.wait_until(ended, 10), self.errors.read_text()

    def listens(self) -> bool:
        with socket.socket() as line:
            return line.connect_ex(("127.0.0.1", self.tls)) == 0

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)

    def ask(self, request: bytes, *, tls: bool = True, source: str = "127.0.0.1") -> tuple[int, Headers, str]:
        """What this request is answered."""
        with self.line(tls, source) as line:
            line.sendall(request)
            response = http.client.HTTPResponse(line)
            response.begin()
            return response.status, response.getheaders(), response.read().decode()

    def talk(self, requests: bytes) -> bytes:
        """All that comes back, until nginx hangs up."""
        with self.line() as line:
            line.sendall(requests)
            return b"".join(iter(lambda: line.recv(65536), b""))

    def line(self, tls: bool = True, source: str = "127.0.0.1") -> socket.socket:
        port = self.tls if tls else self.plain
        line = socket.create_connection(("127.0.0.1", port), timeout=20, source_address=(source, 0))
        if not tls:
            return line
        trusting = ssl.create_default_context()
        trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE  # a certificate of our own, a minute old
        return trusting.wrap_socket(line, server_hostname=NAME)


def write_certificate(folder: Path) -> None:
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    (folder / "fullchain.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "privkey.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, *plain))
