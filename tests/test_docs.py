"""The documents do what they say: commands marked `<!-- run -->` are run, files named are written first."""

import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from console import commands, parses, run, shown
from logwatch.deliver import metrics

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "src").rglob("*.md")])
# A block that the test acts on, with what is said of it above.
BLOCK = re.compile(r"^<!-- (run|file: \S+) -->\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXECUTED = [page for page in PAGES if BLOCK.search(page.read_text(encoding="utf-8"))]
# What a reader types, whether the test runs it or not.
TYPED = re.compile(r"^```(?:sh|console)\n(.*?)^```", re.MULTILINE | re.DOTALL)
VERB = re.compile(r"(?:^|\| |\$ |&& |/bin/)logwatch ([a-z][^|>#]*)")
LINK = re.compile(r"\]\(([^)\s]+)\)")


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A reader's folder: a checkout to copy from, and a cluster with one failed job."""
    desk = tmp_path / "desk"
    desk.mkdir()
    for name in ("src", "config", "deploy"):
        (desk / name).symlink_to(ROOT / name)
    kubectl = tmp_path / "bin" / "kubectl"
    kubectl.parent.mkdir()
    kubectl.write_text(f"#!/bin/sh\ncat '{ROOT}/src/logwatch/demo/failing-training.log'\n")
    kubectl.chmod(0o755)
    return desk


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


def typed() -> Iterator[tuple[Path, str]]:
    for page in PAGES:
        for block in TYPED.findall(page.read_text(encoding="utf-8")):
            for line in re.sub(r"\\\n", "", block).splitlines():
                yield page, line


@pytest.mark.parametrize(
    ("page", "arguments"),
    [(page, re.sub(r"\s2?$", "", verb[1])) for page, line in typed() if (verb := VERB.search(line))],
    ids=lambda value: str(value).removeprefix(f"{ROOT}/"),
)
def test_what_a_reader_types_is_taken(page: Path, arguments: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert parses(shlex.split(arguments)), page


@pytest.mark.parametrize(
    ("page", "path"),
    [
        (page, path)
        for page, line in typed()
        for path in re.findall(r"(?:^|\s)((?:deploy|config|tools|tests)/[\w./-]+)", line)
    ],
    ids=lambda value: str(value).removeprefix(f"{ROOT}/"),
)
def test_what_a_reader_takes_from_a_checkout_is_there(page: Path, path: str) -> None:
    assert (ROOT / path).exists(), page


@pytest.mark.parametrize("page", EXECUTED, ids=named)
def test_its_commands_say_what_it_shows(page: Path, desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Other tests may be at the default port.
    monkeypatch.setenv("LOGWATCH__HTTP__LISTEN", "127.0.0.1:0")
    for act, block in BLOCK.findall(page.read_text(encoding="utf-8")):
        if act != "run":
            (desk / act.removeprefix("file: ")).write_text(block)
            continue
        for command, output in commands(block):
            for program in re.findall(r"\b(jq|promtool)\b", command):
                if shutil.which(program) is None and os.environ.get("CI") != "true":
                    pytest.skip(f"{program} is not installed")
            said = run(command, desk, desk.parent / "bin")
            assert shown(output).fullmatch(said), f"$ {command}\n{said}"


def test_the_readme_is_among_them() -> None:
    assert ROOT / "README.md" in EXECUTED


def test_prometheus_takes_the_rule_of_the_readme(tmp_path: Path) -> None:
    blocks = dict(BLOCK.findall((ROOT / "README.md").read_text(encoding="utf-8")))
    check_rules(tmp_path / "rules.yml", blocks["file: rules.yml"])


def test_prometheus_takes_what_operations_alert_on(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    table = text.partition("## What to alert on")[2].partition("\n## ")[0]
    told = [code.replace("\\|", "|") for code in re.findall(r"`([^`]+ (?:>|==) [^`]+)`", table)]
    assert len(told) >= 10
    rules = [{"alert": f"Told{number}", "expr": expression} for number, expression in enumerate(told)]
    check_rules(tmp_path / "rules.yml", json.dumps({"groups": [{"name": "told", "rules": rules}]}))


def check_rules(path: Path, text: str) -> None:
    if shutil.which("promtool") is None and os.environ.get("CI") != "true":
        pytest.skip("promtool (Debian package prometheus) is not installed")
    path.write_text(text)
    checked = subprocess.run(["promtool", "check", "rules", str(path)], capture_output=True, check=False)
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize("page", [ROOT / "README.md", ROOT / "docs" / "operations.md"], ids=named)
def test_the_metrics_it_names_exist(page: Path) -> None:
    named = set(re.findall(r"\blogwatch_[a-z_]+\b", page.read_text(encoding="utf-8")))
    assert named <= {metric.name for metric in metrics.ALL}


def links() -> Iterator[tuple[Path, str]]:
    for page in PAGES:
        text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
        for link in LINK.findall(re.sub(r"`[^`\n]+`", "", text)):
            if not link.startswith(("http://", "https://")):
                yield page, link


@pytest.mark.parametrize(
    ("page", "link"), list(links()), ids=lambda value: str(value).removeprefix(f"{ROOT}/")
)
def test_its_links_lead_somewhere(page: Path, link: str) -> None:
    path, _, anchor = link.partition("#")
    target = page.parent / path if path else page
    assert target.exists(), f"{named(page)} links to {link}"
    if anchor:
        assert anchor in anchors(target), f"{named(page)} links to {link}"


def anchors(page: Path) -> set[str]:
    """The headings as GitHub makes anchors of them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
