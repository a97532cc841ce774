"""A bucket of SeaweedFS, a server of objects that speaks S3: over TLS, with a key that may use this bucket and no other.

It checks signatures, clocks and rights. Killed, it is away; stopped by a signal, it takes connections and says nothing.
"""

import ipaddress
import json
import os
import secrets
import signal
import subprocess
import sysconfig
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ctac.local import processes
from tests.notifications.conftest import free_port

PROGRAMS = Path(sysconfig.get_path("scripts"))  # where the wheels of SeaweedFS and rclone put theirs
NAME, ELSEWHERE = "ctac-files", "somebody-elses"
KEY, SECRET = "CTACKEY", f"a/{secrets.token_urlsafe(20)}+="  # as a provider's are: with signs that an address must escape
ADMIN, ADMIN_SECRET = "ADMINKEY", secrets.token_urlsafe(20)
RIGHTS = {KEY: (SECRET, [f"{right}:{NAME}" for right in ("Read", "Write", "List")]), ADMIN: (ADMIN_SECRET, ["Admin"])}
# Each of them listens on two: for HTTP, and for the others.
PARTS = ("master", "volume", "filer", "s3")


class Bucket:
    """`url` is what FILES_URL names it by; `trust` makes boto3 and rclone believe its certificate."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.host = f"127.0.0.1:{self.port}"
        certificate = write_certificate(folder)
        self.trust = {"AWS_CA_BUNDLE": certificate, "RCLONE_CA_CERT": certificate}
        users = [
            {"name": key, "credentials": [{"accessKey": key, "secretKey": secret}], "actions": actions}
            for key, (secret, actions) in RIGHTS.items()
        ]
        (folder / "s3.json").write_text(json.dumps({"identities": users}))
        (folder / "data").mkdir()
        ports = {name: (self.port if name == "s3" else free_port(), free_port()) for name in PARTS}
        self.words = [
            *(str(PROGRAMS / "weed"), "server", "-dir", str(folder / "data"), "-ip", "127.0.0.1", "-ip.bind", "127.0.0.1"),
            *(word for name, (port, _) in ports.items() for word in (f"-{name}.port", str(port))),
            *(word for name, (_, port) in ports.items() for word in (f"-{name}.port.grpc", str(port))),
            *("-filer", "-filer.localSocket", str(folder / "filer.sock"), "-s3", "-s3.config", str(folder / "s3.json")),
            *("-s3.cert.file", certificate, "-s3.key.file", str(folder / "key.pem")),
            *("-s3.iam=false", "-s3.port.iceberg", "0", "-s3.port.lance", "0"),
            *("-master.volumeSizeLimitMB", "64", "-volume.max", "20", "-volume.minFreeSpace", "1MiB", "-master.telemetry=false"),
        ]
        self.admin: Any = boto3.client(
            "s3",
            endpoint_url=f"https://{self.host}",
            region_name="eu-west-2",
            aws_access_key_id=ADMIN,
            aws_secret_access_key=ADMIN_SECRET,
            verify=certificate,
        )
        self.start()

    def url(self, key: str = KEY, secret: str = SECRET, name: str = NAME) -> str:
        return f"s3://{key}:{quote(secret, safe='')}@{self.host}/{name}?region=eu-west-2"

    def start(self) -> None:
        with (self.folder / "weed.log").open("ab") as log:
            self.process = subprocess.Popen(self.words, cwd=self.folder, stdout=log, stderr=log)
        assert processes.wait_until(self.answers, 60), (self.folder / "weed.log").read_text(errors="replace")[-3000:]

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)

    def pause(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def answers(self) -> bool:
        """It takes a file: its parts have found each other, some seconds after their start."""
        try:
            there = {each["Name"] for each in self.admin.list_buckets()["Buckets"]}
            for name in {NAME, ELSEWHERE} - there:
                self.admin.create_bucket(Bucket=name)
            self.admin.put_object(Bucket=ELSEWHERE, Key="theirs", Body=b"theirs")
        except (BotoCoreError, ClientError):
            return False
        return True

    def files(self) -> dict[str, bytes]:
        found = self.admin.list_objects_v2(Bucket=NAME).get("Contents", [])
        return {each["Key"]: self.admin.get_object(Bucket=NAME, Key=each["Key"])["Body"].read() for each in found}

    def rclone(self, *words: str) -> None:
        """As docs/deploying.md says it is done: the keys are in the environment, never on a command line."""
        remote = {
            "TYPE": "s3",
            "PROVIDER": "Other",
            "ENDPOINT": f"https://{self.host}",
            "REGION": "eu-west-2",
            "ACCESS_KEY_ID": KEY,
            "SECRET_ACCESS_KEY": SECRET,
            "NO_CHECK_BUCKET": "true",
        }
        env = os.environ | self.trust | {f"RCLONE_CONFIG_BUCKET_{name}": value for name, value in remote.items()}
        command = [str(PROGRAMS / "rclone"), "--config", os.devnull, *words]
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stderr


def write_certificate(folder: Path) -> str:
    """Of 127.0.0.1, for a day; its path."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "bucket")])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "certificate.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, *plain))
    return str(folder / "certificate.pem")
