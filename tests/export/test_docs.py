"""The recipes of docs/alerting.md, as their readers' tools see them."""

import re
import subprocess
from pathlib import Path

import yaml

from export.site import required
from logwatch.catalogue.load import load, shipped_folder
from logwatch.catalogue.rules import rules_of
from logwatch.export.alert_rules import ALERTS, RECORDS
from logwatch.scan.scanner import Scanner

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "alerting.md").read_text(encoding="utf-8")
SCRAPE, ROUTE = re.findall(r"^```yaml\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)


def accepted(program: str, package: str, *arguments: str) -> None:
    result = subprocess.run(
        [required(program, package), *arguments], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_prometheus_takes_the_scrape_configuration(tmp_path: Path) -> None:
    path = tmp_path / "prometheus.yml"
    path.write_text(SCRAPE)
    accepted("promtool", "prometheus", "check", "config", str(path))


def test_alertmanager_takes_the_route(tmp_path: Path) -> None:
    path = tmp_path / "alertmanager.yml"
    path.write_text(ROUTE + "receivers: [{name: chat}, {name: pager}]\n")
    accepted("amtool", "prometheus-alertmanager", "check-config", str(path))


def test_the_line_to_try_it_with_is_a_critical_error() -> None:
    found = re.search(r"echo '(.*)' >>", TEXT)
    assert found is not None
    catalogue = load([shipped_folder()], proven=[shipped_folder()])
    [match] = Scanner(rules_of(catalogue.entries.values())).scan(found[1].encode()).matches
    assert catalogue.entries[match.rule].severity == "critical"


def test_the_table_has_every_alert_with_its_severity() -> None:
    rows = dict(re.findall(r"^\| \[(Logwatch\w+)\]\(#\w+\) \| ([^|]*) \|", TEXT, re.MULTILINE))
    assert list(rows) == [alert.name for alert in ALERTS]
    assert all(rows[alert.name] == alert.severity for alert in ALERTS if alert.severity)


def test_recording_rules_are_named() -> None:
    assert re.findall(r"^\| `(error_id:[^`]*)`", TEXT, re.MULTILINE) == [record.name for record in RECORDS]


def test_inhibited_alerts_exist() -> None:
    names = set(re.findall(r"Logwatch[A-Z]\w+", yaml.dump(yaml.safe_load(ROUTE))))
    assert names <= {alert.name for alert in ALERTS}


def test_links_within_the_page_lead_somewhere() -> None:
    headings = re.findall(r"^#+ (.*)$", TEXT, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    assert set(re.findall(r"\]\(#([^)]*)\)", TEXT)) <= anchors
