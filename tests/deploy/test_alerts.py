"""Each alert fires when it should and at no other time, and the runbook has a part for it. With Prometheus's own promtool.

What the site and the exporters tell is laid down as series, a value a minute; promtool works out which alerts fire.
"""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings

PROMTOOL = shutil.which("promtool")
MONITORING = Path(settings.BASE_DIR) / "deploy" / "monitoring"
RULES, RUNBOOK = MONITORING / "alerts.yml", Path(settings.BASE_DIR) / "docs" / "runbook.md"
needs_promtool = pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed: apt-get install prometheus")
ALERTS: dict[str, dict[str, Any]] = {
    rule["alert"]: rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]
}
# Parts of the runbook that are no alarm.
OTHER_PARTS = {
    "What there is to see",
    "Who watches the watch",
    "Setting it up",
    "Errors at Sentry or GlitchTip",
    "The log",
    "What monitoring costs",
}
MINUTES = 240
NOW, LONG_AGO = "0+60", "-2000000"  # of a moment in seconds, where promtool's clock begins at 0
Series = dict[str, str]
WELL: Series = {
    'up{job="ctac", instance="one"}': "1",
    'up{job="ctac", instance="two"}': "1",
    'probe_success{job="ctac-outside"}': "1",
    'probe_ssl_earliest_cert_expiry{job="ctac-outside"}': "9000000",
    "ctac_ready": "1",
    "ctac_figures_missing": "0",
    'ctac_check_ok{check="outbox"}': "1",
    'ctac_http_requests_total{route="home", method="GET", status="2xx"}': "0+100",
    'ctac_http_requests_total{route="home", method="GET", status="5xx"}': "0+1",
    'ctac_http_request_duration_seconds_bucket{route="home", le="0.5"}': "0+97",
    'ctac_http_request_duration_seconds_bucket{route="home", le="2.5"}': "0+100",
    'ctac_http_request_duration_seconds_bucket{route="home", le="+Inf"}': "0+100",
    "ctac_outbox_oldest_due_seconds": "590",
    'ctac_outbox_recent_messages{state="sent"}': "95",
    'ctac_outbox_recent_messages{state="failed"}': "5",
    "ctac_mail_server_down_seconds": "0",
    "ctac_visits_watched_timestamp_seconds": NOW,
    "ctac_task_ran_timestamp_seconds": NOW,
    "ctac_stock_wrong_editions": "0",
    "ctac_stock_checked_timestamp_seconds": NOW,
    "ctac_backup_made_timestamp_seconds": NOW,
    "ctac_backup_restored_timestamp_seconds": NOW,
    "ctac_first_run_red_lines": "0",
    'node_filesystem_avail_bytes{instance="one", mountpoint="/", fstype="ext4"}': "11",
    'node_filesystem_size_bytes{instance="one", mountpoint="/", fstype="ext4"}': "100",
    'pg_stat_activity_count{instance="one", state="idle"}': "70",
    'pg_stat_activity_count{instance="one", state="active"}': "9",
    'pg_settings_max_connections{instance="one"}': "100",
    'pg_replication_lag_seconds{instance="one"}': "50",
    'pg_replication_is_replica{instance="one"}': "0",
    'pg_replication_is_replica{instance="two"}': "1",
    'pg_stat_replication_pg_current_wal_lsn_bytes{instance="one", application_name="two"}': "0+1000",
    'pg_stat_archiver_failed_count{instance="one"}': "0+0.5",
    'pg_stat_archiver_archived_count{instance="one"}': "0+1",
}
REQUESTS, SECONDS = "ctac_http_requests_total", "ctac_http_request_duration_seconds_bucket"
# What is otherwise; what ends in a name stands for all series that begin with it.
ILL: list[tuple[str, Series]] = [
    ("SiteDown", {"up": "0"}),
    ("SiteDown", {"probe_success": "0"}),
    ("NodeDown", {'up{job="ctac", instance="two"}': "0"}),
    ("NotReady", {"ctac_ready": "0"}),
    ("ManyErrors", {f'{REQUESTS}{{route="home", method="GET", status="5xx"}}': "0+3"}),
    ("SlowPages", {f'{SECONDS}{{route="home", le="0.5"}}': "0+90"}),
    ("MailLate", {"ctac_outbox_oldest_due_seconds": "610"}),
    ("MailFailing", {"ctac_mail_server_down_seconds": "610"}),
    ("MailFailing", {'ctac_outbox_recent_messages{state="failed"}': "20"}),
    ("VisitsUnwatched", {"ctac_visits_watched_timestamp_seconds": LONG_AGO}),
    ("WorkerSilent", {"ctac_task_ran_timestamp_seconds": LONG_AGO}),
    ("CheckFails", {"ctac_check_ok": "0"}),
    ("CheckFails", {"ctac_figures_missing": "1"}),
    ("StockWrong", {"ctac_stock_wrong_editions": "1"}),
    ("StockUnchecked", {"ctac_stock_checked_timestamp_seconds": LONG_AGO}),
    ("BackupOld", {"ctac_backup_made_timestamp_seconds": LONG_AGO}),
    ("RestoreOld", {"ctac_backup_restored_timestamp_seconds": LONG_AGO}),
    ("FirstRunRed", {"ctac_first_run_red_lines": "1"}),
    ("DiskFull", {"node_filesystem_avail_bytes": "9"}),
    ("ConnectionsShort", {'pg_stat_activity_count{instance="one", state="active"}': "11"}),
    ("ReplicaLate", {"pg_replication_lag_seconds": "70"}),
    ("StandbyGone", {"pg_stat_replication_pg_current_wal_lsn_bytes": "_"}),
    ("ArchiveStuck", {"pg_stat_archiver_archived_count": "7"}),
    ("CertificateEnds", {"probe_ssl_earliest_cert_expiry": "1200000"}),
]
# Few people are on the site at night: one error of three pages wakes nobody, nor one slow page.
AT_NIGHT: Series = {
    f'{REQUESTS}{{route="home", method="GET", status="2xx"}}': "0+0.1",
    f'{REQUESTS}{{route="home", method="GET", status="5xx"}}': "0+0.05",
    SECONDS: "0+0",
    'ctac_outbox_recent_messages{state="sent"}': "1",
    'ctac_outbox_recent_messages{state="failed"}': "4",
}


def world(changes: Series) -> list[dict[str, str]]:
    """What promtool reads: each series with its values, from the first minute to the last."""
    assert [name for name in changes if not any(series.startswith(name) for series in WELL)] == []
    values = {
        series: next((new for name, new in changes.items() if series.startswith(name)), value) for series, value in WELL.items()
    }
    return [{"series": series, "values": f"{value}x{MINUTES}"} for series, value in values.items()]


def expected(minute: int, *alerts: str) -> dict[str, Any]:
    firing = [{"labels": f'{{alertname="{alert}"}}', "value": 1} for alert in alerts]
    return {"expr": 'count by (alertname) (ALERTS{alertstate="firing"})', "eval_time": f"{minute}m", "exp_samples": firing}


def wait_of(alert: str) -> int:
    """Minutes that it has to hold for."""
    number, unit = re.fullmatch(r"(\d+)([mh])", ALERTS[alert]["for"]).groups()
    return int(number) * {"m": 1, "h": 60}[unit]


def promtool(folder: Path, tests: list[dict[str, Any]], rules: str | None = None) -> str:
    """What it has to say against these tests; empty if all hold."""
    (folder / "alerts.yml").write_text(rules or RULES.read_text())
    file = folder / "tests.yml"
    file.write_text(json.dumps({"rule_files": ["alerts.yml"], "evaluation_interval": "1m", "tests": tests}))  # JSON is YAML
    done = subprocess.run([str(PROMTOOL), "test", "rules", str(file)], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def one(alert: str, changes: Series) -> dict[str, Any]:
    """Nothing before it has held for long enough, then it alone."""
    wait = wait_of(alert)
    tests = [expected(wait - 1), expected(wait + 12, alert)]
    return {"name": f"{alert} {changes}", "interval": "1m", "input_series": world(changes), "promql_expr_test": tests}


def quiet(name: str, changes: Series) -> dict[str, Any]:
    tests = [expected(minute) for minute in (30, MINUTES)]
    return {"name": name, "interval": "1m", "input_series": world(changes), "promql_expr_test": tests}


@needs_promtool
def test_each_alert_fires_when_it_should_and_no_other_does(tmp_path):
    assert {alert for alert, _changes in ILL} == ALERTS.keys()
    tests = [one(alert, changes) for alert, changes in ILL]
    assert promtool(tmp_path, [*tests, quiet("all is well", {}), quiet("at night", AT_NIGHT)]) == ""


@needs_promtool
def test_a_rule_that_is_wrong_is_found(tmp_path):
    """So the tests above can fail."""
    rules = RULES.read_text().replace("max(ctac_outbox_oldest_due_seconds) > 600", "max(ctac_outbox_oldest_due_seconds) > 6000")
    assert "MailLate" in promtool(tmp_path, [one("MailLate", {"ctac_outbox_oldest_due_seconds": "610"})], rules)


@needs_promtool
def test_prometheus_can_read_the_rules_the_example_and_each_question_of_the_dashboard(tmp_path):
    questions = [{"record": "x:y", "expr": expression, "labels": {"n": str(n)}} for n, expression in enumerate(dashboard())]
    (tmp_path / "dashboard.yml").write_text(json.dumps({"groups": [{"name": "dashboard", "rules": questions}]}))
    for words in (
        ["rules", "--lint-fatal", str(RULES)],
        ["rules", str(tmp_path / "dashboard.yml")],
        ["config", "--syntax-only", str(MONITORING / "prometheus.yml")],
    ):
        done = subprocess.run([str(PROMTOOL), "check", *words], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def dashboard() -> list[str]:
    panels = json.loads((MONITORING / "dashboard.json").read_text())["panels"]
    found = [target["expr"] for panel in panels for target in panel.get("targets", ())]
    assert len(found) > 20
    return found


# The runbook


def test_each_alert_has_its_part_of_the_runbook_and_each_part_its_alert():
    headings = set(re.findall(r"^## (.+)$", RUNBOOK.read_text(), re.MULTILINE))
    assert headings - OTHER_PARTS == ALERTS.keys()
    assert headings >= OTHER_PARTS
    for alert, rule in ALERTS.items():
        assert rule["annotations"]["runbook_url"] == f"docs/runbook.md#{alert.lower()}"
        assert set(rule["annotations"]) == {"summary", "description", "runbook_url"}
        assert rule["labels"]["severity"] in {"critical", "warning"}


@pytest.mark.parametrize("alert", ALERTS)
def test_each_part_says_what_people_feel_what_to_do_whom_to_call_and_when_it_is_over(alert):
    text = RUNBOOK.read_text().split(f"\n## {alert}\n")[1].split("\n## ")[0]
    assert re.findall(r"^\*\*(What people feel|Look first|Do|Call|Over when)\b", text, re.MULTILINE) == [
        "What people feel",
        "Look first",
        "Do",
        "Call",
        "Over when",
    ]


def test_each_link_of_the_runbook_leads_to_a_heading():
    for page, anchor in re.findall(r"\]\(([\w.-]*)#([\w-]+)\)", RUNBOOK.read_text()):
        text = (RUNBOOK.parent / (page or RUNBOOK.name)).read_text()
        headings = re.findall(r"^##+ (.+)$", text, re.MULTILINE)
        assert anchor in {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings}, anchor
