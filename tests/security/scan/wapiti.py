"""One run of the scanner over the site, by somebody: signed out, or with a session. What it found, as its report says it."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

from .findings import Finding
from .running_site import FORGERY, HOST, SESSION

SCANNER = Path(settings.BASE_DIR) / "var" / "scanner" / ".venv" / "bin" / "python"  # `make security` makes it
ATTACKER = Path(__file__).with_name("attacker.py")
# Named one by one, so that a new release of the scanner does not change what is done. Those that are left out ask a server of
# their makers' (ssrf, xxe, log4shell, wapp), look for software that we don't run (cms, wp_enum, spring4shell, …), guess names for
# hours (buster, nikto, brute_login_form), or wait on purpose (timesql).
MODULES = ["cookieflags", "csp", "http_headers", "csrf", "methods", "redirect", "crlf", "xss", "permanentxss", "sql", "exec"]
MODULES += ["file", "ldap", "upload", "backup", "htaccess"]
DEPTH, LINKS_A_PAGE, FILES_A_FOLDER = 6, 60, 15
TOKEN = "a" * 32  # a browser may choose its own
# What would end the scanner's own session, so that it would go on signed out: the ways out, and what changes the way in.
# Staff's own account (Run.left_alone) is one of these. Who is signed out has none to end.
LEFT_ALONE = ("/static/*", "/styleguide/*")
ENDS_A_SESSION = ("/account/logout/", "/staff/logout/", "/account/sessions/*/end/", "/account/sessions/end-others/")
ENDS_A_SESSION += ("/account/password/*", "/account/2fa/*", "/staff/password_change/*")


@dataclass(frozen=True)
class Run:
    """What one run covers: all under `start`, so many seconds of looking for pages and so many of each module's attacks.

    `also`: paths to begin at as well. `left_empty`: boxes that it neither fills in nor attacks.
    """

    start: str = "/"
    session: str = ""
    also: tuple[str, ...] = ()
    left_alone: tuple[str, ...] = ()
    left_empty: tuple[str, ...] = ()
    crawl_seconds: int = 45
    attack_seconds: int = 12
    modules: tuple[str, ...] = tuple(MODULES)


@dataclass(frozen=True)
class Report:
    findings: list[Finding]
    crawled: int


def scan(url: str, folder: Path, run: Run) -> Report:
    folder.mkdir(parents=True)
    report = folder / "report.json"
    words = [str(SCANNER), str(ATTACKER), "--url", url + run.start, "--scope", "folder", "--module", ",".join(run.modules)]
    words += ["--depth", str(DEPTH), "--max-links-per-page", str(LINKS_A_PAGE), "--max-files-per-dir", str(FILES_A_FOLDER)]
    words += ["--max-scan-time", str(run.crawl_seconds), "--max-attack-time", str(run.attack_seconds)]
    words += ["--timeout", "20", "--tasks", "4", "--no-bugreport", "--verbose", "0", "--flush-session"]
    words += ["--store-session", str(folder / "session"), "--store-config", str(folder / "config")]
    words += ["--format", "json", "--output", str(report)]
    for path in run.also:
        words += ["--start", url + path]
    for path in (*LEFT_ALONE, *run.left_alone, *(ENDS_A_SESSION if run.session else ())):
        words += ["--exclude", url + path]
    for box in run.left_empty:
        words += ["--skip", box]
    cookies = folder / "cookies.json"
    cookies.write_text(json.dumps(cookie_file(run.session)))
    words += ["--cookie", str(cookies)]
    most = run.crawl_seconds + len(run.modules) * (run.attack_seconds + 20) + 60
    with (folder / "scanner.log").open("wb") as log:
        env = os.environ | {"LEFT_EMPTY": " ".join(run.left_empty)}
        subprocess.run(words, stdout=log, stderr=subprocess.STDOUT, check=True, timeout=most, env=env)
    return read(json.loads(report.read_text()))


def cookie_file(session: str) -> dict[str, Any]:
    """Also the token against forgery: of four pages that are asked for at once each would have its own, and three forms fail."""
    values = {FORGERY: TOKEN, **({SESSION: session} if session else {})}
    facts = {"expires": None, "secure": True, "port": None, "version": 0}
    return {HOST: {"/": {name: {**facts, "value": value} for name, value in values.items()}}}


def read(report: dict[str, Any]) -> Report:
    """Vulnerabilities, and anomalies, which are answers of status 500 and pages that took too long."""
    findings = {
        Finding(
            "wapiti", kind, entry["path"].partition("?")[0], int(entry["level"]), f"{entry['parameter'] or ''} {entry['info']}"
        )
        for part in ("vulnerabilities", "anomalies")
        for kind, entries in report[part].items()
        for entry in entries
    }
    return Report(sorted(findings), int(report["infos"]["crawled_pages_nbr"]))
