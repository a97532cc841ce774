"""The site that keeps its files in a bucket: gunicorn and a worker as production runs them, beside a real server of objects."""

import http.client
import json
import re
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import override_settings

from core.errors import StorageUnavailable
from ctac.local import processes
from ctac.transports.object_storage import RETRY_PAUSE_SECONDS, BucketStorage
from tests.deploy.browser import CSRF, SESSION, TOKEN
from tests.deploy.conftest import BEHIND_A_PROXY, Server, Site
from tests.deploy.object_storage import ELSEWHERE, NAME, SECRET, Bucket
from tests.live.clients import at_once
from tests.notifications.conftest import free_port
from tests.project.test_settings import start

pytestmark = pytest.mark.slow
ADD = "/staff/leaflets/edition/add/"
DOWNLOAD = "/leaflets/social-workers/download/"
TYPED = {"label": "A new print", "published_on": "2 3 2026", "review_on": "1 3 2028"}
NEWEST = "SELECT id, pdf, cover FROM leaflets_edition ORDER BY id DESC LIMIT 1"
STAFF = """
from django.test import Client
from tests.deploy.scene import session_key
from tests.factories import make_staff, sign_in_staff
from leaflets.models import Leaflet
print(session_key(sign_in_staff(Client(), make_staff())), Leaflet.objects.get(slug="social-workers").pk)
"""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float

    @property
    def text(self) -> str:
        return self.body.decode()


class BucketSite(Site):
    """With a log of its own, and a local folder that nobody must write to."""

    def __init__(self, server: Server, folder: Path, url: str, trust: dict[str, str]) -> None:
        super().__init__(server)
        self.log_file, self.media = folder / "site.log", folder / "media"
        # A queue of its own too: else the worker of another file takes the tasks.
        self.env |= trust | {"FILES_URL": url, "MEDIA_ROOT": str(self.media), "CTAC_VAR": str(folder / "var")}
        self.session, self.leaflet = server.lay_out(STAFF).split()[-2:]

    def ask(self, path: str, method: str = "GET", body: bytes | None = None, **headers: str) -> Answer:
        began = time.monotonic()
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)) as connection:
            connection.request(method, path, body, BEHIND_A_PROXY | headers)
            response = connection.getresponse()
            return Answer(response.status, dict(response.getheaders()), response.read(), time.monotonic() - began)

    def upload(self, pdf: bytes, label: str) -> Answer:
        """As the form of the staff site sends it."""
        fields = TYPED | {"label": label, "leaflet": self.leaflet, "csrfmiddlewaretoken": TOKEN}
        part = '--x\r\nContent-Disposition: form-data; name="{}"\r\n\r\n{}\r\n'
        body = "".join(part.format(name, value) for name, value in fields.items()).encode()
        body += b'--x\r\nContent-Disposition: form-data; name="pdf"; filename="a.pdf"\r\nContent-Type: application/pdf\r\n\r\n'
        headers = {
            "Content-Type": "multipart/form-data; boundary=x",
            "Cookie": f"{SESSION}={self.session}; {CSRF}={TOKEN}",
            "Referer": "https://ctac.example/",
        }
        return self.ask(ADD, "POST", body + pdf + b"\r\n--x--\r\n", **headers)

    def newest(self) -> tuple[int, str, str]:
        [row] = self.server.query(NEWEST)
        return row  # type: ignore[return-value]


@pytest.fixture(scope="module")
def bucket(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bucket]:
    """With the files that the sample data have put into the local folder, copied as the documentation says."""
    found = Bucket(tmp_path_factory.mktemp("bucket"))
    try:
        found.rclone("copy", "--immutable", server.env["MEDIA_ROOT"], f"BUCKET:{NAME}")
        yield found
    finally:
        found.go_on()
        found.kill()


@pytest.fixture(scope="module")
def bucket_site(server: Server, bucket: Bucket, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BucketSite]:
    server.manage("collectstatic", "--no-input", "--verbosity", "0", role="ctac_app")
    site = BucketSite(server, tmp_path_factory.mktemp("site"), bucket.url(), bucket.trust)
    try:
        site.serve(workers=2)
        site.work()
        yield site
    finally:
        site.stop()
        bucket.rclone("copy", f"BUCKET:{NAME}", server.env["MEDIA_ROOT"])  # other files' sites read the folder


@pytest.fixture(scope="module")
def pdf(server: Server) -> bytes:
    return next(Path(server.env["MEDIA_ROOT"]).rglob("*.pdf")).read_bytes()


def test_the_keys_are_the_paths_so_a_copied_folder_is_served_at_once(server, bucket, bucket_site):
    media = Path(server.env["MEDIA_ROOT"])
    files = {str(path.relative_to(media)): path.read_bytes() for path in media.rglob("*") if path.is_file()}
    assert len(files) >= 8
    assert files.items() <= bucket.files().items()
    [(name,)] = server.query(
        "SELECT pdf FROM leaflets_edition e JOIN leaflets_leaflet l ON l.id = leaflet_id "
        "WHERE slug = 'social-workers' AND state = 'current'"
    )
    answer = bucket_site.ask(DOWNLOAD)
    assert (answer.status, answer.body == files[name], answer.headers["Content-Type"]) == (200, True, "application/pdf")
    bucket.rclone("check", str(media), f"BUCKET:{NAME}", "--one-way")


def test_an_upload_its_cover_and_the_one_that_replaces_it_lie_in_the_bucket(bucket, bucket_site, pdf):
    first, second = pdf + b"\n%first\n%%EOF\n", pdf + b"\n%second\n%%EOF\n"
    assert bucket_site.upload(first, "The first").status == 302
    edition, name, cover = bucket_site.newest()
    files = bucket.files()
    assert (files[name], files[cover][8:12]) == (first, b"WEBP")
    assert bucket_site.ask(DOWNLOAD).body == first
    assert bucket_site.ask(f"/leaflets/social-workers/cover/{edition}/").body == files[cover]
    assert bucket_site.upload(second, "The second").status == 302
    assert bucket_site.ask(DOWNLOAD).body == second
    assert bucket.files()[name] == first
    assert not bucket_site.media.exists()


def test_nobody_reads_the_bucket_without_a_key_or_from_another(bucket, bucket_site):
    _edition, name, _cover = bucket_site.newest()
    asked = ["curl", "--silent", "--cacert", bucket.trust["AWS_CA_BUNDLE"], "--output", "-", "--write-out", "%{http_code}"]
    for where in (f"{NAME}/{name}", NAME):
        done = bucket_site.server.python(
            "-c", f"import subprocess; subprocess.run({[*asked, f'https://{bucket.host}/{where}']!r})"
        )
        assert done.stdout.endswith("403")
    with override_settings(STORAGES={"default": options(bucket.url(name=ELSEWHERE), bucket)}), pytest.raises(StorageUnavailable):
        default_storage.open("theirs")


def test_make_covers_reads_and_writes_there_and_a_worker_runs_beside(server, bucket, bucket_site):
    edition, _name, before = bucket_site.newest()
    server.query("UPDATE leaflets_edition SET cover = '', paper = '' WHERE id = %s", edition)
    said = server.manage("make_covers", role="ctac_app", **bucket.trust, FILES_URL=bucket.url())
    _edition, _name, cover = bucket_site.newest()
    assert re.match(r"[1-9]\d* PDFs were looked at, 0 could not be", said)  # other files' editions too
    assert cover != before
    assert bucket.files()[cover] == bucket.files()[before]
    reference = bucket_site.visit("/t/queues/").headers["X-Reference"]
    assert processes.wait_until(lambda: any("task" in line for line in bucket_site.lines(reference)), 30)


def test_the_check_of_a_restore_looks_in_the_bucket(server, bucket, bucket_site):
    _edition, name, _cover = bucket_site.newest()
    env = {**bucket.trust, "FILES_URL": bucket.url()}
    assert server.manage("check_files", role="ctac_app", **env).startswith("All ")
    body = bucket.files()[name]
    bucket.admin.delete_object(Bucket=NAME, Key=name)
    try:
        done = server.python("manage.py", "check_files", DATABASE_URL=server.url("ctac_app"), **env)
        assert (done.returncode, f"{name} is missing" in done.stderr) == (1, True)
    finally:
        bucket.admin.put_object(Bucket=NAME, Key=name, Body=body)


def options(url: str, bucket: Bucket) -> dict[str, Any]:
    """What the settings make of an address."""
    done = start("import json; print(json.dumps(settings.STORAGES['default']))", FILES_URL=url)
    found: dict[str, Any] = json.loads(done.stdout)
    found["OPTIONS"]["verify"] = bucket.trust["AWS_CA_BUNDLE"]
    return found


def test_two_uploads_of_one_name_at_the_same_moment_are_two_files(bucket):
    storage = BucketStorage(**options(bucket.url(), bucket)["OPTIONS"])
    contents = [f"number {number}".encode() for number in range(8)]
    names = at_once(partial(storage.save, "leaflets/same.pdf", ContentFile(content)) for content in contents)
    files = bucket.files()
    assert [files[name] for name in names] == contents


def test_no_address_of_the_bucket_leaves_the_site(bucket):
    with pytest.raises(NotImplementedError):
        BucketStorage(**options(bucket.url(), bucket)["OPTIONS"]).url("leaflets/same.pdf")


@dataclass(frozen=True)
class Broken:
    site: BucketSite
    slow: bool


@pytest.fixture(params=["away", pytest.param("silent", marks=pytest.mark.slow), "wrong key"])
def broken(request: pytest.FixtureRequest, server: Server, bucket: Bucket, tmp_path: Path) -> Iterator[Broken]:
    """Nobody listens; somebody takes connections and says nothing; the secret is another."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        place = {"away": free_port(), "silent": silent.getsockname()[1]}.get(request.param)
        url = f"s3+http://{NAME}:kettle@127.0.0.1:{place}/{NAME}" if place else bucket.url(secret="kettle")
        site = BucketSite(server, tmp_path, url, bucket.trust)
        try:
            site.serve()
            yield Broken(site, slow=request.param == "silent")
        finally:
            site.stop()


def test_a_storage_that_fails_is_said_within_seconds_and_costs_nothing_else(server, broken, pdf):
    site = broken.site
    said = site.ask(DOWNLOAD)
    assert (said.status, said.headers["Retry-After"], "no-store" in said.headers["Cache-Control"]) == (503, "60", True)
    assert f"{said.headers['X-Reference']}</strong>" in said.text
    assert 'href="tel:' in said.text
    assert said.seconds < 12
    assert site.ask(DOWNLOAD).seconds < 2  # the next one does not wait
    before = site.newest()
    typed = site.upload(pdf, "Kept as it was typed")
    assert (typed.status, site.newest()) == (200, before)
    assert "We can’t store files at the moment, so nothing has been saved." in typed.text
    assert 'value="Kept as it was typed"' in typed.text
    assert f'value="{TYPED["published_on"]}"' in typed.text
    assert [site.ask(path).status for path in ("/leaflets/", "/leaflets/social-workers/")] == [200, 200]
    ready = site.get("/readyz")
    assert (ready.status, ready.json["status"], ready.json["files"]) == (200, "degraded", "failed within the last 5 minutes")
    log = site.log_file.read_text()
    assert any(line["message"].startswith("The file storage failed: ") for line in site.log())
    assert "kettle" not in log + said.text + typed.text
    checked = server.python("manage.py", "check", "--deploy", **{name: site.env[name] for name in ("DATABASE_URL", "FILES_URL")})
    assert "The bucket that FILES_URL names can't be listed" in checked.stderr
    assert "kettle" not in checked.stderr + checked.stdout


@pytest.mark.slow
def test_a_storage_that_is_back_is_found_again(bucket, bucket_site):
    bucket.pause()
    try:
        asked = at_once([partial(bucket_site.ask, DOWNLOAD)] * 8)  # as many as there are threads
        assert {answer.status for answer in asked} == {503}
        assert max(answer.seconds for answer in asked) < 25
    finally:
        bucket.go_on()
    assert processes.wait_until(lambda: bucket_site.ask(DOWNLOAD).status == 200, RETRY_PAUSE_SECONDS + 10)
    assert SECRET not in bucket_site.log_file.read_text()


@pytest.mark.parametrize(("url", "loaded"), [("", False), ("s3://key:kettle@s3.example/bucket", True)])
def test_boto_is_loaded_only_where_there_is_a_bucket(url, loaded):
    code = "import django, sys; django.setup(); from django.core.files.storage import default_storage as storage; "
    done = start(f"{code} storage.exists; print('boto3' in sys.modules)", DJANGO_SETTINGS_MODULE="ctac.settings", FILES_URL=url)
    assert done.stdout.strip() == str(loaded), done.stderr
