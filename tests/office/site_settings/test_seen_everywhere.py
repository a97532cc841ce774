"""A change is true in every process: two web workers from the next request on, a Celery worker with its next email."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.request import urlopen

import pytest

from ctac.local import processes
from tests.live.stack import Live

CHANGE = "from office.site_settings.services import change_settings; change_settings({})"
TELL_THE_LEAD = """
from django.utils import timezone
from professionals.safeguarding.services import notify_safeguarding_lead
notify_safeguarding_lead(about="setting:{number}", reference="setting {number}", now=timezone.now())
"""
FIRST = "advice_phone='0808 800 5000', team_email='ctac-team@localhost', safeguarding_lead_email='ctac-team@localhost'"
ASKED = 60


def change(live: Live, values: str) -> None:
    live.manage("shell", "--no-imports", "-c", CHANGE.format(values))


@pytest.fixture
def as_at_first(live: Live) -> Iterator[None]:
    yield
    change(live, FIRST)


def web_workers(live: Live) -> list[int]:
    """What gunicorn's first process has started."""
    first = live.pid("web")
    return [int(pid) for pid in Path(f"/proc/{first}/task/{first}/children").read_text().split()]


def worked(pid: int) -> int:
    """How much this process has written and read so far, in bytes."""
    read, written = (processes.PROC_DIR / str(pid) / "io").read_text().splitlines()[:2]
    return int(read.split()[1]) + int(written.split()[1])


def asked_at_once(live: Live) -> set[bool]:
    """Of many pages whether they have the new number, and only that."""

    def ask(_number: int) -> bool:
        with urlopen(f"{live.base_url}/about/", timeout=30) as answer:  # noqa: S310 - our own copy
            page = answer.read().decode()
        return "0113 496 0001" in page and "0808 800 5000" not in page

    with ThreadPoolExecutor(8) as pool:
        return set(pool.map(ask, range(ASKED)))


@pytest.mark.usefixtures("as_at_first")
def test_two_web_workers_and_a_celery_worker_see_it(live: Live) -> None:
    assert asked_at_once(live) == {False}  # both have read what was set, and keep parts of their pages
    workers = web_workers(live)
    before = [worked(pid) for pid in workers]
    assert len(workers) == 2

    change(live, "advice_phone='0113 496 0001'")

    assert asked_at_once(live) == {True}
    assert all(worked(pid) > had for pid, had in zip(workers, before, strict=True))
    worker = live.pid("worker")
    for number in (1, 2):
        team, lead = f"team{number}@ctac.example", f"lead{number}@ctac.example"
        change(live, f"team_email='{team}', safeguarding_lead_email='{lead}'")
        live.manage("shell", "--no-imports", "-c", TELL_THE_LEAD.format(number=number))
        assert str(live.wait_for_mail(to=lead, seconds=60).message["Reply-To"]) == team
    assert live.pid("worker") == worker
