"""What can be said of the files in deploy/ without running what they are for."""

import re
import shlex
from configparser import ConfigParser, RawConfigParser
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import reverse

from office.site_settings.queries import advice_hours, site_settings

DEPLOY = Path(settings.BASE_DIR) / "deploy"
RUN_AS_POSTGRES = {"ctac-backup.service", "ctac-check-restore.service"}  # it alone may read the data and the passphrase
SERVICES = sorted((DEPLOY / "systemd").glob("*.service"))
HARDENED = {
    "NoNewPrivileges": "true",
    "ProtectSystem": "strict",
    "PrivateTmp": "true",
    "CapabilityBoundingSet": "",
}


def section(path: Path, name: str) -> dict[str, str]:
    unit: ConfigParser = RawConfigParser(strict=False)  # type: ignore[assignment]
    unit.optionxform = str
    unit.read_string(path.read_text())
    return dict(unit[name])


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.name)
def test_every_unit_is_closed_in_and_starts_what_exists(path):
    service = section(path, "Service")
    assert {name: service[name] for name in HARDENED} == HARDENED
    assert service["User"] == service["Group"] == ("postgres" if path.name in RUN_AS_POSTGRES else "ctac")
    program, *words = shlex.split(service["ExecStart"])
    if program != "/usr/bin/restic":
        assert (Path(settings.BASE_DIR) / Path(program).relative_to("/srv/ctac")).exists()
    assert [word for word in words if word.startswith("deploy/") and not (Path(settings.BASE_DIR) / word).exists()] == []


def test_no_unit_and_no_shipped_file_holds_a_password():
    """A unit is given a file that only root reads; pgBackRest's stands in a file of its own."""
    for path in SERVICES:
        text = path.read_text()
        assert re.findall(r"(?i)pass(?:word|phrase)?=|secret[a-z_-]*=", text) == []
        assert set(re.findall(r"RESTIC_PASSWORD_FILE=(\S+)", text)) <= {"%d/restic.password"}
    for path in (DEPLOY / "pgbackrest" / "pgbackrest.conf", DEPLOY / "backup.env.example"):
        set_here = [line for line in path.read_text().splitlines() if re.match(r"(?i)[^#]*(pass|secret|key)[^=]*=", line)]
        assert set_here == []


@pytest.mark.parametrize("name", ["web", "worker", "beat"])
def test_what_ends_is_started_again(name):
    assert section(DEPLOY / "systemd" / f"ctac-{name}.service", "Service")["Restart"] == "always"


def test_the_proxy_speaks_to_the_socket_that_systemd_holds():
    path = section(DEPLOY / "systemd" / "ctac-web.socket", "Socket")["ListenStream"]
    assert f"server unix:{path} " in (DEPLOY / "nginx" / "ctac.conf").read_text()


def test_what_the_proxy_says_of_a_site_that_is_down_is_what_the_site_says_of_whom_to_call():
    [page] = re.findall(r"\$ctac_down \{\n    default '(.*?)';\n", (DEPLOY / "nginx" / "ctac.conf").read_text(), re.DOTALL)
    for said in ('call <a class="govuk-link" href="tel:999">999</a>', site_settings().advice_phone, advice_hours()):
        assert said in page


def test_the_proxys_log_has_no_query_no_referrer_and_no_whole_address():
    [form] = re.findall(r"log_format ctac (.*?);\n", (DEPLOY / "nginx" / "ctac.conf").read_text(), re.DOTALL)
    variables = set(re.findall(r"\$(\w+)", form))
    assert variables & {"request", "request_uri", "args", "query_string", "http_referer", "remote_addr", "remote_user"} == set()
    assert {"ctac_logged_uri", "upstream_http_x_reference"} <= variables


def test_the_proxys_log_has_no_link_of_an_email_and_no_calendar():
    """Whoever has the address of such a page can use it."""
    conf = (DEPLOY / "nginx" / "ctac.conf").read_text()
    [lines] = re.findall(r"map \$uri \$ctac_logged_uri \{\s*default \$uri;(.*?)\}", conf, re.DOTALL)
    hidden = re.findall(r'"~(.*?)" "(.*?)";', lines)
    names = (
        "link_booking",
        "link_time",
        "link_time_check",
        "link_cancel",
        "place_link",
        "place_link_leave",
        "calendar_feed",
        "mail_choices",
        "mailbox_objection",
        "team_link",
        "team_calendar",
    )
    after = [reverse(name, args=["7Q4M2F", "a" * 32]) for name in ("host_feedback", "host_again", "host_leaflets")]
    for path in [*(reverse(name, args=["A" * 43]) for name in names), *after]:
        logged = [re.sub(pattern + ".*", said, path) for pattern, said in hidden if re.search(pattern, path)]
        assert logged == [f"/{path.split('/')[1]}/[private]"]


def test_the_proxy_passes_on_no_claim_of_the_visitors():
    conf = (DEPLOY / "nginx" / "ctac.conf").read_text()
    assert "proxy_set_header X-Forwarded-For $remote_addr;" in conf
    assert "proxy_add_x_forwarded_for" not in conf
