"""One run of the scanner over the site, by somebody: signed out, or with a session. What it found, as its report says it."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

from .findings import Finding
from .running_site import HOST, SESSION

SCANNER = Path(settings.BASE_DIR) / "var" / "scanner" / ".venv" / "bin" / "python"  # `make security` makes it
ATTACKER = Path(__file__).with_name("attacker.py")
# Named one by one, so that a new release of the scanner does not change what is done. Those that are left out ask a server of
# their makers' (ssrf, xxe, log4shell, wapp), look for software that we don't run (cms, wp_enum, spring4shell, …), guess names for
# hours (buster, nikto, brute_login_form), or wait on purpose (timesql).
MODULES = ["cookieflags", "csp", "http_headers", "csrf", "methods", "redirect", "crlf", "xss", "permanentxss", "sql", "exec"]
MODULES += ["file", "ldap", "upload", "backup", "htaccess"]
DEPTH, LINKS_A_PAGE, FILES_A_FOLDER = 6, 60, 15
# What would end the scanner's own session, so that it would go on signed out: the ways out, and what changes the way in.
LEFT_ALONE = ("/account/logout/", "/staff/logout/", "/account/sessions/*", "/account/password/*", "/account/2fa/*")
LEFT_ALONE += ("/staff/password_change/*", "/staff/professionals/user/*", "/static/*", "/styleguide/*")


@dataclass(frozen=True)
class Run:
    """What one run covers: all under `start`, so many seconds of looking for pages and so many of each module's attacks."""

    start: str = "/"
    session: str = ""
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
    for path in LEFT_ALONE:
        words += ["--exclude", url + path]
    if run.session:
        cookies = folder / "cookies.json"
        cookies.write_text(json.dumps(cookie_file(run.session)))
        words += ["--cookie", str(cookies)]
    most = run.crawl_seconds + len(run.modules) * (run.attack_seconds + 20) + 60
    with (folder / "scanner.log").open("wb") as log:
        subprocess.run(words, stdout=log, stderr=subprocess.STDOUT, check=True, timeout=most)
    return read(json.loads(report.read_text()))


def cookie_file(session: str) -> dict[str, Any]:
    facts = {"value": session, "expires": None, "secure": True, "port": None, "version": 0}
    return {HOST: {"/": {SESSION: facts}}}


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


def page_of(entry: dict[str, Any]) -> str:
    return str(entry["path"]).partition("?")[0]
